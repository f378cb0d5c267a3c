"""The gap score as written down, and what must hold for every input."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.planning.gaps import Cells, Gaps, gaps, need_of_all

_SOME = st.floats(0, 1e9)
_COUNT = st.integers(0, 500)
_SHARE = st.floats(0, 1)


def cells(**columns: list[float]) -> Cells:
    """One cell unless a column has more: a million open, half of it expected, nothing else."""
    size = max((len(values) for values in columns.values()), default=1)
    usual = {
        "open_amount": 1e6, "chance": 0.5, "searches": 0, "zero_results": 0, "requests": 0, "best_lift": 0,
        "current": 0, "finished": 0, "observed": 0, "expected": 0,
    }  # fmt: skip
    return Cells(**{name: np.array(columns.get(name, [value] * size), float) for name, value in usual.items()})


def score(table: Cells, *, usual_need: float = 0.1, target: float = 0.06) -> Gaps:
    return gaps(table, usual_need=usual_need, target=target)


@st.composite
def any_cells(draw: st.DrawFn) -> Cells:
    size = draw(st.integers(1, 5))

    def column(values: st.SearchStrategy[float]) -> np.ndarray:
        return np.array(draw(st.lists(values, min_size=size, max_size=size)), float)

    return Cells(
        open_amount=column(_SOME),
        chance=column(_SHARE),
        searches=column(_COUNT),
        zero_results=column(_COUNT),
        requests=column(_COUNT),
        best_lift=column(st.floats(-0.3, 0.3)),
        current=column(_COUNT),
        finished=column(_COUNT),
        observed=column(_SHARE),
        expected=column(_SHARE),
    )


def test_an_empty_cell_is_worth_the_lift_of_good_content_on_its_open_money() -> None:
    found = score(cells())
    assert found.money.tolist() == [500_000]
    assert found.gap.tolist() == pytest.approx([1e6 * 0.06])


def test_a_cell_with_proven_fresh_content_is_no_gap_but_a_thin_one() -> None:
    found = score(cells(best_lift=[0.08], current=[3]))
    assert (found.head.tolist(), found.thin.tolist()) == ([0.0], [0.5])
    assert found.gap.tolist() == pytest.approx([1e6 * 0.06 * 0.3 * 0.5])


def test_content_that_hurts_leaves_as_much_room_as_none() -> None:
    assert score(cells(best_lift=[-0.05])).head.tolist() == [1.0]


def test_people_who_come_away_with_nothing_raise_the_gap_to_twice_at_most() -> None:
    found = score(cells(searches=[0, 80, 80, 0], zero_results=[0, 0, 80, 0], requests=[0, 0, 0, 80]))
    assert found.need.tolist() == pytest.approx([1.0, 0.5, 2.0, 2.0])


def test_where_nobody_ever_missed_anything_need_says_nothing() -> None:
    assert score(cells(searches=[50]), usual_need=0.0).need.tolist() == [1.0]
    assert need_of_all(0, 0, 0) == 0.0
    assert need_of_all(90, 5, 10) == pytest.approx(0.15)


def test_deals_that_pass_less_often_than_expected_raise_the_gap() -> None:
    found = score(cells(finished=[30, 0], observed=[0.4, 0.0], expected=[0.6, 1.0]))
    assert found.passing.tolist() == pytest.approx([1.4, 1.0])


def test_a_chance_of_almost_none_is_taken_for_two_percent() -> None:
    assert score(cells(chance=[0.001])).gap.tolist() == pytest.approx([1000 * 0.06 / 0.02])


@given(any_cells(), st.floats(0, 1), st.floats(0.001, 0.5))
def test_a_gap_is_a_finite_amount_for_every_input(table: Cells, usual: float, target: float) -> None:
    found = score(table, usual_need=usual, target=target)
    assert np.isfinite(found.gap).all()
    assert (found.gap >= 0).all()
    assert ((found.need >= 0.5) & (found.need <= 2)).all()


def test_what_is_no_number_counts_as_nothing() -> None:
    assert score(cells(open_amount=[np.nan], best_lift=[np.inf])).gap.tolist() == [0.0]


@given(any_cells(), _SOME, _SHARE)
def test_more_open_money_never_lowers_a_gap(table: Cells, more: float, chance: float) -> None:
    amount = table.open_amount + more
    expected = table.open_amount * table.chance + more * chance
    richer = replace(table, open_amount=amount, chance=expected / np.maximum(amount, 1e-300))
    assert (score(richer).gap >= score(table).gap * (1 - 1e-9) - 1e-6).all()


@given(any_cells(), st.floats(0, 0.3))
def test_a_better_current_asset_never_raises_a_gap(table: Cells, lift: float) -> None:
    better = replace(table, best_lift=np.maximum(table.best_lift, lift), current=table.current + 1)
    assert (score(better).gap <= score(table).gap).all()


@given(any_cells())
def test_amounts_times_ten_make_gaps_times_ten(table: Cells) -> None:
    tenfold = score(replace(table, open_amount=table.open_amount * 10))
    np.testing.assert_allclose(tenfold.gap, score(table).gap * 10, rtol=1e-9, atol=1e-9)


@given(any_cells(), st.randoms(use_true_random=False))
def test_the_order_of_cells_changes_nothing(table: Cells, chance: object) -> None:
    order = np.arange(len(table))
    chance.shuffle(order)  # type: ignore[attr-defined]
    turned = Cells(**{name: getattr(table, name)[order] for name in Cells.__dataclass_fields__})
    np.testing.assert_allclose(score(turned).gap, score(table).gap[order])
