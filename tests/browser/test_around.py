"""What surrounds the pages: sign-in and out, the theme, an ended session, no network."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import ADMIN, MARKETER, Served, faults_for_all

Open = Callable[..., Page]


def test_somebody_signed_out_comes_back_to_where_they_wanted(open_browser: Open, served: Served) -> None:
    page = open_browser(None)
    page.goto("/assets?kind=faq")
    page.get_by_label("E-mail address").fill("rita.rep@example.com")
    page.get_by_label("Password").fill("not the right words")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("is not right")
    expect(page.get_by_label("E-mail address")).to_have_value("rita.rep@example.com")
    assert faults_for_all(page) == []
    page.get_by_label("Password").fill(served.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/assets?kind=faq")


def test_a_session_that_ended_elsewhere_leads_to_the_sign_in_from_a_keystroke(open_browser: Open) -> None:
    page = open_browser()
    page.context.clear_cookies()
    page.locator("#q").fill("price")
    page.wait_for_url("**/sign-in")


def test_a_chosen_theme_stays(open_browser: Open) -> None:
    page = open_browser(ADMIN)
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Dark").click()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(paper) != light
    page.goto("/assets")
    assert page.evaluate(paper) != light


def test_the_skip_link_is_the_first_stop_and_every_stop_is_seen(open_browser: Open) -> None:
    page = open_browser(MARKETER)
    page.goto("/assets/objection.too-expensive")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    for _ in range(25):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            "(() => { const one = document.activeElement, box = one.getBoundingClientRect();"
            " return one === document.body || (box.width > 0 && getComputedStyle(one).outlineStyle !== 'none'"
            " || one.matches('.choice input, .ask input')); })()"
        )
        assert seen, page.evaluate("document.activeElement.outerHTML")


def test_still_right_is_said_and_told(open_browser: Open) -> None:
    page = open_browser(MARKETER)
    page.goto("/assets/objection.too-expensive")
    page.get_by_role("button", name="Still right").click()
    expect(page.get_by_role("status").first).to_contain_text("the text is still right")
    expect(page.get_by_text("said Ana Keller")).to_be_visible()
    assert faults_for_all(page) == []


def test_without_a_network_a_page_of_the_hub_says_so(open_browser: Open) -> None:
    page = open_browser(service_workers="allow")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.context.set_offline(True)
    page.goto("/assets")
    expect(page.get_by_role("heading", name="The hub cannot be reached")).to_be_visible()
    page.context.set_offline(False)
    page.goto("/assets")
    expect(page.get_by_role("heading", name="Library")).to_be_visible()


def test_a_token_is_shown_once(open_browser: Open) -> None:
    page = open_browser(MARKETER)
    page.goto("/account/tokens")
    page.get_by_label("What is it for?").fill("laptop")
    page.get_by_role("button", name="Make it").click()
    page.wait_for_load_state()  # the button is there before the script that it needs
    page.get_by_role("button", name="Copy").click()
    secret = ""
    for _ in range(50):  # the clipboard is written after the click has returned
        secret = page.evaluate("navigator.clipboard.readText()")
        if secret.startswith("hub_"):  # another test may have left something there
            break
        page.wait_for_timeout(100)
    assert re.fullmatch(r"hub_[\w-]{40,}", secret)
    assert faults_for_all(page) == []
    page.goto("/account/tokens")
    assert secret not in page.content()
    expect(page.get_by_role("button", name="Revoke laptop")).to_be_visible()
