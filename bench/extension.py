"""The browser extension in a real Chromium: from keystroke to answer, its copy, its worker, and what it costs a page.

Online is the shipped popup asking a real server; offline is the same popup after the server has ended. Times are by the
clock and hold the 120 ms for which typing is awaited. The worker's memory is V8's own figure after a collection. Needs
Chromium (`HUB_BENCH_CHROMIUM`, else `chromium` on the PATH).
"""

import json
import os
import shutil
import socket
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Route, sync_playwright
from websockets.sync.client import connect

from bench.figures import Figure
from bench.library import filled
from bench.places import fresh, serving
from hub import shipped

QUESTIONS = (
    "proof",
    "contract renewal",
    "margin risk",
    "forecast",
    "champion budget",
    "pilot outcome",
    "late supplier",
)
SITE = "https://app.hubspot.com/contacts/1/record/0-3/2"
PARAGRAPHS = 1_500  # about 100 kB of text, more than a CRM's page has

_TYPED = """
async (question) => {
  const field = document.querySelector("#question");
  const told = document.querySelector("#found");
  const shown = new Promise((done) => {
    const watch = new MutationObserver(() => { watch.disconnect(); done(performance.now()); });
    watch.observe(told, {childList: true, subtree: true});
  });
  const from = performance.now();
  field.value = question;
  field.dispatchEvent(new InputEvent("input", {bubbles: true}));
  return (await shown) - from;
}
"""
_FILL = """
(paragraphs) => {
  const words = "we they price proof delivery team quarter margin before after supplier budget week order".split(" ");
  for (let at = 0; at < paragraphs; at++) {
    const text = Array.from({length: 12}, (_, word) => words[(at * 7 + word * 5) % words.length]).join(" ");
    document.body.appendChild(document.createElement("p")).append(text);
  }
}
"""
_GAPS = """
() => {
  const {port1, port2} = new MessageChannel();
  let last = performance.now();
  window.gap = 0;
  port1.onmessage = () => {
    const now = performance.now();
    window.gap = Math.max(window.gap, now - last);
    last = now;
    port2.postMessage(0);
  };
  port2.postMessage(0);
}
"""
_RECOGNISE = """
async (url) => {
  const tab = (await chrome.tabs.query({})).find((tab) => tab.url === url).id;
  const from = performance.now();
  await chrome.tabs.sendMessage(tab, {type: "recognise"}, {frameId: 0});
  return performance.now() - from;
}
"""


@dataclass(frozen=True)
class _Browser:
    context: BrowserContext
    debugging: int
    root: str

    def surface(self, name: str = "options") -> Page:
        page = self.context.new_page()
        page.goto(f"{self.root}/surfaces/{name}.html")
        return page


def measured(assets: int) -> Iterator[Figure]:
    where = f"{assets:,} assets"
    with fresh() as place, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        token = filled(place, assets).reader
        with _started(Path(folder)) as browser:
            with serving(place) as server:
                connection = {
                    "address": f"http://127.0.0.1:{server.port}", "token": token, "expires_at": None,
                    "state": "connected", "person": {"id": 1, "name": "Bench", "team": "sales", "role": "reader"},
                }  # fmt: skip
                surface = browser.surface()
                surface.evaluate("(connection) => chrome.storage.local.set({connection})", connection)
                started = time.perf_counter()
                _say(surface, "refresh")
                yield _figure("bring the copy up to date", where, (time.perf_counter() - started) * 1_000, "ms")
                _say(surface, "sites-changed")
                copy = _say(surface, "state")["copy"]
                yield _figure("size of the copy", where, copy["bytes"] / 1e6, "MB", reach="40")
                yield _figure("keystroke to answer, online", where, _typed(browser), "ms")
                yield from _on_a_page(browser, where)
            yield _figure("keystroke to answer, offline", where, _typed(browser), "ms")
            yield _figure("memory of the worker, the copy open", where, _heap(browser.debugging), "MB")


def _figure(work: str, where: str, value: float, unit: str, *, reach: str = "") -> Figure:
    return Figure("extension", work, where, value, unit, reach=reach)


def _typed(browser: _Browser) -> float:
    """Median over several questions, the first asked twice so that nothing is opened for the first time."""
    popup = browser.surface("popup")
    popup.wait_for_selector(".hit, .empty")
    popup.evaluate(_TYPED, QUESTIONS[0] + "s")
    took = [popup.evaluate(_TYPED, question) for question in QUESTIONS]
    popup.close()
    return statistics.median(took)


def _on_a_page(browser: _Browser, where: str) -> Iterator[Figure]:
    page = browser.context.new_page()
    page.goto(SITE)
    page.evaluate(_FILL, PARAGRAPHS)
    page.wait_for_timeout(4_000)  # until the looks that it takes by itself are over
    page.evaluate(_GAPS)
    page.wait_for_timeout(1_000)
    quiet = page.evaluate("window.gap")
    page.evaluate("window.gap = 0")
    worker = browser.context.service_workers[0]
    took = [worker.evaluate(_RECOGNISE, SITE) for _ in range(7)]
    yield _figure("recognise a page of 100 kB of text", where, statistics.median(took), "ms")
    yield Figure(
        "extension", "longest task on the page meanwhile", where, page.evaluate("window.gap"), "ms",
        bare=quiet, bare_is="the same page left alone", reach="50",
    )  # fmt: skip
    page.close()


def _say(surface: Page, type: str, **fields: Any) -> Any:
    reply = surface.evaluate("(message) => chrome.runtime.sendMessage(message)", {"type": type, **fields})
    if not reply["ok"]:
        raise RuntimeError(f"{type}: {reply}")
    return reply["answer"]


def _heap(port: int) -> float:
    """What V8 holds for the worker, in MB, after a collection."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
        targets = json.load(answer)
    address = next(target["webSocketDebuggerUrl"] for target in targets if target["type"] == "service_worker")
    with connect(address) as socket_:
        for number, method in enumerate(("HeapProfiler.collectGarbage", "Runtime.getHeapUsage")):
            socket_.send(json.dumps({"id": number, "method": method}))
            while (reply := json.loads(socket_.recv())).get("id") != number:
                pass
    return float(reply["result"]["usedSize"]) / 1e6


@contextmanager
def _started(folder: Path) -> Iterator[_Browser]:
    """A copy of the extension with access to all sites, as if somebody had allowed them, in a browser of its own."""
    copy = folder / "extension"
    shutil.copytree(shipped.EXTENSION, copy)
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8")) | {"host_permissions": ["<all_urls>"]}
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chromium = os.environ.get("HUB_BENCH_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise RuntimeError(
            "There is no Chromium. Install Debian's package `chromium`, or name one in HUB_BENCH_CHROMIUM."
        )
    flags = ["--no-sandbox", "--no-first-run", f"--remote-debugging-port={port}"]
    flags += [f"--disable-extensions-except={copy}", f"--load-extension={copy}"]
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder / "profile", executable_path=chromium, headless=True, args=flags
        )
        context.route("https://app.hubspot.com/**", _blank)
        worker = context.service_workers[0] if context.service_workers else context.wait_for_event("serviceworker")
        while not any(page.url.endswith("/surfaces/options.html") for page in context.pages):
            context.pages[0].wait_for_timeout(50)  # it opens a page when it has been installed, in any empty tab
        yield _Browser(context, port, worker.url.rpartition("/")[0])
        context.close()


def _blank(route: Route) -> None:
    route.fulfill(body="<!doctype html><title>Deal</title><body></body>", content_type="text/html")
