"""Imports by the page: a file is brought, looked at, read as somebody says, reported."""

import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import select

from hub.deals.models import Deal
from hub.errands.models import Errand
from hub.imports.csv_rows import LONGEST_CELL
from tests.factories.assets import Cast
from tests.web.pages import PageText, Visitor

Visit = Callable[[Any], Visitor]
DEALS = (
    "Opportunity ID;Sales Agent;Deal Stage;Engage Date;Close Value;Sector\n"
    "O-1;Zoë Quist;Won;31.03.2026;1.234,50;<script>alert(1)</script>\n"
    "O-2;Zoë Quist;Prospecting;02.04.2026;;retail\n"
    "O-3;;Won;02.04.2026;90;retail\n"
    "O-4;Ada;Paused;not a day;=1+1;retail\n"
).encode()


def bring(browser: Visitor, data: bytes, table: str = "deals", name: str = "crm.csv", **fields: str) -> Any:
    files = {"file": (name, data, "text/csv")}
    return browser.raw("POST", "/imports", data={"table": table, **fields}, files=files)


def begun(browser: Visitor, data: bytes, table: str = "deals") -> str:
    answer = bring(browser, data, table)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def mapping_of(page: PageText) -> dict[str, str]:
    """The form as the page offers it."""
    fields: dict[str, str] = {}
    name = ""
    for one in page.elements:
        if one.tag == "select":
            name = one.attributes["name"]
        elif one.tag == "option" and ("selected" in one.attributes or name not in fields):
            fields[name] = one.attributes.get("value", one.text.strip())
        elif one.tag == "input" and one.attributes.get("type") not in {"checkbox", "radio", "search"}:
            fields[one.attributes.get("name", "")] = one.attributes.get("value", "")
    return fields


def run(app: FastAPI) -> None:
    while app.state.runner.run_once():
        pass


def test_a_file_is_guessed_mapped_imported_and_its_rejected_rows_come_back(
    app: FastAPI, cast: Cast, visit: Visit
) -> None:
    browser = visit(cast.admin)
    address = begun(browser, DEALS)
    page = browser.get(address)
    form = mapping_of(page)
    assert form["column.deal_id"] == "Opportunity ID"
    assert form["column.owner"] == "Sales Agent"
    assert form["column.outcome"] == "Deal Stage" == form["column.stage"]
    assert form["column.amount"] == "Close Value"
    assert form["column.industry"] == "Sector"
    assert "<script>alert" in page.one("table", class_="raw").text
    form |= {"dates": "%d.%m.%Y", "decimal_comma": "1", "source": "old-crm", "do": "look"}
    form |= {f"means.outcome.{place}": "open" for place in range(3) if form[f"word.outcome.{place}"] == "Prospecting"}
    assert browser.post(f"{address}/mapping", **form).headers["location"].startswith(address)
    page = browser.get(address)
    assert "Of its 4 rows 2 can be taken" in " ".join(page.one("section", id="what-would-happen").text.split())
    toml = tomllib.loads(browser.raw("GET", f"{address}/mapping.toml").text)
    assert toml["source"] == "old-crm"
    assert toml["deals"]["values"]["outcome"] == {"Prospecting": "open"}
    with app.state.hub.database.reading() as session:
        assert session.exec(select(Deal)).all() == []  # looking writes nothing
    assert browser.post(f"{address}/mapping", **(form | {"do": "run"})).headers["location"] == address
    assert "Waiting" in browser.fragment(address)
    run(app)
    page = browser.get(address)
    counts = {one.text.strip() for one in page.all("div") if one.text.strip().endswith(("read", "new", "rejected"))}
    assert {"4read", "2new", "2rejected"} <= {"".join(it.split()) for it in counts}
    rejected = browser.raw("GET", f"{address}/rejected.csv")
    assert rejected.headers["content-disposition"].endswith('"crm-rejected.csv"')
    text = rejected.content.decode("utf-8-sig")
    assert (
        text.splitlines()[0] == "row,column,reason,Opportunity ID,Sales Agent,Deal Stage,Engage Date,Close Value,Sector"
    )
    assert "O-3" in text
    assert ",'=1+1," in text  # a spreadsheet must not reckon it out
    with app.state.hub.database.reading() as session:
        found = {deal.external_id: deal for deal in session.exec(select(Deal))}
        assert set(found) == {"O-1", "O-2"}
        assert (found["O-1"].source, found["O-1"].outcome, str(found["O-1"].amount)) == ("old-crm", "won", "123450")
    assert list(app.state.hub.blobs.keys("imports")) == ["imports/rejected-1"]  # the upload itself is gone


