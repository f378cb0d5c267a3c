"""A brief that went live fulfils the requests behind it, once."""

from sqlmodel import Session, select

from hub.assets import drafts
from hub.db import Database, id_of
from hub.events.models import Event
from hub.planning import briefs, request_lists, requests
from hub.planning.fulfilling import EVENTS, Fulfiller
from hub.planning.models import Request
from hub.planning.schemas import BriefChange, BriefIn, RequestIn, RequestOut
from tests.factories.assets import make_draft, make_live, publish
from tests.planning.conftest import Stage


def planned(session: Session, stage: Stage) -> tuple[int, int]:
    request, _ = requests.ask(session, stage.rep, RequestIn(needed="An answer to doing nothing"))
    session.flush()
    authors = {"marketing_author": "ana@example.com", "sales_author": "ben@example.com"}
    brief = briefs.plan(session, stage.cast.author, BriefIn.model_validate(authors | {"requests": [request.id]}))
    return id_of(brief), id_of(request)


def react(database: Database) -> None:
    with database.reading() as session:
        events = [it for it in session.exec(select(Event)) if it.name in EVENTS]
    Fulfiller(database).react(events)


def request_now(database: Database, stage: Stage, request_id: int) -> RequestOut:
    with database.reading() as session:
        return request_lists.read_request(session, stage.rep, request_id)


def name_asset(database: Database, stage: Stage, brief_id: int, slug: str) -> None:
    with database.transaction() as session:
        briefs.change(session, stage.cast.author, briefs.locked(session, brief_id), BriefChange(asset=slug))


def test_a_text_that_goes_live_fulfils_what_it_was_planned_for(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        brief_id, request_id = planned(session, stage)
        make_draft(session, stage.cast.author, slug="doing-nothing")
    name_asset(database, stage, brief_id, "doing-nothing")
    react(database)
    assert request_now(database, stage, request_id).state == "open"
    with database.transaction() as session:
        publish(session, stage.cast, drafts.locked(session, "doing-nothing"))
    react(database)
    react(database)
    now = request_now(database, stage, request_id)
    assert (now.state, now.asset and now.asset.slug, now.closed_by) == ("fulfilled", "doing-nothing", None)
    with database.reading() as session:
        told = [it for it in session.exec(select(Event)) if it.name == "request.fulfilled"]
        assert [it.data["people"] for it in told] == [[stage.rep.id]]


def test_a_brief_that_names_what_is_live_already_fulfils_at_once(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        brief_id, request_id = planned(session, stage)
        make_live(session, stage.cast, slug="already-there")
    name_asset(database, stage, brief_id, "already-there")
    react(database)
    assert request_now(database, stage, request_id).state == "fulfilled"


def test_what_was_declined_meanwhile_stays_so(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        brief_id, request_id = planned(session, stage)
        make_live(session, stage.cast, slug="already-there")
        requests.decline(session, stage.cast.author, session.get_one(Request, request_id), "not any more")
    name_asset(database, stage, brief_id, "already-there")
    react(database)
    assert request_now(database, stage, request_id).state == "declined"
