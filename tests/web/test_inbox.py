"""The inbox and requests as pages; what stands under an empty search box."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import Session, select

from hub import clock
from hub.assets.models import Asset
from hub.deals.models import Deal
from hub.planning import next_steps, requests
from hub.planning.schemas import RequestIn
from hub.taxonomy.models import Term
from hub.usage.models import StageQuestion, Use
from tests.factories.assets import Cast
from tests.factories.deals import make_deal
from tests.web.conftest import deliver
from tests.web.pages import PageText, Visitor

Visit = Callable[[Any], Visitor]
ASSET = "objection.too-dear"


def ask(session: Session, cast: Cast) -> int:
    """A question to the reader about a stage; its id."""
    deal = make_deal(session, "d-1", name="Cancity", stage="Discovery")
    asset = session.exec(select(Asset).where(Asset.slug == ASSET)).one()
    stage = session.exec(select(Term).where(Term.vocabulary == "deal_stages")).first()
    assert stage is not None
    moment = clock.now() - timedelta(hours=1)
    question = StageQuestion(
        deal_id=session.get_one(Deal, deal.id).id or 0, stage_id=stage.id or 0, left_at=moment, asked_at=moment,
        person_id=cast.reader.id or 0, likely=[{"asset": asset.id, "why": ["for a CFO"]}],
    )  # fmt: skip
    session.add(question)
    session.flush()
    return question.id or 0


def test_every_click_on_a_question_sends_the_whole_answer(app: FastAPI, cast: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        number = ask(session, cast)
    browser, part = visit(cast.reader), {"HX-Request": "true"}
    assert "Which did you use?" in browser.get("/inbox").html
    assert browser.raw("GET", "/inbox/count").text == "1"
    answer = browser.raw("POST", f"/inbox/questions/{number}", data={"used": ASSET}, headers=part)
    assert "Noted: 1 used." in answer.text
    answer = browser.raw("POST", f"/inbox/questions/{number}", data={}, headers=part)
    assert "press “None used”" in answer.text
    assert browser.post(f"/inbox/questions/{number}", none_used="true").status_code == 303
    assert browser.raw("GET", "/inbox/count").text == "0"
    with app.state.hub.database.reading() as session:
        [use] = session.exec(select(Use)).all()
    assert use.taken_back_at is not None


def test_a_question_of_somebody_else_is_not_there(app: FastAPI, cast: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        number = ask(session, cast)
    assert visit(cast.sales).post(f"/inbox/questions/{number}", none_used="true").status_code == 404


def test_a_search_in_vain_becomes_a_request_that_is_taken_answered_and_told(
    app: FastAPI, cast: Cast, visit: Visit
) -> None:
    rep, marketer = visit(cast.reader), visit(cast.marketing)
    found = rep.get("/", q="zebra stripes", persona="cfo")
    [asking] = [link for link in found.links if link.startswith("/requests/new")]
    form = rep.get(asking)
    fields = {one.attributes["name"]: one.attributes["value"] for one in form.all("input") if "name" in one.attributes}
    assert fields["question"] == "zebra stripes"
    answer = rep.post("/requests", **fields | {"needed": "Zebra stripes for finance", "persona": "cfo"})
    address = answer.headers["location"]
    assert "Zebra stripes for finance" in marketer.get("/inbox").html
    assert marketer.post(f"{address}/taker").status_code == 303
    assert "You took" not in rep.get(address).html
    refused = marketer.post(f"{address}/fulfilment", slug="draft.costs")
    assert (refused.status_code, "is not live" in refused.text) == (409, True)
    done = marketer.post(f"{address}/fulfilment", slug=f"http://hub.example/assets/{ASSET}?version=live")
    assert done.status_code == 303
    deliver(app)
    page = rep.get("/inbox")
    assert f"/assets/{ASSET}" in page.links
    assert "It is there now" in page.one("main").text
    assert rep.get("/").one("section", class_="next").text.strip().startswith("It is there now")


def test_who_asks_for_the_same_joins(cast: Cast, visit: Visit) -> None:
    first = visit(cast.reader).post("/requests", needed="A sheet for IT").headers["location"]
    again = visit(cast.sales).post("/requests", needed="a sheet for it!").headers["location"]
    assert first == again
    assert "2 people need it" in visit(cast.sales).get(first).html


def test_a_request_without_words_is_told_beside_the_field(cast: Cast, visit: Visit) -> None:
    answer = visit(cast.reader).post("/requests", needed="", due_on="2001-01-01")
    page = PageText(answer.text)
    assert answer.status_code == 422
    assert page.one("input", id="f-needed").attributes["aria-invalid"] == "true"
    assert "this is needed" in page.one("main").text


def test_everything_new_is_seen_at_once(app: FastAPI, cast: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        request, _ = requests.ask(session, cast.reader, RequestIn(needed="A sheet for IT"))
        requests.take(session, cast.marketing, request)
    deliver(app)
    browser = visit(cast.reader)
    assert browser.raw("GET", "/inbox/count").text == "1"
    browser.post("/inbox/seen")
    assert browser.raw("GET", "/inbox/count").text == "0"


@pytest.mark.parametrize(("who", "kinds"), [("reader", ["questions"]), ("marketing", ["requests"])])
def test_what_to_do_next_is_three_lines_at_most_and_for_this_person(
    app: FastAPI, cast: Cast, who: str, kinds: list[str]
) -> None:
    with app.state.hub.database.transaction() as session:
        ask(session, cast)
        requests.ask(session, cast.reader, RequestIn(needed="A sheet for IT"))
    with app.state.hub.database.reading() as session:
        steps = next_steps.next_steps(session, getattr(cast, who))
    assert [step.kind for step in steps] == kinds
    assert len(steps) <= next_steps.MOST
