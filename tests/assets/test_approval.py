from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from hub import clock
from hub.assets import approval, drafts, freshness, library, states
from hub.assets.models import Asset, Decision, Publication, Review, Status, Submission
from hub.db import Database
from hub.errors import Conflict, Invalid, NotAllowed, NotFound
from hub.events.models import Event
from hub.people.roles import HUB, Actor, Team
from tests.factories.assets import Cast, make_cast, make_draft, make_live, next_draft, publish, sign
from tests.factories.people import actor


def approve(session: Session, reviewer: Actor, asset: Asset, team: Team, *, content_hash: str | None = None) -> None:
    head = drafts.head_of(session, asset)
    approval.review(
        session,
        reviewer,
        asset,
        head.number,
        team=team,
        decision=Decision.APPROVED,
        content_hash=content_hash or head.content_hash,
    )


def request_changes(session: Session, reviewer: Actor, asset: Asset, team: Team) -> None:
    head = drafts.head_of(session, asset)
    approval.review(
        session,
        reviewer,
        asset,
        head.number,
        team=team,
        decision=Decision.CHANGES_REQUESTED,
        content_hash=head.content_hash,
        note="Say what it costs.",
    )


def submitted(session: Session, cast: Cast) -> Asset:
    asset = make_draft(session, cast.author)
    approval.submit(session, cast.author, asset, 1, note="please")
    return asset


