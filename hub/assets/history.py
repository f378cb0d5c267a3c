"""The event log for people: what happened, to everything or to one asset."""

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


def all_events(session: Session, actor: Actor, *, name: str | None, limit: int, cursor: str | None) -> Page[EventOut]:
    """`name` is an event's name, or its beginning up to and with the dot. Raises NotAllowed for all but admins."""
    require(actor, Deed.READ_EVENTS)
    conditions: list[ColumnElement[bool]] = []
    if name is not None:
        conditions.append(
            col(Event.name).startswith(name, autoescape=True) if name.endswith(".") else col(Event.name) == name
        )
    return _page(session, conditions, limit=limit, cursor=cursor)


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
