"""The search page: results in the address, without script and as a fragment; what is shown and to whom."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select

from hub.search.models import Search
from tests.factories.assets import Cast, make_live
from tests.factories.people import actor
from tests.web.conftest import deliver
from tests.web.pages import Visitor

Visit = Callable[[Any], Visitor]


def titles(page: Any) -> list[str]:
    return [one.text for one in page.all("h2") if one.text]


def test_a_question_in_the_address_is_answered_without_script(cast: Cast, visit: Visit) -> None:
    page = visit(cast.reader).get("/", q="costs much")
    assert page.one("input", id="q").attributes["value"] == "costs much"
    assert titles(page)[0] == "Objection: it costs too much"
    assert [mark.text for mark in page.all("mark")][:2] == ["costs", "much"]
    assert "/assets/objection.too-dear" in page.links
    form = page.one("form", id="ask").attributes
    assert (form["action"], form["method"]) == ("/", "get")


def test_htmx_gets_the_results_alone_and_the_history_the_whole_page(cast: Cast, visit: Visit) -> None:
    browser = visit(cast.reader)
    fragment = browser.fragment("/", q="costs")
    assert "<html" not in fragment
    assert 'class="hits"' in fragment
    again = browser.raw("GET", "/?q=costs", headers={"HX-Request": "true", "HX-Request-Type": "full"})
    assert "<html" in again.text


def test_filters_are_checkboxes_of_the_form_with_counts(cast: Cast, visit: Visit) -> None:
    page = visit(cast.reader).get("/", persona="cfo", kind=["faq", "objection"])
    chosen = {
        (one.attributes["name"], one.attributes["value"])
        for one in page.all("input", form="ask")
        if "checked" in one.attributes
    }
    assert chosen == {("persona", "cfo"), ("kind", "faq"), ("kind", "objection")}
    without = {one.text: one.attributes["href"] for one in page.all("a", class_="chip on")}
    assert without["FAQ"] == "/?kind=objection&persona=cfo"
    assert without["Chief <Financial> Officer"] == "/?kind=faq&kind=objection"
    [persona] = [one.text for one in page.all("label") if one.text.startswith("Chief")]
    assert persona == "Chief <Financial> Officer2"


def test_a_filter_that_nobody_knows_finds_nothing_and_says_so(cast: Cast, visit: Visit) -> None:
    page = visit(cast.reader).get("/", persona="cfoo")
    assert "No persona is called “cfoo”" in page.one("main").text
    assert "/?persona=cfo" in page.links
    assert "Nothing fits that" in titles(page)


@pytest.mark.parametrize("field", ["q", "persona", "kind", "language", "audience"])
def test_a_question_with_script_stays_text(cast: Cast, visit: Visit, field: str) -> None:
    hostile = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>"
    browser = visit(cast.reader)
    for text in (browser.get("/", **{field: hostile}).html, browser.fragment("/", **{field: hostile})):
        assert "<img" not in text
        assert "<script>" not in text


def test_a_title_with_script_stays_text_when_it_is_marked(app: FastAPI, cast: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        title = "Handover <img src=x onerror=alert(1)> costs"
        make_live(session, cast, slug="hostile", title=title, summary="<script>alert(1)</script> handover")
    deliver(app)
    browser = visit(cast.reader)
    page = browser.get("/", q="handover")
    assert titles(page)[0] == title
    assert "<img" not in page.html
    assert "<script>" not in page.html
    for address in ("/assets", "/assets/hostile", "/assets/hostile/versions", "/assets/hostile/versions/1"):
        assert "<img" not in browser.get(address).html


def test_drafts_are_found_by_those_who_may_when_they_ask(cast: Cast, visit: Visit) -> None:
    def found(who: Any, **params: str) -> bool:
        return "A new word on costs" in titles(visit(who).get("/", q="costs", **params))

    assert found(cast.author, drafts="true")
    assert found(cast.sales, drafts="true")
    assert not found(cast.sales)
    assert not found(cast.reader, drafts="true")


def test_a_draft_among_the_results_leads_to_the_draft_and_says_what_it_is(cast: Cast, visit: Visit) -> None:
    page = visit(cast.author).get("/", q="new word", drafts="true")
    assert "/assets/draft.costs?version=draft" in page.links
    assert "Draft" in [one.text for one in page.all("span", class_="chip past")]


def test_ones_own_last_questions_wait_where_one_begins(app: FastAPI, cast: Cast, visit: Visit) -> None:
    visit(cast.reader).get("/", q="costs much", persona="cfo")
    app.state.hub.search.log.flush()
    assert "/?q=costs+much&persona=cfo" in visit(cast.reader).get("/").links
    assert "costs much" not in visit(cast.sales).get("/").html


def test_the_hub_is_the_channel_of_what_is_asked_here(app: FastAPI, cast: Cast, visit: Visit) -> None:
    page = visit(cast.reader).get("/", q="costs")
    app.state.hub.search.log.flush()
    with app.state.hub.database.reading() as session:
        [row] = session.exec(select(Search).where(Search.folded == "costs"))
    assert row.channel == "hub"
    assert row.id in page.html


def test_pages_of_results_fit_together(app: FastAPI, cast: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        for number in range(12):
            make_live(session, cast, slug=f"roster-{number}", title=f"Roster {number}")
    deliver(app)
    browser = visit(cast.reader)
    first = browser.get("/", q="roster")
    [more] = [one.attributes["href"] for one in first.all("a", rel="next")]
    second = browser.get(more)
    assert len(titles(first)) == 10
    assert len(titles(second)) == 2
    assert not set(titles(first)) & set(titles(second))
    assert second.one("a", rel="prev").attributes["href"] == "/?q=roster"
    assert [one.attributes["data-position"] for one in second.all("li")] == ["11", "12"]


def test_an_empty_library_says_how_it_fills(app: FastAPI, client: Any, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        reader = actor(session, role="reader")
    assert "Nothing is live yet" in titles(visit(reader).get("/"))
