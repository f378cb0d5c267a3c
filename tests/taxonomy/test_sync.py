"""taxonomy.yaml into the hub and back: what each side may change, and that neither loses anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from hub.db import Database
from hub.errors import NotAllowed
from hub.events.models import Event
from hub.people.models import Person
from hub.people.roles import HUB, Actor, Role
from hub.taxonomy import catalogue, terms, vocabulary
from hub.taxonomy.models import Term
from hub.taxonomy.schemas import SyncReport, TermChange, TermDetail, TermDraft
from hub.taxonomy.sync import sync_file
from tests.factories.people import actor
from tests.factories.taxonomy import make_term, make_version, tags_of

STARTER = Path(__file__).parents[2] / "content" / "taxonomy.yaml"
FILE = """\
personas:
  - key: cfo
    label: CFO
    synonyms: [finance director]
    goals: Sleep well.
    owners: {marketing: ana@example.com, sales: Ben Osei}
  - key: cto
    label: CTO
use_cases:
  - {key: returns, label: Returns}
"""


def _sync(database: Database, text: str, who: Actor = HUB) -> SyncReport:
    with database.transaction() as session:
        report = sync_file(session, who, text)
    assert report.read == report.new + report.changed + report.unchanged + len(report.rejected)
    return report


def _counts(report: SyncReport) -> tuple[int, int, int, int]:
    return report.new, report.changed, report.unchanged, len(report.rejected)


def _shown(database: Database, name: str, key: str) -> TermDetail:
    with database.reading() as session:
        return catalogue.read_one(session, HUB, name, key)


def _order(database: Database, name: str = "personas") -> list[str]:
    with database.reading() as session:
        return [term.key for term in vocabulary.terms_of(session, name)]


@contextmanager
def _edit(database: Database, name: str = "personas", key: str = "cfo") -> Iterator[tuple[Session, Actor, Term]]:
    """A person's work in the hub."""
    with database.transaction() as session:
        yield session, actor(session, role="approver"), vocabulary.find(session, name, key)


def _change(database: Database, key: str = "cfo", name: str = "personas", **changes: Any) -> None:
    with _edit(database, name, key) as (session, who, term):
        terms.change(session, who, term, TermChange.model_validate(changes))


# --- in -----------------------------------------------------------------------------------------------


def test_a_files_terms_are_added_with_everything_it_says(database: Database) -> None:
    report = _sync(database, FILE)
    assert _counts(report) == (3, 0, 0, 0)
    assert [(it.vocabulary, it.key, it.label) for it in report.added_terms] == [
        ("personas", "cfo", "CFO"),
        ("personas", "cto", "CTO"),
        ("use_cases", "returns", "Returns"),
    ]
    cfo = _shown(database, "personas", "cfo")
    assert (cfo.synonyms, cfo.text, cfo.confirmed) == (["finance director"], {"goals": "Sleep well."}, True)
    assert cfo.owners.marketing is not None
    assert cfo.owners.sales is not None
    assert (cfo.owners.marketing.team, cfo.owners.sales.name) == ("marketing", "Ben Osei")
    with database.reading() as session:
        assert vocabulary.resolve(session, {"use_cases": ["returns"]})["use_cases"][0].label == "Returns"


def test_terms_that_stand_only_in_the_hub_are_left_alone_and_listed(database: Database) -> None:
    _sync(database, FILE)
    report = _sync(database, "personas:\n- {key: cto, label: CTO}\n")
    assert _counts(report) == (0, 0, 1, 0)
    assert [it.key for it in report.only_in_hub if it.vocabulary in {"personas", "use_cases"}] == ["cfo", "returns"]
    assert _order(database) == ["cfo", "cto"]


def test_a_file_that_has_not_changed_writes_nothing(database: Database) -> None:
    _sync(database, FILE)
    with database.reading() as session:
        before = session.exec(select(func.count()).select_from(Event)).one()
    assert _counts(_sync(database, FILE)) == (0, 0, 3, 0)
    with database.reading() as session:
        assert session.exec(select(func.count()).select_from(Event)).one() == before


