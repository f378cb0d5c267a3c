"""Reviews: the queue of each team, and one page per text that waits, with what changed, notes and the decision."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response
from sqlmodel import Session

from hub.assets import approval, drafts, library, passage_notes, review_desk, states
from hub.assets.models import Decision, Status, Version
from hub.assets.policy import may_on
from hub.assets.review_desk import Desk, Named
from hub.assets.schemas import (
    PassageNoteIn,
    PassageNoteOut,
    ReviewIn,
    ReviewOut,
    SubmissionIn,
    UrgencyIn,
    VersionDetail,
)
from hub.content import conflicts
from hub.errors import HubError, Invalid
from hub.http import Door, DoorDep, HubRoute, access
from hub.people.roles import Actor, Deed, Team, may
from hub.web import shell, words
from hub.web.assets import under_title
from hub.web.forms import Form, FormDep
from hub.web.versions import FieldRow, Step, field_rows, steps_of
from hub.web.words import Words

router = APIRouter(prefix="/reviews", tags=["pages"], route_class=HubRoute, include_in_schema=False)
Number = Annotated[int, Path(ge=1, le=1_000_000)]
MOST_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class QueuePage:
    desk: Desk
    team: Team
    reviewer: bool
    conflicts: int
    problem: HubError | None


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """`standing` is each team's decision that counts now; `may_...` hide what would be refused anyway."""

    slug: str
    version: VersionDetail
    status: Status
    html: str
    tags: list[tuple[str, str]]
    live: int | None
    newest: int
    fields: list[FieldRow]
    steps: list[Step]
    standing: dict[Team, ReviewOut]
    earlier: list[ReviewOut]
    teams: tuple[Team, ...]
    notes: list[PassageNoteOut]
    blocks: list[str]
    may_decide: bool
    may_note: bool
    may_edit: bool
    may_submit: bool
    may_withdraw: bool
    may_hurry: bool
    urgent_days: int
    next: str
    typed: dict[str, str]
    problem: HubError | None


@router.get("", **access(Deed.READ_LIVE))
def show_queue(door: DoorDep) -> Response:
    with door.reading() as (session, actor):
        shown = _queue(session, actor, None)
    return shell.page(door, actor, "reviews/queue.html", shown, here="reviews")


@router.post("/approvals", **access(Deed.REVIEW))
def approve_together(door: DoorDep, form: FormDep) -> Response:
    """Several texts that this person opened, all or none."""
    try:
        texts = [_named(value) for value in form.all("text")[:MOST_AT_ONCE]]
        if not texts:
            raise Invalid("Choose at least one text that you have read.")
        with door.writing() as (session, actor):
            live = review_desk.approve_together(session, actor, texts)
        return shell.back("/reviews", told="went-live" if live else "approved-together")
    except (Invalid, HubError) as problem:
        if problem.status not in (409, 422):
            raise
        with door.reading() as (session, actor):
            shown = _queue(session, actor, problem)
        return shell.page(door, actor, "reviews/queue.html", shown, here="reviews", status=problem.status)


@router.get("/{slug}/{number}", **access(Deed.READ_LIVE))
def show_review(door: DoorDep, slug: str, number: Number) -> Response:
    """The text as it would be signed. That this person opened it is on record from here on."""
    with door.reading() as (session, actor):
        shown = _review(door, session, actor, slug, number)
        unopened = shown.may_decide and not passage_notes.opened_of(session, actor, [_id(session, slug, number)])
    if unopened:
        with door.writing() as (session, _):
            passage_notes.note_opened(session, actor, session.get_one(Version, _id(session, slug, number)))
    return shell.page(door, actor, "reviews/review.html", shown, here="reviews")


