"""From sums to what is said of each asset: lift, range, probabilities, verdict. Lifts are shares of one (0.05 = 5
points)."""

from dataclasses import dataclass

import numpy as np

from hub.insights.evidence.grid import EFFECTS, NONE, at_effects, quantiles
from hub.insights.evidence.model import Model, Sums
from hub.insights.evidence.shrinkage import FEWEST_FOR_BIAS, from_logs, posterior
from hub.insights.evidence.tables import Codes, Flags, Floats
from hub.insights.evidence.verdicts import Claims, Verdicts, as_good_as_other_content, more_uses_needed, verdicts

_LOW, _HIGH = 0.05, 0.95
_ENOUGH_ROWS = 20
_MOST_OF_ONE_REP, _FEWEST_REPS = 0.6, 3


@dataclass(frozen=True)
class Findings:
    """One place an asset, (assets,) each.

    `n` finished stages with a use, `advanced` of them, in `deals` deals of `reps` owners. `lift` in win probability
    with its 90 % range `low` to `high`; `crude_lift` is the plain difference in win rate of finished deals with and
    without the asset, to be shown beside it. `observed` and `expected` are shares of the stages passed.
    `extra_money` is the expected money its uses added, with its range. `above` and `below` are the probabilities of
    a lift above and below none; `kept` is the share of its information that no other column shares; `gain` is
    E[max(lift, 0)]."""

    n: Codes
    advanced: Codes
    lost: Codes
    deals: Codes
    reps: Codes
    lift: Floats
    low: Floats
    high: Floats
    above: Floats
    below: Floats
    gain: Floats
    effect: Floats
    observed: Floats
    expected: Floats
    crude_lift: Floats
    extra_money: Floats
    extra_money_low: Floats
    extra_money_high: Floats
    kept: Floats
    verdict: Verdicts
    as_good_as_other: Flags
    more_needed: Codes
    mostly_one_rep: Flags
    e_value: Floats


def findings(sums: Sums, model: Model, crude_lift: Floats) -> Findings:
    """What the sums say under a model."""
    n = sums.n
    each = np.maximum(n, 1)
    raw = from_logs(model.likelihoods(sums.logs))
    chances = posterior(model.bias.removed(raw), model.prior.fitted)
    wide = posterior(model.bias.removed(raw), model.prior.wide)
    curve = sums.wins / each[:, None]
    lift = (chances * curve).sum(axis=1)
    lowest, highest = quantiles(wide, _LOW), quantiles(wide, _HIGH)
    low, high = at_effects(curve, lowest), at_effects(curve, highest)
    above, below = chances[:, NONE + 1 :].sum(axis=1), chances[:, :NONE].sum(axis=1)
    reps, largest_share = _owners(sums)
    claims = Claims(n, sums.advanced, reps, lift, above, below, _not_helping(raw, model), _not_hurting(raw, model))
    verdict = verdicts(claims, small_world=int((n >= _ENOUGH_ROWS).sum()) < FEWEST_FOR_BIAS)
    expected = sums.expected / each
    return Findings(
        n=n.astype(np.int64),
        advanced=sums.advanced.astype(np.int64),
        lost=(n - sums.advanced).astype(np.int64),
        deals=sums.deals.astype(np.int64),
        reps=reps.astype(np.int64),
        lift=lift,
        low=low,
        high=high,
        above=above,
        below=below,
        gain=(chances * np.maximum(curve, 0)).sum(axis=1),
        effect=chances @ EFFECTS,
        observed=sums.advanced / each,
        expected=expected,
        crude_lift=crude_lift,
        extra_money=(chances * sums.money).sum(axis=1),
        extra_money_low=at_effects(sums.money, lowest),
        extra_money_high=at_effects(sums.money, highest),
        kept=model.kept,
        verdict=verdict,
        as_good_as_other=as_good_as_other_content(low, high),
        more_needed=more_uses_needed(verdict, n, low, high),
        mostly_one_rep=(n > 0) & ((reps < _FEWEST_REPS) | (largest_share > _MOST_OF_ONE_REP)),
        e_value=e_values(sums.anyway / each, lift),
    )


def e_values(chance: Floats, lift: Floats) -> Floats:
    """How many times as likely a hidden factor would have to make both use and winning, to explain the lift alone,
    where `chance` is that of winning without it (VanderWeele & Ding 2017); 1 when there is nothing to explain."""
    before = chance.clip(0.01, 1)
    after = (before + lift).clip(0.01, 1)
    ratio = np.maximum(after / before, before / after)
    values: Floats = ratio + np.sqrt(ratio * (ratio - 1))
    return values


def _not_helping(raw: Floats, model: Model) -> Floats:
    """P(lift <= 0), where a bias against assets is not corrected in their favour."""
    real = model.bias.removed(raw, mean=max(model.bias.mean, 0.0))
    shares: Floats = posterior(real, model.prior.fitted)[:, : NONE + 1].sum(axis=1)
    return shares


def _not_hurting(raw: Floats, model: Model) -> Floats:
    real = model.bias.removed(raw, mean=min(model.bias.mean, 0.0))
    shares: Floats = posterior(real, model.prior.fitted)[:, NONE:].sum(axis=1)
    return shares


def _owners(sums: Sums) -> tuple[Floats, Floats]:
    """Distinct known owners of each asset's rows, and the largest share of one (unknown owners count as nobody)."""
    known = sums.by_owner[:, 1:].tocsr()
    many = np.diff(known.indptr).astype(np.float64)
    most = known.max(axis=1).toarray().ravel() if known.shape[1] else np.zeros(known.shape[0])
    return many, most / np.maximum(sums.n, 1)