def test_a_changed_file_changes_the_hub_and_what_it_says_no_more_goes(database: Database) -> None:
    _sync(database, FILE)
    text = FILE.replace("CFO", "Chief of finance").replace("    synonyms: [finance director]\n", "")
    text = text.replace("goals: Sleep well.", "pains: Many.").replace("marketing: ana@example.com, ", "")
    assert _counts(_sync(database, text)) == (0, 1, 2, 0)
    cfo = _shown(database, "personas", "cfo")
    assert (cfo.label, cfo.synonyms, cfo.text) == ("Chief of finance", [], {"pains": "Many."})
    assert cfo.owners.marketing is None
    assert cfo.owners.sales is not None


def test_each_change_is_an_event_by_whoever_synced(database: Database) -> None:
    with database.transaction() as session:
        admin = actor(session, role="admin")
    _sync(database, FILE, admin)
    _sync(database, FILE.replace("label: CTO", "label: Technology"), admin)
    with database.reading() as session:
        events = session.exec(select(Event).where(Event.subject_name == "cto").order_by(col(Event.id))).all()
    assert [(event.name, event.actor_id) for event in events] == [("term.added", admin.id), ("term.changed", admin.id)]
    assert (events[1].data["before"], events[1].data["after"]) == ({"label": "CTO"}, {"label": "Technology"})


@pytest.mark.parametrize("role", [Role.READER, Role.CONTRIBUTOR, Role.APPROVER])
def test_only_admins_and_the_hub_itself_sync(sqlite_database: Database, role: Role) -> None:
    with sqlite_database.transaction() as session, pytest.raises(NotAllowed):
        sync_file(session, actor(session, role=role), FILE)


def test_the_built_in_terms_get_the_files_words(database: Database) -> None:
    report = _sync(database, "stages:\n- {key: decision, label: Entscheidung, deal_stages: [Proposal]}\n")
    assert _counts(report) == (0, 1, 0, 0)
    decision = _shown(database, "stages", "decision")
    assert (decision.label, decision.text["deal_stages"]) == ("Entscheidung", ["Proposal"])
    # The file has no opinion on what it never mentioned.
    assert decision.text["entry_criteria"]


def test_a_word_of_an_import_that_stands_in_the_file_is_confirmed_and_takes_the_files_label(database: Database) -> None:
    with database.transaction() as session:
        importer = actor(session, role="admin")
        terms.take_as_written(session, "industries", ["PARTS", "Food"], actor=importer)
    report = _sync(
        database,
        "industries:\n- {key: parts, label: Spare parts, note: Ours}\n- {key: food, label: Food, confirmed: false}\n",
    )
    assert _counts(report) == (0, 1, 1, 0)
    parts = _shown(database, "industries", "parts")
    assert (parts.label, parts.text, parts.confirmed) == ("Spare parts", {"note": "Ours"}, True)
    assert not _shown(database, "industries", "food").confirmed


def test_confirming_in_the_hub_outlasts_a_file_that_says_unconfirmed(sqlite_database: Database) -> None:
    text = "industries:\n- {key: food, label: Food, confirmed: false}\n"
    _sync(sqlite_database, text)
    with _edit(sqlite_database, "industries", "food") as (session, who, term):
        terms.confirm(session, who, term)
    assert _counts(_sync(sqlite_database, text)) == (0, 0, 1, 0)
    assert _shown(sqlite_database, "industries", "food").confirmed


# --- both sides ---------------------------------------------------------------------------------------


def test_an_edit_in_the_hub_outlasts_a_sync_of_the_old_file(database: Database) -> None:
    _sync(database, FILE)
    _change(database, label="Finance lead", synonyms=["FD"], text={"goals": "Ours"}, owners={"sales": None})
    assert _counts(_sync(database, FILE)) == (0, 0, 3, 0)
    cfo = _shown(database, "personas", "cfo")
    assert (cfo.label, cfo.synonyms, cfo.text, cfo.owners.sales) == ("Finance lead", ["FD"], {"goals": "Ours"}, None)


def test_edits_of_different_fields_come_together(database: Database) -> None:
    _sync(database, FILE)
    _change(database, label="Finance lead")
    assert _counts(_sync(database, FILE.replace("Sleep well.", "Sleep better."))) == (0, 1, 2, 0)
    cfo = _shown(database, "personas", "cfo")
    assert (cfo.label, cfo.text) == ("Finance lead", {"goals": "Sleep better."})


