"""Suggestions put aside for a while, with the reason: kept, so that they do not come back every day."""

from collections.abc import Mapping
from datetime import timedelta

from sqlmodel import Session, col, select

from hub import clock
from hub.assets.schemas import PersonRef
from hub.db import id_of
from hub.errors import Conflict, Fault, Invalid
from hub.events.names import EventName
from hub.events.record import record
from hub.people.roles import Actor, Deed, require
from hub.planning.models import Dismissal
from hub.planning.schemas import DismissalIn, DismissalOut

USUAL = timedelta(days=90)
LONGEST = timedelta(days=730)


def dismiss(session: Session, actor: Actor, suggestion: str, given: DismissalIn) -> Dismissal:
    """Replaces what was said of it before. Raises Invalid for a day that is not ahead, or more than two years away."""
    require(actor, Deed.DISMISS_SUGGESTION)
    today = clock.today()
    until = given.until or today + USUAL
    if not today < until <= today + LONGEST:
        fault = Fault(("body", "until"), "must be a day after today, and at most two years ahead")
        raise Invalid("The suggestion cannot be put aside until then.", errors=[fault])
    before = _open(session, suggestion)
    if before is not None and (before.until, before.reason) == (until, given.reason):
        return before
    if actor.id is None:
        raise Conflict("A suggestion is put aside by a person.")
    if before is not None:
        before.ended_at, before.ended_by = clock.now(), actor.id
    made = Dismissal(
        suggestion=suggestion, reason=given.reason, until=until, made_by=actor.id, made_at=clock.now()
    )  # fmt: skip
    session.add(made)
    session.flush()
    _tell(session, EventName.SUGGESTION_DISMISSED, actor, made)
    return made


def bring_back(session: Session, actor: Actor, suggestion: str) -> None:
    """Back into the queue at once. Repeating changes nothing."""
    require(actor, Deed.DISMISS_SUGGESTION)
    if (standing := _open(session, suggestion)) is not None:
        standing.ended_at, standing.ended_by = clock.now(), actor.id
        _tell(session, EventName.SUGGESTION_RETURNED, actor, standing)


def in_force(session: Session) -> dict[str, Dismissal]:
    """By the key of the suggestion; the newest one counts."""
    query = select(Dismissal).where(col(Dismissal.ended_at).is_(None), col(Dismissal.until) > clock.today())
    return {it.suggestion: it for it in session.exec(query.order_by(col(Dismissal.id)))}


def shown(standing: Dismissal, people: Mapping[int, PersonRef]) -> DismissalOut:
    return DismissalOut(
        until=standing.until, reason=standing.reason, made_by=people[standing.made_by], made_at=standing.made_at
    )


def _open(session: Session, suggestion: str) -> Dismissal | None:
    query = select(Dismissal).where(Dismissal.suggestion == suggestion, col(Dismissal.ended_at).is_(None))
    return session.exec(query.order_by(col(Dismissal.id).desc()).with_for_update()).first()


def _tell(session: Session, name: EventName, actor: Actor, standing: Dismissal) -> None:
    session.flush()
    record(
        session,
        name,
        actor_id=actor.id,
        subject=("suggestion", id_of(standing), standing.suggestion),
        until=standing.until.isoformat(),
        reason=standing.reason,
    )
