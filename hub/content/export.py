"""The library out into a content folder, without loss: reading what was written gives every field and byte
again.

A file that its asset agrees with is written as it stood, front matter verbatim; one that differs gets front
matter in the order of the contract. Nothing is overwritten that the hub has not seen: a file that was edited
since the last sync is left alone and reported. Every text is read back before it is written, and a loss is
refused rather than written.
"""

import posixpath
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from sqlmodel import Session, col, select
from yaml import YAMLError

from hub.assets import slugs
from hub.assets.attachments import blob_key
from hub.assets.drafts import Details
from hub.assets.models import Asset, AssetAuthor, ContentFile, Status, Version
from hub.assets.texts import TAG_FIELDS, AttachedFile, Text, texts_of
from hub.blobs import Blobs, digest_of
from hub.content import agreements, front_matter
from hub.content import fields as content_fields
from hub.content.agreements import KnownPeople
from hub.content.fields import Stated
from hub.content.folder import TAXONOMY, FileGone, FileRefused, Folder, digest_of_parts
from hub.content.front_matter import ContentError
from hub.content.sync_report import FolderReport, Progress, unseen
from hub.content.taxonomy_door import write_taxonomy
from hub.content.words import Words
from hub.db import Database
from hub.imports.patience import patiently
from hub.people.roles import HUB, Actor, Deed, require

BATCH = 200


