"""How deals go: the funnel, win rate and time by month, lead sources, and how much of what is used is captured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from hub.http import DoorDep, HubRoute, access
from hub.insights import pipeline_reports
from hub.insights.schemas import Capture, CaptureShare, Funnel, FunnelStage, MonthOut, Outcomes, SourceOut, Sources
from hub.people.roles import Deed
from hub.web import words
from hub.web.insights import charts
from hub.web.insights.answers import Asked, File, Table, answer, asked
from hub.web.insights.charts import Estimate, Forest, Line, Mark, Point, RangeRow, Scale
from hub.web.insights.helps import Key, Run

router = APIRouter(prefix="/insights", tags=["pages"], route_class=HubRoute, include_in_schema=False)
WIDE, NARROW = 860.0, 340.0


@dataclass(frozen=True, slots=True)
class StageRow:
    stage: FunnelStage
    marks: Sequence[Mark]


@dataclass(frozen=True, slots=True)
class FunnelPage:
    asked: Asked
    found: Funnel
    rows: Sequence[StageRow]
    scale: Scale
    picture: Forest | None
    personas: Sequence[tuple[str, str]]
    run: int | None


@router.get("/funnel", **access(Deed.READ_INSIGHTS))
def read_funnel(door: DoorDep, persona: Key = "", run: Run = None, file: File = None) -> Response:
    with door.reading() as (session, actor):
        found = pipeline_reports.funnel(session, actor, persona=persona or None, run_id=run)
        personas = words.words(session).keys("personas")
    ranges = [
        RangeRow(
            one.stage.label, f"{one.n} finished",
            (_shares(one.passed, one.low, one.high, "observed"), _shares(one.expected, None, None, "expected")),
            f"{100 * one.passed:.0f}%",
        )
        for one in found.stages
    ]  # fmt: skip
    on = charts.track(ranges, hold=())
    shown = FunnelPage(
        asked=asked(door, "funnel"),
        found=found,
        rows=[StageRow(one, _marks(on, drawn)) for one, drawn in zip(found.stages, ranges, strict=True)],
        scale=on,
        picture=charts.forest(ranges, hold=()) if file == "svg" else None,
        personas=personas,
        run=run,
    )
    table = Table(
        ("stage", "buyer_stage", "finished", "passed", "low", "high", "expected", "win_rate", "persona", "known_as_of"),
        [
            (one.stage.label, one.stage.journey, one.n, one.passed, one.low, one.high, one.expected, one.win_rate,
             found.persona.label if found.persona else "", found.basis.cut_off)
            for one in found.stages
        ],
    )  # fmt: skip
    return answer(door, actor, shown, "funnel", file=file, table=table)


@dataclass(frozen=True, slots=True)
class OutcomesPage:
    """`rates` and `days` are each drawn for a wide screen and for a narrow one."""

    asked: Asked
    found: Outcomes
    months: int
    rates: Mapping[str, Line]
    days: Mapping[str, Line]
    closed: int


@router.get("/outcomes", **access(Deed.READ_INSIGHTS))
def read_outcomes(
    door: DoorDep, months: Annotated[Literal["12", "24", "36", "120"], Query()] = "24", file: File = None
) -> Response:
    with door.reading() as (session, actor):
        found = pipeline_reports.outcomes(session, actor, months=int(months))
    rates = [_rate_point(one) for one in found.months]
    days = [
        Point(f"{one.month:%Y-%m}", one.days_middle, _rounded(one.middle_low), _rounded(one.middle_high))
        for one in found.months
    ]
    sizes = {"wide": WIDE, "narrow": NARROW}
    shown = OutcomesPage(
        asked=asked(door, "outcomes"),
        found=found,
        months=int(months),
        rates={name: charts.line(rates, width=width, hold=(0.0,)) for name, width in sizes.items()},
        days={name: charts.line(days, width=width, hold=(0.0,)) for name, width in sizes.items()},
        closed=sum(one.won + one.lost + one.no_decision for one in found.months),
    )
    table = Table(
        ("month", "created", "won", "lost", "no_decision", "win_rate", "low", "high", "days_half_closed_within",
         "days_low", "days_high", "won_amount", "currency", "counted_at"),
        [
            (one.month, one.created, one.won, one.lost, one.no_decision, one.win_rate, one.low, one.high,
             one.days_middle, one.middle_low, one.middle_high, one.won_amount, found.currency, found.counted_at)
            for one in found.months
        ],
    )  # fmt: skip
    return answer(door, actor, shown, "outcomes", file=file, table=table)


@dataclass(frozen=True, slots=True)
class SourceRow:
    source: SourceOut
    marks: Sequence[Mark]


@dataclass(frozen=True, slots=True)
class SourcesPage:
    asked: Asked
    found: Sources
    rows: Sequence[SourceRow]
    scale: Scale
    picture: Forest | None
    closed: int
    run: int | None


@router.get("/sources", **access(Deed.READ_INSIGHTS))
def read_sources(door: DoorDep, run: Run = None, file: File = None) -> Response:
    with door.reading() as (session, actor):
        found = pipeline_reports.sources(session, actor, run_id=run)
    ranges = [_source_range(one) for one in found.sources]
    on = charts.track(ranges, hold=())
    shown = SourcesPage(
        asked=asked(door, "sources"),
        found=found,
        rows=[SourceRow(one, _marks(on, drawn)) for one, drawn in zip(found.sources, ranges, strict=True)],
        scale=on,
        picture=charts.forest(ranges, hold=()) if file == "svg" else None,
        closed=sum(one.closed for one in found.sources),
        run=run,
    )
    table = Table(
        ("source", "closed", "won", "rate", "low", "high", "adjusted", "adjusted_low", "adjusted_high", "known_as_of"),
        [
            (one.source.label, one.closed, one.won, one.rate, one.low, one.high, one.adjusted, one.adjusted_low,
             one.adjusted_high, found.basis.cut_off)
            for one in found.sources
        ],
    )  # fmt: skip
    return answer(door, actor, shown, "sources", file=file, table=table)


@dataclass(frozen=True, slots=True)
class ShareRow:
    share: CaptureShare
    marks: Sequence[Mark]


@dataclass(frozen=True, slots=True)
class CapturePage:
    asked: Asked
    found: Capture
    rows: Sequence[ShareRow]
    scale: Scale
    picture: Forest | None
    deals: int


@router.get("/capture", **access(Deed.READ_INSIGHTS))
def read_capture(door: DoorDep, file: File = None) -> Response:
    with door.reading() as (session, actor):
        found = pipeline_reports.capture(session, actor)
    ranges = [
        RangeRow(
            one.group.capitalize(), f"{one.changes} stage changes",
            (_shares(one.rate, one.low, one.high, "observed"),) if one.rate is not None else (),
            f"{100 * one.rate:.0f}%" if one.rate is not None else "",
        )
        for one in found.shares
    ]  # fmt: skip
    on = charts.track(ranges, hold=(0.0, 100.0))
    shown = CapturePage(
        asked=asked(door, "capture"),
        found=found,
        rows=[ShareRow(one, _marks(on, drawn)) for one, drawn in zip(found.shares, ranges, strict=True)],
        scale=on,
        picture=charts.forest(ranges, hold=(0.0, 100.0)) if file == "svg" else None,
        deals=sum(one.deals for one in found.shares),
    )
    table = Table(
        ("deals_that_are", "deals", "stage_changes", "captured", "recalled", "rate", "low", "high", "counted_at"),
        [
            (one.group, one.deals, one.changes, one.captured, one.recalled, one.rate, one.low, one.high,
             found.counted_at)
            for one in found.shares
        ],
    )  # fmt: skip
    return answer(door, actor, shown, "capture", file=file, table=table)


def _source_range(one: SourceOut) -> RangeRow:
    estimates = [_shares(one.rate, one.low, one.high, "crude")]
    if one.adjusted is not None:
        estimates.append(_shares(one.adjusted, one.adjusted_low, one.adjusted_high, "adjusted"))
    best = one.adjusted if one.adjusted is not None else one.rate
    return RangeRow(one.source.label, f"{one.closed} closed", tuple(estimates), f"{100 * best:.0f}%")


def _rate_point(one: MonthOut) -> Point:
    return Point(f"{one.month:%Y-%m}", _percent(one.win_rate), _percent(one.low), _percent(one.high))


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)


def _rounded(days: float | None) -> float | None:
    return None if days is None else round(days, 2)


def _shares(value: float, low: float | None, high: float | None, kind: str) -> Estimate:
    """In per cent; without a range it is the value alone."""
    return Estimate(100 * value, 100 * (value if low is None else low), 100 * (value if high is None else high), kind)


def _marks(on: Scale, row: RangeRow) -> Sequence[Mark]:
    return [charts.mark(on, one) for one in row.estimates]
