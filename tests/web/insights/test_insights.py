"""The pages of insights over a computed company: figures with their range, basis, rows behind them, and files."""

import csv
import io
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select

from hub.assets.models import Version
from hub.insights import runs
from hub.insights.models import EvidenceRun, RunReason, RunState
from hub.insights.runs import Running
from hub.people.roles import HUB
from tests.factories.assets import Cast, make_live
from tests.web.insights.conftest import a_world
from tests.web.pages import PageText, Visitor

Visit = Callable[[Any], Visitor]
FILES = {
    "/insights": ("csv", "svg"),
    "/insights/does-nothing": ("csv", "svg"),
    "/insights/never-used": ("csv",),
    "/insights/hot-but-stale": ("csv",),
    "/insights/money": ("csv", "svg"),
    "/insights/hold-outs": ("csv",),
    "/insights/funnel": ("csv", "svg"),
    "/insights/outcomes": ("csv", "svg"),
    "/insights/sources": ("csv", "svg"),
    "/insights/capture": ("csv", "svg"),
    "/insights/coverage": ("csv", "svg"),
    "/insights/freshness": ("csv", "svg"),
    "/insights/search": ("csv",),
    "/insights/runs": ("csv",),
}


def table_of(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def words_of(page: PageText) -> str:
    return " ".join(page.one("main").text.split())


def titles(page: PageText) -> list[str]:
    return [one.text for one in page.all("a") if one.attributes.get("href", "").startswith("/insights/assets/asset-")]


def test_what_helps_comes_first_with_its_range_and_what_it_rests_on(company: Cast, visit: Visit) -> None:
    page = visit(company.author).get("/insights")
    assert set(titles(page)[0:6:2]) <= {"Asset 0", "Asset 1", "Asset 2"}
    assert f"From {len(a_world().deals)} deals" in words_of(page)
    assert "finished stages" in words_of(page)
    ranges = [one.attributes["aria-label"] for one in page.all("svg", role="img") if "track" in one.attributes["class"]]
    assert all("points of win rate, likely between" in label for label in ranges)
    assert ranges
    assert "Proven to help" in words_of(page)


def test_a_heading_sorts_and_turns_round(company: Cast, visit: Visit) -> None:
    browser = visit(company.author)
    page = browser.get("/insights", sort="n")
    heading = next(one for one in page.all("th", aria_sort="descending"))
    assert "Deals" in heading.text
    link = page.one("a", id="sort-n").attributes["href"]
    assert "order=worst" in link
    turned = browser.get(link)
    assert titles(turned)[0::2] != titles(page)[0::2]
    assert "Deals" in turned.one("th", aria_sort="ascending").text


def test_filters_narrow_and_htmx_gets_the_rows_alone(company: Cast, visit: Visit) -> None:
    browser = visit(company.author)
    rows = browser.fragment("/insights", verdict="goes_with_losing")
    assert "<html" not in rows
    assert "Nothing fits all of these" in rows
    page = browser.get("/insights", stage="discovery")
    assert "discovery" in words_of(page)
    assert page.one("option", value="discovery", selected="").text == "discovery"
    browser.get("/insights", stage="no-such-stage", status=422)


@pytest.mark.parametrize("address", FILES)
def test_every_page_has_its_table_and_its_picture_as_files(address: str, company: Cast, visit: Visit) -> None:
    browser = visit(company.author)
    page = browser.get(address)
    offered = [link for link in page.links if "as=" in link]
    assert [link.rpartition("as=")[2] for link in offered] == list(FILES[address])
    for link in offered:
        if link.endswith("csv"):
            table_of(browser.raw("GET", link))
        else:
            answer = browser.raw("GET", link)
            picture = ET.fromstring(answer.content)  # noqa: S314 - our own
            assert picture.attrib["role"] == "img"
            assert answer.headers["content-type"].startswith("image/svg+xml")
            assert "script-src" not in answer.headers["content-security-policy"].replace("default-src 'none'", "")


def test_a_table_holds_the_same_numbers_as_the_page(company: Cast, visit: Visit) -> None:
    browser = visit(company.author)
    rows = table_of(browser.raw("GET", "/insights?as=csv"))
    assert len(rows) == a_world().assets
    best = rows[0]
    assert float(best["low"]) <= float(best["points"]) <= float(best["high"])
    assert best["known_as_of"]
    page = browser.get("/insights")
    assert f"+{float(best['points']):.1f}" in words_of(page)


def test_a_title_is_never_a_formula(app: FastAPI, company: Cast, visit: Visit) -> None:
    evil = ["=1+1", "+1+cmd|x", "-1 day", "@SUM(A1)", "\uff1d1+1", '=HYPERLINK("http://x")']
    with app.state.hub.database.transaction() as session:
        for place, title in enumerate(evil):
            make_live(session, company, slug=f"spread-{place}", title=title)
    rows = table_of(visit(company.author).raw("GET", "/insights/never-used?as=csv"))
    assert {f"'{title}" for title in evil} <= {row["title"] for row in rows}


def test_a_title_in_a_picture_stays_text(app: FastAPI, company: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        for version in session.exec(select(Version)):
            version.title = "<script>alert(1)</script>"
    answer = visit(company.author).raw("GET", "/insights?as=svg")
    assert b"<script" not in answer.content
    assert b"&lt;script&gt;" in answer.content


def test_one_asset_shows_its_sentence_its_stages_and_its_deals(company: Cast, visit: Visit) -> None:
    page = visit(company.author).get("/insights/assets/asset-0")
    said = words_of(page)
    assert "Deals that used it moved on" in said
    assert "By stage" in said
    assert "Plain difference" in said
    assert any(link.startswith("/deals/csv/D") for link in page.links)
    uses = table_of(visit(company.author).raw("GET", "/insights/assets/asset-0?as=csv"))
    assert {"used_at", "deal", "action"} <= set(uses[0])
    visit(company.author).get("/insights/assets/nothing", status=404)


def test_no_file_names_who_used_what(company: Cast, visit: Visit) -> None:
    browser = visit(company.author)
    for address in [*FILES, "/insights/assets/asset-0"]:
        answer = browser.raw("GET", f"{address}?as=csv")
        columns = answer.content.decode("utf-8-sig").splitlines()[0].split(",")
        assert not {"person", "owner", "rep", "people_names", "email"} & set(columns)


def test_money_says_that_it_is_no_evidence(company: Cast, visit: Visit) -> None:
    page = visit(company.author).get("/insights/money")
    assert "Not evidence." in words_of(page)
    assert "Shapley" in words_of(page)
    assert "Expected extra" in words_of(page)


def test_an_old_report_says_that_it_is_old(company: Cast, visit: Visit) -> None:
    page = visit(company.author).get("/insights", run=1)
    assert "An old report, as it was." in words_of(page)
    assert "Run 1" in words_of(page)
    assert titles(page)
    visit(company.author).get("/insights", run=99, status=404)


def test_a_run_tells_how_far_it_is_until_it_is_over(app: FastAPI, company: Cast, visit: Visit) -> None:
    browser = visit(company.marketing)
    answer = browser.post("/insights/runs")
    assert answer.status_code == 303
    address = answer.headers["location"]
    assert "Waiting for the worker" in words_of(browser.get(address))
    running = Running.begin(app.state.hub.database, RunReason.ASKED)
    running.tell(0.4, "fitting")
    fragment = PageText(browser.fragment(address))
    assert fragment.one("progress").attributes["value"] == "40"
    assert fragment.one("section").attributes["hx-trigger"] == "every 1s"
    running.end(RunState.FAILED, "no room on the disk")
    over = browser.fragment(address)
    assert "no room on the disk" in over
    assert "hx-trigger" not in over


def test_who_may_not_compute_is_not_offered_it(company: Cast, visit: Visit) -> None:
    assert not [one for one in visit(company.author).get("/insights/runs").all("form") if "runs" in str(one.attributes)]
    assert visit(company.author).post("/insights/runs").status_code == 403


def test_a_hold_out_is_started_shown_and_ended(company: Cast, visit: Visit) -> None:
    browser = visit(company.marketing)
    refused = browser.post("/insights/hold-outs", asset="asset-none", stage="", share="0.5")
    assert refused.status_code == 404
    assert 'value="asset-none"' in refused.text
    assert browser.post("/insights/hold-outs", asset="asset-1", stage="discovery", share="0.5").status_code == 303
    page = browser.get("/insights/hold-outs")
    assert "too early to say" in words_of(page)
    assert browser.post("/insights/hold-outs", asset="asset-1", stage="", share="0.5").status_code == 409
    ends = [one.attributes["action"] for one in page.all("form") if one.attributes["action"].endswith("/end")]
    assert browser.post(ends[0]).status_code == 303
    assert "Ended" in words_of(browser.get("/insights/hold-outs"))


def test_before_the_first_computation_a_page_says_what_to_do(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.marketing)
    for address in ("/insights", "/insights/funnel", "/insights/sources", "/insights/money", "/insights/runs"):
        page = browser.get(address)
        assert "Nothing has been computed yet" in words_of(page)
        assert [one for one in page.all("form") if one.attributes.get("action") == "/insights/runs"]
    assert app.state.hub.database is not None


def test_coverage_is_a_table_whose_cells_lead_to_the_assets_and_the_queue(cast: Cast, visit: Visit) -> None:
    page = visit(cast.author).get("/insights/coverage")
    assert any(link.startswith("/?persona=cfo&stage=decision") for link in page.links)
    assert page.all("th", scope="col")
    assert page.all("th", scope="row")
    for by in ("open", "live", "asked"):
        visit(cast.author).get("/insights/coverage", by=by)
    visit(cast.author).get("/insights/coverage", segment="nothing", status=404)


def test_a_nightly_run_is_no_bigger_a_page(app: FastAPI, company: Cast, visit: Visit) -> None:
    with app.state.hub.database.transaction() as session:
        runs.ask(session, HUB)
        assert session.get_one(EvidenceRun, 2).state == RunState.ASKED
    page = visit(company.author).get("/insights")
    assert "A new computation is asked for" in words_of(page)
