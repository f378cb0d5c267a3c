"""Pages that are against us: they spoil their world, name their parts after what browsers can do, imitate our messages,
frame and cover our window. Nothing of ours breaks, tells them anything, or does what they want."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.extension.pages.conftest import Chromium, overlay_of, until

Visit = Callable[..., Page]
SLUG = "snippet.benchmark-sentence"
IN_IT = "people walk 17% less"
HOSTILE = "https://evil.test/hostile"


def in_our_world(chromium: Chromium, page: Page, function: str) -> Any:
    """Playwright cannot do much in a world that is spoilt either."""
    return chromium.worker.evaluate(
        f"""async (tabId) => {{
          const [done] = await chrome.scripting.executeScript({{target: {{tabId}}, func: {function}}});
          return done.result;
        }}""",
        chromium.tab(page),
    )


def write_in_the_hostile_page(chromium: Chromium, page: Page) -> None:
    page.mouse.click(60, 30)
    until(lambda: in_our_world(chromium, page, "() => document.querySelector('#area').matches(':focus')"))


def test_a_spoilt_world_and_borrowed_names_stop_nothing(chromium: Chromium, visit: Visit) -> None:
    page = visit(HOSTILE)
    assert [term["key"] for term in chromium.ask(page, {"type": "recognise"})["terms"]] == ["quaydon"]
    write_in_the_hostile_page(chromium, page)
    assert chromium.insert(page, SLUG)["inserted"]
    assert IN_IT in in_our_world(chromium, page, "() => document.querySelector('#area').value")


def test_the_page_hears_nothing_of_what_is_looked_up(chromium: Chromium, visit: Visit) -> None:
    page = visit(HOSTILE)
    write_in_the_hostile_page(chromium, page)
    chromium.overlay(page)
    page.keyboard.type("xylophone")
    page.wait_for_timeout(300)
    assert in_our_world(chromium, page, "() => window.length") == 0, "our frame is not among the page's"
    page.keyboard.press("Escape")
    until(lambda: overlay_of(page) is None)
    heard = in_our_world(chromium, page, "() => document.querySelector('#heard').textContent")
    assert "focusin" in heard, "it does listen"
    for told in ("xylophone", "keydown", "keyup", "message", "ticket", "port", "shadow"):
        assert told not in heard


def test_imitated_messages_and_events_do_nothing(chromium: Chromium, visit: Visit) -> None:
    page = visit("https://mill.my.salesforce.com/0065g00000AbCdE")
    before = len(chromium.hub.asked)
    page.evaluate(
        """() => {
          const ticket = "0".repeat(32);
          const messages = [
            {type: "insert", html: "<b>evil</b>", text: "evil", use: {slug: "x"}}, {type: "open-overlay", ticket},
            {type: "leave"}, {type: "recognise"}, {do: "insert", slug: "snippet.benchmark-sentence"}, {ticket},
          ];
          for (const message of messages) {
            postMessage(message, "*");
            dispatchEvent(new MessageEvent("message", {data: message}));
            dispatchEvent(new CustomEvent(message.type ?? "hub", {detail: message}));
            document.dispatchEvent(new CustomEvent("hub", {detail: message}));
          }
          // a field that the person never was in
          const trap = document.querySelector("textarea");
          trap.dispatchEvent(new FocusEvent("focusin", {bubbles: true, composed: true}));
        }"""
    )
    page.wait_for_timeout(300)
    assert overlay_of(page) is None
    assert not chromium.insert(page, SLUG)["inserted"], "an invented event is nobody's focus"
    assert "evil" not in page.evaluate(
        "document.body.textContent + [...document.querySelectorAll('input, textarea')].map((one) => one.value)"
    )
    assert not any("evil" in asked or "/uses" in asked for asked in chromium.hub.asked[before:])


def test_a_page_that_frames_the_look_up_itself_gets_a_blank(chromium: Chromium, visit: Visit) -> None:
    page = visit("https://plain.test/fields")
    address = f"{chromium.root}/surfaces/overlay.html#{'0' * 32}"
    page.evaluate(
        """(address) => {
          const ticket = "0".repeat(32);
          const frame = Object.assign(document.createElement("iframe"), {src: address, id: "stolen"});
          frame.onload = () => frame.contentWindow.postMessage({ticket}, "*", [new MessageChannel().port1]);
          document.body.append(frame);
        }""",
        address,
    )
    page.wait_for_timeout(500)
    frame = overlay_of(page)
    # Its address changes with every start of the browser, so mostly there is not even that.
    assert frame is None or frame.locator("#all").is_hidden()
    for other in ("popup", "panel", "options"):
        page.evaluate(
            "(address) => { document.querySelector('#stolen').src = address }", f"{chromium.root}/surfaces/{other}.html"
        )
        page.wait_for_timeout(150)
        assert not any(f"/surfaces/{other}.html" in frame.url for frame in page.frames)


def test_a_click_through_something_laid_over_the_look_up_does_nothing(chromium: Chromium, visit: Visit) -> None:
    page = visit("https://app.hubspot.com/contacts/4711/record/0-3/9134")
    note = page.get_by_label("Note")
    note.click()
    frame = chromium.overlay(page)
    button = frame.get_by_role("button", name="Insert")
    expect(button).to_be_visible()
    # the page finds our place and makes it invisible: the click would go to what nobody sees
    page.evaluate(
        "document.documentElement.lastElementChild.style.cssText = 'all: initial; opacity: 0; filter: opacity(0)'"
    )
    cover = (
        "position: fixed; inset: 0; margin: auto; width: 90vw; height: 90vh; background: white; pointer-events: none"
    )
    page.evaluate(
        """(cover) => { const veil = document.body.appendChild(document.createElement("div")); veil.popover = "manual";
        veil.style.cssText = cover; veil.textContent = "Click here to win"; veil.showPopover(); }""",
        cover,
    )
    page.wait_for_timeout(600)
    box = button.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 10, box["y"] + 10)
    page.wait_for_timeout(300)
    assert note.inner_text().strip() == ""
    assert overlay_of(page) is not None
    expect(frame.locator("#told")).to_contain_text("covers this window")
    page.evaluate("document.querySelector('[popover]').remove()")
    page.evaluate("document.documentElement.lastElementChild.style.cssText = 'all: initial !important'")
    page.wait_for_timeout(600)
    page.mouse.click(box["x"] + 10, box["y"] + 10)
    until(lambda: overlay_of(page) is None)


def test_a_page_that_removes_our_window_loses_nothing_of_ours(chromium: Chromium, visit: Visit) -> None:
    page = visit("https://app.hubspot.com/contacts/4711/record/0-3/9134")
    page.get_by_label("Note").click()
    chromium.overlay(page)
    page.evaluate("document.documentElement.lastElementChild.remove()")
    until(lambda: overlay_of(page) is None)
    frame = chromium.overlay(page)
    expect(frame.get_by_role("combobox")).to_be_visible()


@pytest.mark.parametrize("label", ["Note", "Message"])
def test_a_page_with_a_strict_policy_and_trusted_types_is_served_like_any_other(
    chromium: Chromium, visit: Visit, label: str
) -> None:
    page = visit("https://strict.test/strict")
    assert [term["key"] for term in chromium.ask(page, {"type": "recognise"})["terms"]] == ["quaydon"]
    field = page.get_by_label(label, exact=True)
    field.click()
    frame = chromium.overlay(page)
    frame.get_by_role("combobox").fill("17% sentence with its source")
    expect(frame.get_by_role("option").first).to_have_attribute("data-asset", SLUG)
    page.keyboard.press("Enter")
    until(lambda: overlay_of(page) is None)
    assert IN_IT in field.evaluate("(field) => field.value ?? field.innerHTML")
    if label == "Message":
        assert "<strong>Long</strong>" in field.inner_html()


def test_scripts_that_run_twice_in_a_frame_act_once(chromium: Chromium, visit: Visit) -> None:
    page = visit("https://plain.test/fields")
    page.get_by_label("Note").click()
    tab = chromium.tab(page)
    for _ in range(2):
        chromium.say("context", tab=tab)
    assert chromium.insert(page, SLUG)["inserted"]
    assert page.get_by_label("Note").input_value().count("weeks before") == 1
    chromium.ask(page, {"type": "leave"})
    chromium.say("context", tab=tab)
    page.get_by_label("Subject").click()
    assert chromium.insert(page, SLUG)["inserted"]
    assert page.get_by_label("Subject").input_value().count("weeks before") == 1


def test_a_page_that_takes_no_foreign_frames_gets_its_focus_back(chromium: Chromium, visit: Visit) -> None:
    page = visit("https://alone.test/strict")
    assert page.evaluate("crossOriginIsolated")
    page.get_by_label("Note").click()
    chromium.press_overlay_keys(page)
    until(lambda: page.evaluate("document.activeElement.localName") != "textarea")
    until(lambda: page.evaluate("document.activeElement.localName") == "textarea")
    assert chromium.insert(page, SLUG)["inserted"], "the popup serves it all the same"
