"""A text goes where somebody writes, as if it had been pasted: into every kind of field, with the page's own undo."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page

from tests.extension.pages.conftest import Chromium, until

Visit = Callable[..., Page]
SLUG = "snippet.benchmark-sentence"  # paragraphs with strong words, may be shared
INTERNAL = "battlecard.quaydon"
IN_IT = "people walk 17% less"
FIELDS = "https://plain.test/fields"


def write_in(page: Page, label: str) -> Locator:
    field = page.get_by_label(label, exact=True)
    field.click()
    page.keyboard.type("Dear you")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    return field


def shown(field: Locator) -> str:
    return str(field.evaluate("(field) => field.value ?? field.innerText")).replace("\xa0", " ")


KINDS = {
    "Note": "a plain area", "Subject": "a line", "Message body": "native editing", "Plain": "plain text only",
    "Editor that takes its time": "a paste that is put in later", "Controlled": "a value that a program holds",
    "In a open shadow": "an editor in a shadow tree", "Area in a open shadow": "an area in a shadow tree",
}  # fmt: skip


@pytest.mark.parametrize("label", KINDS)
def test_a_text_goes_in_at_the_caret_and_undo_takes_it_out(chromium: Chromium, visit: Visit, label: str) -> None:
    page = visit(FIELDS)
    field = write_in(page, label)
    done = chromium.insert(page, SLUG)
    assert (done["inserted"], done["says"]) == (True, "")
    text = shown(field)
    assert text.startswith("Dear")
    assert text.rstrip().endswith("you")
    assert text.count("weeks before") == 1
    assert IN_IT in text
    page.keyboard.press("Control+z")
    until(lambda: IN_IT not in shown(field))
    assert shown(field).strip() == "Dear you"


@pytest.mark.parametrize("label", ["Editor with a document", "Editor that waits"])
def test_an_editor_with_its_own_document_holds_the_text_in_it(chromium: Chromium, visit: Visit, label: str) -> None:
    page = visit(FIELDS)
    field = page.get_by_label(label, exact=True)
    field.click()
    page.keyboard.type("Dear")
    assert chromium.insert(page, SLUG)["inserted"]
    assert IN_IT in field.evaluate("(field) => field.documentNow()")
    assert IN_IT in shown(field)
    page.keyboard.press("Control+z")
    assert field.evaluate("(field) => field.documentNow()") == "p:Dear"
    page.keyboard.type(" you")
    assert field.evaluate("(field) => field.documentNow()") == "p:Dear you"


def test_what_is_selected_is_replaced_and_what_a_program_holds_is_the_text(chromium: Chromium, visit: Visit) -> None:
    page = visit(FIELDS)
    page.get_by_label("Controlled").fill("Dear old text")
    page.keyboard.press("Control+a")
    assert chromium.insert(page, SLUG)["inserted"]
    held = page.locator("#held").inner_text()
    assert IN_IT in held
    assert "old text" not in held


def test_rich_text_keeps_its_form_without_styles_or_the_hubs_own_links(chromium: Chromium, visit: Visit) -> None:
    page = visit(FIELDS)
    body = page.get_by_label("Message body")
    body.click()
    assert chromium.insert(page, SLUG)["inserted"]
    html = body.inner_html()
    assert "<strong>Long</strong>" in html
    assert "how results are measured" in html
    for foreign in ("style=", "class=", "id=", "<script", 'href="/', 'href="..', "\n"):
        assert foreign not in html


REFUSED = {
    "Short": "The field takes 32 more characters and the text has", "Fixed": "This field is read-only.",
    "Password": "This is a password field.", "Number": "This field does not take text.",
    "Editor without paste": "The page stopped the text from going in.",
}  # fmt: skip


def test_a_field_that_cannot_take_it_says_why_and_stays_as_it_was(chromium: Chromium, visit: Visit) -> None:
    page = visit(FIELDS)
    for label, says in REFUSED.items():
        field = page.get_by_label(label, exact=True)
        field.click()
        page.keyboard.type("1" if label == "Number" else "Dear you")
        before = shown(field)
        done = chromium.insert(page, SLUG)
        assert not done["inserted"], label
        assert done["says"].startswith(says), label
        assert shown(field) == before


def test_nothing_goes_in_where_nobody_wrote(chromium: Chromium, visit: Visit) -> None:
    page = visit("https://mill.pipedrive.com/deal/31")
    before = page.content()
    done = chromium.insert(page, SLUG)
    assert done == {"inserted": False, "id": None, "says": "Click where you want the text to go, and try again."}
    assert page.content() == before


def test_a_field_made_anew_takes_the_text_and_one_that_is_gone_does_not(chromium: Chromium, visit: Visit) -> None:
    page = visit(FIELDS)
    page.get_by_label("Restless").click()
    page.keyboard.type("Dear you")
    page.mouse.click(4, 500)
    assert chromium.insert(page, SLUG)["inserted"]
    assert IN_IT in shown(page.get_by_label("Restless"))
    page.locator("#goes textarea").click()
    page.mouse.click(4, 500)
    assert page.locator("#goes textarea").count() == 0
    assert not chromium.insert(page, SLUG)["inserted"]


def test_the_field_is_remembered_when_the_focus_has_left_it(chromium: Chromium, visit: Visit) -> None:
    page = visit(FIELDS)
    field = write_in(page, "Message body")
    page.evaluate("document.activeElement.blur()")
    assert chromium.insert(page, SLUG)["inserted"]
    text = shown(field)
    assert text.startswith("Dear")
    assert text.rstrip().endswith("you"), "the caret was put back"


def test_closed_shadow_trees_are_reached_too(chromium: Chromium, visit: Visit) -> None:
    page = visit("https://mill.lightning.force.com/lightning/r/Opportunity/0065g00000AbCdEAAV/view")
    box = page.locator("records-field").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 40, box["y"] + box["height"] - 12)
    page.keyboard.type("Dear ")
    assert chromium.insert(page, SLUG)["inserted"]


@pytest.mark.parametrize("frames", [["own"], ["other"], ["other", "iframe"], ["made"]])
def test_of_many_frames_the_one_in_use_answers(chromium: Chromium, visit: Visit, frames: list[str]) -> None:
    page = visit("https://outer.test/frames")
    page.get_by_label("On top").fill("on top")
    inside = page.frame_locator(f"#{frames[0]}")
    for deeper in frames[1:]:
        inside = inside.frame_locator(deeper)
    field = inside.get_by_label("Made" if frames == ["made"] else "Inside", exact=True)
    field.click()
    field.press_sequentially("Dear ")
    assert chromium.insert(page, SLUG)["inserted"]
    assert IN_IT in shown(field)
    assert page.get_by_label("On top").input_value() == "on top"
    page.get_by_label("On top").click()
    assert chromium.insert(page, SLUG)["inserted"]
    assert IN_IT in page.get_by_label("On top").input_value()


def test_a_letter_that_is_a_whole_frame_takes_the_text(chromium: Chromium, visit: Visit) -> None:
    page = visit(FIELDS)
    letter = page.frame_locator("#design").locator("body")
    letter.click()
    letter.press_sequentially(" you")
    assert chromium.insert(page, SLUG)["inserted"]
    assert IN_IT in letter.inner_text()


def test_what_is_internal_does_not_go_into_a_mail(chromium: Chromium, visit: Visit) -> None:
    page = visit("https://mail.google.com/mail/u/0/")
    page.get_by_label("Message body").click()
    assert chromium.insert(page, SLUG)["inserted"]
    done = chromium.insert(page, INTERNAL)
    assert done["says"] == "This is for inside only, and what is written on this site goes out."
    page = visit(FIELDS)
    page.get_by_label("Message body").click()
    assert chromium.insert(page, INTERNAL)["inserted"]


def test_an_insertion_is_recorded_once(chromium: Chromium, visit: Visit) -> None:
    page = visit(FIELDS)
    page.get_by_label("Note").click()
    use = chromium.insert(page, SLUG)["id"]
    until(lambda: any("/uses" in asked and use in asked for asked in chromium.hub.asked))
    assert sum(asked.count(use) for asked in chromium.hub.asked if "/uses" in asked) == 1