def test_edits_of_one_field_on_both_sides_are_shown_and_nothing_is_overwritten(database: Database) -> None:
    _sync(database, FILE)
    _change(database, text={"goals": "Ours"}, owners={"sales": "cleo@example.com"})
    theirs = FILE.replace("Sleep well.", "Theirs").replace("Ben Osei", "dan@example.com").replace("CTO", "New label")
    theirs = theirs.replace("label: CFO", "label: Not taken")
    for _ in range(2):
        report = _sync(database, theirs)
        assert len(report.rejected) == 1
        assert report.rejected[0].line == 2
        assert 'goals is "Theirs" here and "Ours" there' in report.rejected[0].reason
        assert [(it.key, it.line, it.field, it.in_file, it.in_hub) for it in report.conflicts] == [
            ("cfo", 2, "sales_owner", "dan@example.com", "cleo@example.com"),
            ("cfo", 2, "goals", "Theirs", "Ours"),
        ]
        cfo = _shown(database, "personas", "cfo")
        assert (cfo.label, cfo.text) == ("CFO", {"goals": "Ours"})
        assert _shown(database, "personas", "cto").label == "New label"


def test_a_conflict_ends_when_the_file_says_what_the_hub_says(database: Database) -> None:
    _sync(database, FILE)
    _change(database, label="Ours")
    assert len(_sync(database, FILE.replace("CFO", "Theirs")).conflicts) == 1
    assert _counts(_sync(database, FILE.replace("CFO", "Ours"))) == (0, 0, 3, 0)
    assert _counts(_sync(database, FILE.replace("CFO", "Later"))) == (0, 1, 2, 0)
    assert _shown(database, "personas", "cfo").label == "Later"


def test_a_conflict_ends_when_the_hub_says_what_the_file_says(database: Database) -> None:
    _sync(database, FILE)
    _change(database, label="Ours")
    assert len(_sync(database, FILE.replace("CFO", "Theirs")).conflicts) == 1
    _change(database, label="Theirs")
    assert _counts(_sync(database, FILE.replace("CFO", "Theirs"))) == (0, 0, 3, 0)


def test_a_term_that_a_person_wrote_in_the_hub_is_not_overwritten_by_a_files_first_words(database: Database) -> None:
    with database.transaction() as session:
        draft = TermDraft(key="cfo", label="Ours", text={"pains": "Ours too"})
        terms.add(session, actor(session, role="approver"), "personas", draft)
    report = _sync(database, FILE)
    assert [(it.field, it.in_file, it.in_hub) for it in report.conflicts] == [("label", "CFO", "Ours")]
    report = _sync(database, FILE.replace("CFO", "Ours"))
    assert _counts(report) == (0, 1, 2, 0)
    assert _shown(database, "personas", "cfo").text == {"goals": "Sleep well.", "pains": "Ours too"}


def test_a_file_of_another_name_has_a_memory_of_its_own(sqlite_database: Database) -> None:
    _sync(sqlite_database, FILE)
    _change(sqlite_database, label="Ours")
    with sqlite_database.transaction() as session:
        report = sync_file(session, HUB, FILE, name="other.yaml")
    assert [it.field for it in report.conflicts] == ["label"]
    assert report.rejected[0].file == "other.yaml"
    assert _sync(sqlite_database, FILE).conflicts == []


def test_a_term_that_was_removed_and_added_anew_has_no_history(sqlite_database: Database) -> None:
    """No new term gets the id of one that went: what the file said about the old one is not about it."""
    _sync(sqlite_database, "personas:\n- {key: old, label: Old}\n")
    with _edit(sqlite_database, key="old") as (session, who, term):
        gone = term.id
        terms.remove(session, who, term)
    with sqlite_database.transaction() as session:
        assert make_term(session, "personas", "new", label="New").id != gone
    report = _sync(sqlite_database, "personas:\n- {key: new, label: Newer}\n")
    assert (_counts(report), report.conflicts) == ((0, 1, 0, 0), [])


