"""Taking back what was recorded by mistake: the use stays on record, and is counted no more."""

from sqlmodel import Session, col, select

from hub import clock
from hub.errors import NotFound
from hub.events.names import EventName
from hub.events.record import record
from hub.people.roles import Actor, Deed, may, require
from hub.usage.capture import source_of
from hub.usage.models import Use


def take_back(session: Session, actor: Actor, name: str) -> Use:
    """`name` as for `find`. Harmless when it is taken back already. Raises NotFound, NotAllowed."""
    use = find(session, actor, name)
    require(actor, Deed.TAKE_BACK_USE, own=is_own(actor, use))
    if use.taken_back_at is None:
        use.taken_back_at = clock.now()
        told = {"assets": [use.asset_id], "deals": [use.deal_id] if use.deal_id is not None else []}
        record(session, EventName.USE_TAKEN_BACK, actor_id=actor.id, subject=("use", use.id, use.external_id), **told)
        session.flush()
    return use


def find(session: Session, actor: Actor, name: str) -> Use:
    """A use by the caller's own id of it, or by the hub's number. Raises NotFound, also for what they may not see."""
    query = select(Use).with_for_update()
    if name.isdecimal():
        use = session.exec(query.where(Use.id == int(name))).one_or_none() if len(name) < 10 else None
    else:
        own = query.where(Use.external_id == name, Use.person_id == actor.id)
        use = session.exec(own.order_by(col(Use.source) != source_of(actor.id), col(Use.id)).limit(1)).first()
    if use is None or not may_see(actor, use):
        raise NotFound(f"There is no use {name} of yours.")
    return use


def is_own(actor: Actor, use: Use) -> bool:
    return actor.id is not None and use.person_id == actor.id


def may_see(actor: Actor, use: Use) -> bool:
    """One's own, and what is on a deal that the hub knows: deals are everybody's."""
    return is_own(actor, use) or use.deal_id is not None or may(actor, Deed.TAKE_BACK_USE)
