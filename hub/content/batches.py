"""Some files of a content folder, taken in one transaction: new assets in bulk, known ones each by itself.

Whatever is wrong with one file is noted in the batch's report and undone to its savepoint; the others are
kept.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select

from hub.assets import approval, drafts, renderings, slugs, states
from hub.assets.attachments import store
from hub.assets.drafts import Details, NewAsset
from hub.assets.models import (
    Asset,
    AssetSlug,
    ContentFile,
    Rendering,
    Version,
    VersionAttachment,
    VersionLink,
)
from hub.assets.texts import Text, text_of
from hub.blobs import Blobs
from hub.content import agreements, candidates, conflicts
from hub.content.agreements import KnownPeople, People
from hub.content.candidates import Candidate
from hub.content.fields import Stated
from hub.content.folder import shown
from hub.content.front_matter import ContentError
from hub.content.sync_report import ConflictingFile, FolderReport, RenamedFile
from hub.content.words import Tags, Words
from hub.db import id_of
from hub.errors import Conflict, HubError, Invalid, Unavailable
from hub.people.roles import HUB

RETIRED_BY_SYNC = "Its file is gone from the content folder."


class Batch:
    def __init__(self, session: Session, blobs: Blobs, folder: str) -> None:
        self.session, self.blobs, self.folder = session, blobs, folder
        self.report = FolderReport()
        self._words = Words.of(session)
        self._people = People(session, HUB)

    def take(self, files: Sequence[Candidate]) -> FolderReport:
        """Raises Unavailable when the vocabulary changed in the same moment; the batch may be tried again."""
        records = self._records(files)
        tagged = [(file, tags) for file in files if (tags := self._tags(file)) is not None]
        try:
            self._words.hold(self.session, [tags for _, tags in tagged])
        except Invalid as gone:
            raise Unavailable("The vocabulary changed in this moment. Nothing of this batch was written.") from gone
        for file, _ in tagged:
            for attached in file.unread:
                store(self.session, self.blobs, HUB, attached)
        self._create([(file, tags) for file, tags in tagged if _known_as(file) not in records])
        for file, tags in tagged:
            if (record := records.get(_known_as(file))) is not None:
                self._update(file, tags, record)
        return self.report

    def _records(self, files: Sequence[Candidate]) -> dict[str, ContentFile]:
        paths = [_known_as(file) for file in files]
        query = select(ContentFile).where(ContentFile.folder == self.folder, col(ContentFile.path).in_(paths))
        return {record.path: record for record in self.session.exec(query)}

    def _tags(self, file: Candidate) -> Tags | None:
        try:
            return self._words.tags(file.stated)
        except ContentError as error:
            self.report.reject(file.path, error.line, error.reason)
            return None

    def _text(self, file: Candidate, tags: Tags) -> Text:
        return agreements.text_of(file.stated, tags, self._words.language(file.stated), file.attached)

    # New files

    def _create(self, files: Sequence[tuple[Candidate, Tags]]) -> None:
        holders = _slug_holders(self.session, self.folder, [name for file, _ in files for name in _names(file)])
        first: dict[str, str] = {}
        accepted = []
        for file, tags in files:
            if (holder := holders.get(file.slug)) is not None:
                self._meet(file, tags, *holder)
            elif file.slug in first:
                self._reject_slug(file, f"{shown(first[file.slug])} has the same slug {file.slug}")
            else:
                first[file.slug] = file.path
                former = {name for name in _names(file) if name not in holders} - {file.slug}
                accepted.append((file, self._new_asset(file, tags, former - first.keys())))
        if accepted:
            self._add(accepted)

    def _new_asset(self, file: Candidate, tags: Tags, former_slugs: Iterable[str]) -> NewAsset:
        stated = file.stated
        return NewAsset(
            slug=file.slug,
            text=self._text(file, tags),
            details=self._people.details(stated),
            external_id=stated.external_id,
            path=file.path,
            former_slugs=sorted(former_slugs),
        )

    def _add(self, accepted: Sequence[tuple[Candidate, NewAsset]]) -> None:
        try:
            with self.session.begin_nested():
                made = drafts.create_assets(
                    self.session, HUB, [new for _, new in accepted], source="file", render=False
                )
                self._keep_new(accepted, made)
        except (HubError, IntegrityError) as error:
            if len(accepted) > 1:
                for one in accepted:
                    self._add([one])
                return
            self._reject_error(accepted[0][0], error)
        else:
            self.report.new += len(accepted)

    def _keep_new(self, accepted: Sequence[tuple[Candidate, NewAsset]], made: Sequence[Asset]) -> None:
        query = select(Version).where(col(Version.id).in_([asset.head_version_id for asset in made]))
        heads = {version.asset_id: version for version in self.session.exec(query)}
        rendered = []
        for (file, new), asset in zip(accepted, made, strict=True):
            if file.rendering is not None:
                rendered.append((heads[asset.id or 0], file.rendering, file.path))
            digest = agreements.details_digest(asset.slug, new.details)
            self.session.add(self._record(file, asset, version_number=1, details_digest=digest))
        renderings.keep(self.session, rendered)
        self.session.flush()
        renderings.connect(
            self.session,
            {
                name: id_of(asset)
                for (_, new), asset in zip(accepted, made, strict=True)
                for name in (new.slug, *new.former_slugs)
            },
        )

    def _meet(self, file: Candidate, tags: Tags, asset_id: int, path: str | None) -> None:
        """A new file whose slug an asset has already: the same asset if it says the same, else another one's name."""
        if path is not None:
            self._reject_slug(file, f"{shown(path)} has the slug {file.slug} already")
            return
        asset = self._locked(asset_id)
        text, details = self._text(file, tags), self._people.details(file.stated)
        head = drafts.head_of(self.session, asset)
        if asset.slug == file.slug and text.says_the_same(text_of(self.session, head)):
            self.report.unchanged += 1
            digest = agreements.details_digest(asset.slug, details)
            self.session.add(self._record(file, asset, version_number=head.number, details_digest=digest))
        else:
            self._reject_slug(file, f"an asset that was not made from this folder has, or had, the slug {file.slug}")

    def _reject_slug(self, file: Candidate, reason: str) -> None:
        self.report.reject(file.path, file.stated.line_of("slug"), f"{reason}; say another one with `slug:`")

    def _record(self, file: Candidate, asset: Asset, *, version_number: int, details_digest: str) -> ContentFile:
        return ContentFile(
            folder=self.folder,
            path=file.path,
            asset_id=asset.id or 0,
            digest=file.digest,
            front_matter=file.stated.front_matter,
            version_number=version_number,
            details_digest=details_digest,
        )

    # Known files

    def _update(self, file: Candidate, tags: Tags, record: ContentFile) -> None:
        if record.digest == file.digest and record.missing_since is None and file.moved_from is None:
            conflicts.forget(self.session, record)
            self.report.unchanged += 1
            return
        asset = self._locked(record.asset_id)
        revision = asset.revision
        try:
            with self.session.begin_nested():
                before = self._agreed(record)
                self._move(file, record, asset, before)
                both = self._merge(file, tags, record, asset, before)
        except (HubError, IntegrityError, ContentError) as error:
            self._reject_error(file, error)
            return
        if both:
            self._note_conflict(file, record, asset, both)
        elif asset.revision != revision or file.moved_from is not None:
            self.report.changed += 1
        else:
            self.report.unchanged += 1

    def _agreed(self, record: ContentFile) -> tuple[Stated | None, Version | None]:
        version = agreements.agreed_version(self.session, record)
        body = version.body if version else ""
        return agreements.agreed_statement(record, body, record.path, self._words.tagging), version

    def _move(
        self, file: Candidate, record: ContentFile, asset: Asset, before: tuple[Stated | None, Version | None]
    ) -> None:
        wanted, asked = _slug_after(file, record, asset, before[0])
        if wanted != asset.slug:
            try:
                drafts.rename(self.session, HUB, asset, wanted)
            except Conflict as taken:
                if asked:
                    raise ContentError(file.stated.line_of("slug"), taken.detail) from taken
        if file.moved_from is not None:
            renamed = RenamedFile(from_path=shown(record.path), to=shown(file.path), slug=asset.slug)
            record.path = file.path
            self._follow(file, asset)
            self.report.renamed.append(renamed)

    def _follow(self, file: Candidate, asset: Asset) -> None:
        """Links and attachments stand beside the file: in another folder the same text leads elsewhere."""
        self.session.flush()
        head = drafts.head_of(self.session, asset)
        places = {attached.digest: attached.path for attached in file.attached}
        for row in self.session.exec(select(VersionAttachment).where(VersionAttachment.version_id == head.id)):
            row.path = places.get(row.digest, row.path)
        for table in (VersionLink, Rendering):
            self.session.exec(delete(table).where(col(table.version_id) == head.id))
        files = text_of(self.session, head).attachments
        made = renderings.rendered(head.body, path=file.path, attachments=files)
        renderings.keep(self.session, [(head, made, file.path)])

    def _merge(
        self,
        file: Candidate,
        tags: Tags,
        record: ContentFile,
        asset: Asset,
        before: tuple[Stated | None, Version | None],
    ) -> list[str]:
        """Take over what the file changed. Returns the fields that both sides changed; then nothing was written."""
        stated_before, version_before = before
        head = drafts.head_of(self.session, asset)
        text, head_text = self._text(file, tags), text_of(self.session, head)
        text_before = text_of(self.session, version_before) if version_before else head_text
        file_moved = not text.says_the_same(text_before)
        agree = text.says_the_same(head_text)
        hub_moved = not head_text.says_the_same(text_before)
        wanted, present = self._people.details(file.stated), drafts.details_of(self.session, asset)
        details_before = None
        if stated_before and agreements.details_digest(asset.slug, present) != record.details_digest:
            details_before = KnownPeople(self.session).details(stated_before)
        merged = agreements.merge_details(file.stated, wanted, stated_before, details_before, present)
        both = ["text"] * (file_moved and hub_moved and not agree) + merged.both
        if both:
            return both
        if file_moved:
            drafts.write_version(
                self.session, HUB, asset, text, base_number=asset.head_number, source="file", path=file.path
            )
        self._settle(file, record, asset, merged.details, wanted, text_is_head=file_moved or agree)
        return []

    def _settle(
        self,
        file: Candidate,
        record: ContentFile,
        asset: Asset,
        details: Details,
        wanted: Details,
        *,
        text_is_head: bool,
    ) -> None:
        drafts.change_details(self.session, HUB, asset, details)
        self._give_external_id(file, asset)
        self._bring_back(record, asset)
        agreements.agree(
            record, file.digest, file.stated.front_matter,
            version_number=asset.head_number if text_is_head else record.version_number,
            details_digest=agreements.details_digest(asset.slug, wanted),
        )  # fmt: skip
        conflicts.forget(self.session, record)
        self.session.flush()

    def _give_external_id(self, file: Candidate, asset: Asset) -> None:
        stated = file.stated.external_id
        if stated is None or stated == asset.external_id:
            return
        line = file.stated.line_of("external_id")
        if asset.external_id is not None:
            raise ContentError(line, f"the external id of this asset is {asset.external_id} and cannot change")
        if self.session.exec(select(Asset.id).where(Asset.external_id == stated)).first() is not None:
            raise ContentError(line, f"another asset has the external id {stated}")
        asset.external_id = stated
        states.refresh(self.session, asset)

    def _bring_back(self, record: ContentFile, asset: Asset) -> None:
        if record.missing_since is None:
            return
        record.missing_since = None
        retirement = states.open_retirement(self.session, asset)
        if retirement is not None and retirement.retired_by is None and retirement.note == RETIRED_BY_SYNC:
            approval.bring_back(self.session, HUB, asset)

    def _note_conflict(self, file: Candidate, record: ContentFile, asset: Asset, both: Sequence[str]) -> None:
        conflicts.note(self.session, record, asset, file)
        what = " and ".join(dict.fromkeys(both))
        path = shown(file.path)
        reason = f"the file and the asset both changed since the last sync ({what}); nothing was overwritten"
        self.report.conflicts.append(ConflictingFile(file=path, slug=asset.slug, reason=reason))
        self.report.reject(file.path, 1, f"{reason}: `hub content resolve {path} --take file` or `--take hub`")

    def _reject_error(self, file: Candidate, error: HubError | IntegrityError | ContentError) -> None:
        if isinstance(error, HubError):
            error = candidates.error_in_body(file.stated, error)
        elif isinstance(error, IntegrityError):
            error = ContentError(1, "somebody took its slug in this moment; run the sync again")
        self.report.reject(file.path, error.line, error.reason)

    def _locked(self, asset_id: int) -> Asset:
        query = select(Asset).where(Asset.id == asset_id).with_for_update()
        return self.session.exec(query.execution_options(populate_existing=True)).one()


