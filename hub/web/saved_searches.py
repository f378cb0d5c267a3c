"""Searches kept under a name: saved from the search page, run by their address, forgotten from where they stand."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import RedirectResponse, Response

from hub.http import DoorDep, HubRoute, access
from hub.people.roles import Deed
from hub.people.schemas import MAX_ID
from hub.search import saved
from hub.web import shell
from hub.web.forms import FormDep

router = APIRouter(prefix="/searches", tags=["pages"], route_class=HubRoute, include_in_schema=False)
Id = Annotated[int, Path(ge=1, le=MAX_ID)]


@router.post("", **access(Deed.KEEP_SEARCHES))
def save(door: DoorDep, form: FormDep) -> Response:
    with door.writing() as (session, actor):
        kept = saved.save(session, actor, name=form.text("name"), query=form.text("query"))
        query = kept.query
    return shell.back(f"/?{query}", told="search-saved")


@router.get("/{saved_id}", **access(Deed.KEEP_SEARCHES))
def run(door: DoorDep, saved_id: Id) -> Response:
    """The address of a saved search: on to what it asks today."""
    with door.reading() as (session, actor):
        return RedirectResponse(f"/?{saved.find(session, actor, saved_id).query}", status_code=303)


@router.post("/{saved_id}/end", **access(Deed.KEEP_SEARCHES))
def forget(door: DoorDep, saved_id: Id) -> Response:
    with door.writing() as (session, actor):
        saved.forget(session, actor, saved_id)
    return shell.back("/", told="search-forgotten")
