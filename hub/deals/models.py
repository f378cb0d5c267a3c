"""The tables of deals. `source` is the system that a deal, an account or a contact comes from, and `external_id` how
that system knows it; where the marketing word "lead source" is meant, it is called so.

A moment at exactly 00:00 UTC is a day: most sources give no time. What was so at a date, and when the hub learnt it,
are two questions: nothing here is overwritten that one of them needs (`DealState`, `StageEntry.superseded_at`).
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from hub.db import UtcDateTime


class Outcome(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class StageResult(StrEnum):
    ADVANCED = "advanced"
    LOST = "lost"


class Account(SQLModel, table=True):
    """A company that deals are made with. A source that gives no id for it is asked by its name."""

    __table_args__ = (UniqueConstraint("external_id", "source"),)

    id: int | None = Field(default=None, primary_key=True)
    source: str
    external_id: str
    name: str


class Deal(SQLModel, table=True):
    """A deal as the hub knows it now. `amount` is in hundredths of the currency; a currency of None was never said.

    `stated_stage_id` is the deal stage that the source says the deal is in. `stage_id` is the last one of its stage
    history, or what is stated where there is none. `no_decision` is a lost deal that nobody won.
    """

    # In this order: uses often know a deal by its id alone.
    __table_args__ = (UniqueConstraint("external_id", "source"),)

    id: int | None = Field(default=None, primary_key=True)
    source: str
    external_id: str
    name: str = ""
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    owner_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    segment_id: int | None = Field(default=None, foreign_key="term.id")
    industry_id: int | None = Field(default=None, foreign_key="term.id")
    persona_id: int | None = Field(default=None, foreign_key="term.id")
    competitor_id: int | None = Field(default=None, foreign_key="term.id")
    lead_source_id: int | None = Field(default=None, foreign_key="term.id")
    lost_reason_id: int | None = Field(default=None, foreign_key="term.id")
    stage_id: int | None = Field(default=None, foreign_key="term.id")
    stated_stage_id: int | None = Field(default=None, foreign_key="term.id")
    amount: int | None = Field(default=None, sa_type=BigInteger)
    currency: str | None = None
    outcome: str
    no_decision: bool = False
    created_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    learnt_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    source_updated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    extra: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class DealProduct(SQLModel, table=True):
    __tablename__ = "deal_product"

    deal_id: int = Field(foreign_key="deal.id", primary_key=True)
    term_id: int = Field(foreign_key="term.id", primary_key=True)


class DealState(SQLModel, table=True):
    """What was said of a deal's owner, money and outcome: so from `effective_at` on, as learnt at `learnt_at`. When one
    of them changes a row is added, with the first change also one for what was so before; none is ever changed. A deal
    without a row has been as it is since the hub learnt of it."""

    __tablename__ = "deal_state"
    __table_args__ = (Index("ix_deal_state_deal", "deal_id", "effective_at"),)

    id: int | None = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id")
    effective_at: datetime = Field(sa_type=UtcDateTime)
    learnt_at: datetime = Field(sa_type=UtcDateTime)
    owner_id: int | None = Field(default=None, foreign_key="person.id")
    stated_stage_id: int | None = Field(default=None, foreign_key="term.id")
    amount: int | None = Field(default=None, sa_type=BigInteger)
    currency: str | None = None
    outcome: str
    no_decision: bool = False
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StageEntry(SQLModel, table=True):
    """A deal being in a deal stage. What is known now has no `superseded_at`; a correction ends the row that it
    corrects and adds another one, so that what was known at a time can still be told."""

    __tablename__ = "stage_entry"
    __table_args__ = (UniqueConstraint("deal_id", "stage_id", "entered_at", "learnt_at"),)

    id: int | None = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id")
    stage_id: int = Field(foreign_key="term.id")
    entered_at: datetime = Field(sa_type=UtcDateTime)
    left_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    result: str | None = None
    learnt_at: datetime = Field(sa_type=UtcDateTime)
    superseded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class WaitingStage(SQLModel, table=True):
    """A stage entry whose deal the hub does not know yet. It becomes the deal's when the deal comes."""

    __tablename__ = "waiting_stage"
    __table_args__ = (UniqueConstraint("external_id", "source", "stage_id", "entered_at"),)

    id: int | None = Field(default=None, primary_key=True)
    source: str
    external_id: str
    stage_id: int = Field(foreign_key="term.id")
    entered_at: datetime = Field(sa_type=UtcDateTime)
    left_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    result: str | None = None
    learnt_at: datetime = Field(sa_type=UtcDateTime)


class Contact(SQLModel, table=True):
    """Somebody at an account. No more of them than a name: nothing in the hub needs an address."""

    __table_args__ = (UniqueConstraint("external_id", "source"),)

    id: int | None = Field(default=None, primary_key=True)
    source: str
    external_id: str
    name: str = ""


class DealContact(SQLModel, table=True):
    """A contact's part in a deal: the role as written, and the persona that it means."""

    __tablename__ = "deal_contact"

    deal_id: int = Field(foreign_key="deal.id", primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", primary_key=True, index=True)
    role: str = ""
    persona_id: int | None = Field(default=None, foreign_key="term.id")
    is_primary: bool = False


class DealPayload(SQLModel, table=True):
    """What a source sent about a deal, as it was sent: to see where a figure comes from, and to read it again."""

    __tablename__ = "deal_payload"

    deal_id: int = Field(foreign_key="deal.id", primary_key=True)
    payload: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    received_at: datetime = Field(sa_type=UtcDateTime)
