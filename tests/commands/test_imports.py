"""`hub import` from the command line: deals and their stages."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from typer.testing import CliRunner, Result

from hub.cli import app
from hub.commands import content
from hub.db import Database
from hub.deals.models import Deal, StageEntry
from tests.factories.deals import table

DEALS = table(
    "deal_id,owner,outcome,created", [("1", "Ana", "won", "2027-01-01"), ("2", "Ana", "perhaps", "2027-01-01")]
)
STAGES = table("deal_id,stage,entered", [("1", "Demo", "2027-01-01")])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HUB_LOG_LEVEL", "error")
    monkeypatch.delenv("HUB_DATABASE_URL", raising=False)
    (tmp_path / "deals.csv").write_text(DEALS)
    (tmp_path / "stages.csv").write_text(STAGES)
    return tmp_path


def hub(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["import", *map(str, arguments)], catch_exceptions=False)


def test_deals_and_stages_come_in_one_command_with_one_report_each(folder: Path) -> None:
    files = ("--stages", folder / "stages.csv", "--deals", folder / "deals.csv", "--json")
    first, again = hub(*files), hub(*files)
    assert (first.exit_code, again.exit_code) == (1, 1)
    reports: dict[str, Any] = json.loads(first.stdout)
    assert list(reports) == ["deals", "stages"]
    assert [(it["read"], it["new"], it["rejected_rows"]) for it in reports.values()] == [(2, 1, 1), (1, 1, 0)]
    assert [(it["row"], it["column"]) for it in reports["deals"]["rejected"]] == [(3, "outcome")]
    assert [it["unchanged"] for it in json.loads(again.stdout).values()] == [1, 1]
    database = Database(f"sqlite:///{folder}/data/hub.sqlite3")
    with database.reading() as session:
        [deal], [entry] = session.exec(select(Deal)).all(), session.exec(select(StageEntry)).all()
        assert (entry.deal_id, entry.stage_id) == (deal.id, deal.stage_id)
    database.close()


def test_it_is_said_in_words_for_people(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "_MOST_SHOWN", 1)
    wrong = [(n, "Ana", f"perhaps\x1b[31m {n}", "2027-01-01") for n in range(3)]
    (folder / "deals.csv").write_text(table("deal_id,owner,outcome,created", [*wrong, ("9", "A", "won", "2027-01-01")]))
    result = hub("--deals", folder / "deals.csv", "--stages", folder / "stages.csv")
    assert result.exit_code == 1
    assert "deals: 4 rows read: 1 new, 0 changed, 0 unchanged, 3 rejected" in result.stdout
    assert "  and 2 more rows; `--json` lists them" in result.stdout
    assert "stages: 1 rows read: 1 new" in result.stdout
    assert "  new word, to be confirmed: deal_stages: Demo" in result.stdout
    assert "\x1b" not in result.stdout


def test_one_mapping_serves_all_tables(folder: Path) -> None:
    mapping = folder / "mapping.toml"
    mapping.write_text(
        'source = "crm"\n[deals.values.outcome]\nperhaps = "open"\n[stages.columns]\nstage = "phase"\n'
        '[deals.join.teams]\nfile = "teams.csv"\non = "owner"\nkey = "rep"\n'
    )
    (folder / "teams.csv").write_text("rep,manager\nAna,Dustin\n")
    (folder / "stages.csv").write_text(STAGES.replace("stage", "phase"))
    files = ("--deals", folder / "deals.csv", "--stages", folder / "stages.csv", "--mapping", mapping)
    assert hub(*files).exit_code == 0
    database = Database(f"sqlite:///{folder}/data/hub.sqlite3")
    with database.reading() as session:
        assert {(it.source, it.extra["teams.manager"]) for it in session.exec(select(Deal))} == {("crm", "Dustin")}
    database.close()


def test_a_mapping_that_cannot_be_used_writes_nothing(folder: Path) -> None:
    mapping = folder / "mapping.toml"
    mapping.write_text("[stages.columns]\nstages = 'x'\n[stages.values.resul]\na = 'b'\n")
    result = hub("--deals", folder / "deals.csv", "--mapping", mapping)
    assert result.exit_code == 1
    assert "nearest: result" in result.stderr
    assert not (folder / "data/hub.sqlite3").exists()
