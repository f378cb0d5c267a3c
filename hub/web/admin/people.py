"""People: who there is, adding somebody, their team and role, their way in; and everybody's tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from sqlmodel import Session

from hub.db import id_of
from hub.errors import HubError
from hub.http import Door, DoorDep, HubRoute, access
from hub.people import directory, passwords, sign_in, tokens
from hub.people.directory import Standing
from hub.people.models import Person, Token
from hub.people.roles import Actor, Deed, Role, Team, may, require
from hub.people.schemas import MAX_ID, NewPerson, PersonChange
from hub.web import shell
from hub.web.forms import Form, FormDep

router = APIRouter(tags=["pages"], route_class=HubRoute, include_in_schema=False)
LIMIT = 50
PersonId = Annotated[int, Path(ge=1, le=MAX_ID)]
Cursor = Annotated[str | None, Query(max_length=500)]
_MANAGE = access(Deed.MANAGE_PEOPLE)
STANDINGS = {
    Standing.ACTIVE: "Can sign in",
    Standing.NAMED: "Only named",
    Standing.DEACTIVATED: "Deactivated",
}
ROLES = {
    Role.READER: "searches, uses, asks for content",
    Role.CONTRIBUTOR: "and writes",
    Role.APPROVER: "and signs for their team, edits any text, keeps the taxonomy",
    Role.ADMIN: "and looks after people, imports and the hub",
}


@dataclass(frozen=True, slots=True)
class PersonRow:
    id: int
    name: str
    email: str
    team: str
    role: str


@dataclass(frozen=True, slots=True)
class PeoplePage:
    rows: list[PersonRow]
    total: int
    next: str | None
    counts: dict[str, int]
    standings: dict[str, str]
    standing: str
    q: str
    team: str
    role: str


@dataclass(frozen=True, slots=True)
class NewPersonPage:
    typed: Form
    roles: dict[str, str]
    problem: HubError | None
    faults: dict[str, str]


@dataclass(frozen=True, slots=True)
class PasswordPage:
    """The one page that shows a password that the hub has made."""

    id: int
    name: str
    email: str
    password: str
    address: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class TokenRow:
    id: int
    name: str
    person_id: int
    person: str
    team: str
    opens: bool
    scopes: list[str]
    made: datetime
    expires: datetime | None
    used: datetime | None


@dataclass(frozen=True, slots=True)
class PersonPage:
    person: PersonRow
    standing: str
    since: datetime
    sessions: int
    tokens: list[TokenRow]
    roles: dict[str, str]
    own: bool
    typed: Form | None
    problem: HubError | None
    faults: dict[str, str]


@dataclass(frozen=True, slots=True)
class TokensPage:
    rows: list[TokenRow]
    total: int
    next: str | None


@router.get("/people", **access(Deed.READ_PEOPLE))
def show_people(
    door: DoorDep,
    q: Annotated[str, Query(max_length=200)] = "",
    team: str = "",
    role: str = "",
    standing: str = Standing.ACTIVE,
    cursor: Cursor = None,
) -> Response:
    """Whoever may not manage people sees those who can sign in, as the API shows them."""
    with door.reading() as (session, actor):
        manages = may(actor, Deed.MANAGE_PEOPLE)
        chosen = Standing(standing) if manages and standing in list(Standing) else Standing.ACTIVE
        rows, total, following = directory.people(
            session, actor, q=q, limit=LIMIT, cursor=cursor, standing=chosen,
            team=Team(team) if team in list(Team) else None, role=Role(role) if role in list(Role) else None,
        )  # fmt: skip
        counts = directory.count_by_standing(session, actor) if manages else {}
        shown = PeoplePage(
            rows=[_row(actor, person) for person in rows],
            total=total,
            next=following,
            counts={str(name): count for name, count in counts.items()},
            standings={str(name): words for name, words in STANDINGS.items()},
            standing=chosen,
            q=q,
            team=team,
            role=role,
        )
    template = "admin/_people.html" if shell.is_fragment(door.request) else "admin/people.html"
    return shell.page(door, actor, template, shown, here="people")


@router.get("/people/new", **_MANAGE)
def show_new_person(door: DoorDep, name: Annotated[str, Query(max_length=200)] = "", team: str = "sales") -> Response:
    return _new(door, Form({"name": [name], "team": [team], "role": [Role.CONTRIBUTOR]}), None)


@router.post("/people", **_MANAGE)
def add_person(door: DoorDep, form: FormDep) -> Response:
    """Answers the page with the password, not a redirect: it stands in this answer and nowhere else."""
    with door.reading() as (_, actor):
        require(actor, Deed.MANAGE_PEOPLE)
    try:
        given = form.read(NewPerson, **{name: form.text(name) for name in ("name", "email", "team", "role")})
        address, name = directory.required_email(given.email), directory.name_of(given.name)
        made = passwords.made_up()
        hashed = passwords.hashed(made, email=address, name=name)  # slow, so before the transaction begins
        with door.writing() as (session, actor):
            person = directory.add_person(
                session, actor, email=address, name=name, team=given.team, role=given.role, password=hashed
            )
    except HubError as problem:
        return _new(door, form, problem)
    return _password(door, actor, person, made, is_new=True)


@router.get("/people/{person_id}", **_MANAGE)
def show_person(door: DoorDep, person_id: PersonId) -> Response:
    return _person(door, person_id, None, None)


@router.post("/people/{person_id}", **_MANAGE)
def change_person(door: DoorDep, person_id: PersonId, form: FormDep) -> Response:
    try:
        fields = {name: form.text(name) or None for name in ("name", "email", "team", "role")}
        given = form.read(PersonChange, **fields)
        with door.writing() as (session, actor):
            person = _found(session, actor, person_id)
            directory.change_person(session, actor, person, **given.model_dump(exclude_none=True))
    except HubError as problem:
        return _person(door, person_id, problem, form)
    return shell.back(f"/people/{person_id}", told="person-changed")


@router.post("/people/{person_id}/password", **_MANAGE)
def give_password(door: DoorDep, person_id: PersonId) -> Response:
    try:
        with door.reading() as (session, actor):
            person = _found(session, actor, person_id)
        made = passwords.made_up()
        hashed = passwords.hashed(made, email=person.email, name=person.name)
        with door.writing() as (session, actor):
            person = _found(session, actor, person_id)
            sign_in.set_password(session, actor, person, hashed)
    except HubError as problem:
        return _person(door, person_id, problem, None)
    return _password(door, actor, person, made, is_new=False)


@router.post("/people/{person_id}/standing", **_MANAGE)
def change_standing(door: DoorDep, person_id: PersonId, form: FormDep) -> Response:
    """Deactivates, or lets back in."""
    active = form.text("active") == "1"
    try:
        with door.writing() as (session, actor):
            person = _found(session, actor, person_id)
            directory.change_person(session, actor, person, active=active)
    except HubError as problem:
        return _person(door, person_id, problem, None)
    return shell.back(f"/people/{person_id}", told="person-back" if active else "person-out")


@router.post("/people/{person_id}/sign-out", **_MANAGE)
def end_sessions(door: DoorDep, person_id: PersonId) -> Response:
    with door.writing() as (session, actor):
        sign_in.end_all_sessions(session, actor, _found(session, actor, person_id))
    return shell.back(f"/people/{person_id}", told="sessions-ended")


@router.get("/admin/tokens", **_MANAGE)
def show_all_tokens(door: DoorDep, cursor: Cursor = None) -> Response:
    with door.reading() as (session, actor):
        found, total, following = tokens.all_tokens(session, actor, limit=LIMIT, cursor=cursor)
        shown = TokensPage([_token(token, person) for token, person in found], total, following)
    return shell.page(door, actor, "admin/tokens.html", shown, here="people")


@router.post("/admin/tokens/{token_id}/revocation", **_MANAGE)
def revoke_token(door: DoorDep, token_id: Annotated[int, Path(ge=1, le=MAX_ID)], form: FormDep) -> Response:
    with door.writing() as (session, actor):
        token = tokens.revoke(session, actor, token_id)
    back = f"/people/{token.person_id}" if form.text("from") == "person" else "/admin/tokens"
    return shell.back(back, told="token-revoked")


def _found(session: Session, actor: Actor, person_id: int) -> Person:
    """Who may not manage people is told so, not whether there is such a person."""
    require(actor, Deed.MANAGE_PEOPLE)
    return directory.person_with_id(session, actor, person_id)


def _row(actor: Actor, person: Person) -> PersonRow:
    email = person.email if person.email and directory.may_see_email(actor, person) else ""
    return PersonRow(id_of(person), person.name, email, person.team, person.role)


def _token(token: Token, person: Person) -> TokenRow:
    return TokenRow(
        id=id_of(token),
        name=token.name,
        person_id=id_of(person),
        person=person.name,
        team=person.team,
        opens=person.deactivated_at is None,
        scopes=token.scopes,
        made=token.created_at,
        expires=token.expires_at,
        used=token.last_used_at,
    )


def _new(door: Door, typed: Form, problem: HubError | None) -> Response:
    with door.reading() as (_, actor):
        require(actor, Deed.MANAGE_PEOPLE)
    shown = NewPersonPage(typed, {str(k): v for k, v in ROLES.items()}, problem, shell.faults_by_field(problem))
    status = problem.status if problem else 200
    return shell.page(door, actor, "admin/new_person.html", shown, here="people", status=status)


def _person(door: Door, person_id: int, problem: HubError | None, typed: Form | None) -> Response:
    with door.reading() as (session, actor):
        person = _found(session, actor, person_id)
        theirs, _, _ = tokens.tokens_of(session, actor, person_id, limit=LIMIT, cursor=None)
        shown = PersonPage(
            person=_row(actor, person),
            standing=_standing(person),
            since=person.created_at,
            sessions=sign_in.count_sessions(session, actor, person),
            tokens=[_token(token, person) for token in theirs],
            roles={str(name): words for name, words in ROLES.items()},
            own=person.id == actor.id,
            typed=typed,
            problem=problem,
            faults=shell.faults_by_field(problem),
        )
    status = problem.status if problem else 200
    return shell.page(door, actor, "admin/person.html", shown, here="people", status=status)


def _standing(person: Person) -> str:
    if person.deactivated_at is not None:
        return Standing.DEACTIVATED
    return Standing.ACTIVE if person.password_hash is not None else Standing.NAMED


def _password(door: Door, actor: Actor, person: Person, made: str, *, is_new: bool) -> Response:
    address = f"{door.hub.settings.base_url.rstrip('/')}/sign-in"
    shown = PasswordPage(id_of(person), person.name, person.email or "", made, address, is_new)
    return shell.page(door, actor, "admin/password.html", shown, here="people", secret=True)
