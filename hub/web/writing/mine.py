"""What I am writing: what is not saved, my drafts and what I write with others, and where a new text begins."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from hub.assets import authored, working_copies
from hub.assets.authored import Authored
from hub.assets.working_copies import Unsaved
from hub.http import DoorDep, HubRoute, access
from hub.people.roles import Deed
from hub.web import shell, words
from hub.web.forms import FormDep

router = APIRouter(prefix="/write", tags=["pages"], route_class=HubRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class WritePage:
    unsaved: list[Unsaved]
    running: list[Authored]
    settled: list[Authored]
    more: bool
    kinds: list[tuple[str, str]]


class _Key(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: Annotated[str, StringConstraints(max_length=40)]


@router.get("", **access(Deed.CREATE_ASSET))
def my_texts(door: DoorDep) -> Response:
    """The texts that are under way first, then what is live; the newest change first."""
    with door.reading() as (session, actor):
        unsaved = working_copies.mine(session, actor)
        texts = authored.authored_by(session, actor)
    kinds = [
        (f"/write/new?kind={kind}", called) for kind, called in sorted(words.KINDS.items(), key=lambda one: one[1])
    ]
    shown = WritePage(
        unsaved=unsaved,
        running=[one for one in texts.items if one.running],
        settled=[one for one in texts.items if not one.running],
        more=texts.more,
        kinds=kinds,
    )
    return shell.page(door, actor, "writing/mine.html", shown, here="write")


@router.post("/discarded", **access(Deed.CREATE_ASSET))
def discard(door: DoorDep, form: FormDep) -> Response:
    """What was typed and not saved is not wanted any more."""
    given = form.read(_Key, key=form.text("key"))
    with door.writing() as (session, actor):
        working_copies.discard(session, actor, given.key)
    return shell.back("/write", told="copy-discarded")
