"""Joint approval: submit, review, publish urgently, retire, and the queue of what waits for whom."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from sqlmodel import Session

from hub.assets import approval, drafts, library
from hub.assets.models import Asset
from hub.assets.schemas import AssetDetail, QueueItem, RetirementIn, ReviewIn, SubmissionIn, UrgencyIn, VersionDetail
from hub.http import DoorDep, HubRoute, access
from hub.paging import Page
from hub.people.roles import Deed, Team

router = APIRouter(tags=["approval"], route_class=HubRoute)
Number = Annotated[int, Field(ge=1)]


@router.put("/assets/{slug}/versions/{number}/submission", **access(Deed.SUBMIT))
def submit(door: DoorDep, slug: str, number: Number, given: SubmissionIn | None = None) -> VersionDetail:
    """Ask both teams for a review. Refused while the text links to assets that are not there."""
    with door.writing() as (session, actor):
        asset = drafts.locked(session, slug)
        approval.submit(session, actor, asset, number, note=given.note if given else "")
        return library.version_detail(session, asset, number)


@router.delete("/assets/{slug}/versions/{number}/submission", **access(Deed.SUBMIT))
def withdraw(door: DoorDep, slug: str, number: Number) -> VersionDetail:
    """Take the request for review back."""
    with door.writing() as (session, actor):
        asset = drafts.locked(session, slug)
        approval.withdraw(session, actor, asset, number)
        return library.version_detail(session, asset, number)


@router.put("/assets/{slug}/versions/{number}/reviews/{team}", **access(Deed.REVIEW))
def review(door: DoorDep, slug: str, number: Number, team: Team, given: ReviewIn) -> AssetDetail:
    """One team's decision on exactly this text. The second approval publishes."""
    with door.writing() as (session, actor):
        asset = drafts.locked(session, slug)
        approval.review(
            session,
            actor,
            asset,
            number,
            team=team,
            decision=given.decision,
            content_hash=given.content_hash,
            note=given.note,
        )
        return library.asset_detail(session, asset, asset.head_version_id or 0, with_draft=True)


@router.put("/assets/{slug}/versions/{number}/urgency", **access(Deed.PUBLISH_URGENTLY))
def publish_urgently(door: DoorDep, slug: str, number: Number, given: UrgencyIn) -> AssetDetail:
    """Live at once, visible as urgent, and gone again unless both teams sign in time."""
    with door.writing() as (session, actor):
        asset = drafts.locked(session, slug)
        days = door.hub.settings.urgent_days
        approval.publish_urgently(
            session, actor, asset, number, reason=given.reason, content_hash=given.content_hash, days=days
        )
        return _shown(session, asset)


@router.put("/assets/{slug}/retirement", **access(Deed.RETIRE))
def retire(door: DoorDep, slug: str, given: RetirementIn | None = None) -> AssetDetail:
    with door.writing() as (session, actor):
        asset = drafts.locked(session, slug)
        approval.retire(session, actor, asset, note=given.note if given else "")
        return _shown(session, asset)


@router.delete("/assets/{slug}/retirement", **access(Deed.RETIRE))
def bring_back(door: DoorDep, slug: str) -> AssetDetail:
    with door.writing() as (session, actor):
        asset = drafts.locked(session, slug)
        approval.bring_back(session, actor, asset)
        return _shown(session, asset)


@router.get("/reviews", **access(Deed.READ_LIVE))
def read_queue(
    door: DoorDep, team: Annotated[Team | None, Query(description="only what waits for this team")] = None
) -> Page[QueueItem]:
    """What waits for a review, the longest waiting first; approvers see all, others what is theirs."""
    with door.reading() as (session, actor):
        items = library.review_queue(session, actor, team=team)
    return Page[QueueItem](items=items, total=len(items), next=None)


def _shown(session: Session, asset: Asset) -> AssetDetail:
    return library.asset_detail(session, asset, asset.live_version_id or asset.head_version_id or 0, with_draft=True)
