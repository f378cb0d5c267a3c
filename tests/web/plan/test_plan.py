"""The plan as pages: the queue with the rows behind it, and briefs from a suggestion to what came."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

from hub.planning import requests
from hub.planning.schemas import RequestIn
from tests.factories.assets import Cast, make_draft, make_live
from tests.factories.deals import make_deal
from tests.factories.people import actor
from tests.factories.planning import count_uses, log_search, make_evidence, make_run
from tests.factories.taxonomy import make_term
from tests.web.pages import PageText, Visitor

Visit = Callable[[Any], Visitor]
AUTHORS = {"marketing_author": "Ana Author", "sales_author": "Ben Seller"}


@pytest.fixture
def planned(app: FastAPI, cast: Cast) -> Cast:
    """Open money, a question in vain, a request, and an asset that is known to help."""
    with app.state.hub.database.transaction() as session:
        make_term(session, "personas", "it-security", label="IT security")
        for number in range(3):
            make_deal(
                session, f"D{number}", name=f"Deal <{number}>", buyer_persona="it-security", stages=[],
                amount="90000", currency="EUR", owner="rosa@example.com",
            )  # fmt: skip
        log_search(session, "iso certificate", times=4, persona="it-security")
        requests.ask(session, cast.author, RequestIn(needed="Our certificates on one page", persona="it-security"))
        tags = {"personas": ["it-security"]}
        helping = make_live(session, cast, slug="deck.helps", title="A deck that helps", tags=tags)
        make_evidence(session, make_run(session), helping)
        count_uses(session, helping, 20)
    return cast


def words_of(page: PageText) -> str:
    return " ".join(page.one("main").text.split())


def plan_one(browser: Visitor, **fields: str) -> str:
    answer = browser.post("/briefs", **(AUTHORS | {"title": "The cost of doing nothing"} | fields))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_a_line_says_why_and_leads_to_what_is_behind_it(planned: Cast, visit: Visit) -> None:
    page = visit(planned.author).get("/plan")
    said = words_of(page)
    assert "A deck that helps" in said
    assert "€" in said
    assert "iso certificate" in said
    assert "Deal <0>" in said or "Deal <1>" in said
    assert "/deals/csv/D0" in page.links
    assert any(link.startswith("/requests/") for link in page.links)
    assert any(link.startswith("/briefs/new?suggestion=promote-") for link in page.links)
    only = words_of(visit(planned.author).get("/plan", kind="promote"))
    assert "A deck that helps" in only
    assert "iso certificate" not in only


def test_a_suggestion_is_put_aside_with_a_reason_and_brought_back(planned: Cast, visit: Visit) -> None:
    browser = visit(planned.author)
    page = browser.get("/plan", kind="promote")
    [address] = [one.attributes["action"] for one in page.all("form") if one.attributes["action"].endswith("dismissal")]
    refused = browser.post(address, reason="", until="")
    assert refused.status_code == 422
    assert "this is needed" in refused.text
    assert browser.post(address, reason="Covered by the new deck", until="").status_code == 303
    assert "A deck that helps" not in words_of(browser.get("/plan", kind="promote"))
    hidden = browser.get("/plan", kind="promote", hidden="true")
    assert "Covered by the new deck" in words_of(hidden)
    assert browser.post(address.replace("dismissal", "return")).status_code == 303
    assert "A deck that helps" in words_of(browser.get("/plan", kind="promote"))


def test_the_queue_is_a_table_too(planned: Cast, visit: Visit) -> None:
    answer = visit(planned.author).raw("GET", "/plan?as=csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {"write", "promote"} <= {row["do"] for row in rows}
    assert all(float(row["low"]) <= float(row["high"]) for row in rows)


def test_a_brief_is_made_of_a_suggestion_and_keeps_what_was_hoped(planned: Cast, visit: Visit) -> None:
    browser = visit(planned.author)
    page = browser.get("/plan", kind="promote")
    [start] = [link for link in page.links if link.startswith("/briefs/new?suggestion=promote-")]
    form = browser.get(start)
    assert form.one("input", name="title").attributes["value"] == "Promote: A deck that helps"
    key = form.one("input", name="suggestion").attributes["value"]
    brief = browser.get(plan_one(browser, suggestion=key, title="Promote: A deck that helps"))
    assert "Hoped" in words_of(brief)
    assert "Proven to help" not in words_of(brief)
    assert "is proven to help" in words_of(brief)
    lines = browser.get("/plan", kind="promote", hidden="true")
    assert any(link.startswith("/briefs/1") for link in lines.links)
    twice = browser.post("/briefs", **(AUTHORS | {"title": "Again and again", "suggestion": key}))
    assert twice.status_code == 409
    assert "plans this already" in twice.text


def test_a_brief_covers_the_requests_it_was_started_from(planned: Cast, visit: Visit) -> None:
    browser = visit(planned.author)
    form = browser.get("/briefs/new", request=1)
    assert form.one("input", name="title").attributes["value"] == "Our certificates on one page"
    assert form.one("input", name="requests").attributes["value"] == "1"
    brief = browser.get(plan_one(browser, requests="1", title="Certificates on one page"))
    assert "Our certificates on one page" in words_of(brief)
    assert "/requests/1" in brief.links
    assert any(link.startswith("/write/new?brief=") for link in brief.links)


def test_a_refused_form_keeps_what_was_typed_and_says_what_is_wrong(cast: Cast, visit: Visit) -> None:
    refused = visit(cast.author).post(
        "/briefs", title="The <b>cost</b>", angle="Start here", marketing_author="Ana", sales_author="Ana",
        due_on="2020-01-01",
    )  # fmt: skip
    page = PageText(refused.text)
    assert refused.status_code == 422
    assert page.one("input", name="title").attributes["value"] == "The <b>cost</b>"
    assert page.one("textarea").text == "Start here"
    assert "today or later" in refused.text


def test_a_brief_is_changed_named_done_and_dropped(app: FastAPI, planned: Cast, visit: Visit) -> None:
    browser = visit(planned.author)
    address = plan_one(browser)
    form = browser.get(f"{address}/edit")
    assert form.one("input", name="title").attributes["value"] == "The cost of doing nothing"
    changed = browser.post(address, **(AUTHORS | {"title": "The price of waiting", "angle": "A late season"}))
    assert changed.status_code == 303
    assert "A late season" in words_of(browser.get(address))
    assert browser.post(address, **(AUTHORS | {"title": ""})).status_code == 422
    with app.state.hub.database.transaction() as session:
        make_draft(session, planned.author, slug="waiting", title="What waiting costs")
    assert browser.post(f"{address}/asset", asset="nothing").status_code == 404
    assert browser.post(f"{address}/asset", asset="waiting").status_code == 303
    assert "What waiting costs" in words_of(browser.get(address))
    assert "In work" in words_of(browser.get(address))
    assert browser.post(f"{address}/completion").status_code == 409
    assert browser.post(f"{address}/drop", reason="").status_code == 422
    assert browser.post(f"{address}/drop", reason="The product is gone").status_code == 303
    assert "The product is gone" in words_of(browser.get(address))


def test_the_board_moves_cards_and_tells_who_came_late(cast: Cast, visit: Visit) -> None:
    browser = visit(cast.author)
    address = plan_one(browser)
    other = plan_one(browser, title="Another piece of work")
    assert browser.post(f"{address}/place", move="writing:0", seen="planned").status_code == 303
    page = browser.get("/briefs")
    [card] = page.all("li", data_brief=address.rpartition("/")[2])
    assert card.attributes["data-state"] == "writing"
    late = browser.post(f"{address}/place", move="live:0", seen="planned")
    assert late.status_code == 409
    assert "is in work by now" in late.text
    assert browser.post(f"{other}/place", move="nonsense", seen="planned").status_code == 422
    part = browser.raw(
        "POST", f"{other}/place", data={"move": "in_review:0", "seen": "planned"},
        headers={"HX-Request": "true", "HX-Request-Type": "partial"},
    )  # fmt: skip
    assert part.status_code == 409
    assert "<html" not in part.text
    assert "once its draft is submitted" in part.text
    assert "Another piece of work" in part.text


def test_readers_look_and_are_offered_nothing_to_change(app: FastAPI, cast: Cast, visit: Visit) -> None:
    plan_one(visit(cast.author))
    with app.state.hub.database.transaction() as session:
        reader = actor(session, team="sales", role="reader", name="Rosa", email="rosa.reads@example.com")
    browser = visit(reader)
    for address in ("/plan", "/briefs", "/briefs?view=list", "/briefs/1"):
        page = browser.get(address)
        changing = [one.attributes["action"] for one in page.all("form", method="post")]
        assert not [action for action in changing if action.startswith(("/briefs", "/plan"))]
        assert not page.all("li", draggable="true")
    browser.get("/briefs/new", status=403)


def test_an_empty_plan_says_what_makes_lines_appear(cast: Cast, visit: Visit) -> None:
    assert "Nothing to suggest here" in words_of(visit(cast.author).get("/plan", kind="promote"))
    assert "The board is empty" in words_of(visit(cast.author).get("/briefs"))
