"""The tables of evidence. All but the runs and the experiments are derived, and made anew from deals and uses.

A run keeps what it found under its own id, so that an old report can be shown as it was (`Found`). Beside it stands
what is shown now, one row an asset (`AssetEvidence`) and one a cell (`EvidenceCell`): those answer pages in
milliseconds, and new finished stages move them during the day. Figures refer to terms without a foreign key: they must
not keep a word from being merged or removed. Lifts are points of win probability (5.0 = +5 points).
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from hub.db import UtcDateTime, metadata


class RunState(StrEnum):
    ASKED = "asked"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class RunReason(StrEnum):
    NIGHTLY = "nightly"
    ASKED = "asked"
    COMMAND = "command"


def _json() -> Any:
    return Column(JSON, nullable=False)


class EvidenceRun(SQLModel, table=True):
    """One computation of all evidence. `cut_off` is the moment whose knowledge it rests on.

    `missing` says how many more finished stages are needed; empty when there are enough. `inputs` are the counted
    actions and the currency, `read` what was read and left out, `figures` what was found of the pipeline itself, with
    words as they were. `has_rows` is false once its rows by asset were thinned out.
    """

    __tablename__ = "evidence_run"
    __table_args__ = (Index("ix_evidence_run_state", "state", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    state: str
    reason: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    asked_by: int | None = Field(default=None, foreign_key="person.id")
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cut_off: datetime | None = Field(default=None, sa_type=UtcDateTime)
    progress: float = 0.0
    doing: str = ""
    error: str | None = None
    missing: str = ""
    inputs: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    read: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    warnings: list[str] = Field(default_factory=list, sa_column=_json())
    figures: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    has_rows: bool = False


class Finding(SQLModel):
    """What is known of one asset: `n` finished stages with a use, `advanced` of them, in `deals` of `owners`. Lift and
    range are None while there are too few finished stages in all; `above` is the probability of a lift above none,
    `gain` the expected lift where a loss counts as none. Money is in the base currency. `details` are
    read for one asset only: guards, what the sentence needs, cells, credit by model."""

    verdict: str
    lift: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    advanced: int = 0
    deals: int = 0
    owners: int = 0
    crude_lift: float = 0.0
    touched_revenue: float = 0.0
    extra_revenue: float | None = None
    extra_low: float | None = None
    extra_high: float | None = None
    above: float = 0.0
    gain: float = 0.0
    as_good_as_other: bool = False


class Found(Finding, table=True):
    """What a run found."""

    __tablename__ = "evidence_found"

    run_id: int = Field(foreign_key="evidence_run.id", primary_key=True)
    asset_id: int = Field(foreign_key="asset.id", primary_key=True)
    details: dict[str, Any] = Field(sa_column=_json())


class AssetEvidence(Finding, table=True):
    """What is shown now. `band` 0 to 4, `evidence` and `reason` are what search is told: cut from the end of the range
    that is nearer to none, in steps, so that a night does not change them for every asset."""

    __tablename__ = "asset_evidence"

    asset_id: int = Field(foreign_key="asset.id", primary_key=True)
    run_id: int = Field(foreign_key="evidence_run.id", index=True)
    band: int = 0
    evidence: float = 0.0
    reason: str = ""
    updated_at: datetime = Field(sa_type=UtcDateTime)
    details: dict[str, Any] = Field(sa_column=_json())


class CellKind(StrEnum):
    STAGE = "stage"
    PERSONA = "persona"


class EvidenceCell(SQLModel, table=True):
    """What is shown now of an asset at a deal stage, or for a persona."""

    __tablename__ = "evidence_cell"
    __table_args__ = (Index("ix_evidence_cell_term", "kind", "term_id", "asset_id"),)

    asset_id: int = Field(foreign_key="asset.id", primary_key=True)
    kind: str = Field(primary_key=True)
    term_id: int = Field(primary_key=True)
    verdict: str
    lift: float
    low: float
    high: float
    n: int
    deals: int


class EvidenceState(SQLModel, table=True):
    """What the newest complete run learnt, as arrays: new finished stages are added to it, and the next run starts from
    it. Stage entries up to `base_entry_id` are in it, those up to `seen_entry_id` in what is shown."""

    __tablename__ = "evidence_state"

    run_id: int = Field(foreign_key="evidence_run.id", primary_key=True)
    base_entry_id: int
    seen_entry_id: int
    learnt: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AssetUse(SQLModel, table=True):
    """How much an asset is used: counted actions only. `recent` are those of the last 90 days before `counted_at`."""

    __tablename__ = "asset_use"

    asset_id: int = Field(foreign_key="asset.id", primary_key=True)
    uses: int
    recent: int
    deals: int
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    counted_at: datetime = Field(sa_type=UtcDateTime)


class MonthFigure(SQLModel, table=True):
    """Deals that closed in a month. Days from creation to close are quartiles of those with both dates; money is in the
    base currency, `other_currency` deals are not in it."""

    __tablename__ = "month_figure"

    month: date = Field(primary_key=True)
    created: int
    won: int
    lost: int
    no_decision: int
    won_amount: float
    other_currency: int
    timed: int
    days_low: float | None = None
    days_middle: float | None = None
    days_high: float | None = None
    middle_low: float | None = None
    middle_high: float | None = None


class FigureMark(SQLModel, table=True):
    """Which roll-ups something happened to since they were counted; small ones stand here themselves."""

    __tablename__ = "figure_mark"

    name: str = Field(primary_key=True)
    changed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    counted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    figures: dict[str, Any] = Field(default_factory=dict, sa_column=_json())


_RUNS = text("ended_at IS NULL")


class Experiment(SQLModel, table=True):
    """A hold-out: an asset is suggested in some of the eligible deals, by a coin. None runs unless somebody starts it,
    and one asset has one at a time. `stage_id` is a deal stage, None for all."""

    __table_args__ = (
        Index("uq_experiment_running", "asset_id", unique=True, sqlite_where=_RUNS, postgresql_where=_RUNS),
    )

    id: int | None = Field(default=None, primary_key=True)
    asset_id: int = Field(foreign_key="asset.id")
    stage_id: int | None = Field(default=None, foreign_key="term.id")
    share: float = 0.5
    salt: str
    started_at: datetime = Field(sa_type=UtcDateTime)
    started_by: int | None = Field(default=None, foreign_key="person.id")
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: int | None = Field(default=None, foreign_key="person.id")


class Assignment(SQLModel, table=True):
    """Where the coin fell for a deal, the first time that the asset could have been suggested on it."""

    __tablename__ = "experiment_assignment"
    __table_args__ = (UniqueConstraint("experiment_id", "deal_id"),)

    id: int | None = Field(default=None, primary_key=True)
    experiment_id: int = Field(foreign_key="experiment.id")
    deal_id: int = Field(foreign_key="deal.id", index=True)
    suggested: bool
    assigned_at: datetime = Field(sa_type=UtcDateTime)


# The tables themselves, for rows by the thousand.
found_rows = metadata.tables[str(Found.__tablename__)]
shown_rows = metadata.tables[str(AssetEvidence.__tablename__)]
cell_rows = metadata.tables[str(EvidenceCell.__tablename__)]
use_figures = metadata.tables[str(AssetUse.__tablename__)]
month_figures = metadata.tables[str(MonthFigure.__tablename__)]
