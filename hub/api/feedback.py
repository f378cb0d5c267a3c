"""What people say of an asset after they used it. Both teams read it; nothing of it enters the evidence."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from hub.assets import drafts, library
from hub.assets.policy import may_on
from hub.errors import NotFound
from hub.http import DoorDep, HubRoute, access
from hub.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from hub.people.roles import Deed
from hub.people.schemas import MAX_ID
from hub.usage import feedback
from hub.usage.schemas import FeedbackIn, FeedbackOut

router = APIRouter(tags=["uses"], route_class=HubRoute)


@router.post("/assets/{slug}/feedback", status_code=201, **access(Deed.GIVE_FEEDBACK))
def give_feedback(door: DoorDep, slug: str, given: FeedbackIn, response: Response) -> FeedbackOut:
    """Say how a live asset did. «Out of date» is told to its authors. An `id` sent again is answered with 200."""
    with door.writing() as (session, actor):
        asset = drafts.locked(session, slug)
        if asset.live_version_id is None and not may_on(session, actor, Deed.READ_DRAFTS, asset):
            raise NotFound(f"There is no asset {slug!r}.")
        said, is_new = feedback.give(session, actor, asset, given)
        response.status_code = 201 if is_new else 200
        return said


@router.get("/assets/{slug}/feedback", **access(Deed.READ_LIVE))
def list_feedback(
    door: DoorDep,
    slug: str,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Page[FeedbackOut]:
    """Newest first."""
    with door.reading() as (session, actor):
        asset = library.find(session, slug)
        library.version_to_show(session, actor, asset, draft=False)  # raises for what they may not know of
        return feedback.list_feedback(session, actor, asset, limit=limit, cursor=cursor)


@router.delete("/feedback/{feedback_id}", status_code=204, **access(Deed.TAKE_BACK_FEEDBACK))
def take_back_feedback(door: DoorDep, feedback_id: Annotated[int, Path(ge=1, le=MAX_ID)]) -> None:
    """Take back what you said: nobody sees it any longer."""
    with door.writing() as (session, actor):
        feedback.take_back(session, actor, feedback_id)
