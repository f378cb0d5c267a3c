"""Keeping the index equal to the database: after every change, after a loss, and on demand.

The index is a projection. Nothing is counted or remembered here about what was indexed: an asset is read again and
its documents are made equal, so doing it twice, late or out of order does no harm.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from sqlmodel import Session, col, select

from hub.assets.models import Asset, VersionTag
from hub.assets.models import Version as AssetVersion
from hub.db import Database
from hub.errors import Unavailable
from hub.events import deliver
from hub.events.models import Event
from hub.search import projection
from hub.search.documents import Document
from hub.search.engine import Engine, Health, SearchUnavailable

EVENTS = ("asset.", "term.", "evidence.verdict_changed")
_TRIES = 5
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Difference:
    """One document in which index and database differ. `what`: missing in the index, extra in it, or different."""

    what: str
    document: str
    slug: str


class Indexer:
    """Makes one engine's index equal to one database. Any number of processes may do so at once."""

    def __init__(self, database: Database, engine: Engine) -> None:
        self._database, self._engine = database, engine
        self._started = False

    def react(self, events: Sequence[Event]) -> None:
        """The worker's: what these events may have changed is read again. Raises Unavailable while the engine is
        away; the events wait."""
        assets = {event.subject_id for event in events if event.subject_kind == "asset" and event.subject_id}
        if terms := _terms(events):
            with self._database.reading() as session:
                assets |= _tagged(session, terms)
        with _outage_told():
            for batch in _batches(sorted(assets)):
                self._make_equal(batch)
            self._engine.settle()

    def rebuild(self, progress: Callable[[int], None] | None = None) -> int:
        """Build the index anew beside the old one, which answers until then. Returns the number of documents.

        Raises Unavailable when the engine is away or somebody else rebuilds.
        """
        with _outage_told():
            return self._engine.rebuild(projection.all_documents(self._database), progress)

    def make_current(self) -> None:
        """Rebuild when the index is not complete, was made under other settings or by another version, or holds
        another number of documents than the library has (the database or the index came from elsewhere)."""
        if not self._is_started():
            return
        health = self._engine.health()
        reason = health.detail if health.state == "stale" else self._miscounted(health)
        if not reason:
            return
        log.info("the search index is built anew", reason=reason)
        try:
            count = self.rebuild()
        except Unavailable as busy:
            log.warning("the search index waits", reason=busy.detail)
        else:
            log.info("the search index is complete", documents=count)

    def _is_started(self) -> bool:
        """An engine that was away may come back with other settings than it left with."""
        if self._engine.health().state == "down":
            self._started = False
            return False
        if not self._started:
            try:
                self._engine.start()
            except SearchUnavailable as away:
                log.warning("the search index waits", reason=str(away))
                return False
            self._started = True
        return True

    def _miscounted(self, health: Health) -> str:
        """Only when nothing is on its way: what waits for delivery is not in the index yet."""
        if health.state != "ok":
            return ""
        with self._database.reading() as session:
            expected = projection.how_many(session)
            if expected == health.documents or deliver.pending(session):
                return ""
        return f"It holds {health.documents:,} documents, the library {expected:,}."

    def check(self) -> list[Difference]:
        """Every difference, by slug. Reads the whole library; raises Unavailable when the engine is away.

        What changes while it looks is looked at once more, so that a library in use shows no false differences.
        """
        with _outage_told():
            self._engine.settle()
            suspects = self._differences(self._engine.fingerprints(), None)
            if not suspects:
                return []
            ids = {projection.asset_id_of(one.document) for one in suspects}
            return self._differences(self._engine.fingerprints(), ids)

    def _differences(self, held: dict[str, str], only: Collection[int] | None) -> list[Difference]:
        if only is not None:
            wanted = {identity for asset_id in only for identity in projection.ids_of(asset_id)}
            held = {identity: print_ for identity, print_ in held.items() if identity in wanted}
        found, seen = [], set()
        for document in self._expected(only):
            seen.add(document.id)
            if document.id not in held:
                found.append(Difference("missing", document.id, document.slug))
            elif held[document.id] != document.fingerprint():
                found.append(Difference("different", document.id, document.slug))
        extra = sorted(held.keys() - seen)
        slugs = self._slugs({projection.asset_id_of(identity) for identity in extra})
        found += [Difference("extra", one, slugs.get(projection.asset_id_of(one), one)) for one in extra]
        return sorted(found, key=lambda one: (one.slug, one.document))

    def _expected(self, only: Collection[int] | None) -> Iterable[Document]:
        if only is None:
            return projection.all_documents(self._database)
        return (document for batch in _batches(sorted(only)) for document in self._read(batch))

    def _slugs(self, asset_ids: Collection[int]) -> dict[int, str]:
        found: dict[int, str] = {}
        for batch in _batches(sorted(asset_ids)):
            with self._database.reading() as session:
                rows = session.exec(select(Asset.id, Asset.slug).where(col(Asset.id).in_(batch)))
                found |= {asset_id or 0: slug for asset_id, slug in rows}
        return found

    def _make_equal(self, asset_ids: Sequence[int]) -> None:
        """Read, put, and read once more: another worker may have read later and put earlier than we did. Whoever
        finds that what it put is old puts again, so the last one to look leaves the newest."""
        wrong = list(asset_ids)
        for _ in range(_TRIES):
            before = self._read(wrong)
            present = {document.id for document in before}
            absent = [one for asset_id in wrong for one in projection.ids_of(asset_id) if one not in present]
            if before:
                self._engine.put(before)
            self._engine.delete(absent)
            after = {document.id: document.fingerprint() for document in self._read(wrong)}
            then = {document.id: document.fingerprint() for document in before}
            changed = {identity for identity in after.keys() | then.keys() if after.get(identity) != then.get(identity)}
            if not changed:
                return
            wrong = sorted({projection.asset_id_of(identity) for identity in changed})

    def _read(self, asset_ids: Collection[int]) -> list[Document]:
        with self._database.reading() as session:
            return projection.documents_of(session, asset_ids)


def _terms(events: Sequence[Event]) -> set[int]:
    """The terms that these events tell of; one that was merged is known by the one that stays."""
    told = [event for event in events if event.subject_kind == "term"]
    ids = {event.data.get("into_id", event.subject_id) for event in told if event.name != "term.added"}
    return {term_id for term_id in ids if term_id}


def _tagged(session: Session, term_ids: Collection[int]) -> set[int]:
    tagged = (
        select(AssetVersion.asset_id)
        .join(VersionTag, col(VersionTag.version_id) == AssetVersion.id)
        .where(col(VersionTag.term_id).in_(term_ids))
        .distinct()
    )
    return set(session.exec(tagged))


def _batches(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[at : at + projection.BATCH] for at in range(0, len(ids), projection.BATCH)]


@contextmanager
def _outage_told() -> Iterator[None]:
    """The engine's outage as the hub's own error: the words stay, and the caller may come again."""
    try:
        yield
    except SearchUnavailable as problem:
        raise Unavailable(str(problem), retry_after=5) from problem
