"""The estimate as a whole, on worlds in which it is known what helps."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest

from hub.insights.evidence import GOES_WITH_LOSING, NO_EVIDENCE, PROVEN, TOO_EARLY, Evidence, History, Start, estimate
from tests.factories.worlds import PlantedWorld, planted_world, with_deals, with_entries, with_uses


@cache
def _known(seed: int = 1, hurting: int = 0) -> tuple[PlantedWorld, Evidence]:
    world = planted_world(seed, hurting=hurting)
    return world, estimate(world.history)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_helps_ranks_above_what_does_not(seed: int) -> None:
    world, evidence = _known(seed)
    best = np.argsort(-evidence.findings.lift)[:5]
    assert set(best) == set(np.flatnonzero(world.effect > 0))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_only_what_helps_is_called_proven(seed: int) -> None:
    world, evidence = _known(seed)
    proven = np.flatnonzero(evidence.findings.verdict == PROVEN)
    assert len(proven) >= 3
    assert set(proven) <= set(np.flatnonzero(world.effect > 0))


def test_what_hurts_goes_with_losing() -> None:
    world, evidence = _known(4, hurting=4)
    losing = np.flatnonzero(evidence.findings.verdict == GOES_WITH_LOSING)
    assert len(losing) >= 2
    assert set(losing) <= set(np.flatnonzero(world.effect < 0))


@pytest.mark.parametrize("seed", [11, 12])
def test_nothing_is_claimed_where_nothing_helps(seed: int) -> None:
    found = estimate(planted_world(seed, helping=0).history).findings
    assert not np.isin(found.verdict, [PROVEN, GOES_WITH_LOSING]).any()


def test_most_ranges_of_useless_assets_hold_none() -> None:
    world, evidence = _known()
    useless = world.effect == 0
    held = (evidence.findings.low <= 1e-9) & (evidence.findings.high >= -1e-9)
    assert held[useless].mean() >= 0.85


def test_every_range_holds_its_lift_and_probabilities_add_up_to_at_most_one() -> None:
    found = _known()[1].findings
    assert (found.low <= found.lift + 1e-3).all()
    assert (found.high >= found.lift - 1e-3).all()
    assert (found.above + found.below <= 1 + 1e-9).all()
    assert (found.gain >= np.maximum(found.lift, 0) - 1e-12).all()


def test_the_counts_are_those_of_the_history() -> None:
    world, evidence = _known()
    result = world.history.entries.result
    assert evidence.counted.advanced == (result == 1).sum()
    assert evidence.counted.lost == (result == 0).sum()
    assert (evidence.findings.advanced + evidence.findings.lost == evidence.findings.n).all()
    assert (evidence.findings.deals <= evidence.findings.n).all()
    assert evidence.findings.reps.max() <= 12


def test_three_uses_that_all_won_are_too_early_to_speak_of() -> None:
    world = planted_world(1)
    history, asset = world.history, world.history.assets
    passed = np.flatnonzero((history.entries.stage == 2) & (history.entries.result == 1))[:3]
    more = with_uses(history, history.entries.deal[passed], np.full(3, asset), history.entries.entered[passed] + 1)
    more = History(more.deals, more.entries, more.uses, asset + 1, more.stages)
    found = estimate(more).findings
    assert found.n[asset] == 3
    assert found.verdict[asset] == TOO_EARLY
    assert found.more_needed[asset] == 5
    assert abs(found.lift[asset]) < 0.02


def test_an_asset_nobody_used_is_too_early_and_has_the_range_of_any_asset() -> None:
    world = planted_world(1, assets=60)
    history = History(world.history.deals, world.history.entries, world.history.uses, 61, 3)
    found = estimate(history).findings
    assert found.n[60] == 0
    assert found.verdict[60] == TOO_EARLY
    assert found.lift[60] == 0


def test_yesterdays_start_changes_no_result() -> None:
    world, evidence = _known()
    again = estimate(world.history, start=evidence.start)
    np.testing.assert_allclose(again.findings.lift, evidence.findings.lift, atol=1e-7)


@pytest.mark.parametrize("start", [Start(np.full(3, 2.0), np.full(2, 1.0)), None])
def test_a_start_of_another_library_is_left_aside(start: Start | None) -> None:
    world, evidence = _known()
    again = estimate(world.history, start=start)
    np.testing.assert_allclose(again.findings.lift, evidence.findings.lift, atol=1e-9)


def test_blocks_may_go_to_a_pool() -> None:
    world, evidence = _known()
    with ThreadPoolExecutor(2) as pool:
        again = estimate(world.history, run=pool.map)
    np.testing.assert_allclose(again.findings.lift, evidence.findings.lift, atol=1e-9)


def test_progress_grows_to_all_of_the_work() -> None:
    told: list[tuple[float, str]] = []
    estimate(planted_world(1, deals=60).history, progress=lambda share, doing: told.append((share, doing)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert all(doing for _, doing in told)


def test_money_follows_the_lift() -> None:
    world, evidence = _known()
    helping = world.effect > 0
    found = evidence.findings
    assert (found.extra_money[helping] > 0).all()
    assert (found.extra_money_low <= found.extra_money_high).all()
    larger = estimate(_times_ten(world)).findings
    np.testing.assert_allclose(larger.extra_money, 10 * found.extra_money, rtol=1e-4, atol=1)


def test_below_the_minimum_it_says_what_is_missing() -> None:
    evidence = estimate(planted_world(1, deals=40).history)
    assert evidence.missing
    assert "more finished stages" in evidence.missing.sentence()
    assert not _known()[1].missing
    assert not _known()[1].missing.sentence()


def test_no_evidence_says_how_many_uses_would_narrow_the_range() -> None:
    found = _known()[1].findings
    unclear = (found.verdict == NO_EVIDENCE) & ~found.as_good_as_other
    assert unclear.any()
    wide = unclear & (found.high - found.low > 0.06)
    assert (found.more_needed[wide] > 0).all()
    assert (found.more_needed[found.verdict == PROVEN] == 0).all()


def test_what_was_left_out_is_counted() -> None:
    world = planted_world(1, deals=100)
    spoilt = with_entries(world.history, (500, 0, 1.0, 2.0, 1), (0, 9, 1.0, 2.0, 1), (0, 0, 9.0, 2.0, 0))
    dropped = estimate(with_uses(spoilt, -1, 0, 18_100.0)).dropped
    assert dropped.unknown_deal_or_stage == 2
    assert dropped.impossible_dates == 1
    assert dropped.uses_without_deal_or_asset == 1


def _times_ten(world: PlantedWorld) -> History:
    return with_deals(world.history, amount=world.history.deals.amount * 10)
