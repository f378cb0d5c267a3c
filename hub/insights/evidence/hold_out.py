"""A randomised hold-out, read by the same code: an asset was suggested in some of the eligible deals, by a coin.

What is compared is who got the suggestion, not who followed it (intention to treat), so neither the rep's choice nor a
hidden quality of the deal can be mistaken for help. No bias is taken off, for a coin has none.
"""

from dataclasses import dataclass, replace

import numpy as np

from hub.insights.evidence.grid import EFFECTS, NONE, at_effects, quantiles
from hub.insights.evidence.linear_algebra import likelihood_of_advancing
from hub.insights.evidence.model import Model
from hub.insights.evidence.rows import Rows, finished_rows
from hub.insights.evidence.shrinkage import from_logs, posterior
from hub.insights.evidence.tables import Codes, Flags, Floats, History, Uses

_STEPS = 30


@dataclass(frozen=True)
class Assignments:
    """One place an eligible deal: the day the coin fell, and whether the asset was suggested."""

    deal: Codes
    day: Floats
    suggested: Flags


@dataclass(frozen=True)
class HoldOut:
    """Finished stages in which the coin fell: with and without the suggestion, how many passed, and what the suggestion
    added to the chance of winning (shares of one, 90 % range)."""

    suggested: int
    held_out: int
    passed_suggested: float
    passed_held_out: float
    lift: float
    low: float
    high: float
    above: float
    below: float


def read_hold_out(history: History, assignments: Assignments, model: Model) -> HoldOut:
    """The effect of suggesting; deals that appear on both sides are left out, of repeated ones the first day counts.

    `model` is a night's: it says what the deals would have done anyway, and which effects are usual."""
    rows, suggested = _rows_with_a_coin(history, assignments)
    # How much content was used comes after the coin: nobody may be compared by it.
    columns = model.design.columns(replace(rows.situations, activity=np.zeros(len(rows))))
    eta = columns @ model.baseline
    logs, level = _profile(eta, rows.advanced, suggested.astype(np.float64))
    likely = from_logs(logs[None, :])
    chances, wide = posterior(likely, model.prior.fitted), posterior(likely, model.prior.wide)
    curve = _wins(eta + level, model.passing.later(columns, rows.situations.stage))[None, :]
    return HoldOut(
        suggested=int(suggested.sum()),
        held_out=int((~suggested).sum()),
        passed_suggested=_share(rows.advanced[suggested]),
        passed_held_out=_share(rows.advanced[~suggested]),
        lift=float((chances * curve).sum()),
        low=float(at_effects(curve, quantiles(wide, 0.05))[0]),
        high=float(at_effects(curve, quantiles(wide, 0.95))[0]),
        above=float(chances[0, NONE + 1 :].sum()),
        below=float(chances[0, :NONE].sum()),
    )


def _rows_with_a_coin(history: History, assignments: Assignments) -> tuple[Rows, Flags]:
    """The assignments take the place of the uses: one asset stands for the suggestion, one for its absence."""
    deal, day, arm = assignments.deal, assignments.day, (~assignments.suggested).astype(np.int64)
    order = np.lexsort((day, deal))
    first = order[np.diff(deal[order], prepend=-2) != 0]
    both = np.intersect1d(deal[arm == 0], deal[arm == 1])
    first = first[~np.isin(deal[first], both)]
    uses = Uses(deal[first], arm[first], day[first], np.zeros(len(first), bool))
    rows = finished_rows(replace(history, uses=uses, assets=2))
    rows = rows.taken(np.diff(rows.used.indptr) > 0)
    suggested: Flags = rows.used.indices == 0
    return rows, suggested


def _profile(eta: Floats, advanced: Floats, suggested: Floats) -> tuple[Floats, float]:
    """(points,) the log-likelihood of each effect at the level of the eligible deals that suits it best, and that level
    without an effect. The level is held near none by half a pass and half a loss."""
    level = np.zeros(len(EFFECTS))
    shifted = eta[:, None] + suggested[:, None] * EFFECTS[None, :]
    for _ in range(_STEPS):
        expected = likelihood_of_advancing(shifted + level)
        ghost = likelihood_of_advancing(level)
        slope = (advanced[:, None] - expected).sum(axis=0) + 0.5 - ghost
        step = slope / ((expected * (1 - expected)).sum(axis=0) + ghost * (1 - ghost))
        level = level + step.clip(-1, 1)
        if np.abs(step).max() < 1e-10:
            break
    total = shifted + level
    logs = (advanced[:, None] * total - np.logaddexp(0, total)).sum(axis=0)
    return logs, float(level[NONE])


def _wins(eta: Floats, later: Floats) -> Floats:
    """(points,) mean extra wins of each effect, had it been suggested in all of these deals."""
    if not len(eta):
        return np.zeros(len(EFFECTS))
    ahead = likelihood_of_advancing(later).prod(axis=1)
    curve = (likelihood_of_advancing(eta[:, None] + EFFECTS[None, :]) * ahead[:, None]).mean(axis=0)
    extra: Floats = curve - curve[NONE]
    return extra


def _share(advanced: Floats) -> float:
    return float(advanced.mean()) if len(advanced) else 0.0
