"""`hub search check` and `hub search rebuild`, as an operator runs them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.db import Database
from tests.factories.assets import make_cast, make_live

Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HUB_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("HUB_LOG_LEVEL", "error")
    return lambda *arguments: CliRunner().invoke(app, ["search", *arguments])


def test_an_index_that_was_never_built_is_told_and_put_right(run: Run, sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        make_live(session, make_cast(session), slug="objection.price")
    told = run("check")
    assert told.exit_code == 1
    assert "missing: objection.price" in told.output
    rebuilt = run("rebuild", "--json")
    assert rebuilt.exit_code == 0
    assert json.loads(rebuilt.stdout) == {"engine": "embedded", "documents": 1}
    checked = run("check", "--json")
    assert checked.exit_code == 0
    assert json.loads(checked.stdout) == {
        "engine": "embedded",
        "state": "ok",
        "documents": 1,
        "missing": 0,
        "extra": 0,
        "different": 0,
        "differences": [],
    }


def test_a_search_server_that_is_away_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_MEILI_URL", "http://127.0.0.1:9")
    told = run("check")
    assert told.exit_code == 1
    assert "Traceback" not in told.output
    assert "127.0.0.1:9" in told.output
