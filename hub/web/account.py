"""One's own account: who I am to the hub, the browsers I am signed in with, my password, my tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from hub.db import id_of
from hub.errors import HubError
from hub.http import Door, DoorDep, HubRoute, access
from hub.people import directory, sign_in, tokens
from hub.people.models import SignInSession, Token
from hub.people.rate_limits import Limiter
from hub.people.roles import Actor, Deed, Role, Scope
from hub.people.schemas import MAX_ID, NewToken, PasswordChange
from hub.web import shell
from hub.web.forms import Form, FormDep

router = APIRouter(prefix="/account", tags=["pages"], route_class=HubRoute, include_in_schema=False)
SHOWN_SESSIONS = 20
SHOWN_TOKENS = 100
# What a program may do with each scope, in words.
SCOPES = {
    Scope.CONTENT_READ: "read assets and search",
    Scope.CONTENT_WRITE: "write drafts, submit and review",
    Scope.USAGE_WRITE: "record uses",
    Scope.DEALS_WRITE: "write deals",
    Scope.INSIGHTS_READ: "read insights",
    Scope.ADMIN: "everything an admin may do",
}
_CHANGE = access(Deed.OWN_ACCOUNT, scope=Scope.ADMIN)  # as in the API: a leaked `content:read` must not do this
EXPIRIES = (("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("", "until it is revoked"))


@dataclass(frozen=True, slots=True)
class BrowserRow:
    id: int
    name: str
    since: datetime
    until: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class AccountPage:
    browsers: list[BrowserRow]
    problem: HubError | None
    faults: dict[str, str]


@dataclass(frozen=True, slots=True)
class TokenRow:
    id: int
    name: str
    scopes: list[str]
    made: datetime
    expires: datetime | None
    used: datetime | None


@dataclass(frozen=True, slots=True)
class TokensPage:
    """`secret` is the new token's, on the one page that shows it."""

    rows: list[TokenRow]
    scopes: list[tuple[str, str]]
    expiries: tuple[tuple[str, str], ...]
    typed: Form
    problem: HubError | None
    faults: dict[str, str]
    secret: str = ""
    secret_name: str = ""


@router.get("", **access(Deed.OWN_ACCOUNT))
def show_account(door: DoorDep) -> Response:
    return _account(door, None)


@router.post("/password", **_CHANGE)
def change_password(door: DoorDep, form: FormDep) -> Response:
    """The other browsers are signed out; this one stays."""
    try:
        given = form.read(PasswordChange, current=form.text("current"), new=form.text("new"))
        _change_password(door, given)
    except HubError as problem:
        return _account(door, problem)
    return shell.back("/account", told="password-changed")


@router.post("/sessions/{session_id}/end", **_CHANGE)
def end_session(door: DoorDep, session_id: Annotated[int, Path(ge=1, le=MAX_ID)]) -> Response:
    with door.writing() as (session, actor):
        sign_in.end_session(session, actor, session_id)
    return shell.back("/account", told="session-ended")


@router.get("/tokens", **access(Deed.MAKE_TOKEN))
def show_tokens(door: DoorDep) -> Response:
    return _tokens(door, Form({"scope": [Scope.CONTENT_READ], "expires": ["365"]}), None)


@router.post("/tokens", **access(Deed.MAKE_TOKEN))
def make_token(door: DoorDep, form: FormDep) -> Response:
    """Answers the page itself, not a redirect: the secret is in this answer and nowhere else."""
    days = form.text("expires")
    try:
        given = form.read(
            NewToken,
            name=form.text("name"),
            scopes=form.all("scope"),
            expires_in_days=int(days) if days.isdecimal() else None,
        )
        with door.writing() as (session, actor):
            person = directory.person_with_id(session, actor, actor.id or 0)
            token, secret = tokens.create(
                session, actor, person, name=given.name, scopes=given.scopes, expires_in_days=given.expires_in_days
            )
    except HubError as problem:
        return _tokens(door, form, problem)
    return _tokens(door, Form({}), None, secret=secret, name=token.name)


@router.post("/tokens/{token_id}/revocation", **access(Deed.MAKE_TOKEN))
def revoke_token(door: DoorDep, token_id: Annotated[int, Path(ge=1, le=MAX_ID)]) -> Response:
    with door.writing() as (session, actor):
        tokens.revoke(session, actor, token_id)
    return shell.back("/account/tokens", told="token-revoked")


def _change_password(door: Door, given: PasswordChange) -> None:
    current, new = given.current.get_secret_value(), given.new.get_secret_value()
    with door.reading() as (session, actor):
        claim = sign_in.claim_again(session, actor)
    settings = door.hub.settings
    Limiter(settings, door.hub.database).hit("password change", str(actor.id), settings.sign_in_rate_limit)
    proof = sign_in.prove_again(claim, current)
    hashed = sign_in.new_password(actor, current=current, new=new)
    with door.writing() as (session, actor):
        sign_in.change_password(session, actor, proof, hashed)


def _account(door: Door, problem: HubError | None) -> Response:
    with door.reading() as (session, actor):
        rows, _, _ = sign_in.sessions_of(session, actor, limit=SHOWN_SESSIONS, cursor=None)
        shown = AccountPage([_browser(actor, row) for row in rows], problem, shell.faults_by_field(problem))
    status = problem.status if problem else 200
    return shell.page(door, actor, "account/account.html", shown, here="account", status=status)


def _tokens(door: Door, typed: Form, problem: HubError | None, *, secret: str = "", name: str = "") -> Response:
    with door.reading() as (session, actor):
        rows, _, _ = tokens.tokens_of(session, actor, actor.id, limit=SHOWN_TOKENS, cursor=None)
        allowed = tokens.ALLOWED_SCOPES[Role(actor.role)] & actor.scopes
        shown = TokensPage(
            rows=[_token(row) for row in rows],
            scopes=[(scope, words) for scope, words in SCOPES.items() if scope in allowed],
            expiries=EXPIRIES,
            typed=typed,
            problem=problem,
            faults=shell.faults_by_field(problem),
            secret=secret,
            secret_name=name,
        )
    status = problem.status if problem else 200
    return shell.page(door, actor, "account/tokens.html", shown, here="tokens", status=status, secret=bool(secret))


def _browser(actor: Actor, row: SignInSession) -> BrowserRow:
    return BrowserRow(
        id=id_of(row),
        name=browser_name(row.user_agent),
        since=row.created_at,
        until=row.expires_at,
        current=row.id == actor.session_id,
    )


def browser_name(user_agent: str) -> str:
    """What people call it: which program on which system. The order matters, as each claims to be the next."""
    programs = (
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    )
    systems = (
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    )
    program = next((name for mark, name in programs if mark in user_agent), "")
    system = next((name for mark, name in systems if mark in user_agent), "")
    return " on ".join(filter(None, (program, system))) or user_agent.partition(" ")[0] or "Unknown browser"


def _token(row: Token) -> TokenRow:
    return TokenRow(
        id=id_of(row),
        name=row.name,
        scopes=[SCOPES.get(Scope(scope), scope) for scope in row.scopes],
        made=row.created_at,
        expires=row.expires_at,
        used=row.last_used_at,
    )
