"""What planning may hope for: how good good content is here, and how likely a new asset turns out good."""

from dataclasses import dataclass

import numpy as np

from hub.insights.evidence.model import Model, Sums
from hub.insights.evidence.shrinkage import from_logs, posterior
from hub.insights.evidence.tables import Floats
from hub.insights.evidence.verdicts import FEWEST_USES

_TARGET_AT_FIRST, _GOOD_AT_FIRST = 0.06, 0.15
_FEWEST = 10
_FEWEST_HELPING = 3
_GOOD, _ANY = 0.01, 0.0025
_HIGH = 0.8


@dataclass(frozen=True)
class Outlook:
    """`target` is the 80th percentile of the lifts of assets that help, each by its probability (share of one);
    `good_share` the share of assets expected to lift by more than a point. Both are usual values where there is too
    little to learn them from."""

    target: float
    good_share: float


def outlook_of(sums: Sums, model: Model) -> Outlook:
    used = sums.n >= FEWEST_USES
    if used.sum() < _FEWEST:
        return Outlook(_TARGET_AT_FIRST, _GOOD_AT_FIRST)
    curves = sums.wins[used] / sums.n[used][:, None]
    good = float(((curves > _GOOD) @ model.prior.fitted).mean())
    chances = posterior(model.bias.removed(from_logs(model.likelihoods(sums.logs))), model.prior.fitted)[used]
    return Outlook(_share_below(curves, np.where(curves > _ANY, chances, 0.0), _HIGH), good)


def _share_below(values: Floats, weights: Floats, share: float) -> float:
    """The weighted quantile; the usual target when hardly any asset can be expected to help."""
    if weights.sum() < _FEWEST_HELPING:
        return _TARGET_AT_FIRST
    order = np.argsort(values, axis=None)
    below = np.cumsum(weights.ravel()[order])
    return float(values.ravel()[order[np.searchsorted(below, share * below[-1])]])
