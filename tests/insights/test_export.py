"""The export: the columns that programs rely on, with the numbers that the estimator gives."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.db import Database
from hub.errors import Conflict, Invalid, NotFound
from hub.insights.attribution import attribute
from hub.insights.evidence import estimate
from hub.insights.export import export
from tests.factories.worlds import planted_world
from tests.insights.stored_worlds import STAGES, computed, rounded, store

CELL = {"lift", "low", "high", "n", "verdict"}
ROW = {
    *("asset_id", "slug", "verdict", "lift", "low", "high", "n", "advanced", "lost", "owners", "stages", "personas"),
    *("crude_lift", "touched_revenue", "attribution"),
}


def exported(database: Database, file: Path, run: int | None = None) -> dict[str, Any]:
    with database.reading() as session:
        export(session, file, run)
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def test_the_file_holds_what_the_estimator_finds(database: Database, tmp_path: Path) -> None:
    world = rounded(planted_world(3, deals=700, assets=12, owners=8, helping=3, effect=1.6).history)
    store(database, world)
    run = computed(database, placebo=True)
    found = exported(database, tmp_path / "evidence.json")
    evidence, credit = estimate(world), attribute(world)
    assert found["placebo"] == {"proven": 0, "goes_with_losing": 0}
    assert set(found["baseline"]["stages"]) == set(STAGES[:3])
    assert found["computed_at"] > found["cut_off"]
    rows = {row["asset_id"]: row for row in found["rows"]}
    assert list(rows) == [f"A{it}" for it in range(12)]
    for asset in range(12):
        row = rows[f"A{asset}"]
        assert set(row) >= ROW
        assert row["lift"] == pytest.approx(100 * evidence.findings.lift[asset], abs=1e-7)
        assert row["crude_lift"] == pytest.approx(100 * evidence.findings.crude_lift[asset], abs=1e-9)
        assert row["n"] == row["advanced"] + row["lost"] == evidence.findings.n[asset]
        assert row["owners"] == evidence.findings.reps[asset]
        assert row["touched_revenue"] == pytest.approx(credit.influenced[asset], abs=0.01)
        assert row["attribution"]["markov"] == pytest.approx(credit.markov[asset], abs=0.01)
        cells = np.flatnonzero(evidence.stages.asset == asset)
        assert {STAGES[evidence.stages.code[it]] for it in cells} == set(row["stages"])
        for it in cells:
            cell = row["stages"][STAGES[evidence.stages.code[it]]]
            assert set(cell) == CELL
            assert cell["lift"] == pytest.approx(100 * evidence.stages.lift[it], abs=1e-5)
            assert cell["verdict"] == evidence.stages.verdict[it]
        assert all(name.startswith("persona ") for name in row["personas"])
    assert exported(database, tmp_path / "old.json", run)["rows"] == found["rows"]


def test_too_little_is_said_and_no_lift_is_given(database: Database, tmp_path: Path) -> None:
    store(database, planted_world(2, deals=10, assets=3, owners=3).history)
    computed(database, placebo=True)
    found = exported(database, tmp_path / "evidence.json")
    assert found["missing"].startswith("Not enough finished deals")
    assert found["placebo"] is None
    assert {(row["verdict"], row["lift"]) for row in found["rows"]} == {("too_early", None)}


def test_without_a_run_there_is_nothing_to_export(database: Database, tmp_path: Path) -> None:
    with database.reading() as session:
        with pytest.raises(Conflict, match="hub evidence compute"):
            export(session, tmp_path / "evidence.json")
        with pytest.raises(NotFound):
            export(session, tmp_path / "evidence.json", 3)
    assert list(tmp_path.glob("*evidence*")) == []


def test_a_place_that_cannot_be_written_is_one_sentence(sqlite_database: Database, tmp_path: Path) -> None:
    computed(sqlite_database)
    with sqlite_database.reading() as session, pytest.raises(Invalid, match="cannot be written"):
        export(session, tmp_path / "nowhere" / "evidence.json")
