"""Insights and the plan with a browser: sorting by keyboard, files that are really downloaded, the board, paper."""

import csv
import struct
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import MARKETER, faults_for_all

Open = Callable[..., Page]


def first_titles(page: Page) -> list[str]:
    return page.locator("table.ranges tbody td:first-child a").all_inner_texts()


def test_the_table_is_sorted_and_narrowed_by_keyboard(open_browser: Open) -> None:
    page = open_browser(MARKETER)
    page.goto("/insights")
    before = first_titles(page)
    page.locator("#sort-n").focus()
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Deals")
    by_deals = first_titles(page)
    assert by_deals != before
    assert sorted(by_deals) != by_deals or len(by_deals) < 3
    expect(page.locator("#sort-n")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Deals")
    assert first_titles(page) != by_deals
    page.get_by_label("Verdict").select_option("proven")
    expect(page.locator("table.ranges tbody .verdict.no_evidence")).to_have_count(0)
    expect(page.locator("table.ranges tbody .verdict.proven").first).to_be_visible()
    assert "verdict=proven" in page.url
    assert faults_for_all(page) == []


def test_table_and_picture_are_downloaded_as_files(open_browser: Open, tmp_path: Path) -> None:
    page = open_browser(MARKETER)
    for address, name in (("/insights", "helps"), ("/insights/outcomes", "outcomes")):
        page.goto(address)
        for form in ("Table (CSV)", "Picture (SVG)", "Picture (PNG)"):
            if not page.locator(".takeaway[open]").count():
                page.get_by_text("Download", exact=True).click()
            with page.expect_download() as waiting:
                page.get_by_text(form).click()
            download = waiting.value
            assert download.suggested_filename.startswith(f"hub-{name}.")
            download.save_as(tmp_path / download.suggested_filename)
        text = (tmp_path / f"hub-{name}.csv").read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(text.splitlines()))
        assert rows
        picture = ET.parse(tmp_path / f"hub-{name}.svg").getroot()  # noqa: S314 - our own
        data = (tmp_path / f"hub-{name}.png").read_bytes()
        assert data.startswith(b"\x89PNG")
        width, height = struct.unpack(">II", data[16:24])
        assert (width, height) == (
            round(2 * float(picture.attrib["width"])),
            round(2 * float(picture.attrib["height"])),
        )
        assert len(data) > 20_000  # something is drawn on it


def test_on_paper_there_is_the_page_and_nothing_to_press(open_browser: Open) -> None:
    page = open_browser(MARKETER)
    page.goto("/insights/coverage")
    page.emulate_media(media="print")
    expect(page.locator(".questions")).to_be_hidden()
    expect(page.locator(".takeaway")).to_be_hidden()
    expect(page.locator("nav.rail")).to_be_hidden()
    expect(page.locator("table.heatmap")).to_be_visible()
    expect(page.locator(".basis")).to_be_visible()


def test_the_board_by_drag_and_by_keyboard(open_browser: Open) -> None:
    page = open_browser(MARKETER)
    numbers = []
    for title in ("A first piece of work", "A second piece of work"):
        page.goto("/briefs/new")
        page.get_by_label("What is it about?").fill(title)
        page.get_by_label("Author of sales").fill("Ben Osei")
        page.get_by_role("button", name="Plan it").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        numbers.append(page.url.rpartition("/")[2])
    first, second = (f"#brief-{number}" for number in numbers)
    page.goto("/briefs")
    planned, in_work = page.locator('[data-lane="planned"]'), page.locator('[data-lane="writing"]')
    assert planned.locator(f"{second} ~ {first}").count() == 1  # the newest is first

    page.locator(first).drag_to(in_work)
    expect(in_work.locator(first)).to_be_visible()

    # By keyboard: the menu of the other one, into work, where it comes first; then one place down.
    summary = page.locator(f"{second} summary")
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(in_work.locator(f"{second} ~ {first}")).to_be_visible()
    expect(page.locator(f"{second} summary")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator(second).get_by_role("button", name="Down").press("Enter")
    expect(in_work.locator(f"{first} ~ {second}")).to_be_visible()
    page.reload()
    expect(in_work.locator(f"{first} ~ {second}")).to_be_visible()

    # A lane into which nobody can put it says what would bring it there, and nothing has moved.
    page.locator(first).drag_to(page.locator('[data-lane="live"]'))
    expect(page.get_by_role("alert")).to_contain_text("once both teams approved its text")
    expect(in_work.locator(first)).to_be_visible()

    # Somebody else dropped it meanwhile.
    other = open_browser("ben.osei")
    other.goto(f"/briefs/{numbers[0]}")
    other.get_by_text("Drop it").click()
    other.get_by_label("Why").fill("Not needed any more")
    other.get_by_role("button", name="Drop the brief").click()
    expect(other.get_by_text("Not needed any more")).to_be_visible()
    page.locator(first).drag_to(planned)
    expect(page.get_by_role("alert")).to_contain_text("is dropped by now")
    expect(page.locator(first)).to_have_count(0)
    assert faults_for_all(page) == []
