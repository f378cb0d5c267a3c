"""Adding, changing, confirming, renaming, merging and removing terms."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session
from sqlmodel import select as select_rows

from hub.assets.models import Asset
from hub.db import Database
from hub.errors import Conflict, Invalid, NotAllowed, NotFound
from hub.people.models import Person
from hub.people.roles import HUB, Role
from hub.taxonomy import catalogue, terms, vocabulary
from hub.taxonomy.models import Term
from hub.taxonomy.schemas import Owners, TermChange, TermDraft
from tests.factories.people import actor, make_person
from tests.factories.taxonomy import events_of, make_term, make_version, tags_of


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
        [(name, data)] = events_of(session, first.id)
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
        name, data = events_of(session, kept.id)[2]
    assert name == "term.changed"
    assert data["before"] == {"label": "Cfo", "text": {"goals": "Sleep", "pains": "None"}}
    assert data["after"] == {"label": "CFO", "text": {"goals": "Sleep", "wins": "Many"}}


def test_a_change_to_what_is_already_so_is_no_event(database: Database) -> None:
    with database.transaction() as session:
        term = make_term(session, "personas", "cfo", label="CFO", text={"goals": "Sleep"})
        terms.change(session, HUB, term, TermChange(label="CFO", text={"goals": "Sleep", "pains": ""}, synonyms=[]))
        terms.confirm(session, HUB, term)
        terms.rename(session, HUB, term, key="cfo")
        assert [name for name, _ in events_of(session, term.id)] == ["term.added"]


def test_an_unconfirmed_term_is_confirmed_once(database: Database) -> None:
    with database.transaction() as session:
        term = terms.add_unconfirmed(session, "industries", "Agri food", actor=HUB)
        for _ in range(2):
            terms.confirm(session, HUB, term)
        assert [data["after"] for name, data in events_of(session, term.id) if name == "term.changed"] == [
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
        name, data = events_of(session, term.id)[-1]
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
        name, data = events_of(session, gone)[-1]
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
