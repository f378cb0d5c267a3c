"""The rules of time: what we take the time of a use for, and which uses are `recalled`. Pure.

Evidence compares won with lost deals, so it may only count what was written down the same way in both: not what
somebody remembers once they know how it ended. See docs/decisions/0027.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# What a program noted as it happened may come this much after the close: a week-end without a network.
GRACE_DAYS = 3.0
# A request takes seconds. A device whose clock differs by more has a clock that is wrong.
_TOLERANCE = timedelta(minutes=2)
# A clock that was never set says 1970; nothing was used from a hub before this.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_of_use(said: datetime, *, sent: datetime | None, arrived: datetime) -> datetime:
    """What we take the time of use for. The device's clock at sending tells by how much it is wrong; without it only
    what cannot be is put right: a use in the future, and one of a clock that was never set, happened on arrival."""
    taken = said
    if sent is not None and abs(arrived - sent) > _TOLERANCE:
        try:
            taken = said + (arrived - sent)
        except OverflowError:
            taken = arrived
    return arrived if taken > arrived or taken < _EARLIEST else taken


def recalled(used: Floats, recorded: Floats, named: Floats, from_memory: Flags, closed: Floats) -> Flags:
    """Which uses are recalled: made after the deal closed, written down more than `GRACE_DAYS` after it (at all after
    it, from memory), or brought to the deal by a person after it.

    All are days since 1970 and of one length. `closed` is NaN for a deal that has not closed, `recorded` where no
    source says when, `named` where nobody brought it to the deal afterwards.
    """
    return _is_after(used, closed) | _is_after(written(recorded, named, from_memory), closed)


def written(recorded: Floats, named: Floats, from_memory: Flags) -> Floats:
    """The day by which each use had been written down on its deal, the grace taken off; NaN where no source says."""
    taken_off: Floats = np.fmax(recorded - np.where(from_memory, 0.0, GRACE_DAYS), named)
    return taken_off


def days(moment: datetime | None) -> float:
    """Days since 1970, NaN for None; a whole number is a day without a time."""
    return float("nan") if moment is None else (moment - _EPOCH) / timedelta(days=1)


def _is_after(moments: Floats, limits: Floats) -> Flags:
    """Where the limit is a day, the moment must be after the whole of it. What is NaN is not after anything."""
    with np.errstate(invalid="ignore"):
        is_day = np.floor(limits) == limits
        after: Flags = np.where(is_day, np.floor(moments) > limits, moments > limits)
    return after
