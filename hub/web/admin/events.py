"""The event log as an audit trail: who did what to what, when; filtered, paged, downloaded."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse

from hub.assets import history
from hub.assets.history import Narrowed
from hub.assets.schemas import EventOut, PersonRef
from hub.events.names import EventName
from hub.http import Door, DoorDep, HubRoute, access
from hub.imports import csv_out
from hub.paging import MAX_LIMIT
from hub.people.roles import Deed, require
from hub.web import shell
from hub.web.admin import sentences

router = APIRouter(prefix="/events", tags=["pages"], route_class=HubRoute, include_in_schema=False)
LIMIT = 50
MOST_DOWNLOADED = 100_000
_READ = access(Deed.READ_EVENTS)
Text = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class EventRow:
    id: int
    when: datetime
    who: str
    team: str
    before: str
    subject: str
    after: str
    link: str
    name: str
    details: str
    request_id: str


@dataclass(frozen=True, slots=True)
class EventsPage:
    rows: list[EventRow]
    total: int
    next: str | None
    names: list[tuple[str, str]]
    people: list[tuple[str, str]]
    asked: dict[str, str]

    @property
    def download(self) -> str:
        return shell.address_with("/events/events.csv", self.asked)

    @property
    def earlier(self) -> str:
        return shell.address_with("/events", {**self.asked, "cursor": self.next})


@router.get("", **_READ)
def show_events(
    door: DoorDep,
    name: Text = "",
    subject: Text = "",
    who: Text = "",
    since: Text = "",
    until: Text = "",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    asked = {"name": name, "subject": subject, "who": who, "since": since, "until": until}
    with door.reading() as (session, actor):
        narrowed = _narrowed(asked)
        page = history.all_events(session, actor, name=narrowed.name, limit=LIMIT, cursor=cursor, narrowed=narrowed)
        people = [] if shell.is_fragment(door.request) else history.actors(session, actor)
    shown = EventsPage([_row(event) for event in page.items], page.total, page.next, _names(), _people(people), asked)
    template = "admin/_events.html" if shell.is_fragment(door.request) else "admin/events.html"
    return shell.page(door, actor, template, shown, here="events")


@router.get("/events.csv", **_READ)
def download_events(
    door: DoorDep, name: Text = "", subject: Text = "", who: Text = "", since: Text = "", until: Text = ""
) -> Response:
    """What the filters leave, newest first, at most a hundred thousand; read page by page while it is sent."""
    narrowed = _narrowed({"name": name, "subject": subject, "who": who, "since": since, "until": until})
    with door.reading() as (_, actor):
        require(actor, Deed.READ_EVENTS)
    header = ["when", "who", "team", "what", "event", "subject kind", "subject", "details", "request"]
    headers = {"Content-Disposition": 'attachment; filename="events.csv"', "Cache-Control": "private, no-store"}
    rows = csv_out.lines(header, _cells(door, narrowed))
    return StreamingResponse(rows, media_type="text/csv; charset=utf-8", headers=headers)


def _cells(door: Door, narrowed: Narrowed) -> Iterator[list[object]]:
    cursor, sent = None, 0
    while sent < MOST_DOWNLOADED:
        with door.reading() as (session, actor):
            page = history.all_events(
                session, actor, name=narrowed.name, limit=MAX_LIMIT, cursor=cursor, narrowed=narrowed
            )
        for event in page.items:
            row = _row(event)
            what = f"{row.before}{row.subject}{row.after}"
            yield [
                row.when.isoformat(), row.who, row.team, what, row.name, event.subject_kind, event.subject,
                json.dumps(event.data, ensure_ascii=False), row.request_id,
            ]  # fmt: skip
        sent += len(page.items)
        if (cursor := page.next) is None:
            return


def _narrowed(asked: dict[str, str]) -> Narrowed:
    who = asked["who"]
    return Narrowed(
        name=asked["name"] or None,
        subject="".join(c for c in asked["subject"].strip() if c.isprintable()),
        who=int(who) if who.isascii() and who.isdecimal() and len(who) < 10 else None,
        since=_day(asked["since"]),
        until=_day(asked["until"]),
    )


def _day(text: str) -> date | None:
    """What is no day narrows nothing."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _row(event: EventOut) -> EventRow:
    before, subject, after = sentences.parts(event.name, event.subject, event.data)
    return EventRow(
        id=event.id,
        when=event.occurred_at,
        who=event.actor.name if event.actor else "The hub",
        team=event.actor.team if event.actor else "other",
        before=before,
        subject=subject,
        after=after,
        link=f"/assets/{event.subject}" if event.subject_kind == "asset" else "",
        name=event.name,
        details=_details(event.data),
        request_id=event.request_id or "",
    )


def _details(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1)[:4_000] if data else ""


def _names() -> list[tuple[str, str]]:
    """Every kind of subject by its beginning, then every event."""
    kinds = dict.fromkeys(name.partition(".")[0] + "." for name in EventName)
    every = [(kind, f"Everything about: {kind[:-1].replace('_', ' ')}") for kind in kinds]
    return every + [(str(name), str(name).replace(".", ": ").replace("_", " ")) for name in EventName]


def _people(people: list[PersonRef]) -> list[tuple[str, str]]:
    return [("0", "The hub itself"), *((str(person.id), person.name) for person in people)]
