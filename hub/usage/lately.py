"""What somebody did around a time, as a hint to what they used and on which deal: their searches and their uses.

Search stands above this room, so whoever runs it hands in how to ask for somebody's searches.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from hub.usage.models import Use

_MOST = 2_000


@dataclass(frozen=True, slots=True)
class Searched:
    """A search: the asset that was chosen, and the deal that it was made for (`source/external id`, or the id alone),
    where there are any."""

    at: datetime
    asset_id: int | None
    deal: str | None


@dataclass(frozen=True, slots=True)
class Used:
    at: datetime
    asset_id: int
    deal_id: int | None


# (session, person id, from, to) → that person's searches then.
Searches = Callable[[Session, int, datetime, datetime], Sequence[Searched]]


def no_searches(session: Session, person_id: int, since: datetime, until: datetime) -> Sequence[Searched]:  # noqa: ARG001 - as searches are asked
    """For whoever runs without search."""
    return ()


def uses_of(session: Session, person_id: int, since: datetime, until: datetime) -> list[Used]:
    """That person's uses then, the newest 2,000."""
    query = select(Use.occurred_at, Use.asset_id, Use.deal_id).where(
        Use.person_id == person_id,
        col(Use.occurred_at) >= since,
        col(Use.occurred_at) <= until,
        col(Use.taken_back_at).is_(None),
    )
    rows = session.exec(query.order_by(col(Use.occurred_at).desc()).limit(_MOST))
    return [Used(*row) for row in rows]