@dataclass(slots=True)
class _Subject:
    """An asset with the version to write, and the file it has: in this folder (`record`), or in another (`pattern`)."""

    asset: Asset
    version: Version
    text: Text
    details: Details
    record: ContentFile | None
    pattern: ContentFile | None
    path: str = ""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A content file to be written, with the attachments beside it as (path, digest)."""

    front_matter: str
    body: str
    attached: tuple[AttachedFile, ...]

    @property
    def data(self) -> bytes:
        return (self.front_matter + self.body).encode()

    @property
    def digest(self) -> str:
        return digest_of_parts(self.data, [file.digest for file in self.attached])


def export(
    database: Database,
    blobs: Blobs,
    folder: Folder,
    *,
    actor: Actor = HUB,
    live: bool = False,
    remembered: bool = True,
    progress: Progress = unseen,
) -> FolderReport:
    """Write every asset's newest version, or with `live` the one that everybody sees. Afterwards the hub's records
    agree with the files; not `remembered`, the files are a copy to carry away, and the hub forgets that it made it.
    Raises Unavailable when the database stays away; the same call goes on from there."""
    require(actor, Deed.IMPORT_CONTENT)
    return _Export(database, blobs, folder, live, progress).run(remembered=remembered)


def as_file(session: Session, asset: Asset, *, folder: str, path: str) -> str:
    """The content file that an export would write for the newest version."""
    writer = _Writer(session, folder)
    [subject] = writer.subjects([asset], live=False)
    subject.path = path
    sheet = writer.sheet(subject)
    return sheet.front_matter + sheet.body


class _Export:
    def __init__(self, database: Database, blobs: Blobs, folder: Folder, live: bool, progress: Progress) -> None:
        self._database, self._blobs, self._folder = database, blobs, folder
        self._live, self._progress = live, progress
        self._report = FolderReport()
        self._taken: dict[str, int] = {}
        self._attachments: dict[str, str] = {}

    def run(self, *, remembered: bool) -> FolderReport:
        refusal = patiently(write_taxonomy, self._database, self._folder)
        if refusal is not None:
            self._report.reject(TAXONOMY, 1, refusal)
        ids = patiently(self._plan)
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            written = patiently(self._write, batch)
            if remembered:
                patiently(self._agree, written)
            self._progress(start + len(batch), len(ids))
        return self._report.finished()

    def _plan(self) -> list[int]:
        """The ids of the assets, those first that have a file here, so that no other takes its path."""
        label = self._folder.label
        wanted = col(Asset.live_version_id if self._live else Asset.head_version_id).is_not(None)
        with self._database.reading() as session:
            mine = select(ContentFile.path, ContentFile.asset_id).where(ContentFile.folder == label)
            self._taken = dict(session.exec(mine).all())
            ids = session.exec(select(Asset.id).where(wanted).order_by(col(Asset.id))).all()
        here = set(self._taken.values())
        return sorted((id for id in ids if id is not None), key=lambda id: (id not in here, id))

    def _write(self, ids: Sequence[int]) -> list[tuple[_Subject, _Sheet]]:
        report = FolderReport()
        done = []
        with self._database.reading() as session:
            writer = _Writer(session, self._folder.label)
            assets = session.exec(select(Asset).where(col(Asset.id).in_(ids)).order_by(col(Asset.id))).all()
            for subject in writer.subjects(assets, live=self._live):
                if not self._is_left_out(subject):
                    done += self._write_one(writer, subject, report)
        self._report.add(report)
        return done

    def _is_left_out(self, subject: _Subject) -> bool:
        """A retired asset whose file is gone must not come back by an export, and one without a file needs none."""
        if subject.asset.status != Status.RETIRED:
            return False
        return subject.record is None or subject.record.missing_since is not None

    def _write_one(self, writer: "_Writer", subject: _Subject, report: FolderReport) -> list[tuple[_Subject, _Sheet]]:
        subject.path = self._path_for(subject)
        try:
            sheet = writer.sheet(subject)
            present = self._present(subject.path)
            if present == sheet.digest:
                report.unchanged += 1
            else:
                self._put(subject, sheet, present)
                report.new += present is None
                report.changed += present is not None
        except FileRefused as refused:
            report.reject(subject.path, 1, refused.reason)
            return []
        except ContentError as error:
            report.reject(subject.path, error.line, error.reason)
            return []
        return [(subject, sheet)]

    def _path_for(self, subject: _Subject) -> str:
        """The file it has here, else the path it has in another folder, else one by kind and slug."""
        if subject.record is not None:
            return subject.record.path
        slug = subject.asset.slug
        made = f"{slug.replace('.', '/')}.md"
        if "." not in slug:
            made = f"{subject.version.kind.replace('_', '-')}/{made}"
        choices = [subject.pattern.path] if subject.pattern is not None else []
        further = (f"{made[:-3]}-{number}.md" for number in count(2))
        for path in chain(choices, [made], further):
            if self._taken.setdefault(path, subject.asset.id or 0) == subject.asset.id:
                break
        return path

    def _present(self, path: str) -> str | None:
        """What stands in the folder now, as a digest; None when there is no such file."""
        try:
            data = self._folder.read(path)
        except FileGone:
            return None
        attached = []
        try:
            stated = content_fields.read(data, path, vocabularies=frozenset())
            attached = [digest_of(self._folder.read_attachment(place)) for place in stated.attachments]
        except (ContentError, FileRefused):
            pass  # then it is not as the hub knows it, which is what the digest will say
        return digest_of_parts(data, attached)

    def _put(self, subject: _Subject, sheet: _Sheet, present: str | None) -> None:
        known = subject.record.digest if subject.record is not None else None
        if present is not None and present != known:
            raise FileRefused("was changed since the last sync and would be overwritten; run `hub content sync` first")
        for file in sheet.attached:
            self._put_attachment(file, overwrite=present is not None)
        self._folder.write(subject.path, sheet.data)

    def _put_attachment(self, file: AttachedFile, *, overwrite: bool) -> None:
        path = file.path or ""
        if self._attachments.setdefault(path, file.digest) != file.digest:
            raise FileRefused(f"its attachment {path} is another asset's file; give it another name in the hub")
        try:
            present = digest_of(self._folder.read_attachment(path))
        except FileGone:
            present = None
        if present == file.digest:
            return
        if present is not None and not overwrite:
            raise FileRefused(f"another file stands where its attachment {path} should be; move that file away")
        data = self._blobs.get(blob_key(file.digest))
        if data is None:
            raise FileRefused(f"the bytes of its attachment {file.name} are not in the store; restore a backup")
        self._folder.write(path, data)

    def _agree(self, written: Sequence[tuple[_Subject, _Sheet]]) -> None:
        """File first, record second: a file whose record was lost says the same as its asset, which a sync sees."""
        changed = [(subject, sheet) for subject, sheet in written if not _agrees(subject, sheet)]
        if not changed:
            return
        with self._database.transaction() as session:
            for subject, sheet in changed:
                record = agreements.record_of(session, self._folder.label, subject.path, subject.asset)
                record.missing_since = None
                agreements.agree(
                    record, sheet.digest, sheet.front_matter, version_number=subject.version.number,
                    details_digest=agreements.details_digest(subject.asset.slug, subject.details),
                )  # fmt: skip


def _agrees(subject: _Subject, sheet: _Sheet) -> bool:
    record = subject.record
    digest = agreements.details_digest(subject.asset.slug, subject.details)
    return record is not None and (
        (record.digest, record.version_number, record.details_digest, record.missing_since)
        == (sheet.digest, subject.version.number, digest, None)
    )


class _Writer:
    """Makes content files of assets, with what it needs to know looked up once."""

    def __init__(self, session: Session, folder: str) -> None:
        self._session, self._folder = session, folder
        self._words = Words.of(session)
        self._people = KnownPeople(session)

    def subjects(self, assets: Sequence[Asset], *, live: bool) -> list[_Subject]:
        """A handful of queries for any number of assets."""
        ids = [asset.id for asset in assets]
        shown = {asset.id: asset.live_version_id if live else asset.head_version_id for asset in assets}
        query = select(Version).where(col(Version.id).in_(list(shown.values())))
        versions = {version.id: version for version in self._session.exec(query)}
        texts = texts_of(self._session, list(versions.values()))
        authors = self._authors(ids)
        here, elsewhere = self._files(ids)
        return [
            _Subject(
                asset,
                versions[shown[asset.id]],
                texts[shown[asset.id] or 0],
                Details(asset.owner_id, authors.get(asset.id, {}), asset.review_by, asset.expires_on, asset.extra),
                here.get(asset.id or 0),
                elsewhere.get(asset.id or 0),
            )
            for asset in assets
        ]

    def sheet(self, subject: _Subject) -> _Sheet:
        """Raises ContentError when no file can say what the asset says."""
        attached = tuple(
            file if file.path else AttachedFile(file.digest, file.name, _place_beside(subject.path, file.name))
            for file in subject.text.attachments
        )
        known = subject.record or subject.pattern
        blocks = [known.front_matter] if known is not None else []
        fields = _fields(subject, attached, self._people.names)
        with suppress(YAMLError):
            blocks.append(front_matter.write(fields, ""))
        for block in blocks:
            sheet = _Sheet(block, subject.version.body, attached)
            if self._says_the_same(sheet, subject):
                return sheet
        raise ContentError(1, "holds characters that no content file can keep; write a new version without them")

    def _says_the_same(self, sheet: _Sheet, subject: _Subject) -> bool:
        try:
            stated = content_fields.read(sheet.data, subject.path, vocabularies=self._words.tagging)
            tags = self._words.tags(stated)
        except ContentError:
            return False
        files = [file.path for file in sheet.attached]
        return files == list(stated.attachments) and agreements.says(
            stated, tags, self._people.details(stated), subject.asset, _slug(stated, subject.path), subject.text,
            subject.details,
        )  # fmt: skip

    def _authors(self, ids: Sequence[int | None]) -> dict[int | None, dict[str, list[int]]]:
        query = select(AssetAuthor).where(col(AssetAuthor.asset_id).in_(ids)).order_by(col(AssetAuthor.position))
        authors: dict[int | None, dict[str, list[int]]] = {}
        for row in self._session.exec(query):
            authors.setdefault(row.asset_id, {}).setdefault(row.team, []).append(row.person_id)
        return authors

    def _files(self, ids: Sequence[int | None]) -> tuple[dict[int, ContentFile], dict[int, ContentFile]]:
        here: dict[int, ContentFile] = {}
        elsewhere: dict[int, ContentFile] = {}
        query = select(ContentFile).where(col(ContentFile.asset_id).in_(ids))
        for record in self._session.exec(query.order_by(col(ContentFile.folder), col(ContentFile.path))):
            (here if record.folder == self._folder else elsewhere).setdefault(record.asset_id, record)
        return here, elsewhere


def _slug(stated: Stated, path: str) -> str:
    return stated.slug or slugs.slug_of_path(path)


def _fields(subject: _Subject, attached: Sequence[AttachedFile], names: dict[int, str]) -> dict[str, Any]:
    """The front matter of an asset, in the order of the contract, then its further keys."""
    asset, text, details = subject.asset, subject.text, subject.details
    keys = text.tag_keys()
    folder = posixpath.dirname(subject.path) or "."
    fields: dict[str, Any] = {"title": text.title}
    if slugs.slug_of_path(subject.path) != asset.slug:
        fields["slug"] = asset.slug
    if asset.external_id is not None:
        fields["external_id"] = asset.external_id
    fields |= {"kind": str(text.kind), "summary": text.summary}
    fields |= {name: keys.get(name, []) for name in TAG_FIELDS if name != "regions" or name in keys}
    if further := {name: values for name, values in keys.items() if name not in TAG_FIELDS}:
        fields["tags"] = further
    fields |= {"language": text.language, "audience": str(text.audience)}
    if authors := {team: [names[id] for id in ids] for team, ids in details.authors.items() if ids}:
        fields["authors"] = authors
    if details.owner_id is not None:
        fields["owner"] = names[details.owner_id]
    fields |= {name: day for name in ("review_by", "expires_on") if (day := getattr(details, name)) is not None}
    if attached:
        fields["attachments"] = [posixpath.relpath(file.path or "", folder) for file in attached]
    return fields | details.extra


def _place_beside(path: str, name: str) -> str:
    """Where an attachment goes that was uploaded in the hub: a folder of its own that holds no content files."""
    return f"{posixpath.dirname(path)}/_files/{posixpath.basename(path).removesuffix('.md')}/{name}".lstrip("/")
