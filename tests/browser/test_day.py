"""A rep's day in a real browser: a use recorded where they work, the inbox done from its list, a request asked and
answered, and nothing lost without a network."""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import MARKETER, REP

Open = Callable[..., Page]
# What the script says after a copy: the text of another asset would have to come over the network.
COPIED = json.dumps({"asset": "deck.business-case", "said": "Copied."})
PRICE, CASE = "objection.too-expensive", "deck.business-case"


def search(page: Page, question: str, wanted: str) -> None:
    """Type it, and go to the wanted hit by keyboard."""
    with page.expect_response("**/?q=**"):
        page.locator("#q").fill(question)
    row = page.locator(f'[data-asset="{wanted}"]')
    expect(row).to_be_visible()
    while "here" not in (row.get_attribute("class") or "") or not row.locator("a:focus").count():
        page.keyboard.press("ArrowDown")


def uses_of(page: Page, slug: str) -> list[dict[str, Any]]:
    """The signed-in person's own uses of an asset that stand, newest first."""
    me = page.evaluate("document.body.dataset.person")
    found = page.request.get(f"/api/v1/uses?asset={slug}&person={me}&limit=200").json()
    return [use for use in found["items"] if use["channel"] in ("hub", "told")]


def my_open_deal(page: Page, at: int = 0) -> dict[str, Any]:
    deals = page.request.get("/api/v1/deals?mine=true&outcome=open&limit=20").json()["items"]
    return dict(deals[at])


