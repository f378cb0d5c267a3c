"""Adding, changing, confirming, renaming, merging and removing terms."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, ForeignKey, Index, Integer, Table, UniqueConstraint, select
from sqlmodel import Session
from sqlmodel import select as select_rows

from hub.assets.models import Asset, VersionTag
from hub.db import Database, metadata
from hub.errors import Conflict, HubError, Invalid, NotAllowed, NotFound
from hub.events.models import Event
from hub.people.models import Person
from hub.people.roles import HUB, Role
from hub.taxonomy import catalogue, terms, vocabulary
from hub.taxonomy.models import Term, TermAlias
from hub.taxonomy.schemas import Owners, TermChange, TermDraft
from tests.factories.people import actor, make_person
from tests.factories.taxonomy import make_term, make_version, tags_of


def _events(session: Session, term_id: int | None) -> list[tuple[str, dict[str, Any]]]:
    session.flush()
    events = session.exec(select_rows(Event).where(Event.subject_kind == "term", Event.subject_id == term_id))
    return [(event.name, event.data) for event in events.all()]


def _find(session: Session, key: str, name: str = "personas") -> Term:
    return vocabulary.find(session, name, key)


# --- adding -------------------------------------------------------------------------------------------


def test_a_term_is_added_at_the_end_with_its_key_made_from_the_label(database: Database) -> None:
    with database.transaction() as session:
        ana = actor(session, team="marketing", role="approver")
        first = terms.add(session, ana, "personas", TermDraft(label="Leiter Qualität & Recht"))
        second = terms.add(session, ana, "personas", TermDraft(label="leiter qualitat recht"))
    assert (first.key, first.position, first.confirmed) == ("leiter-qualitat-recht", 1, True)
    assert (second.key, second.position) == ("leiter-qualitat-recht-2", 2)
    with database.reading() as session:
        [(name, data)] = _events(session, first.id)
    assert name == "term.added"
    assert data["after"] | {"label": "Leiter Qualität & Recht", "vocabulary": "personas"} == data["after"]


def test_what_is_given_is_kept(database: Database) -> None:
    draft = TermDraft(
        key="cfo",
        label=" Chief   financial officer ",
        synonyms=["CFO", "cfo", "Finance director"],
        text={"goals": "Sleep.\r\nWell.", "pains": "", "links": ["a", "b"]},
        owners=Owners(marketing="ana@example.com", sales="Ben Osei"),
        position=7,
        confirmed=False,
    )
    with database.transaction() as session:
        terms.add(session, HUB, "personas", draft)
    with database.reading() as session:
        shown = catalogue.read_one(session, HUB, "personas", "cfo")
    assert shown.model_dump(exclude={"owners"}) == {
        "vocabulary": "personas",
        "key": "cfo",
        "label": "Chief financial officer",
        "position": 7,
        "synonyms": ["CFO", "Finance director"],
        "text": {"goals": "Sleep.\nWell.", "links": ["a", "b"]},
        "confirmed": False,
        "former_keys": [],
    }
    assert shown.owners.marketing is not None
    assert shown.owners.sales is not None
    assert (shown.owners.marketing.team, shown.owners.sales.name) == ("marketing", "Ben Osei")


def test_an_owner_who_is_not_here_is_added_without_a_sign_in(database: Database) -> None:
    with database.transaction() as session:
        terms.add(session, HUB, "personas", TermDraft(label="CFO", owners=Owners(sales="ben@example.com")))
        [person] = session.exec(select_rows(Person)).all()
    assert (person.email, person.team, person.password_hash) == ("ben@example.com", "sales", None)


def test_an_owner_of_the_other_team_is_refused_and_one_of_no_team_is_not(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        make_person(session, team="sales", email="ben@example.com", name="Ben")
        make_person(session, team="other", email="zoe@example.com", name="Zoe")
        with pytest.raises(Invalid) as refused:
            terms.add(session, HUB, "personas", TermDraft(label="A", owners=Owners(marketing="ben@example.com")))
        terms.add(session, HUB, "personas", TermDraft(label="B", owners=Owners(marketing="zoe@example.com")))
    [fault] = refused.value.errors
    assert fault.loc == ("body", "owners", "marketing")
    assert fault.message == "Ben is in sales; the marketing owner is somebody of marketing"


def test_a_name_too_long_for_a_person_is_refused_at_its_place(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session, pytest.raises(Invalid) as refused:
        terms.add(session, HUB, "personas", TermDraft(label="A", owners=Owners(sales="x" * 220)))
    assert refused.value.errors[0].loc == ("body", "owners", "sales")


def test_a_key_in_use_or_used_before_is_refused(database: Database) -> None:
    with database.transaction() as session:
        terms.rename(session, HUB, make_term(session, "personas", "cfo"), key="finance")
        with pytest.raises(Conflict, match="There is a persona finance already"):
            terms.add(session, HUB, "personas", TermDraft(key="finance", label="X"))
        with pytest.raises(Conflict, match="cfo is a former key of the persona finance"):
            terms.add(session, HUB, "personas", TermDraft(key="cfo", label="X"))
        assert terms.add(session, HUB, "personas", TermDraft(label="CFO")).key == "cfo-2"


def test_a_vocabulary_begins_in_the_file_not_by_a_slip(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        with pytest.raises(NotFound, match="nearest: personas"):
            terms.add(session, HUB, "persona", TermDraft(label="X"))
        make_term(session, "use_cases", "returns")
        assert terms.add(session, HUB, "use_cases", TermDraft(label="Recalls")).key == "recalls"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", "CFO"),
        ("key", "-"),
        ("key", "a b"),
        ("key", "cfo\n"),
        ("key", "x" * 101),
        ("label", " "),
        ("label", "x" * 201),
        ("label", "a\x00b"),
        ("label", "\ud800"),
        ("synonyms", ["\x1b[31m"]),
        ("synonyms", ["x"] * 1_001),
        ("text", {"goals": "a\x00"}),
        ("text", {"Goals": "a"}),
        ("text", {"key": "a"}),
        ("text", {"goals": "x" * 5_001}),
        ("text", {f"f{number}": "x" for number in range(31)}),
        ("text", {"goals": {"a": "b"}}),
        ("position", "1"),
        ("position", -1),
        ("confirmed", "yes"),
        ("owners", {"finance": "ana"}),
        ("colour", "red"),
    ],
)
def test_what_could_not_be_shown_or_kept_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        TermDraft.model_validate({"label": "CFO", field: value})


# --- changing -----------------------------------------------------------------------------------------


def test_what_is_left_out_stays_and_what_is_empty_goes(database: Database) -> None:
    with database.transaction() as session:
        term = make_term(session, "personas", "cfo", synonyms=["a"], text={"goals": "Sleep", "pains": "None"})
        terms.change(
            session, HUB, term, TermChange(owners=Owners(sales="ben@example.com", marketing="ana@example.com"))
        )
        terms.change(session, HUB, term, TermChange(label="CFO", text={"pains": "", "wins": "Many"}))
        terms.change(session, HUB, term, TermChange.model_validate({"owners": {"sales": None}}))
    with database.reading() as session:
        kept = _find(session, "cfo")
        assert (kept.label, kept.synonyms, kept.text) == ("CFO", ["a"], {"goals": "Sleep", "wins": "Many"})
        assert (kept.sales_owner_id, kept.marketing_owner_id is not None) == (None, True)
        name, data = _events(session, kept.id)[2]
    assert name == "term.changed"
    assert data["before"] == {"label": "Cfo", "text": {"goals": "Sleep", "pains": "None"}}
    assert data["after"] == {"label": "CFO", "text": {"goals": "Sleep", "wins": "Many"}}


def test_a_change_to_what_is_already_so_is_no_event(database: Database) -> None:
    with database.transaction() as session:
        term = make_term(session, "personas", "cfo", label="CFO", text={"goals": "Sleep"})
        terms.change(session, HUB, term, TermChange(label="CFO", text={"goals": "Sleep", "pains": ""}, synonyms=[]))
        terms.confirm(session, HUB, term)
        terms.rename(session, HUB, term, key="cfo")
        assert [name for name, _ in _events(session, term.id)] == ["term.added"]


def test_an_unconfirmed_term_is_confirmed_once(database: Database) -> None:
    with database.transaction() as session:
        term = terms.add_unconfirmed(session, "industries", "Agri food", actor=HUB)
        for _ in range(2):
            terms.confirm(session, HUB, term)
        assert [data["after"] for name, data in _events(session, term.id) if name == "term.changed"] == [
            {"confirmed": True}
        ]


def test_a_term_that_went_meanwhile_is_a_conflict(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        seen = make_term(session, "personas", "cfo")
    with sqlite_database.transaction() as session:
        terms.remove(session, HUB, _find(session, "cfo"))
    with sqlite_database.transaction() as session, pytest.raises(Conflict, match="merged or removed a moment ago"):
        terms.change(session, HUB, seen, TermChange(label="X"))


def test_a_deal_stage_is_in_one_stage_of_the_journey(database: Database) -> None:
    with database.transaction() as session:
        awareness, decision = _find(session, "awareness", "stages"), _find(session, "decision", "stages")
        terms.change(session, HUB, awareness, TermChange(text={"deal_stages": ["Lead", "Demo", "demo"]}))
        assert awareness.text["deal_stages"] == ["Lead", "Demo"]
        with pytest.raises(Invalid, match='the deal stage "DEMO" belongs to awareness; take it out there first'):
            terms.change(session, HUB, decision, TermChange(text={"deal_stages": ["DEMO", "Proposal"]}))
        with pytest.raises(Invalid, match="belongs to awareness"):
            terms.add(session, HUB, "stages", TermDraft(label="Pilot", text={"deal_stages": ["Lead"]}))
        terms.change(session, HUB, awareness, TermChange(text={"deal_stages": ["Lead"]}))
        terms.change(session, HUB, decision, TermChange(text={"deal_stages": ["Demo"]}))
        assert decision.text["deal_stages"] == ["Demo"]


@pytest.mark.parametrize(("name", "given"), [("personas", ["Demo"]), ("stages", "Demo")])
def test_deal_stages_are_a_list_of_a_stage_only(sqlite_database: Database, name: str, given: Any) -> None:
    with sqlite_database.transaction() as session, pytest.raises(Invalid) as refused:
        terms.add(session, HUB, name, TermDraft(label="X", text={"deal_stages": given}))
    assert refused.value.errors[0].loc == ("body", "text", "deal_stages")


# --- renaming -----------------------------------------------------------------------------------------


def test_every_tag_follows_a_renamed_term(database: Database) -> None:
    with database.transaction() as session:
        term = make_term(session, "personas", "cfo", confirmed=False)
        version = make_version(session, term, _find(session, "decision", "stages"))
        terms.rename(session, HUB, term, key="finance-lead")
        assert tags_of(session, version) == ["personas/finance-lead", "stages/decision"]
        assert _find(session, "cfo").id == term.id
        name, data = _events(session, term.id)[-1]
    assert (name, term.confirmed) == ("term.renamed", True)
    assert (data["before"], data["after"]) == (
        {"confirmed": False, "key": "cfo"},
        {"confirmed": True, "key": "finance-lead"},
    )


def test_a_term_may_be_renamed_back_and_forth(database: Database) -> None:
    with database.transaction() as session:
        term = make_term(session, "personas", "a")
        for key in ("b", "c", "a", "b"):
            terms.rename(session, HUB, term, key=key)
        assert {_find(session, key).id for key in "abc"} == {term.id}
        assert catalogue.detail(session, term).former_keys == ["a", "c"]


def test_a_key_of_another_term_is_no_new_key(database: Database) -> None:
    with database.transaction() as session:
        term, other = make_term(session, "personas", "a"), make_term(session, "personas", "b")
        terms.rename(session, HUB, other, key="c")
        for key in ("b", "c"):
            with pytest.raises(Conflict):
                terms.rename(session, HUB, term, key=key)
        make_term(session, "products", "d")
        assert terms.rename(session, HUB, term, key="d").key == "d"


@pytest.mark.parametrize("name", ["awareness", "consideration", "decision", "retention"])
def test_the_four_stages_keep_their_keys(sqlite_database: Database, name: str) -> None:
    with sqlite_database.transaction() as session:
        stage, other = _find(session, name, "stages"), make_term(session, "stages", "pilot")
        with pytest.raises(Conflict, match=f"Every hub has the stage {name}; it cannot be renamed; change its label"):
            terms.rename(session, HUB, stage, key="discovery")
        with pytest.raises(Conflict, match="cannot be merged into another"):
            terms.merge(session, HUB, stage, into=other)
        with pytest.raises(Conflict, match="cannot be removed"):
            terms.remove(session, HUB, stage)
        terms.change(session, HUB, stage, TermChange(label="Our name for it"))
        assert terms.merge(session, HUB, other, into=stage).key == name


def test_a_language_that_texts_were_signed_with_keeps_its_key(database: Database) -> None:
    with database.transaction() as session:
        german, other = make_term(session, "languages", "de"), make_term(session, "languages", "de-at")
        first, _ = make_version(session, language="de"), make_version(session, language="de")
        make_version(session, language="de", asset=session.get_one(Asset, first.asset_id))
        for deed in (
            lambda: terms.rename(session, HUB, german, key="deu"),
            lambda: terms.merge(session, HUB, german, into=other),
            lambda: terms.remove(session, HUB, german),
        ):
            with pytest.raises(Conflict, match="2 assets"):
                deed()
        assert terms.merge(session, HUB, other, into=german).key == "de"


# --- merging ------------------------------------------------------------------------------------------


def test_every_tag_follows_a_merge_and_none_is_doubled(database: Database) -> None:
    with database.transaction() as session:
        finance, cfo = make_term(session, "personas", "finance"), make_term(session, "personas", "cfo")
        cto = make_term(session, "personas", "cto")
        both, one, none = (
            make_version(session, finance, cfo),
            make_version(session, finance, cto),
            make_version(session, cto),
        )
        gone = finance.id
        assert terms.merge(session, HUB, finance, into=cfo) is cfo
        assert tags_of(session, both) == ["personas/cfo"]
        assert tags_of(session, one) == ["personas/cfo", "personas/cto"]
        assert tags_of(session, none) == ["personas/cto"]
        assert _find(session, "finance").id == cfo.id
    with database.reading() as session:
        assert session.get(Term, gone) is None
        name, data = _events(session, gone)[-1]
    assert name == "term.merged"
    assert (data["into"], data["into_id"], data["moved"]) == ("cfo", cfo.id, {"version_tag": 2})
    assert (data["before"]["key"], data["before"]["label"]) == ("finance", "Finance")


def test_the_term_that_stays_takes_over_what_it_lacks(database: Database) -> None:
    with database.transaction() as session:
        ana, ben = make_person(session, team="marketing"), make_person(session, team="sales")
        cleo = make_person(session, team="sales")
        gone = make_term(
            session,
            "personas",
            "finance",
            label="Finance lead",
            synonyms=["FD", "cfo"],
            text={"goals": "Theirs", "pains": "Theirs"},
            marketing_owner_id=ana.id,
            sales_owner_id=ben.id,
        )
        terms.rename(session, HUB, gone, key="finance-lead")
        stays = make_term(
            session, "personas", "cfo", label="CFO", synonyms=["fd"], text={"goals": "Ours"}, sales_owner_id=cleo.id
        )
        terms.merge(session, HUB, gone, into=stays)
    with database.reading() as session:
        kept = catalogue.read_one(session, HUB, "personas", "cfo")
        assert kept.synonyms == ["fd", "Finance lead"]
        assert kept.text == {"goals": "Ours", "pains": "Theirs"}
        assert kept.former_keys == ["finance", "finance-lead"]
        assert kept.owners.marketing is not None
        assert kept.owners.sales is not None
        assert (kept.owners.marketing.id, kept.owners.sales.id) == (ana.id, cleo.id)
        assert _events(session, stays.id)[-1][0] == "term.changed"


def test_merged_stages_keep_the_deal_stages_of_both(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        pilot = make_term(session, "stages", "pilot", text={"deal_stages": ["Pilot", "Demo"]})
        decision = _find(session, "decision", "stages")
        terms.change(session, HUB, decision, TermChange(text={"deal_stages": ["Proposal"]}))
        terms.merge(session, HUB, pilot, into=decision)
        assert decision.text["deal_stages"] == ["Proposal", "Pilot", "Demo"]


def test_a_merge_asked_for_again_does_nothing(database: Database) -> None:
    with database.transaction() as session:
        gone, stays = make_term(session, "personas", "a"), make_term(session, "personas", "b")
        terms.merge(session, HUB, gone, into=stays)
        before = vocabulary.stamp(session)
        assert terms.merge(session, HUB, _find(session, "a"), into=stays) is stays
        assert vocabulary.stamp(session) == before


def test_rows_that_were_loaded_before_a_merge_show_the_new_term(database: Database) -> None:
    with database.transaction() as session:
        gone, stays = make_term(session, "personas", "a"), make_term(session, "personas", "b")
        terms.rename(session, HUB, gone, key="c")
        alias = session.get_one(TermAlias, ("personas", "a"))
        terms.merge(session, HUB, gone, into=stays)
        assert alias.term_id == stays.id


def test_terms_of_two_vocabularies_stay_two(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        persona, product = make_term(session, "personas", "a"), make_term(session, "products", "b")
        with pytest.raises(Conflict, match="Only terms of one vocabulary"):
            terms.merge(session, HUB, persona, into=product)


def test_a_merge_that_would_bring_too_many_synonyms_says_so(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        full = make_term(session, "personas", "a", synonyms=[f"s{number}" for number in range(1_000)])
        other = make_term(session, "personas", "b")
        with pytest.raises(Conflict, match="1001 synonyms together"):
            terms.merge(session, HUB, other, into=full)


@contextmanager
def _later_tables(session: Session) -> Iterator[tuple[Table, Table, Table]]:
    """Tables as a package above the taxonomy may bring them: a column, a link, and a column under a rule."""
    lead = Table(
        "lead",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("industry_id", ForeignKey("term.id")),
    )
    rival = Table(
        "lead_rival",
        metadata,
        Column("lead_id", ForeignKey("lead.id"), primary_key=True),
        Column("term_id", ForeignKey("term.id"), primary_key=True),
    )
    rank = Table(
        "lead_rank",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("lead_id", ForeignKey("lead.id")),
        Column("rank", Integer),
        Column("term_id", ForeignKey("term.id")),
        UniqueConstraint("lead_id", "term_id"),
        Index("one_term_a_rank", "rank", "term_id", unique=True),
    )
    try:
        metadata.create_all(session.connection(), [lead, rival, rank])
        yield lead, rival, rank
    finally:
        for table in (rank, rival, lead):
            metadata.remove(table)


def test_tables_that_come_later_follow_a_merge_too(database: Database) -> None:
    with database.transaction() as session, _later_tables(session) as (lead, rival, rank):
        old, new = make_term(session, "industries", "old"), make_term(session, "industries", "new")
        session.execute(
            lead.insert(), [{"id": 1, "industry_id": old.id}, *({"id": id, "industry_id": new.id} for id in (2, 3, 4))]
        )
        tagged = [(1, old.id), (1, new.id), (2, old.id)]
        session.execute(rival.insert(), [{"lead_id": row, "term_id": term} for row, term in tagged])
        ranked = [(1, 1, 10, old.id), (2, 1, 11, new.id), (3, 2, 12, old.id), (4, 3, 13, old.id), (5, 4, 13, new.id)]
        columns = ("id", "lead_id", "rank", "term_id")
        session.execute(rank.insert(), [dict(zip(columns, row, strict=True)) for row in ranked])
        with pytest.raises(
            Conflict, match=r"is used by 3 leads and 3 lead_ranks\. Merge it into another industry instead\."
        ):
            terms.remove(session, HUB, old)
        terms.merge(session, HUB, old, into=new)
        assert session.execute(select(lead.c.id, lead.c.industry_id).order_by(lead.c.id)).all() == [
            (id, new.id) for id in (1, 2, 3, 4)
        ]
        assert session.execute(select(rival).order_by(rival.c.lead_id)).all() == [(1, new.id), (2, new.id)]
        assert session.execute(select(rank.c.id).order_by(rank.c.id)).scalars().all() == [2, 3, 5]


# --- removing -----------------------------------------------------------------------------------------


def test_a_term_that_nothing_uses_is_removed_with_its_former_keys(database: Database) -> None:
    with database.transaction() as session:
        term = make_term(session, "personas", "a")
        terms.rename(session, HUB, term, key="b")
        gone = term.id
        terms.remove(session, HUB, term)
        for key in ("a", "b"):
            with pytest.raises(NotFound):
                _find(session, key)
        name, data = _events(session, gone)[-1]
        assert (name, data["before"]["key"]) == ("term.removed", "b")
        terms.add(session, HUB, "personas", TermDraft(key="a", label="A"))


def test_a_term_in_use_is_not_removed_and_the_assets_are_counted_once(database: Database) -> None:
    with database.transaction() as session:
        term = make_term(session, "personas", "cfo")
        first = make_version(session, term)
        make_version(session, term, asset=session.get_one(Asset, first.asset_id))
        make_version(session, term)
        with pytest.raises(
            Conflict, match=r"The persona cfo is used by 2 assets\. Merge it into another persona"
        ) as no:
            terms.remove(session, HUB, term)
    assert no.value.extra == {"uses": {"asset": 2}}
    with database.reading() as session:
        assert _find(session, "cfo").id == term.id


# --- words of an import -------------------------------------------------------------------------------


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
    assert [name for name, _ in _events(industries, term.id)] == ["term.added"]


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
    with _undone(sqlite_database) as session:
        first = terms.take_as_written(session, "sources", words, actor=HUB)
        before = vocabulary.stamp(session)
        assert terms.take_as_written(session, "sources", words, actor=HUB) == first
        assert vocabulary.stamp(session) == before
        assert set(first) == set(words)
        for term in first.values():
            assert TermDraft(key=term.key, label=term.label).label == term.label


# --- who may ------------------------------------------------------------------------------------------

DEEDS: dict[str, Callable[[Session, Any, Term], object]] = {
    "add": lambda session, who, _: terms.add(session, who, "personas", TermDraft(label="New")),
    "change": lambda session, who, term: terms.change(session, who, term, TermChange(label="New")),
    "confirm": lambda session, who, term: terms.confirm(session, who, term),
    "rename": lambda session, who, term: terms.rename(session, who, term, key="new"),
    "merge": lambda session, who, term: terms.merge(session, who, term, into=make_term(session, "personas", "other")),
    "remove": lambda session, who, term: terms.remove(session, who, term),
}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("deed", DEEDS)
def test_approvers_and_admins_edit_the_taxonomy(sqlite_database: Database, deed: str, role: Role) -> None:
    with sqlite_database.transaction() as session:
        term, who = make_term(session, "personas", "a"), actor(session, role=role)
        if role.rank >= Role.APPROVER.rank:
            DEEDS[deed](session, who, term)
        else:
            with pytest.raises(NotAllowed, match="To edit the taxonomy you need the role approver"):
                DEEDS[deed](session, who, term)


@pytest.mark.parametrize("role", list(Role))
def test_everyone_reads_the_taxonomy(sqlite_database: Database, role: Role) -> None:
    with sqlite_database.transaction() as session:
        assert catalogue.read_one(session, actor(session, role=role), "stages", "decision").key == "decision"


# --- what every hub has -------------------------------------------------------------------------------


def test_the_built_in_terms_are_there_and_added_once(database: Database) -> None:
    with database.transaction() as session:
        before = vocabulary.stamp(session)
        terms.ensure_builtin(session)
        assert vocabulary.stamp(session) == before
        stages = vocabulary.terms_of(session, "stages")
        assert [stage.key for stage in stages] == ["awareness", "consideration", "decision", "retention"]
        assert all(stage.text["entry_criteria"] and stage.text["exit_criteria"] for stage in stages)
        assert [language.key for language in vocabulary.terms_of(session, "languages")] == ["en"]


# --- no tag is ever lost ------------------------------------------------------------------------------


@contextmanager
def _undone(database: Database) -> Iterator[Session]:
    """A transaction that leaves nothing behind, for one example of many."""
    with Session(database.engine) as session:
        yield session
        session.rollback()


steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "rename", "merge", "remove", "change", "tag", "import"]),
        st.integers(0, 7),
        st.integers(0, 7),
    ),
    max_size=25,
)


class _Model:
    """What tags and keys mean, told by terms' numbers: SQLite gives the id of a term that went to the next one."""

    def __init__(self) -> None:
        self.present: dict[int, Term] = {}
        self.heirs: dict[int, int] = {}
        self.keys: dict[str, int] = {}
        self.tagged: dict[int | None, set[int]] = {}
        self._numbers = itertools.count()

    def learn(self, term: Term) -> None:
        if not any(known is term for known in self.present.values()):
            self.present[next(self._numbers)] = term
        self.keys[term.key] = next(number for number, known in self.present.items() if known is term)

    def heir(self, number: int) -> int:
        while number in self.heirs:
            number = self.heirs[number]
        return number

    def forget(self, number: int) -> None:
        """Of a removed term: nothing may have meant it."""
        assert all(self.heir(tag) != number for tags in self.tagged.values() for tag in tags)
        del self.present[number]
        self.keys = {key: named for key, named in self.keys.items() if self.heir(named) != number}


