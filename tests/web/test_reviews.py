"""The review pages without script: the queue of each team, one text, its notes, and only what was read is signed."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from hub.assets import approval, drafts, library
from hub.assets.models import Asset, Status
from hub.people.roles import Team
from tests.factories.assets import Cast, make_text, sign
from tests.web.pages import PageText, Visitor

Visit = Callable[[Any], Visitor]
DRAFT, LIVE = "draft.costs", "objection.too-dear"
REVIEW = f"/reviews/{DRAFT}/1"


def submit(app: FastAPI, cast: Cast, slug: str = DRAFT) -> None:
    with app.state.hub.database.transaction() as session:
        asset = drafts.locked(session, slug)
        approval.submit(session, cast.author, asset, asset.head_number, note="The price is new.")


def next_version(app: FastAPI, cast: Cast, slug: str, body: str) -> None:
    with app.state.hub.database.transaction() as session:
        asset = drafts.locked(session, slug)
        drafts.write_version(
            session, cast.author, asset, make_text(session, body=body), base_number=asset.head_number
        )  # fmt: skip


def asset(app: FastAPI, slug: str = DRAFT) -> Asset:
    with app.state.hub.database.reading() as session:
        return library.find(session, slug)


def shown_hash(page: PageText) -> str:
    return page.all("input", name="content_hash")[0].attributes["value"]


def decide(browser: Visitor, page: PageText, decision: str, **more: str) -> Any:
    return browser.post(f"{REVIEW}/decision", decision=decision, content_hash=shown_hash(page), **more)


def test_both_teams_sign_in_their_browsers_and_the_text_is_live(app: FastAPI, cast: Cast, visit: Visit) -> None:
    submit(app, cast)
    sales, marketing = visit(cast.sales), visit(cast.marketing)
    queue = sales.get("/reviews")
    assert queue.heading == "Waiting for Sales"
    assert "The price is new." in queue.one("main").text
    assert REVIEW in queue.links
    answer = decide(sales, sales.get(REVIEW), "approved")
    assert (answer.status_code, answer.headers["location"]) == (303, REVIEW)
    assert "Your decision" not in sales.get(REVIEW).one("main").text
    page = marketing.get(REVIEW)
    assert cast.sales.name in page.one("div", class_="sign").text
    decide(marketing, page, "approved")
    assert "This text is live." in marketing.get(REVIEW).one("main").text
    assert asset(app).status == Status.PUBLISHED
    assert "You have decided" not in sales.get("/reviews").html


def test_another_text_than_the_one_that_was_shown_is_never_approved(app: FastAPI, cast: Cast, visit: Visit) -> None:
    submit(app, cast)
    browser = visit(cast.sales)
    page = browser.get(REVIEW)
    answer = browser.post(f"{REVIEW}/decision", decision="approved", content_hash="sha256:other", note="Good.")
    assert answer.status_code == 409
    again = PageText(answer.text)
    assert "The text you saw is not version 1" in again.one("div", role="alert").text
    assert "Good." in again.one("textarea", id="f-note").text
    next_version(app, cast, DRAFT, "Another one.\n")
    assert decide(browser, page, "approved").status_code == 409
    assert "There is a newer version." in browser.get(REVIEW).one("main").text


def test_asking_for_changes_needs_words_and_sends_it_back(app: FastAPI, cast: Cast, visit: Visit) -> None:
    submit(app, cast)
    browser = visit(cast.sales)
    page = browser.get(REVIEW)
    answer = decide(browser, page, "changes_requested")
    assert answer.status_code == 422
    assert "needs a note" in PageText(answer.text).one("div", role="alert").text
    decide(browser, page, "changes_requested", note="Name the question.")
    text = visit(cast.author).get("/write").one("main").text
    assert "Name the question." in text
    assert "Sent back to its authors." in browser.get(REVIEW).one("main").text


def test_what_changed_since_the_live_version_is_marked(app: FastAPI, cast: Cast, visit: Visit) -> None:
    next_version(app, cast, LIVE, "Ask first.\n\n### Then\n\nSay what <b>waiting</b> costs.\n")
    submit(app, cast, LIVE)
    page = visit(cast.sales).get(f"/reviews/{LIVE}/2")
    assert "waiting" in [one.text for one in page.all("ins")]
    assert "nothing" in [one.text for one in page.all("del")]
    assert "What changed since version 1" in page.one("main").text


def test_a_note_on_a_paragraph_is_chosen_from_a_list_and_dealt_with(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.sales)
    page = browser.get(REVIEW)
    blocks = [one for one in page.all("option") if one.attributes.get("value", "").isdigit()]
    block = blocks[-1].attributes["value"]
    answer = browser.post(f"{REVIEW}/notes", block=block, text="Says <b>who</b>?")
    assert answer.status_code == 303
    page = visit(cast.author).get(REVIEW)
    assert "Says <b>who</b>?" in page.one("ol", id="notes").text
    assert "<b>who</b>" not in page.html
    [settle] = [one.attributes["action"] for one in page.all("form") if "settlement" in one.attributes["action"]]
    assert visit(cast.author).post(settle, settled="true").status_code == 303
    assert "dealt with" in browser.get(REVIEW).one("ol", id="notes").text


def test_a_note_on_words_that_are_not_there_comes_back_with_its_text(cast: Cast, visit: Visit) -> None:
    answer = visit(cast.sales).post(f"{REVIEW}/notes", quote="never written", text="Kept.")
    page = PageText(answer.text)
    assert answer.status_code == 422
    assert page.one("textarea", id="f-text").text.strip() == "Kept."
    assert "no such passage" in page.one("div", role="alert").text


def test_only_texts_that_were_read_are_approved_together(app: FastAPI, cast: Cast, visit: Visit) -> None:
    next_version(app, cast, LIVE, "New.\n")
    for slug in (DRAFT, LIVE):
        submit(app, cast, slug)
    with app.state.hub.database.transaction() as session:
        sign(session, cast.marketing, drafts.locked(session, DRAFT), Team.MARKETING)
    browser = visit(cast.sales)
    boxes = browser.get("/reviews").all("input", name="text")
    assert all("disabled" in one.attributes for one in boxes)
    texts = [one.attributes["value"] for one in boxes]
    answer = browser.post("/reviews/approvals", text=texts)
    assert answer.status_code == 409
    assert "not opened" in PageText(answer.text).one("div", role="alert").text
    for slug, number in ((DRAFT, 1), (LIVE, 2)):
        browser.get(f"/reviews/{slug}/{number}")
    assert not [one for one in browser.get("/reviews").all("input", name="text") if "disabled" in one.attributes]
    assert browser.post("/reviews/approvals", text=texts).status_code == 303
    assert asset(app, DRAFT).status == Status.PUBLISHED
    assert "Nothing waits for you" in browser.get("/reviews").one("main").text
    assert browser.post("/reviews/approvals").status_code == 422


def test_looking_at_a_text_that_is_not_mine_to_decide_opens_nothing(app: FastAPI, cast: Cast, visit: Visit) -> None:
    submit(app, cast)
    page = visit(cast.admin).get(REVIEW)
    assert "Your decision" not in page.one("main").text
    assert visit(cast.reader).raw("GET", REVIEW).status_code == 404


def test_a_submission_is_taken_back_and_made_again(app: FastAPI, cast: Cast, visit: Visit) -> None:
    author = visit(cast.author)
    assert author.post(f"{REVIEW}/submission").status_code == 303
    assert author.post(f"{REVIEW}/withdrawal").status_code == 303
    assert "Not submitted." in author.get(REVIEW).one("main").text
    assert "Nothing waits for you" in visit(cast.sales).get("/reviews").one("main").text


def test_a_text_with_a_broken_link_is_not_submitted_and_says_why(app: FastAPI, cast: Cast, visit: Visit) -> None:
    next_version(app, cast, DRAFT, "See [there](asset:not.there).\n")
    answer = visit(cast.author).post(f"/reviews/{DRAFT}/2/submission")
    assert answer.status_code == 409
    assert "not.there" in PageText(answer.text).one("div", role="alert").text


def test_an_admin_publishes_urgently_with_a_reason_and_its_limit_is_said(
    app: FastAPI, cast: Cast, visit: Visit
) -> None:
    admin = visit(cast.admin)
    page = admin.get(REVIEW)
    assert "ends after 3 days" in page.one("main").text
    assert "Publish urgently" not in visit(cast.marketing).get(REVIEW).one("main").text
    given = {"content_hash": shown_hash(page)}
    assert admin.post(f"{REVIEW}/urgency", reason="x", **given).status_code == 422
    assert admin.post(f"{REVIEW}/urgency", reason="The price is wrong.", **given).status_code == 303
    assert "Published urgently" in visit(cast.reader).get(f"/assets/{DRAFT}").one("main").text
    assert "Your decision" in visit(cast.sales).get(REVIEW).one("main").text


def test_an_asset_is_retired_and_brought_back_from_its_page(app: FastAPI, cast: Cast, visit: Visit) -> None:
    approver = visit(cast.marketing)
    assert f"/assets/{LIVE}/edit" in approver.get(f"/assets/{LIVE}").links
    assert f"/assets/{LIVE}/edit" not in visit(cast.reader).get(f"/assets/{LIVE}").links
    assert approver.post(f"/assets/{LIVE}/retirement", note="No longer sold.").status_code == 303
    page = approver.get(f"/assets/{LIVE}")
    assert "Retired." in page.one("main").text
    [back] = [one.attributes["action"] for one in page.all("form") if one.attributes["action"].endswith("/return")]
    assert approver.post(back).status_code == 303
    assert asset(app, LIVE).status == Status.PUBLISHED
