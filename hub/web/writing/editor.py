"""The editor: a new text by its kind, or the next version of one. The same form with script and without.

Every deed of the form keeps what was typed: a preview as a working copy, a save as a version; what is refused comes
back as it was typed, and a newer version by somebody else is shown beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlmodel import Session

from hub.assets import approval, attachments, drafts, intake, library, working_copies
from hub.assets.models import Asset, Kind
from hub.assets.policy import require_on
from hub.assets.schemas import AssetDraft, AttachmentIn, SubmissionIn, VersionDraft
from hub.assets.typed_fields import Typed, typed_of, understood, understood_change
from hub.assets.working_copies import AtWork
from hub.content import kind_templates
from hub.errors import HubError, NotFound
from hub.http import Door, DoorDep, HubRoute, access
from hub.people.roles import Actor, Deed, Team, require
from hub.planning import starting
from hub.planning.starting import Start
from hub.web import shell, words
from hub.web.writing.editor_page import Draft, below, editor_page
from hub.web.writing.typed_form import EditorForm, EditorFormDep

router = APIRouter(tags=["pages"], route_class=HubRoute, include_in_schema=False)
Number = Annotated[int, Query(ge=0, le=2**31 - 1)]
CopyKey = Annotated[str, Query(max_length=40)]


@dataclass(frozen=True, slots=True)
class OthersPage:
    """`seen` is the newest version that the writer has seen."""

    others: list[AtWork]
    slug: str
    head_number: int
    seen: int


@router.get("/write/new", **access(Deed.CREATE_ASSET))
def new_text(
    door: DoorDep,
    kind: Annotated[str, Query(max_length=40)] = "",
    copy: CopyKey = "",
    brief: Number = 0,
    request: Number = 0,
) -> Response:
    """Without a kind: choose one. Without a key: to an address that has one, so that coming back finds the text."""
    with door.reading() as (session, actor):
        require(actor, Deed.CREATE_ASSET)
        begun = _start(session, actor, brief, request)
        if not working_copies.is_new_key(copy):
            if kind not in set(Kind):
                return shell.page(door, actor, "writing/kinds.html", _kinds(begun, brief, request), here="write")
            asked = {"copy": working_copies.new_key(), "kind": kind, "brief": brief, "request": request}
            return shell.back(shell.address_with("/write/new", asked))
        draft = _new_draft(door, session, actor, copy, kind, begun, brief, request)
        page = editor_page(door, session, actor, draft)
    return shell.page(door, actor, "writing/editor.html", page, here="write")


@router.post("/write/new", **access(Deed.CREATE_ASSET))
def write_new(
    door: DoorDep,
    form: EditorFormDep,
    copy: CopyKey = "",
    brief: Number = 0,
    request: Number = 0,
) -> Response:
    with door.reading() as (session, actor):
        require(actor, Deed.CREATE_ASSET)
        begun = _start(session, actor, brief, request)
    if not working_copies.is_new_key(copy):
        raise NotFound("Begin a new text at «Write»: this address names none.")
    draft = Draft(copy, form.typed(), start=begun, brief=brief, request=request, revision=form.number("revision"))
    if form.deed == "discard":
        return _discard(door, copy, "/write")

    def save(session: Session, actor: Actor, typed: Typed) -> Asset:
        fields = understood(session, typed)
        made = intake.create(session, actor, form.form.read(AssetDraft, **fields, slug=typed.slug.strip() or None))
        starting.begun(session, actor, made, brief_id=brief, request_id=request)
        return made

    return _do(door, form, draft, save)


@router.get("/assets/{slug}/edit", **access(Deed.WRITE_VERSION))
def edit_text(door: DoorDep, slug: str) -> Response:
    """The newest text, or what this person typed on top of it and has not saved."""
    with door.reading() as (session, actor):
        asset = library.find(session, slug)
        require_on(session, actor, Deed.WRITE_VERSION, asset)
        page = editor_page(door, session, actor, _draft_of(session, actor, asset))
    return shell.page(door, actor, "writing/editor.html", page, here="write")


@router.post("/assets/{slug}/edit", **access(Deed.WRITE_VERSION))
def write_version(door: DoorDep, slug: str, form: EditorFormDep) -> Response:
    with door.reading() as (session, actor):
        asset = library.find(session, slug)
        require_on(session, actor, Deed.WRITE_VERSION, asset)
        key = working_copies.key_of(asset)
    if form.deed == "discard":
        return _discard(door, key, f"/assets/{asset.slug}/edit")
    # `merged_version` is the newer one that was shown beside the text: saving goes on from there.
    draft = Draft(key, form.typed(), asset, form.number("base_version"), form.number("revision"))
    base = form.number("merged_version") or draft.base_number

    def save(session: Session, actor: Actor, typed: Typed) -> Asset:
        held = drafts.locked(session, slug)
        fields = understood_change(session, held, typed)
        intake.next_version(session, actor, held, form.form.read(VersionDraft, base_version=base, **fields))
        if typed.slug.strip():
            drafts.rename(session, actor, held, typed.slug.strip())
        return held

    return _do(door, form, draft, save)


@router.get("/assets/{slug}/edit/others", **access(Deed.WRITE_VERSION))
def others(door: DoorDep, slug: str, base_version: Number = 0, merged_version: Number = 0) -> Response:
    """Who else is at it, and whether the text has a newer version by now: asked for again and again."""
    with door.reading() as (session, actor):
        asset = library.find(session, slug)
        require_on(session, actor, Deed.WRITE_VERSION, asset)
        seen = max(base_version, merged_version) or asset.head_number
        shown = OthersPage(working_copies.at_work(session, actor, asset), asset.slug, asset.head_number, seen)
    return shell.page(door, actor, "writing/_others.html", shown)


@router.post("/write/preview", **access(Deed.CREATE_ASSET))
def preview(door: DoorDep, form: EditorFormDep) -> Response:
    """How the text will look, by the hub's own renderer, and what the checks say. Writes nothing."""
    typed = form.typed()
    with door.reading() as (session, actor):
        shown = below(door, session, actor, typed)
    return shell.page(door, actor, "writing/_below.html", shown)


