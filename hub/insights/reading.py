"""What search asks of the evidence: one cheap query each."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlmodel import Session

from hub.insights.models import shown_rows

_BAND = ("asset_id", "band", "evidence", "reason")
_SHOWN = ("asset_id", "verdict", "lift", "low", "high", "deals")
# Made once: every answer of the search asks the second one.
_ALL = select(*(shown_rows.c[name] for name in _SHOWN)).where(shown_rows.c.lift.is_not(None), shown_rows.c.n > 0)
_OF_SOME = _ALL.where(shown_rows.c.asset_id.in_(bindparam("asset_ids", expanding=True)))


def bands(session: Session, asset_ids: Collection[int]) -> dict[int, tuple[int, float, str]]:
    """(band 0 to 4, number to sort by, words) of each asset that has evidence; what search indexes."""
    query = select(*(shown_rows.c[name] for name in _BAND)).where(shown_rows.c.asset_id.in_(asset_ids))
    return {row[0]: (row[1], row[2], row[3]) for row in session.connection().execute(query)}


def evidence_of(session: Session, asset_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Verdict, lift and range in points, and deals, of each asset that was used in a finished stage."""
    return _evidence(session, _OF_SOME, {"asset_ids": list(asset_ids)})


def all_evidence(session: Session) -> dict[int, dict[str, Any]]:
    """The same of every asset at once."""
    return _evidence(session, _ALL, {})


def stamp(session: Session) -> str:
    """Changes whenever what is shown of the evidence does."""
    return str(session.execute(select(func.max(shown_rows.c.run_id), func.count()).select_from(shown_rows)).one())


def _evidence(session: Session, query: Select[Any], which: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    return {
        row.asset_id: {
            "verdict": row.verdict,
            "lift": round(row.lift, 1),
            "low": round(row.low, 1),
            "high": round(row.high, 1),
            "deals": row.deals,
        }
        for row in session.connection().execute(query, which)
    }
