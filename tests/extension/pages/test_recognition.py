"""What a page is about is known in the browser: the deal by its address, the vocabulary by its words. No word of a page
is in anything that the hub is asked."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.extension.pages.conftest import Chromium, until

Visit = Callable[..., Page]

RECORDS = {
    "https://app.hubspot.com/contacts/4711/record/0-3/9134": ("hubspot 9134", {"quaydon", "cfo"}),
    "https://mill.lightning.force.com/lightning/r/Opportunity/0065g00000AbCdEAAV/view": (
        "salesforce 0065g00000AbCdEAAV", {"corlandis"},
    ),
    "https://mill.my.salesforce.com/0065g00000AbCdE": ("salesforce 0065g00000AbCdEAAV", {"tilvane"}),
    "https://mill.pipedrive.com/deal/31": ("pipedrive 31", {"operations-director"}),
}  # fmt: skip


def badge(chromium: Chromium, page: Page) -> str:
    return str(chromium.worker.evaluate("(tabId) => chrome.action.getBadgeText({tabId})", chromium.tab(page)))


@pytest.mark.parametrize("address", RECORDS)
def test_a_crms_page_is_recognised_by_its_address_and_its_words(chromium: Chromium, visit: Visit, address: str) -> None:
    record, keys = RECORDS[address]
    page = visit(address)
    seen = chromium.ask(page, {"type": "recognise"})
    assert f"{seen['record']['source']} {seen['record']['external_id']}" == record
    assert {term["key"] for term in seen["terms"]} == keys
    until(lambda: badge(chromium, page).isdigit())


def test_the_badge_says_how_many_assets_fit_and_follows_the_page(chromium: Chromium, visit: Visit) -> None:
    page = visit("https://app.hubspot.com/contacts/4711/objects/0-3/views/all/list")
    page.evaluate("document.querySelector('#activity').textContent = ''")
    page.evaluate("document.querySelector('dl').remove()")
    seen = chromium.ask(page, {"type": "recognise"})
    assert seen == {"record": None, "terms": [], "editable": False}
    assert badge(chromium, page) == ""
    page.evaluate("history.pushState({}, '', '/contacts/4711/record/0-3/9134')")
    page.evaluate("document.querySelector('#activity').textContent = 'Tilvane'")
    until(lambda: badge(chromium, page) not in ("", "0"))
    seen = chromium.ask(page, {"type": "recognise"})
    assert (seen["record"], [term["key"] for term in seen["terms"]]) == (
        {"source": "hubspot", "external_id": "9134"}, ["tilvane"],
    )  # fmt: skip
    fitting = chromium.say("suggest", terms=[{"vocabulary": "competitors", "key": "tilvane"}], limit=1)["total"]
    assert badge(chromium, page) == str(fitting)


def test_no_word_of_a_page_leaves_the_browser(chromium: Chromium, visit: Visit) -> None:
    before = len(chromium.hub.asked)
    page = visit("https://app.hubspot.com/contacts/4711/record/0-3/9134")
    page.evaluate("document.querySelector('#activity').append(' Zebrafinch, says Tilvane, in confidence.')")
    page.get_by_label("Note").click()
    page.keyboard.type("Zebrafinch again")
    context: Any = chromium.say("context", tab=chromium.tab(page))
    assert context["deal"]["name"] == "Slotting for two sites"
    assert "tilvane" in {term["key"] for term in context["terms"]}
    hits = chromium.say("suggest", deal={"source": "hubspot", "external_id": "9134"}, terms=context["terms"])
    assert hits["hits"]
    until(lambda: badge(chromium, page).isdigit())
    asked = "\n".join(chromium.hub.asked[before:]).lower()
    assert "9134" in asked, "the deal is asked for by its number"
    for secret in ("zebrafinch", "tilvane", "quaydon", "in confidence", "finance director", "app.hubspot.com"):
        assert secret not in asked


def test_what_people_type_is_no_part_of_a_pages_text(chromium: Chromium, visit: Visit) -> None:
    page = visit("https://plain.test/fields")
    page.get_by_label("Message body").fill("Tilvane")
    page.get_by_label("Note").fill("Quaydon")
    assert chromium.ask(page, {"type": "recognise"})["terms"] == []


def test_a_page_lives_on_while_it_is_read(chromium: Chromium, visit: Visit) -> None:
    page = visit("https://app.hubspot.com/contacts/4711/record/0-3/9134")
    page.wait_for_timeout(3_500)  # the looks that it takes by itself are over
    page.evaluate(
        """() => {
          const piece = "<div><span>They compare us with Quaydon</span> <b>and ask</b> what it costs.</div>";
          document.querySelector("#activity").innerHTML = piece.repeat(6000);
          window.turns = 0;
          const {port1, port2} = new MessageChannel();
          port1.onmessage = () => { window.turns++; setTimeout(() => port2.postMessage(0)); };
          port2.postMessage(0);
        }"""
    )
    before, during = chromium.worker.evaluate(
        """async (tabId) => {
          const turns = async () => (await chrome.scripting.executeScript(
            {target: {tabId}, world: "MAIN", func: () => window.turns}))[0].result;
          const before = await turns();
          await chrome.tabs.sendMessage(tabId, {type: "recognise"}, {frameId: 0});
          return [before, await turns()];
        }""",
        chromium.tab(page),
    )
    assert during - before > 3, "the page had its turns in between"


def test_an_admins_rule_knows_a_record_and_one_that_is_too_wide_does_not(chromium: Chromium, visit: Visit) -> None:
    page = visit("https://crm.test/pipedrive/O-12")
    assert chromium.ask(page, {"type": "recognise"})["record"] == {"source": "ours", "external_id": "O-12"}
    page = visit("https://other.test/pipedrive/O-12")
    assert chromium.ask(page, {"type": "recognise"})["record"] is None
