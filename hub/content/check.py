"""What a sync would refuse, and links that lead nowhere, without writing anything: no row, no file, no bytes.

A word counts as known when it stands in the folder's own taxonomy.yaml or in the hub's vocabulary, so that a
folder can be checked where there is no hub at all (in the continuous integration of a content repository,
say).
"""

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

from sqlmodel import Session, col, select

from hub import clock
from hub.assets import renderings, sites
from hub.assets.models import AssetSlug, Attachment, ContentFile
from hub.content import candidates
from hub.content.candidates import Candidate
from hub.content.folder import TAXONOMY, FileRefused, Folder, shown
from hub.content.front_matter import ContentError
from hub.content.sync_report import BrokenLink, FolderReport, Progress, unseen
from hub.content.words import Words
from hub.db import Database
from hub.taxonomy import taxonomy_file
from hub.taxonomy.builtin import BUILTIN
from hub.taxonomy.models import Term
from hub.taxonomy.schemas import SyncReport as TaxonomyReport


def check(database: Database | None, folder: Folder, *, progress: Progress = unseen) -> FolderReport:
    """Look at every file. Without a database nothing is known but the folder itself. Raises NotFound, Unavailable."""
    with _looking(database) as session:
        return _Check(session, folder, progress).run()


@contextmanager
def _looking(database: Database | None) -> Iterator[Session | None]:
    if database is None:
        yield None
        return
    with database.reading() as session:
        yield session


class _Check:
    def __init__(self, session: Session | None, folder: Folder, progress: Progress) -> None:
        self._session, self._folder, self._progress = session, folder, progress
        self._report = FolderReport()
        self._words = self._known_words()
        self._records = self._known_records()
        self._owners = self._slug_owners()
        self._slugs: dict[str, str] = {}
        self._links: list[tuple[Candidate, str]] = []

    def run(self) -> FolderReport:
        listing = self._folder.list_files()
        for path, reason in listing.refused:
            self._report.reject(path, 1, reason)
        for fault in sites.read(self._folder.root)[1]:
            self._report.reject(sites.FILE, 1, fault.removeprefix(sites.FILE).removeprefix(": "))
        for place, path in enumerate(listing.files):
            try:
                self._look_at(path)
            except ContentError as error:
                self._report.reject(path, error.line, error.reason)
            self._progress(place + 1, len(listing.files))
        present = set(listing.files)
        self._report.missing = [path for path in self._records if path not in present and not listing.may_hide(path)]
        for file, target in self._links:
            if not self._leads_somewhere(file, target, present):
                self._report.broken_links.append(
                    BrokenLink(file=shown(file.path), line=_line_of(file, target), target=shown(target))
                )
        return self._report.finished()

    def _look_at(self, path: str) -> None:
        file = candidates.read(self._folder, path, vocabularies=self._words.tagging, is_stored=self._is_stored)
        self._words.tags(file.stated)
        rendering = candidates.render(file)
        self._require_free_slug(file)
        self._links += [(file, link.target) for link in rendering.links]
        known = self._records.get(path)
        self._report.new += known is None
        self._report.unchanged += known == file.digest
        self._report.changed += known is not None and known != file.digest

    def _require_free_slug(self, file: Candidate) -> None:
        line = file.stated.line_of("slug")
        first = self._slugs.setdefault(file.slug, file.path)
        if first != file.path:
            raise ContentError(line, f"{shown(first)} has the same slug {file.slug}; say another one with `slug:`")
        owner = self._owners.get(file.slug, file.path)
        if file.path not in self._records and owner is None:
            reason = f"an asset that was not made from this folder has the slug {file.slug}"
            raise ContentError(line, f"{reason}; if it is another one, say another slug with `slug:`")

    def _leads_somewhere(self, file: Candidate, target: str, present: set[str]) -> bool:
        plain = unquote(target.partition("#")[0].partition("?")[0])
        place = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), plain))
        slug = renderings.slug_of_target(target, file.path)
        if slug is not None:
            return place in present or slug in self._slugs or slug in self._owners
        return any(place == attached.path or plain.endswith(attached.name) for attached in file.attached)

    def _is_stored(self, digest: str) -> bool:
        return self._session is not None and self._session.get(Attachment, digest) is not None

    def _known_words(self) -> Words:
        hub = Words.of(self._session) if self._session is not None else None
        try:
            text = self._folder.read_taxonomy()
        except FileRefused as refused:
            self._report.reject(TAXONOMY, 1, refused.reason)
            text = None
        content = taxonomy_file.read(text or "", name=TAXONOMY)
        self._report.taxonomy = _taxonomy_report(content) if text is not None else None
        stated = [(it.vocabulary, it.key, it.draft.label, it.former_keys) for it in content.statements]
        builtin = [(name, key, label, ()) for name, terms in BUILTIN.items() for key, (label, _) in terms.items()]
        terms: dict[tuple[str, str], Term] = {}
        former: dict[tuple[str, str], Term] = {}
        for vocabulary, key, label, former_keys in [*builtin, *stated]:
            # Numbers below zero: these are in no table, and only have to differ.
            term = Term(id=-len(terms) - 1, vocabulary=vocabulary, key=key, label=label, created_at=clock.now())
            terms[vocabulary, key] = term
            former |= {(vocabulary, name): term for name in former_keys}
        return Words(terms.values(), former, beside=hub)

    def _known_records(self) -> dict[str, str]:
        if self._session is None:
            return {}
        query = select(ContentFile.path, ContentFile.digest).where(ContentFile.folder == self._folder.label)
        return dict(self._session.exec(query).all())

    def _slug_owners(self) -> dict[str, str | None]:
        """The file in this folder of whoever has a slug; None for an asset that has none here."""
        if self._session is None:
            return {}
        mine = (col(ContentFile.asset_id) == AssetSlug.asset_id) & (ContentFile.folder == self._folder.label)
        query = select(AssetSlug.slug, ContentFile.path).outerjoin(ContentFile, mine)
        return dict(self._session.exec(query).all())


def _line_of(file: Candidate, target: str) -> int:
    place = file.stated.body.find(target)
    return file.stated.first_body_line + file.stated.body.count("\n", 0, max(place, 0))


def _taxonomy_report(content: taxonomy_file.Content) -> TaxonomyReport:
    return TaxonomyReport(
        file=TAXONOMY,
        read=len(content.statements) + len(content.rejected),
        new=0,
        changed=0,
        unchanged=len(content.statements),
        rejected=content.rejected,
        added_terms=[],
        conflicts=[],
        only_in_hub=[],
        notes=[],
    )
