"""Browsers with the extension: let in by a click, without a secret to copy, and each shut out again on its own.

The extension keeps a secret (the verifier) and opens a page of the hub with the SHA-256 of it (the challenge). Whoever
is signed in there approves, and that page, in that browser only, holds a code of one use. The extension reads the code
off the page that it opened itself and claims its token with code and verifier together. So neither suffices: a code
that somebody saw opens nothing without the verifier, and somebody who is lured into approving a stranger's challenge
gives that stranger nothing, because the code stays in the browser of the one who approved.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from hub import clock
from hub.db import id_of
from hub.errors import Conflict, NotFound, NotSignedIn
from hub.people import directory, tokens
from hub.people.models import ConnectedBrowser, Person, Token
from hub.people.roles import Actor, Deed, Scope, require

CLAIM_WITHIN = timedelta(minutes=5)
LASTS_DAYS = 180
SCOPES = (Scope.CONTENT_READ, Scope.USAGE_WRITE)
NO_CLAIM = "This approval is not known, was used already or is older than five minutes. Connect again."
_CHECK_LENGTH = 6


@dataclass(frozen=True, slots=True)
class Connected:
    """A browser that has a token; `expires_at` None only if somebody changed it so."""

    token_id: int
    browser: str
    connected_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


def check_of(challenge: str) -> str:
    """A few signs by which a person sees that page and extension mean the same: shown by both."""
    digest = hashlib.sha256(challenge.encode()).digest()
    return base64.b32encode(digest).decode()[:_CHECK_LENGTH]


def challenge_of(verifier: str) -> str:
    """What the extension shows of its secret: SHA-256, in base64 for addresses without the filling."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def approve(session: Session, actor: Actor, *, challenge: str, browser: str) -> str:
    """Let the browser in that knows the secret behind `challenge`; answers the code to claim its token with, once."""
    require(actor, Deed.MAKE_TOKEN, own=True)
    code = secrets.token_urlsafe(32)
    approved = ConnectedBrowser(
        person_id=actor.id or 0,
        browser=browser,
        challenge=challenge,
        code_digest=tokens.digest_of(code),
        approved_at=clock.now(),
        claim_until=clock.now() + CLAIM_WITHIN,
    )
    session.add(approved)
    session.flush()
    return code


def claim(session: Session, *, code: str, verifier: str) -> tuple[Token, str, Person]:
    """The token of an approved browser, its secret (this once), and whose it is.

    Raises NotSignedIn, alike for a code that is unknown, used or over, and for a verifier that is not its own.
    """
    query = select(ConnectedBrowser).where(ConnectedBrowser.code_digest == tokens.digest_of(code))
    approved = session.exec(query.with_for_update()).first()
    if approved is None or approved.token_id is not None or approved.claim_until <= clock.now():
        raise NotSignedIn(NO_CLAIM)
    if not hmac.compare_digest(challenge_of(verifier), approved.challenge):
        raise NotSignedIn(NO_CLAIM)
    person = session.get_one(Person, approved.person_id)
    try:
        token, secret = tokens.create(
            session,
            directory.actor_for(person),
            person,
            name=f"Extension in {approved.browser}",
            scopes=SCOPES,
            expires_in_days=LASTS_DAYS,
        )
    except Conflict as deactivated:
        raise NotSignedIn(NO_CLAIM) from deactivated
    approved.token_id = token.id
    session.flush()
    return token, secret, person


def connected(session: Session, actor: Actor) -> list[Connected]:
    """One's own browsers that can come in now, the last connected first."""
    require(actor, Deed.MAKE_TOKEN, own=True)
    query = (
        select(ConnectedBrowser, Token)
        .join(Token, col(Token.id) == ConnectedBrowser.token_id)
        .where(ConnectedBrowser.person_id == actor.id, col(Token.revoked_at).is_(None))
        .order_by(col(ConnectedBrowser.id).desc())
    )
    now = clock.now()
    return [
        _shown(browser, token)
        for browser, token in session.exec(query)
        if token.expires_at is None or token.expires_at > now
    ]


def this_one(session: Session, actor: Actor) -> Connected:
    """The browser whose token asks. Raises NotFound for any other caller."""
    query = (
        select(ConnectedBrowser, Token)
        .join(Token, col(Token.id) == ConnectedBrowser.token_id)
        .where(col(Token.id) == actor.token_id)
    )
    row = session.exec(query).first() if actor.token_id is not None else None
    if row is None:
        raise NotFound("You are not asking from a connected browser's extension.")
    return _shown(*row)


def disconnect(session: Session, actor: Actor) -> None:
    """The browser whose token asks shuts itself out. Raises NotFound for any other caller."""
    tokens.revoke(session, actor, this_one(session, actor).token_id)


def _shown(browser: ConnectedBrowser, token: Token) -> Connected:
    return Connected(
        token_id=id_of(token),
        browser=browser.browser,
        connected_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )
