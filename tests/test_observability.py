"""What an operator sees: request ids, log lines and figures, without anybody's secret in them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from hub.http import Hub
from hub.observability import set_up_logging
from hub.settings import Settings
from tests.factories.people import make_person, token_headers


@pytest.fixture
def logged(settings: Settings) -> Iterator[Settings]:
    """Log lines as JSON for this test; quiet again afterwards."""
    louder = settings.model_copy(update={"log_json": True, "log_level": "info"})
    set_up_logging(louder)
    yield louder
    set_up_logging(settings)


def test_a_request_id_stands_in_the_answer_the_event_and_the_log_line(
    logged: Settings, app: FastAPI, client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    hub: Hub = app.state.hub
    with hub.database.transaction() as session:
        headers = token_headers(session, make_person(session, role="contributor"))
        admin = token_headers(session, make_person(session, role="admin"))
    capsys.readouterr()
    answer = client.post("/api/v1/assets", json={"title": "T"}, headers=headers | {"X-Request-ID": "from-the-caller-1"})
    assert answer.headers["x-request-id"] == "from-the-caller-1"
    [line] = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (line["request_id"], line["status"], line["method"]) == ("from-the-caller-1", 201, "POST")
    [event] = client.get("/api/v1/events?name=asset.created", headers=admin).json()["items"]
    assert event["request_id"] == "from-the-caller-1"
    assert logged.log_json


@pytest.mark.parametrize("given", ["short", "x" * 65, "new\nline-abc", "<script>alert</script>", ""])
def test_an_odd_request_id_is_replaced(client: TestClient, given: str) -> None:
    answer = client.get("/api/v1/health", headers={"X-Request-ID": given.encode()})
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 16


def test_no_secret_and_no_question_reaches_the_log(
    logged: Settings, app: FastAPI, client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    hub: Hub = app.state.hub
    with hub.database.transaction() as session:
        person = make_person(session, role="reader", email="ana@example.com", password="seven otters juggle plums")
        headers = token_headers(session, person)
    capsys.readouterr()
    client.get("/api/v1/assets?stage=decision", headers=headers)
    client.post("/api/v1/session", json={"email": "ana@example.com", "password": "seven otters juggle plums"})
    client.post("/api/v1/session", json={"email": "ana@example.com", "password": "a wrong one entirely"})
    told = capsys.readouterr().err
    assert told.count('"event": "answered"') == 3
    for secret in ("otters", "wrong one", headers["Authorization"].split()[1], "decision", "ana@example.com"):
        assert secret not in told
    assert logged.log_json


def test_figures_are_counted_by_route_and_shown_to_admins_and_the_machine_itself(
    app: FastAPI, client: TestClient
) -> None:
    hub: Hub = app.state.hub
    with hub.database.transaction() as session:
        admin = token_headers(session, make_person(session, role="admin"))
        reader = token_headers(session, make_person(session, role="reader"))
    for slug in ("one", "two", "three"):
        client.get(f"/api/v1/assets/{slug}", headers=reader)
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers=reader).status_code == 403
    figures = client.get("/metrics", headers=admin).text
    assert 'hub_answers_total{route="/api/v1/assets/{slug}",status="404"} 3.0' in figures
    near = TestClient(app, client=("127.0.0.1", 50000))
    assert near.get("/metrics").status_code == 200
    assert near.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401


def test_a_mistake_of_the_hub_is_told_without_its_inside(
    tmp_path: Path, app: FastAPI, capsys: pytest.CaptureFixture[str]
) -> None:
    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("the inside of the hub")

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "inside" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "the inside of the hub" in capsys.readouterr().err
