"""Every page, light and dark, wide and narrow: nothing for axe-core to find, nothing wider than the screen."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import ADMIN, MARKETER, faults_for_all, keep_picture

ASSET = "/assets/objection.too-expensive"
PAGES = {
    "search": "/",
    "found": "/?q=too+expensive&persona=cfo",
    "nothing-found": "/?q=zzzqqq",
    "misspelt": "/?q=expensve+persona%3Anobody",
    "library": "/assets",
    "asset": ASSET,
    "asset-with-table": "/assets/one-pager.pricing",
    "in-review": "/assets?status=in_review",
    "versions": f"{ASSET}/versions",
    "version": f"{ASSET}/versions/1",
    "changes": f"{ASSET}/changes?from=1&to=1",
    "history": f"{ASSET}/history",
    "inbox": "/inbox",
    "deals": "/deals?mine=false",
    "deal": "/deals/csv/FP-1004",
    "choose-deal": "/deals/choose",
    "uses": "/uses",
    "new-use": "/uses/new?asset=objection.too-expensive",
    "requests": "/requests",
    "request": "/requests/1",
    "new-request": "/requests/new?question=cold+chain",
    "feedback": f"{ASSET}/feedback",
    "deals-of-asset": f"{ASSET}/deals",
    "write": "/write",
    "new-text": "/write/new?kind=battlecard",
    "kinds": "/write/new",
    "editor": f"{ASSET}/edit",
    "reviews": "/reviews",
    "review": "/reviews/objection.too-expensive/1",
    "insights": "/insights",
    "never-used": "/insights/never-used",
    "money": "/insights/money",
    "hold-outs": "/insights/hold-outs?asset=one-pager.pricing",
    "funnel": "/insights/funnel",
    "outcomes": "/insights/outcomes",
    "lead-sources": "/insights/sources",
    "capture": "/insights/capture",
    "coverage": "/insights/coverage",
    "freshness": "/insights/freshness",
    "search-health": "/insights/search",
    "how-we-know": "/insights/how-we-know",
    "runs": "/insights/runs",
    "run": "/insights/runs/1",
    "evidence": "/insights/assets/one-pager.pricing",
    "plan": "/plan",
    "board": "/briefs",
    "briefs": "/briefs?view=list",
    "brief": "/briefs/1",
    "new-brief": "/briefs/new?title=A+piece+of+work",
    "account": "/account",
    "tokens": "/account/tokens",
    "extension": "/extension",
    "extension-connect": f"/extension/connect?challenge={'c' * 43}",
    "taxonomy": "/taxonomy",
    "vocabulary": "/taxonomy/personas",
    "term": "/taxonomy/personas/cfo?into=operations-director",
    "people": "/people",
    "styleguide": "/styleguide",
    "no-such-page": "/no-such-page",
}
FOR_ADMINS = {
    "imports": "/imports",
    "failures": "/imports/failures",
    "deal-stages": "/taxonomy/deal_stages",
    "people-named": "/people?standing=named",
    "new-person": "/people/new",
    "person": "/people/2",
    "all-tokens": "/admin/tokens",
    "events": "/events",
    "settings": "/settings",
    "health": "/admin/health",
    "first-steps": "/first-start/steps",
    "first-library": "/first-start/library",
}
FOR_STRANGERS = {"sign-in": "/sign-in", "offline": "/offline"}
# Colours do not depend on the width, nor the layout on the colours: two looks see what four would.
LOOKS = [(1280, False), (360, True)]


@pytest.mark.parametrize(("width", "dark"), LOOKS, ids=["wide-light", "narrow-dark"])
def test_every_page_is_for_everybody_and_fits(open_browser: Callable[..., Page], width: int, dark: bool) -> None:
    theme = "dark" if dark else "light"
    found: dict[str, list[str]] = {}
    for who, pages in ((MARKETER, PAGES), (ADMIN, FOR_ADMINS), (None, FOR_STRANGERS)):
        page = open_browser(who, width=width, dark=dark)
        for name, address in pages.items():
            page.goto(address)
            keep_picture(page, f"{name}-{width}-{theme}")
            faults = faults_for_all(page)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                faults.append("wider than the screen")
            if faults:
                found[name] = faults
    assert found == {}


def test_every_page_fits_at_200_percent(open_browser: Callable[..., Page]) -> None:
    """A window of 1280 pixels at 200 % has the room of 640."""
    page = open_browser(MARKETER, width=640, device_scale_factor=2)
    for name, address in PAGES.items():
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 640, name


def test_a_page_is_small(open_browser: Callable[..., Page]) -> None:
    page = open_browser(MARKETER)
    for name, address in PAGES.items():
        answer = page.goto(address)
        assert answer is not None
        assert answer.request.sizes()["responseBodySize"] < 100_000, name


def test_nothing_moves_while_results_arrive(open_browser: Callable[..., Page]) -> None:
    page = open_browser(MARKETER)
    page.evaluate(
        "window.moved = 0; new PerformanceObserver((list) => { for (const one of list.getEntries())"
        " if (!one.hadRecentInput) window.moved += one.value; }).observe({type: 'layout-shift', buffered: true})"
    )
    for question in ("price", "security", "zzzqqq", "handover"):
        page.locator("#q").select_text()
        page.keyboard.type(question, delay=30)
        page.wait_for_url(f"**/?q={question}")
        page.wait_for_timeout(200)
    assert page.evaluate("window.moved") < 0.01
