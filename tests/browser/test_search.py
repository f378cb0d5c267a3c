"""The rep's journey on the search page: typing, keys, filters, copying, and what is told without eyes."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import SELLER, faults_for_all

Open = Callable[..., Page]


def ask(page: Page, question: str) -> None:
    page.locator("#q").press_sequentially(question, delay=15)
    page.wait_for_url(f"**/?q={question.replace(' ', '+')}*")


def test_results_come_while_typing_and_the_question_stands_in_the_address(open_browser: Open) -> None:
    page = open_browser()
    ask(page, "too expensive")
    expect(page.locator(".hit h2").first).to_have_text("Objection: it costs too much")
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#q")).to_have_value("too expensive")
    expect(page.locator("#count")).to_have_text(re.compile(r"\d+ results?"))
    assert faults_for_all(page) == []
    page.reload()
    expect(page.locator(".hit h2").first).to_have_text("Objection: it costs too much")


def test_an_answer_cannot_overtake_a_later_one(open_browser: Open) -> None:
    page = open_browser()
    held: list[object] = []
    page.route(re.compile(r"/\?q=price$"), lambda route: held.append(route))
    page.locator("#q").fill("price")
    page.wait_for_timeout(400)
    assert held
    page.locator("#q").fill("security")
    page.wait_for_url("**/?q=security")
    for route in held:
        route.continue_()  # type: ignore[attr-defined]
    page.wait_for_timeout(400)
    expect(page).to_have_url(re.compile("q=security"))
    expect(page.locator("#q")).to_have_value("security")


def test_everything_goes_by_keyboard(open_browser: Open) -> None:
    page = open_browser()
    ask(page, "security")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".hit").nth(0).locator("h2 a")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".hit").nth(1)).to_have_class(re.compile("here"))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/assets/**")
    page.keyboard.press("/")
    expect(page.locator("#jump")).to_be_focused()


def test_a_taken_result_is_told_to_the_log(open_browser: Open) -> None:
    page = open_browser()
    ask(page, "security")
    before = page.request.get("/api/v1/searches/figures").json()["chosen"]
    page.locator(".hit h2 a").nth(1).click()
    page.wait_for_url("**/assets/**")
    page.wait_for_timeout(500)  # told beside the way: nobody waits for it
    assert page.request.get("/api/v1/searches/figures").json()["chosen"] == before + 1


def test_filters_narrow_stay_in_the_address_and_keep_the_focus(open_browser: Open) -> None:
    page = open_browser()
    ask(page, "price")
    box = page.get_by_role("checkbox", name=re.compile("Chief financial officer"))
    box.focus()
    page.keyboard.press("Space")
    page.wait_for_url("**persona=cfo**")
    expect(page.get_by_role("link", name="Without Chief financial officer")).to_be_visible()
    expect(page.get_by_role("checkbox", name=re.compile("Chief financial officer"))).to_be_focused()
    assert faults_for_all(page) == []
    page.get_by_role("link", name="Without Chief financial officer").click()
    expect(page).not_to_have_url(re.compile("persona"))
    page.go_back()
    expect(page.get_by_role("checkbox", name=re.compile("Chief financial officer"))).to_be_checked()


def test_filters_open_on_a_small_screen(open_browser: Open) -> None:
    page = open_browser(width=360)
    expect(page.locator("#filters")).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    expect(page.locator("#filters")).to_be_visible()
    assert faults_for_all(page) == []


def test_c_copies_the_row_one_is_on_with_its_formatting(open_browser: Open) -> None:
    page = open_browser()
    ask(page, "too expensive")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("c")
    expect(page.locator("#say")).to_have_text("Copied, with its formatting.")
    kinds = page.evaluate("navigator.clipboard.read().then((items) => items[0].types)")
    assert set(kinds) == {"text/html", "text/plain"}
    plain = page.evaluate("navigator.clipboard.readText()")
    assert "Compared with doing nothing" in plain
    assert "<" not in plain
    assert faults_for_all(page) == []


def test_markdown_and_plain_text_are_in_the_menu(open_browser: Open) -> None:
    page = open_browser()
    page.goto("/assets/objection.too-expensive")
    page.get_by_label("Copy in another form").click()
    assert faults_for_all(page) == []
    page.get_by_role("button", name="As Markdown").click()
    expect(page.locator("#say")).to_have_text("Copied as Markdown.")
    assert '## "Compared with doing nothing"' in page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("dialog", name="For which deal?").get_by_role("button", name="Close").click()
    page.get_by_label("Copy in another form").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="As Markdown")).to_be_hidden()


def test_search_works_without_script(open_browser: Open) -> None:
    page = open_browser(SELLER, java_script_enabled=False, width=360)
    page.locator("#q").fill("price")
    page.locator("#q").press("Enter")
    expect(page.locator(".hit h2").first).to_contain_text(re.compile("price", re.IGNORECASE))
    page.get_by_role("checkbox", name=re.compile("Chief financial officer")).check()
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("persona=cfo"))


def test_a_lost_connection_is_told_and_the_results_stay(open_browser: Open) -> None:
    page = open_browser()
    ask(page, "price")
    before = page.locator(".hit").count()
    page.context.set_offline(True)
    page.locator("#q").fill("security")
    expect(page.locator("#say")).to_have_text(re.compile("offline|does not answer"))
    assert page.locator(".hit").count() == before
    assert faults_for_all(page) == []
