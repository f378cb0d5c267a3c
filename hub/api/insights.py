"""Insights: what helps to win and how sure we may be, where the money passed, and how deals go."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from hub.assets import drafts
from hub.http import DoorDep, HubRoute, access
from hub.insights import asset_lists, asset_report, basis, experiment_lists, experiments, pipeline_reports, runs
from hub.insights.asset_lists import Question
from hub.insights.schemas import (
    AssetEvidenceOut,
    AssetsPage,
    Capture,
    ExperimentIn,
    ExperimentOut,
    Funnel,
    Outcomes,
    Overview,
    RunOut,
    Sort,
    Sources,
    Verdict,
    Which,
)
from hub.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from hub.people.roles import Deed
from hub.taxonomy import vocabulary

router = APIRouter(tags=["insights"], route_class=HubRoute)
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=500)]
Key = Annotated[str | None, Query(max_length=251, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Number = Annotated[int, Field(ge=1, lt=2**31)]
OfRun = Annotated[Number | None, Query(description="what this run found, instead of what is shown now")]
RunId = Annotated[int, Path(ge=1, lt=2**31)]


@router.get("/insights", **access(Deed.READ_INSIGHTS))
def read_overview(door: DoorDep) -> Overview:
    """The newest run, the one that is going on, and how many assets have which verdict."""
    with door.reading() as (session, actor):
        return basis.overview(session, actor)


@router.get("/insights/assets", **access(Deed.READ_INSIGHTS))
def list_assets(
    door: DoorDep,
    sort: Annotated[Sort, Query(description="best first; `low` is the lower end of the range")] = "low",
    verdict: Annotated[list[Verdict], Query(max_length=6)] = [],  # noqa: B006 - FastAPI copies query defaults
    stage: Annotated[Key, Query(description="a deal stage or a buyer-journey stage: what is known there")] = None,
    persona: Annotated[Key, Query(description="what is known with this persona")] = None,
    product: Annotated[Key, Query(description="assets that are tagged with it")] = None,
    competitor: Annotated[Key, Query(description="assets that are tagged with it")] = None,
    which: Annotated[Which | None, Query(description="a list that answers a question")] = None,
    worst_first: Annotated[bool, Query(description="the other end of the order first")] = False,
    run: OfRun = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> AssetsPage:
    """What is known of all assets: their help to win with its range, how much they are used, where money passed."""
    asked = Question(sort, verdict, stage, persona, product, competitor, which, run, worst_first)
    with door.reading() as (session, actor):
        return asset_lists.list_assets(session, actor, asked, limit=limit, cursor=cursor)


@router.get("/assets/{slug}/evidence", **access(Deed.READ_INSIGHTS))
def read_evidence(door: DoorDep, slug: str, run: OfRun = None) -> AssetEvidenceOut:
    """One asset: a sentence, what to be careful about, stages and personas, plain rates beside adjusted ones, money."""
    with door.reading() as (session, actor):
        return asset_report.read_asset(session, actor, slug, run_id=run)


@router.get("/insights/funnel", **access(Deed.READ_INSIGHTS))
def read_funnel(door: DoorDep, persona: Key = None, run: OfRun = None) -> Funnel:
    """How deals pass each stage, and how deals like them were expected to."""
    with door.reading() as (session, actor):
        return pipeline_reports.funnel(session, actor, persona=persona, run_id=run)


@router.get("/insights/outcomes", **access(Deed.READ_INSIGHTS))
def read_outcomes(door: DoorDep, months: Annotated[int, Query(ge=1, le=120)] = 24) -> Outcomes:
    """Win rate and days to close, month by month, with their ranges."""
    with door.reading() as (session, actor):
        return pipeline_reports.outcomes(session, actor, months=months)


@router.get("/insights/sources", **access(Deed.READ_INSIGHTS))
def read_sources(door: DoorDep, run: OfRun = None) -> Sources:
    """Close rates by lead source, as counted and adjusted for which deals came from where."""
    with door.reading() as (session, actor):
        return pipeline_reports.sources(session, actor, run_id=run)


@router.get("/insights/capture", **access(Deed.READ_INSIGHTS))
def read_capture(door: DoorDep) -> Capture:
    """Of how many stage changes the hub knows what was used, in won, lost and open deals."""
    with door.reading() as (session, actor):
        return pipeline_reports.capture(session, actor)


@router.get("/insights/runs", **access(Deed.READ_INSIGHTS))
def list_runs(door: DoorDep, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[RunOut]:
    """Computations of all evidence, newest first."""
    with door.reading() as (session, actor):
        return basis.list_runs(session, actor, limit=limit, cursor=cursor)


@router.post("/insights/runs", status_code=202, **access(Deed.COMPUTE_EVIDENCE))
def ask_for_run(door: DoorDep) -> RunOut:
    """Have the worker compute all evidence now. One that waits or runs already is answered."""
    with door.writing() as (session, actor):
        return basis.run_out(runs.ask(session, actor))


@router.get("/insights/runs/{run_id}", **access(Deed.READ_INSIGHTS))
def read_run(door: DoorDep, run_id: RunId) -> RunOut:
    """How far a run is, and what it found in all."""
    with door.reading() as (session, actor):
        return basis.read_run(session, actor, run_id)


@router.get("/insights/experiments", **access(Deed.READ_INSIGHTS))
def list_experiments(door: DoorDep) -> Page[ExperimentOut]:
    """Hold-outs, newest first."""
    with door.reading() as (session, actor):
        return experiment_lists.list_experiments(session, actor)


@router.post("/insights/experiments", status_code=201, **access(Deed.RUN_EXPERIMENT))
def start_experiment(door: DoorDep, given: ExperimentIn) -> ExperimentOut:
    """From now on suggest an asset in a share of the eligible open deals only, by a coin."""
    with door.writing() as (session, actor):
        asset = drafts.locked(session, given.asset)
        stage = vocabulary.find(session, "deal_stages", given.stage) if given.stage is not None else None
        made = experiments.start(session, actor, asset, stage=stage, share=given.share)
        return experiment_lists.shown(session, made)


@router.delete("/insights/experiments/{experiment_id}", **access(Deed.RUN_EXPERIMENT))
def end_experiment(door: DoorDep, experiment_id: RunId) -> ExperimentOut:
    """Hold nobody out any longer. What was assigned is still read."""
    with door.writing() as (session, actor):
        return experiment_lists.shown(session, experiments.end(session, actor, experiment_id))
