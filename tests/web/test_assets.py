"""The library's pages: the list, one asset, who signed it, and one address for each."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI

from hub import clock
from hub.assets import approval, attachments, drafts
from hub.assets.models import Asset
from hub.assets.schemas import HeadingOut
from hub.assets.texts import AttachedFile, text_of
from hub.web.assets import under_title
from tests.factories.assets import Cast, make_draft, make_live
from tests.factories.documents import picture
from tests.web.pages import PageText, Visitor

Visit = Callable[[Any], Visitor]
SLUG = "objection.too-dear"


def change(app: FastAPI, cast: Cast, slug: str, deed: Callable[..., Any]) -> None:
    with app.state.hub.database.transaction() as session:
        deed(session, drafts.locked(session, slug))


def test_an_asset_shows_its_text_and_all_around_it(cast: Cast, visit: Visit) -> None:
    page = visit(cast.reader).get(f"/assets/{SLUG}")
    text = page.one("main").text
    assert page.heading == "Objection: it costs too much"
    assert "Chief <Financial> Officer" in [one.text for one in page.all("span", class_="chip")]
    assert "Signed by both teams" in text
    for who in (cast.marketing, cast.sales, cast.author):
        assert who.name in text
    assert page.one("link", rel="canonical").attributes["href"].endswith(f"/assets/{SLUG}")
    assert "What it costs" in text  # related: for the same persona


def test_readers_see_names_and_no_addresses(cast: Cast, visit: Visit) -> None:
    html = visit(cast.reader).get(f"/assets/{SLUG}").html
    assert "@example.com" not in html.replace(cast.reader.email or "", "")


def test_headings_below_the_title_skip_no_level() -> None:
    html = '<h1 id="h-a">A</h1><h4 id="h-b">B</h4><h4 id="h-c">C</h4><h2>raw</h2><h1 id="h-d">D</h1>'
    html += '<table><tr><th class="align-left"></th><th>Figure</th></tr></table>'
    headings = [
        HeadingOut(level=level, id=f"h-{name}", text=name) for name, level in zip("abcd", (1, 4, 4, 1), strict=True)
    ]
    shown, outline = under_title(html, headings)
    assert [one.level for one in outline] == [2, 3, 3, 2]
    page = PageText(shown)
    assert [one.tag for one in page.elements if one.tag.startswith("h")] == ["h2", "h3", "h3", "h3", "h2"]
    assert page.one("div", role="group").attributes["tabindex"] == "0"
    assert [one.text for one in page.all("th")] == ["Figure"]


def test_a_former_slug_leads_to_the_one_address(app: FastAPI, cast: Cast, visit: Visit) -> None:
    change(app, cast, SLUG, lambda session, asset: drafts.rename(session, cast.admin, asset, "objection.price"))
    browser = visit(cast.reader)
    for part in ("", "/versions", "/versions/1", "/changes?from=1&to=1"):
        answer = browser.raw("GET", f"/assets/{SLUG}{part}")
        assert (answer.status_code, answer.headers["location"]) == (308, f"/assets/objection.price{part}")


def test_a_draft_is_there_for_those_who_may_and_for_nobody_else(cast: Cast, visit: Visit) -> None:
    page = visit(cast.author).get("/assets/draft.costs")
    assert "Draft: version 1" in page.one("main").text
    assert visit(cast.sales).raw("GET", "/assets/draft.costs").status_code == 200
    assert visit(cast.reader).raw("GET", "/assets/draft.costs").status_code == 404


def test_the_live_text_stays_while_the_next_one_is_made(app: FastAPI, cast: Cast, visit: Visit) -> None:
    write_next(app, cast, "Another answer.\n")
    reader, author = visit(cast.reader), visit(cast.author)
    assert "Another answer." not in reader.get(f"/assets/{SLUG}").html
    assert reader.raw("GET", f"/assets/{SLUG}?version=draft").status_code == 404
    live = author.get(f"/assets/{SLUG}")
    assert f"/assets/{SLUG}?version=draft" in live.links
    draft = author.get(f"/assets/{SLUG}?version=draft")
    assert "Another answer." in draft.html
    assert f"/assets/{SLUG}/changes?from=1&to=2" in draft.links


def test_an_urgent_and_an_imported_publication_are_told_apart_from_a_joint_one(
    app: FastAPI, cast: Cast, visit: Visit
) -> None:
    with app.state.hub.database.transaction() as session:
        urgent = make_draft(session, cast.author, slug="urgent")
        head = drafts.head_of(session, urgent)
        approval.publish_urgently(
            session, cast.admin, urgent, 1, reason="The price is wrong.", content_hash=head.content_hash, days=3
        )
        imported = make_draft(session, cast.author, slug="imported")
        moved = [(imported, drafts.head_of(session, imported))]
        approval.publish_imported(session, cast.admin, moved, reason="from the old place")
    texts = {slug: visit(cast.reader).get(f"/assets/{slug}").one("main").text for slug in ("urgent", "imported", SLUG)}
    assert "Published urgently, without both signatures." in texts["urgent"]
    assert "The price is wrong." in texts["urgent"]
    assert "has not signed" not in texts["urgent"]
    assert "Imported approval" in texts["imported"]
    assert "Nobody signed it here." in texts["imported"]
    assert "Signed by both teams" in texts[SLUG]


def test_still_right_moves_the_date_and_is_offered_to_those_who_may(app: FastAPI, cast: Cast, visit: Visit) -> None:
    author = visit(cast.author)
    assert "Still right" not in visit(cast.reader).get(f"/assets/{SLUG}").one("main").text
    assert "No review date" in author.get(f"/assets/{SLUG}").one("main").text
    answer = author.post(f"/assets/{SLUG}/confirmations")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/assets/{SLUG}")
    text = author.get(f"/assets/{SLUG}").one("main").text
    assert f"said {cast.author.name}" in text
    assert "Review by" in text


@pytest.mark.parametrize(("days", "said"), [(-3, "Review overdue since"), (5, "Review in 5 days"), (200, "Review by")])
def test_freshness_is_said_in_words(app: FastAPI, cast: Cast, visit: Visit, days: int, said: str) -> None:
    def date_it(session: Any, asset: Asset) -> None:
        asset.review_by = clock.today() + timedelta(days=days)

    change(app, cast, SLUG, date_it)
    for address in ("/assets", f"/assets/{SLUG}"):
        assert said in visit(cast.reader).get(address).one("main").text


def test_what_is_retired_or_expired_says_so_first(app: FastAPI, cast: Cast, visit: Visit) -> None:
    change(app, cast, "faq.price", lambda session, asset: approval.retire(session, cast.admin, asset))

    def expire(session: Any, asset: Asset) -> None:
        asset.expires_on = date(2020, 1, 31)

    change(app, cast, SLUG, expire)
    assert "Retired." in visit(cast.reader).get("/assets/faq.price").one("main").text
    assert "Expired on 31 January 2020." in visit(cast.reader).get(f"/assets/{SLUG}").one("main").text


def test_an_attachment_is_shown_with_its_picture(app: FastAPI, cast: Cast, visit: Visit) -> None:
    read = attachments.read_file(picture("PNG", (40, 30)), "plan <b>.png", limit=1_000_000)
    with app.state.hub.database.transaction() as session:
        row = attachments.store(session, app.state.hub.blobs, cast.author, read)
        make_live(session, cast, slug="with-file", attachments=(AttachedFile(row.digest, "plan <b>.png"),))
    browser = visit(cast.reader)
    page = browser.get("/assets/with-file")
    [image] = [one.attributes["src"] for one in page.all("img")]
    assert browser.raw("GET", image).headers["content-type"] == "image/webp"
    assert "plan <b>.png" in page.one("main").text
    assert "<b>.png" not in page.html


def test_the_list_is_narrowed_by_the_address(cast: Cast, visit: Visit) -> None:
    def listed(who: Any, **params: str) -> set[str]:
        page = visit(who).get(f"/assets?{urlencode(params)}")
        return {link for link in page.links if link.startswith("/assets/")}

    everything = {f"/assets/{SLUG}", "/assets/faq.price"}
    assert listed(cast.reader) == everything
    assert listed(cast.sales) == everything | {"/assets/draft.costs"}
    assert listed(cast.sales, status="draft") == {"/assets/draft.costs"}
    assert listed(cast.reader, kind="faq", persona="") == {"/assets/faq.price"}
    assert listed(cast.reader, stage="decision") == {f"/assets/{SLUG}"}
    assert listed(cast.author, mine="true") == everything | {"/assets/draft.costs"}
    assert listed(cast.sales, mine="true") == set()


def test_a_filter_that_there_is_not_is_told_in_place(cast: Cast, visit: Visit) -> None:
    for params in ({"kind": "poem"}, {"persona": "<script>"}):
        page = visit(cast.reader).get("/assets", status=422, **params)
        assert page.heading == "Library"
        assert "<script>" not in page.html


# --- versions, changes, history --------------------------------------------------------------------------------------


def write_next(app: FastAPI, cast: Cast, body: str) -> None:
    def write(session: Any, asset: Asset) -> None:
        text = replace(text_of(session, drafts.head_of(session, asset)), body=body, title="Objection: the price")
        drafts.write_version(session, cast.author, asset, text, base_number=asset.head_number, note="Shorter.")

    change(app, cast, SLUG, write)


def test_what_changed_is_marked_word_by_word_and_field_by_field(app: FastAPI, cast: Cast, visit: Visit) -> None:
    write_next(app, cast, "Ask first.\n\n### Then\n\nSay what <b>waiting</b> costs.\n")
    page = visit(cast.author).get(f"/assets/{SLUG}/changes?from=1&to=2")
    assert "nothing" in [one.text for one in page.all("del")]
    assert "waiting" in [one.text for one in page.all("ins")]
    assert "Objection: the price" in [one.text for one in page.all("ins")]
    assert "<b>waiting" not in page.html


def test_readers_see_the_versions_that_were_live_and_no_history(app: FastAPI, cast: Cast, visit: Visit) -> None:
    write_next(app, cast, "Another answer.\n")
    reader, author = visit(cast.reader), visit(cast.author)
    assert "Version 2" not in reader.get(f"/assets/{SLUG}/versions").one("main").text
    assert "Version 2" in author.get(f"/assets/{SLUG}/versions").one("main").text
    assert reader.raw("GET", f"/assets/{SLUG}/versions/2").status_code == 404
    assert reader.raw("GET", f"/assets/{SLUG}/changes?from=1&to=2").status_code == 404
    assert reader.raw("GET", f"/assets/{SLUG}/history").status_code == 403
    assert "Shorter." in author.get(f"/assets/{SLUG}/versions/2").one("main").text


def test_the_history_says_who_did_what(cast: Cast, visit: Visit) -> None:
    text = visit(cast.sales).get(f"/assets/{SLUG}/history").one("main").text
    for words in ("wrote the first version", "asked both teams for a review", "approved for Marketing"):
        assert words in text
