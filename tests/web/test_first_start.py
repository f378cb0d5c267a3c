"""The first start: the first admin, once and from here only, then a library."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlmodel import Session, col, select
from starlette.testclient import TestClient

from hub.assets.models import Asset, Publication
from hub.db import Database
from hub.errors import Conflict
from hub.people import first_start, passwords
from hub.people.models import Person
from hub.people.roles import Team
from tests.factories.people import PASSWORD, make_person
from tests.web.pages import PageText

HTML = {"Accept": "text/html"}
ADMIN = {"name": "Ada First", "email": "ada@example.com", "team": "marketing", "password": PASSWORD}


def test_a_new_hub_leads_from_any_page_to_its_first_admin(app: FastAPI, client: TestClient) -> None:
    page = PageText(client.get("/assets", headers=HTML).text)
    assert page.heading == "Start your hub"
    answer = client.post("/first-start", data=ADMIN, headers=HTML, follow_redirects=False)
    assert answer.headers["location"] == "/first-start/library"
    assert PageText(client.get("/first-start/library", headers=HTML).text).heading == "A library to begin with"
    with app.state.hub.database.reading() as session:
        person = session.exec(select(Person)).one()
        assert (person.name, person.role, person.team) == ("Ada First", "admin", "marketing")


def test_the_second_comer_is_refused(app: FastAPI, client: TestClient) -> None:
    client.post("/first-start", data=ADMIN, headers=HTML)
    client.cookies.clear()
    answer = client.post("/first-start", data=ADMIN | {"email": "eve@example.com"}, headers=HTML)
    assert answer.status_code == 403
    assert client.get("/first-start", headers=HTML, follow_redirects=False).headers["location"] == "/"


def test_two_who_come_at_once_do_not_both_become_admin(database: Database) -> None:
    """Both have seen that nobody is there; the second one's transaction comes after."""
    hashed = passwords.Hashed("of a test")

    def add(session: Session, email: str) -> None:
        first_start.add_first_admin(session, email=email, name="Ada", team=Team.OTHER, password=hashed)

    with database.transaction() as session:
        assert first_start.is_due(session)
        add(session, "ada@example.com")
    with pytest.raises(Conflict), database.transaction() as session:
        add(session, "eve@example.com")
    with database.reading() as session:
        assert [person.email for person in session.exec(select(Person))] == ["ada@example.com"]


@pytest.mark.parametrize("headers", [{"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}])
def test_nobody_becomes_admin_from_elsewhere(app: FastAPI, client: TestClient, headers: dict[str, str]) -> None:
    page = PageText(client.get("/first-start", headers=HTML | headers).text)
    assert "hub user add" in page.one("main").text
    assert client.post("/first-start", data=ADMIN, headers=HTML | headers).status_code == 403
    with TestClient(app, client=("203.0.113.9", 50_000)) as far:
        assert far.post("/first-start", data=ADMIN, headers=HTML).status_code == 403


def test_a_weak_password_is_told_at_its_field_and_the_rest_stays(client: TestClient) -> None:
    answer = client.post("/first-start", data=ADMIN | {"password": "ada first"}, headers=HTML)
    assert answer.status_code == 422
    page = PageText(answer.text)
    assert page.one("input", name="password").attributes["aria-invalid"] == "true"
    assert page.one("input", name="name").attributes["value"] == "Ada First"


def test_the_configured_folder_comes_in_as_drafts(app: FastAPI, client: TestClient) -> None:
    own_folder(app)
    client.post("/first-start", data=ADMIN, headers=HTML)
    page = PageText(client.get("/first-start/library", headers=HTML).text)
    assert "1 Markdown file" in page.one("main").text
    answer = client.post("/first-start/library", data={"library": "own"}, headers=HTML)
    assert "is coming in" in answer.text
    while app.state.runner.run_once():
        pass
    page = PageText(client.get("/first-start/steps", headers=HTML).text)
    assert "1 new texts" in page.one("main").text
    assert "Hello there" in client.get("/assets?status=draft", headers=HTML).text


@pytest.mark.parametrize("library", ["starter", "own-live"])
def test_a_lone_admin_finds_something_live_and_sees_that_nobody_signed_it(
    app: FastAPI, client: TestClient, library: str
) -> None:
    own_folder(app)
    client.post("/first-start", data=ADMIN, headers=HTML)
    client.post("/first-start/library", data={"library": library}, headers=HTML)
    while app.state.runner.run_once():
        pass
    with app.state.hub.database.reading() as session:
        slug = session.exec(select(Asset.slug).where(col(Asset.live_version_id).is_not(None))).first()
        kinds = set(session.exec(select(Publication.kind)))
    assert kinds == {"imported"}
    assert "import" in PageText(client.get(f"/assets/{slug}", headers=HTML).text).one("main").text.lower()
    steps = PageText(client.get("/first-start/steps", headers=HTML).text).all("li")
    assert ["done" in step.attributes.get("class", "") for step in steps if "A first text" in step.text] == [True]


def own_folder(app: FastAPI) -> None:
    folder: Path = app.state.hub.settings.content_dir
    folder.mkdir(parents=True)
    (folder / "hello.md").write_text("# Hello there\n\nA first text.\n", encoding="utf-8")


def test_only_an_admin_loads_a_library(app: FastAPI, client: TestClient) -> None:
    with app.state.hub.database.transaction() as session:
        email = make_person(session, role="approver", password=PASSWORD).email
    client.post("/sign-in", data={"email": email, "password": PASSWORD}, headers=HTML)
    assert client.get("/first-start/library", headers=HTML).status_code == 403
    assert client.post("/first-start/library", data={"library": "starter"}, headers=HTML).status_code == 403
