"""What the entrances share: who calls, the unit of work, the parts of the running hub, problems and ETags.

A route declares its deed with `access(...)`; the door reads the same declaration to check the caller's scope, so that
what the OpenAPI document says and what is enforced cannot drift apart.
"""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

import anyio
from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from sqlmodel import Session

from hub.blobs import Blobs
from hub.db import Database
from hub.errors import NotAllowed, NotSignedIn, Unavailable
from hub.insights import experiments
from hub.people import authentication, sign_in
from hub.people.models import Person
from hub.people.rate_limits import Limiter
from hub.people.roles import POLICY, Actor, Deed, Scope
from hub.people.schemas import SignIn
from hub.search.desk import Answered, Inquirer, SearchDesk
from hub.settings import Settings

T = TypeVar("T")
SESSION_COOKIE = "hub_session"
_CALLER_LEFT = 499


class Memory:
    """Answers kept in this process, by a key that names the exact state they show: a changed asset has another key, so
    nothing here can be stale, and another process needs to know nothing of it. The least recently used go first."""

    def __init__(self, *, entries: int, largest: int = 200_000) -> None:
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._entries = entries
        self._largest = largest

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        with self._lock:
            if (kept := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return kept
        made = make()
        if len(made) <= self._largest:
            with self._lock:
                self._kept[key] = made
                while len(self._kept) > self._entries:
                    self._kept.popitem(last=False)
        return made


@dataclass
class Hub:
    """The parts of one running hub, made by `create_app` and kept on `app.state.hub`."""

    settings: Settings
    database: Database
    blobs: Blobs
    search: SearchDesk
    search_limits: Limiter
    # A question that is being answered holds a core: more at a time would only make all of them wait.
    search_places: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(4))
    details: "Memory" = field(default_factory=lambda: Memory(entries=2_000))


class FaultOut(BaseModel):
    loc: list[str | int]
    message: str


class Problem(BaseModel):
    """Every error of the API has this shape (RFC 9457, `application/problem+json`)."""

    type: str = Field(examples=["urn:hub:problem:conflict"])
    title: str
    status: int
    detail: str
    request_id: str | None = None
    errors: list[FaultOut] | None = None


