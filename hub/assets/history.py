"""The event log for people: what happened, to everything or to one asset."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from hub import paging
from hub.assets import library
from hub.assets.policy import may_on, require_on
from hub.assets.schemas import EventOut, PersonRef
from hub.errors import NotFound
from hub.events.models import Event
from hub.paging import Page
from hub.people.models import Person
from hub.people.roles import Actor, Deed, Team, require

_MOST_ACTORS = 500


@dataclass(frozen=True, slots=True)
class Narrowed:
    """`name` is an event's name, or its beginning up to and with the dot; `subject` is part of what the subject is
    called; `who` a person's id, 0 for the hub itself; the days count from their beginning to their end in UTC."""

    name: str | None = None
    subject: str = ""
    who: int | None = None
    since: date | None = None
    until: date | None = None


def all_events(
    session: Session,
    actor: Actor,
    *,
    name: str | None,
    limit: int,
    cursor: str | None,
    narrowed: Narrowed | None = None,
) -> Page[EventOut]:
    """`name` is an event's name, or its beginning up to and with the dot. Raises NotAllowed for all but admins."""
    require(actor, Deed.READ_EVENTS)
    return _page(session, _conditions(replace(narrowed or Narrowed(), name=name)), limit=limit, cursor=cursor)


def actors(session: Session, actor: Actor) -> list[PersonRef]:
    """Who has done something, by name."""
    require(actor, Deed.READ_EVENTS)
    did = select(Event.id).where(Event.actor_id == Person.id).exists()
    query = select(Person).where(did).order_by(col(Person.name)).limit(_MOST_ACTORS)
    return [PersonRef(id=person.id or 0, name=person.name, team=Team(person.team)) for person in session.exec(query)]


def _conditions(narrowed: Narrowed) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if (name := narrowed.name) is not None:
        conditions.append(
            col(Event.name).startswith(name, autoescape=True) if name.endswith(".") else col(Event.name) == name
        )
    if narrowed.subject:
        conditions.append(col(Event.subject_name).icontains(narrowed.subject, autoescape=True))
    if narrowed.who is not None:
        conditions.append(col(Event.actor_id) == narrowed.who if narrowed.who else col(Event.actor_id).is_(None))
    if narrowed.since is not None:
        conditions.append(col(Event.occurred_at) >= datetime.combine(narrowed.since, time(), UTC))
    if narrowed.until is not None:
        conditions.append(col(Event.occurred_at) < datetime.combine(narrowed.until, time(), UTC) + timedelta(days=1))
    return conditions


def events_of(session: Session, actor: Actor, slug: str, *, limit: int, cursor: str | None) -> Page[EventOut]:
    asset = library.find(session, slug)
    if not may_on(session, actor, Deed.READ_DRAFTS, asset):
        if asset.live_version_id is None:
            raise NotFound(f"There is no asset {slug!r}.")
        require_on(session, actor, Deed.READ_EVENTS, asset)
    conditions = [col(Event.subject_kind) == "asset", col(Event.subject_id) == asset.id]
    return _page(session, conditions, limit=limit, cursor=cursor)


def _page(session: Session, conditions: list[ColumnElement[bool]], *, limit: int, cursor: str | None) -> Page[EventOut]:
    total = session.exec(select(func.count()).select_from(Event).where(*conditions)).one()
    query = select(Event, Person).outerjoin(Person, col(Person.id) == Event.actor_id).where(*conditions)
    if position := paging.position_of(cursor, int):
        query = query.where(col(Event.id) < position[0])
    rows = session.exec(query.order_by(col(Event.id).desc()).limit(limit + 1)).all()
    items = [_shown(event, person) for event, person in rows[:limit]]
    following = paging.cursor_of(items[-1].id) if len(rows) > limit else None
    return Page[EventOut](items=items, total=total, next=following)


def _shown(event: Event, person: Person | None) -> EventOut:
    actor = PersonRef(id=person.id or 0, name=person.name, team=Team(person.team)) if person else None
    return EventOut(
        id=event.id or 0,
        name=event.name,
        occurred_at=event.occurred_at,
        actor=actor,
        subject_kind=event.subject_kind,
        subject=event.subject_name,
        data=event.data,
        request_id=event.request_id,
    )
