"""How likely a deal passes the stages that are still before it: what turns a better stage into more wins.

A pass of the stage an asset was used in is worth the product of the predicted passes of all later stages.
"""

from dataclasses import dataclass

import numpy as np

from hub.insights.evidence.covariates import Design
from hub.insights.evidence.linear_algebra import Matrix, likelihood_of_advancing
from hub.insights.evidence.tables import Codes, Floats

_STEPS = 40


@dataclass(frozen=True)
class Passing:
    """A deal passes stage q with log-odds (its own covariates' part) + `level[q]`; infinite where no deal ever finished
    the stage, so that it stands in nobody's way."""

    coefficients: Floats
    level: Floats

    def of(self, columns: Matrix) -> Floats:
        """(rows, stages) log-odds of passing each stage; of the columns, those of the stage itself do not matter."""
        log_odds: Floats = (columns @ self.coefficients)[:, None] + self.level[None, :]
        return log_odds

    def later(self, columns: Matrix, stage: Codes) -> Floats:
        """(rows, stages) the same, infinite for stages that are not after the row's own."""
        after = np.arange(len(self.level))[None, :] > stage[:, None]
        return np.where(after, self.of(columns), np.inf)


def passing(design: Design, coefficients: Floats, columns: Matrix, stage: Codes, advanced: Floats) -> Passing:
    """The levels at which the predicted passes of each stage's rows add up to the observed ones."""
    deals_part = coefficients.copy()
    deals_part[design.of_the_stage] = 0.0
    eta = columns @ deals_part
    levels = [_level(eta[stage == one], advanced[stage == one]) for one in range(design.stages)]
    return Passing(deals_part, np.array(levels, dtype=np.float64))


def chance_of_winning(log_odds: Floats, stage: Codes) -> Floats:
    """(rows,) product of passing the row's stage and all after it; `log_odds` is (rows, stages)."""
    ahead = np.arange(log_odds.shape[1])[None, :] >= stage[:, None]
    chances: Floats = np.where(ahead, likelihood_of_advancing(log_odds), 1.0).prod(axis=1)
    return chances


def _level(eta: Floats, advanced: Floats) -> float:
    """One half of a deal each way keeps a stage that all or none passed finite."""
    if not len(eta):
        return float("inf")
    wanted = (advanced.sum() + 0.5) / (len(eta) + 1) * len(eta)
    level = 0.0
    for _ in range(_STEPS):
        expected = likelihood_of_advancing(eta + level)
        step = (wanted - expected.sum()) / max(float((expected * (1 - expected)).sum()), 1e-9)
        level += float(np.clip(step, -2, 2))
        if abs(step) < 1e-10:
            break
    return level
