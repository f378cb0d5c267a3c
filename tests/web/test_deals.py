"""Deals as pages: the list with the filters that reports link to, and one deal with its course."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from hub import clock
from tests.factories.assets import Cast
from tests.factories.deals import make_deal
from tests.factories.uses import make_use
from tests.web.pages import Visitor

Visit = Callable[[Any], Visitor]
ASSET = "objection.too-dear"
STAGES = [
    {"stage": "Discovery", "entered": "2027-01-11", "left": "2027-02-05", "result": "advanced"},
    {"stage": "Proposal", "entered": "2027-02-05", "left": "2027-02-20", "result": "lost"},
]


@pytest.fixture
def deals(app: FastAPI, cast: Cast) -> None:
    with app.state.hub.database.transaction() as session:
        begun = (clock.now() - timedelta(days=30)).date().isoformat()
        said = {"name": "Cancity", "stage": "Discovery", "lead_source": "partner", "segment": "network"}
        make_deal(session, "open-1", owner=cast.sales.email, created=begun, buyer_persona="cfo", **said)
        make_deal(session, "open-2", name="Tarn & <b>Sons</b>", created=begun)
        closed = {"outcome": "lost", "no_decision": True, "closed": "2027-02-20", "stages": STAGES}
        make_deal(session, "lost-1", name="Nobody won", **closed)


def shown(browser: Visitor, address: str) -> list[str]:
    page = browser.get(address)
    return [link.rpartition("/")[2] for link in page.links if link.startswith("/deals/csv/")]


def test_who_owns_deals_begins_with_their_own_open_ones(cast: Cast, visit: Visit, deals: None) -> None:
    assert shown(visit(cast.sales), "/deals") == ["open-1"]
    assert shown(visit(cast.reader), "/deals") == ["lost-1", "open-2", "open-1"]
    assert shown(visit(cast.sales), "/deals?mine=false&mine=true&outcome=lost") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("outcome=lost&outcome=won", ["lost-1"]),
        ("stage=discovery", ["open-1"]),
        ("lead_source=partner&outcome=open", ["open-1"]),
        ("segment=network", ["open-1"]),
        ("closed_in=2027-02", ["lost-1"]),
        ("q=tarn", ["open-2"]),
        ("q=cancity&mine=false", ["open-1"]),
    ],
)
def test_the_filters_of_a_reports_link_narrow_the_list(
    cast: Cast, visit: Visit, deals: None, query: str, found: list[str]
) -> None:
    assert shown(visit(cast.sales), f"/deals?{query}") == found


def test_an_unknown_stage_is_told_with_the_nearest(cast: Cast, visit: Visit, deals: None) -> None:
    page = visit(cast.sales).get("/deals?stage=discovry", status=422)
    assert "discovery" in page.one("main").text


def test_a_deal_shows_its_stages_and_what_was_used_in_each(app: FastAPI, cast: Cast, visit: Visit, deals: None) -> None:
    with app.state.hub.database.transaction() as session:
        make_use(session, cast.sales, ASSET, deal=("csv", "lost-1"))
    page = visit(cast.reader).get("/deals/csv/lost-1")
    text = page.one("main").text
    assert "No decision" in text
    assert "Lost" not in text
    assert [one.text for one in page.all("h3")][:2] == ["Discovery", "Proposal"]
    assert f"/assets/{ASSET}" in page.links
    assert "by Sales Approver" in text


def test_what_fits_an_open_deal_comes_with_its_reason_and_can_be_noted(cast: Cast, visit: Visit, deals: None) -> None:
    page = visit(cast.sales).get("/deals/csv/open-1")
    [noted] = [link for link in page.links if link.startswith(f"/uses/new?asset={ASSET}")]
    assert "deal=csv%2Fopen-1" in noted
    assert visit(cast.sales).get(noted).one("input", type="hidden", name="deal").attributes["value"] == "csv/open-1"


def test_a_name_with_markup_stays_text(cast: Cast, visit: Visit, deals: None) -> None:
    for address in ("/deals", "/deals/csv/open-2", "/deals/choose?q=tarn"):
        html = visit(cast.reader).get(address).html
        assert "<b>Sons" not in html
        assert "Tarn &amp;" in html
