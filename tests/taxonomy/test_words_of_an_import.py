"""Words that an import brings: found however they are written, else kept as written and unconfirmed."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from hub.db import Database
from hub.errors import Invalid
from hub.people.roles import HUB
from hub.taxonomy import terms, vocabulary
from hub.taxonomy.schemas import TermDraft
from tests.factories.taxonomy import events_of, make_term, undone


@pytest.fixture
def industries(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        retail = make_term(
            session, "industries", "online-retail", label="Online Retail", synonyms=["E-Commerce", "Shops"]
        )
        terms.rename(session, HUB, retail, key="retail-online")
        make_term(session, "industries", "food", label="Food & Drink", synonyms=["Shops", "Retail online"])
        yield session


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("RETAIL-ONLINE", "retail-online"),
        ("retail_online", "retail-online"),
        ("Online retail", "retail-online"),
        ("online-retail", "retail-online"),
        ("e-commerce", "retail-online"),
        ("  E   COMMERCE ", "retail-online"),
        ("food & drink", "food"),
        ("ＦＯＯＤ", "food"),
    ],
)
def test_a_known_word_is_found_however_it_is_written(industries: Session, written: str, key: str) -> None:
    before = vocabulary.stamp(industries)
    assert terms.add_unconfirmed(industries, "industries", written, actor=HUB).key == key
    assert vocabulary.stamp(industries) == before


def test_an_unknown_word_is_added_as_written_and_unconfirmed(industries: Session) -> None:
    term = terms.add_unconfirmed(industries, "industries", " Großhandel  (B2B) ", actor=HUB)
    assert (term.key, term.label, term.confirmed, term.position) == ("grosshandel-b2b", "Großhandel (B2B)", False, 3)
    assert terms.add_unconfirmed(industries, "industries", "GROSSHANDEL (b2b)", actor=HUB) is term
    assert [name for name, _ in events_of(industries, term.id)] == ["term.added"]


def test_a_synonym_of_two_terms_is_a_guess_that_nobody_makes(industries: Session) -> None:
    term = terms.add_unconfirmed(industries, "industries", "shops", actor=HUB)
    assert (term.key, term.confirmed) == ("shops", False)


def test_words_that_give_one_key_are_different_terms(industries: Session) -> None:
    found = terms.take_as_written(industries, "industries", ["C", "C++", "C#", "c", "語"], actor=HUB)
    assert [found[word].key for word in ("C", "C++", "C#", "c")] == ["c", "c-2", "c-3", "c"]
    assert found["語"].key


@pytest.mark.parametrize("written", ["", " \n", "a\x00b", "x" * 201])
def test_a_word_that_cannot_be_kept_is_refused(industries: Session, written: str) -> None:
    with pytest.raises(Invalid, match="cannot become a term"):
        terms.add_unconfirmed(industries, "industries", written, actor=HUB)


def test_many_words_need_few_queries_when_they_are_known(industries: Session) -> None:
    written = [f"Word {number}" for number in range(300)]
    first = terms.take_as_written(industries, "sources", written, actor=HUB)
    again = terms.take_as_written(industries, "sources", [word.upper() for word in written], actor=HUB)
    assert [first[word] for word in written] == [again[word.upper()] for word in written]
    assert len({term.key for term in first.values()}) == 300


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(words=st.lists(st.text(st.characters(exclude_categories=["C"]), max_size=12).filter(str.strip), max_size=12))
def test_whatever_an_import_says_is_found_again(sqlite_database: Database, words: list[str]) -> None:
    with undone(sqlite_database) as session:
        first = terms.take_as_written(session, "sources", words, actor=HUB)
        before = vocabulary.stamp(session)
        assert terms.take_as_written(session, "sources", words, actor=HUB) == first
        assert vocabulary.stamp(session) == before
        assert set(first) == set(words)
        for term in first.values():
            assert TermDraft(key=term.key, label=term.label).label == term.label
