"""What the newest evidence says, as planning needs it: what good content is here, how deals pass, what came of assets.

Without any evidence the usual values of the method stand in, and everything else works the same.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlmodel import Session, col, select

from hub.insights.models import AssetEvidence, EvidenceRun
from hub.insights.runs import latest_complete
from hub.planning.gaps import USUAL_TARGET
from hub.planning.schemas import Came, Range
from hub.planning.worth import USUAL_GOOD_SHARE, Lift

# Stands in while no evidence says better. A gap hardly depends on it: what is at stake is a lift in points.
USUAL_CHANCE = 0.2
_LEAST_TARGET = 0.001


@dataclass(frozen=True, slots=True)
class PassRate:
    """Of the deals with a persona that finished a deal stage: the shares that passed, and that should have."""

    persona_id: int
    deal_stage_id: int
    finished: int
    observed: float
    expected: float


@dataclass(frozen=True)
class Outlook:
    """`target` is the lift of good content (share of one), `good_share` how many new assets turn out good; `chances` to
    win by deal stage. `currency` is the one of all money, None while no evidence chose it. `computed_at` is None
    without evidence."""

    target: float = USUAL_TARGET
    good_share: float = USUAL_GOOD_SHARE
    chances: Mapping[int, float] = field(default_factory=dict)
    passing: Sequence[PassRate] = ()
    currency: str | None = None
    computed_at: datetime | None = None

    def chance_at(self, deal_stage_id: int | None) -> float:
        return self.chances.get(deal_stage_id or 0, USUAL_CHANCE)


def outlook(session: Session) -> Outlook:
    """One statement."""
    run = latest_complete(session)
    if run is None:
        return Outlook()
    figures: dict[str, Any] = run.figures
    hopes = figures.get("outlook", {})
    return Outlook(
        target=max(hopes.get("target", 100 * USUAL_TARGET) / 100, _LEAST_TARGET),
        good_share=hopes.get("good_share", USUAL_GOOD_SHARE),
        chances={it["stage"]["id"]: it["win_rate"] for it in figures.get("stages", ())},
        passing=[
            PassRate(it["persona"]["id"], it["stage"]["id"], it["n"], it["observed"], it["expected"])
            for it in figures.get("personas", ())
        ],
        currency=run.inputs.get("base_currency") or None,
        computed_at=run.cut_off,
    )


class Estimate(Protocol):
    """A row of evidence, or the columns of one: lifts in points."""

    lift: float | None
    low: float | None
    high: float | None
    above: float
    gain: float


def lift_of(row: Estimate) -> Lift | None:
    """In shares of one; None while there are too few finished deals in all."""
    if row.lift is None or row.low is None or row.high is None:
        return None
    return Lift(row.lift / 100, row.low / 100, row.high / 100, row.above, row.gain / 100)


def came(session: Session, asset_ids: Collection[int]) -> dict[int, Came]:
    """What the evidence of each asset says now; assets that nobody used are not there."""
    if not asset_ids:
        return {}
    used = select(AssetEvidence).where(col(AssetEvidence.asset_id).in_(asset_ids), col(AssetEvidence.n) > 0)
    rows, run = session.exec(used).all(), latest_complete(session)
    return {row.asset_id: _came(row, run) for row in rows}


def _came(row: AssetEvidence, run: EvidenceRun | None) -> Came:
    return Came(
        verdict=row.verdict,
        uses=row.n,
        lift=row.lift,
        range=_range(row.low, row.high),
        extra_money=row.extra_revenue,
        extra_money_range=_range(row.extra_low, row.extra_high),
        currency=(run.inputs.get("base_currency") or None) if run else None,
        computed_at=row.updated_at,
    )


def _range(low: float | None, high: float | None) -> Range | None:
    return None if low is None or high is None else Range(low=low, high=high)
