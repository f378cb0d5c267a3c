"""From a secret to the person behind it. One narrow query each, because every request pays for it."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select, update

from hub import clock
from hub.errors import NotSignedIn
from hub.people.models import Person, RateWindow, SignInSession, Token
from hub.people.roles import Actor, Role, Scope, Team
from hub.people.tokens import ALLOWED_SCOPES, digest_of

# Last use is written at most this often: a token that is used all day costs a few writes, not one per request.
USE_NOTED_EVERY = timedelta(minutes=5)


def actor_of_token(session: Session, secret: str) -> tuple[Actor, bool]:
    """The actor behind a token, and whether its last use should be noted. Raises NotSignedIn."""
    row = session.execute(_TOKEN_QUERY.where(col(Token.digest) == digest_of(secret))).one_or_none()
    if row is None:
        raise NotSignedIn("The token is not known to this hub, or was revoked. Make a new one.")
    if row.expires_at is not None and row.expires_at <= clock.now():
        raise NotSignedIn(f"The token expired on {row.expires_at:%Y-%m-%d}. Make a new one.")
    role = Role(row.role)
    actor = Actor(
        id=row.id,
        email=row.email,
        name=row.name,
        team=Team(row.team),
        role=role,
        # As the person is now: whoever lost a role since the token was made has lost it for the token too.
        scopes=frozenset(Scope(scope) for scope in row.scopes) & ALLOWED_SCOPES[role],
        token_id=row.token_id,
    )
    return actor, _is_stale(row.last_used_at)


def note_use(session: Session, token_id: int) -> None:
    session.exec(update(Token).where(col(Token.id) == token_id).values(last_used_at=clock.now()))


def actor_of_session(session: Session, secret: str) -> Actor:
    """The actor behind a browser's session cookie. Raises NotSignedIn."""
    query = _SESSION_QUERY.where(col(SignInSession.digest) == digest_of(secret))
    row = session.execute(query.where(col(SignInSession.expires_at) > clock.now())).one_or_none()
    if row is None:
        raise NotSignedIn("Your session has ended. Sign in again.")
    return Actor(
        id=row.id, email=row.email, name=row.name, team=Team(row.team), role=Role(row.role), session_id=row.session_id
    )


def forget_ended(session: Session) -> None:
    """Sessions and rate windows whose time is over: nobody asks for them again."""
    session.exec(delete(SignInSession).where(col(SignInSession.expires_at) <= clock.now()))
    session.exec(delete(RateWindow).where(col(RateWindow.expires_at) <= clock.now()))


def _is_stale(last_used: datetime | None) -> bool:
    return last_used is None or clock.now() - last_used > USE_NOTED_EVERY


_PERSON = (Person.id, Person.email, Person.name, Person.team, Person.role)
_TOKEN_QUERY = (
    select(*_PERSON, col(Token.id).label("token_id"), Token.scopes, Token.expires_at, Token.last_used_at)  # type: ignore[call-overload]
    .join(Token, col(Token.person_id) == Person.id)
    .where(col(Token.revoked_at).is_(None), col(Person.deactivated_at).is_(None))
)
_SESSION_QUERY = (
    select(*_PERSON, col(SignInSession.id).label("session_id"))  # type: ignore[call-overload]
    .join(SignInSession, col(SignInSession.person_id) == Person.id)
    .where(col(Person.deactivated_at).is_(None))
)
