"""Writing in a real browser: what is typed survives a crash, a lost connection and a second writer, and both teams sign
it in their browsers. By keyboard alone, and for everybody."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import MARKETER, SELLER, faults_for_all, keep_picture

Open = Callable[..., Page]
_numbers = itertools.count(1)
BODY = "#f-body"


def begin(page: Page, title: str = "") -> str:
    """A new note with a title of its own; answers the title."""
    title = title or f"Written in a browser {next(_numbers)}"
    page.goto("/write/new?kind=note")
    page.get_by_label("Title").fill(title)
    page.locator(BODY).fill("One.\n")
    return title


def kept(page: Page) -> None:
    expect(page.locator("#kept")).to_have_text("Kept, not saved as a version")


def saved(page: Page) -> str:
    """Save by the key; answers the slug."""
    page.keyboard.press("Control+s")
    expect(page.locator("#kept")).to_have_text("Saved.")
    return page.url.split("/")[-2]


def test_a_text_survives_a_crash_and_goes_live_with_both_signatures(open_browser: Open) -> None:
    page = open_browser(MARKETER)
    title = begin(page)
    page.locator(BODY).fill("They say **four weeks**. We say how.\n")
    kept(page)
    address = page.url
    page.close(run_before_unload=False)
    page = page.context.new_page()
    page.goto("/write")
    page.get_by_role("link", name=title).click()
    assert page.url == address
    expect(page.locator(BODY)).to_have_value("They say **four weeks**. We say how.\n")
    expect(page.locator("#restored")).to_contain_text("Not saved yet")
    expect(page.locator("#below strong")).to_have_text("four weeks")
    page.get_by_label("Name an author of Sales").fill("Ben Osei")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Ben Osei")).to_be_checked()
    page.locator(BODY).focus()
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/reviews/*/1")
    review = page.url
    other = open_browser(SELLER)
    other.goto("/reviews")
    other.get_by_role("link", name=f"Read and decide on {title}").click()
    other.get_by_role("button", name="Approve for Sales").click()
    expect(other.get_by_text("Your approval is on record.")).to_be_visible()
    page.goto(review)
    page.get_by_role("button", name="Approve for Marketing").click()
    expect(page.get_by_text("This text is live.")).to_be_visible()


def test_two_writers_at_once_lose_nothing(open_browser: Open) -> None:
    mine, theirs = open_browser(MARKETER), open_browser(SELLER)
    begin(mine)
    slug = saved(mine)
    theirs.goto(f"/assets/{slug}/edit")
    theirs.locator(BODY).fill("Theirs.\n")
    kept(theirs)
    mine.reload()
    expect(mine.locator("#others")).to_contain_text("Ben Osei is writing here too")
    mine.locator(BODY).fill("Mine.\n")
    kept(mine)
    saved(theirs)
    mine.keyboard.press("Control+s")
    expect(mine.get_by_role("heading", name="Ben Osei saved version 2")).to_be_focused()
    expect(mine.locator("#theirs")).to_have_value("Theirs.\n")
    expect(mine.locator(BODY)).to_have_value("Mine.\n")
    keep_picture(mine, "two-writers")
    assert faults_for_all(mine) == []
    mine.locator(BODY).fill("Mine, and theirs.\n")
    saved(mine)
    theirs.goto(f"/assets/{slug}/edit")
    expect(theirs.locator(BODY)).to_have_value("Mine, and theirs.\n")


def test_a_lost_connection_loses_nothing(open_browser: Open) -> None:
    page = open_browser(MARKETER)
    title = begin(page)
    kept(page)
    page.context.set_offline(True)
    page.locator(BODY).fill("Typed in a tunnel.\n")
    expect(page.locator("#kept")).to_contain_text("You are offline. Kept in this browser.")
    page.keyboard.press("Control+s")
    expect(page.locator("#kept")).to_contain_text("Not saved: you are offline.")
    page.close()
    page.context.set_offline(False)
    page = page.context.new_page()
    page.goto("/write")
    page.get_by_role("link", name=title).click()
    expect(page.locator(BODY)).to_have_value("Typed in a tunnel.\n")
    expect(page.locator("#elsewhere")).to_contain_text("it had not reached the hub. It is here again.")
    kept(page)
    page.context.set_offline(True)
    page.locator(BODY).fill("And once more.\n")
    expect(page.locator("#kept")).to_contain_text("offline")
    page.context.set_offline(False)
    kept(page)
    page.reload()
    expect(page.locator(BODY)).to_have_value("And once more.\n")


def test_what_is_discarded_does_not_come_back(open_browser: Open) -> None:
    page = open_browser(MARKETER)
    begin(page)
    saved(page)
    page.locator(BODY).fill("Not so good.\n")
    kept(page)
    page.reload()
    page.locator(BODY).fill("Even worse.\n")
    page.get_by_text("Discard…").click()
    page.get_by_role("button", name="Discard it").click()
    expect(page.locator(BODY)).to_have_value("One.\n")
    page.reload()
    expect(page.locator(BODY)).to_have_value("One.\n")
    expect(page.locator("#restored")).to_have_count(0)


def test_a_hostile_text_runs_nothing_in_the_preview(open_browser: Open) -> None:
    page = open_browser(MARKETER)
    begin(page)
    page.evaluate("window.ran = 0")
    page.locator(BODY).fill(
        "<img src=x onerror='window.ran=1'><script>window.ran=1</script><svg onload='window.ran=1'></svg>\n\n"
        "<form action=https://evil.example></form><a href='javascript:window.ran=1'>x</a>\n\nEnd **now**\n"
    )
    expect(page.locator("#below strong")).to_have_text("now")
    assert page.evaluate("window.ran") == 0
    assert page.locator("#below :is(script, svg:not(.icon), form, [onerror], [href^='javascript'])").count() == 0


def test_an_earlier_preview_cannot_overtake_a_later_one(open_browser: Open) -> None:
    page = open_browser(MARKETER)
    begin(page)
    slow: list[Any] = []
    page.route("**/write/preview", lambda route: slow.append(route) if not slow else route.continue_())
    page.locator(BODY).fill("Earlier.\n")
    page.wait_for_timeout(400)
    page.locator(BODY).fill("Later **one**.\n")
    expect(page.locator("#below strong")).to_have_text("one")
    for route in slow:
        route.abort()
    expect(page.locator("#below .prose")).to_contain_text("Later one.")


def test_formatting_tables_and_pictures_by_hand_and_by_paste(open_browser: Open) -> None:
    page = open_browser(MARKETER)
    begin(page)
    area = page.locator(BODY)
    area.fill("")
    page.keyboard.type("words")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+b")
    expect(area).to_have_value("**words**")
    page.keyboard.press("Control+z")
    expect(area).to_have_value("words")
    area.fill("")
    page.keyboard.type("- one\ntwo\n\nEnd")
    expect(area).to_have_value("- one\n- two\nEnd")
    area.fill("")
    page.evaluate(
        """() => { const data = new DataTransfer(); data.setData('text/plain', 'a\\tb\\n1\\t2|3\\n');
        document.querySelector('#f-body').dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})); }"""  # noqa: E501
    )
    expect(area).to_have_value("| a | b |\n| --- | --- |\n| 1 | 2\\|3 |\n")
    page.evaluate(
        """async () => { const canvas = document.createElement('canvas'); canvas.width = canvas.height = 8;
        const blob = await new Promise((done) => canvas.toBlob(done)); const data = new DataTransfer();
        data.items.add(new File([blob], 'my plan.png', {type: 'image/png'})); document.querySelector('#f-body').focus();
        document.querySelector('#f-body').dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})); }"""  # noqa: E501
    )
    expect(page.get_by_role("checkbox", name="my plan.png")).to_be_checked()
    expect(page.locator("#below .prose img")).to_have_attribute("alt", "my plan")
    slug = saved(page)
    answer = json.loads(page.request.get(f"/api/v1/assets/{slug}?version=draft").text())
    assert [one["name"] for one in answer["attachments"]] == ["my plan.png"]


def test_the_editor_is_used_by_keyboard_alone(open_browser: Open) -> None:
    page = open_browser(MARKETER)
    page.goto("/write/new?kind=snippet")
    expect(page.get_by_label("Title")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type(f"By keyboard {next(_numbers)}")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "f-body":
            break
    page.keyboard.press("Control+a")
    page.keyboard.type("Typed.")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") != "f-body"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "save":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#kept")).to_have_text("Saved.")
    expect(page.locator(BODY)).to_have_value("Typed.")


def test_a_note_is_bound_to_the_selected_words(open_browser: Open) -> None:
    page = open_browser(MARKETER)
    begin(page)
    page.locator(BODY).fill("First words.\n\nA *late* delivery costs.\n")
    slug = saved(page)
    reader = open_browser(SELLER)
    reader.goto(f"/reviews/{slug}/1")
    reader.locator("#text p", has_text="delivery costs").select_text()
    expect(reader.locator("#quoted")).to_contain_text("A late delivery costs.")
    reader.get_by_label("Your note").fill("Says who?")
    reader.get_by_role("button", name="Add the note").click()
    expect(reader.locator("#notes")).to_contain_text("Says who?")
    assert (
        reader.evaluate("[...CSS.highlights.get('noted')][0].toString().replace(/\\s+/g, ' ')")
        == "A late delivery costs."
    )
    keep_picture(reader, "review-with-notes")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)])
def test_the_editor_and_a_review_with_notes_are_for_everybody(open_browser: Open, width: int, dark: bool) -> None:
    page = open_browser(MARKETER, width=width, dark=dark)
    begin(page)
    page.locator(BODY).fill("# A *heading*\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n[x](asset:not.there)\n")
    expect(page.locator("#below table")).to_be_visible()
    kept(page)
    page.reload()
    found = {"editor": faults_for_all(page)}
    keep_picture(page, f"editor-kept-{width}")
    slug = saved(page)
    page.goto(f"/reviews/{slug}/1")
    page.get_by_label("Paragraph").select_option(index=1)
    page.get_by_label("Your note").fill("Which one?")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator("#notes")).to_contain_text("Which one?")
    found["review"] = faults_for_all(page)
    keep_picture(page, f"review-noted-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert found == {"editor": [], "review": []}


def test_another_window_of_ones_own_is_not_overwritten(open_browser: Open) -> None:
    page = open_browser(MARKETER)
    title = begin(page)
    kept(page)
    second = page.context.new_page()
    second.goto(page.url)
    second.locator(BODY).fill("From the second window.\n")
    kept(second)
    page.locator(BODY).fill("From the first window.\n")
    expect(page.locator("#elsewhere")).to_contain_text("in another window")
    page.get_by_role("button", name="Go on with this one").click()
    kept(page)
    second.goto("/write")
    second.get_by_role("link", name=title).click()
    expect(second.locator(BODY)).to_have_value("From the first window.\n")
