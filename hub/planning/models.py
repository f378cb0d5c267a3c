"""The tables of planning: requests and who asked, briefs, suggestions that were put aside, and notices to people.

The state of a brief is not written here: it follows from its asset (see `briefs.state_of`), but for «in work» before
there is a text. Nor are suggestions, which are computed when somebody looks; what was accepted keeps what was hoped
then.

A request and a brief are things of their own: rows with an `asset_id` would be counted by the taxonomy as that asset.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from hub.db import UtcDateTime


class RequestState(StrEnum):
    OPEN = "open"
    TAKEN = "taken"
    FULFILLED = "fulfilled"
    DECLINED = "declined"


class BriefState(StrEnum):
    PLANNED = "planned"
    WRITING = "writing"
    IN_REVIEW = "in_review"
    LIVE = "live"
    DROPPED = "dropped"


_IS_OPEN = text("closed_at IS NULL")
_RUNS = text("ended_at IS NULL AND suggestion IS NOT NULL")


class Request(SQLModel, table=True):
    """Somebody needs an asset that is not there. `sameness` is made of its words and terms: while one is open, who
    asks for the same joins it. `closed_as` is fulfilled (by the asset `answer_id`) or declined (for a `reason`)."""

    __table_args__ = (
        Index("uq_request_open", "sameness", unique=True, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
        Index("ix_request_closed", "closed_at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    needed: str
    sameness: str
    persona_id: int | None = Field(default=None, foreign_key="term.id")
    stage_id: int | None = Field(default=None, foreign_key="term.id")
    competitor_id: int | None = Field(default=None, foreign_key="term.id")
    product_id: int | None = Field(default=None, foreign_key="term.id")
    due_on: date | None = None
    made_by: int = Field(foreign_key="person.id")
    made_at: datetime = Field(sa_type=UtcDateTime)
    taken_by: int | None = Field(default=None, foreign_key="person.id", index=True)
    taken_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_as: str | None = None
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: int | None = Field(default=None, foreign_key="person.id")
    reason: str = ""
    answer_id: int | None = Field(default=None, foreign_key="asset.id", index=True)
    brief_id: int | None = Field(default=None, foreign_key="brief.id", index=True)


class RequestAsk(SQLModel, table=True):
    """One person's need of what a request is about: the question that found nothing, and the deal that needs it.
    `deal_source` and `deal_ref` name a deal that the hub may not know yet. `caller_id` is the caller's own id of the
    call, so that a device may send twice."""

    __tablename__ = "request_ask"
    __table_args__ = (UniqueConstraint("person_id", "caller_id"), UniqueConstraint("request_id", "person_id"))

    id: int | None = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="request.id")
    person_id: int = Field(foreign_key="person.id")
    caller_id: str
    note: str = ""
    search_id: str | None = None
    question: str = ""
    deal_source: str | None = None
    deal_ref: str | None = None
    due_on: date | None = None
    asked_at: datetime = Field(sa_type=UtcDateTime)


class Brief(SQLModel, table=True):
    """A planned piece of work with an author in each team. `suggestion` is the key of the suggestion it came from.

    `result_id` is the asset that it ends in, and `base_number` the version of an asset to be fixed that was live when
    it was linked: what is written after it is this brief's. `begun_at` is when somebody said that it is in work, which
    counts until there is a text; `place` is its place among the briefs of its state, as people put them, new ones first
    at 0. `ended_at` is when it was dropped (by `dropped_by`), done
    by hand, or made room for the next one of the same suggestion. What was hoped stays as it stood, in hundredths.
    """

    __table_args__ = (
        Index("uq_brief_suggestion", "suggestion", unique=True, sqlite_where=_RUNS, postgresql_where=_RUNS),
        Index("ix_brief_ended", "ended_at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    title: str
    angle: str = ""
    kind: str
    suggestion: str | None = None
    persona_id: int | None = Field(default=None, foreign_key="term.id")
    stage_id: int | None = Field(default=None, foreign_key="term.id")
    marketing_author_id: int = Field(foreign_key="person.id", index=True)
    sales_author_id: int = Field(foreign_key="person.id", index=True)
    due_on: date | None = None
    made_by: int = Field(foreign_key="person.id")
    made_at: datetime = Field(sa_type=UtcDateTime)
    result_id: int | None = Field(default=None, foreign_key="asset.id", index=True)
    base_number: int = 0
    hoped: int | None = Field(default=None, sa_type=BigInteger)
    hoped_low: int | None = Field(default=None, sa_type=BigInteger)
    hoped_high: int | None = Field(default=None, sa_type=BigInteger)
    currency: str | None = None
    effort: float | None = None
    reason: str = ""
    begun_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    place: int = 0
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    dropped_by: int | None = Field(default=None, foreign_key="person.id")
    drop_reason: str = ""


class Dismissal(SQLModel, table=True):
    """A suggestion put aside until a day, and why. The newest one of a suggestion counts; a later one replaces it."""

    __table_args__ = (Index("ix_dismissal_suggestion", "suggestion", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    suggestion: str
    reason: str
    until: date = Field(index=True)
    made_by: int = Field(foreign_key="person.id")
    made_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: int | None = Field(default=None, foreign_key="person.id")


class Notice(SQLModel, table=True):
    """A person was told of an event; once each, however often the event is delivered."""

    __table_args__ = (
        UniqueConstraint("person_id", "event_id"),
        Index("ix_notice_person", "person_id", "seen_at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    event_id: int = Field(foreign_key="event.id")
    kind: str
    subject_kind: str
    subject_name: str
    text: str
    link: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
