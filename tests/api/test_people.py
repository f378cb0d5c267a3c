"""People over HTTP."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import event
from starlette.testclient import TestClient

from hub.people.models import Person
from tests.factories.people import PASSWORD, make_person, sign_in_headers, token_headers

PEOPLE = "/api/v1/people"
BEN = {"email": "ben@example.com", "name": "Ben Okafor", "team": "sales", "role": "contributor"}


def _person(app: FastAPI, role: str = "contributor", **changes: Any) -> tuple[Person, dict[str, str]]:
    with app.state.hub.database.transaction() as session:
        person = make_person(session, role=role, **changes)
        return person, sign_in_headers(session, person)


def test_readers_see_no_address_but_their_own(app_on_both: FastAPI, client_on_both: TestClient) -> None:
    ana, _ = _person(app_on_both, name="Ana")
    zoe, readers = _person(app_on_both, "reader", name="Zoe")
    _, contributors = _person(app_on_both, name="Ben")
    seen = client_on_both.get(PEOPLE, headers=readers).json()
    assert [(row["name"], row["email"]) for row in seen["items"]] == [("Ana", None), ("Ben", None), ("Zoe", zoe.email)]
    assert client_on_both.get(f"{PEOPLE}/{ana.id}", headers=readers).json()["email"] is None
    assert client_on_both.get(f"{PEOPLE}/{ana.id}", headers=contributors).json()["email"] == ana.email


def test_a_person_is_shown_without_anything_secret(app: FastAPI, client: TestClient) -> None:
    ana, headers = _person(app, name="Ana", password=PASSWORD)
    answer = client.get(f"{PEOPLE}/{ana.id}", headers=headers)
    assert answer.json() == {
        "id": ana.id,
        "email": ana.email,
        "name": "Ana",
        "team": "sales",
        "role": "contributor",
        "active": True,
    }


def test_a_person_known_already_is_not_sent_again(app: FastAPI, client: TestClient) -> None:
    ana, headers = _person(app)
    etag = client.get(f"{PEOPLE}/{ana.id}", headers=headers).headers["etag"]
    again = client.get(f"{PEOPLE}/{ana.id}", headers=headers | {"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    _, readers = _person(app, "reader")
    assert client.get(f"{PEOPLE}/{ana.id}", headers=readers | {"If-None-Match": etag}).status_code == 200


def test_people_are_listed_page_by_page_and_found_by_name(app: FastAPI, client: TestClient) -> None:
    for name in ("Ana Silva", "Ben Okafor", "Cleo Okafor"):
        _, headers = _person(app, name=name)
    first = client.get(PEOPLE, params={"limit": 2}, headers=headers).json()
    rest = client.get(PEOPLE, params={"limit": 2, "cursor": first["next"]}, headers=headers).json()
    names = [row["name"] for row in first["items"] + rest["items"]]
    assert (names, first["total"], rest["next"]) == (["Ana Silva", "Ben Okafor", "Cleo Okafor"], 3, None)
    found = client.get(PEOPLE, params={"q": "oka"}, headers=headers).json()
    assert [row["name"] for row in found["items"]] == ["Ben Okafor", "Cleo Okafor"]
    assert client.get(PEOPLE, params={"cursor": "nonsense"}, headers=headers).status_code == 422


def test_a_list_of_twenty_asks_no_more_than_a_list_of_ten(app: FastAPI, client: TestClient) -> None:
    asked: list[str] = []
    engine = app.state.hub.database.engine
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    counts: list[int] = []
    for _ in range(2):
        for _ in range(10):
            _, headers = _person(app)
        asked.clear()
        assert len(client.get(PEOPLE, headers=headers).json()["items"]) == len(counts) * 10 + 10
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 4


def test_an_admin_adds_a_person_who_can_sign_in(app_on_both: FastAPI, client_on_both: TestClient) -> None:
    _, headers = _person(app_on_both, "admin")
    added = client_on_both.post(PEOPLE, json=BEN | {"password": PASSWORD}, headers=headers)
    assert added.status_code == 201
    assert added.json() == BEN | {"id": added.json()["id"], "active": True}
    signed_in = client_on_both.post("/api/v1/session", json={"email": "ben@example.com", "password": PASSWORD})
    assert signed_in.status_code == 200
    assert client_on_both.post(PEOPLE, json=BEN, headers=headers).status_code == 409


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"email": "ben"}, "email"),
        ({"name": ""}, "name"),
        ({"team": "legal"}, "team"),
        ({"role": "owner"}, "role"),
        ({"password": "Ben Okafor 12"}, "password"),
        ({"password_hash": "$argon2id$"}, "password_hash"),
    ],
)
def test_a_malformed_person_is_refused_with_the_place(
    app: FastAPI, client: TestClient, change: dict[str, Any], place: str
) -> None:
    _, headers = _person(app, "admin")
    answer = client.post(PEOPLE, json=BEN | change, headers=headers)
    assert answer.status_code == 422
    assert [fault["loc"] for fault in answer.json()["errors"]] == [["body", place]]


def test_a_change_shows_at_once_and_to_the_session_of_the_changed(app: FastAPI, client: TestClient) -> None:
    ana, anas = _person(app, "approver")
    _, admins = _person(app, "admin")
    changed = client.patch(f"{PEOPLE}/{ana.id}", json={"role": "reader", "name": "Ana S."}, headers=admins).json()
    assert (changed["role"], changed["name"], changed["team"]) == ("reader", "Ana S.", "sales")
    assert client.get("/api/v1/me", headers=anas).json()["role"] == "reader"


def test_who_is_deactivated_is_out_at_once(app: FastAPI, client: TestClient) -> None:
    ana, session_of_ana = _person(app)
    with app.state.hub.database.transaction() as session:
        token_of_ana = token_headers(session, ana)
    _, admins = _person(app, "admin")
    assert client.patch(f"{PEOPLE}/{ana.id}", json={"active": False}, headers=admins).json()["active"] is False
    for headers in (session_of_ana, token_of_ana):
        assert client.get("/api/v1/me", headers=headers).status_code == 401
    client.patch(f"{PEOPLE}/{ana.id}", json={"active": True}, headers=admins)
    assert client.get("/api/v1/me", headers=token_of_ana).status_code == 200
    assert client.get("/api/v1/me", headers=session_of_ana).status_code == 401


def test_the_last_admin_cannot_lock_everybody_out(app: FastAPI, client: TestClient) -> None:
    admin, headers = _person(app, "admin")
    for change in ({"role": "reader"}, {"active": False}):
        assert client.patch(f"{PEOPLE}/{admin.id}", json=change, headers=headers).status_code == 409
    assert client.patch(f"{PEOPLE}/{admin.id}", json={"name": "Still here"}, headers=headers).status_code == 200


def test_an_admin_gives_somebody_a_new_password(app: FastAPI, client: TestClient) -> None:
    ana, anas = _person(app, email="ana@example.com")
    _, admins = _person(app, "admin")
    given = client.put(f"{PEOPLE}/{ana.id}/password", json={"password": PASSWORD}, headers=admins)
    assert given.status_code == 204
    assert client.get("/api/v1/me", headers=anas).status_code == 401
    signed_in = client.post("/api/v1/session", json={"email": "ana@example.com", "password": PASSWORD})
    assert signed_in.status_code == 200


def test_who_is_not_there_is_not_found(app: FastAPI, client: TestClient) -> None:
    _, headers = _person(app, "admin")
    assert client.get(f"{PEOPLE}/999999", headers=headers).status_code == 404
    assert client.patch(f"{PEOPLE}/999999", json={}, headers=headers).status_code == 404
    assert client.put(f"{PEOPLE}/999999/password", json={"password": PASSWORD}, headers=headers).status_code == 404
    assert client.get(f"{PEOPLE}/99999999999999999999", headers=headers).status_code == 422
