"""Looking after the hub in a real browser: a CRM's file from upload to its rejected rows, words, people, events, the
index."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ADMIN, MARKETER, Served, faults_for_all, keep_picture

Open = Callable[..., Page]
LONG = "A very long name of an account that goes on and on without any end in sight " * 3


def crm_file(folder: Path, name: str = "crm.csv") -> Path:
    file = folder / name
    file.write_text(
        "Opportunity ID;Sales Agent;Deal Stage;Engage Date;Close Value;Account\n"
        f"B-1;Zoë Quist;Closed Won;31.03.2026;1.234,50;{LONG}\n"
        "B-2;Zoë Quist;Prospecting;02.04.2026;12;<script>alert(1)</script>\n"
        "B-3;;Closed Won;02.04.2026;12;Acme\n",
        encoding="utf-8",
    )
    return file


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)], ids=["wide-light", "narrow-dark"])
def test_a_crms_file_is_mapped_imported_and_its_rejected_rows_downloaded(
    open_browser: Open, tmp_path: Path, width: int, dark: bool
) -> None:
    page = open_browser(ADMIN, width=width, dark=dark)
    page.goto("/imports")
    page.get_by_label("The file").set_input_files(crm_file(tmp_path))
    page.get_by_role("button", name="Bring it and see").click()
    page.wait_for_url("**/imports/*")
    expect(page.get_by_label("owner needed")).to_have_value("Sales Agent")
    assert faults_for_all(page) == []
    page.get_by_label("The system it comes from").fill("browser-crm")
    page.get_by_label("Dates are written like").select_option("%d.%m.%Y")
    page.get_by_label("Amounts have a comma").check()
    page.get_by_label("Prospecting means").select_option("open")
    page.get_by_role("button", name="See what would happen").click()
    expect(page.locator("#what-would-happen")).to_contain_text("Of its 3 rows 2 can be taken")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep_picture(page, f"mapping-{width}")
    page.get_by_role("button", name="Import it").click()
    expect(page.get_by_role("heading", name="Rejected")).to_be_visible()  # by itself, when it is done
    expect(page.locator(".counts")).to_contain_text("3read")
    assert faults_for_all(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep_picture(page, f"report-{width}")
    with page.expect_download() as waited:
        page.get_by_role("link", name="Download these rows").click()
    text = Path(waited.value.path()).read_text(encoding="utf-8-sig")
    assert text.splitlines()[1].startswith("4,Sales Agent,")
    page.goto("/imports")
    expect(page.get_by_role("row", name="Import of deals crm.csv").first).to_be_visible()


def test_a_hostile_file_is_answered_plainly_where_it_was_chosen(open_browser: Open, tmp_path: Path) -> None:
    page = open_browser(ADMIN)
    page.goto("/imports")
    file = tmp_path / "picture.csv"
    file.write_bytes(b"\x89PNG\x00\x00" * 1000)
    page.get_by_label("The file").set_input_files(file)
    page.get_by_role("button", name="Bring it and see").click()
    expect(page.get_by_role("alert")).to_contain_text("is not UTF-8 text")
    page.evaluate("document.querySelector('[data-most]').dataset.most = 10")
    page.get_by_label("The file").set_input_files(crm_file(tmp_path))
    page.get_by_role("button", name="Bring it and see").click()
    expect(page.get_by_role("alert")).to_contain_text("hub import")


def test_a_word_is_merged_by_keyboard_alone(open_browser: Open) -> None:
    name = f"Zzz {uuid.uuid4().hex[:6]}"
    page = open_browser(MARKETER)
    page.goto("/taxonomy/regions")
    for label in (f"{name} one", f"{name} two"):
        page.get_by_label("What people call it").fill(label)
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").first).to_contain_text("The term is added")
    page.get_by_role("link", name=f"Change {name} one").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/taxonomy/regions/*one")
    page.get_by_label("The one that stays").focus()
    page.keyboard.type(f"{name} two")
    expect(page.locator("#preview")).to_contain_text(f"{name} two gets 1 synonym")
    assert faults_for_all(page) == []
    page.get_by_role("button", name="Make them one").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/taxonomy/regions/*two")
    expect(page.get_by_label("Synonyms, one a line")).to_have_value(f"{name} one")
    page.get_by_role("button", name="Remove").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("removed")


def test_a_person_is_added_and_signs_in(open_browser: Open, served: Served) -> None:
    address = f"nora.{uuid.uuid4().hex[:6]}@example.com"
    page = open_browser(ADMIN)
    page.goto("/people")
    page.get_by_role("link", name="Add a person").click()
    page.get_by_label("Name", exact=True).fill("Nora New")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Marketing").check()
    page.get_by_label("Reader").check()
    page.get_by_role("button", name="Add them").click()
    expect(page.get_by_role("heading", name="Nora New is added")).to_be_visible()
    assert faults_for_all(page) == []
    password = page.locator(".secret code").inner_text()
    theirs = open_browser(None)
    theirs.goto("/sign-in")
    theirs.get_by_label("E-mail address").fill(address)
    theirs.get_by_label("Password").fill(password)
    theirs.keyboard.press("Enter")
    theirs.wait_for_url("**/")
    expect(theirs.get_by_role("navigation", name="Main", exact=True)).to_contain_text("Nora New")
    page.goto("/people")
    page.get_by_label("Name").fill("nora")
    page.get_by_role("link", name="Nora New").first.click()
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_role("status").first).to_contain_text("Deactivated")
    theirs.goto("/assets")
    expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()


def test_events_narrow_while_one_chooses_and_nothing_moves(open_browser: Open) -> None:
    page = open_browser(ADMIN)
    page.goto("/events")
    page.get_by_label("What", exact=True).select_option("asset.approved")
    expect(page.locator("#events article").first).to_contain_text("approved")
    page.get_by_label("Of what").fill("objection.too-expensive")
    page.wait_for_url("**subject=objection.too-expensive*")
    expect(page.locator("#events article")).to_have_count(2)
    page.locator("#events summary").first.click()
    expect(page.locator("#events pre").first).to_contain_text("hash")
    assert faults_for_all(page) == []


def test_the_index_is_built_anew_from_the_health_page(open_browser: Open) -> None:
    page = open_browser(ADMIN)
    page.goto("/admin/health")
    page.get_by_role("button", name="Build anew").click()
    expect(page.get_by_text("The index was built anew")).to_be_visible()
    assert faults_for_all(page) == []
    page.go_back()
    page.get_by_role("button", name="Compare with the library").click()
    expect(page.get_by_text("Equal.")).to_be_visible()


def test_the_first_steps_are_there_without_a_script(open_browser: Open) -> None:
    page = open_browser(ADMIN, java_script_enabled=False)
    page.goto("/first-start/steps")
    expect(page.get_by_role("heading", name="First steps")).to_be_visible()
    page.goto("/admin/health")
    page.get_by_role("button", name="Make a backup").click()
    expect(page.get_by_role("link", name="Download hub-")).to_be_visible()  # the page asks again by itself
