"""From a secret to the person behind it. One narrow query each, because every request pays for it."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlmodel import Session, col, delete, update

from hub import clock
from hub.db import metadata
from hub.errors import NotSignedIn
from hub.people.models import ConnectedBrowser, Person, RateWindow, SignInSession, Token
from hub.people.roles import Actor, Role, Scope, Team
from hub.people.tokens import ALLOWED_SCOPES, digest_of

# Last use is written at most this often: a token that is used all day costs a few writes, not one per request.
USE_NOTED_EVERY = timedelta(minutes=5)


def actor_of_token(session: Session, secret: str) -> tuple[Actor, bool]:
    """The actor behind a token, and whether its last use should be noted. Raises NotSignedIn."""
    row = session.connection().execute(_TOKEN_QUERY, {"secret_digest": digest_of(secret)}).one_or_none()
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
    row = (
        session.connection()
        .execute(_SESSION_QUERY, {"secret_digest": digest_of(secret), "now": clock.now()})
        .one_or_none()
    )
    if row is None:
        raise NotSignedIn("Your session has ended. Sign in again.")
    return Actor(
        id=row.id, email=row.email, name=row.name, team=Team(row.team), role=Role(row.role), session_id=row.session_id
    )


def forget_ended(session: Session) -> None:
    """Sessions, rate windows and approvals of browsers whose time is over: nobody asks for them again."""
    session.exec(delete(SignInSession).where(col(SignInSession.expires_at) <= clock.now()))
    session.exec(delete(RateWindow).where(col(RateWindow.expires_at) <= clock.now()))
    unclaimed = col(ConnectedBrowser.claim_until) <= clock.now(), col(ConnectedBrowser.token_id).is_(None)
    session.exec(delete(ConnectedBrowser).where(*unclaimed))


def _is_stale(last_used: datetime | None) -> bool:
    return last_used is None or clock.now() - last_used > USE_NOTED_EVERY


# Built once, and of tables rather than models: building one anew and mapping its row costs more than asking it.
_person = metadata.tables[str(Person.__tablename__)].c
_token = metadata.tables[str(Token.__tablename__)].c
_session = metadata.tables[str(SignInSession.__tablename__)].c
_PERSON = (_person.id, _person.email, _person.name, _person.team, _person.role)
_TOKEN_QUERY = (
    select(*_PERSON, _token.id.label("token_id"), _token.scopes, _token.expires_at, _token.last_used_at)
    .where(_person.id == _token.person_id, _token.digest == bindparam("secret_digest"))
    .where(_token.revoked_at.is_(None), _person.deactivated_at.is_(None))
)
_SESSION_QUERY = (
    select(*_PERSON, _session.id.label("session_id"))
    .where(_person.id == _session.person_id, _session.digest == bindparam("secret_digest"))
    .where(_session.expires_at > bindparam("now"), _person.deactivated_at.is_(None))
)
