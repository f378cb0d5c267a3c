"""Uses without a deal: on which deal they probably were. A deal is proposed with its reasons, and is the use's only
when somebody says so.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import prod

from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from hub import clock
from hub.db import id_of
from hub.deals import pipeline
from hub.deals.history import current_entries
from hub.deals.lines import is_after
from hub.deals.models import Account, Deal, Outcome
from hub.errors import Conflict
from hub.events.names import EventName
from hub.events.record import record
from hub.paging import Page, cursor_of, position_of
from hub.people.roles import Actor, Deed, require
from hub.taxonomy.nearest import folded
from hub.usage import listing, taking_back
from hub.usage.known import DealRef
from hub.usage.lately import Searched, Searches, Used, uses_of
from hub.usage.models import Use
from hub.usage.schemas import DealRef as DealShown
from hub.usage.schemas import ProposalOut, ProposedDeal, UseOut
from hub.usage.stages import stage_at
from hub.usage.tags import DealTerms, terms_on, weight_and_words

SHOWN = 3
LEAST = 0.25
AROUND = timedelta(days=7)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_MOST_DEALS = 300
Reasons = list[tuple[float, str]]


def proposals(
    session: Session, actor: Actor, *, searches: Searches, limit: int, cursor: str | None
) -> Page[ProposalOut]:
    """One's own uses without a deal, those that came last first, each with the deals on which it may have been. Uses
    for which somebody said that they were on no deal are not there. Raises NotAllowed."""
    require(actor, Deed.NAME_DEAL_OF_USE, own=True)
    conditions = (
        Use.person_id == actor.id,
        col(Use.deal_id).is_(None),
        col(Use.deal_named_at).is_(None),
        col(Use.taken_back_at).is_(None),
    )
    query = select(Use).where(*conditions)
    if position := position_of(cursor, int):
        query = query.where(col(Use.id) < position[0])
    found = list(session.exec(query.order_by(col(Use.id).desc()).limit(limit + 1)))
    total = session.exec(select(func.count()).select_from(Use).where(*conditions)).one()
    page = found[:limit]
    likely = _Likely(session, actor.id or 0, page, searches)
    items = [
        ProposalOut(use=use_shown, deals=likely.deals_of(use))
        for use, use_shown in zip(page, listing.shown(session, page), strict=True)
    ]
    return Page(items=items, total=total, next=cursor_of(page[-1].id) if len(found) > limit else None)


def likely_deals(session: Session, actor: Actor, asset_id: int, *, searches: Searches) -> list[ProposedDeal]:
    """On which deals the caller probably uses this asset at this moment, likeliest first. Raises NotAllowed."""
    require(actor, Deed.RECORD_USE, own=True)
    now = clock.now()
    use = Use(  # never stored: what is asked is what a use of now would be matched with
        source="", external_id="", asset_id=asset_id, person_id=actor.id, action="", channel="", occurred_at=now,
        arrived_at=now,
    )  # fmt: skip
    return _Likely(session, actor.id or 0, [use], searches).deals_of(use)


def name_deal(session: Session, actor: Actor, name: str, ref: DealRef | None) -> UseOut:
    """Say on which deal a use was, or that it was on none. Who says so after the deal has closed knows how it ended:
    such a use is recalled. Harmless when repeated. Raises NotFound, NotAllowed, Conflict for one taken back."""
    use = taking_back.find(session, actor, name)
    require(actor, Deed.NAME_DEAL_OF_USE, own=taking_back.is_own(actor, use))
    if use.taken_back_at is not None:
        raise Conflict("This use was taken back. Record it again, with its deal.")
    deal = pipeline.find(session, *ref) if ref is not None else None
    wanted = id_of(deal) if deal is not None else None
    if use.deal_id != wanted or (wanted is None and use.deal_named_at is None):
        before = use.deal_id
        use.deal_id, use.deal_source, use.deal_ref = wanted, None, None
        use.deal_named_at, use.deal_named_by = clock.now(), actor.id
        subject = ("use", use.id, use.external_id)
        told = {"assets": [use.asset_id], "deals": [it for it in (before, wanted) if it is not None]}
        record(session, EventName.DEAL_OF_USE_NAMED, actor_id=actor.id, subject=subject, **told)
        session.flush()
    return listing.shown(session, [use])[0]


def likelihood(reasons: Iterable[tuple[float, str]]) -> float:
    """From 0 to 1: each reason takes its share of the doubt that the others have left. Their order does not matter."""
    return round(1.0 - prod(1.0 - weight for weight, _ in reasons), 3)


class _Likely:
    """What is known around some uses of one person, looked up once for all of them."""

    def __init__(self, session: Session, person_id: int, page: Sequence[Use], searches: Searches) -> None:
        self._person_id = person_id
        self._uses: list[Used] = []
        self._searches: Sequence[Searched] = ()
        self._deals: dict[int, Deal] = {}
        if not page:
            return
        since, until = min(it.occurred_at for it in page) - AROUND, max(it.occurred_at for it in page) + AROUND
        self._uses = [it for it in uses_of(session, person_id, since, until) if it.deal_id is not None]
        self._searches = [it for it in searches(session, person_id, since, until) if it.deal]
        self._deals = {id_of(deal): deal for deal in self._candidates(session, page, since, until)}
        self._terms = DealTerms(session, self._deals.values())
        self._entries = current_entries(session, list(self._deals))
        self._tags = terms_on(session, {use.asset_id for use in page})
        self._titles = listing.assets_by_id(session, {use.asset_id for use in page})
        self._shown = listing.deals_by_id(session, self._deals)
        wanted = {deal.account_id for deal in self._deals.values()} - {None}
        accounts = session.exec(select(Account.id, Account.name).where(col(Account.id).in_(wanted)))
        self._accounts = dict(accounts.all())

    def deals_of(self, use: Use) -> list[ProposedDeal]:
        running = [deal for deal in self._deals.values() if _was_running(deal, use.occurred_at)]
        own = [deal for deal in running if deal.owner_id == self._person_id]
        awaited = [deal for deal in self._deals.values() if use.deal_ref and deal.external_id == use.deal_ref]
        found = []
        for deal in {id_of(it): it for it in (*running, *awaited)}.values():
            reasons = self._reasons(use, deal, only_one=own == [deal])
            if (score := likelihood(reasons)) >= LEAST:
                why = [words for _, words in sorted(reasons, key=lambda it: -it[0])]
                found.append(ProposedDeal(deal=self._deal_shown(deal), score=score, why=why))
        return sorted(found, key=lambda it: (-it.score, it.deal.source, it.deal.external_id))[:SHOWN]

    def _reasons(self, use: Use, deal: Deal, *, only_one: bool) -> Reasons:
        stage_id = stage_at(self._entries[id_of(deal)].values(), use.occurred_at) or deal.stage_id
        reasons: Reasons = []
        if use.deal_ref is not None and use.deal_ref == deal.external_id:
            reasons.append((0.6, f"it was recorded for the id {deal.external_id}, of {use.deal_source}"))
        if deal.owner_id == self._person_id:
            reasons.append((0.4, "your only deal then") if only_one else (0.25, "your deal"))
        reasons += self._activity(use, deal)
        account = folded(self._accounts.get(deal.account_id, ""))
        title = self._titles[use.asset_id].title if use.asset_id in self._titles else ""
        if len(account) > 3 and f" {account} " in f" {folded(title)} ":
            reasons.append((0.35, f"the asset names {self._accounts[deal.account_id]}"))
        wanted = self._terms.of(deal, stage_id)
        return reasons + weight_and_words(self._tags.get(use.asset_id, {}), wanted)

    def _activity(self, use: Use, deal: Deal) -> Reasons:
        reasons = []
        names = (deal.external_id, f"{deal.source}/{deal.external_id}")
        searched = [abs(it.at - use.occurred_at) for it in self._searches if it.deal in names]
        if searched and min(searched) <= _DAY:
            reasons.append((0.35 if min(searched) <= _HOUR else 0.2, "you searched for this deal about then"))
        used = [abs(it.at - use.occurred_at) for it in self._uses if it.deal_id == deal.id]
        if used and min(used) <= AROUND:
            near = min(used)
            weight = 0.35 if near <= _HOUR else 0.2 if near <= _DAY else 0.1
            reasons.append((weight, "you used other assets on it about then"))
        return reasons

    def _candidates(self, session: Session, page: Sequence[Use], since: datetime, until: datetime) -> Sequence[Deal]:
        named = {it.deal_ref for it in page if it.deal_ref}
        named |= {part for it in self._searches if it.deal for part in (it.deal, it.deal.partition("/")[2]) if part}
        lately = {it.deal_id for it in self._uses}
        lived = (
            or_(col(Deal.created_at).is_(None), col(Deal.created_at) <= until),
            or_(col(Deal.outcome) == Outcome.OPEN.value, col(Deal.closed_at) >= since - _DAY),
        )
        own = select(Deal).where(Deal.owner_id == self._person_id, *lived)
        other = select(Deal).where(or_(col(Deal.id).in_(lately), col(Deal.external_id).in_(named)))
        return [deal for query in (own, other) for deal in session.exec(query.limit(_MOST_DEALS))]

    def _deal_shown(self, deal: Deal) -> DealShown:
        return self._shown[id_of(deal)]


def _was_running(deal: Deal, moment: datetime) -> bool:
    begun = deal.created_at is None or deal.created_at.date() <= moment.date()
    over = deal.outcome != Outcome.OPEN and deal.closed_at is not None and is_after(moment, deal.closed_at)
    return begun and not over
