"""The editor's pages without script: what is typed comes back, what is wrong says where, and nothing is lost."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from hub.assets import drafts, library, working_copies
from hub.assets.models import Asset
from hub.assets.typed_fields import Typed
from hub.content import conflicts
from hub.planning import briefs, requests
from hub.planning.schemas import BriefIn, RequestIn
from tests.factories.assets import Cast, make_text
from tests.factories.documents import picture
from tests.web.conftest import deliver
from tests.web.pages import PageText, Visitor

Visit = Callable[[Any], Visitor]
SLUG = "objection.too-dear"
EDIT = f"/assets/{SLUG}/edit"
NEW = "/write/new?kind=objection"


def fields_of(page: PageText) -> dict[str, Any]:
    """What a browser would send of the editor's form; text areas come with CR LF."""
    inside = page.html.partition('<form id="editor"')[2].partition("</form>")[0]
    form = PageText(inside)
    fields: dict[str, Any] = {}
    for box in form.all("input"):
        name, kind = box.attributes.get("name"), box.attributes.get("type", "text")
        if name and kind == "checkbox" and "checked" in box.attributes:
            fields.setdefault(name, []).append(box.attributes["value"])
        elif name and kind not in ("checkbox", "file"):
            fields[name] = box.attributes.get("value", "")
    for area in form.all("textarea"):
        fields[area.attributes["name"]] = area.text.removeprefix("\n").replace("\n", "\r\n")
    for name in ("kind", "audience", "language"):
        chosen = inside.partition(f'name="{name}">')[2].partition("selected")[0]
        fields[name] = chosen.rpartition('value="')[2].partition('"')[0]
    return fields


def send(browser: Visitor, address: str, fields: dict[str, Any], deed: str, **changed: Any) -> Any:
    return browser.post(address, **fields | changed | {"deed": deed})


def begin(browser: Visitor, address: str = NEW) -> tuple[str, PageText]:
    answer = browser.raw("GET", address)
    assert answer.status_code == 303
    return answer.headers["location"], browser.get(answer.headers["location"])


def asset(app: FastAPI, slug: str) -> Asset:
    with app.state.hub.database.reading() as session:
        return library.find(session, slug)


def test_a_new_text_begins_with_the_template_of_its_kind_and_its_writer(cast: Cast, visit: Visit) -> None:
    _, page = begin(visit(cast.author))
    fields = fields_of(page)
    assert page.heading == "New objection"
    assert fields["title"] == "Objection: "
    assert "## Proof" in fields["body"]
    assert "Target: 200 to 350 words" in page.one("main").text
    assert (fields["kind"], fields["marketing"]) == ("objection", [cast.author.email])


