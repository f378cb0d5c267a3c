"""taxonomy.yaml written out, read in again, and the two sides over a long time."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from hub.db import Database
from hub.people.roles import HUB
from hub.taxonomy import catalogue, terms, vocabulary
from hub.taxonomy.schemas import Owners, TermChange, TermDraft
from hub.taxonomy.sync import export_text, sync_file
from tests.factories.people import actor
from tests.factories.taxonomy import undone

FILE = """\
personas:
- {key: cfo, label: CFO, synonyms: [finance director], owners: {marketing: ana@example.com, sales: Ben Osei}}
- {key: cto, label: CTO, goals: Sleep well.}
use_cases:
- {key: returns, label: Returns}
"""


def _everything(session: Session) -> list[dict[str, Any]]:
    shelves = catalogue.read_all(session, HUB).vocabularies
    hidden = {"position": True, "owners": {"marketing": {"id"}, "sales": {"id"}}}
    return [term.model_dump(exclude=hidden) for shelf in shelves for term in shelf.terms]


@pytest.fixture
def elsewhere(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """Another hub, without terms of its own."""
    database = Database(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'elsewhere.sqlite3')}")
    yield database
    database.close()


def test_an_export_changes_nothing_here_and_makes_the_same_terms_elsewhere(
    database: Database, elsewhere: Database
) -> None:
    with database.transaction() as session:
        sync_file(session, HUB, FILE)
        who, cfo = actor(session, role="approver"), vocabulary.find(session, "personas", "cfo")
        terms.rename(session, who, cfo, key="finance")
        terms.merge(session, who, vocabulary.find(session, "personas", "cto"), into=cfo)
        terms.add_unconfirmed(session, "industries", "true: {weird} & 'quoted' #1", actor=who)
    with database.transaction() as session:
        text, before, stamp = export_text(session), _everything(session), vocabulary.stamp(session)
        report = sync_file(session, HUB, text)
        assert (report.new, report.changed, report.rejected, report.only_in_hub) == (0, 0, [], [])
        assert (vocabulary.stamp(session), export_text(session)) == (stamp, text)
    with elsewhere.transaction() as session:
        assert sync_file(session, HUB, text).rejected == []
        assert _everything(session) == before
        assert export_text(session) == text


words = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=20).filter(str.strip)
keys = st.from_regex(r"[a-z0-9]{1,4}([-_.][a-z0-9]{1,4})?", fullmatch=True)
drafts = st.builds(
    TermDraft,
    key=keys,
    label=words,
    synonyms=st.lists(words, max_size=3),
    text=st.dictionaries(st.sampled_from(["goals", "note_2"]), words | st.lists(words, max_size=3), max_size=2),
    owners=st.builds(Owners, marketing=st.none() | words, sales=st.none() | st.just("ben@example.com")),
    confirmed=st.booleans(),
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(shelves=st.dictionaries(st.sampled_from(["personas", "regions", "use_cases"]), st.lists(drafts, max_size=4)))
def test_any_taxonomy_makes_the_round_trip(sqlite_database: Database, shelves: dict[str, list[TermDraft]]) -> None:
    with undone(sqlite_database) as session:
        sync_file(session, HUB, "use_cases:\n- {key: first-of-all, label: First}\n")
        for name, shelf in shelves.items():
            for draft in {draft.key: draft for draft in shelf}.values():
                terms.add(session, HUB, name, draft)
        text, before, stamp = export_text(session), _everything(session), vocabulary.stamp(session)
        report = sync_file(session, HUB, text)
        assert (report.new, report.changed, report.rejected, report.only_in_hub) == (0, 0, [], [])
        assert (vocabulary.stamp(session), export_text(session)) == (stamp, text)
    with undone(sqlite_database) as session:
        assert sync_file(session, HUB, text).rejected == []
        assert _everything(session) == before


labels = st.sampled_from(["Ours", "Theirs", "Third"])
sides = st.lists(
    st.tuples(st.sampled_from(["hub", "file"]), labels, st.sampled_from(["", "Goal", "Other"])), max_size=8
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=sides)
def test_no_sequence_of_edits_and_syncs_loses_what_a_person_wrote_in_the_hub(
    sqlite_database: Database, steps: list[tuple[str, str, str]]
) -> None:
    """A value in the hub gives way only to a file that changed while the hub stayed as the file had it."""
    with undone(sqlite_database) as session:
        who = actor(session, role="approver")
        sync_file(session, HUB, "personas:\n- {key: a, label: First, goals: First}\n")
        term, agreed = vocabulary.find(session, "personas", "a"), ("First", "First")
        for side, label, goals in steps:
            held = (term.label, term.text.get("goals", ""))
            if side == "hub":
                terms.change(session, who, term, TermChange(label=label, text={"goals": goals}))
                continue
            report = sync_file(session, HUB, f"personas:\n- {{key: a, label: {label}, goals: {goals}}}\n")
            now = (term.label, term.text.get("goals", ""))
            for before, after, said in zip(held, now, agreed, strict=True):
                assert after == before or before == said
            if not report.rejected:
                agreed = (label, goals)
