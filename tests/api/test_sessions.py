"""Signing in over HTTP: the cookie, the answers, the end of sessions, and what strangers may try."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select
from starlette.testclient import TestClient

from hub import clock
from hub.db import Database
from hub.events.models import Event
from hub.main import create_app
from hub.people.models import Person, RateWindow, SignInSession
from hub.settings import Settings
from tests.factories.people import PASSWORD, make_person, sign_in_headers, token_headers

API = "/api/v1"
ANOTHER = "nine larks hum low tunes"
ANA = {"email": "ana@example.com", "password": PASSWORD}


@pytest.fixture
def ana(app: FastAPI, client: TestClient) -> Person:
    with _database(app).transaction() as session:
        return make_person(session, name="Ana", email="ana@example.com", password=PASSWORD)


@pytest.fixture
def second(app: FastAPI, client: TestClient) -> TestClient:
    """Another browser."""
    return TestClient(app)


def _database(app: FastAPI) -> Database:
    database: Database = app.state.hub.database
    return database


def _sign_in(client: TestClient, **changes: str) -> Any:
    return client.post(f"{API}/session", json=ANA | changes)


def test_signing_in_sets_a_cookie_that_opens_the_hub(client: TestClient, ana: Person) -> None:
    answer = _sign_in(client, email=" ANA@example.com")
    assert answer.status_code == 200
    assert answer.json() == {
        "id": ana.id,
        "email": "ana@example.com",
        "name": "Ana",
        "team": "sales",
        "role": "contributor",
        "scopes": ["content:read", "content:write", "usage:write", "deals:write", "insights:read"],
    }
    assert client.get(f"{API}/me").json() == answer.json()


@pytest.mark.parametrize(("base_url", "secure"), [("http://127.0.0.1:8000", False), ("https://hub.example.com", True)])
def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    tmp_path: Path, sqlite_url: str, base_url: str, secure: bool
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=sqlite_url, base_url=base_url, session_days=3, worker=False)
    app = create_app(settings)
    with TestClient(app) as client:
        with _database(app).transaction() as session:
            make_person(session, email="ana@example.com", password=PASSWORD)
        cookie = _sign_in(client).headers["set-cookie"]
    value, *flags = cookie.split("; ")
    assert re.fullmatch(r"hub_session=[A-Za-z0-9_-]{43}", value)
    assert set(flags) == {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=259200"} | ({"Secure"} if secure else set())


def test_every_reason_to_refuse_has_the_same_answer(app: FastAPI, client: TestClient, ana: Person) -> None:
    with _database(app).transaction() as session:
        make_person(session, email="nopassword@example.com")
        gone = make_person(session, email="gone@example.com", password=PASSWORD)
        gone.deactivated_at = clock.now()
    answers = [
        _sign_in(client, password=ANOTHER),
        _sign_in(client, email="nobody@example.com"),
        _sign_in(client, email="nopassword@example.com"),
        _sign_in(client, email="gone@example.com"),
        _sign_in(client, email="not an address"),
    ]
    told = [{**answer.json(), "request_id": None} for answer in answers]
    assert {answer.status_code for answer in answers} == {401}
    assert all(one == told[0] for one in told)
    headers = [sorted(set(answer.headers) - {"content-length"}) for answer in answers]
    assert all(one == headers[0] for one in headers)
    assert not any("set-cookie" in answer.headers for answer in answers)


def test_no_transaction_is_open_while_a_password_is_verified(
    app: FastAPI, client: TestClient, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Argon2 takes a third of a second; on SQLite nobody could write meanwhile."""
    open_then: list[int] = []
    from hub.people import passwords

    hasher = passwords._hasher
    verify, make = hasher.verify_and_update, hasher.hash

    def watch(act: Any) -> Any:
        def watched(*given: Any) -> Any:
            open_then.append(_database(app).engine.pool.checkedout())  # type: ignore[attr-defined]
            return act(*given)

        return watched

    with _database(app).transaction() as session:
        admin = sign_in_headers(session, make_person(session, role="admin"))
    monkeypatch.setattr(hasher, "verify_and_update", watch(verify))
    monkeypatch.setattr(hasher, "hash", watch(make))
    _sign_in(client)
    client.put(f"{API}/me/password", json={"current": PASSWORD, "new": ANOTHER}).raise_for_status()
    client.put(f"{API}/people/{ana.id}/password", json={"password": PASSWORD}, headers=admin).raise_for_status()
    new = {"email": "b@example.com", "name": "B", "team": "sales", "role": "reader", "password": PASSWORD}
    client.post(f"{API}/people", json=new, headers=admin).raise_for_status()
    assert open_then == [0, 0, 0, 0, 0]