def _do(door: Door, form: EditorForm, draft: Draft, save: Callable[[Session, Actor, Typed], Asset]) -> Response:
    try:
        draft = replace(draft, typed=_with_files(door, form, draft.typed))
        if form.deed in ("save", "submit"):
            return _saved(door, form, draft, save)
    except HubError as problem:
        return _again(door, draft, problem)
    return _again(door, draft, None)


def _saved(door: Door, form: EditorForm, draft: Draft, save: Callable[[Session, Actor, Typed], Asset]) -> Response:
    with door.writing() as (session, actor):
        asset = save(session, actor, draft.typed)
        working_copies.discard(session, actor, draft.key)
        number = asset.head_number
        if form.deed == "submit":
            note = form.form.read(SubmissionIn, note=draft.typed.note).note
            approval.submit(session, actor, asset, number, note=note)
    if form.deed == "submit":
        return shell.onward(door.request, f"/reviews/{asset.slug}/{number}", told="submitted")
    return shell.onward(door.request, f"/assets/{asset.slug}/edit", told="version-saved")


def _again(door: Door, draft: Draft, problem: HubError | None) -> Response:
    """The editor with all that was typed, kept as a working copy too; with what was wrong, if anything was."""
    unkept = None
    with door.writing() as (session, actor):
        try:
            copy = working_copies.keep(
                session, actor, draft.key, draft.typed, base_number=draft.base_number, revision=draft.revision
            )
            draft = replace(draft, revision=copy.revision, unsaved_since=copy.started_at)
        except HubError as refused:  # another window kept something newer: what is on the page stays on the page
            unkept = refused
    with door.reading() as (session, actor):
        if draft.asset is not None:
            draft = replace(draft, asset=session.get_one(Asset, draft.asset.id))
        page = editor_page(door, session, actor, draft, problem or unkept)
    shown = problem or unkept
    return shell.page(door, actor, "writing/editor.html", page, here="write", status=shown.status if shown else 200)


def _discard(door: Door, key: str, to: str) -> Response:
    with door.writing() as (session, actor):
        working_copies.discard(session, actor, key)
    return shell.onward(door.request, to, told="copy-discarded")


def _with_files(door: Door, form: EditorForm, typed: Typed) -> Typed:
    """What was chosen for upload, stored and attached; raises Invalid for what cannot be read."""
    attached = list(typed.attachments)
    for name, data in form.files:
        read = attachments.read_file(data, name, limit=door.hub.settings.max_body_bytes)
        with door.writing() as (session, actor):
            row = attachments.store(session, door.hub.blobs, actor, read)
            taken = {file.name for file in attached}
            attached.append(AttachmentIn(digest=row.digest, name=_free(read.name, taken)))
    return typed.model_copy(update={"attachments": attached})


def _free(name: str, taken: set[str]) -> str:
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    candidates = [name, *(f"{stem}-{number}{dot}{ending}" for number in range(2, len(taken) + 3))]
    return next(one for one in candidates if one not in taken)


def _draft_of(session: Session, actor: Actor, asset: Asset) -> Draft:
    newest = typed_of(session, asset)
    key = working_copies.key_of(asset)
    copy = working_copies.find(session, actor, key)
    if copy is None:
        return Draft(key, newest, asset, asset.head_number)
    typed = Typed.model_validate(copy.fields)
    if typed.says_the_same(newest):
        return Draft(key, newest, asset, asset.head_number, copy.revision)
    return Draft(key, typed, asset, copy.base_number, copy.revision, copy.saved_at)


def _new_draft(
    door: Door, session: Session, actor: Actor, key: str, kind: str, begun: Start | None, brief: int, request: int
) -> Draft:
    copy = working_copies.find(session, actor, key)
    if copy is not None:
        typed = Typed.model_validate(copy.fields)
        return Draft(key, typed, None, 0, copy.revision, copy.saved_at, begun, brief, request)
    template = kind_templates.template(door.hub.settings.content_dir, Kind(kind) if kind in set(Kind) else Kind.NOTE)
    me = {str(actor.team): [actor.email or actor.name]} if actor.team in (Team.MARKETING, Team.SALES) else {}
    fields = {
        "title": template.title, "kind": str(template.kind), "body": template.body, "audience": template.audience,
    } | me  # fmt: skip
    typed = Typed.model_validate(fields | (begun.fields if begun else {}))
    return Draft(key, typed, start=begun, brief=brief, request=request)


def _start(session: Session, actor: Actor, brief: int, request: int) -> Start | None:
    if brief:
        return starting.from_brief(session, actor, brief)
    return starting.from_request(session, actor, request) if request else None


def _kinds(begun: Start | None, brief: int, request: int) -> dict[str, object]:
    kinds = [
        (shell.address_with("/write/new", {"kind": kind, "brief": brief, "request": request}), called)
        for kind, called in sorted(words.KINDS.items(), key=lambda pair: pair[1])
    ]
    return {"start": begun, "kinds": kinds}
