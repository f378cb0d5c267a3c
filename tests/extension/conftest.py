"""The extension in a real Chromium, connected to a real hub that can go away and come back.

The copy that is loaded differs in one place: `host_permissions` name this machine, because nobody is there to press
Allow in the browser's own question. Everything else is as it is handed out.
"""

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, Page, Playwright, Request, Worker, expect

from hub import migrations, seeds, shipped
from hub.main import create_app
from hub.settings import Settings
from tests.browser.conftest import REP
from tests.conftest import CHROMIUM

FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-component-update", "--disable-sync"]


class RunningHub:
    """The hub with the demo story on one address, started and stopped as often as a test needs."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = Settings(
            data_dir=folder, content_dir=Path("content"), base_url=self.url, log_level="error",
            sign_in_rate_limit="", search_rate_limit="",
        )  # fmt: skip
        self.app: Any = create_app(self.settings)
        migrations.upgrade(self.app.state.hub.database)
        seeds.plant(self.app.state.hub.database, self.app.state.hub.blobs, self.settings)
        self.password = seeds.demo_password(self.settings)
        self._listen()

    def _listen(self) -> None:
        self.server = uvicorn.Server(uvicorn.Config(self.app, port=self.port, log_config=None, access_log=False))
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        until(lambda: self.server.started)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(timeout=20)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nothing listens at its address."""
        self.stop()
        yield
        self.app = create_app(self.settings)
        self._listen()

    def deliver(self) -> None:
        """What the worker does after a change: the index among it."""
        while self.app.state.worker.run_once():
            pass


class Rep:
    """Rita's browser with the extension in it."""

    def __init__(self, playwright: Playwright, hub: RunningHub, folder: Path) -> None:
        self.hub = hub
        extension = _loadable(folder / "extension")
        self.context: BrowserContext = playwright.chromium.launch_persistent_context(
            folder / "profile", executable_path=CHROMIUM, headless=True, locale="en-GB", base_url=hub.url,
            args=[*FLAGS, f"--disable-extensions-except={extension}", f"--load-extension={extension}"],
        )  # fmt: skip
        self.context.set_default_timeout(10_000)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.context.on("page", self._listen_to)
        self.context.on("request", self._note)
        self.id = self.worker.url.split("/")[2]
        self._wait_for_welcome()

    @property
    def worker(self) -> Worker:
        """The service worker as it lives now; woken if it was stopped."""
        live = self.context.service_workers
        return live[0] if live else self.context.wait_for_event("serviceworker")

    def sign_in(self, who: str = REP) -> Page:
        page = self.context.new_page()
        page.goto("/sign-in")
        page.get_by_label("E-mail address").fill(f"{who}@example.com")
        page.get_by_label("Password").fill(self.hub.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/")
        return page

    def connect(self) -> None:
        self.sign_in().close()
        options = self.surface("options")
        options.get_by_label("The hub's address").fill(self.hub.url)
        with self.context.expect_page() as opened:
            options.get_by_role("button", name="Connect").click()
        opened.value.get_by_role("button", name="Connect it").click()
        expect(options.get_by_role("heading", name="Connected")).to_be_visible()
        expect(options.locator("#copy")).to_contain_text("assets")
        options.close()

    def surface(self, name: str, query: str = "", *, width: int = 400, dark: bool = False) -> Page:
        """A surface as a page of its own, as wide as it is where it belongs."""
        page = self.context.new_page()
        page.set_viewport_size({"width": 1000 if name == "options" and width == 400 else width, "height": 640})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.goto(f"chrome-extension://{self.id}/surfaces/{name}.html{query}")
        return page

    def ask(self, page: Page, kind: str, **fields: Any) -> Any:
        """A message from a surface to the worker, which wakes it."""
        reply = page.evaluate("message => chrome.runtime.sendMessage(message)", {"type": kind, **fields})
        assert reply["ok"], reply
        return reply["answer"]

    def stop_worker(self, page: Page) -> None:
        """As the browser does after half a minute, and at any other moment."""
        session = self.context.new_cdp_session(page)
        session.send("ServiceWorker.enable")
        session.send("ServiceWorker.stopAllWorkers")
        session.detach()

    def close(self) -> None:
        self.context.close()
        assert self.complaints == []

    def _wait_for_welcome(self) -> None:
        """Installing opens the settings, in whatever tab is empty: that must not happen in the middle of a test."""
        [first, *_] = self.context.pages
        for _ in range(200):
            if any("/options.html" in page.url for page in self.context.pages):
                return
            first.wait_for_timeout(50)
        raise AssertionError("installing did not open the settings")

    def _listen_to(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"a dialog: {dialog.message}"))

    def _note(self, request: Request) -> None:
        self.asked.append(request.url)


@pytest.fixture(scope="package")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    running = RunningHub(tmp_path_factory.mktemp("hub"))
    until(lambda: running.app.state.hub.search.engine.health().documents > 40)
    yield running
    running.stop()


@pytest.fixture
def rep(playwright: Playwright, hub: RunningHub, tmp_path: Path) -> Iterator[Rep]:
    """The extension, installed and not connected."""
    installed = Rep(playwright, hub, tmp_path)
    yield installed
    installed.close()


@pytest.fixture
def connected(rep: Rep) -> Rep:
    rep.connect()
    return rep


def until(true: Callable[[], bool]) -> None:
    for _ in range(400):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come true in 20 seconds")


def _loadable(to: Path) -> Path:
    shutil.copytree(shipped.EXTENSION, to)
    manifest = json.loads((to / "manifest.json").read_text(encoding="utf-8"))
    manifest["host_permissions"] = ["http://127.0.0.1/*"]
    (to / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return to
