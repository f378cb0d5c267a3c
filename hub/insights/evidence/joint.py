"""The two fits: deals without assets (the baseline), then all assets beside it at once.

The second gives each asset what the outcomes say about it with everything else integrated out: where its likelihood
peaks and how much of its own rows' information remains after what it shares with other assets and covariates.
"""

from dataclasses import dataclass

import numpy as np

from hub.insights.evidence.covariates import Design
from hub.insights.evidence.linear_algebra import Matrix, inverse_diagonal, likelihood_of_advancing, side_by_side
from hub.insights.evidence.logit import Block, Mapper, blocks_of, factor_at, linear_predictor, most_likely
from hub.insights.evidence.rows import Rows
from hub.insights.evidence.tables import Codes, Floats

FEWEST_ROWS = 15  # an asset with fewer has no column of its own
_OWNERS_AT_FIRST = 10.0
_ASSETS_AT_FIRST = 16.0
_ROUNDS = 2
_PRECISION = (1.0, 1e4)


@dataclass(frozen=True)
class Baseline:
    """`coefficients` (design.width,), `owners` the learnt precision, `eta` (rows,) without any asset."""

    coefficients: Floats
    owners: float
    eta: Floats


@dataclass(frozen=True)
class Joint:
    """`eta` (rows,) with all assets; per asset (assets,): the `effect` at the mode, and `kept`, the share of its
    information that is its own; `precision` is that of the prior of the effects."""

    coefficients: Floats
    eta: Floats
    effect: Floats
    kept: Floats
    precision: float


def fit_baseline(design: Design, columns: Matrix, advanced: Floats, start: Floats | None, run: Mapper) -> Baseline:
    blocks = blocks_of(columns, advanced)
    owners, here = _OWNERS_AT_FIRST, np.zeros(design.width) if start is None else start
    factor = factor_at(blocks, design.precision(owners), here, run)
    for _ in range(_ROUNDS):
        here = most_likely(blocks, design.precision(owners), here, factor, run)
        factor = factor_at(blocks, design.precision(owners), here, run)
        variances = inverse_diagonal(factor.copy(order="F"))
        owners = _precision(here[design.owners], variances[design.owners])
    here = most_likely(blocks, design.precision(owners), here, factor, run)
    return Baseline(here, owners, linear_predictor(blocks, here))


def fit_joint(
    design: Design, columns: Matrix, rows: Rows, baseline: Baseline, start: Floats | None, run: Mapper
) -> Joint:
    """`start` holds an effect per asset to begin at."""
    uses = np.bincount(rows.used.indices, minlength=rows.used.shape[1])
    chosen = np.flatnonzero(uses >= FEWEST_ROWS)
    blocks = blocks_of(side_by_side(columns, rows.used[:, chosen]), rows.advanced)
    known = design.precision(baseline.owners)
    here = np.concatenate([baseline.coefficients, np.zeros(len(chosen)) if start is None else start[chosen]])
    precision, factor = _ASSETS_AT_FIRST, None
    for _ in range(_ROUNDS):
        prior = np.concatenate([known, np.full(len(chosen), precision)])
        factor = factor_at(blocks, prior, here, run) if factor is None else factor
        here = most_likely(blocks, prior, here, factor, run)
        factor = factor_at(blocks, prior, here, run)
        variances = inverse_diagonal(factor.copy(order="F"))[design.width :]
        used_precision = precision
        precision = _precision(here[design.width :], variances)
    return _summary(design, blocks, here, variances, used_precision, rows, chosen)


def _summary(
    design: Design, blocks: list[Block], here: Floats, variances: Floats, precision: float, rows: Rows, chosen: Codes
) -> Joint:
    many = rows.used.shape[1]
    eta = linear_predictor(blocks, here)
    expected = likelihood_of_advancing(eta)
    alone = rows.used.T @ (expected * (1 - expected))
    uses = np.bincount(rows.used.indices, minlength=many)
    effect, kept = np.zeros(many), np.ones(many)
    effect[chosen] = here[design.width :]
    kept[chosen] = ((1 / variances - precision) / alone[chosen]).clip(0.05, 1)
    few = np.ones(many, bool)
    few[chosen] = False
    # Without a column of its own, what the rows of an asset say is also said of all that was used beside it.
    usual = np.median(kept[chosen]) if len(chosen) else 1.0
    kept[few] = usual * uses[few] / FEWEST_ROWS
    return Joint(here[: design.width], eta, effect, kept, precision)


def _precision(effects: Floats, variances: Floats) -> float:
    if not len(effects):
        return _PRECISION[1]
    return float(np.clip(1 / np.mean(effects**2 + variances), *_PRECISION))
