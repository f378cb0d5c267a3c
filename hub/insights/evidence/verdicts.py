"""The words shown for what is known of an asset. A claim is one of a list whose share of false ones is bounded."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hub.insights.evidence.tables import Codes, Flags, Floats

PROVEN, PROMISING, NO_EVIDENCE = "proven", "promising", "no_evidence"
WATCH, GOES_WITH_LOSING, TOO_EARLY = "watch", "goes_with_losing", "too_early"
Verdicts = NDArray[np.str_]

FEWEST_USES = 8
_USES, _EACH_WAY, _REPS = 20, 3, 3
_FALSE_IN_LIST, _FALSE_IN_SMALL_WORLD, _FALSE_EACH = 0.10, 0.05, 0.15
_LOSING_FALSE_IN_LIST = 0.05
_LEANING, _POINTS = 0.60, 0.005
_ALIKE = 0.03


@dataclass(frozen=True)
class Claims:
    """What a verdict is decided by, (assets,) each: counts of finished stages, lift in shares of one,
    probabilities.

    `not_helping` and `not_hurting` are probabilities that a claim would be false, with no profit from the
    correction for bias; `above` and `below` are those of a lift above and below none."""

    n: Floats
    advanced: Floats
    reps: Floats
    lift: Floats
    above: Floats
    below: Floats
    not_helping: Floats
    not_hurting: Floats


def verdicts(claims: Claims, *, small_world: bool) -> Verdicts:
    """One of six words an asset; `small_world` is one with too few assets to see the bias."""
    level = _FALSE_IN_SMALL_WORLD if small_world else _FALSE_IN_LIST
    lost = claims.n - claims.advanced
    enough = (claims.n >= _USES) & (claims.advanced >= _EACH_WAY) & (lost >= _EACH_WAY) & (claims.reps >= _REPS)
    known = claims.n >= FEWEST_USES
    found = np.full(len(claims.n), NO_EVIDENCE, dtype="<U16")
    found[known & (claims.below >= _LEANING) & (claims.lift <= -_POINTS)] = WATCH
    found[known & (claims.above >= _LEANING) & (claims.lift >= _POINTS)] = PROMISING
    found[longest_list(claims.not_hurting, enough & (claims.lift < 0), _LOSING_FALSE_IN_LIST)] = GOES_WITH_LOSING
    found[longest_list(claims.not_helping, enough & (claims.lift > 0), level)] = PROVEN
    found[~known] = TOO_EARLY
    return found


def longest_list(false: Floats, eligible: Flags, level: float, *, each: float = _FALSE_EACH) -> Flags:
    """The most eligible ones whose average probability to be false is at most `level`, and nobody's above `each`."""
    chosen = np.zeros(len(false), bool)
    order = np.flatnonzero(eligible & (false <= each))
    order = order[np.argsort(false[order], kind="stable")]
    averages = np.cumsum(false[order]) / np.arange(1, len(order) + 1)
    chosen[order[: int((averages <= level).sum())]] = True
    return chosen


def as_good_as_other_content(low: Floats, high: Floats) -> Flags:
    """The whole range lies so near to none that the difference would not matter."""
    alike: Flags = (low >= -_ALIKE) & (high <= _ALIKE)
    return alike


def more_uses_needed(verdict: Verdicts, n: Floats, low: Floats, high: Floats) -> Codes:
    """Finished uses still missing: to leave `too_early`, or until the range of one without evidence would be narrow
    enough to call it as good as other content; 0 for all others."""
    early = np.maximum(FEWEST_USES - n, 0)
    wide = ((high - low) / (2 * _ALIKE)).clip(1, 30)
    narrow = np.ceil(n * (wide**2 - 1))
    needed: Codes = np.select([verdict == TOO_EARLY, verdict == NO_EVIDENCE], [early, narrow], 0).astype(np.int64)
    return needed
