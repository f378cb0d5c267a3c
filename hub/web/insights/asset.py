"""The evidence of one asset: its sentence, what to be careful about, where it holds, and the deals behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Response

from hub.http import DoorDep, HubRoute, access
from hub.insights import asset_report
from hub.insights.schemas import AssetEvidenceOut, CellDetail
from hub.paging import Page
from hub.people.roles import Deed
from hub.usage import listing
from hub.usage.listing import Filters
from hub.usage.schemas import UseOut
from hub.web import shell
from hub.web.insights import charts, csv_file
from hub.web.insights.answers import File, Offered
from hub.web.insights.charts import Estimate, Mark, RangeRow, Scale
from hub.web.insights.helps import WIDEST, Cursor, Run

router = APIRouter(prefix="/insights/assets", tags=["pages"], route_class=HubRoute, include_in_schema=False)
Slug = Annotated[str, Path(max_length=251)]
USES = 15
USES_IN_FILE = 2_000


@dataclass(frozen=True, slots=True)
class CellRow:
    cell: CellDetail
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class EvidencePage:
    evidence: AssetEvidenceOut
    whole: Mark | None
    crude: Mark
    scale: Scale
    stages: Sequence[CellRow]
    personas: Sequence[CellRow]
    uses: Page[UseOut]
    later: str
    files: Offered
    run: int | None


@router.get("/{slug}", **access(Deed.READ_INSIGHTS))
def read_asset(door: DoorDep, slug: Slug, run: Run = None, cursor: Cursor = None, file: File = None) -> Response:
    """The page, or the deals behind it as CSV."""
    limit = USES_IN_FILE if file == "csv" else USES
    with door.reading() as (session, actor):
        found = asset_report.read_asset(session, actor, slug, run_id=run)
        uses = listing.list_uses(session, actor, Filters(asset=found.slug), limit=limit, cursor=cursor)
    if file == "csv":
        return _uses_as_csv(found, uses)
    path = f"/insights/assets/{found.slug}"
    whole = _estimate(found.verdict, found.lift, found.low, found.high)
    crude = Estimate(found.crude.lift, found.crude.lift, found.crude.lift, "crude")
    ranges = [
        RangeRow("", estimates=(*whole, crude)),
        *(RangeRow("", estimates=_of_cell(one)) for one in (*found.stages, *found.personas)),
    ]
    on = charts.track(ranges, widest=2 * WIDEST)
    shown = EvidencePage(
        evidence=found,
        whole=charts.mark(on, whole[0]) if whole else None,
        crude=charts.mark(on, crude),
        scale=on,
        stages=[_row(on, one) for one in found.stages],
        personas=[_row(on, one) for one in found.personas],
        uses=uses,
        later=shell.address_with(path, {"cursor": uses.next, "run": run}) + "#deals" if uses.next else "",
        files=Offered(shell.address_with(path, {"as": "csv"}), "", f"hub-{found.slug}"),
        run=run,
    )
    return shell.page(door, actor, "insights/asset.html", shown, here="insights")


def _estimate(verdict: str, lift: float | None, low: float | None, high: float | None) -> tuple[Estimate, ...]:
    if lift is None or low is None or high is None or verdict == "too_early":
        return ()
    return (Estimate(lift, low, high, verdict),)


def _of_cell(cell: CellDetail) -> tuple[Estimate, ...]:
    return _estimate(cell.verdict, cell.lift, cell.low, cell.high)


def _row(on: Scale, cell: CellDetail) -> CellRow:
    estimates = _of_cell(cell)
    return CellRow(cell, charts.mark(on, estimates[0]) if estimates else None)


def _uses_as_csv(found: AssetEvidenceOut, uses: Page[UseOut]) -> Response:
    columns = ("used_at", "action", "channel", "version", "deal_source", "deal", "deal_name", "stage", "recalled")
    rows = [
        (
            one.occurred_at, one.action, one.channel, one.version, one.deal.source if one.deal else None,
            one.deal.external_id if one.deal else None, one.deal.name if one.deal else None,
            one.stage.label if one.stage else None, one.recalled,
        )
        for one in uses.items
    ]  # fmt: skip
    return csv_file.answer(f"hub-uses-{found.slug}", columns, rows)
