"""What somebody searched for around a time: a hint to what they used, and on which deal (`hub.usage.lately`)."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, or_, select

from hub.search.models import Search
from hub.usage.lately import Searched

_MOST = 1_000


def searches_of(session: Session, person_id: int, since: datetime, until: datetime) -> Sequence[Searched]:
    """That person's searches for a deal or with a choice, the newest 1,000."""
    query = select(Search.answered_at, Search.chosen_asset_id, Search.deal).where(
        Search.person_id == person_id,
        col(Search.answered_at) >= since,
        col(Search.answered_at) <= until,
        or_(col(Search.deal).is_not(None), col(Search.chosen_asset_id).is_not(None)),
    )
    return [Searched(*row) for row in session.exec(query.order_by(col(Search.answered_at).desc()).limit(_MOST))]