_PROBLEM_WORDS = {
    401: "no or no valid token",
    403: "the caller's role, team or token does not allow it",
    404: "there is no such thing, or none that the caller may see",
    409: "it is not in a state in which this can be done",
    413: "the body is larger than 10 MiB",
    422: "the input is malformed; `errors` names each place",
    429: "too many requests; `Retry-After` says when to come back",
    503: "the database or the search engine does not answer; nothing was written and the call may be repeated",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The declared error answers of a route."""
    return {
        status: {
            "description": _PROBLEM_WORDS[status],
            "content": {"application/problem+json": {"schema": _PROBLEM_REF}},
        }
        for status in statuses
    }


_PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}


def access(deed: Deed | None, *, scope: Scope | None = None) -> dict[str, Any]:
    """Keywords for a route decorator: the deed it serves and the scope a token needs; None means anyone at all."""
    if deed is None:
        return {"openapi_extra": {"security": [], "x-access": "anyone"}, "responses": problems(413, 422, 429, 503)}
    needed = scope or POLICY[deed].scope
    extra = {"security": [{"token": [needed]}, {"session": []}], "x-access": str(deed), "x-scope": str(needed)}
    return {"openapi_extra": extra, "responses": problems(401, 403, 404, 409, 413, 422, 503)}


class HubRoute(APIRoute):
    """Looks once more when a read lost its database connection (a restart of PostgreSQL): reading twice is harmless."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if not (self.methods or set()) <= {"GET", "HEAD"}:
            return handle

        async def handle_twice(request: Request) -> Response:
            try:
                return await handle(request)
            except Unavailable as trouble:
                if not trouble.connection_lost:
                    raise
            await asyncio.sleep(0.2)
            return await handle(request)

        return handle_twice


class Door:
    """One request's way in: opens the unit of work in the route's body and says who is calling."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.hub: Hub = request.app.state.hub

    @contextmanager
    def reading(self) -> Iterator[tuple[Session, Actor]]:
        with self.hub.database.reading() as session:
            yield session, self._actor(session)

    @contextmanager
    def writing(self) -> Iterator[tuple[Session, Actor]]:
        with self.hub.database.transaction() as session:
            yield session, self._actor(session)

    @contextmanager
    def anyone_writing(self) -> Iterator[Session]:
        """For the few routes that need no sign-in."""
        with self.hub.database.transaction() as session:
            yield session

    @property
    def client(self) -> str:
        return self.request.client.host if self.request.client else "unknown"

    def _actor(self, session: Session) -> Actor:
        actor = self._identify(session)
        needed = self.request.scope["route"].openapi_extra.get("x-scope")
        if needed is not None and needed not in actor.scopes:
            raise NotAllowed(f"This token has not the scope {needed}. Make a token with it, or use another one.")
        return actor

    def _identify(self, session: Session) -> Actor:
        kind, _, secret = self.request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and secret:
            actor, unnoted = authentication.actor_of_token(session, secret.strip())
            if unnoted and actor.token_id is not None:
                self._note_use(actor.token_id)
            return actor
        if cookie := self.request.cookies.get(SESSION_COOKIE):
            return authentication.actor_of_session(session, cookie)
        raise NotSignedIn("Sign in, or send `Authorization: Bearer TOKEN` with a token of this hub.")

    def _note_use(self, token_id: int) -> None:
        if self.request.method not in {"GET", "HEAD"}:
            return  # a write of its own would wait for the one this request holds; the next read notes it
        # Knowing when a token was last used is not worth failing a request for.
        with suppress(Unavailable), self.hub.database.transaction() as session:
            authentication.note_use(session, token_id)


def begin_session(door: Door, given: SignIn) -> tuple[Person, str]:
    """Sign somebody in by password, from wherever they came; answers who it is and the secret of the new session.
    Raises TooMany, and NotSignedIn alike for a wrong password and an unknown address."""
    settings = door.hub.settings
    limiter = Limiter(settings, door.hub.database)
    sign_in.hold_back(limiter, settings.sign_in_rate_limit, email=given.email, client=door.client)
    with door.hub.database.reading() as session:
        claim = sign_in.claim(session, given.email)
    proof = sign_in.prove(claim, given.password.get_secret_value())
    with door.anyone_writing() as session:
        return sign_in.begin(
            session,
            proof,
            days=settings.session_days,
            user_agent=door.request.headers.get("user-agent", ""),
            replacing=door.request.cookies.get(SESSION_COOKIE),
        )


def keep_session(door: Door, response: Response, secret: str) -> None:
    """The cookie by which the door knows a signed-in browser."""
    lasts = door.hub.settings.session_days * 24 * 60 * 60
    response.set_cookie(SESSION_COOKIE, secret, max_age=lasts, **_cookie(door))


def forget_session(door: Door, response: Response) -> None:
    response.delete_cookie(SESSION_COOKIE, **_cookie(door))


def _cookie(door: Door) -> dict[str, Any]:
    secure = door.hub.settings.base_url.lower().startswith("https:")
    return {"secure": secure, "httponly": True, "samesite": "lax"}


async def in_turn(door: Door, answer: Callable[[], T]) -> T | Response:
    """For questions to search: a few at a time, and none for a caller who has left while waiting (499)."""
    async with door.hub.search_places:
        if await door.request.is_disconnected():
            return Response(status_code=_CALLER_LEFT)
        return await run_in_threadpool(answer)


def ask_search(door: Door, session: Session, actor: Actor, asked: Inquirer) -> Answered:
    """Raises TooMany, Unavailable."""
    door.hub.search_limits.hit("search", str(actor.id), door.hub.settings.search_rate_limit)
    answered = door.hub.search.ask(session, actor, asked)
    if answered.tried is not None:
        # A hold-out that misses an assignment loses a little power; an answer that fails for it loses a rep's minute.
        with suppress(Unavailable):
            experiments.note(door.hub.database, *answered.tried)
    return answered


async def _door(request: Request) -> Door:
    return Door(request)


DoorDep = Annotated[Door, Depends(_door)]


def matches(request: Request, etag: str) -> bool:
    """Whether the caller already has this state (If-None-Match)."""
    known = request.headers.get("if-none-match")
    return known is not None and (
        known.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in known.split(",")}
    )
