"""The look-up over a page: found, inserted where somebody writes, and away, by keyboard alone, on all shapes."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.browser.conftest import AXE, AXE_RUN
from tests.extension.pages.conftest import Chromium, overlay_of, until

Visit = Callable[..., Page]
IN_IT = "people walk 17% less"
NOTE = "https://app.hubspot.com/contacts/4711/record/0-3/9134"


def keep_picture(page: Page, name: str) -> None:
    if folder := os.environ.get("HUB_TEST_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")


def is_gone(page: Page) -> bool:
    return overlay_of(page) is None


def look_up(frame: Frame, question: str) -> None:
    frame.get_by_role("combobox", name="Look up").press_sequentially(question, delay=10)
    expect(frame.locator("#bar")).to_contain_text("found")


def test_a_rep_finds_and_inserts_by_keyboard_and_goes_on_writing(chromium: Chromium, visit: Visit) -> None:
    page = visit(NOTE)
    note = page.get_by_label("Note")
    note.click()
    page.keyboard.type("Dear you")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    frame = chromium.overlay(page)
    expect(frame.locator("#deal")).to_contain_text("Slotting for two sites")
    expect(frame.get_by_role("option").first).to_be_visible()
    look_up(frame, "17% sentence with its source")
    expect(frame.get_by_role("option").first).to_have_attribute("data-asset", "snippet.benchmark-sentence")
    expect(frame.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    until(lambda: is_gone(page))
    assert IN_IT in note.inner_text()
    page.keyboard.type("!")
    text = note.inner_text().replace("\xa0", " ")
    assert text.startswith("Dear")
    assert re.search(r"! ?you\s*$", text)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert note.inner_text().replace("\xa0", " ").strip() == "Dear you"
    until(
        lambda: any(
            '"external_id":"9134"' in asked for asked in chromium.hub.asked if "POST" in asked and "/uses" in asked
        )
    )


def test_escape_closes_it_and_the_focus_returns(chromium: Chromium, visit: Visit) -> None:
    page = visit(NOTE)
    page.get_by_label("Note").click()
    chromium.overlay(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    until(lambda: is_gone(page))
    expect(page.get_by_label("Note")).to_be_focused()
    assert page.evaluate("document.documentElement.lastElementChild.localName") == "body", "nothing of ours stays"


def test_what_cannot_be_inserted_is_copied_and_the_look_up_says_so(chromium: Chromium, visit: Visit) -> None:
    page = visit("https://plain.test/fields")
    page.get_by_label("Fixed").click()
    frame = chromium.overlay(page)
    look_up(frame, "17% sentence with its source")
    page.keyboard.press("Enter")
    expect(frame.locator("#told")).to_have_text("This field is read-only. Copied: paste it where you write.")
    page.keyboard.press("Escape")
    until(lambda: is_gone(page))
    page.get_by_label("Message body").click()
    page.keyboard.press("Control+v")
    assert IN_IT in page.get_by_label("Message body").inner_text()


def test_what_is_internal_is_inserted_only_when_asked_for_twice(chromium: Chromium, visit: Visit) -> None:
    page = visit(NOTE)
    page.get_by_label("Note").click()
    frame = chromium.overlay(page)
    look_up(frame, "battlecard quaydon")
    expect(frame.get_by_role("option").first).to_contain_text("Internal")
    page.keyboard.press("Enter")
    expect(frame.locator("#told")).to_contain_text("inside only")
    assert page.get_by_label("Note").inner_text().strip() == ""
    page.keyboard.press("Enter")
    until(lambda: is_gone(page))
    assert "Quaydon" in page.get_by_label("Note").inner_text()


def test_it_stands_over_a_pages_own_dialog_and_in_frames_the_right_field_gets_the_text(
    chromium: Chromium, visit: Visit
) -> None:
    page = visit("https://outer.test/frames")
    inside = page.frame_locator("#other").frame_locator("iframe").get_by_label("Inside")
    inside.click()
    frame = chromium.overlay(page)
    look_up(frame, "17% sentence with its source")
    page.keyboard.press("Enter")
    until(lambda: IN_IT in inside.input_value())
    page.evaluate(
        """() => {
          const own = document.body.appendChild(document.createElement("dialog"));
          own.append(Object.assign(document.createElement("textarea"), {ariaLabel: "In a dialog"}));
          own.showModal();
        }"""
    )
    page.get_by_label("In a dialog").click()
    frame = chromium.overlay(page)
    look_up(frame, "17% sentence with its source")
    page.keyboard.press("Enter")
    until(lambda: IN_IT in page.get_by_label("In a dialog").input_value())


def test_a_deal_that_was_chosen_for_the_tab_counts_whatever_the_page_says(chromium: Chromium, visit: Visit) -> None:
    page = visit("https://mill.pipedrive.com/deal/31")
    chromium.say(
        "choose-deal", tab=chromium.tab(page), deal={"source": "hubspot", "external_id": "9134"}, name="Slotting"
    )
    page.get_by_label("Note").click()
    frame = chromium.overlay(page)
    expect(frame.locator("#deal")).to_contain_text("Slotting for two sites")
    look_up(frame, "17% sentence with its source")
    before = len(chromium.hub.asked)
    page.keyboard.press("Enter")
    until(lambda: any("/uses" in asked and '"external_id":"9134"' in asked for asked in chromium.hub.asked[before:]))


def test_nothing_fits_and_it_is_asked_for(chromium: Chromium, visit: Visit) -> None:
    page = visit(NOTE)
    frame = chromium.overlay(page)
    look_up(frame, "xylophone quarterly zebra")
    frame.get_by_role("button", name="Ask for it").click()
    expect(frame.locator("#told")).to_contain_text("Asked for")


SHAPES = {
    "hubspot": NOTE,
    "lightning": "https://mill.lightning.force.com/lightning/r/Opportunity/0065g00000AbCdEAAV/view",
    "classic": "https://mill.my.salesforce.com/0065g00000AbCdE",
    "pipedrive": "https://mill.pipedrive.com/deal/31",
    "mail": "https://mail.google.com/mail/u/0/",
    "strict": "https://strict.test/strict",
}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("shape", SHAPES)
def test_it_looks_like_the_hub_on_every_shape(chromium: Chromium, visit: Visit, shape: str, dark: bool) -> None:
    page = visit(SHAPES[shape], dark=dark)
    frame = chromium.overlay(page)
    if shape != "hubspot":
        look_up(frame, "price")
    expect(frame.get_by_role("option").first).to_be_visible()
    page.wait_for_timeout(200)
    keep_picture(page, f"overlay-{shape}-{'dark' if dark else 'light'}")
    if shape == "hubspot":
        frame.evaluate(AXE.read_text(encoding="utf-8"))
        faults = frame.evaluate(AXE_RUN)["violations"]
        assert [(fault["id"], fault["nodes"][0]["html"][:200]) for fault in faults] == []


def test_it_fits_a_narrow_window(chromium: Chromium, visit: Visit) -> None:
    page = visit(NOTE, width=360)
    frame = chromium.overlay(page)
    look_up(frame, "price")
    keep_picture(page, "overlay-narrow")
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
