"""How a person gets in with e-mail and password, and the sessions of their browsers.

Three steps, because verifying a password takes a third of a second in which no transaction may be open:
`claim` reads who somebody says they are, `prove` verifies it, `begin` writes the session. A `Proof` comes from `prove`
only, and `begin` looks again whether it still holds.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, delete, func, select

from hub import clock
from hub.db import id_of
from hub.errors import Conflict, Fault, Invalid, NotAllowed, NotFound, NotSignedIn
from hub.events.names import EventName
from hub.events.record import record
from hub.paging import cursor_of, position_of
from hub.people import directory, passwords
from hub.people.models import Person, SignInSession
from hub.people.passwords import Hashed
from hub.people.rate_limits import Limiter
from hub.people.roles import Actor, Deed, require
from hub.people.tokens import digest_of

# One answer for an unknown address, a wrong password, and somebody who may not sign in: it tells nobody who is here.
REFUSED = "The e-mail address or the password is not right."
USER_AGENT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Claim:
    """Whom somebody says they are, and what is kept of that person: nothing when nobody can sign in as them."""

    person_id: int | None
    password_hash: str | None

    def __repr__(self) -> str:
        return f"Claim(person_id={self.person_id})"


@dataclass(frozen=True, slots=True)
class Proof:
    """A claim whose password was right, and the hash to keep instead when the kept one is of an older make."""

    claim: Claim
    renewed: Hashed | None


def hold_back(limiter: Limiter, rate: str, *, email: str, client: str) -> None:
    """Count one attempt; raises TooMany. Asked before anything is looked up, so that it tells nothing of a person.

    `rate` for one address from one client; ten times that for the client (many addresses), and for the address (many
    clients). So a stranger who guesses holds back only himself, and even a thousand of them get nowhere with a
    password of twelve characters. The narrow counter comes first: who is held back by it uses up no other.
    """
    address = directory.email_of(email) or email.strip().lower()
    limiter.hit("sign-in of one from one", f"{address} {client}", rate)
    limiter.hit("sign-in from one", client, rate, times=10)
    limiter.hit("sign-in of one", address, rate, times=10)


def claim(session: Session, email: str) -> Claim:
    """The claim to be the person with this address."""
    active = col(Person.email) == directory.email_of(email), col(Person.deactivated_at).is_(None)
    person = session.exec(select(Person).where(*active)).first()
    return Claim(person.id, person.password_hash) if person else Claim(None, None)


def claim_again(session: Session, actor: Actor) -> Claim:
    """The claim of somebody signed in to be themselves, before they change what is theirs."""
    require(actor, Deed.OWN_ACCOUNT, own=True)
    person = session.get_one(Person, actor.id)
    return Claim(person.id, person.password_hash)


def prove(claim: Claim, password: str) -> Proof:
    """Slow: call it while no transaction is open. Raises NotSignedIn, after the same work whatever the reason."""
    right, renewed = passwords.verified(password, claim.password_hash)
    if not right:
        raise NotSignedIn(REFUSED)
    return Proof(claim, renewed)


def prove_again(claim: Claim, current: str) -> Proof:
    """As `prove`, for somebody who is signed in. Raises NotAllowed."""
    right, renewed = passwords.verified(current, claim.password_hash)
    if not right:
        fault = Fault(("body", "current"), "this is not the password you have now")
        raise NotAllowed("The current password is not right.", errors=[fault])
    return Proof(claim, renewed)


def begin(
    session: Session, proof: Proof, *, days: int, user_agent: str = "", replacing: str | None = None
) -> tuple[Person, str]:
    """Sign in: the person and the secret for the browser's cookie, good for `days`.

    `replacing` is the secret that the browser had before. Raises NotSignedIn when the person was deactivated or got
    another password since the proof.
    """
    person = _proven(session, proof)
    if person is None:
        raise NotSignedIn(REFUSED)
    if proof.renewed is not None:
        person.password_hash = proof.renewed.text
    _forget_ended(session, person, replacing)
    secret = secrets.token_urlsafe(32)
    begun = SignInSession(
        person_id=id_of(person),
        digest=digest_of(secret),
        created_at=clock.now(),
        expires_at=clock.now() + timedelta(days=days),
        user_agent=user_agent[:USER_AGENT_LENGTH],
    )
    session.add(begun)
    session.flush()
    _record(session, EventName.SIGNED_IN, person.id, person, session_id=begun.id)
    return person, secret


def sign_out(session: Session, actor: Actor) -> None:
    """End the session that the actor uses. Raises Conflict for a token, which has none."""
    if actor.session_id is None:
        raise Conflict("A token has no session to end. Revoke the token instead.")
    end_session(session, actor, actor.session_id)


def end_session(session: Session, actor: Actor, session_id: int) -> None:
    """End one of one's own sessions. Raises NotFound."""
    require(actor, Deed.OWN_ACCOUNT, own=True)
    mine = col(SignInSession.id) == session_id, col(SignInSession.person_id) == actor.id
    if session.exec(delete(SignInSession).where(*mine)).rowcount == 0:
        raise NotFound(f"You have no session {session_id}.")
    person = session.get_one(Person, actor.id)
    _record(session, EventName.SIGNED_OUT, actor.id, person, session_id=session_id)


