"""Events as they came: each is taken once, in a transaction of its own, and what cannot be understood is kept with its
reason for an admin instead of being lost.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict
from sqlmodel import Session, col, delete, func, or_, select

from hub import clock
from hub.db import Database
from hub.deals import changes
from hub.deals.sources import taking
from hub.deals.sources.models import WebhookReceipt
from hub.deals.sources.said import Said
from hub.deals.sources.taking import WAITS
from hub.deals.sources.values import digest
from hub.paging import Page, cursor_of, position_of
from hub.people.roles import Actor, Deed, require

LONGEST_PAYLOAD = 20_000
# Longer than any vendor repeats an event. Forgetting is harmless: what is said twice changes nothing.
KEPT = timedelta(days=30)
FAILURES_KEPT = timedelta(days=180)

_EXAMPLE: JsonDict = {
    "id": 12,
    "source": "hubspot",
    "external_id": "5901",
    "occurred_at": "2027-02-01T09:30:00Z",
    "received_at": "2027-02-01T09:30:02Z",
    "reason": "occurredAt is no moment: 'soon'",
    "payload": '{"eventId": 1, "objectId": 5901, "occurredAt": "soon"}',
}


class Failure(BaseModel):
    """An event of which the hub could make nothing so far. `payload` is what came, cut at 20,000 characters."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: int
    source: str
    external_id: str | None
    occurred_at: datetime | None
    received_at: datetime
    reason: str
    payload: str


@dataclass
class Counts:
    """How many events were taken, were known already, and were kept with a reason."""

    taken: int = 0
    known: int = 0
    kept: int = 0


def take_all(database: Database, source: str, events: Iterable[Said]) -> Counts:
    """Each in a transaction of its own: after an Unavailable the whole batch may come again."""
    counts = Counts()
    for said in events:
        with database.transaction() as session:
            state = take_event(session, source, said)
        setattr(counts, state, getattr(counts, state) + 1)
    return counts


def take_event(session: Session, source: str, said: Said) -> str:
    """`taken`, `known` or `kept`."""
    changes.wait_for_others(session)
    if _is_known(session, source, said.event_id):
        return "known"
    waits = "" if said.reason else taking.take(session, source, said)
    reason = said.reason or (WAITS + waits if waits else None)
    session.add(_receipt(source, said, reason))
    session.flush()
    return "kept" if reason else "taken"


def keep_unread(database: Database, source: str, body: bytes, reason: str) -> Counts:
    """A body of which not even single events can be read."""
    return take_all(database, source, [Said(digest(body), body, reason=reason)])


def keep_pulled(session: Session, source: str, said: Said, reason: str) -> None:
    """What a pull could not take as it is; what it can take leaves nothing."""
    same = select(WebhookReceipt).where(WebhookReceipt.event_id == said.event_id, WebhookReceipt.source == source)
    for known in session.exec(same):
        session.delete(known)
    if reason:
        session.flush()
        session.add(_receipt(source, said, reason if said.reason else WAITS + reason))


def list_failures(session: Session, actor: Actor, *, limit: int, cursor: str | None) -> Page[Failure]:
    """Newest first, for admins. Raises NotAllowed."""
    require(actor, Deed.IMPORT_DEALS)
    failed = select(WebhookReceipt).where(col(WebhookReceipt.reason).is_not(None))
    total = session.exec(select(func.count()).select_from(failed.subquery())).one()
    if (position := position_of(cursor, int)) is not None:
        failed = failed.where(col(WebhookReceipt.id) < position[0])
    rows = session.exec(failed.order_by(col(WebhookReceipt.id).desc()).limit(limit + 1)).all()
    items = [Failure.model_validate(row.model_dump()) for row in rows[:limit]]
    return Page(items=items, total=total, next=cursor_of(items[-1].id) if len(rows) > limit else None)


def forget_old(session: Session) -> None:
    """Receipts whose time is over."""
    now = clock.now()
    received = col(WebhookReceipt.received_at)
    is_good = col(WebhookReceipt.reason).is_(None)
    over = or_(is_good & (received < now - KEPT), received < now - FAILURES_KEPT)
    session.exec(delete(WebhookReceipt).where(over))


def _is_known(session: Session, source: str, event_id: str) -> bool:
    query = select(WebhookReceipt.id).where(WebhookReceipt.event_id == event_id, WebhookReceipt.source == source)
    return session.exec(query).first() is not None


def _receipt(source: str, said: Said, reason: str | None) -> WebhookReceipt:
    return WebhookReceipt(
        source=source,
        event_id=said.event_id,
        external_id=said.external_id,
        occurred_at=said.at,
        received_at=clock.now(),
        payload=_text(said.payload)[:LONGEST_PAYLOAD],
        reason=_text(reason.encode("utf-8", "replace"))[:1_000] if reason else None,
    )


def _text(payload: Any) -> str:
    """Any bytes as text that every database takes."""
    if isinstance(payload, bytes):
        text = payload[: 4 * LONGEST_PAYLOAD].decode("utf-8", "replace")
    else:
        text = json.dumps(payload)  # in ASCII, halves of characters too
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
