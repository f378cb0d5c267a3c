"""The event log, as an audit trail: who did what, when, and how it looked at that moment."""

from typing import Annotated

from fastapi import APIRouter, Query

from hub.assets import history
from hub.assets.schemas import EventOut
from hub.http import DoorDep, HubRoute, access
from hub.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from hub.people.roles import Deed, Scope

router = APIRouter(tags=["events"], route_class=HubRoute)
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]


@router.get("/events", **access(Deed.READ_EVENTS))
def list_events(
    door: DoorDep,
    name: Annotated[str | None, Query(description="`asset.approved`, or `asset.` for all of assets")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[EventOut]:
    """Everything that happened, newest first. For admins."""
    with door.reading() as (session, actor):
        return history.all_events(session, actor, name=name, limit=limit, cursor=cursor)


@router.get("/assets/{slug}/events", **access(Deed.READ_EVENTS, scope=Scope.CONTENT_READ))
def list_asset_events(
    door: DoorDep, slug: str, limit: Limit = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[EventOut]:
    """What happened to one asset, newest first; for those who may see its drafts."""
    with door.reading() as (session, actor):
        return history.events_of(session, actor, slug, limit=limit, cursor=cursor)
