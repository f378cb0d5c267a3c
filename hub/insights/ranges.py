"""Ranges of plain figures: how far off a share or a middle value of so many deals may be. All hold 90 %."""

from collections.abc import Sequence
from math import ceil, floor, sqrt
from statistics import quantiles

_Z = 1.6448536269514722  # of a normal distribution, 5 % lie above


def share_range(part: float, whole: float) -> tuple[float, float] | None:
    """Wilson's score interval of a share; None of nothing."""
    if whole <= 0:
        return None
    share, spread = part / whole, _Z**2 / whole
    middle = (share + spread / 2) / (1 + spread)
    width = _Z * sqrt(share * (1 - share) / whole + spread / (4 * whole)) / (1 + spread)
    return max(min(middle - width, share), 0.0), min(max(middle + width, share), 1.0)


def quartiles(values: Sequence[float]) -> tuple[float, float, float] | None:
    """A quarter lies below the first, half below the second, three quarters below the third; None of nothing."""
    if not values:
        return None
    if len(values) == 1:
        return (values[0],) * 3
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return low, middle, high


def middle_range(values: Sequence[float]) -> tuple[float, float] | None:
    """Where the true middle may lie, from the values' order alone; None of fewer than five."""
    many = len(values)
    if many < 5:
        return None
    ordered = sorted(values)
    away = _Z * sqrt(many) / 2
    first, last = floor(many / 2 - away), ceil(many / 2 + away)
    return ordered[max(first, 0)], ordered[min(last, many - 1)]