def test_a_text_goes_live_when_one_person_of_each_team_approved_the_same_hash(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = submitted(session, cast)
        assert asset.status == Status.IN_REVIEW
        approve(session, cast.sales, asset, Team.SALES)
        assert (asset.status, asset.live_version_id) == (Status.IN_REVIEW, None)
        approve(session, cast.marketing, asset, Team.MARKETING)
        assert (asset.status, asset.live_version_id) == (Status.PUBLISHED, asset.head_version_id)
    with database.reading() as session:
        live = session.exec(select(Publication)).one()
        assert (live.kind, live.ended_at) == ("joint", None)


def test_a_version_that_nobody_submitted_cannot_be_approved(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author)
        with pytest.raises(Conflict, match="must be submitted"):
            approve(session, cast.sales, asset, Team.SALES)


def test_nobody_approves_for_the_other_team(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = submitted(session, cast)
        with pytest.raises(NotAllowed, match="cannot decide for sales"):
            approve(session, cast.marketing, asset, Team.SALES)
        with pytest.raises(NotAllowed):
            approve(session, cast.admin, asset, Team.SALES)
        with pytest.raises(NotAllowed):
            approve(session, HUB, asset, Team.SALES)


def test_who_changes_team_still_cannot_sign_for_both(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = submitted(session, cast)
        approve(session, cast.sales, asset, Team.SALES)
        turncoat = Actor(cast.sales.id, cast.sales.email, cast.sales.name, Team.MARKETING, cast.sales.role)
        with pytest.raises(NotAllowed, match="Nobody signs for both"):
            approve(session, turncoat, asset, Team.MARKETING)


def test_a_contributor_may_submit_but_not_approve(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = submitted(session, cast)
        with pytest.raises(NotAllowed, match="the role approver"):
            approve(session, cast.author, asset, Team.MARKETING)


def test_an_approval_of_another_hash_is_refused_and_names_the_right_one(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = submitted(session, cast)
        with pytest.raises(Conflict) as refused:
            approve(session, cast.sales, asset, Team.SALES, content_hash="sha256:0")
        assert refused.value.extra["content_hash"] == drafts.head_of(session, asset).content_hash


def test_a_request_for_changes_needs_a_note_and_sends_the_version_back(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = submitted(session, cast)
        head = drafts.head_of(session, asset)
        with pytest.raises(Invalid, match="needs a note"):
            approval.review(
                session, cast.sales, asset, 1, team=Team.SALES, decision=Decision.CHANGES_REQUESTED,
                content_hash=head.content_hash,
            )  # fmt: skip
        request_changes(session, cast.sales, asset, Team.SALES)
        assert asset.status == Status.DRAFT
        with pytest.raises(Conflict):
            approve(session, cast.marketing, asset, Team.MARKETING)


def test_a_version_sent_back_may_be_submitted_again_and_keeps_the_other_teams_approval(
    sqlite_database: Database,
) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = submitted(session, cast)
        approve(session, cast.marketing, asset, Team.MARKETING)
        request_changes(session, cast.sales, asset, Team.SALES)
        approval.submit(session, cast.author, asset, 1, note="the price is on page 2")
        [waiting] = library.review_queue(session, cast.sales)
        assert waiting.waiting_for == [Team.SALES]
        approve(session, cast.sales, asset, Team.SALES)
        assert asset.status == Status.PUBLISHED


def test_editing_a_live_asset_leaves_the_live_version_alone(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast)
        live = asset.live_version_id
        next_draft(session, cast.author, asset)
        approval.submit(session, cast.author, asset, 2)
        approve(session, cast.sales, asset, Team.SALES)
        assert (asset.status, asset.live_version_id) == (Status.PUBLISHED, live)
        approve(session, cast.marketing, asset, Team.MARKETING)
        assert asset.live_version_id == asset.head_version_id != live


def test_a_new_version_takes_the_old_one_out_of_review_and_starts_without_approvals(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = submitted(session, cast)
        approve(session, cast.sales, asset, Team.SALES)
        next_draft(session, cast.author, asset)
        assert asset.status == Status.DRAFT
        assert session.exec(select(Submission)).one().closed_as == "superseded"
        with pytest.raises(Conflict):
            approval.submit(session, cast.author, asset, 1)
        approval.submit(session, cast.author, asset, 2)
        approve(session, cast.marketing, asset, Team.MARKETING)
        assert asset.live_version_id is None


def test_going_back_to_an_approved_text_needs_new_approvals(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast, title="Price", body="One.\n")
        first = drafts.head_of(session, asset)
        next_draft(session, cast.author, asset, title="Price", body="Two.\n")
        again = next_draft(session, cast.author, asset, title="Price", body="One.\n")
        assert again.content_hash == first.content_hash
        approval.submit(session, cast.author, asset, 3)
        assert asset.live_version_id == first.id


def test_repeated_steps_change_nothing(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = submitted(session, cast)
        approval.submit(session, cast.author, asset, 1)
        approve(session, cast.sales, asset, Team.SALES)
        approve(session, cast.sales, asset, Team.SALES)
        approve(session, cast.marketing, asset, Team.MARKETING)
        approve(session, cast.marketing, asset, Team.MARKETING)
        assert len(session.exec(select(Review)).all()) == 2
        assert len(session.exec(select(Publication)).all()) == 1
        with pytest.raises(Conflict, match="live already"):
            approval.submit(session, cast.author, asset, 1)
        approval.retire(session, cast.sales, asset)
        approval.retire(session, cast.sales, asset)
        approval.bring_back(session, cast.sales, asset)
        approval.bring_back(session, cast.sales, asset)
        names = [event.name for event in session.exec(select(Event).where(Event.subject_kind == "asset"))]
        assert names.count("asset.retired") == names.count("asset.returned") == 1


def test_a_withdrawn_submission_leaves_the_queue(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = submitted(session, cast)
        assert len(library.review_queue(session, cast.sales)) == 1
        approval.withdraw(session, cast.author, asset, 1)
        approval.withdraw(session, cast.author, asset, 1)
        assert asset.status == Status.DRAFT
        assert library.review_queue(session, cast.sales) == []


def test_the_queue_says_who_must_act_and_since_when(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        with clock.shifted(timedelta(days=-3)):
            old = submitted(session, cast)
        new = submitted(session, cast)
        approve(session, cast.sales, new, Team.SALES)
        assert [item.slug for item in library.review_queue(session, cast.sales)] == [old.slug, new.slug]
        assert [item.slug for item in library.review_queue(session, cast.sales, team=Team.SALES)] == [old.slug]
        first = library.review_queue(session, cast.marketing)[0]
        assert (clock.now() - first.since).days == 3
        assert library.review_queue(session, cast.reader) == []
        assert len(library.review_queue(session, cast.author)) == 2


def test_urgency_is_for_admins_is_visible_and_lapses_to_the_text_that_was_signed(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast)
        signed = asset.live_version_id
        urgent = next_draft(session, cast.author, asset)
        for other in (cast.sales, cast.author):
            with pytest.raises(NotAllowed):
                approval.publish_urgently(
                    session, other, asset, 2, reason="wrong price", content_hash=urgent.content_hash, days=3
                )
        approval.publish_urgently(
            session, cast.admin, asset, 2, reason="wrong price", content_hash=urgent.content_hash, days=3
        )
        assert asset.live_version_id == urgent.id
        shown = library.asset_detail(session, asset, urgent.id or 0, with_draft=False)
        assert shown.publication is not None
        assert (shown.publication.kind, shown.publication.reason) == ("urgent", "wrong price")
        assert shown.publication.lapses_at is not None
    freshness.act_on_dates(database)
    with database.reading() as session:
        assert session.get_one(Asset, asset.id).live_version_id == urgent.id
    with clock.shifted(timedelta(days=3, minutes=1)):
        freshness.act_on_dates(database)
        freshness.act_on_dates(database)
    with database.transaction() as session:
        after = session.get_one(Asset, asset.id)
        assert after.live_version_id == signed
        live = states.open_publication(session, after)
        assert live is not None
        assert live.kind == "joint"
        names = [event.name for event in session.exec(select(Event).where(Event.subject_kind == "asset"))]
        assert names.count("asset.urgent_lapsed") == 1
        with pytest.raises(Conflict, match="its time ran out"):
            approval.publish_urgently(
                session, cast.admin, after, 2, reason="again", content_hash=urgent.content_hash, days=3
            )


def test_an_urgent_text_that_both_teams_sign_stays_live(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author)
        head = drafts.head_of(session, asset)
        approval.publish_urgently(session, cast.admin, asset, 1, reason="now", content_hash=head.content_hash, days=1)
        approve(session, cast.sales, asset, Team.SALES)
        approve(session, cast.marketing, asset, Team.MARKETING)
    with clock.shifted(timedelta(days=2)):
        freshness.act_on_dates(sqlite_database)
    with sqlite_database.reading() as session:
        after = session.get_one(Asset, asset.id)
        live = states.open_publication(session, after)
        assert live is not None
        assert (live.kind, after.live_version_id) == ("joint", head.id)


def test_a_lone_urgent_text_becomes_a_draft_again_when_its_time_is_over(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author)
        head = drafts.head_of(session, asset)
        approval.publish_urgently(session, cast.admin, asset, 1, reason="now", content_hash=head.content_hash, days=1)
        approval.withdraw(session, cast.author, asset, 1)
    with clock.shifted(timedelta(days=2)):
        freshness.act_on_dates(sqlite_database)
    with sqlite_database.reading() as session:
        after = session.get_one(Asset, asset.id)
        assert (after.status, after.live_version_id) == (Status.DRAFT, None)


def test_an_imported_publication_says_so_and_may_be_signed_later(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, HUB)
        head = drafts.head_of(session, asset)
        approval.publish_imported(session, HUB, [(asset, head)], reason="import of old.csv")
        shown = library.asset_detail(session, asset, head.id or 0, with_draft=False)
        assert shown.publication is not None
        assert (shown.publication.kind, shown.publication.signatures) == ("imported", [])
        publish(session, Cast(cast.admin, cast.marketing, cast.sales, cast.reader, cast.admin), asset)
        live = states.open_publication(session, asset)
        assert live is not None
        assert live.kind == "joint"


def test_a_retired_asset_comes_back_as_it_was(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast)
        with pytest.raises(NotAllowed):
            approval.retire(session, cast.author, asset)
        approval.retire(session, cast.sales, asset, note="the product is gone")
        assert asset.status == Status.RETIRED
        with pytest.raises(Conflict):
            freshness.confirm(session, cast.sales, asset)
        approval.bring_back(session, cast.sales, asset)
        assert (asset.status, asset.live_version_id) == (Status.PUBLISHED, asset.head_version_id)


def test_a_text_with_a_link_to_nowhere_is_not_submitted_until_the_other_asset_is_there(
    sqlite_database: Database,
) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author, body="See [the card](asset:rival).\n")
        with pytest.raises(Conflict, match="rival"):
            approval.submit(session, cast.author, asset, 1)
        make_draft(session, cast.author, slug="rival")
        approval.submit(session, cast.author, asset, 1)
        assert asset.status == Status.IN_REVIEW


def test_every_step_is_an_event_with_who_and_a_snapshot(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = submitted(session, cast)
        head = drafts.head_of(session, asset)
        approve(session, cast.sales, asset, Team.SALES)
        approve(session, cast.marketing, asset, Team.MARKETING)
        mine = select(Event).where(Event.subject_kind == "asset", Event.subject_id == asset.id)
        events = session.exec(mine.order_by(col(Event.id))).all()
    told = [(event.name, event.actor_id) for event in events]
    assert told == [
        ("asset.created", cast.author.id),
        ("asset.submitted", cast.author.id),
        ("asset.approved", cast.sales.id),
        ("asset.approved", cast.marketing.id),
        ("asset.published", cast.marketing.id),
    ]
    assert all(event.data["hash"] == head.content_hash for event in events)
    assert events[-1].data["signed_by"] == {"sales": cast.sales.id, "marketing": cast.marketing.id}


def test_somebody_elses_draft_is_not_there_for_a_reader(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author)
        for step in (
            lambda: approval.submit(session, cast.reader, asset, 1),
            lambda: approval.retire(session, cast.reader, asset),
            lambda: drafts.rename(session, cast.reader, asset, "mine"),
        ):
            with pytest.raises(NotFound):
                step()


def test_two_approvals_at_once_publish_once(database: Database) -> None:
    import threading

    with database.transaction() as session:
        cast = make_cast(session)
        asset = submitted(session, cast)
        slug = asset.slug
    start = threading.Barrier(2)
    troubles: list[BaseException] = []

    def decide(reviewer: Actor, team: Team) -> None:
        try:
            start.wait()
            with database.transaction() as session:
                sign(session, reviewer, drafts.locked(session, slug), team)
        except BaseException as error:
            troubles.append(error)

    people = [(cast.sales, Team.SALES), (cast.marketing, Team.MARKETING)]
    threads = [threading.Thread(target=decide, args=one) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    with database.reading() as session:
        assert session.get_one(Asset, asset.id).status == Status.PUBLISHED
        assert len(session.exec(select(Publication)).all()) == 1


def test_an_approver_of_another_team_than_sales_and_marketing_cannot_review(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = submitted(session, cast)
        with pytest.raises(NotAllowed):
            approve(session, actor(session, team="other", role="approver"), asset, Team.SALES)
        with pytest.raises(NotFound):
            approve(session, actor(session, team="other", role="approver"), asset, Team.OTHER)
