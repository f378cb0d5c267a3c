"""Recording an event in the transaction of the change it tells of: both are committed, or neither."""

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session

from hub import clock
from hub.db import metadata
from hub.events.models import Event, OutboxRow
from hub.events.names import EventName

# Set by an entrance for the length of a request or a command, so that a log line and an event can be put together.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

Subject = tuple[str, int | None, str]
# Tables rather than models: bulk insertion of models costs as much again as the rows do.
_events, _outbox = metadata.tables[str(Event.__tablename__)], metadata.tables[str(OutboxRow.__tablename__)]
_ADD_EVENTS = insert(_events).returning(_events.c.id)
_ADD_TO_OUTBOX = insert(_outbox)


def record(
    session: Session,
    name: EventName,
    *,
    actor_id: int | None,
    subject: Subject,
    **data: Any,
) -> Event:
    """Add the event and its outbox row to the session. `subject` is (kind, id, name as people know it);
    `actor_id` None means that the hub itself did it (a date passed, a folder was synced)."""
    kind, subject_id, subject_name = subject
    event = Event(
        name=name,
        occurred_at=clock.now(),
        actor_id=actor_id,
        subject_kind=kind,
        subject_id=subject_id,
        subject_name=subject_name,
        data=data,
        request_id=request_id.get(),
    )
    session.add(OutboxRow(event=event, due_at=event.occurred_at))
    session.info["events_recorded"] = True
    return event


def record_many(
    session: Session, name: EventName, *, actor_id: int | None, told: Sequence[tuple[Subject, dict[str, Any]]]
) -> None:
    """The same for many subjects at once, (subject, data) each: two statements whatever their number."""
    if not told:
        return
    now = clock.now()
    rows = [
        {
            "name": name,
            "occurred_at": now,
            "actor_id": actor_id,
            "subject_kind": kind,
            "subject_id": subject_id,
            "subject_name": subject_name,
            "data": data,
            "request_id": request_id.get(),
        }
        for (kind, subject_id, subject_name), data in told
    ]
    connection = session.connection()
    ids = connection.execute(_ADD_EVENTS, rows).scalars().all()
    waiting: dict[str, Any] = {"due_at": now, "claimed_until": None, "attempts": 0, "delivered_to": [], "error": None}
    connection.execute(_ADD_TO_OUTBOX, [waiting | {"event_id": event_id} for event_id in ids])
    session.info["events_recorded"] = True
