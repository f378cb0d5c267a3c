"""What a result must be read with, the false-alarm test, and what planning gets."""

from functools import cache

import numpy as np
import pytest

from hub.insights.evidence import LOST, OPEN, WON, Evidence, History, estimate, false_alarms
from hub.insights.evidence.guards import similar_rows
from hub.insights.evidence.placebo import dealt_out_anew
from hub.insights.evidence.rows import finished_rows
from tests.factories.worlds import PlantedWorld, history_of, planted_world, with_deals, with_uses


@cache
def _world() -> tuple[PlantedWorld, Evidence]:
    world = planted_world(7)
    return world, estimate(world.history)


def _with_a_twin(history: History, asset: int) -> History:
    """One asset more, which is used wherever another one is."""
    uses = history.uses
    places = np.flatnonzero(uses.asset == asset)
    twin = History(history.deals, history.entries, uses, history.assets + 1, history.stages)
    return with_uses(twin, uses.deal[places], np.full(len(places), history.assets), uses.day[places])


def test_twins_name_each_other_and_share_what_they_know() -> None:
    world, _ = _world()
    evidence = estimate(_with_a_twin(world.history, 0))
    assert evidence.guards.together_with[0] == 60
    assert evidence.guards.together_with[60] == 0
    assert evidence.guards.together[0] == pytest.approx(1)
    assert evidence.findings.kept[0] < 0.5
    assert (evidence.guards.together_with[1:60] == -1).all()


def test_an_asset_of_one_rep_is_marked() -> None:
    world, evidence = _world()
    history = world.history
    deals = np.flatnonzero(history.deals.owner == 3)[:60]
    one = with_uses(
        History(history.deals, history.entries, history.uses, 61, 3),
        deals,
        np.full(60, 60),
        history.deals.created[deals],
    )
    found = estimate(one).findings
    assert found.reps[60] == 1
    assert found.mostly_one_rep[60]
    assert found.verdict[60] != "proven"
    assert not evidence.findings.mostly_one_rep.any()


def test_deals_unlike_all_others_have_few_similar_ones() -> None:
    world, evidence = _world()
    assert not evidence.guards.few_similar.any()
    alone = with_deals(world.history, segment=np.arange(len(world.history.deals)))
    assert estimate(alone).guards.few_similar.all()


def test_similar_rows_are_of_the_same_stage_segment_and_size_within_a_quarter() -> None:
    stays = [(0, 0, 1, 10, 1), (1, 0, 1, 90, 1), (2, 0, 1, 180, 0), (3, 0, 1, 10, 0), (0, 1, 10, 12, 1)]
    rows = finished_rows(history_of(stays, [], deals=4, segment=[0, 0, 0, 1]))
    by_row = dict(
        zip(zip(rows.situations.deal, rows.situations.stage, strict=True), similar_rows(rows.situations), strict=True)
    )
    assert by_row == {(0, 0): 1, (1, 0): 2, (2, 0): 1, (3, 0): 0, (0, 1): 0}


def test_dealing_out_anew_keeps_who_had_how_much_and_changes_which() -> None:
    rows = finished_rows(_world()[0].history)
    again = dealt_out_anew(rows, 0)
    for name in ("stage", "owner", "segment"):
        codes = getattr(rows.situations, name)
        assert (
            np.bincount(codes, again.situations.activity).tolist()
            == np.bincount(codes, rows.situations.activity).tolist()
        )
    assert (again.used.sum(axis=0) == rows.used.sum(axis=0)).all()
    assert (np.diff(again.used.indptr) == again.situations.activity).all()
    assert (again.situations.activity != rows.situations.activity).any()


@pytest.mark.parametrize("draw", [0, 1, 2])
def test_content_dealt_out_anew_is_hardly_ever_proven(draw: int) -> None:
    alarms = false_alarms(_world()[0].history, draw=draw)
    assert alarms.proven <= 1
    assert alarms.goes_with_losing <= 1


def test_the_crude_lift_is_the_difference_in_win_rates() -> None:
    uses = [(0, 0, 2), (1, 0, 2), (2, 1, 2)]
    stays = [(deal, 0, 1, 9, int(deal < 2)) for deal in range(5)]
    history = history_of(stays, uses, deals=5, stages=1, outcome=[WON, LOST, WON, LOST, OPEN])
    assert estimate(history).findings.crude_lift == pytest.approx([0.0, 2 / 3])


def test_chances_of_open_deals_grow_with_their_stage() -> None:
    world, evidence = _world()
    now = evidence.pipeline.open_deals
    assert (world.history.deals.outcome[now.deal] == -1).all()
    assert ((now.chance > 0) & (now.chance < 1)).all()
    means = [now.chance[now.stage == stage].mean() for stage in range(3)]
    assert means == sorted(means)
    assert (np.diff(evidence.pipeline.win_rate) > 0).all()


def test_predicted_wins_of_deals_that_began_add_up_to_those_that_were_won() -> None:
    world, evidence = _world()
    outcome = world.history.deals.outcome
    assert evidence.pipeline.win_rate[0] == pytest.approx((outcome == WON).sum() / (outcome >= LOST).sum(), abs=0.03)


def test_stages_and_personas_pass_as_observed_and_expected() -> None:
    evidence = _world()[1]
    stages, personas = evidence.pipeline.stages, evidence.pipeline.personas
    assert stages.n.sum() == personas.n.sum() == evidence.counted.finished
    assert (stages.n @ stages.observed) == pytest.approx(evidence.counted.advanced)
    np.testing.assert_allclose(stages.observed, stages.expected, atol=0.02)
    assert set(zip(personas.persona, personas.stage, strict=True)) == {(p, s) for p in range(3) for s in range(3)}


def test_the_outlook_is_learnt_where_there_is_enough_and_usual_where_not() -> None:
    evidence = _world()[1]
    assert 0.05 < evidence.outlook.target < 0.35
    assert 0.02 < evidence.outlook.good_share < 0.3
    little = estimate(planted_world(1, deals=10, assets=5).history).outlook
    assert (little.target, little.good_share) == (0.06, 0.15)