def test_the_same_file_again_changes_nothing_and_is_read_as_before(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.admin)
    data = b"Nummer,Wer,Wie,Seit\n1,Ada,won,2026-01-05\n"
    address = begun(browser, data)
    form = mapping_of(browser.get(address))
    form |= {"column.deal_id": "Nummer", "column.owner": "Wer", "column.outcome": "Wie", "column.created": "Seit"}
    browser.post(f"{address}/mapping", **form, do="run")
    run(app)
    again = begun(browser, data)
    assert mapping_of(browser.get(again))["column.created"] == "Seit"
    assert "1 of these the hub knows already" in browser.get(again).one("section", id="what-would-happen").text
    browser.post(f"{again}/mapping", **mapping_of(browser.get(again)), do="run")
    run(app)
    with app.state.hub.database.reading() as session:
        report = session.get_one(Errand, int(again.rpartition("/")[2])).report
    assert (report["read"], report["new"], report["unchanged"]) == (1, 0, 1)
    assert "would change nothing" in browser.get(again).one("main").text


def test_what_is_needed_must_be_chosen_before_it_runs(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.admin)
    address = begun(browser, b"a,b\n1,2\n")
    answer = browser.post(f"{address}/mapping", **mapping_of(browser.get(address)), do="run")
    assert answer.status_code == 422
    assert "has no column deal_id" in PageText(answer.text).one("div", role="alert").text
    assert not app.state.runner.run_once()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\x00\x01\x02PNG\x00" * 50, "is not UTF-8 text"),
        ("deal_id,owner\n1,Zoë\n".encode("utf-16"), "is not UTF-8 text"),
        (b"", "is empty"),
        (b"\n\n\n", "is empty"),
        (b"a,a\n1,2\n", "twice"),
        (b"," * 500 + b"x\n", "columns, at most"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_plain_words(cast: Cast, visit: Visit, data: bytes, told: str) -> None:
    answer = bring(visit(cast.admin), data)
    assert answer.status_code == 422
    assert told in PageText(answer.text).one("div", role="alert").text


def test_one_endless_line_is_bounded(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.admin)
    data = (
        b"deal_id,owner,outcome,created\n"
        + b"1,"
        + b"x" * (3 * LONGEST_CELL)
        + b",won,2026-01-01\n2,Ada,won,2026-01-01\n"
    )
    address = begun(browser, data)
    browser.post(f"{address}/mapping", **mapping_of(browser.get(address)), do="run")
    run(app)
    assert browser.get(address).one("h1").text == "Import of deals"


def test_wrong_encoding_in_a_row_is_told_with_its_column(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.admin)
    data = "deal_id,owner,outcome,created\n1,Zo\xeb,won,2026-01-01\n2,Ada,won,2026-01-01\n".encode("latin-1")
    page = browser.get(begun(browser, data))
    assert "this is not UTF-8" in page.one("section", id="what-would-happen").text


def test_a_file_beyond_the_limit_is_refused_and_the_command_named(app: FastAPI, cast: Cast, visit: Visit) -> None:
    app.state.hub.settings.max_import_bytes = 1_000
    answer = bring(visit(cast.admin), b"deal_id\n" * 30_000)
    assert answer.status_code == 413
    assert "hub import --deals FILE" in PageText(answer.text).one("div", role="alert").text


def test_a_file_larger_than_the_bodies_of_the_api_is_taken(app: FastAPI, cast: Cast, visit: Visit) -> None:
    data = b"deal_id,owner,outcome,created\n" + b"1,Ada,won,2026-01-01\n" * 600_000
    assert len(data) > app.state.hub.settings.max_body_bytes
    assert "Of the first 1000 rows" in " ".join(
        visit(cast.admin).get(begun(visit(cast.admin), data)).one("section", id="what-would-happen").text.split()
    )


def test_a_file_can_be_forgotten(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.admin)
    address = begun(browser, DEALS)
    assert browser.post(f"{address}/removal").status_code == 303
    assert list(app.state.hub.blobs.keys("imports")) == []
    assert browser.raw("GET", address).status_code == 404


def test_somebody_who_is_no_admin_any_more_imports_nothing(app: FastAPI, cast: Cast, visit: Visit) -> None:
    from hub.people.models import Person

    browser = visit(cast.admin)
    address = begun(browser, b"deal_id,owner,outcome,created\n1,Ada,won,2026-01-01\n")
    browser.post(f"{address}/mapping", **mapping_of(browser.get(address)), do="run")
    with app.state.hub.database.transaction() as session:
        session.get_one(Person, cast.admin.id).role = "reader"
    run(app)
    with app.state.hub.database.reading() as session:
        errand = session.exec(select(Errand)).one()
        assert (errand.state, session.exec(select(Deal)).all()) == ("failed", [])
        assert "you need the role admin" in str(errand.error)


def test_assets_may_come_in_live_as_imported_approvals(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.admin)
    address = begun(browser, b"id,title,kind\n7,Why us,FAQ\n", table="assets")
    form = mapping_of(browser.get(address)) | {"publish": "1", "do": "run"}
    browser.post(f"{address}/mapping", **form)
    run(app)
    page = browser.get("/assets/why-us")
    assert "import" in page.one("main").text.lower()


def test_the_content_folder_is_synced_and_carried_away(app: FastAPI, cast: Cast, visit: Visit) -> None:
    folder = app.state.hub.settings.content_dir
    (folder / "faq").mkdir(parents=True)
    (folder / "faq" / "why.md").write_text("---\ntitle: Why\nkind: faq\n---\nBecause.\n", encoding="utf-8")
    (folder / "broken.md").write_text("---\ntitle: [\n---\n", encoding="utf-8")
    browser = visit(cast.admin)
    address = browser.post("/imports/folder").headers["location"]
    run(app)
    page = browser.get(address)
    assert "broken.md" in page.one("main").text
    assert browser.get("/assets/faq.why").heading
    address = browser.post("/imports/archive", which="newest").headers["location"]
    run(app)
    answer = browser.raw("GET", f"{address}/library.zip")
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert b"Because." in archive.read("faq/why.md")


def test_a_kept_mapping_is_used_and_what_an_upload_cannot_join_is_left_out(
    app: FastAPI, cast: Cast, visit: Visit
) -> None:
    browser = visit(cast.admin)
    header = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
    data = (header + "1,Ada,GTXPro,Acme,Engaging,2026-01-05,,\n").encode()
    assert "crm-sample.toml" in browser.get("/imports").one("select", name="saved").text
    answer = bring(browser, data, saved="crm-sample.toml")
    page = browser.get(answer.headers["location"])
    form = mapping_of(page)
    assert (form["source"], form["column.deal_id"]) == ("crm-sample", "opportunity_id")
    assert "Of its 1 row 1 can be taken" in " ".join(page.one("section", id="what-would-happen").text.split())
    toml = browser.raw("GET", f"{answer.headers['location']}/mapping.toml").text
    assert "join" not in toml
    assert tomllib.loads(toml)["deals"]["values"]["products"] == {"GTXPro": "GTX Pro"}
    again = browser.raw(
        "POST", "/imports", data={"table": "deals"},
        files={"file": ("a.csv", data, "text/csv"), "mapping": ("m.toml", toml.encode(), "application/toml")},
    )  # fmt: skip
    assert again.status_code == 303


@pytest.mark.parametrize(("mapping", "told"), [(b"not = [toml", "not TOML"), (b"\xff\xfe", "not UTF-8")])
def test_a_mapping_that_is_none_is_refused(cast: Cast, visit: Visit, mapping: bytes, told: str) -> None:
    answer = visit(cast.admin).raw(
        "POST", "/imports", data={"table": "deals"},
        files={"file": ("a.csv", DEALS, "text/csv"), "mapping": ("m.toml", mapping, "application/toml")},
    )  # fmt: skip
    assert answer.status_code == 422
    assert told in PageText(answer.text).one("div", role="alert").text


def test_a_word_for_an_end_becomes_no_stage(app: FastAPI, cast: Cast, visit: Visit) -> None:
    browser = visit(cast.admin)
    data = b"deal_id,owner,Deal Stage,created\n1,Ada,Closed Won,2026-01-05\n2,Ada,Demo,2026-01-05\n"
    address = begun(browser, data)
    form = mapping_of(browser.get(address))
    assert form["column.outcome"] == form["column.stage"] == "Deal Stage"
    form |= {f"means.outcome.{place}": "open" for place in range(2) if form[f"word.outcome.{place}"] == "Demo"}
    browser.post(f"{address}/mapping", **form, do="run")
    run(app)
    assert [link.text for link in browser.get(address).all("a", class_="chip")] == ["Demo"]
