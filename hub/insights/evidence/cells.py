"""Assets at one stage or for one persona: what a cell's own rows say, and what the asset's other cells let us expect.

How far cells of one asset resemble each other is learnt from all cells together.
"""

from dataclasses import dataclass

import numpy as np

from hub.insights.evidence.grid import EFFECTS, NONE, at_effects, normal_weights, quantiles
from hub.insights.evidence.model import Model
from hub.insights.evidence.pairs import Cells
from hub.insights.evidence.shrinkage import from_logs, posterior
from hub.insights.evidence.tables import Codes, Flags, Floats
from hub.insights.evidence.verdicts import (
    FEWEST_USES,
    GOES_WITH_LOSING,
    NO_EVIDENCE,
    PROMISING,
    PROVEN,
    TOO_EARLY,
    WATCH,
    Verdicts,
    as_good_as_other_content,
    longest_list,
    more_uses_needed,
)

_ALIKE = np.linspace(0, 1, 21)
_SPREADS = (0.0, 0.05, 0.1, 0.2, 0.3)
_WIDE, _SHARE_OF_WIDE = 0.4, 0.15
_FEWEST_FOR_A_CLAIM = 15
_FALSE_IN_LIST, _LOSING_FALSE_IN_LIST = 0.10, 0.05
_LEANING, _POINTS = 0.60, 0.005


@dataclass(frozen=True)
class CellFindings:
    """One place a cell, (cells,) each: the asset and the stage or persona it is about, its finished stages `n` and
    those `advanced`, lift with 90 % range as shares of one, probabilities of a lift above and below none, verdict."""

    asset: Codes
    code: Codes
    n: Codes
    advanced: Codes
    deals: Codes
    reps: Codes
    observed: Floats
    expected: Floats
    lift: Floats
    low: Floats
    high: Floats
    above: Floats
    below: Floats
    verdict: Verdicts
    as_good_as_other: Flags
    more_needed: Codes
    alike: float

    def __len__(self) -> int:
        return len(self.asset)


@dataclass(frozen=True)
class CellSums:
    """Sums over each cell's pairs: distinct deals and known owners, passes and predicted passes (cells,), curves
    (cells, points)."""

    cells: Cells
    deals: Codes
    reps: Codes
    advanced: Floats
    expected: Floats
    logs: Floats
    wins: Floats


def cell_findings(model: Model, asset_n: Floats, asset_logs: Floats, sums: CellSums) -> CellFindings:
    cells = sums.cells
    own_logs = model.likelihoods(sums.logs, cells.asset, cells.n / np.maximum(asset_n[cells.asset], 1))
    other_logs = model.likelihoods(asset_logs)[cells.asset] - own_logs
    own = model.bias.removed(from_logs(own_logs)) if len(cells) else own_logs
    others = posterior(model.bias.removed(from_logs(other_logs)), model.prior.fitted) if len(cells) else own_logs
    shares = _resemblance(own, others, model.prior.fitted)
    alike = float(shares.sum())
    prior = (1 - alike) * model.prior.fitted + sum(
        share * _spread(others, spread) for share, spread in zip(shares, _SPREADS, strict=True)
    )
    flat = normal_weights(np.zeros(1), _WIDE)[0]
    chances = posterior(own, prior)
    wide = posterior(own, (1 - _SHARE_OF_WIDE) * prior + _SHARE_OF_WIDE * flat)
    curve = sums.wins / np.maximum(cells.n, 1)[:, None]
    lift = (chances * curve).sum(axis=1)
    above, below = chances[:, NONE + 1 :].sum(axis=1), chances[:, :NONE].sum(axis=1)
    alone = posterior(own, flat)
    leaning = alone[:, NONE + 1 :].sum(axis=1) - alone[:, :NONE].sum(axis=1)
    low, high = at_effects(curve, quantiles(wide, 0.05)), at_effects(curve, quantiles(wide, 0.95))
    verdict = cell_verdicts(cells.n, lift, above, below, leaning)
    return CellFindings(
        asset=cells.asset,
        code=cells.code,
        n=cells.n,
        advanced=sums.advanced.astype(np.int64),
        deals=sums.deals,
        reps=sums.reps,
        observed=sums.advanced / np.maximum(cells.n, 1),
        expected=sums.expected / np.maximum(cells.n, 1),
        lift=lift,
        low=low,
        high=high,
        above=above,
        below=below,
        verdict=verdict,
        as_good_as_other=as_good_as_other_content(low, high),
        more_needed=more_uses_needed(verdict, cells.n.astype(np.float64), low, high),
        alike=alike,
    )


def cell_verdicts(n: Codes, lift: Floats, above: Floats, below: Floats, leaning: Floats) -> Verdicts:
    """The words of cells; `leaning` is above 0 when the cell's own rows alone point to help, and without that no
    help is claimed, however good the asset is elsewhere."""
    enough = n >= _FEWEST_FOR_A_CLAIM
    found = np.full(len(n), NO_EVIDENCE, dtype="<U16")
    found[(below >= _LEANING) & (lift <= -_POINTS)] = WATCH
    found[(above >= _LEANING) & (lift >= _POINTS)] = PROMISING
    losing = longest_list(1 - below, enough & (leaning < 0) & (lift < 0), _LOSING_FALSE_IN_LIST)
    helping = longest_list(1 - above, enough & (leaning > 0) & (lift > 0), _FALSE_IN_LIST)
    found[losing] = GOES_WITH_LOSING
    found[helping] = PROVEN
    found[n < FEWEST_USES] = TOO_EARLY
    return found


def _resemblance(own: Floats, others: Floats, population: Floats) -> Floats:
    """(spreads,) the share of cells that are as the asset's other cells say, give or take each spread: the mean of
    what the cells make likely, for the most likely share is often all of them, which would leave no cell the right
    to differ."""
    by_population = own @ population
    heights = np.empty((len(_SPREADS), len(_ALIKE)))
    for place, spread in enumerate(_SPREADS):
        by_others = (own * _spread(others, spread)).sum(axis=1)
        for column, alike in enumerate(_ALIKE):
            mixed = alike * by_others + (1 - alike) * by_population
            heights[place, column] = np.log(np.maximum(mixed, 1e-300)).sum()
    weights = np.exp(heights - heights.max())
    shares: Floats = (weights * _ALIKE).sum(axis=1) / weights.sum()
    return shares


def _spread(chances: Floats, spread: float) -> Floats:
    if not spread:
        return chances
    moved: Floats = chances @ normal_weights(EFFECTS, spread)
    return moved
