"""The tables of the taxonomy. A tag refers to a term by its id, so that renaming and merging lose none."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from hub.db import UtcDateTime


class Term(SQLModel, table=True):
    """A word of a vocabulary. `text` holds what this vocabulary says about its terms (a persona's goals, pains and
    what convinces them; a stage's entry and exit criteria and the deal stages that map to it)."""

    # Events name terms by id long after one was removed, so SQLite must not give an id out twice.
    __table_args__ = (UniqueConstraint("vocabulary", "key"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    vocabulary: str
    key: str
    label: str
    position: int = 0
    synonyms: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    text: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    marketing_owner_id: int | None = Field(default=None, foreign_key="person.id")
    sales_owner_id: int | None = Field(default=None, foreign_key="person.id")
    confirmed: bool = True
    created_at: datetime = Field(sa_type=UtcDateTime)


class TermAlias(SQLModel, table=True):
    """A key that a term had before it was renamed, or that of a term merged into it: files may still say it."""

    __tablename__ = "term_alias"

    vocabulary: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    term_id: int = Field(foreign_key="term.id", index=True)
