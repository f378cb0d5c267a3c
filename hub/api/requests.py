"""Requests: ask for what is not there, join, take, and say that it is there now."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from hub.http import DoorDep, HubRoute, access
from hub.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from hub.people.roles import Deed
from hub.people.schemas import MAX_ID
from hub.planning import request_lists, requests
from hub.planning.models import RequestState
from hub.planning.request_lists import Filters
from hub.planning.schemas import FulfilmentIn, JoinIn, RefusalIn, RequestIn, RequestOut

router = APIRouter(prefix="/requests", tags=["requests"], route_class=HubRoute)
RequestId = Annotated[int, Path(ge=1, le=MAX_ID)]
PersonId = Annotated[int, Field(ge=1, le=MAX_ID)]


@router.post("", status_code=201, **access(Deed.ASK_FOR_CONTENT))
def ask(door: DoorDep, given: RequestIn, response: Response) -> RequestOut:
    """Say what is needed and not there. Who asks for the same as somebody else joins that request, and one `id` sent
    twice makes one request: both are answered with 200."""
    if given.search_id is not None:
        door.hub.search.log.flush()
    with door.writing() as (session, actor):
        request, is_new = requests.ask(session, actor, given)
        response.status_code = 201 if is_new else 200
        return request_lists.shown(session, [request])[0]


@router.get("", **access(Deed.READ_REQUESTS))
def list_requests(
    door: DoorDep,
    state: Annotated[list[RequestState], Query()] = [],  # noqa: B006 - FastAPI copies query defaults
    persona: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006
    stage: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006
    taken_by: Annotated[PersonId | None, Query(description="id of a person")] = None,
    mine: Annotated[bool, Query(description="only what you asked for")] = False,
    overdue: Annotated[bool, Query(description="only what is not done and past its date")] = False,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Page[RequestOut]:
    """Newest first. Values within a filter widen, filters together narrow."""
    filters = Filters(state=state, persona=persona, stage=stage, taken_by=taken_by, mine=mine, overdue=overdue)
    with door.reading() as (session, actor):
        return request_lists.list_requests(session, actor, filters, limit=limit, cursor=cursor)


@router.get("/{request_id}", **access(Deed.READ_REQUESTS))
def read_request(door: DoorDep, request_id: RequestId) -> RequestOut:
    with door.reading() as (session, actor):
        return request_lists.read_request(session, actor, request_id)


@router.put("/{request_id}/ask", **access(Deed.ASK_FOR_CONTENT))
def join(door: DoorDep, request_id: RequestId, given: JoinIn) -> RequestOut:
    """«Me too»: you will be told what becomes of it. Repeating it changes nothing."""
    with door.writing() as (session, actor):
        request = requests.locked(session, request_id)
        requests.join(session, actor, request, given)
        return request_lists.shown(session, [request])[0]


@router.put("/{request_id}/taker", **access(Deed.TAKE_REQUEST))
def take(door: DoorDep, request_id: RequestId) -> RequestOut:
    """You will see to it."""
    with door.writing() as (session, actor):
        request = requests.locked(session, request_id)
        requests.take(session, actor, request)
        return request_lists.shown(session, [request])[0]


@router.delete("/{request_id}/taker", **access(Deed.GIVE_BACK_REQUEST))
def give_back(door: DoorDep, request_id: RequestId) -> RequestOut:
    """You will not after all: others may take it."""
    with door.writing() as (session, actor):
        request = requests.locked(session, request_id)
        requests.give_back(session, actor, request)
        return request_lists.shown(session, [request])[0]


@router.put("/{request_id}/fulfilment", **access(Deed.FULFIL_REQUEST))
def fulfil(door: DoorDep, request_id: RequestId, given: FulfilmentIn) -> RequestOut:
    """It is there now: the asset must be live, and everybody who asked is told."""
    with door.writing() as (session, actor):
        request = requests.locked(session, request_id)
        requests.fulfil(session, actor, request, given.slug)
        return request_lists.shown(session, [request])[0]


@router.put("/{request_id}/refusal", **access(Deed.DECLINE_REQUEST))
def decline(door: DoorDep, request_id: RequestId, given: RefusalIn) -> RequestOut:
    """It will not be written, and why; everybody who asked is told. Your own you may take back while nobody joined."""
    with door.writing() as (session, actor):
        request = requests.locked(session, request_id)
        requests.decline(session, actor, request, given.reason)
        return request_lists.shown(session, [request])[0]