def _known_as(file: Candidate) -> str:
    return file.moved_from or file.path


def _names(file: Candidate) -> list[str]:
    """Its slug, and the one that other files know it by when they link to its path."""
    return [file.slug, slugs.slug_of_path(file.path)]


def _slug_holders(session: Session, folder: str, names: Sequence[str]) -> dict[str, tuple[int, str | None]]:
    """Who has or had these slugs: (asset id, its file in this folder if it has one)."""
    mine = (col(ContentFile.asset_id) == AssetSlug.asset_id) & (col(ContentFile.folder) == folder)
    query = select(AssetSlug.slug, AssetSlug.asset_id, ContentFile.path).outerjoin(ContentFile, mine)
    rows = session.exec(query.where(col(AssetSlug.slug).in_(names)))
    return {slug: (asset_id, path) for slug, asset_id, path in rows}


def _slug_after(file: Candidate, record: ContentFile, asset: Asset, before: Stated | None) -> tuple[str, bool]:
    """The slug that follows from the file's change, and whether the file itself asks for it."""
    said, said_before = file.stated.slug, before.slug if before else None
    if said is not None and said != said_before:
        return said, True
    if said is None and asset.slug in {slugs.slug_of_path(record.path), said_before}:
        return slugs.slug_of_path(file.path), said_before is not None
    return asset.slug, False
