"""Taking an asset out of use, and bringing it back."""

from fastapi import APIRouter
from fastapi.responses import Response

from hub.assets import approval, drafts
from hub.assets.schemas import RetirementIn
from hub.http import DoorDep, HubRoute, access
from hub.people.roles import Deed
from hub.web import shell
from hub.web.forms import FormDep

router = APIRouter(prefix="/assets/{slug}", tags=["pages"], route_class=HubRoute, include_in_schema=False)


@router.post("/retirement", **access(Deed.RETIRE))
def retire(door: DoorDep, slug: str, form: FormDep) -> Response:
    given = form.read(RetirementIn, note=form.text("note"))
    with door.writing() as (session, actor):
        approval.retire(session, actor, drafts.locked(session, slug), note=given.note)
    return shell.back(f"/assets/{slug}", told="retired")


@router.post("/return", **access(Deed.RETIRE))
def bring_back(door: DoorDep, slug: str) -> Response:
    with door.writing() as (session, actor):
        approval.bring_back(session, actor, drafts.locked(session, slug))
    return shell.back(f"/assets/{slug}", told="returned")
