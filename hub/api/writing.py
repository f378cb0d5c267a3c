"""Writing: what is typed and not saved yet, checks of a text, and notes on passages."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from sqlmodel import Session

from hub.assets import drafts, library, looking_over, passage_notes, working_copies
from hub.assets.models import Asset, Version
from hub.assets.schemas import PassageNoteIn, PassageNoteOut, SettledIn
from hub.assets.typed_fields import Typed
from hub.assets.writing_models import WorkingCopy
from hub.content import kind_templates
from hub.errors import NotFound
from hub.http import DoorDep, HubRoute, access
from hub.paging import Page
from hub.people.models import Person
from hub.people.roles import Deed

router = APIRouter(tags=["writing"], route_class=HubRoute)
CopyKey = Annotated[str, Path(max_length=40, description="`asset-` and its number, or `new-` and 32 hex digits")]
Number = Annotated[int, Path(ge=1, le=1_000_000)]
_TYPED: JsonDict = {
    "title": "Objection: it costs too much",
    "kind": "objection",
    "body": "Ask first.\n",
    "personas": ["CFO"],
}


class TypedIn(Typed):
    """A text as it was typed: tags by key, label or synonym, people by address or name."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_TYPED]})


class WorkingCopyIn(BaseModel):
    """`revision` is that of the copy the caller goes on from, 0 for none; `base_version` the newest version seen."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"revision": 0, "base_version": 0, "fields": _TYPED}]}
    )

    revision: Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)] = 0
    base_version: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] = 0
    fields: TypedIn


class WorkingCopyOut(BaseModel):
    key: str
    slug: str | None
    base_version: int
    revision: int
    started_at: datetime
    saved_at: datetime
    fields: Typed


class UnsavedOut(BaseModel):
    """`newest_version` is above `base_version` when somebody saved a version meanwhile."""

    key: str
    slug: str | None
    title: str
    kind: str
    base_version: int
    newest_version: int
    saved_at: datetime


class FindingOut(BaseModel):
    """`line` counts from 1 in the body; null when it is about no line."""

    code: str
    field: str
    message: str
    serious: bool
    line: int | None


class ChecksOut(BaseModel):
    words: int
    findings: list[FindingOut]


@router.post("/checks", **access(Deed.CREATE_ASSET))
def check_text(door: DoorDep, typed: TypedIn) -> ChecksOut:
    """What a text still needs before both teams sign it. Nothing is written."""
    rules = kind_templates.rules(door.hub.settings.content_dir)
    with door.reading() as (session, actor):
        seen = looking_over.look(session, actor, typed, rules)
    found = [
        FindingOut(code=one.code, field=one.field, message=one.message, serious=one.serious, line=one.line)
        for one in seen.findings
    ]
    return ChecksOut(words=seen.words, findings=found)


@router.get("/working-copies", **access(Deed.CREATE_ASSET))
def list_working_copies(door: DoorDep) -> Page[UnsavedOut]:
    """What the caller typed and has not saved, the last change first."""
    with door.reading() as (session, actor):
        rows = working_copies.mine(session, actor)
    items = [
        UnsavedOut(
            key=row.key, slug=row.slug, title=row.title, kind=row.kind, base_version=row.base_number,
            newest_version=row.head_number, saved_at=row.saved_at,
        )
        for row in rows
    ]  # fmt: skip
    return Page[UnsavedOut](items=items, total=len(items), next=None)


@router.get("/working-copies/{key}", **access(Deed.CREATE_ASSET))
def read_working_copy(door: DoorDep, key: CopyKey) -> WorkingCopyOut:
    with door.reading() as (session, actor):
        copy = working_copies.find(session, actor, key)
        if copy is None:
            raise NotFound("You have no such working copy.")
        return _copy_out(session, copy)


@router.put("/working-copies/{key}", **access(Deed.CREATE_ASSET))
def keep_working_copy(door: DoorDep, key: CopyKey, given: WorkingCopyIn) -> WorkingCopyOut:
    """Keep what was typed, for nobody but the caller. 409 when another window of theirs kept something newer."""
    with door.writing() as (session, actor):
        copy = working_copies.keep(
            session, actor, key, Typed.model_validate(given.fields.model_dump()),
            base_number=given.base_version, revision=given.revision,
        )  # fmt: skip
        return _copy_out(session, copy)


@router.delete("/working-copies/{key}", status_code=204, response_class=Response, **access(Deed.CREATE_ASSET))
def discard_working_copy(door: DoorDep, key: CopyKey) -> Response:
    """It is not wanted any more."""
    with door.writing() as (session, actor):
        working_copies.discard(session, actor, key)
    return Response(status_code=204)


@router.get("/assets/{slug}/versions/{number}/notes", **access(Deed.READ_DRAFTS))
def list_notes(door: DoorDep, slug: str, number: Number) -> Page[PassageNoteOut]:
    """Notes on passages of one version, in the order of the text."""
    with door.reading() as (session, actor):
        asset = library.find(session, slug)
        items = passage_notes.notes_on(session, actor, asset, library.version_of(session, asset, number))
    return Page[PassageNoteOut](items=items, total=len(items), next=None)


@router.post("/assets/{slug}/versions/{number}/notes", status_code=201, **access(Deed.NOTE_PASSAGE))
def write_note(door: DoorDep, slug: str, number: Number, given: PassageNoteIn) -> PassageNoteOut:
    """A note on words of the text, quoted as they stand there. Its authors are told."""
    with door.writing() as (session, actor):
        asset, version = _locked(session, slug, number)
        note = passage_notes.add(session, actor, asset, version, quote=given.quote, text=given.text)
        return passage_notes.shown(note, session.get_one(Person, note.person_id))


@router.put("/assets/{slug}/versions/{number}/notes/{note_id}/settlement", **access(Deed.NOTE_PASSAGE))
def settle_note(
    door: DoorDep, slug: str, number: Number, note_id: Annotated[int, Path(ge=1, le=2**31 - 1)], given: SettledIn
) -> PassageNoteOut:
    """Say that a note is dealt with, or that it is not."""
    with door.writing() as (session, actor):
        asset, version = _locked(session, slug, number)
        note = passage_notes.settle(session, actor, asset, version, note_id, settled=given.settled)
        return passage_notes.shown(note, session.get_one(Person, note.person_id))


def _locked(session: Session, slug: str, number: int) -> tuple[Asset, Version]:
    asset = drafts.locked(session, slug)
    return asset, library.version_of(session, asset, number)


def _copy_out(session: Session, copy: WorkingCopy) -> WorkingCopyOut:
    asset = session.get(Asset, copy.asset_id) if copy.asset_id else None
    return WorkingCopyOut(
        key=copy.key,
        slug=asset.slug if asset else None,
        base_version=copy.base_number,
        revision=copy.revision,
        started_at=copy.started_at,
        saved_at=copy.saved_at,
        fields=Typed.model_validate(copy.fields),
    )
