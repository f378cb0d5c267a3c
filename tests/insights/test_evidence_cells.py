"""Assets at a stage or for a persona."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from hub.insights.evidence import PROVEN, Evidence, StageEntries, estimate
from hub.insights.evidence.cells import cell_verdicts
from tests.factories.worlds import PlantedWorld, planted_world


@cache
def _world() -> tuple[PlantedWorld, Evidence]:
    world = planted_world(2, deals=2500)
    return world, estimate(world.history)


def test_cells_of_an_asset_share_out_its_rows() -> None:
    _, evidence = _world()
    for cells in (evidence.stages, evidence.personas):
        n = np.bincount(cells.asset, cells.n, minlength=60)
        assert (n <= evidence.findings.n).all()
        assert (n >= evidence.findings.n - 15).all()
        assert (cells.n >= 5).all()
        assert (cells.deals <= cells.n).all()
        assert (cells.reps <= 12).all()


def test_cells_claimed_belong_to_assets_that_help() -> None:
    world, evidence = _world()
    for cells in (evidence.stages, evidence.personas):
        claimed = cells.asset[cells.verdict == PROVEN]
        assert len(claimed) >= 5
        assert (world.effect[claimed] > 0).mean() >= 0.85
        assert (cells.n[cells.verdict == PROVEN] >= 15).all()


def test_a_cell_against_the_rest_of_its_asset_is_not_claimed() -> None:
    world, _ = _world()
    entries, uses = world.history.entries, world.history.uses
    # In the first stage asset 0 now never helps: all of its deals are lost there.
    there = np.isin(entries.deal, uses.deal[uses.asset == 0]) & (entries.stage == 0) & (entries.result == 1)
    lost = StageEntries(entries.deal, entries.stage, entries.entered, entries.left, np.where(there, 0, entries.result))
    cells = estimate(replace(world.history, entries=lost)).stages
    verdict = {
        int(code): str(word)
        for asset, code, word in zip(cells.asset, cells.code, cells.verdict, strict=True)
        if not asset
    }
    assert verdict[0] != PROVEN


def test_ranges_of_cells_are_wider_than_those_of_their_asset() -> None:
    _, evidence = _world()
    cells, found = evidence.stages, evidence.findings
    helping = cells.asset < 5
    cell_width = (cells.high - cells.low)[helping]
    asset_width = (found.high - found.low)[cells.asset[helping]]
    assert np.median(cell_width / asset_width) > 1


@pytest.mark.parametrize(
    ("n", "lift", "above", "below", "leaning", "verdict"),
    [
        (15, 0.05, 0.95, 0.01, 0.1, "proven"),
        (14, 0.05, 0.95, 0.01, 0.1, "promising"),
        (15, 0.05, 0.95, 0.01, -0.1, "promising"),
        (15, 0.05, 0.89, 0.01, 0.1, "promising"),
        (8, 0.05, 0.59, 0.01, 0.1, "no_evidence"),
        (7, 0.05, 0.95, 0.01, 0.1, "too_early"),
        (15, -0.05, 0.01, 0.96, -0.1, "goes_with_losing"),
        (15, -0.05, 0.01, 0.96, 0.1, "watch"),
        (15, -0.05, 0.01, 0.94, -0.1, "watch"),
    ],
)
def test_the_words_of_cells_at_their_thresholds(
    n: int, lift: float, above: float, below: float, leaning: float, verdict: str
) -> None:
    numbers = (np.array([value]) for value in (lift, above, below, leaning))
    assert cell_verdicts(np.array([n]), *numbers).tolist() == [verdict]
