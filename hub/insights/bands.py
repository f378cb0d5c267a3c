"""What search is told of an asset's evidence: a band from 0 to 4, a number to sort by, and words. Pure.

Both are cut from the end of the range that is nearer to none, so that an asset with few deals and a lucky streak does
not go before one that is known to help; and in steps, so that a night does not change them for every asset.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.insights.evidence import PROMISING, PROVEN

_BANDS = (0.0, 1.0, 2.0, 4.0)  # points above which the lower end lies
_HIGHEST_UNPROVEN = 2
_STEP = 0.5


@dataclass(frozen=True)
class Standing:
    band: int = 0
    evidence: float = 0.0
    reason: str = ""


def standing(verdict: str, low: float | None, high: float | None, proven_in: Mapping[str, float]) -> Standing:
    """`low` and `high` are points of win probability; `proven_in` the stages with a proven lift, in points."""
    if low is None or high is None:
        return Standing()
    nearest = max(low, 0.0) or min(high, 0.0)
    rounded = round(nearest / _STEP) * _STEP + 0.0
    if verdict not in (PROVEN, PROMISING):
        return Standing(evidence=min(rounded, 0.0))
    band = sum(low > limit for limit in _BANDS)
    if verdict == PROMISING:
        return Standing(min(band, _HIGHEST_UNPROVEN), rounded, "promising")
    best = max(proven_in, key=lambda stage: proven_in[stage], default="")
    return Standing(band, rounded, f"proven to help in {best}" if best else "proven to help")
