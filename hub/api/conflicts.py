"""Conflicts between content files and the hub: both texts, and choosing one."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from hub.content import conflicts
from hub.content.conflicts import ContentConflictOut, Side
from hub.http import DoorDep, HubRoute, access
from hub.paging import Page
from hub.people.roles import Deed

router = APIRouter(prefix="/content/conflicts", tags=["content"], route_class=HubRoute)


class Choice(BaseModel):
    """`file`: its text becomes the newest version, a draft. `hub`: the next export writes over the file."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"take": "file"}]})

    take: Side


class Resolution(BaseModel):
    path: str
    slug: str
    take: Side
    version: int


@router.get("", **access(Deed.IMPORT_CONTENT))
def list_conflicts(door: DoorDep) -> Page[ContentConflictOut]:
    """What changed both in a file and in the hub since the two last agreed, with both texts and their difference."""
    with door.reading() as (session, actor):
        items = conflicts.open_conflicts(session, actor)
    return Page[ContentConflictOut](items=items, total=len(items), next=None)


@router.put("/{path:path}", **access(Deed.IMPORT_CONTENT))
def resolve_conflict(door: DoorDep, path: str, choice: Choice, folder: str = "") -> Resolution:
    """Choose a side, for a file of the configured folder or of `folder`. The other text stays on record: in the
    versions, or in the event."""
    with door.writing() as (session, actor):
        asset = conflicts.resolve(session, actor, path, take=choice.take, folder=folder)
        return Resolution(path=path, slug=asset.slug, take=choice.take, version=asset.head_number)
