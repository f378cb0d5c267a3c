"""The extension's calls: which hub this is, and a browser let in by a click and shut out again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select
from starlette.testclient import TestClient

from hub import clock, shipped
from hub.db import Database
from hub.people import authentication, browsers, directory
from hub.people.models import ConnectedBrowser, Person, Token
from hub.people.roles import Actor
from tests.factories.people import make_person, make_token, sign_in_headers

VERIFIER = "v" * 43
CHALLENGE = browsers.challenge_of(VERIFIER)
CALL = "/api/v1/extension/connection"


def approved(client: TestClient, **person: Any) -> tuple[Person, str]:
    """Somebody who let a browser in, and the code that their page holds."""
    with database_of(client).transaction() as session:
        rita = make_person(session, team="sales", role="reader", **person)
        session.refresh(rita)
        return rita, browsers.approve(
            session, directory.actor_for(rita), challenge=CHALLENGE, browser="Chrome on Linux"
        )


def database_of(client: TestClient) -> Database:
    app: Any = client.app
    found: Database = app.state.hub.database
    return found


def claim(client: TestClient, code: str, verifier: str = VERIFIER) -> Any:
    return client.post(CALL, json={"code": code, "verifier": verifier})


def test_an_address_says_that_it_is_a_hub(client: TestClient) -> None:
    about = client.get("/api/v1/extension").json()
    assert about["hub"] == "messaging-hub"
    assert about["offered"] == shipped.extension_version()
    assert about["oldest"] <= about["offered"]


def test_a_browser_that_was_let_in_gets_a_token_for_reading_and_recording(client_on_both: TestClient) -> None:
    client = client_on_both
    rita, code = approved(client, name="Rita Rep")
    answer = claim(client, code)
    assert answer.status_code == 201
    got = answer.json()
    assert got["scopes"] == ["content:read", "usage:write"]
    assert got["person"] == {"id": rita.id, "name": "Rita Rep", "team": "sales", "role": "reader"}
    headers = {"Authorization": f"Bearer {got['token']}"}
    assert client.get("/api/v1/extension/library", headers=headers).status_code == 200
    assert client.get("/api/v1/insights", headers=headers).status_code == 403
    assert client.get(CALL, headers=headers).json()["browser"] == "Chrome on Linux"


def test_a_code_opens_once(client: TestClient) -> None:
    _, code = approved(client)
    assert claim(client, code).status_code == 201
    assert claim(client, code).status_code == 401
    with database_of(client).reading() as session:
        assert len(session.exec(select(Token)).all()) == 1


def test_a_code_opens_nothing_without_the_secret_that_was_approved(client: TestClient) -> None:
    _, code = approved(client)
    stolen, made_up = claim(client, code, "w" * 43), claim(client, "c" * 43)
    assert (stolen.status_code, made_up.status_code) == (401, 401)
    assert stolen.json()["detail"] == made_up.json()["detail"]
    assert claim(client, code).status_code == 201


def test_a_code_is_over_after_five_minutes(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    _, code = approved(client)
    later = clock.now() + timedelta(minutes=5, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert claim(client, code).status_code == 401


def test_an_approval_that_nobody_claimed_is_forgotten(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    approved(client)
    _, taken = approved(client)
    claim(client, taken)
    later = clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    with database_of(client).transaction() as session:
        authentication.forget_ended(session)
        assert len(session.exec(select(ConnectedBrowser)).all()) == 1


def test_somebody_deactivated_meanwhile_gets_nothing(client: TestClient) -> None:
    rita, code = approved(client)
    with database_of(client).transaction() as session:
        session.get_one(Person, rita.id).deactivated_at = clock.now()
    assert claim(client, code).status_code == 401


def test_a_browser_signs_itself_out(client: TestClient) -> None:
    _, code = approved(client)
    headers = {"Authorization": f"Bearer {claim(client, code).json()['token']}"}
    assert client.delete(CALL, headers=headers).status_code == 204
    assert client.get("/api/v1/extension/library", headers=headers).status_code == 401


def test_a_program_has_no_browser_to_sign_out(client: TestClient) -> None:
    with database_of(client).transaction() as session:
        headers = {"Authorization": f"Bearer {make_token(session, make_person(session))}"}
    assert client.delete(CALL, headers=headers).status_code == 404
    assert client.get("/api/v1/me", headers=headers).status_code == 200


def test_a_token_cannot_let_a_browser_in(client: TestClient) -> None:
    with database_of(client).transaction() as session:
        person = make_person(session)
        headers = {"Authorization": f"Bearer {make_token(session, person, ['content:read', 'usage:write'])}"}
    assert client.post("/extension/connect", headers=headers, data={"challenge": CHALLENGE}).status_code == 403


def test_guessing_codes_is_held_back(client: TestClient) -> None:
    app: Any = client.app
    app.state.hub.settings.sign_in_rate_limit = "1/minute"
    answers = [claim(client, "c" * 43).status_code for _ in range(4)]
    assert answers == [401, 401, 401, 429]


def test_one_sees_and_ends_one_s_own_browsers_only(client: TestClient) -> None:
    rita, code = approved(client)
    claim(client, code)
    with database_of(client).transaction() as session:
        [connected] = browsers.connected(session, directory.actor_for(session.get_one(Person, rita.id)))
        stranger = make_person(session)
        assert browsers.connected(session, directory.actor_for(stranger)) == []
        theirs, own = sign_in_headers(session, stranger), sign_in_headers(session, rita)
    end = f"/extension/browsers/{connected.token_id}/end"
    assert client.post(end, headers=theirs, follow_redirects=False).status_code == 404
    assert client.post(end, headers=own, follow_redirects=False).status_code == 303
    with database_of(client).reading() as session:
        assert browsers.connected(session, _actor(session, rita)) == []


def _actor(session: Session, person: Person) -> Actor:
    return directory.actor_for(session.get_one(Person, person.id))
