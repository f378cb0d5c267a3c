"""A randomised hold-out finds what was planted, even where use itself misleads."""

from functools import cache

import numpy as np
import pytest

from hub.insights.evidence import Evidence, History, HoldOut, estimate, read_hold_out
from hub.insights.evidence.hold_out import Assignments
from tests.factories.worlds import planted_world


@cache
def _world() -> tuple[History, Evidence]:
    history = planted_world(9, deals=3000).history
    return history, estimate(history)


def _read(effect: float, *, seed: int = 1) -> HoldOut:
    """Half of all deals in their first stage get a suggestion that turns some losses into passes."""
    history, evidence = _world()
    chance = np.random.default_rng(seed)
    entries = history.entries
    first = np.flatnonzero((entries.stage == 0) & (entries.result >= 0))
    suggested = chance.random(len(first)) < 0.5
    result = entries.result.copy()
    helped = suggested & (chance.random(len(first)) < effect)
    result[first[helped]] = 1
    changed = History(
        history.deals,
        type(entries)(entries.deal, entries.stage, entries.entered, entries.left, result),
        history.uses,
        history.assets,
        history.stages,
    )
    return read_hold_out(changed, Assignments(entries.deal[first], entries.entered[first], suggested), evidence.model)


def test_a_suggestion_that_helps_is_seen() -> None:
    found = _read(0.3)
    assert found.low > 0
    assert found.low < found.lift < found.high
    assert found.passed_suggested > found.passed_held_out + 0.05
    assert found.suggested + found.held_out > 2500


@pytest.mark.parametrize("seed", [1, 2])
def test_one_that_does_nothing_is_not(seed: int) -> None:
    found = _read(0.0, seed=seed)
    assert found.low <= 0 <= found.high
    assert abs(found.lift) < 0.02


def test_deals_on_both_sides_and_repeated_ones_count_at_most_once() -> None:
    history, evidence = _world()
    entries = history.entries
    stays = np.flatnonzero((entries.stage == 0) & (entries.result >= 0))[:6]
    deal, day = entries.deal[stays], entries.entered[stays]
    twice = Assignments(np.append(deal, deal), np.append(day, day + 1), np.append(np.arange(6) < 3, np.arange(6) < 2))
    found = read_hold_out(history, twice, evidence.model)
    assert (found.suggested, found.held_out) == (2, 3)


def test_no_assignment_at_all_says_nothing() -> None:
    history, evidence = _world()
    found = read_hold_out(history, Assignments(np.zeros(0, int), np.zeros(0), np.zeros(0, bool)), evidence.model)
    assert (found.suggested, found.held_out, found.lift, found.passed_suggested) == (0, 0, 0.0, 0.0)
