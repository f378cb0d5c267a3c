"""The desk of a reviewer: what waits for whom, and several approvals at once of texts that were read."""

import pytest
from sqlmodel import Session

from hub.assets import approval, authored, drafts, library, passage_notes, review_desk
from hub.assets.models import Asset, Decision
from hub.assets.review_desk import Named
from hub.db import Database
from hub.errors import Conflict, NotAllowed
from hub.people.roles import Team
from tests.factories.assets import Cast, make_cast, make_draft, make_live, next_draft, sign


def submitted(session: Session, cast: Cast, slug: str) -> Asset:
    asset = make_draft(session, cast.author, slug=slug)
    approval.submit(session, cast.author, asset, 1, note="please")
    return asset


def named(session: Session, asset: Asset) -> Named:
    head = drafts.head_of(session, asset)
    return Named(asset.slug, head.number, head.content_hash)


def test_the_desk_tells_mine_from_theirs_and_remembers_what_i_decided(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        one, _two = submitted(session, cast, "one"), submitted(session, cast, "two")
        sign(session, cast.sales, one, Team.SALES)
        mine = review_desk.desk(session, cast.sales)
        assert [it.item.slug for it in mine.for_me] == ["two"]
        assert [it.slug for it in mine.for_others] == ["one"]
        assert [(it.slug, it.decision, it.live) for it in mine.decided] == [("one", Decision.APPROVED, False)]
        theirs = review_desk.desk(session, cast.marketing)
        assert [it.item.slug for it in theirs.for_me] == ["one", "two"]
        assert review_desk.desk(session, cast.reader).for_me == []
        assert review_desk.desk(session, cast.admin).for_me == []


def test_only_what_was_opened_is_approved_together_and_all_or_none(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        assets = [submitted(session, cast, slug) for slug in ("one", "two")]
        texts = [named(session, asset) for asset in assets]
        passage_notes.note_opened(session, cast.sales, drafts.head_of(session, assets[0]))
    with pytest.raises(Conflict, match="not opened"), database.transaction() as session:
        review_desk.approve_together(session, cast.sales, texts)
    with database.transaction() as session:
        assert len(review_desk.desk(session, cast.sales).for_me) == 2
        sign(session, cast.marketing, library.find(session, "one"), Team.MARKETING)
        for _ in range(2):
            passage_notes.note_opened(session, cast.sales, drafts.head_of(session, library.find(session, "two")))
        assert review_desk.approve_together(session, cast.sales, texts) == ["one"]
        assert review_desk.desk(session, cast.sales).for_me == []


def test_another_text_than_the_one_shown_is_not_approved(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = submitted(session, cast, "one")
        shown = named(session, asset)
        passage_notes.note_opened(session, cast.sales, drafts.head_of(session, asset))
        next_draft(session, cast.author, asset)
        approval.submit(session, cast.author, asset, 2)
        with pytest.raises(Conflict):
            review_desk.approve_together(session, cast.sales, [shown])
        other = Named(asset.slug, 1, "sha256:0")
        with pytest.raises(Conflict, match="hash"):
            review_desk.approve_together(session, cast.sales, [other])


def test_nobody_outside_of_the_two_teams_approves_together(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = submitted(session, cast, "one")
        passage_notes.note_opened(session, cast.admin, drafts.head_of(session, asset))
        with pytest.raises(NotAllowed):
            review_desk.approve_together(session, cast.admin, [named(session, asset)])


def test_ones_texts_say_how_far_they_are(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        make_live(session, cast, slug="live")
        waiting = submitted(session, cast, "waiting")
        sign(session, cast.marketing, waiting, Team.MARKETING)
        back = submitted(session, cast, "back")
        head = drafts.head_of(session, back)
        approval.review(
            session, cast.sales, back, 1, team=Team.SALES, decision=Decision.CHANGES_REQUESTED,
            content_hash=head.content_hash, note="Name the question.",
        )  # fmt: skip
        texts = {one.slug: one for one in authored.authored_by(session, cast.author).items}
        assert (texts["live"].running, texts["live"].live) == (False, True)
        assert (texts["waiting"].in_review, texts["waiting"].waiting_for) == (True, [Team.SALES])
        assert (texts["back"].asked_for_changes, texts["back"].asked_by) == ("Name the question.", cast.sales.name)
        assert authored.authored_by(session, cast.sales).items == []