def _take_step(session: Session, model: _Model, step: str, one: int, two: int) -> None:
    numbers = sorted(model.present)
    first, second = numbers[one % len(numbers)], numbers[two % len(numbers)]
    term, other = model.present[first], model.present[second]
    if step == "add":
        model.learn(terms.add(session, HUB, "personas", TermDraft(key=f"k{two}", label=f"Term {one}")))
    elif step == "import":
        model.learn(terms.add_unconfirmed(session, "personas", f"Term {one}", actor=HUB))
    elif step == "rename":
        model.learn(terms.rename(session, HUB, term, key=f"k{two}"))
    elif step == "merge" and term is not other:
        terms.merge(session, HUB, term, into=other)
        del model.present[first]
        model.heirs[first] = second
    elif step == "remove" and len(numbers) > 1:
        terms.remove(session, HUB, term)
        model.forget(first)
    elif step == "change":
        terms.change(session, HUB, term, TermChange(label=f"Label {two}"))
    elif step == "tag":
        version = make_version(session, *{first: term, second: other}.values())
        model.tagged[version.id] = {first, second}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=steps)
def test_no_sequence_of_changes_loses_a_tag(database: Database, steps: list[tuple[str, int, int]]) -> None:
    """What each version means stays the same: the terms it was tagged with, or those that they were merged into."""
    with _undone(database) as session:
        model = _Model()
        for number in range(3):
            model.learn(make_term(session, "personas", f"k{number}"))
        for step, one, two in [("tag", 0, 1), *steps]:
            # A refusal is an answer too, as long as nothing is lost by it.
            with suppress(HubError):
                _take_step(session, model, step, one, two)
        session.expire_all()
        for version_id, tags in model.tagged.items():
            query = select_rows(VersionTag.term_id).where(VersionTag.version_id == version_id)
            assert set(session.exec(query)) == {model.present[model.heir(tag)].id for tag in tags}
        for key, named in model.keys.items():
            assert _find(session, key) is model.present[model.heir(named)]
