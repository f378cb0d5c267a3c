"""The inbox: what you were told, and what waits for you."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from hub.http import DoorDep, HubRoute, access
from hub.paging import DEFAULT_LIMIT, MAX_LIMIT
from hub.people.roles import Deed
from hub.people.schemas import MAX_ID
from hub.planning import inbox
from hub.planning.schemas import Inbox, NoticeOut

router = APIRouter(prefix="/inbox", tags=["inbox"], route_class=HubRoute)
NoticeId = Annotated[int, Path(ge=1, le=MAX_ID)]


class Seen(BaseModel):
    """How many notices were new."""

    seen: int


@router.get("", **access(Deed.READ_INBOX))
def read_inbox(
    door: DoorDep,
    unseen: Annotated[bool, Query(description="only new notices")] = False,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Inbox:
    """Notices, newest first, and what waits for you now: reviews, questions about stages, requests and briefs."""
    with door.reading() as (session, actor):
        return inbox.inbox(session, actor, unseen=unseen, limit=limit, cursor=cursor)


@router.put("/seen", **access(Deed.READ_INBOX))
def see_all(door: DoorDep) -> Seen:
    """Mark all of them as seen."""
    with door.writing() as (session, actor):
        return Seen(seen=inbox.see_all(session, actor))


@router.put("/{notice_id}/seen", **access(Deed.READ_INBOX))
def see(door: DoorDep, notice_id: NoticeId) -> NoticeOut:
    with door.writing() as (session, actor):
        return inbox.see(session, actor, notice_id, seen=True)


@router.delete("/{notice_id}/seen", **access(Deed.READ_INBOX))
def unsee(door: DoorDep, notice_id: NoticeId) -> NoticeOut:
    """Keep it as new."""
    with door.writing() as (session, actor):
        return inbox.see(session, actor, notice_id, seen=False)
