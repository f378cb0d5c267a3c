"""The pages of those who look after the hub: the taxonomy, people, tokens, events, settings, health."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlmodel import col, select, update
from starlette.testclient import TestClient

from hub import clock
from hub.events.models import OutboxRow
from hub.events.names import EventName
from hub.people import tokens
from hub.people.models import Person
from hub.people.roles import HUB, Scope
from hub.settings import Settings
from hub.taxonomy import terms, vocabulary
from hub.taxonomy.schemas import TermDraft
from hub.web.admin import sentences
from hub.web.admin.settings import GROUPS, shown
from tests.factories.assets import Cast, make_live
from tests.factories.deals import make_deal
from tests.web.pages import PageText, Visitor
from tests.web.test_queries import asked

Visit = Callable[[Any], Visitor]
PAGES = [
    "/imports", "/imports/failures", "/taxonomy", "/taxonomy/personas", "/taxonomy/personas/cfo", "/people",
    "/people/new", "/people/1", "/people?standing=named", "/admin/tokens", "/events", "/settings", "/admin/health",
    "/first-start/steps", "/first-start/library",
]  # fmt: skip
# The most questions that each may ask the database.
MOST = {
    "/imports": 8, "/taxonomy": 6, "/taxonomy/personas": 12, "/people": 6, "/people/1": 7, "/admin/tokens": 5,
    "/events": 6, "/settings": 3, "/admin/health": 22, "/first-start/steps": 12,
}  # fmt: skip


@pytest.mark.parametrize("address", PAGES)
def test_an_admins_page_is_sound(address: str, cast: Cast, visit: Visit) -> None:
    page = visit(cast.admin).get(address)
    assert len(page.all("h1")) == 1
    assert not page.all("style")
    names = {name for one in page.elements for name in one.attributes}
    assert not [name for name in names if name == "style" or name.startswith("on")]
    ids = [one.attributes["id"] for one in page.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    wanted = {link for link in page.links if link.startswith("/")}
    browser = visit(cast.admin)
    assert [to for to in wanted if browser.raw("GET", to).status_code >= 400] == []


@pytest.mark.parametrize(("address", "most"), MOST.items())
def test_an_admins_page_asks_no_more_than_it_needs(
    app: FastAPI, cast: Cast, visit: Visit, address: str, most: int
) -> None:
    statements = asked(app, visit(cast.admin), address)
    assert len(statements) <= most, "\n".join(statements)


def test_more_terms_people_and_events_ask_no_more(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.admin)
    addresses = ("/taxonomy/personas", "/people", "/events", "/admin/tokens")
    before = [len(asked(app, browser, address)) for address in addresses]
    with app.state.hub.database.transaction() as session:
        for number in range(12):
            terms.add(session, HUB, "personas", TermDraft(key=f"p-{number}", label=f"P {number}"))
            session.add(Person(name=f"Ada {number}", password_hash="x", created_at=clock.now()))
    assert [len(asked(app, browser, address)) for address in addresses] == before


def persona(app: FastAPI, key: str) -> Any:
    with app.state.hub.database.reading() as session:
        return vocabulary.find(session, "personas", key)


# The taxonomy


def test_a_word_of_an_import_is_confirmed_in_its_place(app: FastAPI, cast: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        make_deal(session, "d1", buyer_persona="Money <b>Person</b>")
    browser = visit(cast.marketing)
    page = browser.get("/taxonomy")
    assert any(one.text.strip().startswith("Money <b>Person</b>") for one in page.all("h2"))
    address = "/taxonomy/personas/money-b-person-b/confirmation"
    answer = browser.raw("POST", address, headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.status_code == 200
    assert "Every word is confirmed" in answer.text
    assert persona(app, "money-b-person-b").confirmed


def test_a_merge_is_shown_before_it_is_done(app: FastAPI, cast: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        terms.add(session, HUB, "personas", TermDraft(key="finance", label="Finance"))
        make_live(session, cast, slug="faq.finance", tags={"personas": ["finance"]})
    browser = visit(cast.marketing)
    told = " ".join(PageText(browser.fragment("/taxonomy/personas/finance", into="cfo")).one("ul").text.split())
    assert "1 asset would be tagged Chief <Financial> Officer instead" in told
    assert "1 synonym: Finance" in told
    answer = browser.post("/taxonomy/personas/finance/merge", into="cfo")
    assert answer.headers["location"] == "/taxonomy/personas/cfo"
    assert persona(app, "finance").key == "cfo"


def test_a_merge_into_nothing_is_answered_on_the_page(cast: Cast, visit: Visit) -> None:
    answer = visit(cast.marketing).post("/taxonomy/personas/cfo/merge", into="nobody")
    assert answer.status_code == 404
    assert "nearest" in PageText(answer.text).one("div", role="alert").text


def test_a_term_is_changed_renamed_and_confirmed_in_one_go(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.marketing)
    fields = {
        "label": "Finance lead", "key": "finance-lead", "synonyms": "CFO\r\n\r\ntreasurer", "text": "goals",
        "text.goals": "Hold the cost.", "owner.marketing": cast.marketing.email, "confirm": "1",
    }  # fmt: skip
    answer = browser.post("/taxonomy/personas/cfo", **fields)
    assert answer.headers["location"] == "/taxonomy/personas/finance-lead"
    term = persona(app, "cfo")
    assert (term.key, term.label, term.synonyms) == ("finance-lead", "Finance lead", ["CFO", "treasurer"])
    assert (term.text, term.marketing_owner_id) == ({"goals": "Hold the cost."}, cast.marketing.id)
    browser.post("/taxonomy/personas/finance-lead", **(fields | {"was.marketing": fields["owner.marketing"]}))
    assert persona(app, "cfo").marketing_owner_id == cast.marketing.id


def test_what_cannot_be_changed_keeps_what_was_typed(app: FastAPI, cast: Cast, visit: Visit) -> None:
    answer = visit(cast.marketing).post("/taxonomy/personas/cfo", label="New name", key="Not A Key", synonyms="")
    assert answer.status_code == 422
    page = PageText(answer.text)
    assert page.one("input", name="key").attributes["value"] == "Not A Key"
    assert page.one("input", name="key").attributes["aria-invalid"] == "true"
    assert persona(app, "cfo").label == "Chief <Financial> Officer"


def test_a_used_term_stays_and_an_unused_one_goes(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.marketing)
    answer = browser.post("/taxonomy/personas/cfo/removal")
    assert answer.status_code == 409
    assert "is used by 2 assets" in PageText(answer.text).one("div", role="alert").text
    assert browser.post("/taxonomy/personas", label="Nobody").status_code == 303
    assert browser.post("/taxonomy/personas/nobody/removal").status_code == 303
    assert browser.raw("GET", "/taxonomy/personas/nobody").status_code == 404


def test_a_deal_stage_is_put_where_it_belongs(app: FastAPI, cast: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        make_deal(session, "d1", stages=[{"stage": "Demo", "entered": "2027-01-11"}])
    browser = visit(cast.marketing)
    assert "none" in browser.get("/taxonomy/deal_stages").one("main").text
    browser.post("/taxonomy/deal_stages/demo/stage", stage="decision")
    with app.state.hub.database.reading() as session:
        assert vocabulary.find(session, "stages", "decision").text["deal_stages"] == ["Demo"]


def test_a_reader_sees_the_words_and_no_button(cast: Cast, visit: Visit) -> None:
    for address in ("/taxonomy", "/taxonomy/personas", "/taxonomy/personas/cfo"):
        page = visit(cast.reader).get(address)
        assert not [form for form in page.all("form") if form.attributes.get("action", "").startswith("/taxonomy")]


# People and tokens


def test_a_person_is_added_with_a_password_that_is_shown_once_and_opens(
    app: FastAPI, cast: Cast, visit: Visit, client: TestClient
) -> None:
    browser = visit(cast.admin)
    answer = browser.post("/people", name="Nora New", email="Nora@Example.com", team="sales", role="contributor")
    assert answer.headers["cache-control"] == "no-store"
    page = PageText(answer.text)
    password = page.all("code")[-1].text
    signed_in = client.post(
        "/sign-in", data={"email": "nora@example.com", "password": password}, headers={"Accept": "text/html"},
        follow_redirects=False,
    )  # fmt: skip
    assert signed_in.status_code == 303
    client.cookies.clear()
    assert password not in str(browser.raw("GET", "/people?q=Nora").text)
    assert browser.post("/people", name="N", email="nora@example.com", team="sales", role="reader").status_code == 409


def test_the_last_admin_cannot_lock_everybody_out(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.admin)
    with app.state.hub.database.transaction() as session:
        session.exec(update(Person).where(col(Person.id) != cast.admin.id).values(role="reader"))
    for address, fields in (("", {"role": "reader"}), ("/standing", {"active": "0"})):
        answer = browser.post(f"/people/{cast.admin.id}{address}", **fields)
        assert answer.status_code == 409
        assert "last active admin" in PageText(answer.text).one("div", role="alert").text


def test_a_person_is_changed_put_out_and_let_back_in(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser, colleague = visit(cast.admin), visit(cast.reader)
    at = f"/people/{cast.reader.id}"
    fields = {"name": "Rita Renamed", "email": cast.reader.email, "team": "marketing", "role": "contributor"}
    assert browser.post(at, **fields).status_code == 303
    assert browser.get(at).heading == "Rita Renamed"
    assert browser.post(f"{at}/sign-out").status_code == 303
    assert colleague.raw("GET", "/").status_code == 303
    assert browser.post(f"{at}/standing", active="0").status_code == 303
    assert "deactivated" in browser.get(at).one("main").text
    assert browser.post(f"{at}/standing", active="1").status_code == 303
    answer = browser.post(f"{at}/password")
    assert "A new password for Rita Renamed" in answer.text


def test_somebody_only_named_needs_an_address_before_they_can_sign_in(app: FastAPI, cast: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        make_deal(session, "d1", owner="Owen Owner")
        owner = session.exec(select(Person.id).where(Person.name == "Owen Owner")).one()
    browser = visit(cast.admin)
    assert "Owen Owner" in browser.get("/people?standing=named").one("main").text
    assert "Owen Owner" not in browser.get("/people").one("main").text
    answer = browser.post(f"/people/{owner}/password")
    assert answer.status_code == 409
    assert "no e-mail address" in PageText(answer.text).one("div", role="alert").text


def test_a_reader_sees_colleagues_without_addresses(cast: Cast, visit: Visit) -> None:
    page = visit(cast.reader).get("/people", standing="named")
    assert str(cast.marketing.email) not in page.one("main").text
    assert "Add a person" not in page.one("main").text


def test_an_admin_revokes_anybodys_token(app: FastAPI, cast: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        person = session.get_one(Person, cast.reader.id)
        token, secret = tokens.create(session, cast.reader, person, name="lapt<op>", scopes=[Scope.CONTENT_READ])
    browser = visit(cast.admin)
    assert "lapt<op>" in browser.get("/admin/tokens").one("main").text
    assert browser.post(f"/admin/tokens/{token.id}/revocation").headers["location"] == "/admin/tokens"
    answer = browser.client.get("/api/v1/assets", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 401


# Events


def test_every_event_has_a_sentence() -> None:
    assert set(sentences.SENTENCES) == set(EventName)
    for name in EventName:
        before, _, after = sentences.parts(name, "It", {})
        assert before.strip()
        assert "{" not in before + after


def test_events_are_sentences_and_filtered_by_who_what_and_when(cast: Cast, visit: Visit) -> None:
    browser = visit(cast.admin)
    text = " ".join(browser.get("/events", name="asset.approved").one("main").text.split())
    assert f"{cast.sales.name} approved faq.price for sales" in text
    assert "wrote" not in text
    assert "Nothing of the kind" in browser.get("/events", until="2001-01-01").one("main").text
    assert "Nothing of the kind" in browser.get("/events", who=str(cast.reader.id)).one("main").text
    assert "objection.too-dear" not in browser.fragment("/events", subject="faq.")
    assert "faq.price" in browser.fragment("/events", subject="FAQ.", since="2001-01-01", who=str(cast.sales.id))
    assert browser.get("/events", who="x", since="no day", name="zzz").heading == "Events"


def test_events_are_paged_by_a_cursor(app: FastAPI, cast: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        for number in range(60):
            terms.add(session, HUB, "personas", TermDraft(key=f"p-{number}", label=f"P {number}"))
    browser = visit(cast.admin)
    page = browser.get("/events", name="term.", subject="p-")
    [further] = [link for link in page.links if "cursor=" in link]
    assert "p-59" in page.one("main").text
    assert "p-0" in browser.get(further).one("main").text
    assert "name=term." in further


def test_the_download_has_what_the_filters_leave_and_no_formula(app: FastAPI, cast: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        terms.add(session, HUB, "personas", TermDraft(key="x", label="x"))
        make_deal(session, "=cmd()", name="=cmd()")
    answer = visit(cast.admin).raw("GET", "/events/events.csv?name=deal.")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["event"].partition(".")[0] for row in rows} == {"deal"}
    assert not [cell for row in rows for cell in row.values() if cell.startswith("=")]


# Settings and health


def test_every_setting_is_explained_and_no_secret_shown(app: FastAPI, cast: Cast, visit: Visit) -> None:
    described = {name for group in GROUPS.values() for name in group}
    assert {name for name, field in Settings.model_fields.items() if not field.description} <= described
    app.state.hub.settings.hubspot_token = SecretStr("very-secret")
    text = visit(cast.admin).get("/settings").one("main").text
    assert "very-secret" not in text
    for name in Settings.model_fields:
        assert f"HUB_{name.upper()}" in text


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("postgresql+psycopg://hub:p%40ss@db.example/hub?sslpassword=x", "postgresql+psycopg://hub:…@db.example/hub?…"),
        ("redis://:secret@10.0.0.1:6379/0", "redis://:…@10.0.0.1:6379/0"),
        ("https://ok.example", "https://ok.example"),
        ("http://[broken", "an address that cannot be read"),
        (SecretStr("x"), "set"),
        (SecretStr(""), "not set"),
        (True, "yes"),
        ({}, "none"),
        ("", "not set"),
    ],
)
def test_no_value_shows_a_password(value: Any, told: str) -> None:
    assert shown(value) == told


def test_a_failed_delivery_is_named_with_its_cure(app: FastAPI, cast: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        make_deal(session, "d1")
        session.flush()
        late = {"error": "search: <away>", "due_at": clock.now() + timedelta(hours=1)}
        session.exec(update(OutboxRow).values(**late))
    browser = visit(cast.admin)
    page = browser.get("/admin/health")
    assert "search: <away>" in page.one("main").text
    assert browser.post("/admin/health/deliveries").headers["location"] == "/admin/health"
    assert app.state.worker.run_once() > 0


def test_the_index_is_compared_and_built_anew_and_a_backup_goes_out(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.admin)
    for deed, told in (("check", "Equal."), ("rebuild", "was built anew"), ("backup", "Download hub-")):
        address = browser.post(f"/admin/health/{deed}").headers["location"]
        assert "Waiting for its turn" in browser.fragment(address)
        assert app.state.runner.run_once()
        page = browser.get(address)
        assert told in page.one("main").text
    [download] = [link for link in page.links if "/backups/" in link]
    answer = browser.raw("GET", download)
    assert answer.content.startswith(b"PK")
    assert answer.headers["cache-control"] == "private, no-store"
    assert download.rpartition("/")[2] in browser.get("/admin/health").one("main").text


@pytest.mark.parametrize("name", ["..%2Fhub.sqlite3", "secret_key", "hub-.zip.bak", "hub-1.zip"])
def test_nothing_but_a_backup_is_downloaded_as_one(cast: Cast, visit: Visit, name: str) -> None:
    assert visit(cast.admin).raw("GET", f"/admin/health/backups/{name}").status_code == 404
