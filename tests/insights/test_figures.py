"""The small sums behind reports: ranges, bands, adjusted close rates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.insights.bands import standing
from hub.insights.close_rates import close_rates
from hub.insights.evidence import NO_EVIDENCE, PROMISING, PROVEN, estimate
from hub.insights.ranges import middle_range, quartiles, share_range
from tests.factories.worlds import planted_world, with_deals

POINTS = st.floats(-60, 60)


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_range_of_a_share_holds_the_share(part: int, whole: int) -> None:
    part = min(part, whole)
    low, high = share_range(part, whole) or (2.0, -1.0)
    assert 0 <= low <= part / whole <= high <= 1
    assert high > low


def test_of_no_deals_there_is_no_share() -> None:
    assert share_range(0, 0) is None
    assert quartiles([]) is None


@given(st.lists(st.floats(0, 1_000), min_size=5, max_size=80))
def test_the_middle_lies_in_its_range(values: list[float]) -> None:
    low, high = middle_range(values) or (1.0, 0.0)
    first, middle, last = quartiles(values) or (1.0, 0.0, 0.0)
    assert low <= middle <= high
    assert first <= middle <= last


def test_the_range_of_a_middle_holds_the_true_one_as_often_as_it_says() -> None:
    chance = np.random.default_rng(4)
    held = 0
    for _ in range(400):
        low, high = middle_range(chance.exponential(10, 40).tolist()) or (0.0, 0.0)
        held += low <= 10 * np.log(2) <= high
    assert 0.86 <= held / 400 <= 1


@given(POINTS, POINTS, st.sampled_from([PROVEN, PROMISING, NO_EVIDENCE]))
def test_a_band_never_promises_more_than_the_lower_end(one: float, other: float, verdict: str) -> None:
    low, high = sorted((one, other))
    found = standing(verdict, low, high, {})
    assert 0 <= found.band <= 4
    assert (found.band > 0) == (low > 0 and verdict != NO_EVIDENCE)
    assert found.evidence == 0 or (found.evidence > 0) == (low > 0)
    assert abs(found.evidence) <= min(abs(low), abs(high)) + 0.25
    higher = standing(verdict, low + 1, high + 1, {})
    assert higher.band >= found.band


def test_what_is_proven_somewhere_is_said_with_the_place() -> None:
    assert standing(PROVEN, 2.5, 8, {"Proposal": 5.0, "Discovery": 1.0}).reason == "proven to help in Proposal"
    assert standing(PROVEN, 2.5, 8, {}).reason == "proven to help"
    assert standing(PROMISING, 9, 12, {}).band == 2
    assert standing(PROVEN, None, None, {}).band == 0


def test_a_source_of_small_deals_closes_less_often_once_that_is_taken_into_account() -> None:
    """Source 1 brings only deals of the segment that closes most often; in that segment it is like the others."""
    history = planted_world(7, deals=4_000, assets=20, helping=0).history
    deals = history.deals
    easy = deals.segment == 0
    chance = np.random.default_rng(1)
    source = np.where(easy & (chance.random(len(deals)) < 0.7), 1, 0)
    history = with_deals(history, source=source)
    rates = {one.source: one for one in close_rates(history, estimate(history))}
    crude = {place: one.won / one.closed for place, one in rates.items()}
    adjusted = {place: one.adjusted or 0.0 for place, one in rates.items()}
    assert crude[1] - crude[0] > 0.1
    assert adjusted[1] - adjusted[0] < 0.5 * (crude[1] - crude[0])
    assert sum(one.closed for one in rates.values()) == (deals.outcome >= 0).sum()


def test_few_deals_of_a_source_are_counted_and_not_adjusted() -> None:
    history = planted_world(7, deals=600, assets=5).history
    closed = np.flatnonzero(history.deals.outcome >= 0)
    source = np.zeros(len(history.deals), np.int64)
    source[closed[:5]] = 3
    source[closed[5:9]] = -1
    history = with_deals(history, source=source)
    rates = {one.source: one for one in close_rates(history, estimate(history))}
    assert rates[3].closed == 5
    assert rates[3].adjusted is None
    assert set(rates) == {0, 3}
    assert rates[0].adjusted == pytest.approx(rates[0].won / rates[0].closed, abs=0.05)
