"""The stage of a use is the one that the deals room names for the same moment or day."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.db import Database
from hub.deals import reading
from hub.deals.history import current_entries
from hub.deals.lines import is_day
from hub.usage.stages import stage_at
from tests.factories.deals import make_deal
from tests.factories.taxonomy import make_term
from tests.factories.uses import day, enter

START = day("2025-01-01")


def entry(stage: int, entered: datetime, left: datetime | None) -> dict[str, object]:
    return {"stage_id": stage, "entered_at": entered, "left_at": left}


@pytest.mark.parametrize(
    ("moment", "stage"),
    [
        ("2024-12-31", None),
        ("2025-01-01", 1),
        ("2025-01-09T18:00", 1),
        ("2025-01-10T08:00", 1),
        ("2025-01-10T12:00", 2),
        ("2025-01-10", 2),  # a day belongs to the stage that was entered last on it
        ("2025-01-20T23:00", 2),
        ("2025-01-21", None),  # the deal had left
    ],
)
def test_a_use_belongs_to_the_stage_of_its_moment(moment: str, stage: int | None) -> None:
    entries = [
        entry(1, day("2025-01-01"), day("2025-01-10T10:00")),
        entry(2, day("2025-01-10T10:00"), day("2025-01-20")),
    ]
    assert stage_at(entries, day(moment)) == stage


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    stays=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 20 * 4), st.none() | st.integers(0, 10 * 4)), max_size=5,
        unique_by=lambda it: it[:2],
    ),
    asked=st.lists(st.integers(-8, 130), min_size=1, max_size=20),
)  # fmt: skip
def test_the_deals_room_says_the_same(
    sqlite_database: Database, stays: list[tuple[int, int, int | None]], asked: list[int]
) -> None:
    """Steps of six hours, so that some moments are days."""
    step = timedelta(hours=6)
    with sqlite_database.transaction() as session:
        terms = [make_term(session, "deal_stages", name) for name in ("one", "two", "three")]
        deal = make_deal(session, "D1", created="2020-01-01")
        for stage, begin, length in stays:
            entered = START + begin * step
            enter(session, deal, terms[stage], entered, entered + length * step if length is not None else None)
        entries = list(current_entries(session, [deal.id or 0])[deal.id or 0].values())
        for moment in (START + number * step for number in asked):
            find = reading.stage_on if is_day(moment) else reading.stage_at
            found = find(session, deal, moment.date() if is_day(moment) else moment)  # type: ignore[operator]
            assert stage_at(entries, moment) == (found.stage_id if found else None)
        session.rollback()