# --- renamed, merged ----------------------------------------------------------------------------------


def test_a_term_renamed_in_the_hub_is_still_the_files_term(database: Database) -> None:
    _sync(database, FILE)
    with _edit(database) as (session, who, term):
        terms.rename(session, who, term, key="finance-lead")
    report = _sync(database, FILE.replace("Sleep well.", "Sleep better."))
    assert _counts(report) == (0, 1, 2, 0)
    assert report.notes == ["line 2: the persona cfo is called finance-lead in the hub; write that key"]
    assert _order(database) == ["finance-lead", "cto"]
    assert _shown(database, "personas", "cfo").text == {"goals": "Sleep better."}
    assert _sync(database, FILE.replace("key: cfo", "key: finance-lead")).notes == []


def test_terms_merged_in_the_hub_stay_one(database: Database) -> None:
    _sync(database, FILE)
    with _edit(database, key="cto") as (session, who, term):
        version = make_version(session, term)
        terms.merge(session, who, term, into=vocabulary.find(session, "personas", "cfo"))
    report = _sync(database, FILE)
    assert _counts(report) == (0, 0, 3, 0)
    assert report.notes == ["line 7: the persona cto is one with cfo in the hub; take it out of the file"]
    assert _order(database) == ["cfo"]
    assert "CTO" in _shown(database, "personas", "cfo").synonyms
    with database.reading() as session:
        assert tags_of(session, version) == ["personas/cfo"]


def test_a_file_renames_a_term_by_naming_its_former_key(database: Database) -> None:
    _sync(database, FILE)
    with _edit(database) as (session, _, term):
        version = make_version(session, term)
    text = FILE.replace("- key: cfo", "- key: finance-lead\n    former_keys: [cfo, fd]")
    report = _sync(database, text)
    assert _counts(report) == (0, 1, 2, 0)
    assert _shown(database, "personas", "fd").former_keys == ["cfo", "fd"]
    assert _order(database) == ["finance-lead", "cto"]
    with database.reading() as session:
        assert tags_of(session, version) == ["personas/finance-lead"]
    assert _counts(_sync(database, text)) == (0, 0, 3, 0)


def test_a_former_key_that_finds_another_term_is_refused(database: Database) -> None:
    _sync(database, FILE)
    report = _sync(
        database,
        """\
personas:
- {key: cfo, label: CFO, former_keys: [cto]}
- {key: coo, label: COO, former_keys: [ops]}
- {key: cmo, label: CMO, former_keys: [ops]}
- {key: cio, label: CIO, former_keys: [cdo]}
- {key: cdo, label: CDO}
""",
    )
    assert [(it.line, it.reason) for it in report.rejected] == [
        (2, "cto cannot be a former key of the persona cfo: it finds another term"),
        (4, "ops cannot be a former key of the persona cmo: it finds another term"),
        (5, "cdo cannot be a former key of the persona cio: it finds another term"),
    ]
    assert _order(database) == ["cfo", "coo", "cdo", "cto"]


def test_a_file_cannot_rename_what_every_hub_has(sqlite_database: Database) -> None:
    text = "stages:\n- {key: closing, label: Closing, former_keys: [decision]}\n"
    report = _sync(sqlite_database, text)
    assert [it.reason for it in report.rejected] == [
        "Every hub has the stage decision; it cannot be renamed; change its label instead."
    ]
    assert _shown(sqlite_database, "stages", "decision").label == "Decision"


# --- deal stages, owners, mistakes --------------------------------------------------------------------


def test_a_deal_stage_moves_to_another_stage_in_one_sync(database: Database) -> None:
    text = "stages:\n- {key: awareness, label: A, deal_stages: [%s]}\n- {key: decision, label: D, deal_stages: [%s]}\n"
    _sync(database, text % ("Lead", "Demo, Proposal"))
    assert _counts(_sync(database, text % ("Lead, Demo", "Proposal"))) == (0, 2, 0, 0)
    assert _counts(_sync(database, text % ("Lead", "Proposal, Demo"))) == (0, 2, 0, 0)
    assert _shown(database, "stages", "decision").text["deal_stages"] == ["Proposal", "Demo"]


