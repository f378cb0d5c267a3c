"""Owners are asked what they used when a deal leaves a stage: once, soon after, and never about history."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, func, select

from hub import clock
from hub.db import Database
from hub.deals.models import Deal, StageEntry
from hub.errors import Invalid, NotFound
from hub.events.models import Event
from hub.people.roles import Actor
from hub.usage import answering
from hub.usage.asking import Asker
from hub.usage.lately import Searched
from hub.usage.listing import are_recalled
from hub.usage.models import StageQuestion, Use
from tests.factories.assets import Cast, make_cast, make_live
from tests.factories.deals import bring_deals, bring_stages, make_deal, table
from tests.factories.taxonomy import make_term
from tests.factories.uses import counted, make_use

CREATED = "2020-01-01"


def told(session: Session) -> Sequence[Event]:
    return session.exec(select(Event).where(col(Event.name).startswith("deal.")).order_by(col(Event.id))).all()


def react(database: Database, times: int = 1) -> list[StageQuestion]:
    with database.reading() as session:
        events = told(session)
    for _ in range(times):
        Asker(database).react(events)
    with database.reading() as session:
        return list(session.exec(select(StageQuestion).order_by(col(StageQuestion.id))))


def stages(*stays: tuple[str, float, float | None]) -> list[dict[str, str]]:
    """By (stage, entered, left) as days ago."""
    now = clock.now()
    return [
        {"stage": stage, "entered": (now - timedelta(days=entered)).isoformat()}
        | ({"left": (now - timedelta(days=left)).isoformat(), "result": "advanced"} if left is not None else {})
        for stage, entered, left in stays
    ]


@pytest.fixture
def cast(database: Database) -> Cast:
    with database.transaction() as session:
        return make_cast(session)


def put(database: Database, owner: Actor, *stays: tuple[str, float, float | None], **fields: object) -> Deal:
    with database.transaction() as session:
        given = {"created": CREATED, "owner": owner.email, "stages": stages(*stays)} | fields
        return make_deal(session, "D1", **given)


def test_the_owner_is_asked_about_the_stage_that_was_left(database: Database, cast: Cast) -> None:
    put(database, cast.reader, ("Discovery", 30, None))
    assert react(database) == []
    deal = put(database, cast.reader, ("Discovery", 30, 1), ("Proposal", 1, None))
    [question] = react(database, times=3)
    assert (question.deal_id, question.person_id) == (deal.id, cast.reader.id)
    with database.reading() as session:
        entry = session.exec(select(StageEntry).where(col(StageEntry.left_at).is_not(None))).one()
        assert (question.stage_id, question.entered_at, question.left_at) == (
            entry.stage_id, entry.entered_at, entry.left_at,
        )  # fmt: skip


def test_a_deal_without_history_is_asked_about_by_what_the_source_states(database: Database, cast: Cast) -> None:
    for stage in ("Discovery", "Proposal"):
        with database.transaction() as session:
            make_deal(session, "D1", created=CREATED, owner=cast.reader.email, stage=stage)
    [question] = react(database, times=2)
    assert question.entered_at is None
    assert clock.now() - question.left_at < timedelta(minutes=5)


def test_a_correction_of_the_day_asks_nothing_again_and_a_stay_that_never_was_is_withdrawn(
    database: Database, cast: Cast
) -> None:
    put(database, cast.reader, ("Discovery", 30, 1), ("Proposal", 1, None))
    [first] = react(database)
    with database.transaction() as session:
        entry = session.exec(select(StageEntry).where(col(StageEntry.left_at).is_not(None))).one()
        entry.left_at = first.left_at - timedelta(days=2)
        session.add(entry)
    assert [it.id for it in react(database)] == [first.id]
    put(database, cast.reader, ("Discovery", 30, None))
    assert react(database) == []


def test_an_import_of_history_asks_nothing(database: Database, cast: Cast) -> None:
    deals = [(f"D{n}", cast.reader.email, "won", "2024-01-01", "2024-06-01") for n in range(30)]
    bring_deals(database, table("deal_id,owner,outcome,created,closed", deals))
    history = [(f"D{n}", "Discovery", "2024-01-01", "2024-02-01", "advanced") for n in range(30)]
    lately = (clock.now() - timedelta(days=2)).date()
    history.append(("D7", "Proposal", "2024-02-01", str(lately), "advanced"))
    bring_stages(database, table("deal_id,stage,entered,left,result", history))
    [question] = react(database)
    with database.reading() as session:
        assert session.get_one(Deal, question.deal_id).external_id == "D7"


def test_a_deal_of_nobody_is_not_asked_about(database: Database) -> None:
    with database.transaction() as session:
        make_deal(session, "D1", created=CREATED, stages=stages(("Discovery", 30, 1)))
    assert react(database) == []


def test_likely_assets_are_those_used_looked_up_or_made_for_such_a_deal(database: Database, cast: Cast) -> None:
    now = clock.now()
    with database.transaction() as session:
        make_term(session, "competitors", "tilvane", label="Tilvane")
        used, seen, searched, made_for, _ = (
            make_live(session, cast, slug=slug, tags=tags)
            for slug, tags in (
                ("used", {}), ("seen", {}), ("searched", {}), ("made-for", {"competitors": ["tilvane"]}), ("other", {}),
            )
        )  # fmt: skip
    deal = put(database, cast.reader, ("Discovery", 30, None), competitor="tilvane")
    with database.transaction() as session:
        make_use(session, cast.reader, used, deal=deal, occurred_at=now - timedelta(days=3))
        make_use(session, cast.reader, seen, action="viewed", occurred_at=now - timedelta(days=3))
    put(database, cast.reader, ("Discovery", 30, 1), competitor="tilvane")

    def searches(_: Session, person_id: int, since: datetime, until: datetime) -> Sequence[Searched]:
        assert since <= now - timedelta(days=29)
        assert until >= now - timedelta(days=1)
        return [Searched(now - timedelta(days=2), searched.id, "csv/D1")] if person_id == cast.reader.id else []

    with database.reading() as session:
        events = told(session)
    Asker(database, searches).react(events)
    with database.reading() as session:
        [shown] = answering.list_questions(session, cast.reader, state="open", limit=20, cursor=None).items
        assert [(it.asset.slug, it.why, it.recorded) for it in shown.likely] == [
            ("used", ["you used it on this deal"], True),
            ("searched", ["you looked it up for this deal"], False),
            ("seen", ["you used it then"], False),
            ("made-for", ["it is tagged Tilvane"], False),
        ]
        assert made_for.id is not None


def asked(database: Database, cast: Cast, **fields: object) -> StageQuestion:
    put(database, cast.reader, ("Discovery", 30, 1), **fields)
    [question] = react(database)
    return question


def answered(database: Database, who: Actor, question: StageQuestion, *used: str) -> list[tuple[str, bool]]:
    """The uses on record afterwards: (slug, whether taken back)."""
    with database.transaction() as session:
        answering.answer(session, who, question.id or 0, used=used, none_used=not used)
        rows = session.exec(select(Use).where(Use.channel == "asked").order_by(col(Use.asset_id)))
        return [(str(it.asset_id), it.taken_back_at is not None) for it in rows]


def test_each_click_sends_the_whole_answer_and_the_last_one_counts(database: Database, cast: Cast) -> None:
    with database.transaction() as session:
        one, two = (str(make_live(session, cast, slug=slug).id) for slug in ("one", "two"))
    question = asked(database, cast)
    assert answered(database, cast.reader, question, "one") == [(one, False)]
    assert answered(database, cast.reader, question, "one", "two") == [(one, False), (two, False)]
    assert answered(database, cast.reader, question, "two") == [(one, True), (two, False)]
    assert answered(database, cast.reader, question) == [(one, True), (two, True)]
    assert answered(database, cast.reader, question, "one") == [(one, False), (two, True)]


def test_an_answer_is_a_use_within_the_stage(database: Database, cast: Cast) -> None:
    with database.transaction() as session:
        make_live(session, cast, slug="one")
    question = asked(database, cast)
    answered(database, cast.reader, question, "one")
    with database.reading() as session:
        use = session.exec(select(Use)).one()
        assert (use.person_id, use.deal_id, use.channel) == (cast.reader.id, question.deal_id, "asked")
        assert question.entered_at <= use.occurred_at < question.left_at  # type: ignore[operator]
        assert are_recalled(session, [use]) == [False]
        shown = answering.list_questions(session, cast.reader, state="answered", limit=20, cursor=None)
        assert [(it.asset.slug, it.used) for it in shown.items[0].likely] == [("one", True)]
        assert not shown.items[0].recalled


def test_the_same_answer_again_changes_nothing(database: Database, cast: Cast) -> None:
    question = asked(database, cast)
    answered(database, cast.reader, question)
    with database.reading() as session:
        before = session.get_one(StageQuestion, question.id).answered_at
    answered(database, cast.reader, question)
    with database.reading() as session:
        assert session.get_one(StageQuestion, question.id).answered_at == before
        told_of = session.exec(select(func.count()).where(Event.name == "stage_question.answered")).one()
        assert told_of == 1


def test_an_answer_after_the_close_is_kept_and_recalled(database: Database, cast: Cast) -> None:
    with database.transaction() as session:
        make_live(session, cast, slug="one")
    closed = (clock.now() - timedelta(hours=1)).isoformat()
    question = asked(database, cast, outcome="lost", closed=closed)
    answered(database, cast.reader, question, "one")
    with database.reading() as session:
        assert are_recalled(session, session.exec(select(Use)).all()) == [True]
        [shown] = answering.list_questions(session, cast.reader, state="all", limit=20, cursor=None).items
        assert shown.recalled


def test_others_are_neither_asked_nor_answer(database: Database, cast: Cast) -> None:
    question = asked(database, cast)
    with database.transaction() as session:
        assert answering.list_questions(session, cast.sales, state="all", limit=20, cursor=None).total == 0
        with pytest.raises(NotFound):
            answering.answer(session, cast.sales, question.id or 0, used=(), none_used=True)
    put(database, cast.sales, ("Discovery", 30, 1))  # the deal is theirs now
    assert answered(database, cast.sales, question) == []


def test_an_answer_names_assets_that_are_there(database: Database, cast: Cast) -> None:
    with database.transaction() as session:
        make_live(session, cast, slug="price-talk")
    question = asked(database, cast)
    with pytest.raises(Invalid, match="nearest: price-talk") as caught, database.transaction() as session:
        answering.answer(session, cast.reader, question.id or 0, used=["price-talk", "price-tolk"], none_used=False)
    assert caught.value.errors[0].loc == ("body", "used", 1)


def test_a_list_of_questions_asks_the_database_as_often_for_one_as_for_many(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        make_live(session, cast)
        for n in range(6):
            make_deal(session, f"D{n}", created=CREATED, owner=cast.reader.email, stages=stages(("Discovery", 30, 1)))
    react(sqlite_database)
    asked_for = []
    for limit in (1, 6):
        with sqlite_database.reading() as session, counted(sqlite_database) as statements:
            page = answering.list_questions(session, cast.reader, state="all", limit=limit, cursor=None)
        assert len(page.items) == limit
        asked_for.append(len(statements))
    assert asked_for[0] == asked_for[1]
