"""Files of the content folder and texts of the hub that both changed: both texts, and choosing one."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from hub.assets.differences import changes
from hub.assets.schemas import ChangeOut, PieceOut
from hub.content import conflicts
from hub.content.conflicts import ContentConflictOut, Side
from hub.errors import HubError
from hub.http import Door, DoorDep, HubRoute, access
from hub.people.roles import Deed, require
from hub.web import shell
from hub.web.forms import FormDep
from hub.web.versions import FieldRow, Step, steps_of

router = APIRouter(prefix="/conflicts", tags=["pages"], route_class=HubRoute, include_in_schema=False)
Path = Annotated[str, Query(max_length=4_000)]


class _Choice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    take: Side
    path: Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
    folder: Annotated[str, StringConstraints(max_length=4_000)] = ""


@dataclass(frozen=True, slots=True)
class ConflictsPage:
    items: list[ContentConflictOut]


@dataclass(frozen=True, slots=True)
class ConflictPage:
    conflict: ContentConflictOut
    fields: list[FieldRow]
    steps: list[Step]
    problem: HubError | None


@router.get("", **access(Deed.IMPORT_CONTENT))
def list_conflicts(door: DoorDep) -> Response:
    with door.reading() as (session, actor):
        shown = ConflictsPage(conflicts.open_conflicts(session, actor))
    return shell.page(door, actor, "writing/conflicts.html", shown, here="reviews")


@router.get("/one", **access(Deed.IMPORT_CONTENT))
def show_conflict(door: DoorDep, path: Path = "", folder: Path = "") -> Response:
    return _page(door, path, folder, None)


@router.post("/choice", **access(Deed.IMPORT_CONTENT))
def choose(door: DoorDep, form: FormDep) -> Response:
    """One of the two texts; the other stays on record. Who takes the file's goes on to its draft, to merge by hand."""
    with door.reading() as (_, actor):
        require(actor, Deed.IMPORT_CONTENT)
    path, folder = form.text("path"), form.text("folder")
    try:
        given = form.read(_Choice, take=form.text("take"), path=path, folder=folder)
        with door.writing() as (session, actor):
            asset = conflicts.resolve(session, actor, given.path, take=given.take, folder=given.folder)
    except HubError as problem:
        if problem.status not in (409, 422) or not path:
            raise
        return _page(door, path, folder, problem)
    to = f"/assets/{asset.slug}/edit" if given.take == "file" else "/conflicts"
    return shell.back(to, told=f"conflict-{given.take}")


def _page(door: Door, path: str, folder: str, problem: HubError | None) -> Response:
    with door.reading() as (session, actor):
        conflict = conflicts.open_conflict(session, actor, path, folder=folder)
    found = changes(conflict.hub_text, conflict.file_text)
    steps = steps_of(
        [
            ChangeOut(
                kind=one.kind, before_line=one.before_line, after_line=one.after_line, before=list(one.before),
                after=list(one.after), words=[PieceOut(kind=piece.kind, text=piece.text) for piece in one.words],
            )
            for one in found
        ]
    )  # fmt: skip
    status = problem.status if problem else 200
    shown = ConflictPage(conflict, [], steps, problem)
    return shell.page(door, actor, "writing/conflict.html", shown, here="reviews", status=status)