def test_a_deal_stage_that_the_hub_keeps_elsewhere_is_refused(database: Database) -> None:
    _sync(database, "stages:\n- {key: awareness, label: A, deal_stages: [Lead]}\n")
    _change(database, "awareness", "stages", text={"deal_stages": ["Lead", "Demo"]})
    report = _sync(
        database,
        """\
stages:
- {key: awareness, label: A, deal_stages: [Lead]}
- {key: decision, label: D, deal_stages: [demo]}
- {key: pilot, label: P, deal_stages: [Pilot]}
""",
    )
    assert _counts(report) == (1, 0, 1, 1)
    assert [(it.line, it.reason) for it in report.rejected] == [
        (3, 'the deal stage "demo" belongs to awareness in the hub; a deal stage is in one stage only')
    ]
    assert "deal_stages" not in _shown(database, "stages", "decision").text


def test_an_owner_of_the_other_team_is_refused_and_the_term_left_as_it_is(database: Database) -> None:
    _sync(database, FILE)
    report = _sync(database, FILE.replace("Ben Osei", "ana@example.com").replace("CFO", "New"))
    assert [(it.line, it.reason) for it in report.rejected] == [
        (2, "ana is in marketing; the sales owner is somebody of sales")
    ]
    assert _shown(database, "personas", "cfo").label == "CFO"


def test_owners_are_added_once_however_often_they_are_named(database: Database) -> None:
    text = "".join(f"- {{key: k{number}, label: K, owners: {{sales: Ben@Example.com}}}}\n" for number in range(5))
    _sync(database, "personas:\n" + text)
    _sync(database, "personas:\n" + text.replace("Ben@Example.com", "ben@example.com"))
    with database.reading() as session:
        assert [person.email for person in session.exec(select(Person))] == ["ben@example.com"]


def test_wrong_terms_are_reported_and_the_others_come_in(database: Database) -> None:
    report = _sync(database, FILE.replace("key: cto", "key: C T O") + "  - just words\nBad: []\n")
    assert _counts(report) == (2, 0, 0, 3)
    assert [it.line for it in report.rejected] == [7, 11, 12]
    assert {it.file for it in report.rejected} == {"taxonomy.yaml"}


def test_a_file_that_cannot_be_read_changes_nothing(database: Database) -> None:
    _sync(database, FILE)
    report = _sync(database, FILE.replace("CFO", "New") + "x: [")
    assert _counts(report) == (0, 0, 0, 1)
    assert _shown(database, "personas", "cfo").label == "CFO"


# --- order --------------------------------------------------------------------------------------------


def _personas(keys: str) -> str:
    return "personas:\n" + "".join(f"- {{key: {key}, label: {key.upper()}}}\n" for key in keys)


def test_a_new_term_is_shown_where_the_file_has_it(database: Database) -> None:
    _sync(database, _personas("ad"))
    with database.transaction() as session:
        make_term(session, "personas", "z")
    _sync(database, _personas("xabcd"))
    assert _order(database) == ["x", "a", "b", "c", "d", "z"]


def test_terms_that_need_not_move_keep_their_position(sqlite_database: Database) -> None:
    _sync(sqlite_database, _personas("ad"))
    _change(sqlite_database, "d", position=50)
    _sync(sqlite_database, _personas("abcd"))
    assert [_shown(sqlite_database, "personas", key).position for key in "abcd"] == [1, 2, 3, 50]


def test_the_files_new_order_is_taken(database: Database) -> None:
    _sync(database, _personas("abc"))
    with database.transaction() as session:
        make_term(session, "personas", "z", position=1)
    assert _counts(_sync(database, _personas("cab"))) == (0, 0, 3, 0)
    assert [key for key in _order(database) if key != "z"] == ["c", "a", "b"]


def test_an_order_made_in_the_hub_outlasts_a_sync(database: Database) -> None:
    _sync(database, _personas("abc"))
    _change(database, "a", position=9)
    _sync(database, _personas("abc"))
    assert _order(database) == ["b", "c", "a"]
    _sync(database, _personas("abcd"))
    assert _order(database) == ["b", "c", "d", "a"]
