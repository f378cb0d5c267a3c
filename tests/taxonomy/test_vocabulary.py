"""Which terms written tags mean, and how an unknown one is refused."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlmodel import Session

from hub.assets.models import VersionTag
from hub.db import Database
from hub.errors import Conflict, Invalid, NotFound
from hub.people.roles import HUB
from hub.taxonomy import terms, vocabulary
from hub.taxonomy.models import Term
from hub.taxonomy.schemas import TermChange, TermDraft
from tests.factories.taxonomy import make_term, make_version, tags_of


@contextmanager
def _counted(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(*given: object) -> None:
        statements.append(str(given[2]))

    event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(database.engine, "before_cursor_execute", note)


def _refused(session: Session, **tags: list[str]) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(Invalid) as refused:
        vocabulary.resolve(session, tags)
    return [(fault.loc, fault.message) for fault in refused.value.errors]


def test_keys_become_terms_in_the_order_given_each_once(database: Database) -> None:
    with database.transaction() as session:
        cfo, cto = make_term(session, "personas", "cfo"), make_term(session, "personas", "cto")
    with database.reading() as session:
        found = vocabulary.resolve(session, {"personas": ["cto", "cfo", "cto"], "stages": ["decision"], "products": []})
    assert [term.id for term in found["personas"]] == [cto.id, cfo.id]
    assert [term.label for term in found["stages"]] == ["Decision"]
    assert found["products"] == []


def test_a_former_key_means_the_term_that_took_its_place(database: Database) -> None:
    with database.transaction() as session:
        cfo, finance = make_term(session, "personas", "cfo"), make_term(session, "personas", "finance")
        terms.merge(session, HUB, finance, into=cfo)
        terms.rename(session, HUB, cfo, key="finance-lead")
    with database.reading() as session:
        found = vocabulary.resolve(session, {"personas": ["finance", "cfo", "finance-lead"]})["personas"]
        assert [term.key for term in found] == ["finance-lead"]
        assert vocabulary.find(session, "personas", "finance").id == cfo.id


def test_the_same_key_in_two_vocabularies_is_two_terms(database: Database) -> None:
    with database.transaction() as session:
        make_term(session, "industries", "retail")
        make_term(session, "segments", "retail")
        make_term(session, "use_cases", "retail", label="In shops")
        found = vocabulary.resolve(session, {"industries": ["retail"], "use_cases": ["retail"]})
        assert [term.label for term in found["use_cases"]] == ["In shops"]


def test_all_tags_are_looked_up_in_one_query(database: Database) -> None:
    with database.transaction() as session:
        for number in range(30):
            make_term(session, "personas", f"p{number}")
            make_term(session, "use_cases", f"u{number}")
    wanted = {
        "personas": [f"p{n}" for n in range(30)],
        "use_cases": [f"u{n}" for n in range(30)],
        "stages": ["decision"],
    }
    with database.reading() as session:
        session.connection()
        with _counted(database) as statements:
            vocabulary.resolve(session, wanted)
    assert len(statements) == 1


def test_no_tags_need_no_query(database: Database) -> None:
    with database.reading() as session, _counted(database) as statements:
        assert vocabulary.resolve(session, {"personas": [], "stages": []}) == {"personas": [], "stages": []}
    assert statements == []


def test_an_unknown_tag_is_refused_with_its_place_and_the_nearest_ones(database: Database) -> None:
    with database.transaction() as session:
        make_term(session, "personas", "cfo", label="Chief financial officer", synonyms=["finance director"])
        make_term(session, "personas", "cto", label="Chief technology officer")
        assert _refused(session, personas=["cto", "cf0"], stages=["decison"]) == [
            (
                ("body", "personas", 1),
                'there is no persona "cf0"; nearest: cfo (Chief financial officer)',
            ),
            (("body", "stages", 0), 'there is no stage "decison"; nearest: decision (Decision)'),
        ]


@pytest.mark.parametrize("written", ["CFO", "Chief financial officer", "finance director", " cfo"])
def test_a_label_or_synonym_is_no_tag_but_the_refusal_names_its_key(sqlite_database: Database, written: str) -> None:
    with sqlite_database.transaction() as session:
        make_term(session, "personas", "cfo", label="Chief financial officer", synonyms=["finance director"])
        [(_, message)] = _refused(session, personas=[written])
        assert "nearest: cfo (Chief financial officer)" in message


def test_a_vocabulary_without_terms_says_so(sqlite_database: Database) -> None:
    with sqlite_database.reading() as session:
        [(_, message)] = _refused(session, competitors=["acme"])
    assert message == 'there is no competitor "acme"; this vocabulary has no terms yet'


def test_an_unknown_vocabulary_is_refused_with_the_nearest_ones(database: Database) -> None:
    with database.transaction() as session:
        make_term(session, "use_cases", "returns")
        assert _refused(session, persona=["cfo"], usecases=[]) == [
            (("body", "persona"), 'there is no vocabulary "persona"; nearest: personas'),
            (("body", "usecases"), 'there is no vocabulary "usecases"; nearest: use_cases'),
        ]


@pytest.mark.parametrize("name", sorted(vocabulary.TAGGING_EXCLUDED))
def test_what_describes_deals_or_stands_once_on_an_asset_is_no_tag(sqlite_database: Database, name: str) -> None:
    with sqlite_database.transaction() as session:
        make_term(session, name, "word")
        [(place, message)] = _refused(session, **{name: ["word", "other"]})
    assert place == ("body", name)
    assert message.startswith(f"assets are not tagged by {name}; they are by: personas, stages, products,")


@pytest.mark.parametrize("written", ["", "\x00", "\ud800", "a\n", "x" * 5_000, "'; DROP TABLE term; --"])
def test_what_cannot_be_a_key_is_refused_like_any_unknown_word(database: Database, written: str) -> None:
    with database.reading() as session:
        assert len(_refused(session, stages=["decision", written])) == 1
        assert len(_refused(session, **{"stages": ["decision"], written: ["cfo"]})) == 1
        with pytest.raises(NotFound):
            vocabulary.find(session, "stages", written)
        with pytest.raises(Invalid):
            vocabulary.resolve_language(session, written)


def test_the_place_of_a_fault_is_the_callers(sqlite_database: Database) -> None:
    with sqlite_database.reading() as session, pytest.raises(Invalid) as refused:
        vocabulary.resolve(session, {"stages": ["x"]}, loc=("query",))
    assert refused.value.errors[0].loc == ("query", "stages", 0)


def test_thousands_of_unknown_tags_are_all_refused_and_a_few_explained(sqlite_database: Database) -> None:
    with sqlite_database.reading() as session:
        faults = _refused(session, stages=[f"s{number}" for number in range(3_000)])
    assert len(faults) == 3_000
    assert sum("nearest" in message for _, message in faults) == vocabulary.EXPLAINED
    assert faults[-1][1] == 'there is no stage "s2999"'


def test_markup_in_an_unknown_tag_stays_text_and_is_cut(sqlite_database: Database) -> None:
    with sqlite_database.reading() as session:
        [(_, message)] = _refused(session, stages=["<script>\x00\n" + "x" * 10_000])
    assert message.startswith('there is no stage "<script>  xxx')
    assert len(message) < 200


def test_a_language_is_known_by_its_key_or_a_former_one(database: Database) -> None:
    with database.transaction() as session:
        terms.rename(session, HUB, make_term(session, "languages", "pt"), key="pt-br")
    with database.reading() as session:
        assert vocabulary.resolve_language(session, "en") == "en"
        assert vocabulary.resolve_language(session, "pt") == "pt-br"
        with pytest.raises(Invalid) as refused:
            vocabulary.resolve_language(session, "english")
    assert refused.value.errors[0].loc == ("body", "language")
    assert refused.value.errors[0].message == 'there is no language "english"; nearest: en (English)'


def test_a_term_that_is_not_there_is_not_found_and_the_nearest_are_named(database: Database) -> None:
    with database.reading() as session:
        with pytest.raises(NotFound, match=r'there is no stage "decide"; nearest: decision \(Decision\)\.'):
            vocabulary.find(session, "stages", "decide")
        with pytest.raises(NotFound, match=r'there is no vocabulary "stage"; nearest: stages\. A new vocabulary'):
            vocabulary.find(session, "stage", "decision")


def test_a_former_key_does_not_stand_for_the_term_where_that_would_take_it_away(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cfo, other = make_term(session, "personas", "cfo"), make_term(session, "personas", "other")
        terms.rename(session, HUB, cfo, key="finance")
        with pytest.raises(Conflict, match='The persona "cfo" is called finance by now'):
            vocabulary.find_present(session, "personas", "cfo", or_former_of=other)
        assert vocabulary.find_present(session, "personas", "cfo", or_former_of=cfo) is cfo
        assert vocabulary.find_present(session, "personas", "finance") is cfo


def _change(session: Session, term: Term) -> object:
    return terms.change(session, HUB, term, TermChange(label="Another"))


def _add(session: Session, term: Term) -> object:
    return terms.add(session, HUB, term.vocabulary, TermDraft(label="New"))


def _rename(session: Session, term: Term) -> object:
    return terms.rename(session, HUB, term, key="renamed")


def _merge(session: Session, term: Term) -> object:
    return terms.merge(session, HUB, term, into=vocabulary.find(session, "personas", "second"))


def _remove(session: Session, term: Term) -> object:
    return terms.remove(session, HUB, term)


def _confirm(session: Session, term: Term) -> object:
    return terms.confirm(session, HUB, term)


@pytest.mark.parametrize("write", [_add, _change, _rename, _merge, _remove, _confirm])
def test_the_stamp_changes_with_every_write(database: Database, write: Callable[[Session, Term], object]) -> None:
    with database.transaction() as session:
        make_term(session, "personas", "first", confirmed=False)
        make_term(session, "personas", "second")
    with database.transaction() as session:
        before = vocabulary.stamp(session)
        write(session, vocabulary.find(session, "personas", "first"))
    with database.reading() as session:
        assert vocabulary.stamp(session) != before


def test_the_stamp_stays_while_nothing_is_written(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        before = vocabulary.stamp(session)
        terms.ensure_builtin(session)
        terms.confirm(session, HUB, vocabulary.find(session, "stages", "decision"))
        assert vocabulary.stamp(session) == before


# --- two at once --------------------------------------------------------------------------------------


def _in_thread(work: Callable[[], None]) -> tuple[threading.Thread, list[BaseException]]:
    trouble: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            trouble.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, trouble


def test_a_tag_that_is_written_while_its_term_is_merged_follows_it(database: Database) -> None:
    with database.transaction() as session:
        make_term(session, "personas", "old")
        make_term(session, "personas", "new")

    def merge() -> None:
        with database.transaction() as session:
            old, new = vocabulary.find(session, "personas", "old"), vocabulary.find(session, "personas", "new")
            terms.merge(session, HUB, old, into=new)

    with database.transaction() as session:
        version = make_version(session, *vocabulary.resolve(session, {"personas": ["old"]}, lock=True)["personas"])
        merging, trouble = _in_thread(merge)
        merging.join(0.2)
        assert merging.is_alive()
    merging.join(20)
    assert trouble == []
    with database.reading() as session:
        assert tags_of(session, version) == ["personas/new"]


def test_a_tag_that_waits_for_a_merge_finds_the_term_by_its_former_key(database: Database) -> None:
    with database.transaction() as session:
        old, new = make_term(session, "personas", "old"), make_term(session, "personas", "new")
        version = make_version(session)

    def tag() -> None:
        with database.transaction() as session:
            [term] = vocabulary.resolve(session, {"personas": ["old"]}, lock=True)["personas"]
            session.add(VersionTag(version_id=version.id or 0, term_id=term.id or 0))

    with database.transaction() as session:
        terms.merge(session, HUB, session.get_one(Term, old.id), into=session.get_one(Term, new.id))
        tagging, trouble = _in_thread(tag)
        tagging.join(0.2)
    tagging.join(20)
    assert trouble == []
    with database.reading() as session:
        assert tags_of(session, version) == ["personas/new"]


def test_two_who_take_one_key_at_once_are_told_apart(database: Database) -> None:
    with database.transaction() as session:
        terms.rename(session, HUB, make_term(session, "personas", "cfo"), key="finance")

        def add() -> None:
            with database.transaction() as other:
                terms.add(other, HUB, "personas", TermDraft(key="cfo", label="CFO"))

        adding, trouble = _in_thread(add)
        adding.join(0.2)
    adding.join(20)
    assert [str(error) for error in trouble] == ["cfo is a former key of the persona finance. Choose another key."]
