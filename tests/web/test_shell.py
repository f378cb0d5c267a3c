"""What holds for every page: headers, no inline script, static files, themes, errors in the hub's look."""

import gzip
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from hub.main import create_app
from hub.web import static_files
from hub.web.locales import MINUS, THIN, Locale, ago, locale_of
from hub.web.shell import own_path
from hub.web.styleguide import ICONS
from tests.factories.assets import Cast
from tests.web.pages import PageText, Visitor, visitor

Visit = Callable[[Any], Visitor]
PAGES = [
    "/", "/?q=costs&persona=cfo", "/?q=nothingness", "/assets", "/assets?status=draft&kind=faq",
    "/assets/objection.too-dear", "/assets/draft.costs", "/assets/objection.too-dear/versions",
    "/assets/objection.too-dear/versions/1", "/assets/objection.too-dear/changes?from=1&to=1",
    "/assets/objection.too-dear/history", "/account", "/account/tokens", "/styleguide", "/write",
    "/write/new?kind=battlecard", "/write/new", "/assets/objection.too-dear/edit", "/assets/draft.costs/edit",
    "/reviews", "/reviews/objection.too-dear/1", "/reviews/draft.costs/1", "/extension",
    "/inbox", "/deals", "/deals/choose", "/uses", "/uses/new?asset=objection.too-dear", "/requests", "/requests/new",
    "/assets/objection.too-dear/feedback", "/assets/objection.too-dear/deals",
    "/insights", "/insights/does-nothing", "/insights/never-used", "/insights/hot-but-stale", "/insights/money",
    "/insights/hold-outs", "/insights/funnel", "/insights/outcomes", "/insights/sources", "/insights/capture",
    "/insights/coverage", "/insights/freshness", "/insights/search", "/insights/how-we-know", "/insights/runs",
    "/insights/assets/objection.too-dear", "/plan", "/briefs", "/briefs?view=list", "/briefs/new",
    "/taxonomy", "/taxonomy/personas", "/taxonomy/personas/cfo", "/taxonomy/stages/decision", "/people",
]  # fmt: skip


@pytest.mark.parametrize("address", PAGES)
def test_a_page_has_no_inline_script_or_style_and_one_main_heading(address: str, cast: Cast, visit: Visit) -> None:
    page = visit(cast.marketing).get(address)
    assert len(page.all("h1")) == 1
    assert all(script.attributes["src"].startswith("/static/") for script in page.all("script"))
    assert not page.all("style")
    assert not [one for one in page.elements if "style" in one.attributes]
    assert not [one for one in page.elements if any(name.startswith("on") for name in one.attributes)]
    ids = [one.attributes["id"] for one in page.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("address", PAGES)
def test_every_address_on_a_page_leads_somewhere(address: str, cast: Cast, visit: Visit) -> None:
    visitor = visit(cast.marketing)
    page = visitor.get(address)
    wanted = {link for link in page.links if link.startswith("/")}
    wanted |= {one.attributes["src"] for one in page.elements if one.attributes.get("src", "").startswith("/")}
    wanted |= {one.attributes["href"].partition("#")[0] for one in page.all("link") + page.all("use")}
    broken = [to for to in wanted if visitor.raw("GET", to.removeprefix("http://127.0.0.1:8000")).status_code >= 400]
    assert broken == []


def test_the_policy_allows_no_script_but_our_own_files(cast: Cast, visit: Visit) -> None:
    policy = visit(cast.reader).raw("GET", "/").headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_a_page_is_packed_small_and_never_kept_by_others(cast: Cast, visit: Visit) -> None:
    answer = visit(cast.marketing).raw("GET", "/styleguide", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < 30_000
    assert answer.headers["cache-control"] == "private, no-cache"
    assert {"Cookie", "HX-Request"} <= set(answer.headers["vary"].split(", "))


def test_a_static_file_is_kept_for_ever_under_its_own_digest_only(client: TestClient) -> None:
    address = static_files.address("app.css")
    answer = client.get(address)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert client.get(address, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    other = client.get("/static/000000000000/app.css")
    assert (other.text, other.headers["cache-control"]) == (answer.text, "no-cache")
    assert client.get("/static/000000000000/..%2Fshell.py").status_code == 404
    assert client.get("/static/000000000000/missing.css").status_code == 404


def test_files_that_pages_load_are_small() -> None:
    files = static_files.files()
    packed = sum(len(files[name].packed) for name in ("app.css", "hub.js", "htmx.js", "icons.svg"))
    assert packed < 45_000
    assert gzip.decompress(files["app.css"].packed) == files["app.css"].data


def test_every_icon_of_the_sprite_is_on_the_styleguide() -> None:
    sprite = static_files.files()["icons.svg"].data.decode()
    assert set(re.findall(r'<symbol id="([^"]+)"', sprite)) == {*ICONS, "brand"}


def test_the_navigation_marks_where_one_is(cast: Cast, visit: Visit) -> None:
    page = visit(cast.reader).get("/assets")
    [rail, thumb] = [one for one in page.all("a", href="/assets") if one.attributes.get("aria-current") == "page"]
    assert (rail.text, thumb.text) == ("Library", "Library")


def test_a_chosen_theme_holds_before_anybody_signs_in(client: TestClient) -> None:
    answer = client.post("/theme", data={"theme": "dark", "next": "/sign-in"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert 'data-theme="dark"' in client.get("/offline").text
    client.post("/theme", data={"theme": "neon"})
    assert 'data-theme="dark"' in client.get("/offline").text


# --- errors ----------------------------------------------------------------------------------------------------------


def test_an_unknown_page_is_told_in_the_hubs_look(cast: Cast, visit: Visit) -> None:
    page = visit(cast.reader).get("/no-such-page", status=404)
    assert page.heading == "There is no such page"
    assert "/assets" in page.links


def test_an_error_of_the_api_stays_a_problem_document(client: TestClient) -> None:
    answer = client.get("/api/v1/assets", headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_malformed_question_names_the_field(cast: Cast, visit: Visit) -> None:
    page = visit(cast.reader).get("/?offset=-1", status=422)
    assert "offset" in page.one("main").text


def test_a_wrong_state_is_told_as_a_page(app: FastAPI, cast: Cast, visit: Visit) -> None:
    answer = visit(cast.marketing).post("/assets/draft.costs/confirmations")
    assert answer.status_code == 409
    assert "no live version" in PageText(answer.text).one("main").text


def test_who_may_not_is_told_what_it_needs(cast: Cast, visit: Visit) -> None:
    answer = visit(cast.reader).post("/assets/objection.too-dear/confirmations")
    assert answer.status_code == 403
    assert "you need the role approver" in PageText(answer.text).one("main").text


def test_an_engine_that_is_away_is_told_and_offers_another_try(app: FastAPI, cast: Cast) -> None:
    """An address at which no Meilisearch answers."""
    away = create_app(app.state.hub.settings.model_copy(update={"meili_url": "http://127.0.0.1:9"}))
    with TestClient(away) as client:
        browser = visitor(away, client, cast.reader)
        page = browser.get("/?q=costs", status=503)
        assert "Search does not answer at this moment" in page.one("main").text
        assert "/?q=costs" in page.links
        assert browser.get("/assets/objection.too-dear").heading == "Objection: it costs too much"


def test_a_fragments_error_is_a_fragment(cast: Cast, visit: Visit) -> None:
    answer = visit(cast.reader).raw("GET", "/?offset=-1", headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "<html" not in answer.text


def test_a_fragment_for_somebody_signed_out_leads_to_the_sign_in(client: TestClient) -> None:
    answer = client.get("/?q=a", headers={"HX-Request": "true", "Accept": "text/html"}, follow_redirects=False)
    assert answer.headers["hx-redirect"] == "/sign-in"


# --- no open redirect ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "evil", "", "/\n/evil.example"],
)
def test_nobody_is_sent_to_another_site(address: str) -> None:
    assert own_path(address, "/home") == "/home"


@given(st.text(alphabet=st.sampled_from("/\\:@.?#aevil \t\n"), max_size=12))
def test_an_own_path_begins_with_one_slash(text: str) -> None:
    assert re.match(r"/(?![/\\])[^\\\t\n]*\Z", own_path(text))


def test_a_page_of_the_hub_is_gone_back_to() -> None:
    assert own_path("/assets?kind=faq&cursor=a%2Fb#top") == "/assets?kind=faq&cursor=a%2Fb#top"


# --- dates and numbers -----------------------------------------------------------------------------------------------

DAY = date(2026, 11, 3)


@pytest.mark.parametrize(
    ("accepted", "day", "number"),
    [
        ("en-GB,en;q=0.9", "3 November 2026", "12,345.5"),
        ("en-US", "November 3, 2026", "12,345.5"),
        ("de-DE,de;q=0.9,en;q=0.8", "3 November 2026", "12.345,5"),
        ("de-CH", "3 November 2026", "12\u2019345.5"),
        ("fr", "3 November 2026", f"12{THIN}345,5"),
        ("ja", "2026-11-03", "12,345.5"),
        ("en;q=0.5, sv-SE", "2026-11-03", f"12{THIN}345,5"),
        ("", "3 November 2026", "12,345.5"),
        ("*;q=broken, %%%, ;;", "3 November 2026", "12,345.5"),
    ],
)
def test_dates_and_numbers_follow_the_reader(accepted: str, day: str, number: str) -> None:
    locale = locale_of(accepted)
    assert (locale.day(DAY), locale.number(12_345.5, 1)) == (day, number)


@given(st.text(max_size=300))
def test_any_accept_language_gives_a_locale(header: str) -> None:
    assert locale_of(header).day(DAY)


def test_a_negative_number_has_a_real_minus_and_nothing_has_no_sign() -> None:
    locale = Locale()
    assert [locale.signed(value) for value in (4.6, -1.8, 0.2, -0.2)] == ["+5", f"{MINUS}2", "0", "0"]


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=3), "3 minutes ago"),
        (timedelta(hours=5), "5 hours ago"),
        (timedelta(days=12), "12 days ago"),
        (timedelta(days=90), "3 months ago"),
        (timedelta(days=800), "2 years ago"),
    ],
)
def test_how_long_ago_is_said_in_words(before: timedelta, said: str) -> None:
    now = datetime(2026, 11, 3, tzinfo=UTC)
    assert ago(now - before, now) == said


def test_money_and_shares_are_short_and_never_misread() -> None:
    britain, germany = Locale(), locale_of("de")
    assert [britain.money(value, "EUR") for value in (0, 999, 1_000, 9_949, 410_000, 999_600, -1_234_567)] == [
        "€0", "€999", "€1k", "€9.9k", "€410k", "€1m", f"{MINUS}€1.2m",
    ]  # fmt: skip
    assert (britain.money(None, "EUR"), britain.money(12, None)) == ("–", "12")
    assert germany.money(1_250_000, "CHF") == "CHF\u202f1,2m"
    assert (britain.percent(0.714), britain.percent(None), germany.percent(0.0351, 1)) == ("71%", "–", "3,5%")


# --- the reader's time zone -------------------------------------------------------------------------------------------


def test_times_are_the_readers_once_their_browser_said_where_it_is() -> None:
    moment = datetime(2027, 7, 1, 22, 30, tzinfo=UTC)
    assert locale_of("en-GB").moment(moment) == "1 July 2027, 22:30 UTC"
    prague = locale_of("en-GB", zone="Europe%2FPrague")
    assert prague.moment(moment) == "2 July 2027, 00:30"
    assert prague.day(moment) == "2 July 2027"
    assert prague.day(datetime(2027, 7, 1, tzinfo=UTC)) == "1 July 2027", "a moment at midnight UTC is a day"


@given(st.text(max_size=60))
def test_a_zone_that_is_none_is_utc(name: str) -> None:
    assert locale_of("en", zone=f"../{name}").zone is UTC
    assert locale_of("en", zone=name).moment(datetime(2027, 7, 1, 12, tzinfo=UTC))


def test_a_browser_says_its_zone_in_a_cookie(cast: Cast, visit: Visit) -> None:
    browser = visit(cast.marketing)
    browser.headers["Cookie"] += "; hub_zone=Asia%2FTokyo"
    titles = [one.attributes["title"] for one in browser.get("/assets").all("time") if "title" in one.attributes]
    assert titles
    assert not [title for title in titles if "UTC" in title]
