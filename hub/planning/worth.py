"""What a suggestion is worth: expected money of the next quarter, its range, and in which order suggestions stand.
Pure arithmetic; money is in units of one currency, lifts are shares of one. See docs/decisions/0040.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Protocol, TypeVar

ADOPTION = 0.3
REACH = 0.3
FIXED = 0.3
USUAL_GOOD_SHARE = 0.15
LITTLE = 0.01
EXPLORING = 0.1
CLUTTER_DAYS = 0.1


class SuggestionKind(StrEnum):
    WRITE = "write"
    PROMOTE = "promote"
    FIX = "fix"
    TEST = "test"
    RETIRE = "retire"


# Days of work of both teams together, until the asset is live or gone.
EFFORT = {
    SuggestionKind.WRITE: 4.0,
    SuggestionKind.PROMOTE: 0.5,
    SuggestionKind.FIX: 2.0,
    SuggestionKind.TEST: 0.5,
    SuggestionKind.RETIRE: 0.1,
}


@dataclass(frozen=True, slots=True)
class Lift:
    """What is known of one asset: mean lift, its 90 % range, P(lift > 0) and E[max(lift, 0)]."""

    mean: float
    low: float
    high: float
    above: float
    gain: float


@dataclass(frozen=True, slots=True)
class Worth:
    """Expected money with its range, and the probability that it helps at all, by which ties are decided."""

    value: float
    low: float
    high: float
    chance: float

    def __post_init__(self) -> None:
        # Mean and range come from two priors of the estimator, so a mean may lie just outside of its range.
        object.__setattr__(self, "low", min(self.low, self.value))
        object.__setattr__(self, "high", max(self.high, self.value))


def of_writing(gap: float, good_share: float) -> Worth:
    """A new asset is good or it is not: nothing, or the whole gap as far as it is taken up."""
    taken_up = gap * ADOPTION
    return Worth(taken_up * good_share, 0.0, taken_up, good_share)


def of_promoting(lift: Lift, deals: float, average: float) -> Worth:
    """`deals` are eligible open deals that do not use it yet, of `average` amount."""
    reached = deals * REACH * average
    return Worth(reached * lift.mean, reached * lift.low, reached * lift.high, lift.above)


def of_fixing(lift: Lift, uses: float, average: float, target: float) -> Worth:
    """`uses` a quarter of an asset that does little, raised to `target` in three of ten cases."""
    raised = uses * average * FIXED
    best, least = (max(target - bound, 0.0) for bound in (lift.low, lift.high))
    return Worth(raised * max(target - lift.mean, 0.0), raised * least, raised * best, 1.0 - lift.above)


def of_testing(lift: Lift, uses: float, eligible: float, average: float) -> Worth:
    """What it is worth to learn whether it helps, on the uses that it has and a tenth of what promotion would reach."""
    exposed = (uses + EXPLORING * REACH * eligible) * average
    known = max(lift.gain - max(lift.mean, 0.0), 0.0)
    return Worth(exposed * known, 0.0, exposed * max(lift.high, 0.0), lift.above)


def of_retiring(lift: Lift | None, uses: float, average: float, day: float) -> Worth:
    """What its uses cost, and what it costs to be found in vain; `day` is what a day of work brings elsewhere."""
    clutter = CLUTTER_DAYS * day
    if lift is None:
        return Worth(clutter, clutter, clutter, 0.0)
    exposed = uses * average
    harm, least, most = (exposed * max(-bound, 0.0) for bound in (lift.mean, lift.high, lift.low))
    return Worth(harm + clutter, least + clutter, most + clutter, lift.above)


def worth_of_a_day(lines: Iterable[tuple[SuggestionKind, Worth]]) -> float:
    """What the middle one of the suggestions brings for a day of work; 0 without any."""
    rates = [worth.value / EFFORT[kind] for kind, worth in lines if worth.value > 0]
    return median(rates) if rates else 0.0


class Line(Protocol):
    """A suggestion, as far as order goes; `key` is unique and decides when nothing else does."""

    @property
    def kind(self) -> SuggestionKind: ...
    @property
    def worth(self) -> Worth: ...
    @property
    def key(self) -> str: ...


AnyLine = TypeVar("AnyLine", bound=Line)


def best_first(lines: Iterable[AnyLine]) -> list[AnyLine]:
    """By money for a day of work, then by the chance to help; the same whatever order they come in."""
    return sorted(lines, key=lambda it: (-it.worth.value / EFFORT[it.kind], -it.worth.chance, it.key))
