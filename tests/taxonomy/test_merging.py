"""Two terms become one: every tag follows, and no sequence of changes loses any."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, ForeignKey, Index, Integer, Table, UniqueConstraint, select
from sqlmodel import Session
from sqlmodel import select as select_rows

from hub.assets.models import VersionTag
from hub.db import Database, metadata
from hub.errors import Conflict, HubError
from hub.people.roles import HUB
from hub.taxonomy import catalogue, terms, vocabulary
from hub.taxonomy.models import Term, TermAlias
from hub.taxonomy.schemas import TermChange, TermDraft
from tests.factories.people import make_person
from tests.factories.taxonomy import events_of, make_term, make_version, tags_of, undone


def _find(session: Session, key: str, name: str = "personas") -> Term:
    return vocabulary.find(session, name, key)


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
        name, data = events_of(session, gone)[-1]
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
        assert events_of(session, stays.id)[-1][0] == "term.changed"


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
            Conflict, match=r"is used by 3 leads and 3 lead ranks\. Merge it into another industry instead\."
        ):
            terms.remove(session, HUB, old)
        terms.merge(session, HUB, old, into=new)
        assert session.execute(select(lead.c.id, lead.c.industry_id).order_by(lead.c.id)).all() == [
            (id, new.id) for id in (1, 2, 3, 4)
        ]
        assert session.execute(select(rival).order_by(rival.c.lead_id)).all() == [(1, new.id), (2, new.id)]
        assert session.execute(select(rank.c.id).order_by(rank.c.id)).scalars().all() == [2, 3, 5]


# --- no tag is ever lost ------------------------------------------------------------------------------

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
    with undone(database) as session:
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
