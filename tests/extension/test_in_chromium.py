"""The extension as a rep has it: connected by a click, looking up, recording, without a network, signed out."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import col, select

from hub.people.models import ConnectedBrowser, Token
from hub.usage.models import Use
from tests.browser.conftest import faults_for_all, keep_picture
from tests.extension.conftest import Rep, RunningHub, until
from tests.factories.assets import make_cast, make_live

HOSTILE = "<img src=x onerror=\"alert('ran')\"><script>alert('ran')</script>\"'--></style>"


def look_up(page: Page, words: str) -> None:
    page.get_by_label("Look up").fill(words)


def titles(page: Page) -> list[str]:
    return page.locator(".hit h2").all_inner_texts()


def uses_of(hub: RunningHub, *ids: str) -> list[Use]:
    with hub.app.state.hub.database.reading() as session:
        return list(session.exec(select(Use).where(col(Use.external_id).in_(ids))))


def test_a_browser_is_connected_by_a_click_and_nothing_secret_is_in_an_address(rep: Rep, hub: RunningHub) -> None:
    rep.connect()
    with hub.app.state.hub.database.reading() as session:
        browser = session.exec(select(ConnectedBrowser).order_by(col(ConnectedBrowser.id).desc())).first()
        token = session.get_one(Token, browser.token_id)
    assert token.scopes == ["content:read", "usage:write"]
    kept = rep.worker.evaluate("async () => (await chrome.storage.local.get('connection')).connection")
    assert kept["token"].startswith("hub_")
    assert not [url for url in rep.asked if kept["token"] in url or "code=" in url or "verifier" in url]
    page = rep.context.new_page()
    page.goto("/extension")
    expect(page.get_by_text("Chrome on Linux").first).to_be_visible()


def test_an_address_without_a_hub_is_told_apart(rep: Rep) -> None:
    options = rep.surface("options")
    for typed, words in (("http://127.0.0.1:9", "Nothing answers at"), ("what is this", "That is not an address")):
        options.get_by_label("The hub's address").fill(typed)
        options.get_by_role("button", name="Connect").click()
        expect(options.get_by_role("alert")).to_contain_text(words)
    popup = rep.surface("popup")
    expect(popup.get_by_role("heading", name="Connect to your hub")).to_be_visible()


def test_looking_up_by_keyboard_finds_what_the_hub_finds_and_records_it(connected: Rep, hub: RunningHub) -> None:
    connected.context.grant_permissions(["clipboard-read", "clipboard-write"])
    popup = connected.surface("popup")
    popup.keyboard.type("too expensve")  # the field has the focus
    expect(popup.get_by_text("read as “expensive”")).to_be_visible()
    page = connected.context.new_page()
    page.goto("/api/v1/search?q=too+expensve&limit=10")
    answer = json.loads(page.inner_text("body"))
    assert titles(popup) == [hit["title"] for hit in answer["hits"]]
    popup.bring_to_front()
    popup.keyboard.press("ArrowDown")
    popup.keyboard.press("c")
    expect(popup.get_by_text("Copied.")).to_be_visible()
    assert popup.evaluate("navigator.clipboard.readText()").strip() != ""
    until(lambda: connected.ask(popup, "last-uses")[0]["state"] == "sent")
    [last] = connected.ask(popup, "last-uses")
    [use] = uses_of(hub, last["id"])
    assert (use.action, use.channel) == ("copied", "extension")
    popup.get_by_role("button", name="Take back").click()
    until(lambda: uses_of(hub, last["id"])[0].taken_back_at is not None)


def test_the_panel_opens_beside_the_page_and_the_address_bar_suggests(connected: Rep) -> None:
    popup = connected.surface("popup")
    popup.get_by_role("button", name="Side panel").click()
    kinds = "async () => (await chrome.runtime.getContexts({})).map(one => one.contextType)"
    until(lambda: "SIDE_PANEL" in connected.worker.evaluate(kinds))
    typed = "new Promise(done => chrome.omnibox.onInputChanged.dispatch('expensive', done))"
    [first, *_] = connected.worker.evaluate(typed)
    assert first["content"].startswith(f"{connected.hub.url}/assets/")
    assert "<match>" in first["description"] or first["description"]
    found = connected.surface("panel", "?q=expensive")
    expect(found.get_by_label("Look up")).to_have_value("expensive")
    expect(found.locator(".hit").first).to_be_visible()


def test_a_deal_is_chosen_and_what_fits_it_comes_first(connected: Rep, hub: RunningHub) -> None:
    panel = connected.surface("panel")
    panel.get_by_role("button", name="Choose").click()
    choice = panel.locator("#deals button").first
    name = choice.inner_text().split("\n")[0]
    choice.click()
    expect(panel.get_by_text("comes first.")).to_be_visible()
    panel.get_by_role("button", name="Said it on the call").first.click()
    expect(panel.get_by_text("Noted, on")).to_be_visible()
    [last, *_] = connected.ask(panel, "last-uses")
    assert last["deal"]["name"] in name
    until(lambda: uses_of(hub, last["id"]) != [])
    assert uses_of(hub, last["id"])[0].deal_id is not None
    panel.get_by_role("button", name="Last uses").click()
    panel.get_by_role("button", name="On no deal").first.click()
    until(lambda: uses_of(hub, last["id"])[0].deal_id is None)


def test_without_the_hub_the_copy_answers_and_uses_arrive_once_when_it_is_back(connected: Rep, hub: RunningHub) -> None:
    popup = connected.surface("popup")
    expect(popup.locator(".hit").first).to_be_visible()
    with hub.away():
        look_up(popup, "too expensve")
        expect(popup.get_by_text("From this browser's copy")).to_be_visible()
        expect(popup.locator(".hit").first).to_be_visible()
        for _ in range(2):
            popup.get_by_role("button", name="Said it on the call").first.click()
        until(lambda: connected.ask(popup, "state")["waiting"] == 2)
        connected.stop_worker(popup)
        popup.get_by_role("button", name="Last uses").click()
        expect(popup.get_by_text("Waiting")).to_have_count(2)
        ids = [use["id"] for use in connected.ask(popup, "last-uses")]
        connected.ask(popup, "take-back", id=ids[0])
    _wake(connected, popup)
    until(lambda: connected.ask(popup, "state")["waiting"] == 0)
    arrived = uses_of(hub, *ids)
    assert sorted(use.external_id for use in arrived) == sorted({use.external_id for use in arrived})
    assert [use.external_id for use in arrived if use.taken_back_at is None] == [ids[1]]


def test_a_worker_stopped_at_every_step_loses_nothing(connected: Rep, hub: RunningHub) -> None:
    panel = connected.surface("panel")
    expect(panel.locator(".hit").first).to_be_visible()
    slug = panel.locator(".hit").first.get_attribute("data-asset")
    ids = []
    with hub.away():
        for _ in range(3):
            ids.append(connected.ask(panel, "record-use", slug=slug, action="spoken")["id"])
            connected.stop_worker(panel)
    _wake(connected, panel)
    connected.stop_worker(panel)  # in the middle of sending
    _wake(connected, panel)
    until(lambda: connected.ask(panel, "state")["waiting"] == 0)
    assert sorted(use.external_id for use in uses_of(hub, *ids)) == sorted(ids)
    connected.stop_worker(panel)
    assert connected.ask(panel, "lookup", question="expensive")["from"] == "hub"


def test_two_windows_record_side_by_side(connected: Rep, hub: RunningHub) -> None:
    one, other = connected.surface("panel"), connected.surface("popup")
    expect(one.locator(".hit").first).to_be_visible()
    slug = one.locator(".hit").first.get_attribute("data-asset")
    many = """async slug => (await Promise.all(Array.from({length: 20}, () =>
        chrome.runtime.sendMessage({type: "record-use", slug, action: "copied"})))).map(one => one.answer.id)"""
    ids = one.evaluate(many, slug) + other.evaluate(many, slug)
    until(lambda: connected.ask(one, "state")["waiting"] == 0)
    assert len(set(ids)) == 40
    assert len(uses_of(hub, *ids)) == 40


def test_a_revoked_browser_knows_nothing_more(connected: Rep) -> None:
    page = connected.context.new_page()
    page.goto("/extension")
    while page.get_by_role("button", name="Disconnect").count() > 0:
        page.get_by_role("button", name="Disconnect").first.click()
        page.wait_for_load_state()
    popup = connected.surface("popup")
    expect(popup.get_by_role("heading", name="Connect again")).to_be_visible()
    assert _parts(popup) == 0
    options = connected.surface("options")
    expect(options.get_by_role("alert")).to_contain_text("does not let this browser in any more")


def test_signing_out_erases_everything_here_and_there(connected: Rep, hub: RunningHub) -> None:
    token = connected.worker.evaluate("async () => (await chrome.storage.local.get('connection')).connection.token")
    options = connected.surface("options")
    options.get_by_role("button", name="Sign out and erase").click()
    expect(options.get_by_role("heading", name="Connect to your hub")).to_be_visible()
    assert _parts(options) == 0
    left = "async () => [await chrome.storage.local.get(null), await chrome.storage.session.get(null)]"
    assert options.evaluate(left) == [{}, {}]
    answer = connected.context.request.get(
        f"{hub.url}/api/v1/extension/library", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status == 401


def test_nothing_that_an_asset_says_runs(connected: Rep, hub: RunningHub) -> None:
    with hub.app.state.hub.database.transaction() as session:
        cast = make_cast(session)
        fields = {"title": f"Hostile {HOSTILE}", "summary": HOSTILE, "body": f"Hostile\n\n{HOSTILE}\n"}
        make_live(session, cast, slug="hostile", kind="objection", **fields)
    hub.deliver()
    panel = connected.surface("panel")
    connected.ask(panel, "refresh")
    _shows_hostile_text(panel)
    with hub.away():
        panel.reload()
        _shows_hostile_text(panel)
        expect(panel.get_by_text("From this browser's copy")).to_be_visible()


def _shows_hostile_text(panel: Page) -> None:
    look_up(panel, "hostile onerror")
    expect(panel.locator(".hit", has_text="Hostile <img").first).to_be_visible()
    assert panel.locator("#found img, #found script, #found style").count() == 0


def test_ten_thousand_assets_are_carried_and_searched(rep: Rep) -> None:
    server = HTTPServer(("127.0.0.1", 0), _big_library())
    Thread(target=server.serve_forever, daemon=True).start()
    page = rep.surface("options")
    known = {
        "address": f"http://127.0.0.1:{server.server_port}", "token": "hub_x", "expires_at": None,
        "person": {"id": 1, "name": "Rita", "team": "sales", "role": "reader"}, "state": "connected",
    }  # fmt: skip
    page.evaluate("connection => chrome.storage.local.set({connection})", known)
    state = rep.ask(page, "refresh")
    assert state["copy"]["assets"] == 10_000
    server.shutdown()
    server.server_close()
    rep.stop_worker(page)
    answer = rep.ask(page, "lookup", question="Objektion 7777", filters={"persona": ["cfo"]})
    assert (answer["from"], answer["hits"][0]["slug"]) == ("copy", "asset-7777")
    assert "nothing" in rep.ask(page, "content", slug="asset-7777")["text"]


@pytest.mark.parametrize(("width", "dark"), [(400, False), (360, True)])
def test_every_surface_is_accessible(connected: Rep, width: int, dark: bool) -> None:
    found: dict[str, list[str]] = {}
    for name, page in _states(connected, width, dark):
        keep_picture(page, f"extension-{name}-{width}-{'dark' if dark else 'light'}")
        faults = faults_for_all(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append("wider than its window")
        if faults:
            found[name] = faults
    assert found == {}


def _states(rep: Rep, width: int, dark: bool) -> Any:
    def surface(name: str, query: str = "") -> Page:
        return rep.surface(name, query, width=width if name != "options" or width == 360 else 1000, dark=dark)

    popup = surface("popup")
    expect(popup.locator(".hit").first).to_be_visible()
    yield "popup", popup
    look_up(popup, "expensve")
    expect(popup.get_by_text("Showing what fits")).to_be_visible()
    yield "popup-found", popup
    popup.get_by_role("button", name="Filters").click()
    popup.get_by_role("button", name="Choose").click()
    expect(popup.locator("#deals button").first).to_be_visible()
    yield "popup-filters", popup
    popup.keyboard.press("Escape")
    popup.get_by_role("button", name="Said it on the call").first.click()
    popup.get_by_role("button", name="Last uses").click()
    expect(popup.locator(".uses li").first).to_be_visible()
    yield "popup-uses", popup
    panel = surface("panel", "?q=zzzqqq")
    expect(panel.get_by_role("heading", name="Nothing fits that")).to_be_visible()
    yield "panel-nothing", panel
    options = surface("options")
    expect(options.get_by_role("heading", name="Connected")).to_be_visible()
    yield "options", options
    options.get_by_role("button", name="Sign out and erase").click()
    expect(options.get_by_role("heading", name="Connect to your hub")).to_be_visible()
    yield "options-out", options
    popup = surface("popup")
    expect(popup.get_by_role("heading", name="Connect to your hub")).to_be_visible()
    yield "popup-out", popup


def _wake(rep: Rep, page: Page) -> None:
    """The minute after which the worker tries again."""
    rep.ask(page, "state")
    rep.worker.evaluate("chrome.alarms.onAlarm.dispatch({name: 'flush-soon'})")


def _parts(page: Page) -> Any:
    """How many parts of the copy lie in the browser."""
    return page.evaluate(
        """() => new Promise(done => {
            const asked = indexedDB.open("hub-library");
            asked.onsuccess = () => {
                const base = asked.result;
                if (!base.objectStoreNames.contains("parts")) { base.close(); done(0); return; }
                const counted = base.transaction("parts").objectStore("parts").count();
                counted.onsuccess = () => { base.close(); done(counted.result); };
            };
        })"""
    )


def _big_library() -> Callable[..., BaseHTTPRequestHandler]:
    card = {
        "kind": "objection", "summary": "When it comes up.", "stages": [], "products": [], "industries": [],
        "competitors": [], "regions": [], "language": "en", "audience": "internal", "version": 1, "review_by": None,
        "expires_on": None, "evidence": None,
    }  # fmt: skip
    cards = [
        card | {
            "slug": f"asset-{number}", "title": f"Objektion {number}", "personas": ["cfo" if number % 2 else "cto"],
            "body": f"What waiting costs {number}. " * 40, "html": f"<p>What <b>nothing</b> costs, {number}.</p>" * 20,
        }
        for number in range(10_000)
    ]  # fmt: skip
    body = json.dumps({"made_at": "2027-03-01T09:00:00Z", "assets": cards, "vocabulary": []}).encode()

    class Library(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("ETag", '"big"')
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Library
