"""Tokens over HTTP."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from hub import clock
from hub.people.models import Person
from tests.factories.people import make_person, sign_in_headers, token_headers

TOKENS = "/api/v1/tokens"
NEW = {"name": "CRM sync", "scopes": ["content:read", "usage:write"]}


def _person(app: FastAPI, role: str = "contributor") -> tuple[Person, dict[str, str]]:
    with app.state.hub.database.transaction() as session:
        person = make_person(session, role=role)
        return person, sign_in_headers(session, person)


def test_a_made_token_opens_the_hub_until_it_is_revoked(app_on_both: FastAPI, client_on_both: TestClient) -> None:
    client = client_on_both
    ana, headers = _person(app_on_both)
    made = client.post(TOKENS, json=NEW, headers=headers)
    assert made.status_code == 201
    assert made.json().keys() == {"token", "id", "name", "scopes", "expires_at"}
    assert made.json()["scopes"] == NEW["scopes"]
    use = {"Authorization": f"Bearer {made.json()['token']}"}
    assert client.get("/api/v1/me", headers=use).json() | {"team": ""} == {
        "id": ana.id,
        "email": ana.email,
        "name": ana.name,
        "team": "",
        "role": "contributor",
        "scopes": ["content:read", "usage:write"],
    }
    [listed] = client.get(TOKENS, headers=headers).json()["items"]
    assert listed["id"] == made.json()["id"]
    assert datetime.fromisoformat(listed["last_used_at"]) <= clock.now()
    assert made.json()["token"] not in str(listed)
    for _ in range(2):
        assert client.delete(f"{TOKENS}/{listed['id']}", headers=headers).status_code == 204
    assert client.get("/api/v1/me", headers=use).status_code == 401
    assert client.get(TOKENS, headers=headers).json() == {"items": [], "total": 0, "next": None}


def test_a_token_expires(app: FastAPI, client: TestClient) -> None:
    _, headers = _person(app)
    made = client.post(TOKENS, json=NEW | {"expires_in_days": 1}, headers=headers).json()
    use = {"Authorization": f"Bearer {made['token']}"}
    assert client.get("/api/v1/me", headers=use).status_code == 200
    with clock.shifted(timedelta(days=1, seconds=1)):
        answer = client.get("/api/v1/me", headers=use)
    assert answer.status_code == 401
    assert answer.json()["detail"] == f"The token expired on {made['expires_at'][:10]}. Make a new one."


def test_a_token_may_have_no_end(app: FastAPI, client: TestClient) -> None:
    _, headers = _person(app)
    assert client.post(TOKENS, json=NEW | {"expires_in_days": None}, headers=headers).json()["expires_at"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": "content:read"},
        {"name": " "},
        {"name": "a\x00b"},
        {"name": "half a pair \ud83d"},
        {"name": "x" * 101},
        {"expires_in_days": 0},
        {"expires_in_days": "30"},
        {"expires_in_days": 3651},
        {"person": True},
        {"role": "admin"},
    ],
)
def test_a_malformed_token_is_refused(app: FastAPI, client: TestClient, change: dict[str, Any]) -> None:
    _, headers = _person(app)
    body = json.dumps(NEW | change)  # of which httpx itself would refuse half a surrogate pair
    answer = client.post(TOKENS, content=body, headers=headers | {"Content-Type": "application/json"})
    assert answer.status_code == 422


def test_a_token_cannot_be_wider_than_its_person(app: FastAPI, client: TestClient) -> None:
    _, headers = _person(app, "reader")
    answer = client.post(TOKENS, json=NEW | {"scopes": ["content:write"]}, headers=headers)
    assert answer.status_code == 403
    assert "it can have content:read, usage:write, insights:read" in answer.json()["detail"]


def test_a_token_cannot_make_a_wider_one_nor_any_without_the_scope_admin(app: FastAPI, client: TestClient) -> None:
    admin, _ = _person(app, "admin")
    with app.state.hub.database.transaction() as session:
        without = token_headers(session, admin, ["content:read", "usage:write"])
        narrow = token_headers(session, admin, ["admin", "content:read"])
    assert client.post(TOKENS, json=NEW, headers=without).status_code == 403
    assert client.post(TOKENS, json=NEW, headers=narrow).status_code == 403
    assert client.post(TOKENS, json=NEW | {"scopes": ["content:read"]}, headers=narrow).status_code == 201


def test_admins_make_list_and_revoke_for_others(app: FastAPI, client: TestClient) -> None:
    ana, anas = _person(app)
    _, admins = _person(app, "admin")
    made = client.post(TOKENS, json=NEW | {"person": ana.id}, headers=admins).json()
    assert client.get(TOKENS, params={"person": ana.id}, headers=admins).json()["total"] == 1
    assert client.get(TOKENS, headers=admins).json()["total"] == 0
    assert client.get(TOKENS, headers=anas).json()["items"][0]["person"] == ana.id
    assert client.delete(f"{TOKENS}/{made['id']}", headers=admins).status_code == 204
    assert client.post(TOKENS, json=NEW | {"person": 999_999}, headers=admins).status_code == 404


def test_others_cannot(app: FastAPI, client: TestClient) -> None:
    ana, anas = _person(app)
    _, bens = _person(app, "approver")
    made = client.post(TOKENS, json=NEW, headers=anas).json()
    assert client.post(TOKENS, json=NEW | {"person": ana.id}, headers=bens).status_code == 403
    assert client.get(TOKENS, params={"person": ana.id}, headers=bens).status_code == 403
    assert client.delete(f"{TOKENS}/{made['id']}", headers=bens).status_code == 404
