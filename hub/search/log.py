"""The search log: every question with what it brought and what was chosen, written behind the answer.

An answer must not wait for the database's write lock, so entries are kept in memory and written by a thread of their
own within half a second. The keystrokes of one search are one entry: here when they come to this process, at writing
when they went to two. A process that is killed loses the last half second of this log, nothing else.
"""

import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from rapidfuzz.distance import OSA
from sqlmodel import Session, col, func, insert, select

from hub import clock
from hub.assets.models import Asset, AssetSlug
from hub.db import Database
from hub.errors import HubError, Invalid, NotFound
from hub.people.roles import Actor
from hub.search.analysis import tokens
from hub.search.models import Search, SearchAlias

PAUSE = timedelta(seconds=30)
LONGEST_QUESTION = 400
WAIT = 0.5  # seconds from an answer to its entry
_MOST_WAITING = 20_000
_MOST_PEOPLE = 5_000
_HITS = 10
_LOOKED_AT = 4  # of one person's last searches: one for each channel

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request and its answer. `hits` are asset ids, best first; `filters` both typed and clicked."""

    person_id: int | None
    question: str
    filters: Mapping[str, Sequence[str]]
    sort: str
    deal: str | None
    drafts: bool
    match: str
    total: int
    hits: Sequence[int]
    took_ms: float
    engine: str
    channel: str
    at: datetime = field(default_factory=clock.now)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A search as far as this process knows it. `row` is the id of its row when that is another one's."""

    id: str
    asked: Asked
    folded: str
    first: datetime
    last: datetime
    requests: int = 1
    chosen: bool = False
    row: str = ""


class SearchLog:
    """One a process. `take` never waits and never raises; `flush` writes; `start` and `stop` run the thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._latest: OrderedDict[tuple[int | None, str], _Entry] = OrderedDict()
        self._waiting: OrderedDict[str, _Entry] = OrderedDict()
        self._woken = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="search log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, then end."""
        self._ending.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        try:
            self.flush()
        except HubError as away:
            log.warning("the search log lost its last entries", entries=len(self._waiting), reason=away.detail)

    def take(self, asked: Asked) -> str:
        """Note an answered request; answers the id of the search that it belongs to."""
        folded = " ".join(tokens(asked.question))
        key = (asked.person_id, asked.channel)
        with self._guard:
            before = self._latest.get(key)
            entry = _continued(before, asked, folded) if before else None
            if entry is None:
                entry = _Entry(uuid.uuid4().hex, asked, folded, asked.at, asked.at)
            self._keep(key, entry)
        self._woken.set()
        return entry.id

    def flush(self) -> int:
        """Write what waits; answers how many entries. Raises Unavailable, and then keeps them."""
        with self._writing:
            with self._guard:
                entries = list(self._waiting.values())
                self._waiting.clear()
            if not entries:
                return 0
            try:
                with self._database.transaction() as session:
                    rows = _write(session, entries)
            except Exception:  # whatever it was, the entries are kept and it goes on to whoever asked
                with self._guard:
                    for entry in entries:
                        self._waiting.setdefault(entry.id, entry)
                raise
            with self._guard:
                for key, entry in self._latest.items():
                    if entry.id in rows and entry.row != rows[entry.id]:
                        self._latest[key] = replace(entry, row=rows[entry.id])
            return len(entries)

    def chosen(self, search_id: str) -> None:
        """What is asked from now on is a search of its own."""
        with self._guard:
            for key, entry in self._latest.items():
                if search_id in (entry.id, entry.row):
                    self._latest[key] = replace(entry, chosen=True)

    def _keep(self, key: tuple[int | None, str], entry: _Entry) -> None:
        self._latest[key] = entry
        self._latest.move_to_end(key)
        while len(self._latest) > _MOST_PEOPLE:
            self._latest.popitem(last=False)
        self._waiting[entry.id] = entry
        if len(self._waiting) > _MOST_WAITING:  # the database has been away for long: the newest are worth more
            self._waiting.popitem(last=False)

    def _run(self) -> None:
        while not self._ending.is_set():
            self._woken.wait()
            self._ending.wait(WAIT)
            self._woken.clear()
            try:
                self.flush()
            except HubError as away:
                log.warning("the search log waits", reason=away.detail)
                self._ending.wait(5)
                self._woken.set()
            except Exception:  # a mistake here must not end the log of this process
                log.exception("the search log could not be written")


