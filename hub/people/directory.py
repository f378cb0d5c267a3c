"""Who there is: finding, adding and changing people.

How they get in is `sign_in`, what their programs use is `tokens`, and what they may do is `roles`.
"""

import re
import unicodedata
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, text, true, tuple_
from sqlmodel import Session, col, delete, select

from hub import clock
from hub.errors import Conflict, Fault, Invalid, NotFound
from hub.events.names import EventName
from hub.events.record import record
from hub.paging import cursor_of, position_of
from hub.people import passwords
from hub.people.models import Person, SignInSession
from hub.people.passwords import Hashed
from hub.people.roles import Actor, Deed, Role, Team, require

MAX_EMAIL = 254
MAX_NAME = 200
_EMAIL = re.compile(r"[^\s@<>\"(),;:\\]+@[^\s@<>\"(),;:\\.]+(\.[^\s@<>\"(),;:\\.]+)*")
_NAMES = re.compile(r"[^\W\d_]+([._-][^\W\d_]+)+")
# Any fixed number: on PostgreSQL those who add people or take an admin away wait for each other by it. On SQLite the
# transaction holds the write lock anyway.
_ADVISORY_LOCK = 7_203_115


def find_or_add(session: Session, email_or_name: str, *, actor: Actor, team: Team | None = None) -> Person:
    """The person with this e-mail address, or else with exactly this name (of several the first one added).

    Nobody there: a person without sign-in is added, so that no author or owner of an import is lost. Raises
    Invalid when the name is empty or too long.
    """
    email = email_of(email_or_name)
    name = name_of(_spoken(email.partition("@")[0]) if email else email_or_name)
    same = Person.email == email if email else Person.name == name
    if found := _first(session, same):
        return found
    _wait_for_others(session)
    if found := _first(session, same):
        return found
    person = Person(email=email, name=name, created_at=clock.now())
    return _keep(session, actor, person, team=team or Team.OTHER, role=Role.READER)


def add_person(
    session: Session,
    actor: Actor,
    *,
    email: str,
    name: str,
    team: Team,
    role: Role,
    password: str | Hashed | None,
) -> Person:
    """Add a person; one whom an author's line or an import brought (same e-mail) is taken over instead.

    A password in words is hashed first of all, which takes a third of a second: pass one only while the
    transaction has touched nothing else, or hash it before. Raises NotAllowed, Invalid, and Conflict when the
    address is taken.
    """
    require(actor, Deed.MANAGE_PEOPLE)
    address, name = required_email(email), name_of(name)
    if isinstance(password, str):
        password = passwords.hashed(password, email=address, name=name)
    _wait_for_others(session)
    person = _first(session, Person.email == address)
    if person is None:
        person = Person(email=address, name=name, created_at=clock.now())
    elif not _was_only_named(person):
        raise Conflict(f"There is a person with the e-mail address {address} already.", person=person.id)
    person.password_hash = password.text if password else None
    return _keep(session, actor, person, name=name, team=team, role=role)


def change_person(
    session: Session,
    actor: Actor,
    person: Person,
    *,
    email: str | None = None,
    name: str | None = None,
    team: Team | None = None,
    role: Role | None = None,
    active: bool | None = None,
) -> Person:
    """Change what is given. Who is deactivated is signed out everywhere, and their tokens open nothing.

    Raises NotAllowed, Invalid, and Conflict for a taken e-mail address or the last active admin.
    """
    require(actor, Deed.MANAGE_PEOPLE)
    stays_admin = (role or person.role) == Role.ADMIN and active is not False
    if not stays_admin:
        _require_another_admin(session, person)
    before = _snapshot(person)
    if email is not None:
        _give_email(session, person, required_email(email))
    if active is not None and active != (person.deactivated_at is None):
        person.deactivated_at = None if active else clock.now()
        session.exec(delete(SignInSession).where(col(SignInSession.person_id) == person.id))
    return _keep(session, actor, person, before, name=name_of(name) if name else None, team=team, role=role)


def actor_for(person: Person) -> Actor:
    """The person as somebody who acts, by all that their role allows."""
    team, role = Team(person.team), Role(person.role)
    return Actor(id=person.id, email=person.email, name=person.name, team=team, role=role)


def person_by_email(session: Session, email: str) -> Person:
    """For the operator's commands. Raises NotFound."""
    address = email_of(email)
    person = _first(session, Person.email == address) if address else None
    if person is None:
        raise NotFound(f"There is nobody with the e-mail address {email!r}. `hub user add` adds people.")
    return person


def person_with_id(session: Session, actor: Actor, person_id: int) -> Person:
    """Raises NotFound."""
    require(actor, Deed.READ_PEOPLE)
    if (person := session.get(Person, person_id)) is None:
        raise NotFound(f"There is no person {person_id}.")
    return person


class Standing(StrEnum):
    """`named` are those whom an import or an author's line brought: nobody can sign in as them."""

    ACTIVE = "active"
    NAMED = "named"
    DEACTIVATED = "deactivated"


def people(
    session: Session,
    actor: Actor,
    *,
    q: str,
    limit: int,
    cursor: str | None,
    team: Team | None = None,
    role: Role | None = None,
    standing: Standing | None = None,
) -> tuple[list[Person], int, str | None]:
    """By name: (the page, how many in all, the cursor of the next page). `q` is how a word of the name begins."""
    require(actor, Deed.READ_PEOPLE)
    named = and_(_named(_printable(q).strip()), *_narrowed(team, role, standing))
    query = select(Person).where(named).order_by(col(Person.name), col(Person.id)).limit(limit + 1)
    if position := position_of(cursor, str, int):
        query = query.where(tuple_(col(Person.name), col(Person.id)) > tuple_(*position))
    found = list(session.exec(query))
    total = session.exec(select(func.count()).select_from(Person).where(named)).one()
    page = found[:limit]
    return page, total, cursor_of(page[-1].name, page[-1].id) if len(found) > limit else None


