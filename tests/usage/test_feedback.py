"""What people say of an asset: kept once, told to its authors where it asks for them, and no part of the evidence."""

import uuid

import pytest
from sqlmodel import select

from hub.assets.models import Asset
from hub.db import Database
from hub.errors import Conflict, NotAllowed
from hub.events.names import EventName
from hub.planning.models import Notice
from hub.planning.notices import Notifier
from hub.usage import feedback, reading
from hub.usage.models import Opinion
from hub.usage.schemas import DealRefIn, FeedbackIn
from tests.factories.assets import make_cast, make_draft, make_live
from tests.factories.deals import events_named, make_deal


def test_it_stands_with_its_version_and_deal_newest_first(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast, slug="faq.price")
        make_deal(session, "d-1", name="Cancity")
        feedback.give(session, cast.reader, asset, FeedbackIn(opinion=Opinion.WORKED))
        deal = DealRefIn(source="csv", external_id="d-1")
        feedback.give(session, cast.sales, asset, FeedbackIn(opinion=Opinion.OBJECTION, note="year two?", deal=deal))
        [second, first] = feedback.list_feedback(session, cast.marketing, asset, limit=10).items
        counts = feedback.counts(session, asset)
    assert (first.opinion, first.version, first.deal) == (Opinion.WORKED, 1, None)
    assert second.note == "year two?"
    assert second.deal is not None
    assert second.deal.name == "Cancity"
    assert counts == {Opinion.WORKED: 1, Opinion.OBJECTION: 1}


def test_the_same_id_is_said_once(database: Database) -> None:
    given = FeedbackIn(id=uuid.uuid4(), opinion=Opinion.DID_NOT)
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast, slug="faq.price")
        news = [feedback.give(session, cast.reader, asset, given)[1] for _ in range(2)]
        assert feedback.counts(session, asset) == {Opinion.DID_NOT: 1}
    assert news == [True, False]


def test_what_was_taken_back_is_neither_shown_nor_counted(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast, slug="faq.price")
        said, _ = feedback.give(session, cast.reader, asset, FeedbackIn(opinion=Opinion.WORKED))
        with pytest.raises(NotAllowed):
            feedback.take_back(session, cast.sales, said.id)
        for _ in range(2):
            feedback.take_back(session, cast.reader, said.id)
        assert feedback.list_feedback(session, cast.reader, asset, limit=10).total == 0
        assert feedback.counts(session, asset) == {}
        assert len(events_named(session, EventName.FEEDBACK_TAKEN_BACK)) == 1


def test_a_draft_gets_no_feedback(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        draft = make_draft(session, cast.author, slug="draft.costs")
        with pytest.raises(Conflict):
            feedback.give(session, cast.author, draft, FeedbackIn(opinion=Opinion.WORKED))


@pytest.mark.parametrize(("opinion", "told"), [(Opinion.OUT_OF_DATE, 1), (Opinion.WORKED, 0)])
def test_its_authors_are_told_only_that_it_is_out_of_date(database: Database, opinion: Opinion, told: int) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast, slug="faq.price", title="What it costs", owner_id=cast.author.id)
        feedback.give(session, cast.reader, asset, FeedbackIn(opinion=opinion, note="Prices rose in May."))
    with database.reading() as session:
        events = events_named(session, EventName.FEEDBACK_GIVEN)
    Notifier(database).react(events)
    with database.reading() as session:
        notices = session.exec(select(Notice).where(Notice.person_id == cast.author.id)).all()
    assert len(notices) == told
    for notice in notices:
        assert "What it costs is out of date: Prices rose in May." in notice.text
        assert notice.link == "/assets/faq.price#said"


def test_nothing_of_it_is_a_use(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast, slug="faq.price")
        make_deal(session, "d-1")
        deal = DealRefIn(source="csv", external_id="d-1")
        feedback.give(session, cast.reader, asset, FeedbackIn(opinion=Opinion.WORKED, deal=deal))
        assert session.get(Asset, asset.id) is not None
        assert list(reading.blocks(session)) == []
