"""What callers send and get for people, sessions and tokens. Inputs refuse unknown fields; outputs have no defaults.

Passwords are `SecretStr`: neither a traceback nor a log line shows one.
"""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from hub.people.directory import MAX_EMAIL, MAX_NAME
from hub.people.passwords import MAX_LENGTH
from hub.people.roles import Role, Scope, Team
from hub.people.tokens import DEFAULT_DAYS

MAX_ID = 2**31 - 1  # of an integer column on PostgreSQL

Email = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=MAX_EMAIL)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME)]
TokenName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Password = Annotated[SecretStr, Field(min_length=1, max_length=MAX_LENGTH)]

_WORDS = "seven otters juggle plums"


class SignIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"email": "ana@example.com", "password": _WORDS}]}
    )

    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_EMAIL)]
    password: Password


class PasswordChange(BaseModel):
    """At least 12 characters; not one's name, not one's e-mail address, not what everybody thinks of."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"current": "nine larks hum low", "new": _WORDS}]}
    )

    current: Password
    new: Password


class PasswordGiven(BaseModel):
    """At least 12 characters; not the person's name, not their e-mail address, not what everybody thinks of."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"password": _WORDS}]})

    password: Password


_PERSON = {"email": "ben@example.com", "name": "Ben Okafor", "team": "sales", "role": "contributor"}


class NewPerson(BaseModel):
    """Without a password the person cannot sign in yet; tokens can be made for them."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{**_PERSON, "password": _WORDS}]})

    email: Email
    name: Name
    team: Team
    role: Role
    password: Password | None = None


class PersonChange(BaseModel):
    """What is absent or null stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"role": "approver"}, {"active": False}]})

    email: Email | None = None
    name: Name | None = None
    team: Team | None = None
    role: Role | None = None
    active: Annotated[bool, Field(strict=True)] | None = None


class PersonDetail(BaseModel):
    """A person as colleagues see them; `email` is null for readers, unless it is their own."""

    id: int
    email: str | None
    name: str
    team: Team
    role: Role
    active: bool


class Me(BaseModel):
    """The caller: who they are, and the scopes that this session or token has."""

    id: int
    email: str | None
    name: str
    team: Team
    role: Role
    scopes: list[Scope]


class SessionDetail(BaseModel):
    """A browser that is signed in; `current` is the one that asks."""

    id: int
    created_at: datetime
    expires_at: datetime
    user_agent: str
    current: bool


class NewToken(BaseModel):
    """`person` is for admins, who may make tokens for others. Without `expires_in_days` it lasts a year, with null
    until it is revoked."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "CRM sync", "scopes": ["content:read", "usage:write"]}]},
    )

    name: TokenName
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    expires_in_days: Annotated[int, Field(strict=True, ge=1, le=3650)] | None = DEFAULT_DAYS
    person: Annotated[int, Field(strict=True, ge=1, le=MAX_ID)] | None = None


class TokenDetail(BaseModel):
    """A token without its secret. Of `scopes` it has those that the person's role allows at the moment of use."""

    id: int
    person: int
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class MadeToken(BaseModel):
    """`token` is the secret. It is shown this once: the hub keeps only its digest."""

    token: str
    id: int
    name: str
    scopes: list[Scope]
    expires_at: datetime | None
