"""What callers get of evidence and figures, and the little that they send. Outputs have no defaults.

Lifts are points of win probability with the range that holds 90 %, shares are shares of one, money is in the base
currency. `rows` is where the rows behind a figure can be read.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from hub.assets.models import Kind, Status
from hub.insights.models import RunReason, RunState
from hub.paging import Page

Verdict = Literal["proven", "promising", "no_evidence", "watch", "goes_with_losing", "too_early"]
Sort = Literal["low", "lift", "n", "extra_revenue", "touched_revenue", "uses", "recent"]
Which = Literal["used", "helps", "does_nothing", "never_used", "hot_but_stale"]


class Basis(BaseModel):
    """What a figure rests on: which run, what was known at its `cut_off`, finished stages from when to when. `missing`
    is a sentence while there is too little for any lift, `warnings` say what the figures leave out. All are null before
    the first run."""

    run: int | None
    computed_at: datetime | None
    cut_off: datetime | None
    since: date | None
    until: date | None
    finished_stages: int
    deals: int
    currency: str | None
    missing: str | None
    warnings: list[str]


class CellOut(BaseModel):
    """An asset at a deal stage or for a persona."""

    kind: Literal["stage", "persona"]
    label: str
    verdict: Verdict
    lift: float
    low: float
    high: float
    n: int
    deals: int


class AssetFigures(BaseModel):
    """What is known of one asset. `n` finished stages with a use, in `deals` of `owners`; lift and range are null while
    too little has finished in all. `crude_lift` is the plain difference in win rate, which flatters what is used in
    good deals. `uses` are all counted uses, `recent` those of the last 90 days; both as of now, also in an old report.
    `cells` are those that were asked for."""

    slug: str
    external_id: str | None
    title: str
    kind: Kind
    status: Status
    review_by: date | None
    fresh: bool | None
    verdict: Verdict
    sentence: str
    lift: float | None
    low: float | None
    high: float | None
    n: int
    advanced: int
    lost: int
    deals: int
    owners: int
    crude_lift: float
    touched_revenue: float
    extra_revenue: float | None
    extra_low: float | None
    extra_high: float | None
    uses: int
    recent: int
    last_used_at: datetime | None
    cells: list[CellOut]
    rows: str


class AssetsPage(Page[AssetFigures]):
    basis: Basis


class CellDetail(CellOut):
    sentence: str
    advanced: int
    owners: int
    observed: float
    expected: float
    more_needed: int
    rows: str


class Guards(BaseModel):
    """What a result must be read with. `comparable` is the share of its finished stages that have enough similar ones
    of other deals; `kept` the share of its information that no other asset shares; `e_value` how many times as likely a
    hidden factor would have to make both use and winning."""

    comparable: float
    few_similar: bool
    together_with: str | None
    kept: float
    mostly_one_rep: bool
    e_value: float
    cautions: list[str]


class Crude(BaseModel):
    """Beside the adjusted figures, so that the difference can be seen. `observed` and `expected` are shares of finished
    stages that were passed: seen with the asset, and expected of deals like them without it."""

    lift: float
    observed: float
    expected: float


class HoldOutOut(BaseModel):
    """A randomised hold-out, read as intention to treat: finished stages on both sides."""

    experiment: int
    suggested: int
    held_out: int
    passed_suggested: float
    passed_held_out: float
    lift: float
    low: float
    high: float


class AssetEvidenceOut(AssetFigures):
    """`attribution` is where the money passed, by model: it says who was there, not what helped. `updated_at` is when
    what is shown was last moved by new finished stages."""

    more_needed: int
    as_good_as_other: bool
    guards: Guards
    crude: Crude
    stages: list[CellDetail]
    personas: list[CellDetail]
    attribution: dict[str, float]
    hold_outs: list[HoldOutOut]
    updated_at: datetime | None
    basis: Basis


class WordOut(BaseModel):
    key: str
    label: str


class StageWord(WordOut):
    """`journey` is the stage of the buyer's journey that the taxonomy maps it to."""

    journey: str | None


class FunnelStage(BaseModel):
    """Finished stages, the share that passed with its range, and the share expected of deals like these. `win_rate` is
    the mean chance to win of those that entered the stage; null for one persona."""

    stage: StageWord
    n: int
    passed: float
    low: float
    high: float
    expected: float
    win_rate: float | None
    rows: str


