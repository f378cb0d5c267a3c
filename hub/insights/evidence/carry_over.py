"""How much of an asset's effect in one stage is still felt in the later ones: one number for all assets."""

import numpy as np

from hub.insights.evidence.linear_algebra import Matrix, cholesky, likelihood_of_advancing, solve
from hub.insights.evidence.rows import Rows
from hub.insights.evidence.tables import Floats

_PRIOR_VARIANCE = 0.0625
_STEPS = 30
_FELT = 0.05  # less than this is taken as none


def carried_share(rows: Rows, columns: Matrix, precision: Floats, eta: Floats, effects: Floats) -> float:
    """0 to 1: the share of the earlier stages' effects by which a later stage is shifted, shrunk towards none.

    `eta` (rows,) log-odds with the assets of the row itself, `effects` (assets,) posterior means. The covariates have
    been fitted without what carries over and took up some of it: so only what they do not explain of the earlier
    effects is looked at (with it, half of a carry-over planted in simulated deals was missed).
    """
    expected = likelihood_of_advancing(eta)
    before = _effects_before(rows, rows.used @ effects)
    earlier = _unexplained(before, columns, precision, expected * (1 - expected))
    share, information = 0.0, 0.0
    for _ in range(_STEPS):
        expected = likelihood_of_advancing(eta + share * earlier)
        information = float((earlier**2 * expected * (1 - expected)).sum())
        if information < 1e-9:
            return 0.0
        step = float(earlier @ (rows.advanced - expected)) / information
        share += float(np.clip(step, -1, 1))
        if abs(step) < 1e-9:
            break
    shrunk = share * _PRIOR_VARIANCE / (_PRIOR_VARIANCE + 1 / information)
    return float(np.clip(shrunk, 0, 1)) if shrunk > _FELT else 0.0


def _unexplained(values: Floats, columns: Matrix, precision: Floats, weights: Floats) -> Floats:
    """(rows,) what is left of the values after a weighted regression on the columns."""
    curvature = (columns.T @ columns.multiply(weights[:, None])).toarray() + np.diag(precision)
    explained = columns @ solve(cholesky(curvature), columns.T @ (weights * values))
    rest: Floats = values - explained
    return rest


def _effects_before(rows: Rows, effect: Floats) -> Floats:
    """(rows,) the sum of the deal's effects in stages before the row's."""
    order = np.lexsort((rows.situations.stage, rows.situations.deal))
    deal = rows.situations.deal[order]
    total = np.cumsum(effect[order]) - effect[order]
    first = np.flatnonzero(np.diff(deal, prepend=-1))
    of_others = np.repeat(total[first], np.diff(np.append(first, len(deal))))
    before = np.empty(len(deal))
    before[order] = total - of_others
    return before
