"""What people say of an asset after they used it, from its page; and on which deals it was used."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from sqlmodel import Session

from hub.assets import drafts, library
from hub.assets.models import Asset
from hub.assets.policy import may_on
from hub.db import id_of
from hub.errors import NotFound
from hub.http import DoorDep, HubRoute, access
from hub.people.roles import Actor, Deed
from hub.people.schemas import MAX_ID
from hub.usage import feedback, listing, where_used
from hub.usage.models import Action, Opinion
from hub.usage.schemas import DealRefIn, FeedbackIn, FeedbackOut, UseOut
from hub.usage.where_used import DealOfAsset
from hub.web import deal_at_hand, shell, uses
from hub.web.forms import Form, FormDep

router = APIRouter(prefix="/assets/{slug}", tags=["pages"], route_class=HubRoute, include_in_schema=False)
PER_PAGE = 25
FIRST, OWN = 5, 3  # on the page of the asset itself
OPINIONS = {
    Opinion.WORKED: ("worked", "Worked"),
    Opinion.DID_NOT: ("did-not", "Did not work"),
    Opinion.OBJECTION: ("objection", "Objection heard"),
    Opinion.OUT_OF_DATE: ("overdue", "Out of date"),
}
Cursor = Annotated[str | None, Query(max_length=500)]


@dataclass(frozen=True, slots=True)
class FeedbackPage:
    slug: str
    title: str
    items: list[FeedbackOut]
    total: int
    later: str
    opinions: dict[Opinion, tuple[str, str]] = field(default_factory=lambda: OPINIONS)


@dataclass(frozen=True, slots=True)
class DealsOfAssetPage:
    slug: str
    title: str
    deals: list[DealOfAsset]
    total: int
    later: str
    own: list[UseOut] = field(default_factory=list)
    did: dict[Action, str] = field(default_factory=lambda: uses.DID)


@router.get("/feedback", **access(Deed.READ_LIVE))
def list_feedback(door: DoorDep, slug: str, cursor: Cursor = None) -> Response:
    with door.reading() as (session, actor):
        asset = library.find(session, slug)
        title = _title(session, actor, asset)
        found = feedback.list_feedback(session, actor, asset, limit=PER_PAGE, cursor=cursor)
        later = shell.address_with(f"/assets/{asset.slug}/feedback", {"cursor": found.next}) if found.next else ""
        shown = FeedbackPage(asset.slug, title, found.items, found.total, later)
    return shell.page(door, actor, "feedback/list.html", shown, here="assets")


@router.post("/feedback", **access(Deed.GIVE_FEEDBACK))
def give(door: DoorDep, slug: str, form: FormDep) -> Response:
    """With a note, and on the deal at hand if that is ticked."""
    with door.writing() as (session, actor):
        given = _said(form)
        asset = drafts.locked(session, slug)
        if asset.live_version_id is None and not may_on(session, actor, Deed.READ_DRAFTS, asset):
            raise NotFound(f"There is no asset {slug!r}.")
        feedback.give(session, actor, asset, given)
        slug = asset.slug
    return shell.back(f"/assets/{slug}#said", told="feedback-given")


@router.post("/feedback/{feedback_id}/end", **access(Deed.TAKE_BACK_FEEDBACK))
def take_back(door: DoorDep, slug: str, feedback_id: Annotated[int, Path(ge=1, le=MAX_ID)]) -> Response:
    with door.writing() as (session, actor):
        feedback.take_back(session, actor, feedback_id)
    return shell.back(shell.own_path(f"/assets/{slug}#said"), told="feedback-taken-back")


@router.get("/deals", **access(Deed.READ_USES))
def show_deals(door: DoorDep, slug: str, cursor: Cursor = None) -> Response:
    """The deals on which it was used, the last use first; its first few, and one's own
    uses, as a fragment for the asset's page."""
    part = shell.is_fragment(door.request)
    with door.reading() as (session, actor):
        asset = library.find(session, slug)
        title = _title(session, actor, asset)
        found = where_used.deals_of(session, actor, asset, limit=FIRST if part else PER_PAGE, cursor=cursor)
        later = shell.address_with(f"/assets/{asset.slug}/deals", {"cursor": found.next}) if found.next else ""
        mine = listing.Filters(asset=asset.slug, person=actor.id)
        own = listing.list_uses(session, actor, mine, limit=OWN, cursor=None).items if part else []
        shown = DealsOfAssetPage(asset.slug, title, found.items, found.total, later, own)
    return shell.page(door, actor, "feedback/_deals.html" if part else "feedback/deals.html", shown, here="assets")


def _said(form: Form) -> FeedbackIn:
    named = deal_at_hand.parts(form.text("deal"))
    return form.read(
        FeedbackIn,
        id=form.text("id") or None,
        opinion=form.text("opinion"),
        note=form.text("note"),
        deal=form.read(DealRefIn, source=named[0], external_id=named[1]) if named is not None else None,
    )


def _title(session: Session, actor: Actor, asset: Asset) -> str:
    """Raises NotFound for what they may not know of."""
    library.version_to_show(session, actor, asset, draft=False)
    return listing.assets_by_id(session, [id_of(asset)])[id_of(asset)].title
