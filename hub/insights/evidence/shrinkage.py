"""Shrinking all assets together, and letting the many that do nothing reveal the bias that is left.

The bias is one normal distribution for all assets (an empirical null); the prior of real effects is a point at none and
half-normals of several scales on both sides. Both are estimated from the assets themselves.
"""

from dataclasses import dataclass

import numpy as np

from hub.insights.evidence.grid import EFFECTS, NONE, POINTS, half_normal_weights, normal_weights
from hub.insights.evidence.tables import Floats

_SCALES = (0.1, 0.2, 0.3, 0.45, 0.65, 1.0)
_LARGE = 0.3  # a real effect that shows against the bias is at least of this scale
_MEANS = np.linspace(-0.2, 0.4, 31)
_SPREADS = (0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3)
_MEAN_IS_NEAR = 0.25
FEWEST_FOR_BIAS = 50
_WIDE, _SHARE_OF_WIDE = 0.4, 0.15


@dataclass(frozen=True)
class Bias:
    """What is added to every asset's effect, in log-odds; `spread` 0 when it was not estimated."""

    mean: float = 0.0
    spread: float = 0.0

    def removed(self, likelihoods: Floats, *, mean: float | None = None) -> Floats:
        """(assets, points): likelihoods of the real effect, the bias integrated out."""
        if not self.spread:
            return likelihoods
        shift = self.mean if mean is None else mean
        return likelihoods @ normal_weights(EFFECTS + shift, self.spread).T


@dataclass(frozen=True)
class Prior:
    """(points,) weights: `fitted` to the assets; `wide` has some of a normal distribution mixed in, for ranges."""

    fitted: Floats
    wide: Floats


def from_logs(logs: Floats) -> Floats:
    """Likelihoods scaled so that each row's largest is 1."""
    likelihoods: Floats = np.exp(logs - logs.max(axis=1, keepdims=True))
    return likelihoods


def posterior(likelihoods: Floats, prior: Floats) -> Floats:
    """(assets, points) probabilities."""
    joint = likelihoods * prior
    chances: Floats = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300)
    return chances


def fit_bias(likelihoods: Floats) -> Bias:
    """The bias of the given assets, as the mean of its own posterior on a grid; none when there are too few assets."""
    if len(likelihoods) < FEWEST_FOR_BIAS:
        return Bias()
    large = [half_normal_weights(scale, side) for scale in _SCALES if scale >= _LARGE for side in (1, -1)]
    real = np.stack([_point(), *large])
    heights = np.array([[_height(likelihoods, real, mean, spread) for spread in _SPREADS] for mean in _MEANS])
    weights = np.exp(heights - heights.max())
    weights /= weights.sum()
    return Bias(float((weights.sum(axis=1) * _MEANS).sum()), float((weights.sum(axis=0) * np.array(_SPREADS)).sum()))


def fit_prior(likelihoods: Floats) -> Prior:
    """From likelihoods of real effects (assets, points); without any asset all weight is on none."""
    parts = np.stack([_point(), *(half_normal_weights(scale, side) for scale in _SCALES for side in (1, -1))])
    fitted = _shares(likelihoods @ parts.T, rounds=300) @ parts
    wide = normal_weights(np.zeros(1), _WIDE)[0]
    return Prior(fitted, (1 - _SHARE_OF_WIDE) * fitted + _SHARE_OF_WIDE * wide)


def _point() -> Floats:
    point = np.zeros(POINTS)
    point[NONE] = 1.0
    return point


def _height(likelihoods: Floats, real: Floats, mean: float, spread: float) -> float:
    """Log marginal likelihood of a bias, at the best shares of the real effects."""
    seen = real @ normal_weights(EFFECTS + mean, spread)
    each = likelihoods @ seen.T
    shares = _shares(each, rounds=40)
    return float(np.log(np.maximum(each @ shares, 1e-300)).sum() - 0.5 * (mean / _MEAN_IS_NEAR) ** 2)


def _shares(each: Floats, *, rounds: int) -> Floats:
    """Mixture shares by EM, with one asset more that surely does nothing. `each` is (assets, parts)."""
    parts = each.shape[1]
    shares = np.full(parts, 0.5 / max(parts - 1, 1))
    shares[0] = 0.5
    for _ in range(rounds):
        joint = each * shares
        joint /= np.maximum(joint.sum(axis=1, keepdims=True), 1e-300)
        total = joint.sum(axis=0)
        total[0] += 1.0
        shares = total / total.sum()
    return shares
