"""Requests as readers see them: lists with filters, and one with all who asked. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, false
from sqlmodel import Session, col, func, select

from hub import clock
from hub.db import id_of
from hub.errors import NotFound
from hub.paging import Page, cursor_of, position_of
from hub.people.roles import Actor, Deed, require
from hub.planning import words
from hub.planning.models import Request, RequestAsk, RequestState
from hub.planning.requests import state_of
from hub.planning.schemas import AskOut, RequestOut


@dataclass(frozen=True)
class Filters:
    """`mine` are those that the caller asked for; `overdue` the unfinished ones whose date has passed."""

    state: Sequence[RequestState] = ()
    persona: Sequence[str] = ()
    stage: Sequence[str] = ()
    taken_by: int | None = None
    mine: bool = False
    overdue: bool = False


def list_requests(
    session: Session, actor: Actor, filters: Filters, *, limit: int, cursor: str | None
) -> Page[RequestOut]:
    """Newest first. The same few statements whatever the number of rows. Raises Invalid for an unknown word."""
    require(actor, Deed.READ_REQUESTS)
    conditions = _conditions(session, actor, filters)
    total = session.exec(select(func.count()).select_from(Request).where(*conditions)).one()
    query = select(Request).where(*conditions)
    if position := position_of(cursor, int):
        query = query.where(col(Request.id) < position[0])
    found = session.exec(query.order_by(col(Request.id).desc()).limit(limit + 1)).all()
    page = found[:limit]
    following = cursor_of(id_of(page[-1])) if len(found) > limit else None
    return Page[RequestOut](items=shown(session, page), total=total, next=following)


def read_request(session: Session, actor: Actor, request_id: int) -> RequestOut:
    """Raises NotAllowed, NotFound."""
    require(actor, Deed.READ_REQUESTS)
    request = session.get(Request, request_id)
    if request is None:
        raise NotFound(f"There is no request {request_id}.")
    return shown(session, [request])[0]


def with_ids(session: Session, actor: Actor, request_ids: Sequence[int]) -> list[RequestOut]:
    """These requests, the oldest first; what is not there is left out. Raises NotAllowed."""
    require(actor, Deed.READ_REQUESTS)
    if not request_ids:
        return []
    found = session.exec(select(Request).where(col(Request.id).in_(request_ids)).order_by(col(Request.id))).all()
    return shown(session, found)


def is_overdue() -> ColumnElement[bool]:
    return (col(Request.closed_at).is_(None)) & (col(Request.due_on) < clock.today())


def shown(session: Session, requests: Sequence[Request]) -> list[RequestOut]:
    asks = _asks(session, requests)
    everyone = [ask for of_one in asks.values() for ask in of_one]
    people = words.people_of(
        session,
        [
            *(who for it in requests for who in (it.made_by, it.taken_by, it.closed_by)),
            *(ask.person_id for ask in everyone),
        ],
    )
    keys = words.keys_of(session, [getattr(it, f"{name}_id") for it in requests for name in words.VOCABULARY_OF])
    deals = words.deals_of(session, {(it.deal_source or "", it.deal_ref) for it in everyone if it.deal_ref is not None})
    assets = words.assets_of(session, [it.answer_id for it in requests])

    def ask_out(ask: RequestAsk) -> AskOut:
        return AskOut(
            person=people[ask.person_id],
            asked_at=ask.asked_at,
            note=ask.note,
            question=ask.question,
            search_id=ask.search_id,
            deal=deals[ask.deal_source or "", ask.deal_ref] if ask.deal_ref is not None else None,
            due_on=ask.due_on,
        )

    return [
        RequestOut(
            id=id_of(it),
            state=state_of(it),
            needed=it.needed,
            **{name: keys.get(getattr(it, f"{name}_id") or 0) for name in words.VOCABULARY_OF},
            due_on=it.due_on,
            overdue=it.closed_at is None and it.due_on is not None and it.due_on < clock.today(),
            made_at=it.made_at,
            made_by=people[it.made_by],
            asks=[ask_out(ask) for ask in asks.get(id_of(it), [])],
            taken_by=people.get(it.taken_by or 0),
            taken_at=it.taken_at,
            closed_at=it.closed_at,
            closed_by=people.get(it.closed_by or 0),
            reason=it.reason,
            asset=assets[it.answer_id].ref if it.answer_id is not None else None,
            brief=it.brief_id,
        )
        for it in requests
    ]


def _conditions(session: Session, actor: Actor, filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.state:
        is_in = [_is(state) for state in filters.state]
        either = is_in[0]
        for one in is_in[1:]:
            either |= one
        conditions.append(either)
    for name, column in (("persona", col(Request.persona_id)), ("stage", col(Request.stage_id))):
        if keys := getattr(filters, name):
            ids = [words.term_ids(session, {name: key}, loc=("query",), lock=False)[name] for key in keys]
            conditions.append(column.in_(ids))
    if filters.taken_by is not None:
        conditions.append(col(Request.taken_by) == filters.taken_by)
    if filters.mine:
        asked = select(RequestAsk.request_id).where(RequestAsk.person_id == actor.id)
        conditions.append(col(Request.id).in_(asked) if actor.id is not None else false())
    if filters.overdue:
        conditions.append(is_overdue())
    return conditions


def _is(state: RequestState) -> ColumnElement[bool]:
    if state in (RequestState.FULFILLED, RequestState.DECLINED):
        return col(Request.closed_as) == state
    taken = col(Request.taken_by)
    return col(Request.closed_as).is_(None) & (taken.is_(None) if state == RequestState.OPEN else taken.is_not(None))


def _asks(session: Session, requests: Sequence[Request]) -> dict[int, list[RequestAsk]]:
    found: dict[int, list[RequestAsk]] = {}
    query = select(RequestAsk).where(col(RequestAsk.request_id).in_([it.id for it in requests]))
    for ask in session.exec(query.order_by(col(RequestAsk.id))):
        found.setdefault(ask.request_id, []).append(ask)
    return found
