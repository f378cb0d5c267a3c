"""The inbox: told once of what became of things, and shown what waits now."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from hub import clock
from hub.assets import approval, drafts
from hub.assets.models import Asset, Decision
from hub.db import Database
from hub.errors import NotFound
from hub.events.models import Event
from hub.people.roles import Actor, Team
from hub.planning import briefs, inbox, notices, requests
from hub.planning.notices import Notifier
from hub.planning.schemas import BriefIn, Inbox, JoinIn, RequestIn
from tests.factories.assets import make_draft, make_live
from tests.planning.conftest import Stage


def deliver(database: Database, events: Sequence[Event] | None = None) -> None:
    """All events so far, as the worker gives them."""
    with database.reading() as session:
        everything = list(session.exec(select(Event).order_by(col(Event.id))))
    wanted = [event for event in (everything if events is None else events) if event.name.startswith(notices.EVENTS)]
    Notifier(database).react(wanted)


def read(database: Database, who: Actor, *, unseen: bool = False) -> Inbox:
    with database.reading() as session:
        return inbox.inbox(session, who, unseen=unseen, limit=50, cursor=None)


def told(database: Database, who: Actor) -> list[str]:
    return [it.text for it in reversed(read(database, who).items)]


def test_everybody_who_asked_is_told_what_became_of_it(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        request, _ = requests.ask(session, stage.rep, RequestIn(needed="A sheet for IT"))
        requests.join(session, stage.other_rep, request, JoinIn())
        requests.take(session, stage.cast.author, request)
        make_live(session, stage.cast, slug="sheet")
        requests.fulfil(session, stage.cast.author, request, "sheet")
    deliver(database)
    taken = f"{stage.cast.author.name} takes care of your request: A sheet for IT"
    there = "It is there now: sheet answers your request “A sheet for IT”"
    assert told(database, stage.rep) == ["Otto Other needs it too: A sheet for IT", taken, there]
    assert told(database, stage.other_rep) == [taken, there]
    assert read(database, stage.rep).items[0].link == "/assets/sheet"
    assert not any("request" in text for text in told(database, stage.cast.author)), "who did it need not be told"


def test_a_declined_request_says_why(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        request, _ = requests.ask(session, stage.rep, RequestIn(needed="A sheet for IT"))
        requests.decline(session, stage.cast.author, request, "faq.security says it all.")
    deliver(database)
    assert told(database, stage.rep) == ["Your request “A sheet for IT” was declined: faq.security says it all."]


def test_an_event_that_comes_again_tells_nobody_twice(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        request, _ = requests.ask(session, stage.rep, RequestIn(needed="A sheet for IT"))
        requests.take(session, stage.cast.author, request)
    for _ in range(3):
        deliver(database)
    assert len(read(database, stage.rep).items) == 1


def test_those_who_answer_for_an_asset_hear_of_its_reviews(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        asset = make_draft(session, stage.cast.author, title="Too dear")
        approval.submit(session, stage.cast.author, asset, 1)
        approval.review(
            session, stage.cast.sales, asset, 1, team=Team.SALES, decision=Decision.CHANGES_REQUESTED,
            content_hash=_hash(session, asset), note="The price is old.",
        )  # fmt: skip
    deliver(database)
    assert told(database, stage.cast.author) == [
        f"{stage.cast.sales.name} asked for changes to Too dear: The price is old."
    ]


def test_the_authors_of_a_brief_are_told_and_find_it_waiting(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        given = BriefIn(
            title="Doing nothing",
            marketing_author=stage.cast.marketing.email or "",
            sales_author=stage.cast.sales.email or "",
            due_on=clock.today(),
        )
        brief = briefs.plan(session, stage.cast.author, given)
    deliver(database)
    assert told(database, stage.cast.sales) == [
        f"{stage.cast.author.name} planned a brief with you as an author: Doing nothing"
    ]
    [waits] = read(database, stage.cast.sales).waiting
    assert (waits.kind, waits.link) == ("brief", f"/briefs/{brief.id}")
    with clock.shifted(timedelta(days=1)):
        assert "was due on" in read(database, stage.cast.sales).waiting[0].text


def test_what_waits_goes_by_itself_when_it_is_done(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        asset = make_draft(session, stage.cast.author, title="Too dear", slug="too-dear")
        approval.submit(session, stage.cast.author, asset, 1)
        request, _ = requests.ask(session, stage.rep, RequestIn(needed="A sheet for IT"))
        requests.take(session, stage.cast.sales, request)
    assert [it.kind for it in read(database, stage.cast.sales).waiting] == ["review", "request"]
    assert read(database, stage.rep).waiting == []
    with database.transaction() as session:
        approval.review(
            session, stage.cast.sales, asset, 1, team=Team.SALES, decision=Decision.APPROVED,
            content_hash=_hash(session, asset),
        )  # fmt: skip
        requests.give_back(session, stage.cast.sales, requests.locked(session, request.id or 0))
    assert read(database, stage.cast.sales).waiting == []


def test_seen_notices_stay_for_half_a_year(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        for number in range(2):
            request, _ = requests.ask(session, stage.rep, RequestIn(needed=f"Need number {number}"))
            requests.take(session, stage.cast.author, request)
    deliver(database)
    newest, oldest = read(database, stage.rep).items
    with database.transaction() as session:
        inbox.see(session, stage.rep, oldest.id, seen=True)
    assert read(database, stage.rep).unseen == 1
    assert [it.id for it in read(database, stage.rep, unseen=True).items] == [newest.id]
    with clock.shifted(timedelta(days=181)):
        Notifier(database).forget_old()
    assert [it.id for it in read(database, stage.rep).items] == [newest.id]
    with database.transaction() as session:
        assert inbox.see_all(session, stage.rep) == 1
        assert inbox.see_all(session, stage.rep) == 0


def test_nobody_reads_or_marks_somebody_elses_notice(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        request, _ = requests.ask(session, stage.rep, RequestIn(needed="A sheet for IT"))
        requests.take(session, stage.cast.author, request)
    deliver(database)
    [mine] = read(database, stage.rep).items
    assert read(database, stage.other_rep).items == []
    with database.transaction() as session, pytest.raises(NotFound):
        inbox.see(session, stage.other_rep, mine.id, seen=True)


def _hash(session: Session, asset: Asset) -> str:
    return drafts.head_of(session, asset).content_hash
