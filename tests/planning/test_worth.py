"""What suggestions are worth, and the order in which they stand."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.planning import worth
from hub.planning.worth import EFFORT, Lift, SuggestionKind, Worth

_MONEY = st.floats(0, 1e9)
_MANY = st.integers(0, 10_000)


@st.composite
def lifts(draw: st.DrawFn) -> Lift:
    low, mean, high = sorted(draw(st.tuples(*[st.floats(-0.5, 0.5)] * 3)))
    return Lift(mean, low, high, draw(st.floats(0, 1)), max(mean, 0.0) + draw(st.floats(0, 0.1)))


HELPS = Lift(0.05, 0.02, 0.08, 0.99, 0.05)
UNSURE = Lift(0.0, -0.06, 0.06, 0.5, 0.015)


@dataclass(frozen=True)
class Line:
    kind: SuggestionKind
    worth: Worth
    key: str


def test_writing_is_worth_a_share_of_the_gap() -> None:
    found = worth.of_writing(100_000, 0.15)
    assert (found.low, found.value, found.high) == pytest.approx((0, 4_500, 30_000))


def test_promoting_is_worth_the_lift_on_the_deals_that_are_reached() -> None:
    found = worth.of_promoting(HELPS, 40, 10_000)
    assert (found.low, found.value, found.high) == pytest.approx((2_400, 6_000, 9_600))


def test_fixing_is_worth_what_is_missing_to_good_content_on_its_uses() -> None:
    weak = Lift(-0.01, -0.03, 0.005, 0.3, 0.0)
    found = worth.of_fixing(weak, 50, 10_000, 0.06)
    assert (found.low, found.value, found.high) == pytest.approx((8_250, 10_500, 13_500))
    assert worth.of_fixing(Lift(0.09, 0.07, 0.1, 1, 0.09), 50, 10_000, 0.06).value == 0


def test_testing_is_worth_what_knowing_would_gain() -> None:
    assert worth.of_testing(UNSURE, 10, 0, 10_000).value == pytest.approx(1_500)
    assert worth.of_testing(HELPS, 10, 0, 10_000).value == 0, "what is known already needs no test"
    assert worth.of_testing(UNSURE, 10, 100, 10_000).value == pytest.approx(1_950)


def test_retiring_is_worth_the_harm_and_the_clutter() -> None:
    losing = Lift(-0.04, -0.08, -0.01, 0.02, 0.0)
    assert worth.of_retiring(losing, 20, 10_000, 500).value == pytest.approx(8_050)
    assert worth.of_retiring(None, 0, 10_000, 500).value == pytest.approx(50)


def test_a_day_is_worth_what_the_middle_suggestion_brings() -> None:
    worths = [Worth(value, 0, value, 0.5) for value in (100, 400, 10_000)]
    assert worth.worth_of_a_day([(SuggestionKind.PROMOTE, it) for it in worths]) == pytest.approx(800)
    assert worth.worth_of_a_day([]) == 0


def test_the_best_money_for_a_day_stands_first_and_chance_decides_ties() -> None:
    lines = [
        Line(SuggestionKind.WRITE, Worth(4_000, 0, 0, 0.15), "write"),
        Line(SuggestionKind.PROMOTE, Worth(1_000, 0, 0, 0.9), "promote"),
        Line(SuggestionKind.TEST, Worth(500, 0, 0, 0.4), "test"),
    ]
    assert [line.key for line in worth.best_first(lines)] == ["promote", "test", "write"]


@given(st.lists(st.tuples(st.sampled_from(SuggestionKind), st.integers(0, 5), st.integers(0, 2)), max_size=12))
def test_the_order_does_not_hang_on_how_lines_come(made: list[tuple[SuggestionKind, int, int]]) -> None:
    lines = [
        Line(kind, Worth(value * EFFORT[kind], 0, 0, chance / 2), f"{kind}-{place}")
        for place, (kind, value, chance) in enumerate(made)
    ]
    assert worth.best_first(lines) == worth.best_first(reversed(lines))


@given(lifts(), _MANY, _MANY, _MONEY, st.floats(0.01, 0.2))
def test_every_value_lies_in_its_range_and_grows_with_the_amounts(
    lift: Lift, uses: int, deals: int, average: float, target: float
) -> None:
    def all_of(money: float) -> list[Worth]:
        return [
            worth.of_writing(money, 0.15),
            worth.of_promoting(lift, deals, money),
            worth.of_fixing(lift, uses, money, target),
            worth.of_testing(lift, uses, deals, money),
            worth.of_retiring(lift, uses, money, money),
        ]

    for once, tenfold in zip(all_of(average), all_of(average * 10), strict=True):
        assert once.low <= once.value <= once.high
        assert tenfold.value == pytest.approx(once.value * 10)
        assert (tenfold.low, tenfold.high) == pytest.approx((once.low * 10, once.high * 10))
