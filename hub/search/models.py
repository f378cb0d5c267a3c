"""The tables of the search log (what was asked, what came, what was chosen) and of the searches that people keep."""

from datetime import datetime

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from hub.db import UtcDateTime


class Search(SQLModel, table=True):
    """One search by one person: the question as it stood at the end of typing, and what it brought.

    `asked_at` is the first keystroke, `answered_at` the last; `requests` counts those between. `hits` are the ids of
    the first assets shown. Nobody but the person is named; the question is kept as typed, cut at 400 characters.
    """

    __table_args__ = (
        Index("ix_search_person", "person_id", "answered_at"),
        Index("ix_search_match", "match", "answered_at"),
        Index("ix_search_answered", "answered_at", "id"),
    )

    id: str = Field(primary_key=True)
    person_id: int | None = Field(default=None, foreign_key="person.id")
    question: str
    folded: str = Field(index=True)
    filters: dict[str, list[str]] = Field(sa_column=Column(JSON, nullable=False))
    sort: str
    deal: str | None = None
    drafts: bool = False
    match: str
    total: int
    hits: list[int] = Field(sa_column=Column(JSON, nullable=False))
    requests: int = 1
    took_ms: float
    engine: str
    channel: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    answered_at: datetime = Field(sa_type=UtcDateTime)
    chosen_asset_id: int | None = Field(default=None, foreign_key="asset.id", index=True)
    chosen_position: int | None = None
    chosen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SearchAlias(SQLModel, table=True):
    """A second id of a search whose keystrokes went to two server processes: callers may hold either."""

    __tablename__ = "search_alias"

    id: str = Field(primary_key=True)
    search_id: str = Field(foreign_key="search.id", index=True)


class SavedSearch(SQLModel, table=True):
    """A question that somebody keeps under a name: `query` is that of the page's address, without a deal or a page."""

    __tablename__ = "saved_search"
    __table_args__ = (UniqueConstraint("person_id", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    name: str
    query: str
    made_at: datetime = Field(sa_type=UtcDateTime)