def choose(session: Session, actor: Actor, search_id: str, slug: str, position: int) -> Search:
    """Note which hit was chosen, counted from 1; the last choice counts. Raises NotFound for a search that is not
    one of the caller's, Invalid for an asset that does not exist."""
    alias = session.get(SearchAlias, search_id)
    row = session.get(Search, alias.search_id if alias else search_id, with_for_update=True)
    if row is None or row.person_id != actor.id:
        raise NotFound("There is no such search of yours. Use the search_id of the answer that showed the hit.")
    known = select(Asset.id).join(AssetSlug, col(AssetSlug.asset_id) == Asset.id).where(AssetSlug.slug == slug)
    asset_id = session.exec(known).first()
    if asset_id is None:
        raise Invalid(f"There is no asset {slug!r}.")
    row.chosen_asset_id, row.chosen_position, row.chosen_at = asset_id, position, clock.now()
    session.flush()
    return row


def _continued(before: _Entry, asked: Asked, folded: str) -> _Entry | None:
    """The entry with this request in it, or None when it begins another search."""
    if before.chosen or asked.at - before.last > PAUSE or before.asked.deal != asked.deal:
        return None
    going_on = replace(before, last=asked.at, requests=before.requests + 1)
    if before.folded.startswith(folded) and folded != before.folded:
        return going_on  # typing backwards says nothing new
    if folded.startswith(before.folded) or _corrects(before, folded):
        return replace(going_on, asked=asked, folded=folded)
    return None


def _corrects(before: _Entry, folded: str) -> bool:
    """Whether this looks like the same question with a typing mistake put right."""
    if before.asked.match == "good" or min(len(folded), len(before.folded)) < 4:
        return False
    return OSA.distance(before.folded, folded) <= (1 if len(folded) < 9 else 2)


def _write(session: Session, entries: Sequence[_Entry]) -> dict[str, str]:
    """Answers the row's id for each entry's id."""
    ids = [entry.row or entry.id for entry in entries]
    held = {row.id: row for row in session.exec(select(Search).where(col(Search.id).in_(ids)))}
    others = _recent(session, [entry for entry in entries if (entry.row or entry.id) not in held])
    rows: dict[str, str] = {}
    new: list[dict[str, Any]] = []
    for entry in entries:
        row = held.get(entry.row or entry.id)
        if row is None and (row := _same_search(others.get(entry.asked.person_id, ()), entry)):
            session.add(SearchAlias(id=entry.id, search_id=row.id))
            entry = replace(entry, first=min(entry.first, row.asked_at), requests=entry.requests + row.requests)
        rows[entry.id] = row.id if row else entry.id
        if row is None:
            new.append({"id": entry.id, **_values(entry)})
        elif row.answered_at <= entry.last:
            row.sqlmodel_update(_values(entry))
    if new:
        session.execute(insert(Search), new)
    return rows


def _recent(session: Session, entries: Sequence[_Entry]) -> dict[int | None, list[Search]]:
    """What these people asked of other processes just before."""
    found: dict[int | None, list[Search]] = {}
    if entries:
        people = {entry.asked.person_id for entry in entries}
        since = min(entry.first for entry in entries) - PAUSE
        newest_first = func.row_number().over(
            partition_by=col(Search.person_id), order_by=col(Search.answered_at).desc()
        )
        ranked = select(col(Search.id), newest_first.label("place")).where(
            col(Search.person_id).in_(people), col(Search.answered_at) >= since
        )
        few = ranked.subquery()  # a script may have asked thousands of times within the pause
        query = select(Search).where(col(Search.id).in_(select(few.c.id).where(few.c.place <= _LOOKED_AT)))
        for row in session.exec(query.order_by(col(Search.answered_at))):
            found.setdefault(row.person_id, []).append(row)
    return found


def _same_search(rows: Sequence[Search], entry: _Entry) -> Search | None:
    for row in reversed(rows):
        if row.channel != entry.asked.channel or row.chosen_at is not None or row.id == entry.id:
            continue
        asked = replace(entry.asked, deal=row.deal, match=row.match, at=row.answered_at)
        before = _Entry(row.id, asked, row.folded, row.asked_at, row.answered_at)
        return row if row.deal == entry.asked.deal and _continued(before, entry.asked, entry.folded) else None
    return None


def _values(entry: _Entry) -> dict[str, Any]:
    asked = entry.asked
    return {
        "person_id": asked.person_id,
        "question": _storable(asked.question)[:LONGEST_QUESTION],
        "folded": _storable(entry.folded)[:LONGEST_QUESTION],
        "filters": {name: sorted(_storable(value)[:100] for value in values) for name, values in asked.filters.items()},
        "sort": asked.sort,
        "deal": asked.deal,
        "drafts": asked.drafts,
        "match": asked.match,
        "total": asked.total,
        "hits": list(asked.hits[:_HITS]),
        "requests": entry.requests,
        "took_ms": round(asked.took_ms, 2),
        "engine": asked.engine,
        "channel": asked.channel,
        "asked_at": entry.first,
        "answered_at": entry.last,
    }


def _storable(text: str) -> str:
    """Without what PostgreSQL takes in no text."""
    return text.encode("utf-8", "replace").decode().replace("\x00", " ")