class Funnel(BaseModel):
    """Deal stages in the order of the pipeline, all or of one persona."""

    persona: WordOut | None
    stages: list[FunnelStage]
    basis: Basis


class MonthOut(BaseModel):
    """Deals that closed in a month. `win_rate` is of those won or lost, with its range; those that nobody won stand
    apart. Days from creation to close: a quarter took less than `days_low`, half less than `days_middle`, which lies
    between `middle_low` and `middle_high`; of the `timed` deals with both dates."""

    month: date
    created: int
    won: int
    lost: int
    no_decision: int
    win_rate: float | None
    low: float | None
    high: float | None
    timed: int
    days_low: float | None
    days_middle: float | None
    days_high: float | None
    middle_low: float | None
    middle_high: float | None
    won_amount: float
    other_currency: int
    rows: str


class Outcomes(BaseModel):
    """`counted_at` is null before deals were counted for the first time."""

    months: list[MonthOut]
    currency: str | None
    counted_at: datetime | None


class SourceOut(BaseModel):
    """`rate` of its closed deals were won. `adjusted` is the rate if all closed deals had come from here: same sizes,
    segments, owners and times; null for few deals."""

    source: WordOut
    closed: int
    won: int
    rate: float
    low: float
    high: float
    adjusted: float | None
    adjusted_low: float | None
    adjusted_high: float | None
    rows: str


class Sources(BaseModel):
    sources: list[SourceOut]
    basis: Basis


class CaptureShare(BaseModel):
    """Of so many stage changes of so many deals so many have a recorded use or a "none used", in time. `recalled` came
    after the outcome was known and are not counted."""

    group: str
    changes: int
    deals: int
    captured: int
    recalled: int
    rate: float | None
    low: float | None
    high: float | None


class Capture(BaseModel):
    """`warnings` say where won, lost and open deals differ so much that figures may mislead."""

    shares: list[CaptureShare]
    warnings: list[str]
    counted_at: datetime | None


class RunOut(BaseModel):
    """One computation of all evidence. `verdicts` count assets that were used in a finished stage; `placebo` is the
    false-alarm test: how many would be called proven by chance. With `has_rows` what it found can be read with
    `?run=`."""

    id: int
    state: RunState
    reason: RunReason
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cut_off: datetime | None
    progress: float
    doing: str
    error: str | None
    missing: str | None
    warnings: list[str]
    verdicts: dict[str, int]
    placebo: dict[str, int] | None
    finished: dict[str, int] | None
    since: date | None
    until: date | None
    inputs: dict[str, Any]
    read: dict[str, int]
    has_rows: bool


class Overview(BaseModel):
    """The newest complete run, the one that is going on or asked for, and how many assets have which verdict now."""

    verdicts: dict[str, int]
    latest: RunOut | None
    pending: RunOut | None
    basis: Basis


class ExperimentIn(BaseModel):
    """Suggest an asset in a share of the eligible open deals: those in a deal stage, or all."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"asset": "objection.price", "stage": "proposal", "share": 0.5}]},
    )

    asset: Annotated[str, StringConstraints(min_length=1, max_length=251)]
    stage: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    share: Annotated[float, Field(ge=0.1, le=0.9)] = 0.5


class ExperimentOut(BaseModel):
    """`suggested` and `held_out` are deals for which the coin has fallen."""

    id: int
    asset: str
    title: str
    stage: WordOut | None
    share: float
    started_at: datetime
    ended_at: datetime | None
    suggested: int
    held_out: int
    result: HoldOutOut | None


class MoneyRow(BaseModel):
    """What an asset was there for, by model of credit, beside what it is expected to have added."""

    slug: str
    title: str
    verdict: Verdict
    lift: float | None
    deals: int
    touched_revenue: float
    extra_revenue: float | None
    extra_low: float | None
    extra_high: float | None
    credit: dict[str, float]


class MoneyPassed(BaseModel):
    """The assets that touched most won money. Every model but `influenced` hands out `won_amount`, that of the
    `touched_deals` won ones in which content was used, once; both are null before the first run."""

    assets: list[MoneyRow]
    touched_deals: int | None
    won_amount: float | None
    basis: Basis
