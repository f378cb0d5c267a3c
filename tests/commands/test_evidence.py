"""`hub evidence compute` and `hub evidence export`, as an operator runs them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.db import Database
from tests.factories.worlds import planted_world
from tests.insights.stored_worlds import rounded, store

Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HUB_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("HUB_LOG_LEVEL", "error")
    return lambda *arguments: CliRunner().invoke(app, ["evidence", *arguments])


def test_evidence_is_computed_and_written_to_a_file(run: Run, sqlite_database: Database, tmp_path: Path) -> None:
    store(sqlite_database, rounded(planted_world(3, deals=700, assets=12, owners=8, helping=3, effect=1.6).history))
    computed = run("compute", "--json")
    assert computed.exit_code == 0
    told = json.loads(computed.stdout)
    assert told["missing"] is None
    assert told["placebo"] == {"proven": 0, "goes_with_losing": 0}
    assert told["verdicts"]["proven"] >= 1
    file = tmp_path / "evidence.json"
    exported = run("export", str(file), "--json")
    assert json.loads(exported.stdout) == {"file": str(file), "rows": 12, "run": told["run"], "missing": None}
    assert len(json.loads(file.read_text())["rows"]) == 12


def test_too_few_finished_deals_are_told_with_how_many_more(run: Run, sqlite_database: Database) -> None:
    store(sqlite_database, planted_world(2, deals=10, assets=3).history)
    told = run("compute")
    assert told.exit_code == 0
    assert "Not enough finished deals:" in told.output
    assert "more finished stages" in told.output


def test_without_evidence_there_is_nothing_to_export(run: Run, tmp_path: Path) -> None:
    told = run("export", str(tmp_path / "evidence.json"))
    assert told.exit_code == 1
    assert "hub evidence compute" in told.output


def test_an_action_that_there_is_not_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_EVIDENCE_COUNTED_ACTIONS", '["shred"]')
    told = run("compute")
    assert told.exit_code == 1
    assert "shared" in told.output