@router.post("/{slug}/{number}/decision", **access(Deed.REVIEW))
def decide(door: DoorDep, slug: str, number: Number, form: FormDep) -> Response:
    """Approve, or ask for changes, on exactly the text that was shown."""
    try:
        given = form.read(
            ReviewIn, decision=form.text("decision"), content_hash=form.text("content_hash"), note=form.text("note")
        )
        with door.writing() as (session, actor):
            asset = drafts.locked(session, slug)
            approval.review(
                session, actor, asset, number, team=actor.team, decision=given.decision,
                content_hash=given.content_hash, note=given.note,
            )  # fmt: skip
            live = asset.live_version_id == library.version_of(session, asset, number).id
    except HubError as problem:
        return _again(door, slug, number, form, problem)
    if given.decision == Decision.CHANGES_REQUESTED:
        return shell.back(f"/reviews/{slug}/{number}", told="changes-requested")
    return shell.back(f"/reviews/{slug}/{number}", told="went-live" if live else "approved")


@router.post("/{slug}/{number}/notes", **access(Deed.NOTE_PASSAGE))
def write_note(door: DoorDep, slug: str, number: Number, form: FormDep) -> Response:
    """A note on a selected passage, or on a paragraph that was chosen from the list."""
    try:
        with door.writing() as (session, actor):
            asset = drafts.locked(session, slug)
            version = library.version_of(session, asset, number)
            quote = form.text("quote").strip() or _block(session, version, form.text("block"))
            given = form.read(PassageNoteIn, quote=quote, text=form.text("text"))
            made = passage_notes.add(session, actor, asset, version, quote=given.quote, text=given.text)
    except HubError as problem:
        return _again(door, slug, number, form, problem)
    return shell.back(f"/reviews/{slug}/{number}#note-{made.id}", told="note-added")


@router.post("/{slug}/{number}/notes/{note_id}/settlement", **access(Deed.NOTE_PASSAGE))
def settle_note(
    door: DoorDep, slug: str, number: Number, note_id: Annotated[int, Path(ge=1, le=2**31 - 1)], form: FormDep
) -> Response:
    with door.writing() as (session, actor):
        asset = drafts.locked(session, slug)
        version = library.version_of(session, asset, number)
        passage_notes.settle(session, actor, asset, version, note_id, settled=form.text("settled") == "true")
    return shell.back(f"/reviews/{slug}/{number}#note-{note_id}", told="note-settled")


@router.post("/{slug}/{number}/submission", **access(Deed.SUBMIT))
def submit(door: DoorDep, slug: str, number: Number, form: FormDep) -> Response:
    try:
        given = form.read(SubmissionIn, note=form.text("note"))
        with door.writing() as (session, actor):
            approval.submit(session, actor, drafts.locked(session, slug), number, note=given.note)
    except HubError as problem:
        return _again(door, slug, number, form, problem)
    return shell.back(f"/reviews/{slug}/{number}", told="submitted")


@router.post("/{slug}/{number}/withdrawal", **access(Deed.SUBMIT))
def withdraw(door: DoorDep, slug: str, number: Number) -> Response:
    with door.writing() as (session, actor):
        approval.withdraw(session, actor, drafts.locked(session, slug), number)
    return shell.back(f"/reviews/{slug}/{number}", told="withdrawn")


@router.post("/{slug}/{number}/urgency", **access(Deed.PUBLISH_URGENTLY))
def publish_urgently(door: DoorDep, slug: str, number: Number, form: FormDep) -> Response:
    """Live at once, for as many days as the hub allows, unless both teams sign meanwhile."""
    try:
        given = form.read(UrgencyIn, reason=form.text("reason"), content_hash=form.text("content_hash"))
        with door.writing() as (session, actor):
            approval.publish_urgently(
                session, actor, drafts.locked(session, slug), number, reason=given.reason,
                content_hash=given.content_hash, days=door.hub.settings.urgent_days,
            )  # fmt: skip
    except HubError as problem:
        return _again(door, slug, number, form, problem)
    return shell.back(f"/assets/{slug}", told="urgent")


def _again(door: Door, slug: str, number: int, form: Form, problem: HubError) -> Response:
    """The page once more, with what was typed and why it was refused; whoever may not even see it gets the error."""
    if problem.status not in (409, 422):
        raise problem
    with door.reading() as (session, actor):
        shown = _review(door, session, actor, slug, number, form=form, problem=problem)
    return shell.page(door, actor, "reviews/review.html", shown, here="reviews", status=problem.status)


