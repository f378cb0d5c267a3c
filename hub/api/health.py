"""Whether the hub is well, for people and monitors, and its figures for Prometheus."""

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from hub.errors import NotAllowed, Unavailable
from hub.events import deliver
from hub.http import DoorDep, HubRoute, access
from hub.people.roles import Role, Scope

router = APIRouter(tags=["health"], route_class=HubRoute)
root = APIRouter(route_class=HubRoute, include_in_schema=False)
LOOPBACK = {"127.0.0.1", "::1"}


class SearchHealth(BaseModel):
    engine: str
    state: Literal["ok", "stale", "down"]
    documents: int
    pending: int


class Health(BaseModel):
    status: Literal["ok", "degraded"]
    version: str
    database: Literal["sqlite", "postgresql", "unreachable"]
    search: SearchHealth


@router.get("/health", **access(None))
def read_health(door: DoorDep, request: Request) -> Health:
    """No sign-in. `degraded` when a part does not answer; `search.pending` counts changes not yet
    in the index; while `search.state` is stale the index is being built anew."""
    waiting = 0
    database: Literal["sqlite", "postgresql", "unreachable"] = "sqlite" if door.hub.database.is_sqlite else "postgresql"
    try:
        with door.hub.database.reading() as session:
            waiting = deliver.pending(session)
    except Unavailable:
        database = "unreachable"
    found = door.hub.search.engine.health()
    well = database != "unreachable" and found.state == "ok"
    status: Literal["ok", "degraded"] = "ok" if well else "degraded"
    search = SearchHealth(engine=found.engine, state=found.state, documents=found.documents, pending=waiting)
    return Health(status=status, version=request.app.version, database=database, search=search)


@root.get("/metrics", **access(None))
def read_metrics(door: DoorDep, request: Request) -> Response:
    """For a scraper on this machine; from elsewhere a token with the scope `admin`. Counts and times only."""
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    if door.client not in LOOPBACK or forwarded:
        with door.reading() as (_, actor):
            if actor.role != Role.ADMIN or Scope.ADMIN not in actor.scopes:
                raise NotAllowed("Metrics need a token with the scope admin, or a scraper on the hub's own machine.")
    return PlainTextResponse(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