def count_by_standing(session: Session, actor: Actor) -> dict[Standing, int]:
    """One query."""
    require(actor, Deed.READ_PEOPLE)
    query = select(*(func.count().filter(and_(*_narrowed(None, None, one))) for one in Standing)).select_from(Person)
    return dict(zip(Standing, session.connection().execute(query).one(), strict=True))


def may_see_email(actor: Actor, person: Person) -> bool:
    """Readers see nobody's address but their own."""
    return actor.role.rank > Role.READER.rank or actor.id == person.id


def email_of(text: str) -> str | None:
    """The address in the form in which it is kept, None when it is not one (`Ana @ Berlin` is a name)."""
    address = unicodedata.normalize("NFC", text.strip()).lower()
    fits = len(address) <= MAX_EMAIL and address.isprintable()
    return address if fits and _EMAIL.fullmatch(address) else None


def required_email(text: str) -> str:
    if (address := email_of(text)) is None:
        message = f"this is not an address of at most {MAX_EMAIL} characters; write one like ana@example.com"
        raise Invalid("The e-mail address cannot be used.", errors=[Fault(("body", "email"), message)])
    return address


def name_of(text: str) -> str:
    """The name in the form in which it is kept: white space tidied, no control characters. Raises Invalid."""
    name = " ".join(_printable(text).split())
    if not 1 <= len(name) <= MAX_NAME:
        raise Invalid(f"The name of a person has 1 to {MAX_NAME} characters; this one has {len(name)}.")
    return name


def _spoken(address: str) -> str:
    """The name that the part before the @ spells, if it does: `lukas.brandt` is Lukas Brandt."""
    return " ".join(map(str.capitalize, re.split(r"[._-]", address))) if _NAMES.fullmatch(address) else address


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", text))


def _first(session: Session, condition: ColumnElement[bool] | bool) -> Person | None:
    return session.exec(select(Person).where(condition).order_by(col(Person.id)).limit(1)).first()


def _named(beginning: str) -> ColumnElement[bool]:
    """Whether a word of the name begins so. SQLite lowers only A to Z, hence the capital as a second way."""
    name = col(Person.name)
    ways = {beginning, beginning.capitalize(), beginning.title()}
    begins = [name.istartswith(way, autoescape=True) for way in ways]
    return or_(*begins, *(name.icontains(f" {way}", autoescape=True) for way in ways))


def _narrowed(team: Team | None, role: Role | None, standing: Standing | None) -> list[ColumnElement[bool]]:
    gone, has_password = col(Person.deactivated_at).is_not(None), col(Person.password_hash).is_not(None)
    ways = {Standing.ACTIVE: and_(~gone, has_password), Standing.NAMED: and_(~gone, ~has_password)}
    narrowed = [true()] if standing is None else [ways.get(standing, gone)]
    narrowed += [col(Person.team) == team] if team is not None else []
    return narrowed + ([col(Person.role) == role] if role is not None else [])


def _was_only_named(person: Person) -> bool:
    never_set_up = person.password_hash is None and person.role == Role.READER
    return never_set_up and person.deactivated_at is None


def _wait_for_others(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def _require_another_admin(session: Session, person: Person) -> None:
    _wait_for_others(session)
    session.refresh(person, with_for_update={"key_share": True})
    if person.role != Role.ADMIN or person.deactivated_at is not None:
        return
    others = col(Person.id) != person.id, col(Person.role) == Role.ADMIN, col(Person.deactivated_at).is_(None)
    if session.exec(select(Person.id).where(*others).limit(1)).first() is None:
        raise Conflict(f"{person.name} is the last active admin. Make somebody else an admin first.")


def _give_email(session: Session, person: Person, address: str) -> None:
    _wait_for_others(session)
    holder = _first(session, Person.email == address)
    if holder is not None and holder.id != person.id:
        raise Conflict(f"There is a person with the e-mail address {address} already.", person=holder.id)
    person.email = address


def _keep(
    session: Session, actor: Actor, person: Person, before: dict[str, Any] | None = None, **changes: Any
) -> Person:
    """Write the person with the changes that are not None, and the event that tells of it."""
    if before is None and person.id is not None:
        before = _snapshot(person)
    for field, value in changes.items():
        if value is not None:
            setattr(person, field, str(value))
    session.add(person)
    session.flush()
    subject = ("person", person.id, person.name)
    after = _snapshot(person)
    if before is None:
        record(session, EventName.PERSON_ADDED, actor_id=actor.id, subject=subject, after=after)
    elif changed := [field for field in after if after[field] != before[field]]:
        old, new = ({field: state[field] for field in changed} for state in (before, after))
        record(session, EventName.PERSON_CHANGED, actor_id=actor.id, subject=subject, before=old, after=new)
    return person


def _snapshot(person: Person) -> dict[str, Any]:
    """What an event may tell of a person: whether they have a password, never more about it."""
    return {
        "email": person.email,
        "name": person.name,
        "team": str(person.team),
        "role": str(person.role),
        "active": person.deactivated_at is None,
        "can_sign_in": person.password_hash is not None,
    }
