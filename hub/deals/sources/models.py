"""The tables of the CRM connections. `source` is `hubspot`, `salesforce` or `pipedrive`, as in the deals."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from hub.db import UtcDateTime


class WebhookReceipt(SQLModel, table=True):
    """An event that came, as it came. A repeated one is known by it. `reason` is why the hub could make nothing of it
    so far; `payload` is cut at a length."""

    __tablename__ = "webhook_receipt"
    __table_args__ = (
        UniqueConstraint("event_id", "source"),
        Index("ix_webhook_receipt_deal", "external_id", "source"),
    )

    id: int | None = Field(default=None, primary_key=True)
    source: str
    event_id: str
    external_id: str | None = None
    occurred_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    received_at: datetime = Field(sa_type=UtcDateTime, index=True)
    payload: str = Field(sa_column=Column(Text, nullable=False))
    reason: str | None = None


class SaidDeal(SQLModel, table=True):
    """All that a CRM has said of a deal, each field with when it was said: so the order of hearing does not matter. The
    deal is made from it. It `misses` something when a name (of a stage, an owner) was not known."""

    __tablename__ = "said_deal"

    source: str = Field(primary_key=True)
    external_id: str = Field(primary_key=True)
    facts: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    misses: bool = Field(default=False, index=True)
    heard_at: datetime = Field(sa_type=UtcDateTime)


class CrmName(SQLModel, table=True):
    """What an id of a CRM stands for. A `stage` has a label, its pipeline and place in it, and the outcome that it
    means for a deal; an `owner` has an e-mail address or name as its label."""

    __tablename__ = "crm_name"

    source: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    external_id: str = Field(primary_key=True)
    label: str
    pipeline: str = ""
    position: int | None = None
    outcome: str | None = None


class PullCursor(SQLModel, table=True):
    """How far the pull from a CRM has come. It moves in the same transaction as the deals that it counts."""

    __tablename__ = "pull_cursor"

    source: str = Field(primary_key=True)
    position: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    deals: int = 0
    started_at: datetime = Field(sa_type=UtcDateTime)
    moved_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
