"""The extension in a real Chromium, connected to a hub of its own, on pages shaped like those of CRMs, mail and message
editors. Their addresses are the real ones: Chromium is given our pages wherever it asks for theirs.

The extension is a copy of the shipped one that has been given access to all sites, as if somebody had allowed them: no
test can press the browser's own button. What the hub was asked is kept, word for word.
"""

import json
import re
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, Frame, Page, Playwright, Route, Worker
from sqlmodel import select

from hub import migrations, seeds, shipped
from hub.assets import sites
from hub.main import create_app
from hub.people import directory, tokens
from hub.people.models import Person
from hub.people.roles import HUB, Scope
from hub.seeds import library
from hub.settings import Settings
from tests.conftest import CHROMIUM
from tests.factories.deals import make_deal

SHAPES = Path(__file__).parent / "shapes"
REP = "rita.rep@example.com"
OWN_RULES = [
    {"name": "Ours", "source": "ours", "hosts": ["crm.test"], "records": [{"path": "/pipedrive/{id:word}"}]},
    {"name": "Too wide", "source": "ours", "hosts": ["*.test"], "records": [{"path": "/pipedrive/{id:word}"}]},
]
STRICT = "default-src 'none'; script-src 'unsafe-inline'; require-trusted-types-for 'script'; trusted-types 'none'"


@dataclass
class Served:
    """The hub, and everything that it was asked: method, address, headers and body as one text."""

    url: str
    token: str
    person: dict[str, Any]
    asked: list[str] = field(default_factory=list)


class Listening:
    """Keeps what is asked, and lets it pass."""

    def __init__(self, app: Any, asked: list[str]) -> None:
        self._app, self._asked = app, asked

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        place = len(self._asked)
        self._asked.append(f"{scope['method']} {scope['path']}?{scope['query_string'].decode()} {scope['headers']!r} ")

        async def listen() -> Any:
            message = await receive()
            self._asked[place] += message.get("body", b"").decode(errors="replace")
            return message

        await self._app(scope, listen, send)


