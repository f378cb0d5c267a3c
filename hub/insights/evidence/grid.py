"""The effects an asset may have, in log-odds, as a fixed grid: finer near none, where most assets are.

What is spread over the line becomes weights on the grid so that a value between two points is shared by them; a spread
narrower than the grid's step loses nothing but its width.
"""

import numpy as np

from hub.insights.evidence.linear_algebra import normal_share_below
from hub.insights.evidence.tables import Floats

_LARGEST = 2.0
_CURVE = 3.0
POINTS = 81
EFFECTS: Floats = _LARGEST * np.sinh(_CURVE * np.linspace(-1, 1, POINTS)) / np.sinh(_CURVE)
NONE = POINTS // 2
EFFECTS[NONE] = 0.0
_PIECES = 400


def normal_weights(mean: Floats, spread: float) -> Floats:
    """(means, points): the weights of normal distributions; what lies beyond the grid counts at its ends."""
    above = _expected_below(EFFECTS[None, :] - mean[:, None], spread)
    slopes = np.diff(above, axis=1) / np.diff(EFFECTS)
    return np.diff(slopes, axis=1, prepend=0.0, append=1.0)


def half_normal_weights(scale: float, side: int) -> Floats:
    """(points,): a normal distribution around none of which one side is kept; `side` is 1 or -1."""
    middles = (np.arange(_PIECES) + 0.5) / _PIECES
    return spread_out(side * scale * _half_normal_quantiles(middles), np.full(_PIECES, 1 / _PIECES))


def spread_out(values: Floats, masses: Floats) -> Floats:
    """(points,): masses at any values, each shared by the two points around it."""
    values = values.clip(EFFECTS[0], EFFECTS[-1])
    left = (np.searchsorted(EFFECTS, values, side="right") - 1).clip(0, POINTS - 2)
    share = (values - EFFECTS[left]) / (EFFECTS[left + 1] - EFFECTS[left])
    weights = np.bincount(left, masses * (1 - share), minlength=POINTS).astype(np.float64)
    weights += np.bincount(left + 1, masses * share, minlength=POINTS)
    return weights


def quantiles(weights: Floats, share: float) -> Floats:
    """(rows,) effects below which `share` of each row of weights (rows, points) lies; masses are spread around their
    points."""
    middle = np.cumsum(weights, axis=1) - weights / 2
    right = (middle < share).sum(axis=1).clip(1, POINTS - 1)
    rows = np.arange(len(weights))
    low, high = middle[rows, right - 1], middle[rows, right]
    step = np.divide(share - low, high - low, out=np.zeros(len(rows)), where=high > low).clip(0, 1)
    found: Floats = EFFECTS[right - 1] + step * (EFFECTS[right] - EFFECTS[right - 1])
    return found


def at_effects(values: Floats, effects: Floats) -> Floats:
    """(rows,) each row's curve (rows, points) read at one effect."""
    right = np.searchsorted(EFFECTS, effects, side="right").clip(1, POINTS - 1)
    share = ((effects - EFFECTS[right - 1]) / (EFFECTS[right] - EFFECTS[right - 1])).clip(0, 1)
    rows = np.arange(len(values))
    read: Floats = values[rows, right - 1] * (1 - share) + values[rows, right] * share
    return read


def _expected_below(distance: Floats, spread: float) -> Floats:
    """E[max(distance - X, 0)] for X normal around 0."""
    ratio = distance / spread
    density = np.exp(-0.5 * ratio**2) / np.sqrt(2 * np.pi)
    expected: Floats = spread * (ratio * normal_share_below(ratio) + density)
    return expected


def _half_normal_quantiles(shares: Floats) -> Floats:
    """By interpolation in the distribution function."""
    values = np.linspace(0, 6, 6001)
    return np.interp(shares, 2 * normal_share_below(values) - 1, values)
