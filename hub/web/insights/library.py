"""How the library stands: coverage, freshness, search, and where the money passed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from hub.assets import freshness
from hub.assets.schemas import Freshness, FreshnessGroup
from hub.http import DoorDep, HubRoute, access
from hub.insights import money_passed
from hub.insights.inputs import Inputs
from hub.insights.schemas import MoneyPassed, MoneyRow
from hub.paging import Page
from hub.people.roles import Deed
from hub.planning import coverage
from hub.planning.schemas import CellOut, Coverage
from hub.search import log_reading
from hub.search.schemas import SearchFigures, UnansweredQuestion
from hub.web import words
from hub.web.insights import charts
from hub.web.insights.answers import Asked, File, Table, answer, asked
from hub.web.insights.charts import Bars, Heat
from hub.web.insights.helps import Key, Run
from hub.web.words import Words

router = APIRouter(prefix="/insights", tags=["pages"], route_class=HubRoute, include_in_schema=False)
MODELS: Mapping[str, str] = {
    "first": "First", "last": "Last", "linear": "Linear", "u_shaped": "U-shaped", "time_decay": "Time decay",
    "markov": "Markov", "shapley": "Shapley", "influenced": "Influenced",
}  # fmt: skip
ASSETS_WITH_MONEY = 20
MONEY_IN_FILE = 5_000
By = Literal["gap", "open", "live", "asked"]
BY: Mapping[By, str] = {
    "gap": "Money that waits", "open": "Open pipeline", "live": "Live assets", "asked": "Questions and requests",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """`value` darkens it; `about` is none where nothing is known of the cell."""

    persona: str
    stage: str
    about: CellOut | None
    value: float
    level: int


@dataclass(frozen=True, slots=True)
class CoveragePage:
    asked: Asked
    found: Coverage
    stages: Sequence[tuple[str, str]]
    rows: Sequence[tuple[str, str, Sequence[Cell]]]
    by: By
    ways: Mapping[By, str]
    segment: str
    segments: Sequence[tuple[str, str]]
    picture: Heat | None


@router.get("/coverage", **access(Deed.READ_PLAN))
def read_coverage(door: DoorDep, by: By = "gap", segment: Key = "", file: File = None) -> Response:
    with door.reading() as (session, actor):
        inputs = Inputs.of(door.hub.settings)
        found = coverage.coverage(session, actor, inputs, segment=segment or None)
        known = words.words(session)
        segments = coverage.segments(session)
    stages, rows = cells_of(found, known, by)
    shown = CoveragePage(
        asked=asked(door, "coverage"),
        found=found,
        stages=stages,
        rows=rows,
        by=by,
        ways=BY,
        segment=segment,
        segments=segments,
        picture=_heat(stages, rows) if file == "svg" else None,
    )
    columns = (
        "persona", "stage", "live", "fresh", "overdue", "open_deals", "open_amount", "searches", "found_nothing",
        "requests", "best_lift", "best_asset", "gap", "currency", "evidence_of",
    )  # fmt: skip
    table = Table(
        columns,
        [
            (known.label("personas", one.persona or ""), known.label("stages", one.stage or ""), one.live, one.fresh,
             one.overdue, one.open_deals, one.open_amount, one.searches, one.zero_results, one.requests, one.best_lift,
             one.best_asset, one.gap, found.currency, found.evidence_of)
            for one in found.items
        ],
    )  # fmt: skip
    return answer(door, actor, shown, "coverage", file=file, table=table)


def cells_of(
    found: Coverage, known: Words, by: By
) -> tuple[Sequence[tuple[str, str]], Sequence[tuple[str, str, Sequence[Cell]]]]:
    """Stages as columns, personas as rows, in the order of the taxonomy; what names none comes last."""
    about = {(one.persona, one.stage): one for one in found.items}
    stages: list[tuple[str | None, str]] = [*known.keys("stages")]
    personas: list[tuple[str | None, str]] = [*known.keys("personas")]
    if any(one.stage is None for one in found.items):
        stages.append((None, "No stage"))
    if any(one.persona is None for one in found.items):
        personas.append((None, "No persona named"))
    values = {place: _value(one, by) for place, one in about.items()}
    most = max(values.values(), default=0.0)
    rows = [
        (
            persona or "", label,
            [
                Cell(persona or "", stage or "", about.get((persona, stage)), values.get((persona, stage), 0.0),
                     charts.level(values.get((persona, stage), 0.0), most))
                for stage, _ in stages
            ],
        )
        for persona, label in personas
    ]  # fmt: skip
    return [(stage or "", label) for stage, label in stages], rows


def _value(one: CellOut, by: By) -> float:
    return {
        "gap": one.gap, "open": one.open_amount, "live": float(one.live), "asked": float(one.searches + one.requests),
    }[by]  # fmt: skip


def _heat(stages: Sequence[tuple[str, str]], rows: Sequence[tuple[str, str, Sequence[Cell]]]) -> Heat:
    cells = [
        [
            (one.value, f"{one.value:,.0f}", _supply(one.about))
            for one in row
        ]
        for _, _, row in rows
    ]  # fmt: skip
    return charts.heat([label for _, label in stages], [label for _, label, _ in rows], cells)


def _supply(about: CellOut | None) -> str:
    return f"{about.live} live, {about.open_deals} deals" if about is not None else ""


@dataclass(frozen=True, slots=True)
class FreshnessPage:
    asked: Asked
    found: Freshness
    groups: Sequence[tuple[str, str, Sequence[FreshnessGroup]]]
    picture: Bars | None


@router.get("/freshness", **access(Deed.READ_FRESHNESS))
def read_freshness(door: DoorDep, file: File = None) -> Response:
    with door.reading() as (session, actor):
        found = freshness.figures(session)
    groups = (("persona", "By persona", found.by_persona), ("stage", "By stage", found.by_stage))
    every = [("all", found.all), *((name, one) for name, _, of in groups for one in of)]
    shown = FreshnessPage(
        asked=asked(door, "freshness"),
        found=found,
        groups=groups,
        picture=charts.bars(
            ("Within review date", "Past it", "Without a date"),
            [(one.label, (one.fresh, one.overdue, one.undated)) for _, one in every],
        ),
    )
    table = Table(
        ("by", "of", "live", "fresh", "overdue", "without_date", "share_fresh", "today"),
        [
            (name, one.label, one.live, one.fresh, one.overdue, one.undated, one.share, found.today)
            for name, one in every
        ],
    )
    return answer(door, actor, shown, "freshness", file=file, table=table)


@dataclass(frozen=True, slots=True)
class SearchHealthPage:
    asked: Asked
    found: SearchFigures
    days: int
    vain: Page[UnansweredQuestion]
    answered: int


@router.get("/search", **access(Deed.READ_SEARCHES))
def read_search(
    door: DoorDep, days: Annotated[Literal["7", "30", "90"], Query()] = "30", file: File = None
) -> Response:
    """The log is written behind; what was asked a moment ago belongs to it too."""
    with door.reading():  # whoever may not ask must not make the log be written
        pass
    door.hub.search.log.flush()
    with door.reading() as (session, actor):
        found = log_reading.figures(session, actor, days=int(days))
        vain = log_reading.unanswered(
            session, actor, match=None, days=int(days), limit=500 if file == "csv" else 25, cursor=None
        )
    shown = SearchHealthPage(
        asked=asked(door, "search", svg=False),
        found=found,
        days=int(days),
        vain=vain,
        answered=found.searches - found.without_hits - found.poor,
    )
    table = Table(
        ("question", "found", "searches", "people", "last_asked"),
        [
            (one.question, "nothing" if one.match == "none" else "no text with all words", one.searches, one.people,
             one.last_asked_at)
            for one in vain.items
        ],
    )  # fmt: skip
    return answer(door, actor, shown, "search", file=file, table=table)


@dataclass(frozen=True, slots=True)
class CreditRow:
    asset: MoneyRow
    bars: Sequence[tuple[str, float, float]]  # model, amount, per cent of the largest


@dataclass(frozen=True, slots=True)
class MoneyPage:
    asked: Asked
    found: MoneyPassed
    models: Mapping[str, str]
    rows: Sequence[CreditRow]
    picture: Bars | None
    run: int | None


@router.get("/money", **access(Deed.READ_INSIGHTS))
def read_money(door: DoorDep, run: Run = None, file: File = None) -> Response:
    with door.reading() as (session, actor):
        limit = MONEY_IN_FILE if file == "csv" else ASSETS_WITH_MONEY
        found = money_passed.money_passed(session, actor, limit=limit, run_id=run)
    handed = [name for name in MODELS if name != "influenced"]
    most = max((row.credit.get(name, 0.0) for row in found.assets for name in handed), default=0.0)
    shown = MoneyPage(
        asked=asked(door, "money"),
        found=found,
        models=MODELS,
        rows=[
            CreditRow(row, [(name, row.credit.get(name, 0.0), _per_cent(row, name, most)) for name in handed])
            for row in found.assets
        ],
        picture=charts.bars(
            [MODELS[name] for name in handed],
            [(row.title, [row.credit.get(name, 0.0) for name in handed]) for row in found.assets],
        ),
        run=run,
    )  # fmt: skip
    table = Table(
        ("slug", "title", "verdict", "points", "deals", *MODELS, "expected_extra", "expected_extra_low",
         "expected_extra_high", "currency", "known_as_of"),
        [
            (row.slug, row.title, row.verdict, row.lift, row.deals, *(row.credit.get(name) for name in MODELS),
             row.extra_revenue, row.extra_low, row.extra_high, found.basis.currency, found.basis.cut_off)
            for row in found.assets
        ],
    )  # fmt: skip
    return answer(door, actor, shown, "money", file=file, table=table)


def _per_cent(row: MoneyRow, model: str, most: float) -> float:
    return round(100 * max(row.credit.get(model, 0.0), 0.0) / most, 2) if most > 0 else 0.0
