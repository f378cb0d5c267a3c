"""The table of errands: each is the record of what was asked, how far it is, and what came of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from hub.db import UtcDateTime


class ErrandKind(StrEnum):
    IMPORT = "import"
    SYNC = "sync"
    ARCHIVE = "archive"
    REBUILD = "rebuild"
    CHECK = "check"
    BACKUP = "backup"


class ErrandState(StrEnum):
    """`prepared` is not begun: somebody is still saying how a file is to be read."""

    PREPARED = "prepared"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Errand(SQLModel, table=True):
    """`given` is what it needs (the key of an uploaded file, the text of a mapping), `report` what came of it.
    `done` of `total` are bytes, files, rows or documents: whatever its kind counts; `total` is 0 until it is known.

    A process that works on it renews `claimed_until`; when that has passed, another one begins it anew."""

    __table_args__ = (Index("ix_errand_state", "state", "id"), Index("ix_errand_kind", "kind", "id"))

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    name: str
    state: str
    asked_by: int | None = Field(default=None, foreign_key="person.id")
    asked_at: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    claimed_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts: int = 0
    done: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    total: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    given: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    report: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    error: str | None = None
