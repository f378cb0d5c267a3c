"""One's own account: password, browsers, tokens."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from hub.people import directory
from tests.factories.people import PASSWORD, make_person
from tests.web.pages import PageText, Visitor

Visit = Callable[[Any], Visitor]
NEW = "nine larks hum low tunes"


def person(app: FastAPI, role: str = "contributor") -> Any:
    with app.state.hub.database.transaction() as session:
        return directory.actor_for(make_person(session, role=role, password=PASSWORD))


def test_a_changed_password_signs_every_other_browser_out(app: FastAPI, client: TestClient, visit: Visit) -> None:
    who = person(app)
    here, elsewhere = visit(who), visit(who)
    answer = here.post("/account/password", current=PASSWORD, new=NEW)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert here.raw("GET", "/account").status_code == 200
    assert elsewhere.raw("GET", "/account").status_code == 303


def test_a_wrong_or_weak_password_is_told_at_its_field(app: FastAPI, visit: Visit) -> None:
    browser = visit(person(app))
    wrong = browser.post("/account/password", current="not this one at all", new=NEW)
    weak = browser.post("/account/password", current=PASSWORD, new="short")
    assert (wrong.status_code, weak.status_code) == (403, 422)
    for answer, field, words in ((wrong, "current", "not the password you have now"), (weak, "new", "12")):
        page = PageText(answer.text)
        box = page.one("input", name=field).attributes
        assert box["aria-invalid"] == "true"
        assert words in page.one("p", id=f"f-{field}-wrong").text
        assert f"f-{field}-wrong" in box["aria-describedby"].split()
        assert PASSWORD not in answer.text


def test_another_browser_is_signed_out_from_here(app: FastAPI, visit: Visit) -> None:
    who = person(app)
    here, elsewhere = visit(who), visit(who)
    [end] = [one for one in here.get("/account").all("form") if "/sessions/" in one.attributes["action"]]
    assert here.post(end.attributes["action"]).status_code == 303
    assert elsewhere.raw("GET", "/account").status_code == 303


def test_a_strangers_session_cannot_be_ended(app: FastAPI, visit: Visit) -> None:
    mine, theirs = visit(person(app)), visit(person(app))
    also_theirs = [one.attributes["action"] for one in theirs.get("/account").all("form")]
    assert not [action for action in also_theirs if "/sessions/" in action]
    assert mine.post("/account/sessions/999999/end").status_code == 404


def test_a_token_is_shown_once_and_works_until_it_is_revoked(app: FastAPI, client: TestClient, visit: Visit) -> None:
    browser = visit(person(app))
    answer = browser.post("/account/tokens", name="CRM sync", scope=["content:read"], expires="90")
    assert answer.headers["cache-control"] == "no-store"
    secret = PageText(answer.text).one("code", id="secret").text
    bearer = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/me", headers=bearer).json()["scopes"] == ["content:read"]
    page = browser.get("/account/tokens")
    assert secret not in page.html
    [revoke] = [one for one in page.all("form") if one.attributes["action"].endswith("/revocation")]
    assert browser.post(revoke.attributes["action"]).status_code == 303
    assert client.get("/api/v1/me", headers=bearer).status_code == 401


def test_a_token_without_name_or_scope_is_told_at_its_fields(app: FastAPI, visit: Visit) -> None:
    answer = visit(person(app)).post("/account/tokens", name=" ", expires="365")
    assert answer.status_code == 422
    page = PageText(answer.text)
    assert page.one("input", name="name").attributes["aria-invalid"] == "true"
    assert "Choose at least one." in page.one("main").text


def test_only_scopes_of_ones_role_are_offered_and_taken(app: FastAPI, visit: Visit) -> None:
    browser = visit(person(app, role="reader"))
    offered = {one.attributes["value"] for one in browser.get("/account/tokens").all("input", name="scope")}
    assert offered == {"content:read", "usage:write", "insights:read"}
    assert browser.post("/account/tokens", name="more", scope=["admin"], expires="30").status_code == 403


def test_the_name_of_a_token_stays_text(app: FastAPI, visit: Visit) -> None:
    browser = visit(person(app))
    answer = browser.post("/account/tokens", name="<img src=x onerror=alert(1)>", scope=["content:read"], expires="")
    assert "<img" not in answer.text
    assert "<img" not in browser.get("/account/tokens").html
