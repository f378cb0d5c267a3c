"""The content folder into the hub: new and changed files become versions, drafts that nobody has approved
yet.

Files are taken in batches, each its own transaction together with the records of what was agreed, so that a
sync that is killed at any moment is simply run again. Nothing one file does wrong keeps another from coming
in; a file that has changed while its asset changed too becomes a conflict (`conflicts`), and a file that is
gone is reported.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text as sql
from sqlmodel import Session, col, select, update

from hub import clock
from hub.assets import approval
from hub.assets.models import Asset, Attachment, ContentConflict, ContentFile, Status, Version
from hub.blobs import Blobs, digest_of
from hub.content import candidates, renames
from hub.content import fields as content_fields
from hub.content.batches import RETIRED_BY_SYNC, Batch
from hub.content.candidates import Candidate
from hub.content.folder import TAXONOMY, FileRefused, Folder
from hub.content.front_matter import ContentError
from hub.content.renames import Trace
from hub.content.sync_report import FolderReport, Progress, unseen
from hub.content.words import Words
from hub.db import Database
from hub.errors import Conflict
from hub.events.names import EventName
from hub.events.record import record
from hub.imports.patience import patiently
from hub.people.roles import HUB, Actor, Deed, require
from hub.taxonomy import sync as taxonomy
from hub.taxonomy.schemas import SyncReport as TaxonomyReport

BATCH = 100
# Of more files than this that are new at once, only those with equal bytes are recognised as renamed.
MOST_RENAMES_BY_TEXT = 2_000
# Any fixed number: on PostgreSQL batches of two syncs wait for each other by it; on SQLite the write lock does that.
_ADVISORY_LOCK = 7_203_118


def sync(
    database: Database,
    blobs: Blobs,
    folder: Folder,
    *,
    actor: Actor = HUB,
    retire_missing: bool = False,
    progress: Progress = unseen,
) -> FolderReport:
    """Bring a folder in. `progress` is told (files done, files in all).

    Raises NotFound when there is no folder, Conflict when all files are gone and should be retired, Unavailable when
    the database stays away; what was taken before that stays, and the same call goes on from there.
    """
    require(actor, Deed.IMPORT_CONTENT)
    return _Sync(database, blobs, folder, progress).run(retire_missing=retire_missing)


class _Record(NamedTuple):
    """What is looked at for every file; the row itself only when there is something to do."""

    path: str
    digest: str
    missing_since: datetime | None
    disputed: str | None

    def agrees_with(self, digest: str) -> bool:
        return self.digest == digest and self.missing_since is None and self.disputed is None


class _Sync:
    def __init__(self, database: Database, blobs: Blobs, folder: Folder, progress: Progress) -> None:
        self._database, self._blobs, self._folder, self._progress = database, blobs, folder, progress
        self._report = FolderReport()
        self._records: dict[str, _Record] = {}
        self._digests: dict[str, str] = {}
        self._done = self._total = 0

    def run(self, *, retire_missing: bool) -> FolderReport:
        listing = self._folder.list_files()
        for path, reason in listing.refused:
            self._report.reject(path, 1, reason)
        self._take_taxonomy()
        self._records = patiently(self._load_records)
        if retire_missing and self._records and not listing.files:
            raise Conflict("The folder holds no content file at all. Nothing was retired: is this the right folder?")
        self._total = len(listing.files)
        waiting = [path for path in listing.files if not self._is_unchanged(path)]
        present = set(listing.files)
        gone = [path for path in self._records if path not in present and not listing.may_hide(path)]
        moved = self._pair(waiting, gone)
        self._take(waiting, moved)
        self._settle_missing([path for path in gone if path not in moved.values()], retire=retire_missing)
        self._remember()
        return self._report.finished()

    def _take_taxonomy(self) -> None:
        try:
            text = self._folder.read_taxonomy()
        except FileRefused as refused:
            self._report.reject(TAXONOMY, 1, refused.reason)
            return
        if text is not None:
            self._report.taxonomy = patiently(self._sync_taxonomy, text)
            self._report.added_terms = self._report.taxonomy.added_terms

    def _sync_taxonomy(self, text: str) -> TaxonomyReport:
        with self._database.transaction() as session:
            return taxonomy.sync_file(session, HUB, text, name=self._name_of_taxonomy)

    @property
    def _name_of_taxonomy(self) -> str:
        return f"{self._folder.label}/{TAXONOMY}".lstrip("/")

    def _load_records(self) -> dict[str, _Record]:
        dispute = (col(ContentConflict.folder) == ContentFile.folder) & (col(ContentConflict.path) == ContentFile.path)
        query = (
            select(ContentFile.path, ContentFile.digest, ContentFile.missing_since, ContentConflict.file_digest)
            .outerjoin(ContentConflict, dispute)
            .where(ContentFile.folder == self._folder.label)
        )
        with self._database.reading() as session:
            return {row[0]: _Record(*row) for row in session.exec(query)}

    def _is_unchanged(self, path: str) -> bool:
        """By its bytes alone, which is what makes syncing again cheap. A file with attachments is looked at closely."""
        known = self._records.get(path)
        try:
            self._digests[path] = digest_of(self._folder.read(path))
        except FileRefused:
            return False  # read once more with the others, which then says what is wrong
        if known is None or not known.agrees_with(self._digests[path]):
            return False
        self._report.unchanged += 1
        self._tick()
        return True

    # Renames

    def _pair(self, waiting: Sequence[str], gone: Sequence[str]) -> dict[str, str]:
        """Old path by new path."""
        fresh = {path: self._digests[path] for path in waiting if path in self._digests and path not in self._records}
        if not fresh or not gone:
            return {}
        moved = renames.by_digest(fresh, {path: self._records[path].digest for path in gone})
        left = [path for path in fresh if path not in moved]
        still_gone = [path for path in gone if path not in moved.values()]
        if not left or not still_gone or max(len(left), len(still_gone)) > MOST_RENAMES_BY_TEXT:
            return moved
        return moved | renames.by_text(self._traces(left), self._former_traces(still_gone))

    def _traces(self, paths: Iterable[str]) -> dict[str, Trace]:
        traces = {}
        for path in paths:
            try:
                stated = content_fields.read(self._folder.read(path), path, vocabularies=frozenset())
            except (FileRefused, ContentError):
                continue
            traces[path] = Trace(self._digests[path], stated.slug, stated.body)
        return traces

    def _former_traces(self, paths: Iterable[str]) -> dict[str, Trace]:
        query = (
            select(ContentFile.path, ContentFile.digest, Asset.slug, Version.body)
            .join(Asset, col(Asset.id) == ContentFile.asset_id)
            .join(
                Version,
                (col(Version.asset_id) == ContentFile.asset_id) & (col(Version.number) == ContentFile.version_number),
            )
            .where(ContentFile.folder == self._folder.label, col(ContentFile.path).in_(list(paths)))
        )
        with self._database.reading() as session:
            return {path: Trace(digest, slug, body) for path, digest, slug, body in session.exec(query)}

    # Taking files

    def _take(self, waiting: Sequence[str], moved: dict[str, str]) -> None:
        if waiting:
            with self._database.reading() as session:
                vocabularies = Words.of(session).tagging
        for start in range(0, len(waiting), BATCH):
            files = []
            for path in waiting[start : start + BATCH]:
                if (file := self._read(path, vocabularies, moved)) is not None:
                    files.append(file)
                self._tick()
            if files:
                self._report.add(patiently(self._take_batch, files))

    def _read(self, path: str, vocabularies: frozenset[str], moved: dict[str, str]) -> Candidate | None:
        known = self._records.get(path)
        try:
            file = candidates.read(self._folder, path, vocabularies=vocabularies, is_stored=self._is_stored)
            if known is not None and known.agrees_with(file.digest):
                self._report.unchanged += 1
                return None
            file.moved_from = moved.get(path)
            if known is None and file.moved_from is None:
                file.rendering = candidates.render(file)
        except ContentError as error:
            self._report.reject(path, error.line, error.reason)
            return None
        return file

    def _is_stored(self, digest: str) -> bool:
        with self._database.reading() as session:
            return session.get(Attachment, digest) is not None

    def _take_batch(self, files: Sequence[Candidate]) -> FolderReport:
        with self._database.transaction() as session:
            wait_for_others(session)
            return Batch(session, self._blobs, self._folder.label).take(files)

    # What is missing

    def _settle_missing(self, gone: Sequence[str], *, retire: bool) -> None:
        """Files that are gone are reported until their assets are retired: a deletion is never silent."""
        for start in range(0, len(gone), BATCH):
            batch = gone[start : start + BATCH]
            missing, retired = patiently(self._settle, batch, retire=retire)
            self._report.missing += missing
            self._report.retired += retired

    def _settle(self, paths: Sequence[str], *, retire: bool) -> tuple[list[str], list[str]]:
        here = (col(ContentFile.folder) == self._folder.label) & col(ContentFile.path).in_(paths)
        query = select(ContentFile.path, Asset).join(Asset, col(Asset.id) == ContentFile.asset_id).where(here)
        retired = []
        with self._database.transaction() as session:
            newly = update(ContentFile).where(here, col(ContentFile.missing_since).is_(None))
            session.exec(newly.values(missing_since=clock.now()))
            rows = [(path, asset) for path, asset in session.exec(query) if asset.status != Status.RETIRED]
            for _, asset in rows if retire else ():
                approval.retire(session, HUB, asset, note=RETIRED_BY_SYNC)
                retired.append(asset.slug)
        return [path for path, _ in rows], retired

    def _remember(self) -> None:
        """One event for the whole sync, if it did anything."""
        report = self._report
        counts = {"new": report.new, "changed": report.changed, "retired": len(report.retired)}
        if any(counts.values()):
            with self._database.transaction() as session:
                subject = ("content_folder", None, self._folder.label or "content")
                record(session, EventName.CONTENT_SYNCED, actor_id=None, subject=subject, **counts)

    def _tick(self) -> None:
        self._done += 1
        self._progress(self._done, self._total)


def wait_for_others(session: Session) -> None:
    """One writer of files and their records at a time, so that two syncs cannot make one asset twice."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(sql("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
