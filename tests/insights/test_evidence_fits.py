"""The parts of the estimate, against the long way of computing them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from hub.insights.evidence import estimate
from hub.insights.evidence.carry_over import carried_share
from hub.insights.evidence.covariates import design_for
from hub.insights.evidence.findings import findings
from hub.insights.evidence.grid import EFFECTS, NONE, POINTS, at_effects, normal_weights
from hub.insights.evidence.later import chance_of_winning, passing
from hub.insights.evidence.linear_algebra import (
    cholesky,
    inverse_diagonal,
    likelihood_of_advancing,
    matrix,
    normal_share_below,
    solve,
)
from hub.insights.evidence.logit import blocks_of, curvature, factor_at, most_likely
from hub.insights.evidence.pairs import extra_wins, likelihoods, pairs_of
from hub.insights.evidence.rows import finished_rows
from hub.insights.evidence.shrinkage import Bias, fit_bias, fit_prior, from_logs, posterior
from tests.factories.worlds import planted_world


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_the_mode_is_where_a_general_optimiser_finds_it(seed: int) -> None:
    chance = np.random.default_rng(seed)
    dense = chance.normal(size=(80, 4)) * (chance.random((80, 4)) < 0.7)
    advanced = (chance.random(80) < likelihood_of_advancing(dense @ np.array([2.0, -1, 0, 0.5]))).astype(float)
    row, column = np.nonzero(dense)
    blocks = blocks_of(matrix(dense[row, column], row, column, dense.shape), advanced)
    precision = np.array([0.1, 1.0, 0.5, 10.0])
    found = most_likely(blocks, precision, np.zeros(4), factor_at(blocks, precision, np.zeros(4)))

    def loss(b: np.ndarray) -> float:
        return float(np.logaddexp(0, dense @ b).sum() - advanced @ dense @ b + 0.5 * precision @ b**2)

    np.testing.assert_allclose(found, minimize(loss, np.zeros(4), tol=1e-12).x, atol=1e-4)
    weights = likelihood_of_advancing(dense @ found) * (1 - likelihood_of_advancing(dense @ found))
    np.testing.assert_allclose(curvature(blocks, precision, found), (dense.T * weights) @ dense + np.diag(precision))


def test_the_factor_of_a_singular_array_is_finite() -> None:
    flat = np.ones((3, 3))
    assert np.isfinite(solve(cholesky(flat), np.ones(3))).all()
    diagonal = np.diag([2.0, 4.0])
    assert inverse_diagonal(cholesky(diagonal)) == pytest.approx([0.5, 0.25])


def test_curves_are_the_sums_over_an_assets_rows() -> None:
    history = planted_world(3, deals=200, assets=8).history
    rows, chance = finished_rows(history), np.random.default_rng(0)
    pairs = pairs_of(rows)
    offset = chance.normal(size=len(pairs))
    later = np.where(np.arange(3)[None, :] > rows.situations.stage[:, None], chance.normal(size=(len(rows), 3)), np.inf)
    logs = likelihoods(pairs, offset, rows.advanced, map)
    wins, money, anyway = extra_wins(pairs, offset, later, 0.3, rows.situations.amount, map)
    for asset in range(3):
        mine = pairs.asset == asset
        row, eta = pairs.row[mine], offset[mine][:, None] + EFFECTS
        known = (rows.advanced[row][:, None] * eta - np.logaddexp(0, eta)).sum(axis=0)
        np.testing.assert_allclose(logs.assets[asset], known - known[NONE], atol=1e-9)
        ahead = likelihood_of_advancing(later[row][:, :, None] + 0.3 * EFFECTS).prod(axis=1)
        won = likelihood_of_advancing(eta) * ahead
        extra = won - won[:, NONE][:, None]
        np.testing.assert_allclose(wins.assets[asset], extra.sum(axis=0), atol=1e-9)
        np.testing.assert_allclose(money[asset], (extra * rows.situations.amount[row][:, None]).sum(axis=0), rtol=1e-9)
        assert anyway[asset] == pytest.approx(won[:, NONE].sum())
        cell = (pairs.stages.asset == asset) & (pairs.stages.code == 1)
        there = rows.situations.stage[row] == 1
        np.testing.assert_allclose(wins.stages[cell][0], extra[there].sum(axis=0), atol=1e-9)


def test_only_stages_after_the_own_one_are_later() -> None:
    rows = finished_rows(planted_world(3, deals=100).history)
    design = design_for(rows.situations, 3)
    columns = design.columns(rows.situations)
    passes = passing(design, np.zeros(design.width), columns, rows.situations.stage, rows.advanced)
    later = passes.later(columns, rows.situations.stage)
    assert np.isfinite(later).sum(axis=1).tolist() == (2 - rows.situations.stage).tolist()
    won = chance_of_winning(passes.of(columns), rows.situations.stage)
    last = rows.situations.stage == 2
    assert won[last] == pytest.approx(likelihood_of_advancing(passes.level[2]))


def test_how_much_content_was_used_is_what_deals_are_compared_by() -> None:
    situations = finished_rows(planted_world(3, deals=100).history).situations
    design = design_for(situations, 3)
    more = replace(situations, activity=situations.activity + 1)
    change = (design.columns(more) - design.columns(situations)).toarray()
    changed = np.flatnonzero(np.abs(change).max(axis=0) > 0)
    assert len(changed) == 1
    np.testing.assert_allclose(change[:, changed[0]], np.log((situations.activity + 2) / (situations.activity + 1)))


def test_an_unseen_word_has_no_column_and_a_missing_one_has_its_own() -> None:
    situations = finished_rows(planted_world(3, deals=100).history).situations
    design = design_for(situations, 3)
    unseen = replace(situations, competitor=np.full(len(situations), 99))
    missing = replace(situations, competitor=np.full(len(situations), -1))
    assert (design.columns(unseen).sum(axis=1) <= design.columns(missing).sum(axis=1) - 1 + 1e-9).all()


def test_too_many_levels_keep_the_most_frequent_whatever_they_are_called() -> None:
    situations = finished_rows(planted_world(3, deals=900).history).situations
    codes = np.where(np.arange(len(situations)) % 2 == 0, 7, 10 + np.arange(len(situations)))
    design = design_for(replace(situations, industry=codes), 3)
    assert design.words["industry"].codes.tolist() == [7]


def test_likelihoods_of_assets_slope_at_the_mode_as_their_own_rows_do() -> None:
    evidence = estimate(planted_world(3).history)
    weighed, alone = evidence.model.likelihoods(evidence.sums.logs), evidence.sums.logs
    slopes = [at_effects(np.gradient(curve, EFFECTS, axis=1), evidence.model.effect) for curve in (weighed, alone)]
    np.testing.assert_allclose(slopes[0], slopes[1], atol=0.1)
    assert np.abs(slopes[1]).max() > 1


def test_claims_never_profit_from_the_correction() -> None:
    world = planted_world(3, hurting=5)
    evidence = estimate(world.history)

    def claimed(mean: float) -> tuple[int, int]:
        model = replace(evidence.model, bias=Bias(mean, 0.05))
        words = findings(evidence.sums, model, evidence.findings.crude_lift).verdict.tolist()
        return words.count("proven"), words.count("goes_with_losing")

    none, against, flattering = claimed(0.0), claimed(-0.6), claimed(0.6)
    assert none[0] >= 3
    assert none[1] >= 3
    assert against[0] == none[0]
    assert flattering[1] == none[1]
    assert flattering[0] < none[0]
    assert against[1] < none[1]


@pytest.mark.parametrize("seed", [1, 2])
def test_what_carries_over_is_seen_by_the_whole_estimate(seed: int) -> None:
    assert 0.45 < estimate(planted_world(seed, deals=3000, helping=20, carry=0.6).history).model.carried < 0.8


def test_predicted_passes_add_up_to_the_observed_ones() -> None:
    rows = finished_rows(planted_world(3, deals=400).history)
    design = design_for(rows.situations, 4)
    columns = design.columns(rows.situations)
    coefficients = np.random.default_rng(0).normal(0, 0.3, design.width)
    log_odds = passing(design, coefficients, columns, rows.situations.stage, rows.advanced).of(columns)
    for stage in range(3):
        here = rows.situations.stage == stage
        predicted = likelihood_of_advancing(log_odds[here, stage]).sum()
        assert predicted == pytest.approx(rows.advanced[here].sum(), abs=1)
    assert (log_odds[:, 3] == np.inf).all()


def _observed(effects: np.ndarray, error: float, seed: int) -> np.ndarray:
    seen = effects + np.random.default_rng(seed).normal(0, error, len(effects))
    return np.exp(-0.5 * ((EFFECTS[None, :] - seen[:, None]) / error) ** 2)


def test_a_bias_that_all_share_is_found_and_taken_off() -> None:
    effects = np.zeros(400)
    effects[:40] = 0.8
    likely = _observed(effects + 0.15, 0.1, 1)
    bias = fit_bias(likely)
    assert bias.mean == pytest.approx(0.15, abs=0.03)
    assert bias.spread < 0.06
    real = bias.removed(likely)
    means = posterior(real, fit_prior(real).fitted) @ EFFECTS
    assert np.abs(means[40:]).mean() < 0.03
    assert means[:40].mean() == pytest.approx(0.8, abs=0.08)


def test_with_few_assets_no_bias_is_taken_off() -> None:
    likely = _observed(np.full(49, 0.3), 0.1, 1)
    assert fit_bias(likely) == Bias()
    assert Bias().removed(likely) is likely


def test_the_prior_of_useless_assets_is_none_and_ranges_stay_wide() -> None:
    prior = fit_prior(_observed(np.zeros(300), 0.2, 2))
    assert prior.fitted[np.abs(EFFECTS) < 0.1].sum() > 0.9
    assert prior.wide[np.abs(EFFECTS) > 0.3].sum() > 0.05
    assert fit_prior(np.zeros((0, POINTS))).fitted.sum() == pytest.approx(1)


def test_a_posterior_of_a_normal_prior_and_likelihood_is_the_textbook_one() -> None:
    prior = normal_weights(np.zeros(1), 0.4)[0]
    likely = from_logs(-0.5 * ((EFFECTS - 0.5) / 0.2)[None, :] ** 2)
    chances = posterior(likely, prior)
    mean = float((chances @ EFFECTS)[0])
    assert mean == pytest.approx(0.5 * 0.16 / 0.2, abs=0.005)
    assert float((chances @ (EFFECTS - mean) ** 2)[0]) == pytest.approx(0.04 * 0.16 / 0.2, rel=0.05)


@pytest.mark.parametrize(("planted", "least", "most"), [(0.0, 0.0, 0.1), (0.6, 0.4, 0.8)])
def test_what_carries_over_is_found(planted: float, least: float, most: float) -> None:
    world = planted_world(3, deals=3000)
    rows = finished_rows(world.history)
    effect, chance = rows.used @ world.effect, np.random.default_rng(5)
    by_deal = {
        (deal, stage): value
        for deal, stage, value in zip(rows.situations.deal, rows.situations.stage, effect, strict=True)
    }
    before = np.array(
        [
            sum(by_deal.get((deal, earlier), 0.0) for earlier in range(stage))
            for deal, stage in zip(rows.situations.deal, rows.situations.stage, strict=True)
        ]
    )
    eta = chance.normal(0, 0.5, len(rows)) + effect
    advanced = (chance.random(len(rows)) < likelihood_of_advancing(eta + planted * before)).astype(float)
    shifted = type(rows)(rows.situations, advanced, rows.used, rows.dropped)
    design = design_for(rows.situations, 3)
    columns = design.columns(rows.situations)
    share = carried_share(shifted, columns, design.precision(1.0), eta, world.effect)
    assert least <= share <= most


def test_normal_shares_are_those_of_the_table() -> None:
    assert normal_share_below(np.array([0.0, 1.96])) == pytest.approx([0.5, 0.975], abs=1e-4)
