"""On which deals an asset was used. One row a deal, the last use first; nothing is summed up by person."""

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import select as sql_select
from sqlalchemy import tuple_
from sqlmodel import Session, col, func, select

from hub.assets.models import Asset
from hub.deals import pipeline
from hub.deals.models import Deal
from hub.deals.schemas import DealRow
from hub.paging import Page, cursor_of, position_of
from hub.people.roles import Actor, Deed, require
from hub.usage.listing import microseconds_of, moment_of
from hub.usage.models import Use


class DealOfAsset(BaseModel):
    """A deal, how often the asset was used on it, and when last."""

    deal: DealRow
    uses: int
    last_used: datetime


def deals_of(
    session: Session, actor: Actor, asset: Asset, *, limit: int, cursor: str | None = None
) -> Page[DealOfAsset]:
    """Uses that were taken back, or are on no deal that the hub knows, are not there. Raises NotAllowed."""
    require(actor, Deed.READ_USES)
    last = func.max(col(Use.occurred_at))
    counted = (col(Use.asset_id) == asset.id, col(Use.deal_id).is_not(None), col(Use.taken_back_at).is_(None))
    query = sql_select(col(Use.deal_id), func.count(), last).where(*counted).group_by(col(Use.deal_id))
    if position := position_of(cursor, int, int):
        query = query.having(tuple_(last, col(Use.deal_id)) < tuple_(moment_of(position[0]), position[1]))
    rows = session.execute(query.order_by(last.desc(), col(Use.deal_id).desc()).limit(limit + 1)).all()
    total = session.exec(select(func.count(func.distinct(Use.deal_id))).where(*counted)).one()
    page = rows[:limit]
    found = {deal.id: deal for deal in session.exec(select(Deal).where(col(Deal.id).in_([row[0] for row in page])))}
    shown = pipeline.rows(session, [found[row[0]] for row in page])
    following = cursor_of(microseconds_of(page[-1][2]), page[-1][0]) if len(rows) > limit else None
    items = [DealOfAsset(deal=deal, uses=row[1], last_used=row[2]) for deal, row in zip(shown, page, strict=True)]
    return Page[DealOfAsset](items=items, total=total, next=following)
