"""The gap score: how much open money sits where no proven content is. Pure arithmetic on arrays, a place a cell.

A cell is a persona at a buyer-journey stage (in a segment, where somebody asks for it). The parts of the score stand
beside it, because a score that nobody can take apart convinces nobody. See docs/decisions/0039.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

USUAL_TARGET = 0.06
_PRIOR_DEMAND = 20.0
_SUPPLY_HALF = 3.0
_HEAD, _THIN = 0.7, 0.3
_LEAST_CHANCE = 0.02
_LEAST_NEED = 1e-9
_PASSES_PRIOR = 30.0
_PASSES_WEIGHT = 4.0
_LOWEST, _HIGHEST = 0.5, 2.0


@dataclass(frozen=True)
class Cells:
    """What is known of each cell, (cells,) each.

    `open_amount` is the open money, `chance` the mean chance to win it, weighed by money. `searches`, `zero_results`
    and `requests` are counts. `best_lift` is the highest mean lift (share of one) of current live assets, 0 where
    nothing is known; `current` how many of those there are. `finished` stages passed at the rate `observed` where
    `expected` was predicted.
    """

    open_amount: Floats
    chance: Floats
    searches: Floats
    zero_results: Floats
    requests: Floats
    best_lift: Floats
    current: Floats
    finished: Floats
    observed: Floats
    expected: Floats

    def __post_init__(self) -> None:
        for field in fields(self):
            values = np.asarray(getattr(self, field.name), dtype=np.float64)
            object.__setattr__(self, field.name, np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0))

    def __len__(self) -> int:
        return len(self.open_amount)


@dataclass(frozen=True)
class Gaps:
    """The score in currency and its parts, (cells,) each: `money` expected from the cell's open deals, `head` how far
    the best content is from good content (0 to 1), `thin` how little there is (0 to 1), and the two factors."""

    gap: Floats
    money: Floats
    head: Floats
    thin: Floats
    need: Floats
    passing: Floats


def gaps(cells: Cells, *, usual_need: float, target: float = USUAL_TARGET) -> Gaps:
    """`usual_need` is the workspace's (see `need_of_all`), `target` the lift of good content here, above 0."""
    money = np.maximum(cells.open_amount, 0.0) * np.clip(cells.chance, 0.0, 1.0)
    head = np.maximum(target - np.maximum(cells.best_lift, 0.0), 0.0) / target
    thin = 1.0 / (1.0 + np.maximum(cells.current, 0.0) / _SUPPLY_HALF)
    need = need_factors(cells, usual_need)
    passing = passing_factors(cells)
    at_stake = money * target / np.clip(cells.chance, _LEAST_CHANCE, 1.0)
    return Gaps(at_stake * (_HEAD * head + _THIN * thin) * need * passing, money, head, thin, need, passing)


def need_of_all(searches: float, zero_results: float, requests: float) -> float:
    """The workspace's own share of questions that found nothing; 0 where nobody asked."""
    asked = searches + requests
    return float(min((zero_results + requests) / asked, 1.0)) if asked > 0 else 0.0


def need_factors(cells: Cells, usual_need: float) -> Floats:
    """From .5 to 2: how much more often than usual people come away with nothing. 1 where nobody ever did."""
    if usual_need < _LEAST_NEED:
        return np.ones(len(cells))
    asked = cells.searches + cells.requests + _PRIOR_DEMAND
    need = (cells.zero_results + cells.requests + _PRIOR_DEMAND * usual_need) / asked
    factors: Floats = np.clip(need / usual_need, _LOWEST, _HIGHEST)
    return factors


def passing_factors(cells: Cells) -> Floats:
    """From .5 to 2: higher where fewer deals pass the stage than deals like them should. It explains, no more."""
    worse = (cells.observed - cells.expected) * cells.finished / (cells.finished + _PASSES_PRIOR)
    factors: Floats = np.clip(1.0 - _PASSES_WEIGHT * worse, _LOWEST, _HIGHEST)
    return factors
