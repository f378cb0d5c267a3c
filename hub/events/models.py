"""The tables of the event log. An event never changes; its outbox row goes when the event was delivered."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, Relationship, SQLModel

from hub.db import UtcDateTime


class Event(SQLModel, table=True):
    """Who did what to which subject, when, with a snapshot of what mattered at that moment."""

    __table_args__ = (
        Index("ix_event_subject", "subject_kind", "subject_id", "id"),
        Index("ix_event_name", "name", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str
    occurred_at: datetime = Field(sa_type=UtcDateTime, index=True)
    actor_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    subject_kind: str
    subject_id: int | None = None
    subject_name: str
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    request_id: str | None = None


class OutboxRow(SQLModel, table=True):
    """An event still to be delivered: when to try next, who works on it until when, and what went wrong last."""

    __tablename__ = "outbox"

    id: int | None = Field(default=None, primary_key=True)
    event_id: int | None = Field(default=None, foreign_key="event.id", unique=True, nullable=False)
    due_at: datetime = Field(sa_type=UtcDateTime, index=True)
    claimed_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts: int = 0
    delivered_to: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    error: str | None = None

    event: Event = Relationship()


class Job(SQLModel, table=True):
    """A recurring duty of the worker (expiry, reminders): one process at a time does it, by a lease on its row."""

    name: str = Field(primary_key=True)
    due_at: datetime = Field(sa_type=UtcDateTime)
    claimed_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error: str | None = None