def sessions_of(
    session: Session, actor: Actor, *, limit: int, cursor: str | None
) -> tuple[list[SignInSession], int, str | None]:
    """One's own sessions that have not expired, newest first: (the page, how many in all, the next cursor)."""
    require(actor, Deed.OWN_ACCOUNT, own=True)
    mine = col(SignInSession.person_id) == actor.id, col(SignInSession.expires_at) > clock.now()
    query = select(SignInSession).where(*mine).order_by(col(SignInSession.id).desc()).limit(limit + 1)
    if position := position_of(cursor, int):
        query = query.where(col(SignInSession.id) < position[0])
    found = list(session.exec(query))
    total = session.exec(select(func.count()).select_from(SignInSession).where(*mine)).one()
    page = found[:limit]
    return page, total, cursor_of(page[-1].id) if len(found) > limit else None


def new_password(actor: Actor, *, current: str, new: str) -> Hashed:
    """Slow. Raises Invalid when the new password is weak, or the old one again."""
    if new == current:
        raise Invalid("This password cannot be used.", errors=[Fault(("body", "new"), "it is the one you have now")])
    return passwords.hashed(new, email=actor.email, name=actor.name, field="new")


def change_password(session: Session, actor: Actor, proof: Proof, new: Hashed) -> None:
    """Change one's own password; all one's other sessions end. Raises Conflict when it was changed meanwhile."""
    require(actor, Deed.OWN_ACCOUNT, own=True)
    person = _proven(session, proof)
    if person is None or person.id != actor.id:
        raise Conflict("The password was changed meanwhile. Try again with the new one.")
    _give_password(session, actor, person, new)


def set_password(session: Session, actor: Actor, person: Person, new: Hashed) -> None:
    """Give somebody a password, as an admin; their sessions end. Raises Conflict for a person without e-mail."""
    require(actor, Deed.MANAGE_PEOPLE)
    if person.email is None:
        raise Conflict(f"{person.name} has no e-mail address to sign in with. Add it first.")
    session.refresh(person, with_for_update={"key_share": True})
    _give_password(session, actor, person, new)


def end_all_sessions(session: Session, actor: Actor, person: Person) -> int:
    """Sign somebody out everywhere, as an admin; one's own present session stays. Answers how many ended."""
    require(actor, Deed.MANAGE_PEOPLE)
    others = col(SignInSession.person_id) == person.id, col(SignInSession.id) != (actor.session_id or 0)
    ended = session.exec(delete(SignInSession).where(*others)).rowcount
    if ended:
        _record(session, EventName.SIGNED_OUT, actor.id, person, sessions_ended=ended)
    return ended


def count_sessions(session: Session, actor: Actor, person: Person) -> int:
    """How many browsers are signed in as somebody, for admins."""
    require(actor, Deed.MANAGE_PEOPLE)
    open_ones = col(SignInSession.person_id) == person.id, col(SignInSession.expires_at) > clock.now()
    return session.exec(select(func.count()).select_from(SignInSession).where(*open_ones)).one()


def _proven(session: Session, proof: Proof) -> Person | None:
    """The person, locked until the end of the transaction, if what was proven still holds.

    The lock leaves others free to refer to the person: a long import that names them must not keep them out.
    """
    person = session.get(Person, proof.claim.person_id, with_for_update={"key_share": True})
    if person is None or person.deactivated_at is not None:
        return None
    return person if person.password_hash == proof.claim.password_hash else None


def _forget_ended(session: Session, person: Person, replacing: str | None) -> None:
    expired = col(SignInSession.expires_at) <= clock.now()
    gone = or_(expired, col(SignInSession.digest) == digest_of(replacing)) if replacing else expired
    session.exec(delete(SignInSession).where(col(SignInSession.person_id) == person.id, gone))


def _give_password(session: Session, actor: Actor, person: Person, new: Hashed) -> None:
    person.password_hash = new.text
    session.flush()
    others = col(SignInSession.person_id) == person.id, col(SignInSession.id) != (actor.session_id or 0)
    ended = session.exec(delete(SignInSession).where(*others)).rowcount
    _record(session, EventName.PASSWORD_CHANGED, actor.id, person, sessions_ended=ended)


def _record(session: Session, name: EventName, actor_id: int | None, person: Person, **data: Any) -> None:
    record(session, name, actor_id=actor_id, subject=("person", person.id, person.name), **data)
