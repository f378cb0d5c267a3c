"""What others may show of the hub, what its pages load from elsewhere, and refusals as pages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from hub.assets.models import Audience
from hub.errors import Invalid
from hub.main import create_app
from hub.settings import Settings, from_environment
from hub.web import pictures
from tests.factories.assets import Cast, make_live
from tests.web.conftest import deliver
from tests.web.pages import PageText, Visitor, visitor

Visit = Callable[[Any], Visitor]
WIKI = "https://wiki.example.com"


@pytest.fixture
def shareable(app: FastAPI, cast: Cast) -> str:
    with app.state.hub.database.transaction() as session:
        make_live(session, cast, slug="faq.open", title="Open to all", audience=Audience.SHAREABLE)
    deliver(app)
    return "/embed/faq.open"


def test_nobody_may_frame_anything_unless_an_operator_says_so(cast: Cast, visit: Visit, shareable: str) -> None:
    answer = visit(cast.reader).raw("GET", shareable)
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "/embed/" not in visit(cast.reader).get("/assets/faq.open").html


def test_a_named_site_may_frame_a_shareable_asset_and_no_other_page(app: FastAPI, cast: Cast, shareable: str) -> None:
    named = create_app(app.state.hub.settings.model_copy(update={"embed_origins": [WIKI]}))
    with TestClient(named) as client:
        browser = visitor(named, client, cast.reader)
        answer = browser.raw("GET", shareable)
        assert f"frame-ancestors {WIKI}" in answer.headers["content-security-policy"]
        page = PageText(answer.text)
        assert page.heading == "Open to all"
        assert not page.all("script") + page.all("form") + page.all("button") + page.all("nav")
        assert "/embed/faq.open" in browser.get("/assets/faq.open").html
        for other in ("/", "/assets/faq.open", "/sign-in"):
            policy = browser.raw("GET", other).headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy


def test_a_stranger_in_a_frame_sees_the_way_to_the_hub_and_nothing_else(visit: Visit, shareable: str) -> None:
    page = visit(None).get(shareable)
    assert "Open to all" not in page.html
    assert page.links == ["http://127.0.0.1:8000/assets/faq.open"]
    assert visit(None).get("/embed/no-such").heading == page.heading


@pytest.mark.parametrize("slug", ["objection.too-dear", "draft.costs", "no-such"])
def test_what_may_not_be_shared_is_not_found_there(cast: Cast, visit: Visit, slug: str) -> None:
    assert visit(cast.admin).raw("GET", f"/embed/{slug}").status_code == 404


@pytest.mark.parametrize("origin", ["*", "wiki.example.com", "https://a.b; script-src *", "https://a.b/path", "'self'"])
def test_an_origin_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("HUB_EMBED_ORIGINS", f'["{origin}"]')
    with pytest.raises(Invalid, match="HUB_EMBED_ORIGINS"):
        from_environment()


# --- pictures from elsewhere -----------------------------------------------------------------------------------------


def test_a_picture_from_elsewhere_is_a_link_that_names_its_site() -> None:
    html = '<p><img src="https://spy.example/a.png?b=1&amp;c=2" alt="A &lt;b&gt; plan"></p>'
    shown = pictures.only_from([], html)
    assert "<img" not in shown
    assert 'href="https://spy.example/a.png?b=1&amp;c=2"' in shown
    assert "A &lt;b&gt; plan</a> (a picture on spy.example)" in shown


@pytest.mark.parametrize(
    "source", ["/api/v1/attachments/abc", "https://cdn.example.com/a.png", "HTTPS://CDN.example.com/a.png"]
)
def test_a_picture_of_ours_or_of_a_named_site_stays(source: str) -> None:
    html = f'<img src="{source}" alt="">'
    assert pictures.only_from(["https://cdn.example.com"], html) == html


def test_the_policy_lets_pictures_in_from_named_sites_only(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, image_origins=["https://cdn.example.com"], worker=False)
    with TestClient(create_app(settings)) as client:
        policy = client.get("/sign-in").headers["content-security-policy"]
    assert "img-src 'self' data: https://cdn.example.com;" in policy


# --- refusals before any route ---------------------------------------------------------------------------------------


def test_a_forged_or_too_large_request_of_a_browser_is_answered_with_a_page(cast: Cast, visit: Visit) -> None:
    browser = visit(cast.reader)
    forged = browser.raw("POST", "/theme", data={"theme": "dark"}, headers={"Sec-Fetch-Site": "cross-site"})
    large = browser.raw("POST", "/requests", content=b"x" * 11_000_000)
    for answer, status, words in ((forged, 403, "another site"), (large, 413, "larger than")):
        assert answer.status_code == status
        assert words in PageText(answer.text).one("main").text
    program = browser.raw(
        "POST", "/api/v1/uses", json={}, headers={"Sec-Fetch-Site": "cross-site", "Accept": "text/html"}
    )
    assert program.headers["content-type"] == "application/problem+json"
