"""Recording an event in the transaction of the change it tells of: both are committed, or neither."""

from contextvars import ContextVar
from typing import Any

from sqlmodel import Session

from hub import clock
from hub.events.models import Event, OutboxRow
from hub.events.names import EventName

# Set by an entrance for the length of a request or a command, so that a log line and an event can be put together.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def record(
    session: Session,
    name: EventName,
    *,
    actor_id: int | None,
    subject: tuple[str, int | None, str],
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
