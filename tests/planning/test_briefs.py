"""Briefs: planned by two, following their asset, and showing what was hoped beside what came."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from hub import clock
from hub.assets import approval, drafts
from hub.db import Database, id_of
from hub.errors import Conflict, Invalid, NotAllowed
from hub.insights.inputs import Inputs
from hub.planning import brief_lists, briefs, queue, requests
from hub.planning.brief_lists import Filters
from hub.planning.models import Brief, BriefState
from hub.planning.schemas import BriefChange, BriefIn, BriefOut, RequestIn
from tests.factories.assets import make_draft, make_live, next_draft, publish
from tests.factories.deals import make_deal
from tests.factories.planning import count_uses, make_evidence, make_run
from tests.planning.conftest import Stage

AUTHORS = {"marketing_author": "ana@example.com", "sales_author": "ben@example.com"}


def plan(session: Session, stage: Stage, /, **fields: Any) -> Brief:
    given = BriefIn.model_validate(AUTHORS | {"title": "The cost of doing nothing"} | fields)
    accepted = queue.accepted(session, stage.cast.author, Inputs(), given.suggestion) if given.suggestion else None
    return briefs.plan(session, stage.cast.author, given, accepted)


def shown(session: Session, stage: Stage, brief: Brief) -> BriefOut:
    session.flush()
    return brief_lists.read_brief(session, stage.rep, id_of(brief))


def test_a_brief_has_an_author_in_each_team(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        brief = shown(session, stage, plan(session, stage, persona="cfo", stage="decision"))
        assert (brief.marketing_author.name, brief.marketing_author.team) == ("ana", "marketing")
        assert (brief.sales_author.name, brief.sales_author.team) == ("ben", "sales")
        assert (brief.persona, brief.stage, brief.state) == ("cfo", "decision", BriefState.PLANNED)
        with pytest.raises(Invalid, match="two authors"):
            plan(session, stage, marketing_author="ben@example.com")
        with pytest.raises(NotAllowed):
            briefs.plan(session, stage.rep, BriefIn.model_validate(AUTHORS | {"title": "Mine"}))


def test_the_state_follows_the_asset(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        brief = plan(session, stage)
        asset = make_draft(session, stage.cast.author, slug="doing-nothing")
        briefs.change(session, stage.cast.author, brief, BriefChange(asset="doing-nothing"))
        assert shown(session, stage, brief).state == BriefState.WRITING
        approval.submit(session, stage.cast.author, asset, 1)
        assert shown(session, stage, brief).state == BriefState.IN_REVIEW
        approval.withdraw(session, stage.cast.author, asset, 1)
        assert shown(session, stage, brief).state == BriefState.WRITING
        publish(session, stage.cast, asset)
        live = shown(session, stage, brief)
        assert (live.state, live.asset and live.asset.slug) == (BriefState.LIVE, "doing-nothing")
        assert live.live_since is not None


def test_to_fix_what_is_live_is_planned_until_a_new_version_is_live(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        asset = make_live(session, stage.cast, slug="weak")
        make_deal(session, "D-1", amount=10_000, currency="EUR")
        make_evidence(session, make_run(session), asset, verdict="no_evidence", lift=-0.5, low=-1.5, high=0.5, gain=0.0)
        count_uses(session, asset, 40)
        brief = plan(session, stage, suggestion=f"fix-{asset.id}")
        assert shown(session, stage, brief).state == BriefState.PLANNED
        next_draft(session, stage.cast.author, asset, body="Better.\n")
        assert shown(session, stage, brief).state == BriefState.WRITING
        publish(session, stage.cast, asset)
        assert shown(session, stage, brief).state == BriefState.LIVE


def test_a_brief_to_retire_is_done_when_the_asset_is_retired(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        asset = make_live(session, stage.cast, slug="losing", tags={"stages": ["decision"]})
        make_live(session, stage.cast, slug="other", tags={"stages": ["decision"]})
        found = {"verdict": "goes_with_losing", "lift": -4.0, "low": -8.0, "high": -1.0, "gain": 0.0}
        make_evidence(session, make_run(session), asset, **found)
        make_deal(session, "D-1", amount=10_000, currency="EUR", stage="Proposal")
        count_uses(session, asset, 30)
        brief = plan(session, stage, suggestion=f"retire-{asset.id}")
        assert shown(session, stage, brief).state == BriefState.PLANNED
        approval.retire(session, stage.cast.marketing, asset)
        assert shown(session, stage, brief).state == BriefState.LIVE


def test_a_brief_without_text_is_finished_by_hand_and_others_are_not(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        asset = make_live(session, stage.cast, slug="good", tags={"stages": ["decision"]})
        make_deal(session, "D-1", amount=10_000, currency="EUR", stage="Proposal")
        make_evidence(session, make_run(session), asset)
        brief = plan(session, stage, suggestion=f"promote-{asset.id}")
        briefs.finish(session, stage.cast.author, brief)
        briefs.finish(session, stage.cast.author, brief)
        assert shown(session, stage, brief).state == BriefState.LIVE
        with pytest.raises(Conflict, match="when its asset is"):
            briefs.finish(session, stage.cast.author, plan(session, stage))


def test_what_was_hoped_stands_beside_what_came(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        make_deal(session, "D-1", amount=1_000_000, currency="EUR", buyer_persona="cfo", stage="Proposal")
        [line, *_] = queue.queue(session, stage.rep, Inputs(), queue.Filters(), limit=5, cursor=None).items
        brief = plan(session, stage, suggestion=line.key)
        before = shown(session, stage, brief)
        assert before.hoped is not None
        assert (before.hoped.value, before.hoped.reason) == (line.value, line.reason)
        assert (before.persona, before.stage, before.came) == ("cfo", "decision", None)
        asset = make_live(session, stage.cast, slug="new")
        briefs.change(session, stage.cast.author, brief, BriefChange(asset="new"))
        assert shown(session, stage, brief).came is None, "nobody used it yet"
        run = make_run(session)
        make_evidence(session, run, asset, n=40, extra_revenue=12_000.0, extra_low=2_000.0, extra_high=20_000.0)
        came = shown(session, stage, brief).came
        assert came is not None
        assert (came.verdict, came.uses, came.lift, came.extra_money, came.currency) == (
            "proven",
            40,
            5.0,
            12_000,
            "EUR",
        )
        assert came.range is not None
        assert (came.range.low, came.range.high) == (2.0, 8.0)


def test_one_suggestion_has_one_brief_until_that_is_live(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        make_deal(session, "D-1", amount=1_000_000, currency="EUR", buyer_persona="cfo", stage="Proposal")
        [line, *_] = queue.queue(session, stage.rep, Inputs(), queue.Filters(), limit=5, cursor=None).items
        first = plan(session, stage, suggestion=line.key)
        with pytest.raises(Conflict, match="plans this already"):
            plan(session, stage, suggestion=line.key)
        make_live(session, stage.cast, slug="done")
        briefs.change(session, stage.cast.author, first, BriefChange(asset="done"))
        second = plan(session, stage, suggestion=line.key)
        assert second.id != first.id
        assert shown(session, stage, first).state == BriefState.LIVE


def test_a_suggestion_that_is_not_made_any_more_cannot_be_accepted(database: Database, stage: Stage) -> None:
    with database.transaction() as session, pytest.raises(Conflict, match="not made any more"):
        plan(session, stage, suggestion="promote-999")


def test_a_brief_covers_requests_and_dropping_it_opens_them_again(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        due = clock.today() + timedelta(days=9)
        asked = RequestIn.model_validate({"needed": "A sheet for IT", "persona": "it-security", "due_on": due})
        request, _ = requests.ask(session, stage.rep, asked)
        brief = plan(session, stage, title=None, requests=[request.id])
        made = shown(session, stage, brief)
        assert (made.title, made.persona, made.due_on, made.requests) == (
            "A sheet for IT", "it-security", due, [request.id],
        )  # fmt: skip
        with pytest.raises(Invalid, match="covers it already"):
            plan(session, stage, requests=[request.id])
        briefs.drop(session, stage.cast.author, brief, "Another one answers it.")
        briefs.drop(session, stage.cast.author, brief, "Another one answers it.")
        assert shown(session, stage, brief).state == BriefState.DROPPED
        assert request.brief_id is None
        with pytest.raises(Conflict, match="dropped"):
            briefs.change(session, stage.cast.author, brief, BriefChange(title="Once more"))


def test_requests_that_cannot_be_covered_are_named(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        request, _ = requests.ask(session, stage.rep, RequestIn(needed="A sheet for IT"))
        requests.decline(session, stage.cast.author, request, "We have one.")
        with pytest.raises(Invalid) as refused:
            plan(session, stage, requests=[request.id, 999])
        assert [(fault.loc[-1], fault.message) for fault in refused.value.errors] == [
            (0, "this request is declined"),
            (1, "there is no such request"),
        ]
        with pytest.raises(Invalid, match="needs a title"):
            plan(session, stage, title=None)


def test_a_change_leaves_alone_what_was_not_sent(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        due = clock.today() + timedelta(days=9)
        brief = plan(session, stage, persona="cfo", due_on=due)
        briefs.change(session, stage.cast.author, brief, BriefChange(stage="decision", sales_author="zoe@example.com"))
        changed = shown(session, stage, brief)
        assert (changed.persona, changed.stage, changed.due_on) == ("cfo", "decision", due)
        assert (changed.marketing_author.name, changed.sales_author.name) == ("ana", "zoe")
        briefs.change(session, stage.cast.author, brief, BriefChange(persona=None, due_on=None))
        cleared = shown(session, stage, brief)
        assert (cleared.persona, cleared.due_on) == (None, None)


def test_lists_show_what_runs_and_what_is_mine(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        mine = plan(session, stage, marketing_author=stage.cast.marketing.email)
        dropped = plan(session, stage)
        briefs.drop(session, stage.cast.author, dropped, "Not now, later.")
        every = brief_lists.list_briefs(session, stage.rep, Filters(), limit=5, cursor=None)
        running = brief_lists.list_briefs(session, stage.rep, Filters(running=True), limit=5, cursor=None)
        of_hers = brief_lists.list_briefs(session, stage.cast.marketing, Filters(mine=True), limit=5, cursor=None)
    assert [it.id for it in every.items] == [dropped.id, mine.id]
    assert [it.id for it in running.items] == [mine.id]
    assert [it.id for it in of_hers.items] == [mine.id]


def test_an_overdue_brief_says_so_until_it_is_live(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        brief = plan(session, stage, due_on=clock.today())
        with clock.shifted(timedelta(days=2)):
            assert shown(session, stage, brief).overdue
            make_live(session, stage.cast, slug="late")
            briefs.change(session, stage.cast.author, brief, BriefChange(asset="late"))
            assert not shown(session, stage, brief).overdue


def test_a_version_that_was_live_before_is_not_what_fixing_brought(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        asset = make_live(session, stage.cast, slug="weak")
        next_draft(session, stage.cast.author, asset, body="Half a page.\n")
        make_deal(session, "D-1", amount=10_000, currency="EUR")
        make_evidence(session, make_run(session), asset, verdict="no_evidence", lift=-0.5, low=-1.5, high=0.5, gain=0.0)
        count_uses(session, asset, 40)
        brief = plan(session, stage, suggestion=f"fix-{asset.id}")
        assert shown(session, stage, brief).state == BriefState.WRITING, "the draft that is there counts"
        assert drafts.head_of(session, asset).number == 2
