"""The tables of work in progress: what is typed and not yet a version, who opened which text, and notes on passages.

None of it is signed and none of it changes an asset: a version begins when somebody saves.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from hub.db import UtcDateTime


class WorkingCopy(SQLModel, table=True):
    """What one person typed and has not saved, of an asset or (`asset_id` None) of a new one. `key` is `asset-ID` or
    `new-` and 32 hex digits. `revision` counts its changes, so that two tabs of one person do not overwrite another."""

    __tablename__ = "working_copy"
    __table_args__ = (UniqueConstraint("person_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    key: str
    asset_id: int | None = Field(default=None, foreign_key="asset.id", index=True)
    base_number: int = 0
    revision: int = 1
    fields: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    started_at: datetime = Field(sa_type=UtcDateTime)
    saved_at: datetime = Field(sa_type=UtcDateTime)


class OpenedVersion(SQLModel, table=True):
    """Somebody had this text before them: without it a version cannot be approved together with others."""

    __tablename__ = "opened_version"

    version_id: int = Field(foreign_key="version.id", primary_key=True)
    person_id: int = Field(foreign_key="person.id", primary_key=True, index=True)
    opened_at: datetime = Field(sa_type=UtcDateTime)


class PassageNote(SQLModel, table=True):
    """A remark on a passage of one version, by the words it quotes: the text never changes, so they stay where they
    are. `settled_at` is when somebody said that it is dealt with."""

    __tablename__ = "passage_note"

    id: int | None = Field(default=None, primary_key=True)
    version_id: int = Field(foreign_key="version.id", index=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    quote: str
    text: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_by: int | None = Field(default=None, foreign_key="person.id", index=True)