def test_the_deal_is_asked_for_once_and_the_use_stands_on_its_page(open_browser: Open) -> None:
    page = open_browser(REP)
    deal = my_open_deal(page)
    search(page, "too expensive", PRICE)
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name="Copied. For which deal?")
    expect(dialog.get_by_label("On which deal?")).to_be_focused()
    page.keyboard.type(deal["external_id"])
    expect(dialog.locator("#choices button")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#say")).to_contain_text(f"Noted on {deal['name']}.")
    expect(page.locator("#at-hand")).to_contain_text(deal["name"])

    search(page, "business case", CASE)
    with page.expect_response("**/api/v1/uses"):
        page.keyboard.press("c")
    expect(page.locator("#say")).to_contain_text(f"Noted on {deal['name']}.")
    expect(dialog).to_be_hidden()

    page.goto(f"/deals/{deal['source']}/{deal['external_id']}")
    used = page.locator(".timeline li", has_text="copied")
    expect(used.filter(has_text="Objection: it costs too much").first).to_be_visible()
    mine = used.filter(has_text="Deck: business case").filter(has=page.get_by_role("button", name="Take back"))
    before = len(uses_of(page, CASE))
    mine.first.get_by_role("button", name="Take back").click()
    expect(page.locator(".said")).to_contain_text("Taken back")
    assert len(uses_of(page, CASE)) == before - 1
    page.get_by_role("button", name=f"Leave {deal['name']}").click()
    expect(page.locator("#at-hand")).to_contain_text("For a deal")


def test_a_use_is_noted_and_taken_back_by_keyboard_alone(open_browser: Open) -> None:
    page = open_browser(REP)
    page.goto(f"/assets/{PRICE}")
    before = len(uses_of(page, PRICE))
    page.keyboard.press("u")
    dialog = page.get_by_role("dialog", name="Note a use")
    expect(dialog.get_by_label("Sent it")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_label("Said it on a call")).to_be_checked()
    page.keyboard.press("Tab")
    dialog.get_by_label("On which deal?").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#say")).to_contain_text("Noted on")
    assert uses_of(page, PRICE)[0]["action"] == "spoken"
    page.keyboard.press("z")
    expect(page.locator("#say")).to_contain_text("Taken back")
    assert len(uses_of(page, PRICE)) == before


def test_a_double_click_records_once(open_browser: Open) -> None:
    page = open_browser(REP)
    before = len(uses_of(page, CASE))
    page.goto(f"/assets/{CASE}")
    page.get_by_role("button", name="Copy", exact=True).dblclick()
    dialog = page.get_by_role("dialog", name="Copied. For which deal?")
    dialog.locator("#choices button").first.dblclick()
    expect(page.locator("#say")).to_contain_text("Noted on")
    page.wait_for_timeout(300)
    assert len(uses_of(page, CASE)) == before + 1


def test_a_use_without_a_network_is_said_plainly_and_sent_once_later(open_browser: Open) -> None:
    page = open_browser(REP)
    before = len(uses_of(page, PRICE))
    page.goto(f"/assets/{PRICE}")
    page.evaluate(f"fetch('/api/v1/assets/{PRICE}')")
    page.get_by_role("button", name="Copy", exact=True).click()  # the text is there from now on
    page.get_by_role("dialog").get_by_role("button", name="No deal").click()
    expect(page.locator("#say")).to_contain_text("without a deal")
    page.wait_for_timeout(200)
    assert len(uses_of(page, PRICE)) == before + 1
    page.context.set_offline(True)
    page.evaluate(f"document.dispatchEvent(new CustomEvent('hub:copied', {{detail: {COPIED}}}))")
    expect(page.locator("#say")).to_contain_text("The hub cannot be reached: the use is kept in this browser")
    [kept] = json.loads(page.evaluate("localStorage.getItem(`hub.uses.${document.body.dataset.person}`)"))
    page.context.set_offline(False)
    expect(page.locator("#say")).to_contain_text("The use that waited is recorded.")
    [sent] = [use for use in uses_of(page, CASE) if use["id"] == kept["use"]["id"]]
    assert sent["occurred_at"][:19] == kept["use"]["occurred_at"][:19]
    assert page.evaluate("localStorage.getItem(`hub.uses.${document.body.dataset.person}`)") == "[]"


def test_a_question_about_a_stage_is_answered_from_the_inbox_by_one_key(open_browser: Open) -> None:
    page = open_browser(REP)
    page.goto("/inbox")
    count = page.locator("nav.rail [data-number]")
    before = int(count.inner_text())
    page.keyboard.press("j")
    page.keyboard.press("1")
    first = page.locator("#questions ~ ol > li").first
    expect(first).to_contain_text("Noted: 1 used")
    expect(count).to_have_text(str(before - 1))
    page.keyboard.press("0")
    expect(first).to_contain_text("Noted: none used")


def test_a_request_goes_from_an_empty_search_to_an_answer(open_browser: Open) -> None:
    rep = open_browser(REP)
    rep.goto("/?q=zebra+stripes+zzqq")
    rep.get_by_role("link", name="Ask for it").first.click()
    needed = rep.get_by_label("What do you need?")
    expect(needed).to_have_value("zebra stripes zzqq")
    needed.fill("Why zebra stripes save picking time")
    rep.get_by_role("button", name="Ask for it").click()
    expect(rep.locator(".said")).to_contain_text("Asked for")
    expect(rep.locator("main")).to_contain_text("searched for “zebra stripes zzqq”")
    address = rep.url

    marketer = open_browser(MARKETER)
    marketer.goto("/inbox")
    row = marketer.locator("li", has_text="zebra stripes")
    row.get_by_role("button", name="I take it").click()
    expect(row).to_contain_text("You take care of it")
    marketer.goto(address)
    marketer.get_by_label("Which asset?").fill(f"{marketer.url.partition('/requests')[0]}/assets/{PRICE}")
    marketer.get_by_role("button", name="Answered").click()
    expect(marketer.locator("main")).to_contain_text("It is there")

    told = rep.get_by_text("It is there now")
    for _ in range(40):  # the worker tells within a second or so
        rep.goto("/inbox")
        if told.count():
            break
        rep.wait_for_timeout(250)
    notice = rep.locator("#told").locator("xpath=ancestor::section").get_by_role("link", name="It is there now").first
    assert notice.get_attribute("href") == f"/assets/{PRICE}"
