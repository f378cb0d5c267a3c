"""Computations of the evidence: past ones as they were, a new one with its progress; hold-outs; how we know."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Response

from hub.assets import drafts
from hub.errors import HubError
from hub.http import Door, DoorDep, HubRoute, access
from hub.insights import basis, experiment_lists, experiments, pipeline_reports, runs
from hub.insights.schemas import ExperimentIn, ExperimentOut, FunnelStage, Overview, RunOut
from hub.paging import Page
from hub.people.roles import Deed
from hub.taxonomy import vocabulary
from hub.web import shell
from hub.web.forms import FormDep
from hub.web.insights.answers import Asked, File, Table, answer, asked
from hub.web.insights.helps import Cursor, Key

router = APIRouter(prefix="/insights", tags=["pages"], route_class=HubRoute, include_in_schema=False)
RunId = Annotated[int, Path(ge=1, lt=2**31)]
PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class RunsPage:
    asked: Asked
    found: Page[RunOut]
    overview: Overview
    later: str


@dataclass(frozen=True, slots=True)
class RunPage:
    asked: Asked
    run: RunOut
    stages: Sequence[FunnelStage]


@router.get("/runs", **access(Deed.READ_INSIGHTS))
def list_runs(door: DoorDep, cursor: Cursor = None, file: File = None) -> Response:
    with door.reading() as (session, actor):
        found = basis.list_runs(session, actor, limit=500 if file == "csv" else PER_PAGE, cursor=cursor)
        overview = basis.overview(session, actor)
    shown = RunsPage(
        asked=asked(door, "runs", svg=False),
        found=found,
        overview=overview,
        later=shell.address_with("/insights/runs", {"cursor": found.next}) if found.next else "",
    )
    table = Table(
        ("run", "state", "reason", "known_as_of", "finished_at", "finished_stages", "proven", "goes_with_losing",
         "false_alarms", "missing"),
        [
            (one.id, one.state, one.reason, one.cut_off, one.finished_at, (one.finished or {}).get("finished"),
             one.verdicts.get("proven", 0), one.verdicts.get("goes_with_losing", 0),
             sum(one.placebo.values()) if one.placebo else None, one.missing)
            for one in found.items
        ],
    )  # fmt: skip
    return answer(door, actor, shown, "runs", file=file, table=table)


@router.post("/runs", **access(Deed.COMPUTE_EVIDENCE))
def ask_for_run(door: DoorDep) -> Response:
    with door.writing() as (session, actor):
        run = basis.run_out(runs.ask(session, actor))
    return shell.back(f"/insights/runs/{run.id}", told="run-asked")


@router.get("/runs/{run_id}", **access(Deed.READ_INSIGHTS))
def read_run(door: DoorDep, run_id: RunId) -> Response:
    """The page; htmx asks for how far it is until it is over."""
    with door.reading() as (session, actor):
        run = basis.read_run(session, actor, run_id)
        funnel = pipeline_reports.funnel(session, actor, run_id=run_id).stages if run.has_rows else []
    shown = RunPage(asked(door, "runs", csv=False, svg=False), run, funnel)
    template = "insights/_run.html" if shell.is_fragment(door.request) else "insights/run.html"
    return shell.page(door, actor, template, shown, here="insights")


@dataclass(frozen=True, slots=True)
class HoldOutsPage:
    asked: Asked
    found: Page[ExperimentOut]
    stages: Sequence[tuple[str, str]]
    problem: HubError | None
    faults: dict[str, str]
    typed: dict[str, str]


@router.get("/hold-outs", **access(Deed.READ_INSIGHTS))
def list_hold_outs(door: DoorDep, asset: Key = "", file: File = None) -> Response:
    return _hold_outs(door, {"asset": asset, "stage": "", "share": "0.5"}, file=file)


@router.post("/hold-outs", **access(Deed.RUN_EXPERIMENT))
def start_hold_out(door: DoorDep, form: FormDep) -> Response:
    typed = {name: form.text(name).strip() for name in ("asset", "stage", "share")}
    try:
        given = form.read(ExperimentIn, asset=typed["asset"], stage=typed["stage"] or None, share=typed["share"])
        with door.writing() as (session, actor):
            asset = drafts.locked(session, given.asset)
            stage = vocabulary.find(session, "deal_stages", given.stage) if given.stage is not None else None
            experiments.start(session, actor, asset, stage=stage, share=given.share)
    except HubError as problem:
        return _hold_outs(door, typed, problem)
    return shell.back("/insights/hold-outs", told="hold-out-started")


@router.post("/hold-outs/{experiment_id}/end", **access(Deed.RUN_EXPERIMENT))
def end_hold_out(door: DoorDep, experiment_id: RunId) -> Response:
    with door.writing() as (session, actor):
        experiments.end(session, actor, experiment_id)
    return shell.back("/insights/hold-outs", told="hold-out-ended")


def _hold_outs(
    door: Door, typed: dict[str, str], problem: HubError | None = None, *, file: str | None = None
) -> Response:
    with door.reading() as (session, actor):
        found = experiment_lists.list_experiments(session, actor)
        stages = [(term.key, term.label) for term in vocabulary.terms_of(session, "deal_stages")]
    faults = shell.faults_by_field(problem)
    shown = HoldOutsPage(asked(door, "hold-outs", svg=False), found, stages, problem, faults, typed)
    if problem is not None:
        return shell.page(door, actor, "insights/hold_outs.html", shown, here="insights", status=problem.status)
    table = Table(
        ("hold_out", "asset", "title", "deal_stage", "share", "started_at", "ended_at", "suggested_deals",
         "held_out_deals", "points", "low", "high"),
        [
            (one.id, one.asset, one.title, one.stage.label if one.stage else "all", one.share, one.started_at,
             one.ended_at, one.suggested, one.held_out, one.result.lift if one.result else None,
             one.result.low if one.result else None, one.result.high if one.result else None)
            for one in found.items
        ],
    )  # fmt: skip
    return answer(door, actor, shown, "hold_outs", file=file, table=table)


@dataclass(frozen=True, slots=True)
class HowWeKnowPage:
    asked: Asked
    overview: Overview


@router.get("/how-we-know", **access(Deed.READ_INSIGHTS))
def how_we_know(door: DoorDep) -> Response:
    with door.reading() as (session, actor):
        overview = basis.overview(session, actor)
    shown = HowWeKnowPage(asked(door, "how-we-know", csv=False, svg=False), overview)
    return shell.page(door, actor, "insights/how_we_know.html", shown, here="insights")
