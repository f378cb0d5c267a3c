"""What helps to win, and the lists beside it: used but does nothing, never used, hot but stale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from hub.http import Door, DoorDep, HubRoute, access
from hub.insights import asset_lists, basis, pipeline_reports
from hub.insights.asset_lists import Question
from hub.insights.schemas import AssetFigures, AssetsPage, CellOut, Overview, Sort, Verdict, Which
from hub.people.roles import Actor, Deed
from hub.taxonomy import vocabulary
from hub.web import shell, words
from hub.web.insights import charts
from hub.web.insights.answers import Asked, File, Table, answer, asked
from hub.web.insights.charts import Estimate, Forest, Mark, RangeRow, Scale

router = APIRouter(prefix="/insights", tags=["pages"], route_class=HubRoute, include_in_schema=False)
PER_PAGE = 25
IN_PICTURE = 40
MOST_IN_FILE = 10_000
WIDEST = 30.0  # points; a wider range ends in an arrow
LISTS: Mapping[str, Which | None] = {
    "helps": "used", "does-nothing": "does_nothing", "never-used": "never_used", "hot-but-stale": "hot_but_stale",
}  # fmt: skip
_FIRST_SORT: Mapping[str, Sort] = {"does-nothing": "uses", "hot-but-stale": "recent"}
Key = Annotated[str, Query(max_length=251, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Cursor = Annotated[str | None, Query(max_length=500)]
Run = Annotated[int | None, Query(ge=1, lt=2**31)]


@dataclass(frozen=True, slots=True)
class Row:
    """An asset: its figures, or what is known of it at the stage or for the persona that was asked for (`place`)."""

    asset: AssetFigures
    verdict: Verdict
    lift: float | None
    low: float | None
    high: float | None
    deals: int
    place: str
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class Column:
    """A heading that sorts: where it leads, and whether the rows stand in its order."""

    key: str
    name: str
    href: str
    order: str


@dataclass(frozen=True, slots=True)
class Filter:
    name: str
    label: str
    options: Sequence[tuple[str, str]]
    chosen: str


@dataclass(frozen=True, slots=True)
class ListPage:
    asked: Asked
    found: AssetsPage
    overview: Overview
    captured: Mapping[str, float | None]
    rows: Sequence[Row]
    scale: Scale
    picture: Forest | None
    columns: Mapping[str, Column]
    filters: Sequence[Filter]
    is_filtered: bool
    path: str
    later: str
    run: int | None


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The question as the address asks it."""

    sort: Sort | Literal[""]
    order: Literal["", "worst"]
    verdict: Verdict | Literal[""]
    stage: str
    persona: str
    product: str
    competitor: str
    run: int | None

    def question(self, key: str) -> Question:
        return Question(
            sort=self.sort or _FIRST_SORT.get(key, "low"),
            verdict=[self.verdict] if self.verdict else [],
            stage=self.stage or None,
            persona=self.persona or None,
            product=self.product or None,
            competitor=self.competitor or None,
            which=LISTS[key],
            run=self.run,
            worst_first=self.order == "worst",
        )

    def query(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@router.get("", **access(Deed.READ_INSIGHTS))
@router.get("/does-nothing", **access(Deed.READ_INSIGHTS))
@router.get("/never-used", **access(Deed.READ_INSIGHTS))
@router.get("/hot-but-stale", **access(Deed.READ_INSIGHTS))
def list_assets(
    door: DoorDep,
    sort: Sort | Literal[""] = "",
    order: Literal["", "worst"] = "",
    verdict: Verdict | Literal[""] = "",
    stage: Key = "",
    persona: Key = "",
    product: Key = "",
    competitor: Key = "",
    run: Run = None,
    cursor: Cursor = None,
    file: File = None,
) -> Response:
    """One of the four lists, or its table as a file; htmx gets the rows alone."""
    key = door.request.url.path.removeprefix("/insights").strip("/") or "helps"
    narrowed = Narrowed(sort, order, verdict, stage, persona, product, competitor, run)
    limit = {"csv": MOST_IN_FILE, "svg": IN_PICTURE}.get(file or "", PER_PAGE)
    with door.reading() as (session, actor):
        found = asset_lists.list_assets(session, actor, narrowed.question(key), limit=limit, cursor=cursor)
        shown = _page(door, session, actor, key, narrowed, found, file)
    return answer(
        door, actor, shown, "list", file=file, fragment="insights/_rows.html",
        table=_table(shown) if file == "csv" else None,
    )  # fmt: skip


def _page(
    door: Door, session: Session, actor: Actor, key: str, narrowed: Narrowed, found: AssetsPage, file: str | None
) -> ListPage:
    figures = [_figures(asset, narrowed) for asset in found.items]
    ranges = [RangeRow("", estimates=_estimates(*one)) for one in figures]
    on = charts.track(ranges, widest=WIDEST)
    rows = [
        Row(asset, one[0], one[1], one[2], one[3], one[4], one[5], _mark(on, drawn))
        for asset, one, drawn in zip(found.items, figures, ranges, strict=True)
    ]
    capture = pipeline_reports.capture(session, actor) if key == "helps" and not file else None
    path = door.request.url.path
    return ListPage(
        asked=asked(door, key, svg=key in ("helps", "does-nothing")),
        found=found,
        overview=basis.overview(session, actor),
        captured={one.group: one.rate for one in capture.shares} if capture else {},
        rows=rows,
        scale=on,
        picture=_picture(rows) if file == "svg" else None,
        columns={column.key: column for column in _columns(key, path, narrowed)},
        filters=_filters(session, narrowed),
        is_filtered=any((narrowed.verdict, narrowed.stage, narrowed.persona, narrowed.product, narrowed.competitor)),
        path=path,
        later=shell.address_with(path, narrowed.query() | {"cursor": found.next}) if found.next else "",
        run=narrowed.run,
    )


def _figures(
    asset: AssetFigures, narrowed: Narrowed
) -> tuple[Verdict, float | None, float | None, float | None, int, str]:
    """Of the asset, or of the cell that was asked for."""
    cell: CellOut | None = asset.cells[0] if asset.cells and (narrowed.stage or narrowed.persona) else None
    if cell is None:
        return asset.verdict, asset.lift, asset.low, asset.high, asset.deals, ""
    return cell.verdict, cell.lift, cell.low, cell.high, cell.deals, cell.label


def _estimates(
    verdict: Verdict, lift: float | None, low: float | None, high: float | None, *_: object
) -> tuple[Estimate, ...]:
    if lift is None or low is None or high is None or verdict == "too_early":
        return ()
    return (Estimate(lift, low, high, verdict),)


def _mark(on: Scale, row: RangeRow) -> Mark | None:
    return charts.mark(on, row.estimates[0]) if row.estimates else None


def _picture(rows: Sequence[Row]) -> Forest:
    drawn = [
        RangeRow(
            row.asset.title, VERDICTS[row.verdict], _estimates(row.verdict, row.lift, row.low, row.high),
            f"{row.deals} deals",
        )
        for row in rows
        if row.mark is not None
    ]  # fmt: skip
    return charts.forest(drawn, widest=WIDEST)


VERDICTS = {
    "proven": "Proven to help", "promising": "Promising", "no_evidence": "No evidence yet", "watch": "Watch",
    "goes_with_losing": "Goes with losing", "too_early": "Too early",
}  # fmt: skip


def _columns(key: str, path: str, narrowed: Narrowed) -> Sequence[Column]:
    """Sorting again by the same column turns it round."""
    in_force = narrowed.question(key).sort
    names: Sequence[tuple[Sort, str]] = (
        ("low", "Likely range"), ("lift", "Points"), ("n", "Deals"), ("uses", "Uses"), ("recent", "Last 90 days"),
        ("extra_revenue", "Expected extra"),
    )  # fmt: skip
    found = []
    for sort, name in names:
        here = sort == in_force
        turned = "worst" if here and not narrowed.order else ""
        href = shell.address_with(path, narrowed.query() | {"sort": sort, "order": turned})
        order = ("ascending" if narrowed.order else "descending") if here else "none"
        found.append(Column(sort, name, href, order))
    return found


def _filters(session: Session, narrowed: Narrowed) -> Sequence[Filter]:
    known = words.words(session)
    deal_stages = [(term.key, term.label) for term in vocabulary.terms_of(session, "deal_stages")]
    journey = [pair for pair in known.keys("stages") if pair[0] not in dict(deal_stages)]
    return (
        Filter("verdict", "Verdict", list(VERDICTS.items()), narrowed.verdict),
        Filter("stage", "Stage", [*deal_stages, *journey], narrowed.stage),
        Filter("persona", "Persona", known.keys("personas"), narrowed.persona),
        Filter("product", "Product", known.keys("products"), narrowed.product),
        Filter("competitor", "Competitor", known.keys("competitors"), narrowed.competitor),
    )


def _table(page: ListPage) -> Table:
    columns = (
        "slug", "title", "kind", "status", "stage_or_persona", "verdict", "points", "low", "high", "deals",
        "finished_stages", "moved_on", "lost", "owners", "plain_difference", "uses", "uses_last_90_days", "last_used",
        "expected_extra", "expected_extra_low", "expected_extra_high", "touched", "currency", "review_by",
        "known_as_of",
    )  # fmt: skip
    basis_shown = page.found.basis
    return Table(
        columns,
        [
            (
                row.asset.slug, row.asset.title, row.asset.kind, row.asset.status, row.place, row.verdict, row.lift,
                row.low, row.high, row.deals, row.asset.n, row.asset.advanced, row.asset.lost, row.asset.owners,
                row.asset.crude_lift, row.asset.uses, row.asset.recent, row.asset.last_used_at,
                row.asset.extra_revenue, row.asset.extra_low, row.asset.extra_high, row.asset.touched_revenue,
                basis_shown.currency, row.asset.review_by, basis_shown.cut_off,
            )
            for row in page.rows
        ],
    )  # fmt: skip
