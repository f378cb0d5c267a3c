"""A hub that nobody can sign in to yet: whoever sits at its machine becomes its first admin, once."""

from sqlmodel import Session, col, select

from hub.db import id_of
from hub.errors import Conflict
from hub.people import directory
from hub.people.models import Person
from hub.people.passwords import Hashed
from hub.people.roles import HUB, Role, Team


def is_due(session: Session) -> bool:
    """Whether there is nobody yet who can sign in."""
    return session.exec(select(Person.id).where(col(Person.password_hash).is_not(None)).limit(1)).first() is None


def add_first_admin(session: Session, *, email: str, name: str, team: Team, password: Hashed) -> Person:
    """Raises Invalid, and Conflict when somebody was faster."""
    person = directory.add_person(session, HUB, email=email, name=name, team=team, role=Role.ADMIN, password=password)
    # Adding waits for all others who add, so now nobody else can be on the way: it is asked after it, not before.
    others = select(Person.id).where(col(Person.password_hash).is_not(None), col(Person.id) != id_of(person))
    if session.exec(others.limit(1)).first() is not None:
        raise Conflict("This hub has somebody who can sign in already. Sign in, or ask an admin to add you.")
    return person
