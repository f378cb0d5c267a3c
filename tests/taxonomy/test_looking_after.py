"""What somebody sees who looks after the words: how often each is used, what a merge would change, where deal stages
belong."""

import pytest

from hub.db import Database
from hub.errors import Invalid, NotAllowed
from hub.people.roles import HUB
from hub.taxonomy import assigning, catalogue, journey, references, terms, vocabulary
from hub.taxonomy.nearest import probably_same
from hub.taxonomy.schemas import TermChange
from tests.factories.deals import make_deal
from tests.factories.people import actor
from tests.factories.taxonomy import make_term, make_version


def test_the_uses_of_all_terms_are_those_of_each(database: Database) -> None:
    with database.transaction() as session:
        cfo, cto = make_term(session, "personas", "cfo"), make_term(session, "personas", "cto")
        make_version(session, cfo, cto)
        make_version(session, cfo)
        make_deal(session, "d1", buyer_persona="Cfo", stages=[{"stage": "Demo", "entered": "2027-01-11"}])
        for name in (*vocabulary.names(session), "deal_stages"):
            found = references.uses_of_all(session, name)
            for term in vocabulary.terms_of(session, name):
                assert found.get(term.id or 0, {}) == references.uses(session, term), term.key
        assert references.uses_of_all(session, "personas")[cfo.id or 0] == {"asset": 2, "deal": 1}


@pytest.mark.parametrize(
    ("used", "words"),
    [
        ({}, ""),
        ({"deal": 1}, "1 deal"),
        ({"deal": 1, "asset": 3}, "3 assets and 1 deal"),
        ({"deal": 1200, "asset": 3, "brief": 2}, "3 assets, 2 briefs and 1,200 deals"),
    ],
)
def test_uses_in_words(used: dict[str, int], words: str) -> None:
    assert references.in_words(used) == words


def test_a_preview_says_what_the_merge_then_does_and_writes_nothing(database: Database) -> None:
    with database.transaction() as session:
        finance = make_term(session, "personas", "finance", synonyms=["treasurer"], text={"goals": "Hold costs."})
        cfo = make_term(session, "personas", "cfo", synonyms=["Treasurer"])
        make_version(session, finance)
    with database.reading() as session:
        preview = terms.preview_merge(session, HUB, finance, into=cfo)
    assert (preview.moved, preview.synonyms, preview.taken_over, preview.refusal) == (
        {"asset": 1}, ["Finance"], ["goals"], "",
    )  # fmt: skip
    with database.transaction() as session:
        one, other = (vocabulary.find(session, "personas", key) for key in ("finance", "cfo"))
        stays = terms.merge(session, HUB, one, into=other)
        assert stays.synonyms == ["Treasurer", "Finance"]
        assert stays.text == {"goals": "Hold costs."}


def test_a_preview_says_why_a_merge_cannot_be(database: Database) -> None:
    with database.transaction() as session:
        cfo, decision = make_term(session, "personas", "cfo"), vocabulary.find(session, "stages", "decision")
        awareness = vocabulary.find(session, "stages", "awareness")
        assert "same vocabulary" in terms.preview_merge(session, HUB, cfo, into=decision).refusal
        assert "same vocabulary" in terms.preview_merge(session, HUB, cfo, into=cfo).refusal
        assert "Every hub has" in terms.preview_merge(session, HUB, decision, into=awareness).refusal


def test_a_deal_stage_moves_from_one_stage_to_another(database: Database) -> None:
    with database.transaction() as session:
        demo = make_term(session, "deal_stages", "demo", label="Demo", synonyms=["Presentation"])
        stages = {key: vocabulary.find(session, "stages", key) for key in ("awareness", "decision")}
        terms.change(session, HUB, stages["awareness"], TermChange(text={"deal_stages": ["presentation", "Lead"]}))
        assert journey.stages_of_deal_stages(session)[demo.id or 0].key == "awareness"
        for _ in range(2):
            assigning.assign_deal_stage(session, HUB, demo, to=stages["decision"])
            assert journey.stages_of_deal_stages(session)[demo.id or 0].key == "decision"
        assert stages["awareness"].text["deal_stages"] == ["Lead"]
        assigning.assign_deal_stage(session, HUB, demo, to=None)
        assert demo.id not in journey.stages_of_deal_stages(session)


def test_only_a_deal_stage_is_assigned_and_only_by_an_approver(database: Database) -> None:
    with database.transaction() as session:
        cfo, decision = make_term(session, "personas", "cfo"), vocabulary.find(session, "stages", "decision")
        demo = make_term(session, "deal_stages", "demo")
        with pytest.raises(Invalid):
            assigning.assign_deal_stage(session, HUB, cfo, to=decision)
        with pytest.raises(Invalid):
            assigning.assign_deal_stage(session, HUB, demo, to=cfo)
        with pytest.raises(NotAllowed):
            assigning.assign_deal_stage(session, actor(session, role="contributor"), demo, to=decision)


def test_every_vocabulary_is_counted_with_what_waits_in_it(database: Database) -> None:
    with database.transaction() as session:
        make_term(session, "personas", "cfo")
        make_term(session, "personas", "cxo", confirmed=False)
        make_term(session, "own_words", "x", confirmed=False)
        reader = actor(session, role="reader")
        counted = {one.name: (one.terms, one.unconfirmed) for one in catalogue.count_by_vocabulary(session, reader)}
        assert counted["personas"] == (2, 1)
        assert counted["regions"] == (0, 0)
        assert [term.key for term in catalogue.read_unconfirmed(session, reader, limit=9)] == ["x", "cxo"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("Negotiating", "negotiation"), ("negotiation ", "negotiation"), ("Closed lost", None), ("Retail", None)],
)
def test_only_another_spelling_is_taken_for_the_same(
    sqlite_database: Database, written: str, meant: str | None
) -> None:
    with sqlite_database.transaction() as session:
        known = [make_term(session, "deal_stages", key) for key in ("negotiation", "closed-won", "online-retail")]
        found = probably_same(written, known)
        assert (found.key if found else None) == meant
