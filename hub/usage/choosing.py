"""The deals to choose from when somebody says on which one they used an asset: the likely ones, or those found by
name."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from hub.deals import pipeline
from hub.deals.models import Deal, Outcome
from hub.deals.schemas import DealRow
from hub.errors import NotFound
from hub.people.roles import Actor, Deed, require
from hub.usage.known import DealRef
from hub.usage.lately import Searches
from hub.usage.matching import likely_deals

MOST = 7


@dataclass(frozen=True, slots=True)
class DealChoice:
    """`why` says in words why it is offered, empty where nothing does."""

    deal: DealRow
    why: str


def offered(
    session: Session, actor: Actor, asset_id: int | None, *, first: Iterable[DealRef], searches: Searches
) -> list[DealChoice]:
    """`first` (the deal at hand), then the likely ones for this asset, then the caller's own open deals that changed
    last. Raises NotAllowed."""
    require(actor, Deed.RECORD_USE, own=True)
    reasons: dict[DealRef, str] = dict.fromkeys(first, "")
    for one in likely_deals(session, actor, asset_id, searches=searches) if asset_id is not None else ():
        ref = one.deal.source, one.deal.external_id
        reasons[ref] = reasons.get(ref) or "; ".join(one.why[:2])
    found = [(row, reasons[ref]) for ref in reasons if (row := _known(session, ref)) is not None]
    own = select(Deal).where(Deal.owner_id == actor.id, col(Deal.outcome) == Outcome.OPEN.value)
    rows = session.exec(own.order_by(col(Deal.updated_at).desc(), col(Deal.id).desc()).limit(MOST)).all()
    found += [(deal, "your deal") for deal in rows if (deal.source, deal.external_id) not in reasons]
    return _shown(session, found[:MOST])


def called(session: Session, actor: Actor, words: str) -> list[DealChoice]:
    """Deals by a part of their name, id or account: the caller's own first, open ones before closed ones."""
    require(actor, Deed.RECORD_USE, own=True)
    query = select(Deal).where(*pipeline.named(words))
    not_own, closed = func.coalesce(Deal.owner_id, 0) != actor.id, col(Deal.outcome) != Outcome.OPEN.value
    order = (not_own, closed, col(Deal.updated_at).desc(), col(Deal.id).desc())
    rows = session.exec(query.order_by(*order).limit(MOST)).all()
    return _shown(session, [(deal, "your deal" if deal.owner_id == actor.id else "") for deal in rows])


def known(session: Session, ref: DealRef) -> DealChoice | None:
    deal = _known(session, ref)
    return _shown(session, [(deal, "")])[0] if deal is not None else None


def _known(session: Session, ref: DealRef) -> Deal | None:
    try:
        return pipeline.find(session, *ref)
    except NotFound:
        return None


def _shown(session: Session, found: list[tuple[Deal, str]]) -> list[DealChoice]:
    rows = pipeline.rows(session, [deal for deal, _ in found])
    return [DealChoice(row, why) for row, (_, why) in zip(rows, found, strict=True)]
