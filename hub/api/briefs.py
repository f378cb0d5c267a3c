"""Briefs: planned pieces of work with an author in each team, and what came of them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from hub.http import DoorDep, HubRoute, access
from hub.insights.inputs import Inputs
from hub.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from hub.people.roles import Deed
from hub.people.schemas import MAX_ID
from hub.planning import brief_lists, briefs, queue
from hub.planning.brief_lists import Filters
from hub.planning.schemas import BriefChange, BriefIn, BriefOut, DropIn

router = APIRouter(prefix="/briefs", tags=["plan"], route_class=HubRoute)
BriefId = Annotated[int, Path(ge=1, le=MAX_ID)]


@router.post("", status_code=201, **access(Deed.EDIT_BRIEF))
def plan(door: DoorDep, given: BriefIn) -> BriefOut:
    """Plan a piece of work: accept a suggestion of the queue, cover requests, or start from an idea."""
    inputs = Inputs.of(door.hub.settings)
    with door.writing() as (session, actor):
        accepted = queue.accepted(session, actor, inputs, given.suggestion) if given.suggestion else None
        brief = briefs.plan(session, actor, given, accepted)
        return brief_lists.shown(session, [brief])[0]


@router.get("", **access(Deed.READ_PLAN))
def list_briefs(
    door: DoorDep,
    running: Annotated[bool, Query(description="without what was dropped or has ended")] = False,
    mine: Annotated[bool, Query(description="only those of which you are an author")] = False,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Page[BriefOut]:
    """Newest first, with what was hoped and what came."""
    with door.reading() as (session, actor):
        return brief_lists.list_briefs(session, actor, Filters(running, mine), limit=limit, cursor=cursor)


@router.get("/{brief_id}", **access(Deed.READ_PLAN))
def read_brief(door: DoorDep, brief_id: BriefId) -> BriefOut:
    with door.reading() as (session, actor):
        return brief_lists.read_brief(session, actor, brief_id)


@router.patch("/{brief_id}", **access(Deed.EDIT_BRIEF))
def change(door: DoorDep, brief_id: BriefId, given: BriefChange) -> BriefOut:
    """Name the asset once its draft is made: from then on the state follows it."""
    with door.writing() as (session, actor):
        brief = briefs.locked(session, brief_id)
        briefs.change(session, actor, brief, given)
        return brief_lists.shown(session, [brief])[0]


@router.put("/{brief_id}/completion", **access(Deed.EDIT_BRIEF))
def finish(door: DoorDep, brief_id: BriefId) -> BriefOut:
    """Say that it was promoted, or put to the test. Other briefs follow their asset."""
    with door.writing() as (session, actor):
        brief = briefs.locked(session, brief_id)
        briefs.finish(session, actor, brief)
        return brief_lists.shown(session, [brief])[0]


@router.put("/{brief_id}/drop", **access(Deed.EDIT_BRIEF))
def drop(door: DoorDep, brief_id: BriefId, given: DropIn) -> BriefOut:
    """It will not be done, and why. Its requests are open again."""
    with door.writing() as (session, actor):
        brief = briefs.locked(session, brief_id)
        briefs.drop(session, actor, brief, given.reason)
        return brief_lists.shown(session, [brief])[0]
