"""Tokens: what a program carries to act in a person's name, never with more than the person's role allows."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta

from sqlmodel import Session, col, func, select

from hub import clock
from hub.db import id_of
from hub.errors import Conflict, Invalid, NotAllowed, NotFound
from hub.events.names import EventName
from hub.events.record import record
from hub.paging import cursor_of, position_of
from hub.people.models import Person, Token
from hub.people.roles import Actor, Deed, Role, Scope, may, require

PREFIX = "hub_"  # so that a scanner for leaked secrets, and a person, can tell what it is
DEFAULT_DAYS = 365

_READER = frozenset({Scope.CONTENT_READ, Scope.USAGE_WRITE, Scope.INSIGHTS_READ})
_WRITER = _READER | {Scope.CONTENT_WRITE, Scope.DEALS_WRITE}
ALLOWED_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.READER: _READER,
    Role.CONTRIBUTOR: _WRITER,
    Role.APPROVER: _WRITER,
    Role.ADMIN: frozenset(Scope),
}


def digest_of(secret: str) -> str:
    """How the secret of a token or a session is kept. It has 256 random bits, so a plain SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create(
    session: Session,
    actor: Actor,
    person: Person,
    *,
    name: str,
    scopes: Iterable[Scope],
    expires_in_days: int | None = DEFAULT_DAYS,
) -> tuple[Token, str]:
    """A new token of the person and its secret, which is shown this once and kept nowhere.

    `expires_in_days` None: until it is revoked. Raises NotAllowed for scopes wider than the person's role or than
    the token that asks, Conflict for a deactivated person, Invalid without a scope.
    """
    require(actor, Deed.MAKE_TOKEN, own=actor.id == person.id)
    wanted = _in_order(scopes)
    _require_scopes(actor, person, wanted)
    secret = PREFIX + secrets.token_urlsafe(32)
    token = Token(
        person_id=id_of(person),
        name=name,
        digest=digest_of(secret),
        scopes=[str(scope) for scope in wanted],
        created_at=clock.now(),
        created_by=actor.id,
        expires_at=clock.now() + timedelta(days=expires_in_days) if expires_in_days else None,
    )
    session.add(token)
    session.flush()
    _record(session, EventName.TOKEN_CREATED, actor, token)
    return token, secret


def revoke(session: Session, actor: Actor, token_id: int) -> Token:
    """From now on it opens nothing; harmless when repeated. Raises NotFound also for what is not the caller's."""
    token = session.get(Token, token_id, with_for_update=True)
    if token is None or not may(actor, Deed.MAKE_TOKEN, own=token.person_id == actor.id):
        raise NotFound(f"You have no token {token_id}.")
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        session.flush()
        _record(session, EventName.TOKEN_REVOKED, actor, token)
    return token


def tokens_of(
    session: Session, actor: Actor, person_id: int | None, *, limit: int, cursor: str | None
) -> tuple[list[Token], int, str | None]:
    """A person's tokens that are not revoked, newest first: (the page, how many in all, the next cursor)."""
    require(actor, Deed.MAKE_TOKEN, own=person_id == actor.id)
    theirs = col(Token.person_id) == person_id, col(Token.revoked_at).is_(None)
    query = select(Token).where(*theirs).order_by(col(Token.id).desc()).limit(limit + 1)
    if position := position_of(cursor, int):
        query = query.where(col(Token.id) < position[0])
    found = list(session.exec(query))
    total = session.exec(select(func.count()).select_from(Token).where(*theirs)).one()
    page = found[:limit]
    return page, total, cursor_of(page[-1].id) if len(found) > limit else None


def all_tokens(
    session: Session, actor: Actor, *, limit: int, cursor: str | None
) -> tuple[list[tuple[Token, Person]], int, str | None]:
    """Everybody's tokens that are not revoked, newest first, with their people: (the page, how many in all, the next
    cursor). For admins."""
    require(actor, Deed.MAKE_TOKEN)
    kept = col(Token.revoked_at).is_(None)
    query = select(Token, Person).join(Person, col(Person.id) == Token.person_id).where(kept)
    if position := position_of(cursor, int):
        query = query.where(col(Token.id) < position[0])
    found = [(token, person) for token, person in session.exec(query.order_by(col(Token.id).desc()).limit(limit + 1))]
    total = session.exec(select(func.count()).select_from(Token).where(kept)).one()
    page = found[:limit]
    return page, total, cursor_of(page[-1][0].id) if len(found) > limit else None


def _in_order(scopes: Iterable[Scope]) -> list[Scope]:
    wanted = set(scopes)
    return [scope for scope in Scope if scope in wanted]


def _require_scopes(actor: Actor, person: Person, wanted: list[Scope]) -> None:
    if not wanted:
        raise Invalid(f"A token needs at least one scope of {', '.join(Scope)}.")
    if person.deactivated_at is not None:
        raise Conflict(f"{person.name} is deactivated; a token of theirs would open nothing.")
    allowed = ALLOWED_SCOPES[Role(person.role)]
    if beyond := [scope for scope in wanted if scope not in allowed]:
        raise NotAllowed(
            f"A token of {person.name}, who is {person.role}, cannot have {', '.join(beyond)}; "
            f"it can have {', '.join(_in_order(allowed))}."
        )
    if beyond := [scope for scope in wanted if scope not in actor.scopes]:
        raise NotAllowed(f"The token you use has not {', '.join(beyond)} itself, so it cannot hand that on.")


def _record(session: Session, name: EventName, actor: Actor, token: Token) -> None:
    expires = token.expires_at.isoformat() if token.expires_at else None
    record(
        session,
        name,
        actor_id=actor.id,
        subject=("token", token.id, token.name),
        person_id=token.person_id,
        scopes=token.scopes,
        expires_at=expires,
    )
