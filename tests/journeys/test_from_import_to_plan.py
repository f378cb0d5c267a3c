"""The whole story by commands: tables of other systems in, evidence out, and what it says in search and in the plan."""

import json
from pathlib import Path

import httpx2

from tests.factories.deals import table
from tests.factories.people import PASSWORD
from tests.factories.worlds import planted_world
from tests.insights.stored_worlds import deals_table, stages_table, uses_table
from tests.journeys.conftest import Hub
from tests.journeys.processes import served

ADMIN = "ana@example.com"
SCOPES = ("content:read", "insights:read", "usage:write", "deals:write", "admin")


def test_from_imported_deals_to_a_verdict_in_search_and_a_line_of_the_plan(
    hub: Hub, environment: dict[str, str], port: int, tmp_path: Path
) -> None:
    world = planted_world(3, deals=1_500, assets=60, helping=5, effect=1.4)
    texts = {
        "assets": table(
            "asset_id,title,kind,body,personas,stages",
            [(f"A{it}", f"Asset number {it}", "note", f"Words {it}", "persona 1", "decision") for it in range(60)],
        ),
        "deals": deals_table(world.history, currency="EUR"),
        "stages": stages_table(world.history),
        "uses": uses_table(world.history),
    }
    files = []
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        files += [f"--{name}", str(tmp_path / f"{name}.csv")]
    imported = json.loads(hub("import", *files, "--publish", "--json").stdout)
    for name, report in imported.items():
        assert report["read"] == report["new"] == texts[name].count("\n") - 1, name
    again = json.loads(hub("import", *files, "--publish", "--json").stdout)
    assert all(report["unchanged"] == report["read"] for report in again.values())
    computed = json.loads(hub("evidence", "compute", "--json").stdout)
    assert not computed["missing"]
    out = tmp_path / "evidence.json"
    hub("evidence", "export", str(out))
    rows = {row["asset_id"]: row for row in json.loads(out.read_text(encoding="utf-8"))["rows"]}
    proven = {name for name, row in rows.items() if row["verdict"] == "proven"}
    assert proven
    assert proven <= {f"A{it}" for it in range(5)}
    hub(
        "user",
        "add",
        ADMIN,
        "--name",
        "Ana",
        "--team",
        "marketing",
        "--role",
        "admin",
        "--password-stdin",
        stdin=PASSWORD,
    )
    scopes = [part for scope in SCOPES for part in ("--scope", scope)]
    token = json.loads(hub("token", "create", ADMIN, "--name", "test", *scopes, "--json").stdout)["token"]
    hub("work", "--once")
    with served(environment, port), _client(port, token) as client:
        hits = client.get("/search", params={"q": "asset number", "sort": "evidence", "limit": 60}).json()["hits"]
        assert hits[0]["external_id"] in proven
        told = {hit["external_id"]: hit["evidence"]["verdict"] for hit in hits if hit["evidence"]}
        assert {name for name, verdict in told.items() if verdict == "proven"} == proven
        queue = client.get("/plan/queue").json()["items"]
        assert queue
        assert all(line["reason"] for line in queue)
        checked = json.loads(hub("search", "check", "--json").stdout)
        assert checked["differences"] == []


def _client(port: int, token: str) -> httpx2.Client:
    return httpx2.Client(
        base_url=f"http://127.0.0.1:{port}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=60
    )
