"""Insights over HTTP: what CONTRACT promises, as programs call it."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import Session, col, select
from starlette.testclient import TestClient

from hub.assets import drafts
from hub.assets.models import Asset
from hub.insights.computing import Computer
from hub.insights.inputs import Inputs
from hub.insights.rollups import Figures
from hub.people.roles import HUB
from tests.factories.people import make_person, token_headers
from tests.factories.worlds import planted_world
from tests.insights.stored_worlds import rounded, store

API = "/api/v1"
HISTORY = rounded(planted_world(3, deals=700, assets=12, owners=8, helping=3, effect=1.6).history)
Ask = Any


@pytest.fixture
def ask(app_on_both: FastAPI, client_on_both: TestClient) -> Ask:
    """Ask as an approver, on a hub with evidence."""
    database = app_on_both.state.hub.database
    store(database, HISTORY)
    Computer(database, Inputs()).compute()
    Figures(database, Inputs()).refresh()
    with database.transaction() as session:
        headers = token_headers(session, make_person(session, role="approver"))
    return lambda method, path, **more: client_on_both.request(method, API + path, headers=headers, **more)


def test_evidence_for_all_and_for_one(ask: Ask) -> None:
    listed = ask("GET", "/insights/assets", params={"sort": "lift", "limit": 3}).json()
    assert listed["total"] == HISTORY.assets
    assert len(listed["items"]) == 3
    best = listed["items"][0]
    assert best["verdict"] == "proven"
    assert best["low"] <= best["lift"] <= best["high"]
    following = ask("GET", "/insights/assets", params={"sort": "lift", "limit": 3, "cursor": listed["next"]}).json()
    assert following["items"][0]["lift"] <= listed["items"][-1]["lift"]
    one = ask("GET", f"/assets/{best['slug']}/evidence").json()
    assert one["sentence"] == best["sentence"]
    assert one["crude"]["lift"] == best["crude_lift"]
    assert one["attribution"]["influenced"] == pytest.approx(best["touched_revenue"])
    assert one["rows"] == f"{API}/uses?asset={best['slug']}"


def test_verdicts_stages_and_personas_narrow(ask: Ask) -> None:
    found = ask("GET", "/insights/assets", params={"verdict": ["proven", "promising"], "stage": "discovery"}).json()
    assert {cell["verdict"] for item in found["items"] for cell in item["cells"]} <= {"proven", "promising"}
    wrong = ask("GET", "/insights/assets", params={"stage": "discover"})
    assert wrong.status_code == 422
    assert "discovery" in wrong.json()["errors"][0]["message"]
    assert ask("GET", "/insights/assets", params={"persona": "nobody"}).status_code == 404
    assert ask("GET", "/insights/assets", params={"verdict": "good"}).status_code == 422


def test_the_rows_behind_a_figure_can_be_read(ask: Ask) -> None:
    item = ask("GET", "/insights/assets", params={"sort": "uses"}).json()["items"][0]
    rows = ask("GET", item["rows"].removeprefix(API)).json()
    assert rows["total"] == item["uses"]
    stage = ask("GET", "/insights/funnel").json()["stages"][0]
    assert ask("GET", stage["rows"].removeprefix(API)).status_code == 200


def test_a_run_is_asked_for_and_made_by_the_worker(ask: Ask, app_on_both: FastAPI) -> None:
    asked = ask("POST", "/insights/runs")
    assert asked.status_code == 202
    run = asked.json()
    assert (run["state"], run["has_rows"]) == ("asked", False)
    assert ask("POST", "/insights/runs").json()["id"] == run["id"]
    assert ask("GET", "/insights").json()["pending"]["id"] == run["id"]
    Computer(app_on_both.state.hub.database, Inputs()).do_what_is_due()
    done = ask("GET", f"/insights/runs/{run['id']}").json()
    assert (done["state"], done["progress"], done["has_rows"]) == ("complete", 1.0, True)
    assert [one["id"] for one in ask("GET", "/insights/runs").json()["items"]] == [run["id"], run["id"] - 1]
    assert ask("GET", "/insights/runs", params={"limit": 1}).json()["next"] is not None
    assert ask("GET", "/insights/runs/99").status_code == 404
    old = ask("GET", "/insights/assets", params={"run": run["id"] - 1}).json()
    assert old["basis"]["run"] == run["id"] - 1


def test_the_pipeline_is_told_with_ranges(ask: Ask) -> None:
    stages = ask("GET", "/insights/funnel").json()["stages"]
    assert [one["stage"]["key"] for one in stages] == ["discovery", "evaluation", "proposal"]
    months = ask("GET", "/insights/outcomes", params={"months": 3}).json()["months"]
    assert len(months) == 3
    sources = ask("GET", "/insights/sources").json()["sources"]
    assert all(one["adjusted_low"] <= one["adjusted"] <= one["adjusted_high"] for one in sources)
    capture = ask("GET", "/insights/capture").json()
    assert {one["group"] for one in capture["shares"]} == {"won", "lost", "open", "no decision"}


def test_a_hold_out_is_started_and_ended(ask: Ask, app_on_both: FastAPI) -> None:
    started = ask("POST", "/insights/experiments", json={"asset": "asset-1", "stage": "proposal"})
    assert started.status_code == 201
    made = started.json()
    assert (made["asset"], made["stage"]["key"], made["share"], made["suggested"]) == ("asset-1", "proposal", 0.5, 0)
    assert ask("POST", "/insights/experiments", json={"asset": "asset-1"}).status_code == 409
    assert ask("POST", "/insights/experiments", json={"asset": "asset-2", "share": 1}).status_code == 422
    assert ask("DELETE", f"/insights/experiments/{made['id']}").json()["ended_at"] is not None
    assert ask("GET", "/insights/experiments").json()["total"] == 1


def test_a_former_slug_finds_the_evidence(ask: Ask, app_on_both: FastAPI) -> None:
    with app_on_both.state.hub.database.transaction() as session:
        drafts.rename(session, HUB, _asset(session, "asset-1"), "renamed")
    assert ask("GET", "/assets/asset-1/evidence").json()["slug"] == "renamed"


def _asset(session: Session, slug: str) -> Asset:
    return session.exec(select(Asset).where(col(Asset.slug) == slug)).one()
