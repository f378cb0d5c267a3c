"""The demo library in a real Chromium. Served once a process, on a port of its own; every test has a fresh browser.

`HUB_TEST_SCREENSHOTS` names a folder to keep pictures of every page in, for looking at.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from hub import migrations, seeds
from hub.main import create_app
from hub.settings import Settings
from tests.conftest import CHROMIUM

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
AXE_RUN = "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})"
MARKETER, SELLER, REP, ADMIN = "ana.keller", "ben.osei", "rita.rep", "admin"


@dataclass(frozen=True)
class Served:
    url: str
    password: str


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The hub with the demo story, listening."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    folder = tmp_path_factory.mktemp("demo")
    settings = Settings(
        data_dir=folder, content_dir=Path("content"), base_url=url, log_level="error", sign_in_rate_limit="",
        search_rate_limit="",
    )  # fmt: skip
    app = create_app(settings)
    migrations.upgrade(app.state.hub.database)
    seeds.plant(app.state.hub.database, app.state.hub.blobs, settings)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    _until(lambda: server.started)
    _until(lambda: app.state.hub.search.engine.health().documents > 40)
    yield Served(url, seeds.demo_password(settings))
    server.should_exit = True
    thread.join(timeout=20)


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield browser
    browser.close()


@pytest.fixture
def open_browser(chromium: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    """`open_browser("rita.rep", width=360, dark=True)`: a page of a fresh browser, signed in as somebody of the cast
    (None: as nobody). A script error or a refused policy on any page fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_it(who: str | None = REP, *, width: int = 1280, dark: bool = False, **more: Any) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", locale="en-GB",
            base_url=served.url, **({"service_workers": "block"} | more),
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=served.url)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None
        )
        if who is not None:
            page.goto("/sign-in")
            page.get_by_label("E-mail address").fill(f"{who}@example.com")
            page.get_by_label("Password").fill(served.password)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []


def faults_for_all(page: Page) -> list[str]:
    """What axe-core finds: rule, how bad, the first place."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(AXE_RUN)["violations"]
    return [f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:200]}" for one in found]


def keep_picture(page: Page, name: str) -> None:
    if folder := os.environ.get("HUB_TEST_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def _until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("the hub did not come up")
