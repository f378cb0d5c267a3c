"""Recording uses without script, one's own uses, and the deal at hand."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select

from hub.usage.models import Use
from tests.factories.assets import Cast
from tests.factories.deals import make_deal
from tests.factories.uses import make_use
from tests.web.pages import PageText, Visitor

Visit = Callable[[Any], Visitor]
ASSET = "objection.too-dear"


@pytest.fixture
def deal(app: FastAPI, cast: Cast) -> str:
    with app.state.hub.database.transaction() as session:
        make_deal(session, "d-1", name="Cancity <b>north</b>", owner=cast.sales.email)
    return "csv/d-1"


def stored(app: FastAPI) -> list[Use]:
    with app.state.hub.database.reading() as session:
        return list(session.exec(select(Use).order_by(Use.id)))


def test_the_form_records_a_use_on_the_deal_of_the_button_that_was_pressed(
    app: FastAPI, cast: Cast, visit: Visit, deal: str
) -> None:
    browser = visit(cast.sales)
    page = browser.get("/uses/new", asset=ASSET)
    assert deal in {one.attributes.get("value") for one in page.all("button", name="deal")}
    assert "<b>north" not in page.html
    use_id = page.all("input", name="id")[0].attributes["value"]
    for _ in range(2):  # pressed twice
        answer = browser.post("/uses", id=use_id, asset=ASSET, action="spoken", deal=deal)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/assets/{ASSET}")
    [use] = stored(app)
    assert (use.action, use.channel, use.deal_id is not None) == ("spoken", "hub", True)


def test_a_use_for_no_deal_is_not_asked_about_again(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.sales)
    browser.post("/uses", id=str(uuid.uuid4()), asset=ASSET, action="sent", deal="none")
    [use] = stored(app)
    assert use.deal_named_at is not None
    assert "has no deal yet" not in browser.get("/uses").html


def test_what_is_told_of_an_earlier_time_is_from_memory(app: FastAPI, cast: Cast, visit: Visit, deal: str) -> None:
    browser = visit(cast.sales)
    zone = {"Cookie": browser.headers["Cookie"] + "; hub_zone=Europe%2FPrague"}
    fields = {"id": str(uuid.uuid4()), "asset": ASSET, "action": "sent", "deal": deal, "when": "2026-07-01T09:30"}
    assert browser.raw("POST", "/uses", data=fields, headers=zone).status_code == 303
    [use] = stored(app)
    assert (use.channel, use.occurred_at.isoformat()) == ("told", "2026-07-01T07:30:00+00:00")


@pytest.mark.parametrize(
    ("field", "value"),
    [("when", "2199-01-01T00:00"), ("when", "soon"), ("id", "1"), ("action", "danced"), ("deal", "c sv/\x00")],
)
def test_a_wrong_field_is_told_on_the_form(app: FastAPI, cast: Cast, visit: Visit, field: str, value: str) -> None:
    fields = {"id": str(uuid.uuid4()), "asset": ASSET, "action": "sent", "deal": "none", field: value}
    answer = visit(cast.sales).post("/uses", **fields)
    assert answer.status_code == 422
    assert PageText(answer.text).heading == "Note a use"
    assert stored(app) == []


def test_ones_own_use_is_taken_back_and_nobody_elses(app: FastAPI, cast: Cast, visit: Visit, deal: str) -> None:
    with app.state.hub.database.transaction() as session:
        number = make_use(session, cast.sales, ASSET, deal=("csv", "d-1")).id
    assert visit(cast.reader).post(f"/uses/{number}/end").status_code == 403
    assert visit(cast.sales).post(f"/uses/{number}/end", next="//evil.example").headers["location"] == "/uses"
    assert stored(app)[0].taken_back_at is not None


def test_a_use_without_a_deal_is_given_one_in_place(app: FastAPI, cast: Cast, visit: Visit, deal: str) -> None:
    with app.state.hub.database.transaction() as session:
        number = make_use(session, cast.sales, ASSET).id
    browser = visit(cast.sales)
    assert "1 use has no deal yet" in browser.get("/uses").html
    headers = {"HX-Request": "true"}
    answer = browser.raw("POST", f"/uses/{number}/deal", data={"deal": deal}, headers=headers)
    assert "is noted on" in answer.text
    assert stored(app)[0].deal_id is not None


# --- the deal at hand ------------------------------------------------------------------------------------------------


def test_a_deal_at_hand_stays_from_page_to_page_until_it_is_left(cast: Cast, visit: Visit, deal: str) -> None:
    browser = visit(cast.sales)
    answer = browser.raw("GET", f"/?q=costs&deal={deal}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?q=costs")
    browser.headers["Cookie"] += "; hub_deal=" + answer.cookies["hub_deal"]
    for address in ("/", "/assets", "/inbox"):
        page = browser.get(address)
        assert [one.attributes["data-deal"] for one in page.elements if "data-deal" in one.attributes] == [deal]
    left = browser.post("/deals/at-hand", deal="", next="/assets")
    assert left.headers["location"] == "/assets"
    assert 'hub_deal=""' in left.headers["set-cookie"]


def test_another_site_cannot_say_which_deal_is_worked_on(cast: Cast, visit: Visit, deal: str) -> None:
    answer = visit(cast.sales).raw("GET", f"/?deal={deal}", headers={"Sec-Fetch-Site": "cross-site"})
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("written", ["nonsense", "csv%2Fgone", "%00%2Fx", "x" * 2_000])
def test_a_cookie_that_names_no_deal_breaks_nothing(cast: Cast, visit: Visit, written: str) -> None:
    browser = visit(cast.sales)
    browser.headers["Cookie"] += f"; hub_deal={written}"
    assert browser.get("/", q="costs").all("ol", class_="hits")
    assert browser.get("/deals").heading == "Deals"
