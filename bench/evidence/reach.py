"""The figures to reach, each with its rule, over the scores of many worlds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from bench.evidence.scores import Claimed, Score

_CONFOUNDED = ("base", "bundles", "hidden", "rep_fav", "carry")
_RANKED = ("base", "bundles", "hidden", "rep_fav")
_LARGE = (*_CONFOUNDED, "hidden_mild")


@dataclass(frozen=True)
class Reached:
    """`reached` is None where no world of the kind was given."""

    figure: str
    rule: str
    value: float
    reached: bool | None


def figures(scores: Sequence[Score]) -> list[Reached]:
    """All figures of worlds of the ordinary size; small worlds count for coverage and claims only."""
    return [
        _figure("covered, all used assets, pooled", ".86 to .95", _pooled(scores, "covered"), 0.86, 0.95),
        _figure("covered, worst seed", ">= .80", _least(scores, "covered"), 0.80),
        _figure("covered, 50 best, other scenarios", ">= .80", _top_cover(scores, False), 0.80),
        _figure("covered, 50 best, bundles and carry", ">= .65", _top_cover(scores, True), 0.65),
        _figure("proven but false, pooled", "<= .10", _false(scores, "proven", _CONFOUNDED), None, 0.10),
        _figure("proven but false, worst scenario", "<= .18", _worst(scores, "proven", _CONFOUNDED), None, 0.18),
        _figure("claims per world of nulls", "<= 1/6", _null_claims(scores), None, 1 / 6),
        _figure("proven per base world", ">= 4", _mean(scores, ("base",), lambda one: one.proven.made), 4),
        _figure("share of helpful with n >= 100 proven, base", ">= .18", _by(scores, ("base",), "power"), 0.18),
        *_ranking(scores),
        _figure("rank correlation, n >= 30", ">= .36", _by(scores, _LARGE, "rank_correlation"), 0.36),
        _figure(
            "error, n >= 30, points",
            "<= 2.0",
            _by(scores, ("base", "bundles", "hidden", "hidden_mild", "rep_fav"), "error_points"),
            None,
            2.0,
        ),
        _figure("error, n >= 30, carry, points", "<= 3.0", _by(scores, ("carry",), "error_points"), None, 3.0),
        _figure("cells claimed but false, pooled", "<= .12", _false(scores, "cells", _LARGE), None, 0.12),
        _figure("cells claimed but false, worst scenario", "<= .25", _worst(scores, "cells", _LARGE), None, 0.25),
        _figure("promising truly helpful, pooled", ">= .50", 1 - _false(scores, "promising", _LARGE), 0.50),
    ]


def _ranking(scores: Sequence[Score]) -> list[Reached]:
    ours, crude, influenced = (_by(scores, _RANKED, name) for name in ("top_10", "top_10_crude", "top_10_influenced"))
    value, value_crude = (_by(scores, _RANKED, name) for name in ("value_20", "value_20_crude"))
    return [
        _figure("truly helpful in the top 10", ">= .75", ours, 0.75),
        _figure("the same, times the win-rate difference", ">= 3", ours / max(crude, 1e-9), 3),
        _figure("the same, times influenced revenue", ">= 3", ours / max(influenced, 1e-9), 3),
        _figure("value in the top 20", ">= .40", value, 0.40),
        _figure("the same, times the win-rate difference", ">= 3", value / max(value_crude, 1e-9), 3),
    ]


def _figure(name: str, rule: str, value: float, least: float | None = None, most: float | None = None) -> Reached:
    if np.isnan(value):
        return Reached(name, rule, value, None)
    return Reached(name, rule, value, (least is None or value >= least) and (most is None or value <= most))


def _chosen(scores: Sequence[Score], scenarios: Sequence[str]) -> list[Score]:
    return [one for one in scores if kind(one) in scenarios]


def kind(one: Score) -> str:
    """A world of strong hidden quality counts as hidden, whatever its export is called."""
    return "hidden" if one.scenario == "hidden_strong" else one.scenario


def _mean(scores: Sequence[Score], scenarios: Sequence[str], of: Callable[[Score], float]) -> float:
    values = [of(one) for one in _chosen(scores, scenarios)]
    return float(np.nanmean(values)) if values else float("nan")


def _by(scores: Sequence[Score], scenarios: Sequence[str], name: str) -> float:
    return _mean(scores, scenarios, lambda one: getattr(one, name))


def _pooled(scores: Sequence[Score], name: str) -> float:
    return _by(scores, _LARGE, name)


def _least(scores: Sequence[Score], name: str) -> float:
    return min((getattr(one, name) for one in _chosen(scores, (*_LARGE, "small"))), default=float("nan"))


def _top_cover(scores: Sequence[Score], hard: bool) -> float:
    """The worst scenario's mean."""
    scenarios = [name for name in _LARGE if (name in ("bundles", "carry")) == hard]
    return min(
        (_by(scores, (name,), "covered_at_top") for name in scenarios if _chosen(scores, (name,))), default=float("nan")
    )


def _false(scores: Sequence[Score], name: str, scenarios: Sequence[str]) -> float:
    claims = [getattr(one, name) for one in _chosen(scores, scenarios)]
    return reduce(add, claims, Claimed(0, 0)).share if claims else float("nan")


def _worst(scores: Sequence[Score], name: str, scenarios: Sequence[str]) -> float:
    return max((_false(scores, name, (one,)) for one in scenarios if _chosen(scores, (one,))), default=float("nan"))


def _null_claims(scores: Sequence[Score]) -> float:
    return _mean(scores, ("null",), lambda one: one.proven.made + one.losing.made)
