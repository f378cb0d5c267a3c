"""What became of an asset: its versions, what changed between two of them, and everything that happened to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from sqlmodel import Session

from hub.assets import history, library
from hub.assets.models import Asset
from hub.assets.policy import may_on
from hub.assets.schemas import ChangeOut, Difference, EventOut, HeadingOut, PersonRef, VersionDetail, VersionRow
from hub.events.names import EventName
from hub.http import DoorDep, HubRoute, access
from hub.people.roles import Actor, Deed, Scope
from hub.web import shell, words
from hub.web.assets import under_title
from hub.web.words import Words

router = APIRouter(prefix="/assets/{slug}", tags=["pages"], route_class=HubRoute, include_in_schema=False)
Number = Annotated[int, Path(ge=1, le=1_000_000)]
PER_PAGE = 50
FIELDS = {
    "title": "Title", "summary": "Summary", "kind": "Kind", "language": "Language", "audience": "Audience",
    "attachments": "Attachments", "personas": "Personas", "stages": "Stages", "products": "Products",
    "industries": "Industries", "competitors": "Competitors", "regions": "Regions",
}  # fmt: skip
# What an event says of an asset, after the name of who did it.
DONE = {
    EventName.ASSET_CREATED: "wrote the first version",
    EventName.VERSION_CREATED: "wrote a version",
    EventName.DETAILS_CHANGED: "changed owner, authors or dates",
    EventName.ASSET_RENAMED: "gave it another address",
    EventName.SUBMITTED: "asked both teams for a review",
    EventName.SUBMISSION_WITHDRAWN: "took the request for review back",
    EventName.APPROVED: "approved",
    EventName.CHANGES_REQUESTED: "asked for changes",
    EventName.PUBLISHED: "made it live with the second signature",
    EventName.PUBLISHED_URGENTLY: "published it urgently",
    EventName.PUBLISHED_BY_IMPORT: "published it by an import",
    EventName.URGENT_LAPSED: "ended the urgent publication: not both teams signed in time",
    EventName.EXPIRED: "noted that it expired",
    EventName.EXPIRY_ENDED: "noted that it is within its dates again",
    EventName.RETIRED: "retired it",
    EventName.RETURNED: "brought it back",
    EventName.CONFIRMED: "confirmed that it is still right",
    EventName.REVIEW_DUE: "reminded of the review date",
    EventName.EXPIRY_DUE: "reminded of the expiry date",
    EventName.AUTHORS_INVITED: "invited authors",
    EventName.PASSAGE_NOTED: "wrote a note on a passage",
}


@dataclass(frozen=True, slots=True)
class Above:
    """What stands above each page about an asset. `title` is that of the text everybody may see."""

    slug: str
    title: str
    may_see_drafts: bool


@dataclass(frozen=True, slots=True)
class VersionsPage:
    about: Above
    rows: list[VersionRow]
    total: int
    later: str


@dataclass(frozen=True, slots=True)
class VersionPage:
    about: Above
    version: VersionDetail
    html: str
    headings: list[HeadingOut]
    tags: list[tuple[str, str]]
    live: int | None


@dataclass(frozen=True, slots=True)
class FieldRow:
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Step:
    """A change of the text, and how many unchanged lines were left out before it."""

    skipped: int
    change: ChangeOut


@dataclass(frozen=True, slots=True)
class ChangesPage:
    about: Above
    first: int
    second: int
    numbers: list[int]
    fields: list[FieldRow]
    steps: list[Step]
    same: bool


@dataclass(frozen=True, slots=True)
class Happened:
    who: PersonRef | None
    did: str
    at: datetime
    note: str
    version: int | None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    about: Above
    events: list[Happened]
    total: int
    later: str


@router.get("/versions", **access(Deed.READ_LIVE))
def list_versions(door: DoorDep, slug: str, cursor: str | None = None) -> Response:
    """Newest first, with every decision; those who may not see drafts get the versions that went live."""
    with door.reading() as (session, actor):
        asset = library.find(session, slug)
        found = library.history(session, actor, asset, limit=PER_PAGE, cursor=cursor)
        about = _above(session, actor, asset, found.items)
    later = shell.address_with(f"/assets/{asset.slug}/versions", {"cursor": found.next}) if found.next else ""
    shown = VersionsPage(about, found.items, found.total, later)
    return shell.page(door, actor, "assets/versions.html", shown, here="assets")


@router.get("/versions/{number}", **access(Deed.READ_LIVE))
def show_version(door: DoorDep, slug: str, number: Number) -> Response:
    """One version as it was written."""
    with door.reading() as (session, actor):
        asset = library.find(session, slug)
        library.require_versions(session, actor, asset, number)
        version = library.version_detail(session, asset, number)
        known = words.words(session)
        rows = library.history(session, actor, asset, limit=PER_PAGE).items
        about = _above(session, actor, asset, rows)
    html, headings = under_title(version.html, version.headings)
    live = next((row.version for row in rows if row.is_live), None)
    shown = VersionPage(about, version, html, headings, _labels(known, version), live)
    return shell.page(door, actor, "assets/version.html", shown, here="assets")


@router.get("/changes", **access(Deed.READ_LIVE))
def show_changes(
    door: DoorDep,
    slug: str,
    first: Annotated[int, Query(alias="from", ge=1, le=1_000_000)],
    second: Annotated[int, Query(alias="to", ge=1, le=1_000_000)],
) -> Response:
    """What changed from one version to another, readably."""
    with door.reading() as (session, actor):
        asset = library.find(session, slug)
        library.require_versions(session, actor, asset, first, second)
        difference = library.difference(session, asset, first, second)
        rows = library.history(session, actor, asset, limit=PER_PAGE).items
        about = _above(session, actor, asset, rows)
        known = words.words(session)
    shown = ChangesPage(
        about=about,
        first=first,
        second=second,
        numbers=sorted({first, second, *(row.version for row in rows)}),
        fields=field_rows(known, difference),
        steps=steps_of(difference.body),
        same=not difference.fields and not difference.body,
    )
    return shell.page(door, actor, "assets/changes.html", shown, here="assets")


@router.get("/history", **access(Deed.READ_EVENTS, scope=Scope.CONTENT_READ))
def show_history(door: DoorDep, slug: str, cursor: str | None = None) -> Response:
    """Everything that happened to it, for those who may see its drafts."""
    with door.reading() as (session, actor):
        asset = library.find(session, slug)
        found = history.events_of(session, actor, asset.slug, limit=PER_PAGE, cursor=cursor)
        about = _above(session, actor, asset, library.history(session, actor, asset, limit=1).items)
    later = shell.address_with(f"/assets/{asset.slug}/history", {"cursor": found.next}) if found.next else ""
    shown = HistoryPage(about, [_happened(one) for one in found.items], found.total, later)
    return shell.page(door, actor, "assets/history.html", shown, here="assets")


def _above(session: Session, actor: Actor, asset: Asset, rows: Sequence[VersionRow]) -> Above:
    named = next((row for row in rows if row.is_live), rows[0])
    return Above(asset.slug, named.title, may_on(session, actor, Deed.READ_DRAFTS, asset))


def _labels(known: Words, version: VersionDetail) -> list[tuple[str, str]]:
    return [(facet, known.label(name, key)) for facet, name, _ in words.TAGS for key in getattr(version, name)]


def _value(known: Words, field: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(known.label(field, str(one)) for one in value) or "none"
    named = {"kind": words.KINDS, "audience": words.AUDIENCES, "status": words.STATUSES}.get(field, {})
    return named.get(str(value), str(value)) or "empty"


def field_rows(known: Words, difference: Difference) -> list[FieldRow]:
    """The fields that differ, in words."""
    return [
        FieldRow(
            FIELDS.get(one.field, one.field), _value(known, one.field, one.before), _value(known, one.field, one.after)
        )
        for one in difference.fields
    ]


def steps_of(body: Sequence[ChangeOut]) -> list[Step]:
    """The changes with what was left out between them; a run of more lines than it shows begins where it says."""
    steps, reached = [], 1
    for change in body:
        begins = change.before_line or change.after_line or reached
        skipped = max(0, begins - reached) if change.before_line else 0
        steps.append(Step(skipped, change))
        if change.before_line:
            reached = change.before_line + len(change.before)
    return steps


def _happened(event: EventOut) -> Happened:
    did = DONE.get(EventName(event.name), event.name) if event.name in set(EventName) else event.name
    team = event.data.get("team")
    if event.name in (EventName.APPROVED, EventName.CHANGES_REQUESTED) and team:
        did = f"{did} for {words.TEAMS.get(team, team)}"
    note = event.data.get("note") or event.data.get("reason") or ""
    version = event.data.get("version")
    return Happened(event.actor, did, event.occurred_at, str(note), version if isinstance(version, int) else None)
