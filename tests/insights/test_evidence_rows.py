"""Rows: which stages count, and which uses fall into them."""

from dataclasses import replace

import numpy as np
import pytest

from hub.insights.evidence.rows import Rows, finished_rows
from tests.factories.worlds import history_of, with_deals


def _used(rows: Rows) -> set[tuple[int, int, int]]:
    """(deal, stage, asset)"""
    links = rows.used.tocoo()
    known = rows.situations
    return {
        (int(known.deal[row]), int(known.stage[row]), int(asset))
        for row, asset in zip(links.row, links.col, strict=True)
    }


def test_only_stages_that_ended_give_a_row() -> None:
    rows = finished_rows(history_of([(0, 0, 10, 20, 1), (0, 1, 20, np.nan, -1), (1, 0, 5, 9, 0)], [], deals=2))
    assert sorted(zip(rows.situations.deal, rows.situations.stage, rows.advanced, strict=True)) == [
        (0, 0, 1),
        (1, 0, 0),
    ]


@pytest.mark.parametrize(
    ("day", "stages"),
    [(9.0, set()), (10.0, {0}), (19.0, {0}), (20.0, {0, 1}), (20.5, {0, 1}), (30.0, {1}), (30.9, {1}), (31.0, set())],
)
def test_a_use_counts_for_the_stage_of_its_day_both_ends_included(day: float, stages: set[int]) -> None:
    rows = finished_rows(history_of([(0, 0, 10, 20, 1), (0, 1, 20, 30, 0)], [(0, 1, day)]))
    assert {stage for _, stage, _ in _used(rows)} == stages


@pytest.mark.parametrize(("day", "stages"), [(20.3, {0}), (20.6, {1}), (20.0, {0, 1})])
def test_times_are_compared_as_times_and_dates_as_dates(day: float, stages: set[int]) -> None:
    rows = finished_rows(history_of([(0, 0, 10.2, 20.5, 1), (0, 1, 20.5, 30.1, 0)], [(0, 1, day)]))
    assert {stage for _, stage, _ in _used(rows)} == stages


def test_uses_before_the_deal_and_after_its_close_are_left_out() -> None:
    history = history_of([(0, 0, 10, 40, 0)], [(0, 0, 12), (0, 1, 18), (0, 1, 31)], created=[15.0], closed=[30.0])
    rows = finished_rows(history)
    assert _used(rows) == {(0, 0, 1)}
    assert rows.dropped.uses_outside_the_deal == 2
    assert rows.situations.activity.tolist() == [1.0]


def test_an_asset_used_twice_in_a_stage_counts_once() -> None:
    rows = finished_rows(history_of([(0, 0, 10, 40, 0)], [(0, 0, 12), (0, 0, 13), (0, 1, 13)]))
    assert rows.situations.activity.tolist() == [2.0]
    assert rows.used.toarray().tolist() == [[1.0, 1.0]]
    assert rows.dropped.repeated_uses == 1


def test_a_deal_that_came_back_to_a_stage_has_one_row_with_its_last_result_and_all_its_time() -> None:
    stays = [(0, 0, 0, 7, 1), (0, 1, 7, 21, 0), (0, 0, 21, 28, 0)]
    rows = finished_rows(history_of(stays, [(0, 0, 3), (0, 1, 25), (0, 0, 10)]))
    first = int(np.flatnonzero(rows.situations.stage == 0)[0])
    assert rows.advanced[first] == 0
    assert rows.situations.weeks[first] == 2
    assert _used(rows) == {(0, 0, 0), (0, 0, 1), (0, 1, 0)}


def test_a_stage_the_deal_is_in_again_has_not_ended() -> None:
    rows = finished_rows(history_of([(0, 0, 0, 7, 1), (0, 0, 21, np.nan, -1)], []))
    assert len(rows) == 0


def test_a_stage_left_before_it_was_entered_is_left_out_and_counted() -> None:
    rows = finished_rows(history_of([(0, 0, 20, 10, 1), (0, 1, 20, 30, 0)], [(0, 0, 15), (0, 0, 25)]))
    assert rows.situations.stage.tolist() == [1]
    assert rows.dropped.impossible_dates == 1
    assert rows.dropped.uses_outside_finished_stages == 1


def test_deals_without_history_give_neither_rows_nor_uses() -> None:
    rows = finished_rows(history_of([(0, 0, 10, 20, 1)], [(1, 0, 15), (0, 0, 15)], deals=2))
    assert _used(rows) == {(0, 0, 0)}


def test_the_order_of_rows_depends_on_their_content_only() -> None:
    stays = [(0, 0, 10, 20, 1), (1, 0, 5, 9, 0), (2, 0, 7, 19, 1), (2, 1, 19, 30, 0)]
    one = finished_rows(history_of(stays, [], deals=3))
    other = finished_rows(history_of(stays[::-1], [], deals=3))
    assert one.situations.left.tolist() == other.situations.left.tolist() == [9, 19, 20, 30]
    renamed = finished_rows(history_of([(2 - deal, *rest) for deal, *rest in stays], [], deals=3))  # type: ignore[misc]
    assert renamed.situations.left.tolist() == one.situations.left.tolist()


def test_amounts_that_cannot_be_are_unknown() -> None:
    history = history_of([(deal, 0, 1, 2, 1) for deal in range(5)], [], deals=5)
    rows = finished_rows(with_deals(history, amount=np.array([10.0, -1.0, 0.0, np.inf, 1e18])))
    assert np.isfinite(rows.situations.amount).sum() == 1


@pytest.mark.parametrize("result", [0, 1])
@pytest.mark.parametrize(("written", "counts"), [(15.0, True), (20.0, True), (21.0, False), (np.nan, True)])
def test_what_was_written_down_after_a_stage_ended_does_not_count_however_it_ended(
    result: int, written: float, counts: bool
) -> None:
    history = history_of([(0, 0, 10, 20, result), (0, 1, 20, 40, 1)], [(0, 0, 15), (0, 1, 15)])
    uses = replace(history.uses, written=np.array([written, 12.0]))
    rows = finished_rows(replace(history, uses=uses))
    assert ((0, 0, 0) in _used(rows)) is counts
    assert (0, 0, 1) in _used(rows)
    assert rows.dropped.uses_written_after_the_stage == (0 if counts else 1)
