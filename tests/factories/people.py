"""People for tests: persons, their tokens and the headers of a signed-in caller, in one line each."""

import itertools
from collections.abc import Sequence
from datetime import timedelta
from functools import cache

from sqlmodel import Session

from hub import clock
from hub.people import directory, passwords, tokens
from hub.people.models import Person, SignInSession, Token
from hub.people.roles import Actor, Role, Scope, Team

PASSWORD = "seven otters juggle plums"
_numbers = itertools.count(1)


def make_person(
    session: Session,
    *,
    team: str = "sales",
    role: str = "contributor",
    name: str | None = None,
    email: str | None = None,
    password: str | None = None,
) -> Person:
    """A stored person; unique name and e-mail unless given. Only with a password can they sign in."""
    number = next(_numbers)
    person = Person(
        email=(email or f"{role}.{number}@example.com").lower(),
        name=name or f"{team.title()} {role.title()} {number}",
        team=Team(team),
        role=Role(role),
        password_hash=_hash_of(password) if password else None,
        created_at=clock.now(),
    )
    session.add(person)
    session.flush()
    return person


def actor(
    session: Session,
    *,
    team: str = "sales",
    role: str = "contributor",
    name: str | None = None,
    email: str | None = None,
) -> Actor:
    """A new person, as somebody who acts."""
    return directory.actor_for(make_person(session, team=team, role=role, name=name, email=email))


def make_token(session: Session, person: Person, scopes: Sequence[str] | None = None) -> str:
    """The secret of a new token of theirs, with all scopes unless some are given (the role limits it when used)."""
    secret = f"hub_test_{next(_numbers)}"
    assert person.id is not None
    session.add(
        Token(
            person_id=person.id,
            name="of a test",
            digest=tokens.digest_of(secret),
            scopes=[str(scope) for scope in (list(Scope) if scopes is None else scopes)],
            created_at=clock.now(),
        )
    )
    session.flush()
    return secret


def token_headers(session: Session, person: Person, scopes: Sequence[str] | None = None) -> dict[str, str]:
    """The headers of a program that uses a new token of theirs."""
    return {"Authorization": f"Bearer {make_token(session, person, scopes)}"}


def sign_in_headers(session: Session, person: Person) -> dict[str, str]:
    """The headers of a browser of theirs that is signed in."""
    secret = f"session_test_{next(_numbers)}"
    assert person.id is not None
    session.add(
        SignInSession(
            person_id=person.id,
            digest=tokens.digest_of(secret),
            created_at=clock.now(),
            expires_at=clock.now() + timedelta(days=14),
        )
    )
    session.flush()
    return {"Cookie": f"hub_session={secret}"}


@cache
def _hash_of(password: str) -> str:
    """Hashing costs a third of a second: once for each password in a test process."""
    return passwords.hashed(password, email=None, name="").text
