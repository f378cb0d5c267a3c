"""Freshness: «still right», what the caller was reminded of, and the shares by owner, persona and stage."""

from fastapi import APIRouter

from hub.assets import drafts, freshness, library
from hub.assets.schemas import AssetDetail, ConfirmationIn, Freshness, ReminderOut
from hub.http import DoorDep, HubRoute, access
from hub.paging import Page
from hub.people.roles import Deed

router = APIRouter(tags=["freshness"], route_class=HubRoute)


@router.post("/assets/{slug}/confirmations", status_code=201, **access(Deed.CONFIRM))
def confirm(door: DoorDep, slug: str, given: ConfirmationIn | None = None) -> AssetDetail:
    """The live text was read again and is still right: its review date moves, the text and its signatures stay."""
    with door.writing() as (session, actor):
        asset = drafts.locked(session, slug)
        wanted = given or ConfirmationIn()
        freshness.confirm(session, actor, asset, review_by=wanted.review_by, note=wanted.note)
        return library.asset_detail(session, asset, asset.live_version_id or 0, with_draft=True)


@router.get("/me/reminders", **access(Deed.READ_LIVE))
def read_reminders(door: DoorDep) -> Page[ReminderOut]:
    """Live assets of the caller whose review or expiry date comes near."""
    with door.reading() as (session, actor):
        items = freshness.reminders_for(session, actor)
    return Page[ReminderOut](items=items, total=len(items), next=None)


@router.get("/freshness", **access(Deed.READ_FRESHNESS))
def read_freshness(door: DoorDep) -> Freshness:
    with door.reading() as (session, _):
        return freshness.figures(session)
