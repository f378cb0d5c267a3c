"""The tables of people. Passwords are kept as Argon2id hashes, sessions and tokens as SHA-256 of the secret."""

from datetime import datetime

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from hub.db import UtcDateTime


class Person(SQLModel, table=True):
    """A person. Without a password hash nobody can sign in as them (an owner that an import brought, say)."""

    id: int | None = Field(default=None, primary_key=True)
    email: str | None = Field(default=None, unique=True)  # kept in lower case
    name: str = Field(index=True)
    team: str = "other"
    role: str = "reader"
    password_hash: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    deactivated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SignInSession(SQLModel, table=True):
    """A browser that is signed in, until it expires or is ended."""

    __tablename__ = "sign_in_session"

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    digest: str = Field(unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    user_agent: str = ""


class Token(SQLModel, table=True):
    """A program's key to the API, in the name of a person, limited to its scopes."""

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    name: str
    digest: str = Field(unique=True)
    scopes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: int | None = Field(default=None, foreign_key="person.id")
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ConnectedBrowser(SQLModel, table=True):
    """A browser whose extension somebody let in; without a token until the extension has claimed it."""

    __tablename__ = "connected_browser"

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    browser: str
    challenge: str  # SHA-256 of the secret that never left the extension
    code_digest: str = Field(unique=True)
    approved_at: datetime = Field(sa_type=UtcDateTime)
    claim_until: datetime = Field(sa_type=UtcDateTime, index=True)
    token_id: int | None = Field(default=None, foreign_key="token.id", index=True)


class RateWindow(SQLModel, table=True):
    """A counter of the rate limiter, shared by all processes through the database."""

    __tablename__ = "rate_window"

    key: str = Field(primary_key=True)
    count: int
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
