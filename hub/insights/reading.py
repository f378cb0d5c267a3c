"""What search asks of the evidence: one cheap query each."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from hub.insights.models import shown_rows

_BAND = ("asset_id", "band", "evidence", "reason")
_SHOWN = ("asset_id", "verdict", "lift", "low", "high", "deals")


def bands(session: Session, asset_ids: Collection[int]) -> dict[int, tuple[int, float, str]]:
    """(band 0 to 4, number to sort by, words) of each asset that has evidence; what search indexes."""
    query = select(*(shown_rows.c[name] for name in _BAND)).where(shown_rows.c.asset_id.in_(asset_ids))
    return {row[0]: (row[1], row[2], row[3]) for row in session.connection().execute(query)}


def evidence_of(session: Session, asset_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Verdict, lift and range in points, and deals, of each asset that was used in a finished stage."""
    query = select(*(shown_rows.c[name] for name in _SHOWN)).where(
        shown_rows.c.asset_id.in_(asset_ids), shown_rows.c.lift.is_not(None), shown_rows.c.n > 0
    )
    return {
        row.asset_id: {
            "verdict": row.verdict,
            "lift": round(row.lift, 1),
            "low": round(row.low, 1),
            "high": round(row.high, 1),
            "deals": row.deals,
        }
        for row in session.connection().execute(query)
    }
