"""`hub crm pull` and `hub crm names`, as an operator runs them. The CRM is a server on the loopback."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from hub.cli import app
from hub.db import Database
from hub.deals.models import Deal
from hub.deals.sources.receipts import take_all
from tests.factories.crm import payload, pipedrive_said
from tests.factories.crm_server import FakeHubSpot, serving
from tests.factories.deals import everything

Run = Callable[..., Any]
START = datetime(2027, 1, 11, 9, tzinfo=UTC)


@pytest.fixture
def run(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HUB_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("HUB_LOG_LEVEL", "error")
    return lambda *arguments: CliRunner().invoke(app, ["crm", *arguments])


def test_a_pull_answers_with_what_it_did(run: Run, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    crm = FakeHubSpot()
    crm.add(1, START, history=[("appointmentscheduled", START)], dealname="One")
    crm.add(2, START, history=[("closedwon", START)], dealname="Two", amount="-5")
    with serving(crm) as url:
        monkeypatch.setenv("HUB_HUBSPOT_URL", url)
        monkeypatch.setenv("HUB_HUBSPOT_TOKEN", crm.token)
        done = run("pull", "hubspot", "--json")
    assert json.loads(done.stdout) == {"source": "hubspot", "deals": 2, "kept": 1, "made_anew": 0}
    assert done.exit_code == 1  # the amount of one cannot be used
    with sqlite_database.reading() as session:
        assert sorted(session.exec(select(Deal.name, Deal.outcome))) == [("One", "open"), ("Two", "won")]


def test_a_pull_without_a_token_says_what_to_set(run: Run) -> None:
    told = run("pull", "hubspot")
    assert (told.exit_code, "HUB_HUBSPOT_TOKEN" in told.output) == (1, True)
    assert "Traceback" not in told.output


def test_an_address_to_which_a_token_must_not_go_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_HUBSPOT_URL", "http://crm.example.com")
    monkeypatch.setenv("HUB_HUBSPOT_TOKEN", "x")
    told = run("pull", "hubspot")
    assert (told.exit_code, "HUB_HUBSPOT_URL: use an https: address" in told.output) == (1, True)


NAMES = """
[stages.2]
label = "Demo"
pipeline = "1"
position = 1
[stages.3]
label = "Offer"
pipeline = "1"
position = 2
[owners]
12 = "ben@example.com"
"""


def test_names_from_a_file_make_the_deals_that_waited_for_them(
    run: Run, sqlite_database: Database, tmp_path: Path
) -> None:
    take_all(sqlite_database, "pipedrive", pipedrive_said(payload("pipedrive_deal.json")))
    with sqlite_database.reading() as session:
        assert everything(session)["stages"] == []
    file = tmp_path / "pipedrive.toml"
    file.write_text(NAMES, encoding="utf-8")
    done = run("names", "pipedrive", str(file), "--json")
    assert json.loads(done.stdout) == {"source": "pipedrive", "new": 3, "changed": 0, "made_anew": 1}
    with sqlite_database.reading() as session:
        found = everything(session)
    assert [(stage, result) for _, stage, _, _, result in found["stages"]] == [
        ("Demo (False)", "advanced"),
        ("Offer (False)", "lost"),
        ("Offer (False)", "advanced"),
    ]
    assert found["deals"][0][2][0] == ("ben", "ben@example.com", "sales")
    again = run("names", "pipedrive", str(file), "--json")
    assert json.loads(again.stdout) == {"source": "pipedrive", "new": 0, "changed": 0, "made_anew": 0}


@pytest.mark.parametrize(
    ("text", "told"),
    [("[stages", "no TOML"), ('[stages.2]\nlabel = ""', "stages.2.label"), ("[stages.2]\nname = 'x'", "stages.2.name")],
)
def test_a_file_that_cannot_be_used_says_where(run: Run, tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "names.toml"
    file.write_text(text, encoding="utf-8")
    answer = run("names", "hubspot", str(file))
    assert (answer.exit_code, told in answer.output) == (1, True)
