"""The tables of uses, and of what the owners of deals are asked about them.

What can be told from other rows is not written here: the stage that a deal was in, and whether a use is `recalled`,
follow from the deal's history and its close as they are known now, whichever came first (see `stages`, `timing`).
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from hub.db import UtcDateTime, metadata


class Action(StrEnum):
    VIEWED = "viewed"
    COPIED = "copied"
    INSERTED = "inserted"
    SHARED = "shared"
    SENT = "sent"
    PRESENTED = "presented"
    SPOKEN = "spoken"


# What a person tells from memory, unlike what a program notes as it happens.
ASKED, TOLD = "asked", "told"
FROM_MEMORY = (ASKED, TOLD)

_HAS_PERSON = text("person_id IS NOT NULL")
_WAITS = text("deal_ref IS NOT NULL")
_HAS_NO_DEAL = text("deal_id IS NULL")


class Use(SQLModel, table=True):
    """A person used an asset version. `external_id` is the caller's id, and `source` whose that is: `person:7` for
    what a person recorded, else the system of an import.

    `occurred_at` is what we take the time of use for, `said_at` what was said where that is something else.
    `recorded_at` is when it was first written down (None where a source does not say), `arrived_at` when it came here.
    `deal_source` and `deal_ref` name a deal that the hub does not know yet. `deal_named_at` is when a person said
    afterwards on which deal it was, or that it was on none.
    """

    __table_args__ = (
        UniqueConstraint("external_id", "source"),
        # Narrow: an import of millions touches their pages in no order, and the time would make them thrice as wide.
        Index("ix_use_asset", "asset_id"),
        Index("ix_use_deal", "deal_id"),
        Index("ix_use_person", "person_id", "occurred_at", sqlite_where=_HAS_PERSON, postgresql_where=_HAS_PERSON),
        Index("ix_use_without_deal", "person_id", "id", sqlite_where=_HAS_NO_DEAL, postgresql_where=_HAS_NO_DEAL),
        Index("ix_use_waiting", "deal_ref", "deal_source", sqlite_where=_WAITS, postgresql_where=_WAITS),
    )

    id: int | None = Field(default=None, primary_key=True)
    source: str
    external_id: str
    asset_id: int = Field(foreign_key="asset.id")
    version_id: int | None = Field(default=None, foreign_key="version.id")
    person_id: int | None = Field(default=None, foreign_key="person.id")
    deal_id: int | None = Field(default=None, foreign_key="deal.id")
    deal_source: str | None = None
    deal_ref: str | None = None
    action: str
    channel: str
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    said_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    recorded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    arrived_at: datetime = Field(sa_type=UtcDateTime)
    deal_named_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    deal_named_by: int | None = Field(default=None, foreign_key="person.id")
    taken_back_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StageQuestion(SQLModel, table=True):
    """The owner of a deal is asked what they used in a stage that the deal has left. `likely` are assets to choose
    from, best first, each with reasons: [{"asset": id, "why": […]}]. The answer's assets are uses of their own."""

    __tablename__ = "stage_question"
    __table_args__ = (
        UniqueConstraint("deal_id", "stage_id", "left_at"),
        Index("ix_stage_question_person", "person_id", "answered_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id")
    stage_id: int = Field(foreign_key="term.id")
    entered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    left_at: datetime = Field(sa_type=UtcDateTime)
    person_id: int = Field(foreign_key="person.id")
    likely: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    asked_at: datetime = Field(sa_type=UtcDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answered_by: int | None = Field(default=None, foreign_key="person.id")
    none_used: bool = False


class Opinion(StrEnum):
    """What somebody says of an asset after they used it."""

    WORKED = "worked"
    DID_NOT = "did_not"
    OBJECTION = "objection"
    OUT_OF_DATE = "out_of_date"


class Feedback(SQLModel, table=True):
    """What a person said of an asset, of the version that was live then, on a deal if they named one. Words for
    people: nothing of it enters the evidence. `caller_id` is the caller's own id of it, so that it may be sent twice.
    """

    __table_args__ = (UniqueConstraint("person_id", "caller_id"), Index("ix_feedback_asset", "asset_id", "id"))

    id: int | None = Field(default=None, primary_key=True)
    asset_id: int = Field(foreign_key="asset.id")
    version_id: int | None = Field(default=None, foreign_key="version.id")
    person_id: int = Field(foreign_key="person.id")
    caller_id: str
    opinion: str
    note: str = ""
    deal_id: int | None = Field(default=None, foreign_key="deal.id")
    said_at: datetime = Field(sa_type=UtcDateTime)
    taken_back_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


# The tables themselves: uses are written and read by the thousand, mostly without objects.
uses = metadata.tables[str(Use.__tablename__)]
questions = metadata.tables[str(StageQuestion.__tablename__)]
