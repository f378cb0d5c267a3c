"""Pulling deals from a CRM: page after page in the order of modification. The cursor moves in the transaction that
takes the page, so a pull that was cut off anywhere goes on from there, and one that is repeated changes nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from sqlmodel import Session, delete

from hub import clock
from hub.db import Database
from hub.deals import changes
from hub.deals.sources import names, receipts, taking
from hub.deals.sources.models import CrmName, PullCursor
from hub.deals.sources.said import Said
from hub.imports.patience import patiently

# A CRM's index may show a change a while after one that is newer: a new pull looks back as far.
OVERLAP = timedelta(minutes=10)
Position = dict[str, str]  # `modified` (ISO 8601) and `id` of the last deal taken; empty before the first
Progress = Callable[[int, int], None]  # deals done, deals in all as far as the CRM tells


@dataclass
class Page:
    """Deals, where the pull is after them, and how many there are from the page's beginning on."""

    deals: list[Said]
    position: Position
    total: int
    names: list[CrmName] = field(default_factory=list)


class Crm(Protocol):
    source: str

    def learn(self) -> list[CrmName]:
        """Its stages and owners."""

    def pages(self, position: Position) -> Iterator[Page]:
        """What was modified since, in that order; an empty position is the beginning."""

    def close(self) -> None: ...


@dataclass
class Pulled:
    deals: int = 0
    kept: int = 0  # of these, those that cannot be taken as they are; GET /webhooks/failures has them
    made_anew: int = 0


def pull(database: Database, crm: Crm, *, from_start: bool = False, progress: Progress | None = None) -> Pulled:
    """Take what changed in the CRM since the last pull. Raises Unavailable when the CRM or the database stays away; the
    next call goes on from there."""
    pulled = Pulled()
    known = crm.learn()
    new, changed = patiently(_learn, database, known)
    expected = 0
    position = patiently(_begin, database, crm.source, from_start=from_start)
    for page in crm.pages(position):
        if page.names:
            more = patiently(_learn, database, page.names)
            new, changed = new + more[0], changed + more[1]
        pulled.kept += patiently(_take, database, crm.source, page)
        expected = max(expected, pulled.deals + page.total)
        pulled.deals += len(page.deals)
        if progress is not None:
            progress(pulled.deals, expected)
    if new or changed:
        pulled.made_anew = taking.make_anew(database, crm.source, all_of_them=changed > 0)
    patiently(_finish, database, crm.source)
    return pulled


def _learn(database: Database, known: list[CrmName]) -> tuple[int, int]:
    with database.transaction() as session:
        changes.wait_for_others(session)
        return names.learn(session, known)


def _begin(database: Database, source: str, *, from_start: bool) -> Position:
    """Where to go on: where a pull was cut off, or a little before the end of one that was not."""
    now = clock.now()
    with database.transaction() as session:
        if from_start:
            session.exec(delete(PullCursor).where(PullCursor.source == source))  # type: ignore[arg-type]
        cursor = session.get(PullCursor, source)
        if cursor is None:
            cursor = PullCursor(source=source, position={}, started_at=now, moved_at=now)
        elif cursor.finished_at is not None:
            if modified := cursor.position.get("modified"):
                cursor.position = {"modified": (datetime.fromisoformat(modified) - OVERLAP).isoformat(), "id": ""}
            cursor.started_at, cursor.finished_at = now, None
        session.add(cursor)
        return dict(cursor.position)


def _take(database: Database, source: str, page: Page) -> int:
    kept = 0
    with database.transaction() as session:
        changes.wait_for_others(session)
        for said in page.deals:
            reason = said.reason or taking.take(session, source, said)
            kept += bool(reason)
            receipts.keep_pulled(session, source, said, reason)
        _move(session, source, page)
    return kept


def _move(session: Session, source: str, page: Page) -> None:
    cursor = session.get_one(PullCursor, source)
    cursor.position = page.position
    cursor.deals += len(page.deals)
    cursor.moved_at = clock.now()
    session.add(cursor)


def _finish(database: Database, source: str) -> None:
    with database.transaction() as session:
        cursor = session.get_one(PullCursor, source)
        cursor.finished_at = clock.now()
        session.add(cursor)
        receipts.forget_old(session)
