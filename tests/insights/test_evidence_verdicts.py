"""The rules of the words, at their thresholds."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.insights.evidence.findings import e_values
from hub.insights.evidence.minimum import Counted, Minimum, missing
from hub.insights.evidence.verdicts import (
    Claims,
    as_good_as_other_content,
    longest_list,
    more_uses_needed,
    verdicts,
)

_SURE = {
    "n": 20.0,
    "advanced": 10.0,
    "reps": 3.0,
    "lift": 0.05,
    "above": 0.99,
    "below": 0.001,
    "not_helping": 0.01,
    "not_hurting": 0.999,
}
_LOSING = {"lift": -0.05, "above": 0.001, "below": 0.99, "not_helping": 0.999, "not_hurting": 0.01}


def _verdict(*, small_world: bool = False, **change: float) -> str:
    return str(
        verdicts(
            Claims(**{name: np.array([value]) for name, value in {**_SURE, **change}.items()}), small_world=small_world
        )[0]
    )


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "proven"),
        ({"n": 19.0}, "promising"),
        ({"advanced": 3.0}, "proven"),
        ({"advanced": 2.0}, "promising"),
        ({"advanced": 17.0}, "proven"),
        ({"advanced": 18.0}, "promising"),
        ({"reps": 2.0}, "promising"),
        ({"not_helping": 0.10}, "proven"),
        ({"not_helping": 0.101}, "promising"),
        ({"not_helping": 0.5, "above": 0.6}, "promising"),
        ({"not_helping": 0.5, "above": 0.59}, "no_evidence"),
        ({"not_helping": 0.5, "above": 0.7, "lift": 0.005}, "promising"),
        ({"not_helping": 0.5, "above": 0.7, "lift": 0.0049}, "no_evidence"),
        ({"n": 8.0, "not_helping": 0.5, "above": 0.7}, "promising"),
        ({"n": 7.0}, "too_early"),
        ({"n": 0.0, "advanced": 0.0, "lift": 0.0}, "too_early"),
        (_LOSING, "goes_with_losing"),
        ({**_LOSING, "not_hurting": 0.05}, "goes_with_losing"),
        ({**_LOSING, "not_hurting": 0.051}, "watch"),
        ({**_LOSING, "reps": 2.0}, "watch"),
        ({**_LOSING, "not_hurting": 0.5, "below": 0.6}, "watch"),
        ({**_LOSING, "not_hurting": 0.5, "below": 0.59}, "no_evidence"),
        ({**_LOSING, "not_hurting": 0.5, "below": 0.7, "lift": -0.0049}, "no_evidence"),
    ],
)
def test_the_words_at_their_thresholds(change: dict[str, float], verdict: str) -> None:
    assert _verdict(**change) == verdict


def test_where_the_bias_cannot_be_seen_half_as_many_may_be_false() -> None:
    assert _verdict(not_helping=0.05, small_world=True) == "proven"
    assert _verdict(not_helping=0.06, small_world=True) == "promising"


def test_the_surest_make_room_for_less_sure_ones_but_for_no_one_above_the_limit() -> None:
    false = np.array([0.0, 0.14, 0.14, 0.14, 0.16])
    everyone = np.ones(5, bool)
    assert longest_list(false, everyone, 0.10).tolist() == [True, True, True, False, False]
    assert longest_list(np.append(np.zeros(9), 0.16), np.ones(10, bool), 0.10).tolist() == [True] * 9 + [False]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30), st.sampled_from([0.05, 0.1]))
def test_a_list_keeps_its_promise_and_cannot_be_longer(claims: list[tuple[float, bool]], level: float) -> None:
    false = np.array([one for one, _ in claims], dtype=float)
    eligible = np.array([can for _, can in claims], dtype=bool)
    chosen = longest_list(false, eligible, level)
    assert not (chosen & ~eligible).any()
    assert (false[chosen] <= 0.15).all()
    if chosen.any():
        assert false[chosen].mean() <= level + 1e-12
    left = np.sort(false[eligible & ~chosen & (false <= 0.15)])
    if len(left):
        assert np.append(false[chosen], left[0]).mean() > level


@given(st.integers(0, 10**6), st.floats(-1, 1), st.floats(0, 1))
def test_more_uses_needed_is_never_negative_and_early_ones_need_the_rest_of_eight(
    n: int, low: float, wide: float
) -> None:
    numbers: dict[str, Any] = {"n": np.array([float(n)]), "low": np.array([low]), "high": np.array([low + wide])}
    for verdict in ("too_early", "no_evidence", "proven"):
        assert more_uses_needed(np.array([verdict]), **numbers)[0] >= 0
    assert more_uses_needed(np.array(["too_early"]), **numbers)[0] == max(8 - n, 0)
    assert more_uses_needed(np.array(["proven"]), **numbers)[0] == 0


def test_a_range_within_three_points_is_as_good_as_other_content() -> None:
    low, high = np.array([-0.03, -0.031, -0.01]), np.array([0.03, 0.01, 0.031])
    assert as_good_as_other_content(low, high).tolist() == [True, False, False]


def test_e_values_are_those_of_the_formula() -> None:
    ratio = 0.3 / 0.2
    known = ratio + np.sqrt(ratio * (ratio - 1))
    assert e_values(np.array([0.2, 0.3, 0.2]), np.array([0.1, -0.1, 0.0])) == pytest.approx([known, known, 1.0])


@pytest.mark.parametrize(
    ("counted", "told"),
    [
        (Counted(300, 60, 240, 5), ""),
        (Counted(299, 60, 239, 5), "1 more finished stages"),
        (Counted(300, 59, 241, 5), "1 more of them lost"),
        (Counted(300, 241, 59, 5), "1 more of them advanced"),
        (Counted(300, 60, 240, 4), "1 more owners of deals"),
    ],
)
def test_the_minimum_is_what_it_says(counted: Counted, told: str) -> None:
    lacking = missing(counted, Minimum())
    assert bool(lacking) == bool(told)
    assert told in lacking.sentence()