def test_signing_out_ends_the_session_and_takes_the_cookie(client: TestClient, ana: Person) -> None:
    secret = _sign_in(client).cookies["hub_session"]
    answer = client.delete(f"{API}/session")
    assert answer.status_code == 204
    assert 'hub_session=""' in answer.headers["set-cookie"]
    assert "hub_session" not in client.cookies
    assert client.get(f"{API}/me", headers={"Cookie": f"hub_session={secret}"}).status_code == 401


def test_a_token_has_no_session_to_end(app: FastAPI, client: TestClient) -> None:
    with _database(app).transaction() as session:
        headers = token_headers(session, make_person(session, role="admin"))
    assert client.delete(f"{API}/session", headers=headers).status_code == 409


def test_a_changed_password_signs_out_everywhere_else(client: TestClient, second: TestClient, ana: Person) -> None:
    _sign_in(client)
    _sign_in(second)
    answer = client.put(f"{API}/me/password", json={"current": PASSWORD, "new": ANOTHER})
    assert answer.status_code == 204
    assert client.get(f"{API}/me").status_code == 200
    assert second.get(f"{API}/me").status_code == 401
    assert _sign_in(second).status_code == 401
    assert _sign_in(second, password=ANOTHER).status_code == 200


def test_a_wrong_current_or_weak_new_password_names_the_field(client: TestClient, ana: Person) -> None:
    _sign_in(client)
    wrong = client.put(f"{API}/me/password", json={"current": ANOTHER, "new": ANOTHER})
    weak = client.put(f"{API}/me/password", json={"current": PASSWORD, "new": "Password1234"})
    same = client.put(f"{API}/me/password", json={"current": PASSWORD, "new": PASSWORD})
    assert [(answer.status_code, answer.json()["errors"][0]["loc"]) for answer in (wrong, weak, same)] == [
        (403, ["body", "current"]),
        (422, ["body", "new"]),
        (422, ["body", "new"]),
    ]


def test_who_stole_a_session_cannot_guess_the_password_with_it(app: FastAPI, client: TestClient, ana: Person) -> None:
    _sign_in(client)
    app.state.hub.settings.sign_in_rate_limit = "2/minute"
    guess = {"current": ANOTHER, "new": "four green kites dance"}
    statuses = [client.put(f"{API}/me/password", json=guess).status_code for _ in range(4)]
    assert statuses == [403, 403, 429, 429]


def test_a_token_for_reading_cannot_touch_the_account(app: FastAPI, client: TestClient, ana: Person) -> None:
    with _database(app).transaction() as session:
        headers = token_headers(session, session.get_one(Person, ana.id))
    change = client.put(f"{API}/me/password", json={"current": PASSWORD, "new": ANOTHER}, headers=headers)
    assert change.status_code == 403
    assert client.delete(f"{API}/me/sessions/1", headers=headers).status_code == 403
    assert client.get(f"{API}/me", headers=headers).status_code == 200


def test_one_sees_ones_browsers_and_signs_one_out(client: TestClient, second: TestClient, ana: Person) -> None:
    _sign_in(client)
    second.headers["user-agent"] = "A phone"
    _sign_in(second)
    listed = client.get(f"{API}/me/sessions").json()
    assert (listed["total"], listed["next"]) == (2, None)
    assert [(row["user_agent"], row["current"]) for row in listed["items"]] == [
        ("A phone", False),
        ("testclient", True),
    ]
    assert client.delete(f"{API}/me/sessions/{listed['items'][0]['id']}").status_code == 204
    assert second.get(f"{API}/me").status_code == 401
    assert client.delete(f"{API}/me/sessions/{listed['items'][0]['id']}").status_code == 404


def test_an_expired_session_opens_nothing(client: TestClient, ana: Person) -> None:
    _sign_in(client)
    with clock.shifted(timedelta(days=15)):
        assert (
            client.get(f"{API}/me", headers={"Cookie": f"hub_session={client.cookies['hub_session']}"}).status_code
            == 401
        )


@pytest.mark.parametrize("cookie", ["", "x", "x" * 4000, "é", "'; DROP TABLE person; --"])
def test_a_made_up_cookie_or_token_opens_nothing(client: TestClient, cookie: str) -> None:
    for name, value in ((b"Cookie", f"hub_session={cookie}"), (b"Authorization", f"Bearer {cookie}")):
        assert client.get(f"{API}/me", headers={name: value.encode()}).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}, 204),
        ({"Origin": "http://testserver"}, 204),
        ({"Origin": "http://127.0.0.1:8000"}, 204),
        ({}, 204),
    ],
)
def test_a_change_asked_for_by_another_site_is_refused(
    app: FastAPI, client: TestClient, headers: dict[str, str], status: int
) -> None:
    with _database(app).transaction() as session:
        cookie = sign_in_headers(session, make_person(session))
    assert client.delete(f"{API}/session", headers=cookie | headers).status_code == status
    assert client.get(f"{API}/me", headers=cookie).status_code == (401 if status == 204 else 200)


