"""Who hears that a deal was won: those who wrote what was used on it. Wins alone, and no figure: what a use is worth is
the evidence's to say, and a lost deal is nobody's asset's fault.

A history that an import brings is years of them, so only deals that close by themselves are told of.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from hub.assets.models import Asset, Version
from hub.deals.models import Deal, Outcome
from hub.events.models import Event
from hub.events.names import EventName
from hub.usage.models import Action, Use

NAMED = 3  # assets in one notice


@dataclass(frozen=True, slots=True)
class Win:
    """`used` are the assets that were used on it, by id with their titles, the first use first."""

    event: Event
    deal: Deal
    used: dict[int, str]


def wins(session: Session, events: Sequence[Event]) -> list[Win]:
    closed = {
        event.subject_id: event
        for event in events
        if event.name == EventName.DEAL_CLOSED and event.data.get("outcome") == Outcome.WON
    }
    if not closed:
        return []
    deals = {deal.id: deal for deal in session.exec(select(Deal).where(col(Deal.id).in_(closed)))}
    query = (
        select(Use.deal_id, Use.asset_id, Version.title)
        .join(Asset, col(Asset.id) == Use.asset_id)
        .join(Version, col(Version.id) == Asset.live_version_id)
        .where(
            col(Use.deal_id).in_(deals), col(Use.taken_back_at).is_(None), col(Use.action) != Action.VIEWED.value
        )
        .order_by(col(Use.occurred_at), col(Use.id))
    )  # fmt: skip
    used: dict[int | None, dict[int, str]] = {}
    for deal_id, asset_id, title in session.exec(query):
        used.setdefault(deal_id, {})[asset_id] = title
    return [Win(event, deals[deal_id], used[deal_id]) for deal_id, event in closed.items() if deal_id in used]


def text_of(win: Win, asset_ids: Iterable[int]) -> str:
    """For somebody who wrote these of the assets."""
    titles = [title for asset_id, title in win.used.items() if asset_id in set(asset_ids)]
    more = f" and {len(titles) - NAMED} more" if len(titles) > NAMED else ""
    named = ", ".join(f"“{title}”" for title in titles[:NAMED])
    return f"{win.deal.name or win.deal.external_id} was won. Of yours was used on it: {named}{more}."


def link_of(win: Win) -> str:
    return f"/deals/{win.deal.source}/{win.deal.external_id}"