@pytest.fixture(scope="package")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    content = tmp_path_factory.mktemp("content")
    shutil.copytree("content", content, dirs_exist_ok=True)
    (content / sites.FILE).write_text(json.dumps(OWN_RULES), encoding="utf-8")
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("hub"), content_dir=content, base_url=url, log_level="error",
        search_rate_limit="",
    )  # fmt: skip
    app = create_app(settings)
    parts = app.state.hub
    migrations.upgrade(parts.database)
    library.load(parts.database, parts.blobs, settings)
    seeds.add_people(parts.database, settings)
    library.move_along(parts.database)
    with parts.database.transaction() as session:
        make_deal(session, "9134", source="hubspot", name="Slotting for two sites")
        person = session.exec(select(Person).where(Person.email == REP)).one()
        actor = directory.actor_for(person)
        _, secret = tokens.create(session, HUB, person, name="browser", scopes=[Scope.CONTENT_READ, Scope.USAGE_WRITE])
        about = {"id": person.id, "name": actor.name, "team": str(actor.team), "role": str(actor.role)}
    served = Served(url, secret, about)
    server = uvicorn.Server(uvicorn.Config(Listening(app, served.asked), port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started and parts.search.engine.health().documents > 40)
    yield served
    server.should_exit = True
    thread.join(timeout=20)


@dataclass
class Chromium:
    """`worker` is the extension's, `root` its address, `surface` one of its pages."""

    context: BrowserContext
    hub: Served
    surface: Page

    @property
    def worker(self) -> Worker:
        return self.context.service_workers[0]

    @property
    def root(self) -> str:
        return f"chrome-extension://{self.worker.url.split('/')[2]}"

    def visit(self, address: str, *, dark: bool = False, width: int = 1100) -> Page:
        page = self.context.new_page()
        page.set_viewport_size({"width": width, "height": 760})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.goto(address)
        return page

    def tab(self, page: Page) -> int:
        """The browser's number of the tab in which this page is."""
        found = self.worker.evaluate(
            "async (url) => (await chrome.tabs.query({})).filter((tab) => tab.url === url)", page.url
        )
        assert len(found) == 1, page.url
        return int(found[0]["id"])

    def ask(self, page: Page, message: dict[str, Any]) -> Any:
        """Ask our scripts in the top frame of a page what the worker may ask them."""
        answer = self.worker.evaluate(
            "([tab, message]) => chrome.tabs.sendMessage(tab, message, {frameId: 0})", [self.tab(page), message]
        )
        assert answer["ok"], answer
        return answer["answer"]

    def say(self, type: str, **fields: Any) -> Any:
        """Ask the worker as a page of the extension does."""
        reply = self.surface.evaluate("(message) => chrome.runtime.sendMessage(message)", {"type": type, **fields})
        assert reply["ok"], reply
        return reply["answer"]

    def insert(self, page: Page, slug: str) -> dict[str, Any]:
        """As the popup does it."""
        return dict(self.say("insert", tab=self.tab(page), slug=slug))

    def press_overlay_keys(self, page: Page) -> None:
        tab = self.worker.evaluate("(id) => chrome.tabs.get(id)", self.tab(page))
        self.worker.evaluate("(tab) => chrome.commands.onCommand.dispatch('open-overlay', tab)", tab)

    def overlay(self, page: Page) -> Frame:
        """The look-up over the page, opened by its keys."""
        self.press_overlay_keys(page)
        until(lambda: overlay_of(page) is not None)
        frame = overlay_of(page)
        assert frame is not None
        frame.wait_for_selector("#all:not([hidden])")
        return frame


@pytest.fixture(scope="package")
def chromium(hub: Served, playwright: Playwright) -> Iterator[Chromium]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        extension = with_access_to_all_sites(Path(folder) / "extension")
        context = playwright.chromium.launch_persistent_context(
            Path(folder) / "profile", executable_path=CHROMIUM, headless=True, locale="en-GB",
            args=[
                "--no-sandbox", "--no-first-run",
                f"--disable-extensions-except={extension}", f"--load-extension={extension}",
            ],
        )  # fmt: skip
        context.set_default_timeout(10_000)
        context.route(re.compile(r"^https://"), give_shape)
        worker = context.service_workers[0] if context.service_workers else context.wait_for_event("serviceworker")
        connection = {
            "address": hub.url,
            "token": hub.token,
            "person": hub.person,
            "expires_at": None,
            "state": "connected",
        }
        worker.evaluate("(connection) => chrome.storage.local.set({connection})", connection)
        surface = options_of(context)
        chromium = Chromium(context, hub, surface)
        chromium.say("refresh")  # the copy of the library
        chromium.say("sites-changed")  # our scripts on all sites
        yield chromium
        context.close()


@pytest.fixture
def visit(chromium: Chromium) -> Iterator[Callable[..., Page]]:
    """Pages that are closed after the test. A script error on one of them fails it: ours must not break theirs."""
    pages: list[Page] = []
    errors: list[str] = []

    def open_it(address: str, **how: Any) -> Page:
        page = chromium.visit(address, **how)
        page.on("pageerror", lambda error: errors.append(str(error)))
        pages.append(page)
        return page

    yield open_it
    for page in pages:
        page.close()
    assert errors == []


def options_of(context: BrowserContext) -> Page:
    """The page that the extension opens by itself when it has been installed."""
    for _ in range(400):
        context.pages[0].wait_for_timeout(50)
        if found := [page for page in context.pages if page.url.endswith("/surfaces/options.html")]:
            found[0].wait_for_load_state()
            return found[0]
    raise AssertionError("the extension opened no page")


def overlay_of(page: Page) -> Frame | None:
    page.wait_for_timeout(20)  # lets Playwright hear what has happened
    return next((frame for frame in page.frames if "/surfaces/overlay.html" in frame.url), None)


def with_access_to_all_sites(copy: Path) -> Path:
    shutil.copytree(shipped.EXTENSION, copy)
    manifest = copy / "manifest.json"
    given = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(given | {"host_permissions": ["<all_urls>"]}), encoding="utf-8")
    return copy


# Address → our page of that shape; the rest of an address is the page's own business.
SHAPE_OF = (
    (r"https://app\.hubspot\.com/", "hubspot"),
    (r"https://[a-z]+\.lightning\.force\.com/", "lightning"),
    (r"https://[a-z]+\.my\.salesforce\.com/", "classic"),
    (r"https://[a-z]+\.pipedrive\.com/", "pipedrive"),
    (r"https://mail\.google\.com/", "fields"),
    (r"https://[a-z]+\.test/([a-z]+)", r"\1"),
)


def give_shape(route: Route) -> None:
    address = route.request.url
    for pattern, name in SHAPE_OF:
        if found := re.match(pattern, address):
            path = SHAPES / f"{found.expand(name)}.html"
            if path.exists():
                headers = {"content-type": "text/html; charset=utf-8"}
                if address.startswith("https://alone.test"):
                    headers["cross-origin-embedder-policy"] = "require-corp"
                    headers["cross-origin-opener-policy"] = "same-origin"
                if address.startswith("https://strict.test"):
                    headers["content-security-policy"] = STRICT
                route.fulfill(body=path.read_text(encoding="utf-8"), headers=headers)
                return
    route.fulfill(status=404, body="nothing here")


def until(true: Callable[[], bool]) -> None:
    for _ in range(400):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within 20 seconds")