def test_a_program_with_a_token_may_come_from_anywhere(app: FastAPI, client: TestClient) -> None:
    with _database(app).transaction() as session:
        token = token_headers(session, make_person(session, role="admin"))
    changed = client.post(
        f"{API}/tokens", json={"name": "t", "scopes": ["admin"]}, headers=token | {"Sec-Fetch-Site": "cross-site"}
    )
    assert changed.status_code == 201


def test_another_site_cannot_sign_a_browser_in(client: TestClient, ana: Person) -> None:
    answer = client.post(f"{API}/session", json=ANA, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_guessing_is_held_back_and_opens_again(app: FastAPI, client: TestClient, ana: Person) -> None:
    app.state.hub.settings.sign_in_rate_limit = "3/minute"
    statuses = [_sign_in(client, password=f"guess number {n}").status_code for n in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    held_back = _sign_in(client)
    assert held_back.status_code == 429
    assert 0 < int(held_back.headers["retry-after"]) <= 60
    assert held_back.json()["type"] == "urn:hub:problem:too-many"
    with clock.shifted(timedelta(seconds=61)):
        assert _sign_in(client).status_code == 200


def test_being_held_back_tells_nothing_about_who_is_here(app: FastAPI, client: TestClient, ana: Person) -> None:
    app.state.hub.settings.sign_in_rate_limit = "2/minute"
    for email in ("ana@example.com", "nobody@example.com"):
        assert [_sign_in(client, email=email, password=ANOTHER).status_code for _ in range(3)] == [401, 401, 429]


@pytest.mark.parametrize(
    "body",
    [
        {"email": "ana@example.com"},
        {"email": "ana@example.com", "password": ""},
        {"email": "ana@example.com", "password": "x" * 201},
        {"email": "x" * 255, "password": PASSWORD},
        {"email": ["ana@example.com"], "password": PASSWORD},
        {"email": "ana@example.com", "password": PASSWORD, "role": "admin"},
    ],
)
def test_a_malformed_sign_in_is_refused_without_repeating_the_password(
    client: TestClient, body: dict[str, Any]
) -> None:
    answer = client.post(f"{API}/session", json=body)
    assert answer.status_code == 422
    assert PASSWORD not in answer.text
    assert "xxx" not in answer.text


@pytest.mark.parametrize("text", [r'"\ud800 lone surrogate"', r'"nul \u0000 in the middle"'])
def test_odd_characters_in_an_address_or_password_are_only_wrong(client: TestClient, ana: Person, text: str) -> None:
    for body in (
        f'{{"email": {text}, "password": "{PASSWORD}"}}',
        f'{{"email": "ana@example.com", "password": {text}}}',
    ):
        answer = client.post(f"{API}/session", content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (401, 422)


def test_no_secret_reaches_the_events_the_counters_or_the_log(
    app: FastAPI, client: TestClient, ana: Person, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = _sign_in(client).cookies["hub_session"]
    _sign_in(client, password=ANOTHER)
    client.put(f"{API}/me/password", json={"current": PASSWORD, "new": ANOTHER})
    with _database(app).reading() as session:
        kept = [*session.exec(select(Event)), *session.exec(select(RateWindow)), *session.exec(select(SignInSession))]
        digests = list(session.exec(select(SignInSession.digest)))
        told = " ".join(str(row.model_dump(exclude={"digest"})) for row in kept) + "".join(capfd.readouterr())
        names = [event.name for event in session.exec(select(Event).where(Event.subject_kind == "person"))]
    assert names == ["person.signed_in", "person.password_changed"]
    assert not [word for word in (PASSWORD, ANOTHER, secret, "argon2", *digests) if word in told]


def test_signing_in_works_on_both_databases(app_on_both: FastAPI, client_on_both: TestClient) -> None:
    with _database(app_on_both).transaction() as session:
        make_person(session, email="ana@example.com", password=PASSWORD)
    assert _sign_in(client_on_both).status_code == 200
    assert client_on_both.get(f"{API}/me/sessions").json()["total"] == 1
    change = client_on_both.put(f"{API}/me/password", json={"current": PASSWORD, "new": ANOTHER})
    assert change.status_code == 204
    assert client_on_both.delete(f"{API}/session").status_code == 204
