"""Signing in and out with a browser, and one's own account: who am I, my sessions, my password."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from hub.db import id_of
from hub.http import Door, DoorDep, HubRoute, access, begin_session, forget_session, keep_session, problems
from hub.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from hub.people import directory, sign_in
from hub.people.models import SignInSession
from hub.people.rate_limits import Limiter
from hub.people.roles import Actor, Deed, Role, Scope
from hub.people.schemas import MAX_ID, Me, PasswordChange, SessionDetail, SignIn
from hub.people.tokens import ALLOWED_SCOPES

router = APIRouter(tags=["account"], route_class=HubRoute)

_SIGN_IN = access(None) | {"responses": problems(401, 413, 422, 429, 503)}
# Changes to the account ask more of a token than reading does: a leaked `content:read` must not sign anybody out.
_CHANGE = access(Deed.OWN_ACCOUNT, scope=Scope.ADMIN)
_CHANGE_PASSWORD = _CHANGE | {"responses": _CHANGE["responses"] | problems(429)}


@router.post("/session", **_SIGN_IN)
def sign_in_with_password(door: DoorDep, body: SignIn, response: Response) -> Me:
    """Sets the session cookie. A wrong password and an unknown address get the same answer."""
    person, secret = begin_session(door, body)
    keep_session(door, response, secret)
    return _me(directory.actor_for(person))


@router.delete("/session", status_code=204, **_CHANGE)
def sign_out(door: DoorDep, response: Response) -> None:
    """Ends this browser's session."""
    with door.writing() as (session, actor):
        sign_in.sign_out(session, actor)
    forget_session(door, response)


@router.get("/me", **access(Deed.OWN_ACCOUNT))
def read_me(door: DoorDep) -> Me:
    with door.reading() as (_, actor):
        return _me(actor)


@router.put("/me/password", status_code=204, **_CHANGE_PASSWORD)
def change_password(door: DoorDep, body: PasswordChange) -> None:
    """All one's other sessions end; this one stays."""
    current, new = body.current.get_secret_value(), body.new.get_secret_value()
    with door.reading() as (session, actor):
        claim = sign_in.claim_again(session, actor)
    _limiter(door).hit("password change", str(actor.id), door.hub.settings.sign_in_rate_limit)
    proof = sign_in.prove_again(claim, current)
    hashed = sign_in.new_password(actor, current=current, new=new)
    with door.writing() as (session, actor):
        sign_in.change_password(session, actor, proof, hashed)


@router.get("/me/sessions", **access(Deed.OWN_ACCOUNT))
def list_sessions(
    door: DoorDep, limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[SessionDetail]:
    """The browsers in which one is signed in, newest first."""
    with door.reading() as (session, actor):
        found, total, following = sign_in.sessions_of(session, actor, limit=limit, cursor=cursor)
        return Page(items=[_session(actor, row) for row in found], total=total, next=following)


@router.delete("/me/sessions/{session_id}", status_code=204, **_CHANGE)
def end_session(door: DoorDep, session_id: Annotated[int, Path(ge=1, le=MAX_ID)]) -> None:
    """Signs that browser out."""
    with door.writing() as (session, actor):
        sign_in.end_session(session, actor, session_id)


def _limiter(door: Door) -> Limiter:
    return Limiter(door.hub.settings, door.hub.database)


def _me(actor: Actor) -> Me:
    scopes = actor.scopes & ALLOWED_SCOPES[Role(actor.role)]
    return Me(
        id=actor.id or 0,
        email=actor.email,
        name=actor.name,
        team=actor.team,
        role=actor.role,
        scopes=[scope for scope in Scope if scope in scopes],
    )


def _session(actor: Actor, row: SignInSession) -> SessionDetail:
    return SessionDetail(
        id=id_of(row),
        created_at=row.created_at,
        expires_at=row.expires_at,
        user_agent=row.user_agent,
        current=row.id == actor.session_id,
    )
