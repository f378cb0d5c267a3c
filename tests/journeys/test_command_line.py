"""A person at the command line fills, approves and reads a library on a running hub, with tokens of their own."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx2

from tests.journeys.conftest import Hub
from tests.journeys.processes import served

CARD = """---
title: "Battlecard: the spreadsheet"
kind: battlecard
summary: When they do it by hand today.
stages: [consideration]
authors: {marketing: [ana@example.com], sales: [ben@example.com]}
---
# Why we win

It does not forget.
"""


def test_a_library_is_filled_approved_and_read_from_the_command_line(
    hub: Hub, environment: dict[str, str], port: int, tmp_path: Path
) -> None:
    tokens = {}
    for name, team, role in (
        ("ana", "marketing", "approver"),
        ("ben", "sales", "approver"),
        ("rita", "sales", "reader"),
    ):
        hub("user", "add", f"{name}@example.com", "--name", name.title(), "--team", team, "--role", role)
        words = ["--scope", "content:read"] + (["--scope", "content:write"] if role != "reader" else [])
        made = hub("token", "create", f"{name}@example.com", "--name", "test", *words, "--json")
        tokens[name] = json.loads(made.stdout)
        assert set(tokens[name]) == {"token", "id", "scopes", "expires_at"}
    ana, ben, rita = (tokens[name]["token"] for name in ("ana", "ben", "rita"))
    card = tmp_path / "card.md"
    card.write_text(CARD, encoding="utf-8")
    with served(environment, port):
        slug = json.loads(hub("asset", "create", str(card), "--json", token=ana).stdout)["slug"]
        told = hub("asset", "show", slug, token=rita, code=1)
        assert "There is no asset" in told.stderr
        hub("asset", "submit", slug, "--note", "please", token=ana)
        assert "waits for" in hub("asset", "queue", token=ben).stdout
        hub("asset", "approve", slug, token=ben, stdin="y\n")
        hub("asset", "approve", slug, token=ben, stdin="n\n", code=1)
        last = hub("asset", "approve", slug, token=ana, stdin="y\n")
        assert "published" in last.stderr
        shown = hub("asset", "show", slug, token=rita).stdout
        assert "It does not forget." in shown
        assert "Ben (sales)" in shown
        assert slug in hub("asset", "list", "--kind", "battlecard", token=rita).stdout
        refused = hub("asset", "retire", slug, token=rita, code=1)
        assert "scope" in refused.stderr
        health = json.loads(hub_health(port))
        assert health["status"] == "ok"
    refused = hub("asset", "list", token=rita, code=1)
    assert "No hub answers" in refused.stderr


def hub_health(port: int) -> str:
    return httpx2.get(f"http://127.0.0.1:{port}/api/v1/health").text


def test_wrong_usage_is_told_apart_from_a_refusal(hub: Hub) -> None:
    hub("user", "add", "x@example.com", code=2)
    hub("nonsense", code=2)
    hub("user", "add", "ana@example.com", "--name", "Ana", "--team", "sales", "--role", "admin")
    again = hub(
        "user", "add", "ana@example.com", "--name", "Ana", "--team", "sales", "--role", "admin", "--json", code=1
    )
    assert json.loads(again.stdout)["error"] == "Conflict"
    weak = hub(
        "user", "add", "b@example.com", "--name", "B", "--team", "sales", "--password-stdin", stdin="short\n", code=1
    )  # fmt: skip
    assert "12" in weak.stderr


def test_the_demo_serves_a_library_and_says_how_to_sign_in(environment: dict[str, str], port: int) -> None:
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", "demo", "--port", str(port)],
        env=environment | {"HUB_CONTENT_DIR": str(root / "content")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        told = ""
        assert process.stdout is not None
        while "hub asset list" not in told:
            line = process.stdout.readline()
            assert line, told
            told += line
        password = re.search(r"password: (\S+)", told)
        assert password is not None
        base = f"http://127.0.0.1:{port}"
        with httpx2.Client(base_url=f"{base}/api/v1") as client:
            for _ in range(300):
                try:
                    client.get("/health").raise_for_status()
                    break
                except httpx2.HTTPError:
                    time.sleep(0.1)
            signed = client.post("/session", json={"email": "rita.rep@example.com", "password": password[1]})
            assert signed.status_code in (200, 201), signed.text
            live = client.get("/assets?status=published&limit=200").json()
            assert live["total"] >= 40
            assert len({row["kind"] for row in live["items"]}) >= 10
            assert client.get("/reviews").json()["items"] == []
    finally:
        process.terminate()
        process.communicate(timeout=30)
