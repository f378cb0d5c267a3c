"""How one world's evidence compares with what was planted in it: counts and figures that can be pooled."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from bench.evidence.worlds import World
from hub.insights.attribution import Attribution
from hub.insights.evidence import (
    GOES_WITH_LOSING,
    OPEN,
    PROMISING,
    PROVEN,
    WATCH,
    WON,
    CellFindings,
    Evidence,
    History,
)
from hub.insights.evidence.verdicts import FEWEST_USES

HELPS = 0.0025  # a true lift of less than a quarter of a point is none
_OFTEN_USED = 100


@dataclass(frozen=True)
class Claimed:
    """Claims made, and how many of them are false."""

    made: int
    false: int

    def __add__(self, other: "Claimed") -> "Claimed":
        return Claimed(self.made + other.made, self.false + other.false)

    @property
    def share(self) -> float:
        return self.false / self.made if self.made else 0.0


@dataclass(frozen=True)
class Score:
    """One world. NaN where a figure has no meaning (nothing helps in a world of nulls)."""

    world: str
    scenario: str
    covered: float
    covered_at_top: float
    proven: Claimed
    losing: Claimed
    promising: Claimed
    watch: Claimed
    cells: Claimed
    power: float
    top_10: float
    top_10_crude: float
    top_10_influenced: float
    value_20: float
    value_20_crude: float
    rank_correlation: float
    error_points: float


def score(world: World, evidence: Evidence, attribution: Attribution) -> Score:
    found, truth = evidence.findings, world.lift
    used, known = found.n > 0, found.n >= 30
    covered = (truth >= found.low) & (truth <= found.high)
    helpful = (truth > HELPS) & (found.n >= _OFTEN_USED)
    proven = found.verdict == PROVEN
    crude = plain_differences(world.history)
    any_truth = bool((np.abs(truth) > 0).any())
    cells = _cells(evidence.stages, world.stage_lift) + _cells(evidence.personas, world.persona_lift)
    return Score(
        world=world.name,
        scenario=world.scenario,
        covered=float(covered[used].mean()),
        covered_at_top=float(covered[_top(found.lift, 50)].mean()),
        proven=_claimed(proven, truth <= HELPS),
        losing=_claimed(found.verdict == GOES_WITH_LOSING, truth >= -HELPS),
        promising=_claimed(found.verdict == PROMISING, truth <= HELPS),
        watch=_claimed(found.verdict == WATCH, truth >= -HELPS),
        cells=cells,
        power=float(proven[helpful].mean()) if helpful.any() else float("nan"),
        top_10=float((truth[_top(found.lift, 10)] > HELPS).mean()) if any_truth else float("nan"),
        top_10_crude=float((truth[_top(crude, 10)] > HELPS).mean()) if any_truth else float("nan"),
        top_10_influenced=float((truth[_top(attribution.influenced, 10)] > HELPS).mean())
        if any_truth
        else float("nan"),
        value_20=value_in_top(found.lift, np.where(used, truth, 0.0), 20),
        value_20_crude=value_in_top(crude, np.where(used, truth, 0.0), 20),
        rank_correlation=float(spearmanr(found.lift[known], truth[known])[0]) if any_truth else float("nan"),
        error_points=100 * float(np.sqrt(np.mean((found.lift[known] - truth[known]) ** 2))),
    )


def plain_differences(history: History) -> np.ndarray:
    """What a spreadsheet would rank by: the win rate of closed deals with any recorded use minus that of the
    others, for assets with so many deals that the hub would say anything at all."""
    uses, outcome = history.uses, history.deals.outcome
    known = (uses.deal >= 0) & (uses.asset >= 0)
    pairs = np.unique(np.stack([uses.deal[known], uses.asset[known]]), axis=1)
    closed, won = outcome > OPEN, outcome == WON
    deals = np.bincount(pairs[1], closed[pairs[0]], minlength=history.assets)
    wins = np.bincount(pairs[1], won[pairs[0]], minlength=history.assets)
    others = np.maximum(closed.sum() - deals, 1)
    difference = wins / np.maximum(deals, 1) - (won.sum() - wins) / others
    return np.where(deals >= FEWEST_USES, difference, -np.inf)


def value_in_top(ranked_by: np.ndarray, value: np.ndarray, many: int) -> float:
    """The value that the top of a ranking holds, as a share of the most that so many could hold."""
    best = np.sort(value)[::-1][:many].sum()
    return float(value[_top(ranked_by, many)].sum() / best) if best > 0 else float("nan")


def _cells(cells: CellFindings, truth: np.ndarray) -> Claimed:
    lift = truth[cells.asset, cells.code]
    helping = _claimed(cells.verdict == PROVEN, lift <= HELPS)
    return helping + _claimed(cells.verdict == GOES_WITH_LOSING, lift >= -HELPS)


def _claimed(claimed: np.ndarray, false: np.ndarray) -> Claimed:
    return Claimed(int(claimed.sum()), int((claimed & false).sum()))


def _top(by: np.ndarray, many: int) -> np.ndarray:
    return np.argsort(-by, kind="stable")[:many]
