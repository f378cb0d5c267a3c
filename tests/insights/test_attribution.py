"""Where the money passed: each model against the long way of computing it."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.insights.attribution import HALF_LIFE, Attribution, attribute, removal_effects
from hub.insights.evidence import LOST, OPEN, WON, History
from tests.factories.worlds import history_of, planted_world, renamed, with_deals, with_uses

_HANDED_OUT = ("first", "last", "linear", "u_shaped", "time_decay", "markov", "shapley")


def _won(uses: list[tuple[int, int, float]], *, amounts: tuple[float, ...] = (100.0,), assets: int = 4) -> History:
    deals = len(amounts)
    return history_of([], uses, deals=deals, assets=assets, outcome=[WON] * deals, amount=list(amounts))


def _credit(model: str, uses: list[tuple[int, int, float]], **more: tuple[float, ...]) -> list[float]:
    return [round(value, 6) for value in getattr(attribute(_won(uses, **more)), model)]


@pytest.mark.parametrize(
    ("model", "credit"),
    [
        ("first", [100, 0, 0, 0]),
        ("last", [0, 0, 0, 100]),
        ("linear", [25, 25, 25, 25]),
        ("u_shaped", [40, 10, 10, 40]),
        ("shapley", [25, 25, 25, 25]),
        ("influenced", [100, 100, 100, 100]),
    ],
)
def test_four_touches_on_four_days(model: str, credit: list[float]) -> None:
    assert _credit(model, [(0, 0, 1), (0, 1, 2), (0, 2, 3), (0, 3, 4)]) == credit


def test_time_decay_halves_with_every_half_life() -> None:
    assert _credit("time_decay", [(0, 0, 0), (0, 1, HALF_LIFE)]) == [33.333333, 66.666667, 0, 0]


@pytest.mark.parametrize("model", _HANDED_OUT)
def test_one_touch_gets_all(model: str) -> None:
    assert _credit(model, [(0, 2, 5)]) == [0, 0, 100, 0]


@pytest.mark.parametrize("model", ["first", "last", "linear", "u_shaped", "time_decay", "shapley", "markov"])
def test_touches_on_the_same_day_are_equals(model: str) -> None:
    assert _credit(model, [(0, 0, 5), (0, 1, 5)]) == [50, 50, 0, 0]


def test_two_days_share_the_u_by_halves() -> None:
    assert _credit("u_shaped", [(0, 0, 1), (0, 1, 2), (0, 2, 2)]) == [50, 25, 25, 0]


@pytest.mark.parametrize("model", _HANDED_OUT)
def test_every_model_hands_out_the_won_amount_of_touched_deals(model: str) -> None:
    found = attribute(planted_world(3, deals=500).history)
    assert found.won_amount > 0
    assert getattr(found, model).sum() == pytest.approx(found.won_amount, abs=1e-6, rel=1e-12)
    assert getattr(found, model).min() >= 0


def test_influenced_is_what_each_asset_touched() -> None:
    history = planted_world(3, deals=300).history
    found, deals, uses = attribute(history), history.deals, history.uses
    for asset in range(5):
        touched = np.unique(uses.deal[uses.asset == asset])
        assert found.influenced[asset] == pytest.approx(deals.amount[touched][deals.outcome[touched] == WON].sum())


def test_shapley_is_that_of_the_game_of_won_amounts() -> None:
    history = planted_world(4, deals=60, assets=5, uses=0.6).history
    found, worth = attribute(history), _worth(history)
    orders = list(permutations(range(5)))
    brute = np.zeros(5)
    for order in orders:
        for place, asset in enumerate(order):
            brute[asset] += worth(order[: place + 1]) - worth(order[:place])
    np.testing.assert_allclose(found.shapley, brute / len(orders), rtol=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7))
def test_removal_effects_are_those_of_taking_each_asset_away(seed: int, many: int) -> None:
    chance = np.random.default_rng(seed)
    table = chance.random((many, many + 2)) * (chance.random((many, many + 2)) < 0.6) + 1e-3
    table /= table.sum(axis=1, keepdims=True)
    begin = chance.random(many)
    begin /= begin.sum()
    effects = removal_effects(begin, table[:, :many].copy(), table[:, many])
    whole = _chance_of_winning(begin, table[:, :many], table[:, many])
    for asset in range(many):
        steps, start, win = table[:, :many].copy(), begin.copy(), table[:, many].copy()
        steps[:, asset] = steps[asset] = start[asset] = win[asset] = 0
        assert effects[asset] == pytest.approx(1 - _chance_of_winning(start, steps, win) / whole, abs=1e-9)


def test_markov_knows_the_lost_deals() -> None:
    uses = [(0, 0, 1.0), (1, 1, 1.0), (2, 1, 1.0), (0, 1, 2.0)]
    found = attribute(history_of([], uses, deals=3, outcome=[WON, LOST, LOST], amount=[90.0, 50.0, 50.0]))
    assert found.markov.sum() == pytest.approx(90)
    assert found.influenced.tolist() == [90, 90]


def test_what_is_no_touch_gets_nothing() -> None:
    history = history_of(
        [],
        [(0, 0, 5), (0, 1, 1), (0, 2, 31), (1, 3, 5)],
        deals=2,
        assets=4,
        outcome=[WON, OPEN],
        amount=[100.0, 100.0],
        created=[2.0, 2.0],
        closed=[30.0, np.nan],
    )
    found = attribute(with_uses(history, 0, 1, 6.0, recalled=True))
    for model in _HANDED_OUT:
        assert getattr(found, model).tolist() == pytest.approx([100, 0, 0, 0])
    assert found.touched == 1


def test_duplicates_and_order_change_no_credit() -> None:
    history = planted_world(3, deals=200, assets=12).history
    before = attribute(history)
    twice = attribute(with_uses(history, history.uses.deal, history.uses.asset, history.uses.day))
    other, asset = renamed(history, 3)
    moved = attribute(other)
    for model in (*_HANDED_OUT, "influenced"):
        np.testing.assert_allclose(getattr(twice, model), getattr(before, model), rtol=1e-9)
        np.testing.assert_allclose(getattr(moved, model)[asset], getattr(before, model), rtol=1e-7)


@pytest.mark.parametrize("amount", [np.nan, -5.0, np.inf])
def test_amounts_that_are_none_hand_out_nothing(amount: float) -> None:
    history = with_deals(_won([(0, 0, 1)]), amount=np.array([amount]))
    found = attribute(history)
    assert found.won_amount == 0
    assert _sums(found) == [0] * len(_HANDED_OUT)


def _sums(found: Attribution) -> list[float]:
    return [float(getattr(found, model).sum()) for model in _HANDED_OUT]


def _chance_of_winning(begin: np.ndarray, steps: np.ndarray, win: np.ndarray) -> float:
    return float(begin @ np.linalg.solve(np.eye(len(begin)) - steps, win))


def _worth(history: History):  # type: ignore[no-untyped-def]
    uses, deals = history.uses, history.deals
    touched = {int(deal): set(uses.asset[uses.deal == deal].tolist()) for deal in np.unique(uses.deal)}
    won = {deal: assets for deal, assets in touched.items() if deals.outcome[deal] == WON}
    return lambda coalition: sum(deals.amount[deal] for deal, assets in won.items() if assets <= set(coalition))
