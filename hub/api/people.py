"""The people of the hub: everybody may look them up, admins add and change them."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from hub.db import id_of
from hub.http import DoorDep, HubRoute, access, matches
from hub.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from hub.people import directory, passwords, sign_in
from hub.people.models import Person
from hub.people.roles import Actor, Deed, Role, Team, require
from hub.people.schemas import MAX_ID, NewPerson, PasswordGiven, PersonChange, PersonDetail

router = APIRouter(prefix="/people", tags=["people"], route_class=HubRoute)

PersonId = Annotated[int, Path(ge=1, le=MAX_ID)]


@router.get("", **access(Deed.READ_PEOPLE))
def list_people(
    door: DoorDep,
    q: Annotated[str, Query(max_length=100, description="how a word of the name begins")] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[PersonDetail]:
    """By name. Readers see no e-mail addresses."""
    with door.reading() as (session, actor):
        found, total, following = directory.people(session, actor, q=q, limit=limit, cursor=cursor)
        return Page(items=[_detail(actor, person) for person in found], total=total, next=following)


@router.get("/{person_id}", response_model=PersonDetail, **access(Deed.READ_PEOPLE))
def read_person(door: DoorDep, person_id: PersonId, request: Request, response: Response) -> PersonDetail | Response:
    with door.reading() as (session, actor):
        detail = _detail(actor, directory.person_with_id(session, actor, person_id))
    etag = f'"{hashlib.sha256(detail.model_dump_json().encode()).hexdigest()[:20]}"'
    if matches(request, etag):
        return Response(status_code=304, headers={"ETag": etag})
    response.headers["ETag"] = etag
    return detail


@router.post("", status_code=201, **access(Deed.MANAGE_PEOPLE))
def add_person(door: DoorDep, body: NewPerson) -> PersonDetail:
    """Somebody whom an author's line or an import brought is taken over by their e-mail address."""
    with door.reading() as (_, actor):
        require(actor, Deed.MANAGE_PEOPLE)
    password = None
    if body.password is not None:
        password = passwords.hashed(body.password.get_secret_value(), email=body.email, name=body.name)
    with door.writing() as (session, actor):
        person = directory.add_person(
            session, actor, email=body.email, name=body.name, team=body.team, role=body.role, password=password
        )
        return _detail(actor, person)


@router.patch("/{person_id}", **access(Deed.MANAGE_PEOPLE))
def change_person(door: DoorDep, person_id: PersonId, body: PersonChange) -> PersonDetail:
    """Who is deactivated is signed out everywhere, and their tokens open nothing until they are active again."""
    with door.writing() as (session, actor):
        person = directory.person_with_id(session, actor, person_id)
        directory.change_person(session, actor, person, **body.model_dump())
        return _detail(actor, person)


@router.put("/{person_id}/password", status_code=204, **access(Deed.MANAGE_PEOPLE))
def set_password(door: DoorDep, person_id: PersonId, body: PasswordGiven) -> None:
    """Their sessions end."""
    with door.reading() as (session, actor):
        require(actor, Deed.MANAGE_PEOPLE)
        person = directory.person_with_id(session, actor, person_id)
    password = passwords.hashed(body.password.get_secret_value(), email=person.email, name=person.name)
    with door.writing() as (session, actor):
        person = directory.person_with_id(session, actor, person_id)
        sign_in.set_password(session, actor, person, password)


def _detail(actor: Actor, person: Person) -> PersonDetail:
    return PersonDetail(
        id=id_of(person),
        email=person.email if directory.may_see_email(actor, person) else None,
        name=person.name,
        team=Team(person.team),
        role=Role(person.role),
        active=person.deactivated_at is None,
    )
