"""Tables of deals and stages: what rows become, and what happens to those that are of no use."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from hub.db import Database
from hub.deals import words
from hub.deals.imports import import_deals, import_stages
from hub.deals.models import Account, Deal, DealProduct, DealState, StageEntry, WaitingStage
from hub.errors import Invalid, NotAllowed
from hub.events.models import OutboxRow
from hub.people.models import Person
from hub.people.roles import HUB
from hub.taxonomy import terms
from hub.taxonomy.models import Term
from tests.factories.deals import bring_deals, bring_stages, deal_named, events_named, refused, table
from tests.factories.people import actor, make_person
from tests.factories.taxonomy import make_term

HEAD = "deal_id,owner,outcome,created"
FULL = """\
deal_id,owner,segment,industry,buyer_persona,competitor,source,amount,currency,created,closed,outcome,name,account,\
products,lost_reason,Region
D1,Ana@Example.com,SMB,retail,CFO,none,partner,44313.69,eur,2025-04-07,2025-04-25,lost,"Two, sites",Cancity,\
Slotting; Peak;Slotting,Price,North
"""
MAPPED = {"deal_stages": ["Discovery", "Proposal/Price quote"]}


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def term(session: Session, term_id: int | None) -> tuple[str, str, bool]:
    found = session.get_one(Term, term_id)
    return found.vocabulary, found.label, found.confirmed


def entries(session: Session) -> list[tuple[Any, ...]]:
    """What is known now, in the order of entering: deal, stage, entered, left, result."""
    query = (
        select(StageEntry, Deal.external_id, Term.label)
        .join(Deal, col(Deal.id) == StageEntry.deal_id)
        .join(Term, col(Term.id) == StageEntry.stage_id)
    )
    known = query.where(col(StageEntry.superseded_at).is_(None)).order_by(col(StageEntry.entered_at))
    return [
        (deal, label, f"{it.entered_at:%m-%d}", it.left_at and f"{it.left_at:%m-%d}", it.result)
        for it, deal, label in session.exec(known)
    ]


def test_a_row_becomes_a_deal_with_all_its_columns(database: Database) -> None:
    with database.transaction() as session:
        make_term(session, "segments", "smb", label="Small")
    report = bring_deals(database, FULL)
    assert (report.read, report.new, report.rejected) == (1, 1, [])
    assert sorted((it.vocabulary, it.label) for it in report.added_terms) == [
        ("industries", "retail"), ("lost_reasons", "Price"), ("personas", "CFO"), ("products", "Peak"),
        ("products", "Slotting"), ("sources", "partner"),
    ]  # fmt: skip
    with database.reading() as session:
        deal = deal_named(session, "D1")
        assert (deal.source, deal.name, deal.outcome, deal.no_decision) == ("csv", "Two, sites", "lost", False)
        assert (deal.amount, deal.currency) == (4_431_369, "EUR")
        assert (deal.created_at, deal.closed_at) == (day("2025-04-07"), day("2025-04-25"))
        assert session.get_one(Account, deal.account_id).name == "Cancity"
        assert term(session, deal.segment_id) == ("segments", "Small", True)
        assert term(session, deal.persona_id) == ("personas", "CFO", False)
        assert term(session, deal.lead_source_id) == ("sources", "partner", False)
        assert term(session, deal.lost_reason_id) == ("lost_reasons", "Price", False)
        assert deal.competitor_id is None
        assert len(session.exec(select(DealProduct)).all()) == 2
        assert deal.extra == {"Region": "North"}


def test_an_owner_is_a_known_person_or_becomes_one_without_a_sign_in(database: Database) -> None:
    with database.transaction() as session:
        ana = make_person(session, email="ana@example.com", name="Ana")
        ben = make_person(session, name="Ben Osei")
    rows = [("1", "ANA@example.com"), ("2", "Ben Osei"), ("3", "rep18"), ("4", "rep18"), ("5", "new@example.com")]
    bring_deals(database, table(HEAD, [(*row, "open", "2027-01-01") for row in rows]))
    with database.reading() as session:
        owners = [session.get_one(Person, deal_named(session, id).owner_id) for id, _ in rows]
        assert [it.id for it in owners[:2]] == [ana.id, ben.id]
        assert owners[2].id == owners[3].id
        assert [(it.name, it.email, it.password_hash, it.role) for it in (owners[2], owners[4])] == [
            ("rep18", None, None, "reader"),
            ("new", "new@example.com", None, "reader"),
        ]


@pytest.mark.parametrize(
    ("written", "outcome", "no_decision"),
    [
        ("open", "open", False),
        ("Closed Won", "won", False),
        ("closedlost", "lost", False),
        ("No decision", "lost", True),
    ],
)
def test_no_decision_is_told_apart_from_lost(database: Database, written: str, outcome: str, no_decision: bool) -> None:
    bring_deals(database, table(HEAD, [("1", "Ana", written, "2027-01-01")]))
    with database.reading() as session:
        deal = deal_named(session, "1")
        assert (deal.outcome, deal.no_decision) == (outcome, no_decision)
        assert (deal.lost_reason_id is not None) == no_decision


def test_a_lost_reason_that_means_no_decision_says_so(database: Database) -> None:
    with database.transaction() as session:
        make_term(session, "lost_reasons", "no-change", label="Decided to change nothing", synonyms=["no decision"])
    rows = [("1", "Status", "decided to change nothing"), ("2", "A", "Price"), ("3", "A", "")]
    text = table(f"{HEAD},lost_reason", [(id, who, "lost", "2027-01-01", reason) for id, who, reason in rows])
    bring_deals(database, text)
    with database.reading() as session:
        assert [deal_named(session, id).no_decision for id in "123"] == [True, False, False]


def test_an_open_deal_has_not_closed_and_its_expected_day_is_kept_beside(database: Database) -> None:
    rows = [("1", "A", "open", "2027-01-01", "2027-06-30", "Price")]
    bring_deals(database, table(f"{HEAD},closed,lost_reason", rows))
    with database.reading() as session:
        deal = deal_named(session, "1")
        assert (deal.closed_at, deal.lost_reason_id, deal.extra) == (None, None, {"expected_close": "2027-06-30"})


def test_importing_again_changes_only_what_changed(database: Database) -> None:
    rows = [(str(number), "Ana", "open", "2027-01-01", "100", "a;b") for number in range(4)]
    bring_deals(database, table(f"{HEAD},amount,products", rows))
    rows[1] = ("1", "Ben", "won", "2027-01-01", "120.50", "a;b")
    rows[2] = ("2", "Ana", "open", "2027-01-01", "100", "b;c")
    again = table(f"{HEAD},amount,products", rows)
    report = bring_deals(database, again)
    assert (report.new, report.changed, report.unchanged) == (0, 2, 2)
    assert bring_deals(database, again).unchanged == 4
    with database.reading() as session:
        deal = deal_named(session, "1")
        assert (deal.amount, deal.outcome) == (12_050, "won")
        products = select(Term.label).join(DealProduct).where(DealProduct.deal_id == deal_named(session, "2").id)
        assert sorted(session.exec(products)) == ["b", "c"]


def test_a_column_that_is_left_out_stays_as_it_is(database: Database) -> None:
    bring_deals(database, FULL)
    report = bring_deals(database, table(HEAD, [("D1", "ana@example.com", "lost", "2025-04-07")]))
    assert report.unchanged == 1


def test_stages_become_the_history_of_their_deals(database: Database) -> None:
    with database.transaction() as session:
        stage = session.exec(select(Term).where(Term.vocabulary == "stages", Term.key == "consideration")).one()
        stage.text = stage.text | MAPPED
    bring_deals(database, table(HEAD, [("1", "Ana", "open", "2027-01-01")]))
    text = table(
        "deal_id,stage,entered,left,result",
        [
            ("1", "proposal/price quote", "2027-02-01", "", ""),
            ("1", "discovery", "2027-01-01", "2027-01-29", "Advanced"),
            ("1", "Pricing", "2026-12-01", "2026-12-24", "won"),
        ],
    )
    report = bring_stages(database, text)
    assert (report.new, [it.label for it in report.added_terms]) == (3, ["Pricing"])
    with database.reading() as session:
        assert entries(session) == [
            ("1", "Pricing", "12-01", "12-24", "advanced"),
            ("1", "Discovery", "01-01", "01-29", "advanced"),
            ("1", "Proposal/Price quote", "02-01", None, None),
        ]
        assert term(session, deal_named(session, "1").stage_id)[1:] == ("Proposal/Price quote", True)
    assert bring_stages(database, text).unchanged == 3


def test_a_correction_of_the_history_keeps_what_was_known_before(database: Database) -> None:
    head = "deal_id,stage,entered,left,result"
    bring_deals(database, table(HEAD, [("1", "Ana", "open", "2027-01-01")]))
    bring_stages(database, table(head, [("1", "Demo", "2027-01-05", "", "")]))
    report = bring_stages(database, table(head, [("1", "Demo", "2027-01-05", "2027-01-20", "lost")]))
    assert (report.new, report.changed) == (0, 1)
    with database.reading() as session:
        before, now = session.exec(select(StageEntry).order_by(col(StageEntry.id)))
        assert (before.left_at, before.result, before.superseded_at) == (None, None, now.learnt_at)
        assert (now.left_at, now.result, now.superseded_at) == (day("2027-01-20"), "lost", None)


def test_stages_whose_deal_comes_later_wait_for_it(database: Database) -> None:
    head = "deal_id,stage,entered,left"
    assert bring_stages(database, table(head, [("1", "Demo", "2027-01-05", "")])).new == 1
    changed = table(head, [("1", "Demo", "2027-01-05", "2027-01-09"), ("2", "Demo", "2027-01-05", "")])
    report = bring_stages(database, changed)
    assert (report.new, report.changed) == (1, 1)
    assert bring_stages(database, changed).unchanged == 2
    bring_deals(database, table(HEAD, [("1", "Ana", "open", "2027-01-01")]))
    with database.reading() as session:
        assert entries(session) == [("1", "Demo", "01-05", "01-09", None)]
        assert term(session, deal_named(session, "1").stage_id)[1] == "Demo"
        assert session.exec(select(WaitingStage.external_id)).all() == ["2"]
    assert bring_stages(database, changed).unchanged == 2


def test_where_there_is_a_history_it_says_the_stage_and_else_the_deals_row(database: Database) -> None:
    head = f"{HEAD},stage"
    bring_deals(
        database, table(head, [("1", "A", "open", "2027-01-01", "Demo"), ("2", "A", "open", "2027-01-01", "Demo")])
    )
    bring_stages(database, table("deal_id,stage,entered", [("1", "Pilot", "2027-02-01")]))
    rows = [("1", "A", "open", "2027-01-01", "Contract"), ("2", "A", "open", "2027-01-01", "Contract")]
    bring_deals(database, table(head, rows))
    with database.reading() as session:
        stages = [term(session, deal_named(session, id).stage_id)[1] for id in "12"]
        assert stages == ["Pilot", "Contract"]


def test_rows_that_cannot_be_used_are_named_and_the_others_come_in(database: Database) -> None:
    head = f"{HEAD},amount,currency,closed,segment,name"
    good = ("A", "open", "2027-01-01", "", "", "", "", "")
    rows: list[tuple[str, ...]] = [
        ("", *good),
        ("2", "", "open", "2027-01-01", "", "", "", "", ""),
        ("3", "A", "maybe", "2027-01-01", "", "", "", "", ""),
        ("4", "A", "", "2027-01-01", "", "", "", "", ""),
        ("5", "A", "open", "soon", "", "", "", "", ""),
        ("6", "A", "open", "2027-01-01", "-5", "", "", "", ""),
        ("7", "A", "open", "2027-01-01", "1e30", "", "", "", ""),
        ("8", "A", "open", "2027-01-01", "", "EURO", "", "", ""),
        ("9", "A", "won", "2027-01-02", "", "", "2027-01-01", "", ""),
        ("10", *good),
        ("10", "B", *good[1:]),
        ("11", "A", "open", "2027-01-01", "", "", "", "s" * 201, ""),
        ("12", "o" * 201, *good[1:]),
        ("13", "A", "open", "2027-01-01", "", "", "", "", "n" * 301),
        ("14", *good, "too many"),
        ("15", "A", "open", "2027-01-01", "NaN", "", "", "", ""),
        ("16", "A", "open", "", "n/a", "", "", "", ""),
        ("17" * 200, *good),
    ]
    report = bring_deals(database, table(head, rows))
    found = refused(report)
    assert report.new == 3
    assert {row: column for row, (column, _) in found.items()} == {
        2: "deal_id", 3: "owner", 4: "outcome", 5: "outcome", 6: "created", 7: "amount", 8: "amount", 9: "currency",
        10: "closed", 12: "deal_id", 13: "segment", 14: "owner", 15: "name", 16: "", 19: "deal_id",
    }  # fmt: skip
    assert "row 11" in found[12][1]
    assert "map it with [deals.values.outcome]" in found[4][1]
    with database.reading() as session:
        assert sorted(session.exec(select(Deal.external_id))) == ["10", "15", "16"]
        assert deal_named(session, "15").amount is None
        assert deal_named(session, "16").created_at is None


def test_stages_that_cannot_be_are_named(database: Database) -> None:
    rows = [
        ("1", "Demo", "2027-01-10", "2027-01-09", "lost"),
        ("1", "Demo", "", "2027-01-09", ""),
        ("1", "", "2027-01-09", "", ""),
        ("1", "Demo", "2027-01-10", "", "advanced"),
        ("1", "Demo", "2027-01-10", "2027-02-10", "perhaps"),
        ("1", "Demo", "2027-01-10", "2027-01-10", ""),
        ("1", "demo ", "2027-01-10", "2027-01-12", ""),
        ("1", "Demo", "2027-01-10", "2027-01-10", ""),
        ("", "Demo", "2027-01-10", "", ""),
        ("1", "Call", "2027-01-10T15:00", "2027-01-10T14:00", ""),
        ("1", "Call", "2027-01-10T15:00", "2027-01-10", ""),
    ]
    report = bring_stages(database, table("deal_id,stage,entered,left,result", rows))
    found = refused(report)
    assert (report.new, report.unchanged) == (2, 1)
    assert {row: column for row, (column, _) in found.items()} == {
        2: "left", 3: "entered", 4: "stage", 5: "left", 6: "result", 8: "entered", 10: "deal_id", 11: "left",
    }  # fmt: skip
    assert "before it entered it" in found[2][1]
    assert "row 7" in found[8][1]


def test_a_row_that_is_there_twice_says_nothing_new(sqlite_database: Database) -> None:
    row = ("1", "Ana", "open", "2027-01-01")
    text = table(HEAD, [row, ("2", *row[1:]), row])
    assert (bring_deals(sqlite_database, text).new, bring_deals(sqlite_database, text).unchanged) == (2, 3)


def test_a_row_that_says_otherwise_is_refused_every_time(sqlite_database: Database) -> None:
    text = table(HEAD, [("1", "Ana", "open", "2027-01-01"), ("1", "Ana", "won", "2027-01-01")])
    assert [list(refused(bring_deals(sqlite_database, text))) for _ in range(2)] == [[3], [3]]
    with sqlite_database.reading() as session:
        assert deal_named(session, "1").outcome == "open"


def test_more_new_words_than_a_vocabulary_can_want_are_refused(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "MOST_NEW_WORDS", 3)
    text = table(f"{HEAD},segment", [(n, "Ana", "open", "2027-01-01", f"word {n % 5}") for n in range(10)])
    report = bring_deals(sqlite_database, text)
    assert (report.new, len(report.added_terms)) == (6, 3)
    assert {column for column, _ in refused(report).values()} == {"segment"}
    assert "is this the column of a segment?" in refused(report)[5][1]


def test_more_owners_than_a_company_has_are_refused(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "MOST_PEOPLE", 3)
    report = bring_deals(sqlite_database, table(HEAD, [(n, f"rep {n}", "open", "2027-01-01") for n in range(5)]))
    assert (report.new, {column for column, _ in refused(report).values()}) == (3, {"owner"})


def test_a_term_that_was_merged_since_is_found_by_the_word_it_had(database: Database) -> None:
    head = f"{HEAD},industry"
    rows = [("1", "Ana", "open", "2027-01-01", "technolgy"), ("2", "Ana", "open", "2027-01-01", "software")]
    bring_deals(database, table(head, rows))
    with database.transaction() as session:
        wrong, right = (
            session.exec(select(Term).where(Term.label == label)).one() for label in ("technolgy", "software")
        )
        terms.merge(session, HUB, wrong, into=right)
    assert bring_deals(database, table(head, rows)).unchanged == 2
    with database.reading() as session:
        assert {term(session, deal_named(session, id).industry_id)[1] for id in "12"} == {"software"}


def test_currencies_are_kept_as_they_are_and_nothing_is_converted(database: Database) -> None:
    rows = [("1", "A", "open", "2027-01-01", "100", "usd"), ("2", "A", "open", "2027-01-01", "100", "EUR")]
    text = table(f"{HEAD},amount,currency", [*rows, ("3", "A", "open", "2027-01-01", "100", "")])
    bring_deals(database, text)
    with database.reading() as session:
        money = [(deal.amount, deal.currency) for deal in session.exec(select(Deal).order_by(col(Deal.external_id)))]
        assert money == [(10_000, "USD"), (10_000, "EUR"), (10_000, None)]


def test_the_same_id_in_two_sources_is_two_deals(database: Database) -> None:
    row = [("1", "Ana", "open", "2027-01-01")]
    bring_deals(database, table(HEAD, row))
    assert bring_deals(database, table(HEAD, row), mapping='source = "old-crm"').new == 1
    stages = table("deal_id,stage,entered", [("1", "Demo", "2027-01-05")])
    bring_stages(database, stages, mapping='source = "old-crm"')
    with database.reading() as session:
        assert deal_named(session, "1").stage_id is None
        assert deal_named(session, "1", source="old-crm").stage_id is not None


def test_a_batch_tells_once_what_happened_to_all_its_deals(database: Database) -> None:
    head = f"{HEAD},stage"
    rows = [(str(n), "Ana", "open", "2027-01-01", "Demo") for n in range(3)]
    bring_deals(database, table(head, rows))
    bring_deals(database, table(head, rows))
    rows[1] = ("1", "Ana", "won", "2027-01-01", "Contract")
    bring_deals(database, table(head, rows))
    rows[1] = ("1", "Ana", "open", "2027-01-01", "Contract")
    bring_deals(database, table(head, rows))
    bring_stages(database, table("deal_id,stage,entered", [("2", "Pilot", "2027-01-05")]))
    with database.reading() as session:
        ids = {id: deal_named(session, id).id for id in "012"}
        made, closed, reopened, moved = [event.data for event in events_named(session, "deal.imported")]
        assert made["created"] == list(ids.values())
        assert (closed["closed"], list(closed["moved"])) == ([ids["1"]], [str(ids["1"])])
        assert closed["changed"][str(ids["1"])]["outcome"] == ["open", "won"]
        assert reopened["reopened"] == [ids["1"]]
        assert moved["staged"] == [ids["2"]]
        assert session.exec(select(func.count()).select_from(OutboxRow)).one() >= 4


def test_what_cannot_be_used_at_all_is_refused_as_a_whole(sqlite_database: Database) -> None:
    for text, part in (("deal_id,owner,outcome\n1,A,open\n", "created"), ("", "empty"), ("a,a\n", "twice")):
        with pytest.raises(Invalid, match=part):
            bring_deals(sqlite_database, text)
    with pytest.raises(Invalid, match="entered"):
        bring_stages(sqlite_database, "deal_id,stage\n1,Demo\n")


def test_only_an_admin_imports(sqlite_database: Database, tmp_path: Path) -> None:
    file = tmp_path / "deals.csv"
    file.write_text(table(HEAD, []))
    with sqlite_database.transaction() as session:
        rep = actor(session, role="approver")
    for read in (import_deals, import_stages):
        with file.open("rb") as opened, pytest.raises(NotAllowed):
            read(sqlite_database, opened, actor=rep)


# A CRM's export of several files, with the mapping that ships with the hub.

CRM = {
    "crm_sales_pipeline.csv": """\
opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
1C1I,Moses Frase,GTXPro,Cancity,Won,2016-10-20,2017-03-01,1054
Z063,Darcel Schlecht,GTX Pro,Isdom,Lost,2016-10-25,2017-03-11,0
EC4Q,Darcel Schlecht,MG Special,,Engaging,2016-10-25,,
MV1L,Moses Frase,MG Special,,Prospecting,,,
""",
    "crm_accounts.csv": "account,sector,employees\nCancity,technolgy,2448\nIsdom,medical,4540\n",
    "crm_products.csv": "product,series,sales_price\nGTX Pro,GTX,4821\nMG Special,MG,55\n",
    "crm_sales_teams.csv": "sales_agent,manager\nMoses Frase,Dustin Brinkmann\nDarcel Schlecht,Melvin Marxen\n",
}
MAPPING = Path(__file__).parents[2] / "content/_mappings/crm-sample.toml"


def crm(folder: Path, **changed: str) -> Path:
    for name, text in (CRM | {f"{name}.csv": text for name, text in changed.items()}).items():
        (folder / name).write_text(text)
    return folder


def bring_crm(database: Database, folder: Path) -> Any:
    text = (folder / "crm_sales_pipeline.csv").read_text()
    return bring_deals(database, text, mapping=MAPPING.read_text(), beside=folder)


def test_an_export_of_several_files_comes_in_whole(database: Database, tmp_path: Path) -> None:
    report = bring_crm(database, crm(tmp_path))
    assert (report.new, report.rejected) == (4, [])
    assert bring_crm(database, tmp_path).unchanged == 4
    with database.reading() as session:
        deals = {deal.external_id: deal for deal in session.exec(select(Deal))}
        assert [deals[id].outcome for id in ("1C1I", "Z063", "EC4Q", "MV1L")] == ["won", "lost", "open", "open"]
        stages = [deals[id].stage_id for id in ("1C1I", "Z063", "EC4Q", "MV1L")]
        assert stages[:2] == [None, None]
        assert [term(session, it)[1] for it in stages[2:]] == ["Engaging", "Prospecting"]
        assert (deals["MV1L"].created_at, deals["MV1L"].amount, deals["MV1L"].account_id) == (None, None, None)
        assert term(session, deals["1C1I"].industry_id) == ("industries", "technolgy", False)
        assert deals["1C1I"].extra == {
            "accounts.employees": "2448",
            "products.series": "GTX",
            "products.sales_price": "4821",
            "teams.manager": "Dustin Brinkmann",
        }
        products = {it.term_id for it in session.exec(select(DealProduct)) if it.deal_id != deals["EC4Q"].id}
        assert {term(session, it)[1] for it in products} == {"GTX Pro", "MG Special"}


def test_files_that_cannot_be_joined_are_refused_before_anything_is_written(
    sqlite_database: Database, tmp_path: Path
) -> None:
    folder = crm(tmp_path, crm_accounts="account,sector\nCancity,a\nCANCITY,b\n")
    with pytest.raises(Invalid, match="stands twice"):
        bring_crm(sqlite_database, folder)
    with pytest.raises(Invalid, match="nearest: acount"):
        bring_crm(sqlite_database, crm(tmp_path, crm_accounts="acount,sector,account_name\n"))
    (tmp_path / "crm_accounts.csv").unlink()
    with pytest.raises(Invalid, match="cannot be read: no such file"):
        bring_crm(sqlite_database, folder)
    with pytest.raises(Invalid, match="hub import"):
        bring_deals(sqlite_database, CRM["crm_sales_pipeline.csv"], mapping=MAPPING.read_text())
    with sqlite_database.reading() as session:
        assert session.exec(select(func.count()).select_from(Deal)).one() == 0


def test_a_deal_that_never_changed_needs_no_row_of_its_states(database: Database) -> None:
    bring_deals(database, table(HEAD, [("1", "Ana", "open", "2027-01-01"), ("2", "Ana", "open", "2027-01-01")]))
    bring_deals(database, table(HEAD, [("1", "Ana", "won", "2027-01-01"), ("2", "Ana", "open", "2027-01-01")]))
    with database.reading() as session:
        one = deal_named(session, "1")
        states = session.exec(select(DealState).order_by(col(DealState.id))).all()
        assert [(it.deal_id, it.outcome, it.learnt_at == one.learnt_at) for it in states] == [
            (one.id, "open", True),
            (one.id, "won", False),
        ]
