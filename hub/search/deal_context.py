"""The deal that somebody searches for: named as its system names it, turned into what the recommendation rules meet."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from hub.db import id_of
from hub.deals import reading
from hub.deals.models import Deal
from hub.insights import experiments
from hub.search.question import Notice


@dataclass(frozen=True, slots=True)
class DealContext:
    """`name` as the log keeps it (`source/external id`), `facts` by the rules' fields, `coins` of the assets under a
    hold-out for which the deal is eligible: whether to suggest them; `notice` when no deal is meant."""

    name: str | None = None
    deal_id: int | None = None
    facts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    coins: Mapping[int, bool] = field(default_factory=dict)
    notice: Notice | None = None


def context_of(session: Session, reference: str | None) -> DealContext:
    """`reference` is `source/external id`, or the id alone where only one system knows it. Never raises: a search
    without its deal is better than none, and says so."""
    if not reference:
        return DealContext()
    found = _meant(session, reference)
    if len(found) != 1:
        why = "Several systems know this deal; write it as SOURCE/ID" if found else "The hub knows no such deal"
        says = f"{why}, so nothing was fitted to it."
        return DealContext(notice=Notice("unknown_deal", reference, says, tuple(_name(deal) for deal in found)))
    facts = {name: keys for name, keys in reading.context_of(session, found[0]).items() if keys}
    deal = found[0]
    return DealContext(_name(deal), id_of(deal), facts, experiments.suggested(session, deal))


def _meant(session: Session, reference: str) -> list[Deal]:
    if not reference.isprintable():
        return []
    source, _, external_id = reference.partition("/")
    if external_id:
        exact = select(Deal).where(col(Deal.external_id) == external_id, col(Deal.source) == source)
        if deal := session.exec(exact).first():
            return [deal]
    return list(session.exec(select(Deal).where(col(Deal.external_id) == reference).limit(5)))


def _name(deal: Deal) -> str:
    return f"{deal.source}/{deal.external_id}"