def test_a_text_is_written_saved_and_submitted_without_script(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.author)
    address, page = begin(browser)
    changed = {
        "title": "Objection: too slow", "summary": "For those who ask how long it takes.", "body": "Four\r\nweeks.\r\n",
        "personas": ["cfo"], "stages": ["decision"], "more_sales": cast.sales.name, "review_by": "2099-01-01",
    }  # fmt: skip
    answer = send(browser, address, fields_of(page), "save", **changed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/assets/objection-too-slow/edit")
    page = browser.get("/assets/objection-too-slow/edit")
    assert "Nothing to look at" not in page.html  # it is short
    answer = send(browser, "/assets/objection-too-slow/edit", fields_of(page), "submit", note="Please.")
    assert answer.headers["location"] == "/reviews/objection-too-slow/1"
    with app.state.hub.database.reading() as session:
        detail = library.version_detail(session, library.find(session, "objection-too-slow"), 1)
    assert (detail.body, detail.submission and detail.submission.note) == ("Four\nweeks.\n", "Please.")


def test_the_invited_author_is_told_and_finds_the_text(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.author)
    address, page = begin(browser)
    send(browser, address, fields_of(page), "save", title="Together", more_sales=cast.sales.email)
    deliver(app)
    invited = visit(cast.sales)
    assert "Together" in invited.get("/write").one("main").text
    told = invited.raw("GET", "/api/v1/inbox", headers={"Accept": "application/json"}).json()["items"]
    assert [one["link"] for one in told if "together" in one["text"]] == ["/assets/together?version=draft"]


def test_a_preview_keeps_everything_typed_and_runs_nothing(cast: Cast, visit: Visit) -> None:
    browser = visit(cast.author)
    address, page = begin(browser)
    hostile = "x <script>alert(1)</script> <img src=x onerror=alert(1)> [a](javascript:alert(1)) <style>*{}</style>\n"
    answer = send(browser, address, fields_of(page), "preview", title="Half", body=hostile, review_by="soon")
    page = PageText(answer.text)
    assert answer.status_code == 200
    assert not [one for one in page.all("script") if not one.attributes["src"].startswith("/static/")]
    assert not [one for one in page.elements if any(name.startswith("on") for name in one.attributes)]
    assert not [link for link in page.links if link.startswith("javascript:")]
    again = browser.get(address)
    assert fields_of(again)["body"] == hostile.replace("\n", "\r\n")
    assert "Not saved yet" in again.one("main").text
    assert "Half" in browser.get("/write").one("main").text


def test_what_cannot_be_used_is_told_at_its_field_with_the_nearest_and_stays(cast: Cast, visit: Visit) -> None:
    browser = visit(cast.author)
    address, page = begin(browser)
    wrong = {"title": "", "stages": ["decisoin"], "more_sales": "Nobody At All", "review_by": "soon", "body": "Mine."}
    answer = send(browser, address, fields_of(page), "save", **wrong)
    page = PageText(answer.text)
    assert answer.status_code == 422
    assert "nearest: decision" in page.one("p", id="f-stages-wrong").text
    assert "nobody called" in page.one("p", id="f-sales-wrong").text
    assert "2027-03-01" in page.one("p", id="f-review_by-wrong").text
    fields = fields_of(page)
    assert (fields["stages"], fields["sales"], fields["body"]) == (["decisoin"], ["Nobody At All"], "Mine.")
    answer = send(browser, address, fields, "save", stages=[], sales=[], review_by="")
    assert "this is needed" in PageText(answer.text).one("p", id="f-title-wrong").text


def test_a_newer_version_is_shown_beside_and_nothing_typed_is_lost(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.author)
    fields = fields_of(browser.get(EDIT))
    with app.state.hub.database.transaction() as session:
        held = drafts.locked(session, SLUG)
        drafts.write_version(session, cast.sales, held, make_text(session, body="Theirs.\n"), base_number=1)
    answer = send(browser, EDIT, fields, "save", body="Mine.\n")
    page = PageText(answer.text)
    assert answer.status_code == 409
    assert f"{cast.sales.name} saved version 2" in page.one("h2", id="newer").text
    assert page.one("textarea", id="theirs").text.strip() == "Theirs."
    assert page.one("textarea", id="f-body").text.strip() == "Mine."
    assert "saved version 2" in browser.get(EDIT).one("h2", id="newer").text  # and when coming back later
    answer = send(browser, EDIT, fields_of(page), "save", body="Both.\n")
    assert answer.status_code == 303
    assert asset(app, SLUG).head_number == 3
    assert "saved version" not in browser.get(EDIT).html


def test_a_third_version_in_between_is_shown_too(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.author)
    fields = fields_of(browser.get(EDIT))
    for base in (1, 2):
        with app.state.hub.database.transaction() as session:
            held = drafts.locked(session, SLUG)
            drafts.write_version(session, cast.sales, held, make_text(session), base_number=base)
        answer = send(browser, EDIT, fields, "save", body="Mine.\n")
        assert answer.status_code == 409
        fields = fields_of(PageText(answer.text))
        assert fields["merged_version"] == str(base + 1)


def test_details_change_without_a_new_version_and_an_address_moves(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.author)
    fields = fields_of(browser.get(EDIT))
    answer = send(browser, EDIT, fields, "save", review_by="2099-05-01", slug="objection.price")
    assert answer.headers["location"] == "/assets/objection.price/edit"
    moved = asset(app, "objection.price")
    assert (moved.head_number, str(moved.review_by)) == (1, "2099-05-01")
    assert browser.raw("GET", EDIT).headers["location"] == "/assets/objection.price/edit"


def test_others_see_who_is_at_it(app: FastAPI, cast: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        key = working_copies.key_of(library.find(session, SLUG))
        working_copies.keep(session, cast.sales, key, Typed(body="secret"), base_number=1, revision=0)
    browser = visit(cast.author)
    for page in (browser.get(EDIT).html, browser.fragment(f"{EDIT}/others", base_version=1)):
        assert f"{cast.sales.name} is writing here too" in page
        assert "secret" not in page


def test_discarding_brings_the_saved_text_back(cast: Cast, visit: Visit) -> None:
    browser = visit(cast.author)
    fields = fields_of(browser.get(EDIT))
    send(browser, EDIT, fields, "preview", body="Not so good.\n")
    assert "Not so good." in browser.get(EDIT).html
    answer = browser.post(EDIT, deed="discard")
    assert (answer.status_code, answer.headers["location"]) == (303, EDIT)
    page = browser.get(EDIT)
    assert "Not so good." not in page.html
    assert "Ask first." in fields_of(page)["body"]


def test_a_file_is_attached_by_the_plain_form(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.author)
    fields = fields_of(browser.get(EDIT)) | {"deed": "save"}
    file = {"files": ("plan b.png", picture("PNG", (40, 30)), "image/png")}
    assert browser.raw("POST", EDIT, data=fields, files=file).status_code == 303
    fields = fields_of(browser.get(EDIT))
    assert [value.partition(" ")[2] for value in fields["attachment"]] == ["plan b.png"]
    broken = {"files": ("x.pdf", b"no pdf", "application/pdf")}
    answer = browser.raw("POST", EDIT, data=fields | {"deed": "save", "body": "Kept."}, files=broken)
    assert answer.status_code == 422
    assert fields_of(PageText(answer.text))["body"] == "Kept."


def test_a_text_for_a_request_and_a_brief_begins_with_what_was_asked(app: FastAPI, cast: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        request, _ = requests.ask(session, cast.reader, RequestIn(needed="A sheet for IT", persona="cfo"))
        plan = {"title": "Costs, once more", "marketing_author": cast.author.email, "sales_author": cast.sales.email}
        brief = briefs.plan(session, cast.author, BriefIn.model_validate(plan))
        ids = request.id, brief.id
    browser = visit(cast.author)
    kinds = browser.get(f"/write/new?request={ids[0]}")
    assert "A sheet for IT" in kinds.one("main").text
    address, page = begin(browser, f"/write/new?kind=one_pager&request={ids[0]}")
    assert (fields_of(page)["title"], fields_of(page)["personas"]) == ("A sheet for IT", ["cfo"])
    assert send(browser, address, fields_of(page), "save").status_code == 303
    address, page = begin(browser, f"/write/new?kind=faq&brief={ids[1]}")
    assert send(browser, address, fields_of(page), "save", marketing=[], sales=[]).status_code == 303
    with app.state.hub.database.reading() as session:
        assert requests.locked(session, ids[0]).taken_by == cast.author.id
        assert briefs.locked(session, ids[1]).result_id == library.find(session, "costs-once-more").id


def test_a_script_is_told_where_to_go_instead_of_being_sent(cast: Cast, visit: Visit) -> None:
    browser = visit(cast.author)
    fields = fields_of(browser.get(EDIT)) | {"deed": "save", "body": "New.\n"}
    answer = browser.raw("POST", EDIT, data=fields, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, EDIT)


def test_the_checks_of_the_api_are_those_of_the_page(client: TestClient, cast: Cast, visit: Visit) -> None:
    given = {"kind": "objection", "body": "See [x](asset:not.there). Leverage it.\n", "stages": ["decisoin"]}
    answer = visit(cast.author).raw("POST", "/api/v1/checks", json=given)
    found = {one["code"]: one for one in answer.json()["findings"]}
    assert {"broken_link", "word_to_avoid", "not_understood", "no_title", "no_persona"} <= set(found)
    assert found["broken_link"]["line"] == 1
    assert "no_stage" not in found


@pytest.mark.parametrize("take", ["file", "hub"])
def test_a_conflict_is_shown_with_both_texts_and_chosen(
    app: FastAPI, cast: Cast, visit: Visit, take: str, tmp_path: Any
) -> None:
    browser = visit(cast.admin)
    path = make_conflict(app, cast)
    assert "1 file and the hub say different things" in browser.get("/reviews").one("main").text
    page = browser.get("/conflicts")
    assert path in page.one("main").text
    page = browser.get("/conflicts/one", path=path)
    assert "In the file now." in page.one("textarea", id="file-text").text
    assert "In the hub now." in page.one("textarea", id="hub-text").text
    answer = browser.post("/conflicts/choice", path=path, folder="", take=take)
    assert answer.status_code == 303
    assert answer.headers["location"] == (EDIT if take == "file" else "/conflicts")
    assert "Files and hub agree" in browser.get("/conflicts").one("main").text
    with app.state.hub.database.reading() as session:
        head = drafts.head_of(session, library.find(session, SLUG))
        assert head.body.strip() == ("In the file now." if take == "file" else "In the hub now.")
        assert conflicts.count_open(session) == 0


def make_conflict(app: FastAPI, cast: Cast) -> str:
    from hub import clock
    from hub.assets.models import ContentConflict, ContentFile
    from hub.events.names import EventName
    from hub.events.record import record

    text = "---\ntitle: Objection\nkind: objection\nslug: objection.too-dear\n---\nIn the file now.\n"
    with app.state.hub.database.transaction() as session:
        held = drafts.locked(session, SLUG)
        drafts.write_version(session, cast.sales, held, make_text(session, body="In the hub now.\n"), base_number=1)
        same = {"folder": "", "path": "objection/dear.md", "asset_id": held.id}
        file = {"digest": "0" * 64, "version_number": 1, "details_digest": "d"}
        session.add(ContentFile.model_validate(same | file))
        clash = {"file_text": text, "file_digest": "1" * 64, "head_number": 2, "found_at": clock.now()}
        session.add(ContentConflict.model_validate(same | clash))
        record(
            session, EventName.CONFLICT_FOUND, actor_id=None, subject=("asset", held.id, held.slug),
            path="objection/dear.md", head=2, attached=[],
        )  # fmt: skip
    return "objection/dear.md"
