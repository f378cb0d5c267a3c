"""What we take the time of a use for, and which uses are recalled: as truth tables, and by rules that always hold."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.usage.timing import days, recalled, time_of_use

ARRIVED = datetime(2027, 3, 10, 12, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1960, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone follows
DAYS = {"d": 1.0, "h": 1 / 24}


def after(text: str) -> datetime:
    """`-3d`: three days before the arrival."""
    return ARRIVED + timedelta(days=float(text[:-1]) * DAYS[text[-1]])


@pytest.mark.parametrize(
    ("said", "sent", "taken"),
    [
        ("-1h", None, "-1h"),
        ("-9d", None, "-9d"),  # queued while offline
        ("+2d", None, "0d"),  # nobody uses anything tomorrow
        ("+2d", "+2d", "0d"),  # a clock that is two days ahead, sent at once
        ("+1d", "+2d", "-1d"),  # the same clock: it happened a day before it was sent
        ("-6d", "-5d", "-1d"),  # a clock that is five days behind
        ("-1d", "0d", "-1d"),  # a clock that is right
        ("+3d", "+2d", "0d"),  # says that it happens after it is sent
        ("-20000d", None, "0d"),  # a clock that was never set
        ("-20000d", "-19999d", "-1d"),
    ],
)
def test_a_wrong_clock_is_put_right_as_far_as_can_be_known(said: str, sent: str | None, taken: str) -> None:
    assert time_of_use(after(said), sent=after(sent) if sent else None, arrived=ARRIVED) == after(taken)


@given(said=MOMENTS, sent=MOMENTS | st.none(), arrived=MOMENTS)
def test_no_use_is_taken_to_be_after_its_arrival(said: datetime, sent: datetime | None, arrived: datetime) -> None:
    assert time_of_use(said, sent=sent, arrived=arrived) <= arrived


@given(
    happened=MOMENTS.filter(lambda it: it.year > 2000),
    late=st.timedeltas(timedelta(), timedelta(days=300)),
    wrong=st.timedeltas(),
)
def test_a_device_that_tells_its_own_time_may_have_any_clock(
    happened: datetime, late: timedelta, wrong: timedelta
) -> None:
    """However wrong, the time of use is found from how long ago it was by the device's own clock."""
    arrived = happened + late
    try:
        said, sent = happened + wrong, arrived + wrong
    except OverflowError:
        return
    if abs(wrong) > timedelta(minutes=2):
        assert time_of_use(said, sent=sent, arrived=arrived) == happened


@pytest.mark.parametrize(
    ("used", "recorded", "named", "from_memory", "closed", "expected"),
    [
        # a deal that closed on day 100, of which only the day is known
        (99.5, 99.5, None, False, 100.0, False),
        (100.9, 100.9, None, False, 100.0, False),  # on that day
        (101.0, 101.0, None, False, 100.0, True),  # used after the close
        (99.5, 103.9, None, False, 100.0, False),  # queued offline over the week-end
        (99.5, 104.0, None, False, 100.0, True),  # too long after
        (99.5, 100.5, None, True, 100.0, False),
        (99.5, 101.0, None, True, 100.0, True),  # told when the outcome was known
        (99.5, 99.5, 101.0, False, 100.0, True),  # brought to the deal when the outcome was known
        (99.5, 99.5, 100.5, False, 100.0, False),
        (99.5, None, None, False, 100.0, False),  # a table that does not say when it was written down
        (100.6, None, None, False, 100.5, True),  # a close with a time
        (100.4, 103.4, None, False, 100.5, False),
        (100.4, 103.6, None, False, 100.5, True),
        (500.0, 500.0, 500.0, True, None, False),  # a deal that is open
    ],
)
def test_what_was_written_down_when_the_outcome_was_known_is_recalled(
    used: float, recorded: float | None, named: float | None, from_memory: bool, closed: float | None, expected: bool
) -> None:
    columns = [np.array([np.nan if it is None else it]) for it in (used, recorded, named, closed)]
    assert recalled(*columns[:3], np.array([from_memory]), columns[3]).tolist() == [expected]


def test_a_whole_day_is_a_whole_number() -> None:
    assert days(datetime(1970, 1, 3, tzinfo=UTC)) == 2.0
    assert days(datetime(1970, 1, 3, 6, tzinfo=UTC)) == 2.25
    assert np.isnan(days(None))
