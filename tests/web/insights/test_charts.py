"""The arithmetic of charts, for every input: marks inside the frame, round ticks in order around the data."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.web.insights import charts
from hub.web.insights.charts import Estimate, Point, RangeRow

numbers = st.floats(-1e6, 1e6, allow_nan=False)
maybe = st.none() | numbers
estimates = st.tuples(numbers, numbers, numbers).map(lambda it: Estimate(it[0], min(it), max(it), "proven"))
rows = st.lists(st.tuples(st.text(max_size=80), st.lists(estimates, max_size=2)), max_size=12).map(
    lambda found: [RangeRow(label, estimates=tuple(known)) for label, known in found]
)


@given(st.lists(maybe, max_size=30), st.integers(2, 9), st.booleans())
def test_ticks_are_in_order_few_and_enclose_the_data(values: list[float | None], most: int, whole: bool) -> None:
    found = charts.scale(values, 10, 500, most=most, whole=whole)
    ticks = [tick.value for tick in found.ticks]
    assert ticks == sorted(set(ticks))
    assert 2 <= len(ticks) <= most + 3
    assert all(found.holds(value) for value in values if value is not None)
    assert [tick.at for tick in found.ticks] == sorted(tick.at for tick in found.ticks)
    assert (found.ticks[0].at, found.ticks[-1].at) == (10, 500)
    if whole:
        assert all(value == int(value) for value in ticks)


@given(st.lists(numbers, min_size=1, max_size=20), numbers)
def test_every_place_lies_on_the_scale_and_keeps_the_order(values: list[float], outside: float) -> None:
    found = charts.scale(values, 0, 100)
    places = [found.at(value) for value in sorted([*values, outside])]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)


def test_steps_are_round() -> None:
    assert [tick.value for tick in charts.scale([0, 9.3], 0, 1).ticks] == [0, 2, 4, 6, 8, 10]
    assert [tick.value for tick in charts.scale([-6, 12], 0, 1).ticks] == [-10, -5, 0, 5, 10, 15]
    assert [tick.value for tick in charts.scale([0.012, 0.047], 0, 1, most=4).ticks] == [0.01, 0.02, 0.03, 0.04, 0.05]
    assert charts.scale([0.012, 0.047], 0, 1, most=4).decimals == 2
    assert [tick.value for tick in charts.scale([], 0, 1, most=2).ticks] == [0, 0.5, 1]


@pytest.mark.parametrize("value", [0.0, 3.0, -7.5, 1e6])
def test_a_single_value_has_room_on_both_sides(value: float) -> None:
    found = charts.scale([value], 0, 100)
    assert 0 < found.at(value) < 100


@given(st.lists(st.sampled_from([math.inf, -math.inf, math.nan, 4.0]), max_size=5))
def test_what_is_no_number_is_passed_over(values: list[float]) -> None:
    assert all(math.isfinite(tick.value) for tick in charts.scale(values, 0, 100).ticks)


@given(rows, st.sampled_from([5.0, 30.0, math.inf]))
def test_every_mark_of_a_forest_lies_inside_its_frame(found: list[RangeRow], widest: float) -> None:
    drawn = charts.forest(found, widest=widest)
    start, end = drawn.scale.start, drawn.scale.end
    assert 0 < start < end < drawn.width
    for row, given_row in zip(drawn.rows, found, strict=True):
        assert drawn.top < row.y < drawn.bottom < drawn.height
        assert len(row.label) <= 42
        for one, estimate in zip(row.marks, given_row.estimates, strict=True):
            assert start <= one.low <= one.at <= one.high <= end
            assert one.cut_high == (estimate.high > drawn.scale.high)
            assert one.cut_low == (estimate.low < drawn.scale.low)
    assert drawn.zero is not None
    if widest < math.inf:
        assert drawn.scale.high <= 4 * widest


def test_a_range_that_is_too_wide_ends_in_an_arrow() -> None:
    drawn = charts.forest([RangeRow("one", estimates=(Estimate(2, -90, 95),))], widest=30)
    [mark] = drawn.rows[0].marks
    assert (mark.cut_low, mark.cut_high) == (True, True)
    assert mark.low == drawn.scale.start


@given(st.lists(st.tuples(maybe, numbers, numbers), max_size=40), st.sampled_from([340.0, 860.0]))
def test_a_line_stays_in_its_frame_and_breaks_where_nothing_is_known(
    values: list[tuple[float | None, float, float]], width: float
) -> None:
    points = [Point(str(place), value, min(a, b), max(a, b)) for place, (value, a, b) in enumerate(values)]
    drawn = charts.line(points, width=width)
    assert len(drawn.dots) == sum(value is not None for value, _, _ in values)
    for dot in drawn.dots:
        assert drawn.left <= dot.x <= drawn.right
        assert 0 < dot.y <= drawn.bottom
    pieces = sum(
        value is not None and (place == 0 or values[place - 1][0] is None) for place, (value, _, _) in enumerate(values)
    )
    assert drawn.line.count("M") == pieces
    places = [dot.x for dot in drawn.labels]
    assert all(second - first >= 63 for first, second in itertools.pairwise(places))


@given(st.lists(st.tuples(st.text(max_size=60), st.lists(numbers, min_size=3, max_size=3)), max_size=8))
def test_bars_fit_their_columns_and_keep_their_order(found: list[tuple[str, list[float]]]) -> None:
    drawn = charts.bars(("a", "b", "c"), found)
    for row in drawn.rows:
        for place, bar in enumerate(row.bars):
            following = [x for x, _ in drawn.columns][place + 1] if place < 2 else drawn.width
            assert bar.x <= bar.x + bar.width < following
            assert (bar.width > 0) <= (bar.value > 0)


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_a_larger_cell_is_never_lighter(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert charts.level(low, 1e9) <= charts.level(high, 1e9)
    assert charts.level(0, high) == 0


def test_a_heat_map_has_its_cells_side_by_side() -> None:
    drawn = charts.heat(["a", "b"], ["x"], [[(1.0, "1", "one"), (10.0, "10", "ten " * 40)]])
    first, second = drawn.cells
    assert first.x + drawn.cell_width < second.x
    assert second.x + drawn.cell_width <= drawn.width
    assert (first.level, second.level) == (1, 3)
    assert second.second.endswith("…")