def _queue(session: Session, actor: Actor, problem: HubError | None) -> QueuePage:
    waiting = conflicts.count_open(session) if may(actor, Deed.IMPORT_CONTENT) else 0
    return QueuePage(
        review_desk.desk(session, actor), actor.team, review_desk.is_reviewer(actor), waiting, problem
    )  # fmt: skip


def _review(
    door: Door,
    session: Session,
    actor: Actor,
    slug: str,
    number: int,
    *,
    form: Form | None = None,
    problem: HubError | None = None,
) -> ReviewPage:
    asset = library.find(session, slug)
    library.require_versions(session, actor, asset, number)
    version = library.version_of(session, asset, number)
    detail = library.version_detail(session, asset, number)
    known = words.words(session)
    live = session.get(Version, asset.live_version_id) if asset.live_version_id else None
    difference = library.difference(session, asset, live.number, number) if live and live.number < number else None
    standing, earlier = _decisions(session, version, detail)
    sees_drafts = may_on(session, actor, Deed.READ_DRAFTS, asset)
    submits = asset.head_version_id == version.id and may_on(session, actor, Deed.SUBMIT, asset)
    waiting = [one for one in library.review_queue(session, actor) if review_desk.may_decide(actor, one)]
    following = next((one for one in waiting if one.slug != asset.slug), None)
    is_live = live is not None and live.id == version.id
    urgent = states.is_urgent(session, asset)
    return ReviewPage(
        slug=asset.slug,
        version=detail,
        status=states.shown_status(asset.status, asset.expires_on),
        html=under_title(detail.html, detail.headings)[0],
        tags=_tags(known, detail),
        live=live.number if live else None,
        newest=asset.head_number,
        fields=field_rows(known, difference) if difference else [],
        steps=steps_of(difference.body) if difference else [],
        standing=standing,
        earlier=earlier,
        teams=(Team.MARKETING, Team.SALES),
        notes=passage_notes.notes_on(session, actor, asset, version) if sees_drafts else [],
        blocks=passage_notes.blocks_of(session, version) if sees_drafts else [],
        may_decide=any((one.slug, one.version) == (asset.slug, number) for one in waiting),
        may_note=may_on(session, actor, Deed.NOTE_PASSAGE, asset),
        may_edit=may_on(session, actor, Deed.WRITE_VERSION, asset),
        may_submit=submits and detail.submission is None and (not is_live or urgent),
        may_withdraw=submits and detail.submission is not None,
        may_hurry=asset.head_version_id == version.id and not is_live and may(actor, Deed.PUBLISH_URGENTLY),
        urgent_days=door.hub.settings.urgent_days,
        next=f"/reviews/{following.slug}/{following.version}" if following else "",
        typed={name: form.text(name) if form else "" for name in ("note", "text", "quote", "reason")},
        problem=problem,
    )


def _decisions(
    session: Session, version: Version, detail: VersionDetail
) -> tuple[dict[Team, ReviewOut], list[ReviewOut]]:
    """What counts now by team, and what was decided before and counts no more."""
    counting = {made.reviewed_at for made in approval.effective_reviews(session, version).values()}
    standing = {made.team: made for made in detail.reviews if made.reviewed_at in counting}
    return standing, [made for made in detail.reviews if made not in standing.values()]


def _tags(known: Words, version: VersionDetail) -> list[tuple[str, str]]:
    return [(facet, known.label(name, key)) for facet, name, _ in words.TAGS for key in getattr(version, name)]


def _block(session: Session, version: Version, chosen: str) -> str:
    blocks = passage_notes.blocks_of(session, version)
    return blocks[int(chosen)] if chosen.isascii() and chosen.isdigit() and int(chosen) < len(blocks) else ""


def _id(session: Session, slug: str, number: int) -> int:
    return library.version_of(session, library.find(session, slug), number).id or 0


def _named(value: str) -> Named:
    slug, number, content_hash = [*value.split(" "), "", ""][:3]
    if not (number.isascii() and number.isdigit()):
        raise Invalid("Choose the texts from the list.")
    return Named(slug, int(number), content_hash)
