"""The grid of effects: spreading and reading lose nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.insights.evidence.grid import (
    EFFECTS,
    NONE,
    POINTS,
    at_effects,
    half_normal_weights,
    normal_weights,
    quantiles,
    spread_out,
)


def test_the_grid_is_even_on_both_sides_of_none() -> None:
    assert EFFECTS[NONE] == 0
    np.testing.assert_allclose(EFFECTS, -EFFECTS[::-1], atol=1e-15)
    assert (np.diff(EFFECTS) > 0).all()


@given(st.floats(-1.2, 1.2), st.floats(0.005, 0.15))
def test_a_normal_distribution_keeps_its_mass_and_its_mean(mean: float, spread: float) -> None:
    weights = normal_weights(np.array([mean]), spread)[0]
    assert weights.min() > -1e-9
    assert weights.sum() == pytest.approx(1)
    assert weights @ EFFECTS == pytest.approx(mean, abs=1e-6)


@given(st.floats(-50, 50), st.floats(0.001, 3))
def test_no_normal_distribution_is_too_far_away(mean: float, spread: float) -> None:
    weights = normal_weights(np.array([mean]), spread)[0]
    assert weights.sum() == pytest.approx(1)
    assert np.isfinite(weights).all()


@pytest.mark.parametrize("scale", [0.1, 0.3])
def test_half_normals_lie_on_their_side(scale: float) -> None:
    right, left = half_normal_weights(scale, 1), half_normal_weights(scale, -1)
    np.testing.assert_allclose(right, left[::-1], atol=1e-12)
    assert right[:NONE].sum() == 0
    assert right @ EFFECTS == pytest.approx(scale * np.sqrt(2 / np.pi), rel=0.01)


@given(st.floats(-1.99, 1.99))
def test_a_mass_between_two_points_is_read_back_where_it_was(value: float) -> None:
    weights = spread_out(np.array([value]), np.array([1.0]))
    assert weights @ EFFECTS == pytest.approx(value)
    assert at_effects(EFFECTS[None, :], np.array([value]))[0] == pytest.approx(value)


@given(st.lists(st.floats(0, 1), min_size=POINTS, max_size=POINTS).filter(lambda values: sum(values) > 0.1))
def test_quantiles_grow_with_the_share(values: list[float]) -> None:
    weights = np.array(values)[None, :] / sum(values)
    found = [float(quantiles(weights, share)[0]) for share in (0.05, 0.25, 0.5, 0.75, 0.95)]
    assert found == sorted(found)
    assert EFFECTS[0] <= found[0]
    assert found[-1] <= EFFECTS[-1]


def test_quantiles_of_a_normal_distribution_are_its_own() -> None:
    weights = normal_weights(np.array([0.3]), 0.2)
    assert quantiles(weights, 0.05)[0] == pytest.approx(0.3 - 1.645 * 0.2, abs=0.01)
    assert quantiles(weights, 0.95)[0] == pytest.approx(0.3 + 1.645 * 0.2, abs=0.01)
