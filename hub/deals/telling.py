"""The events of deals. One deal that changes by itself tells what happened to it; a batch of an import tells once for
all of its deals, because a hundred thousand events that say "imported" would keep the worker from what people wait for.
Either way what was before and after is on record.
"""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from hub.deals.changes import Change, Changes
from hub.deals.history import StageChanges
from hub.deals.models import Outcome
from hub.events.models import Event
from hub.events.names import EventName
from hub.events.record import record
from hub.people.roles import Actor


def tell_batch(session: Session, actor: Actor, source: str, done: Changes | StageChanges) -> None:
    """One event: `created`, `changed` {deal: {field: [before, after]}}, `staged` [deals whose history changed],
    `moved` {deal: [stage before, after]}, `closed` and `reopened` [deals]. Terms and people stand there by id."""
    told: dict[str, Any]
    if isinstance(done, StageChanges):
        told = {"staged": sorted(done.deals), "moved": {str(it): list(pair) for it, pair in done.moved.items()}}
    else:
        told = {
            "created": done.new,
            "changed": {str(it): _plain(change) for it, change in done.changed.items()},
            "moved": {str(it): change["stage_id"] for it, change in done.changed.items() if "stage_id" in change},
            "closed": [it for it, change in done.changed.items() if _closes(change)],
            "reopened": [it for it, change in done.changed.items() if _reopens(change)],
        }
    if any(told.values()):
        subject = ("import", None, source)
        record(session, EventName.DEALS_IMPORTED, actor_id=actor.id, subject=subject, source=source, **told)


def tell_one(
    session: Session, actor: Actor, deal_id: int, external_id: str, done: Changes, staged: StageChanges | None
) -> None:
    """The events of a deal that came or changed by itself."""

    def tell(name: EventName, **data: Any) -> None:
        record(session, name, actor_id=actor.id, subject=("deal", deal_id, external_id), **data)

    change = done.changed.get(deal_id, {})
    if deal_id in done.new:
        tell(EventName.DEAL_CREATED)
    elif change or (staged is not None and staged.deals):
        tell(EventName.DEAL_CHANGED, change=_plain(change), history=bool(staged is not None and staged.deals))
    moved = staged.moved.get(deal_id) if staged is not None else None
    if moved is None and "stage_id" in change:
        moved = (change["stage_id"][0], change["stage_id"][1])
    if moved is not None and deal_id not in done.new:
        tell(EventName.DEAL_STAGE_CHANGED, before=moved[0], after=moved[1])
    if _closes(change):
        tell(EventName.DEAL_CLOSED, outcome=change["outcome"][1])
    if _reopens(change):
        tell(EventName.DEAL_REOPENED, before=change["outcome"][0])


def deals_told_of(event: Event) -> set[int]:
    """The ids of the deals that an event of deals tells of, be it one or a batch."""
    if event.subject_kind == "deal" and event.subject_id is not None:
        return {event.subject_id}
    data = event.data
    ids = {int(it) for name in ("changed", "moved") for it in data.get(name, {})}
    return ids.union(data.get("created", ()), data.get("staged", ()))


def _closes(change: Change) -> bool:
    return "outcome" in change and change["outcome"][0] == Outcome.OPEN


def _reopens(change: Change) -> bool:
    return "outcome" in change and change["outcome"][1] == Outcome.OPEN


def _plain(change: Change) -> Change:
    return {name: [_json(value) for value in pair] for name, pair in change.items()}


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
