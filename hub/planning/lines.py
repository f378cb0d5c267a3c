"""From the grid to the lines of the queue: which assets and cells get a suggestion, what each is worth and why.

Nothing is read here; `Further` holds the few things that only some candidates are asked for (see `queue`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from hub import clock
from hub.insights.evidence import GOES_WITH_LOSING, PROMISING, PROVEN
from hub.planning import sentences, worth
from hub.planning.cells import Cell, Grid
from hub.planning.demand import About
from hub.planning.evidence import Outlook
from hub.planning.supply import LiveAsset, OpenMoney, total
from hub.planning.worth import Lift, SuggestionKind, Worth

UNUSED = timedelta(days=180)
_MOST_PROMOTED = 25
_MOST_TESTED = 50
_HEAVY_USES, _HEAVIEST = 10, 0.2


@dataclass(frozen=True)
class Line:
    """A suggestion about a cell or an asset."""

    kind: SuggestionKind
    key: str
    worth: Worth
    reason: str
    cell: Cell | None = None
    asset: LiveAsset | None = None
    eligible: int = 0


@dataclass(frozen=True)
class Further:
    """`used` counts open deals that use a candidate and are eligible for it; `staying` are assets that must not be
    retired; `on_trial` those of a running hold-out; `last_used` is when a candidate for retirement was used last;
    `first_use` when the hub began to know of uses."""

    used: Mapping[int, int] = field(default_factory=dict)
    staying: Collection[int] = ()
    on_trial: Collection[int] = ()
    last_used: Mapping[int, datetime] = field(default_factory=dict)
    first_use: datetime | None = None


class Eligible:
    """Open money by what an asset is for; assets that are tagged alike share it."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._known: dict[About, OpenMoney] = {}

    def of(self, asset: LiveAsset) -> OpenMoney:
        if asset.about not in self._known:
            money = self._grid.pipeline.money
            self._known[asset.about] = total(part for place, part in money.items() if asset.about.covers(*place))
        return self._known[asset.about]


def to_be_promoted(grid: Grid, eligible: Eligible) -> list[tuple[LiveAsset, Lift]]:
    """Current assets that are known or likely to help, those with most to win first."""
    helpful = [
        (asset, asset.lift)
        for asset in grid.assets
        if asset.lift is not None and asset.is_current and asset.verdict in (PROVEN, PROMISING) and asset.lift.mean > 0
    ]
    helpful.sort(key=lambda it: (-it[1].mean * eligible.of(it[0]).amount, it[0].id))
    return helpful[:_MOST_PROMOTED]


def to_be_retired(grid: Grid, first_use: datetime | None) -> list[LiveAsset]:
    """What goes with losing, and what nobody used for long although uses are recorded. Whether it was is
    looked up for these alone: what is counted of uses may be late."""
    since = clock.now() - UNUSED
    is_recorded = first_use is not None and first_use < since
    return [
        asset for asset in grid.assets if asset.verdict == GOES_WITH_LOSING or (is_recorded and _unused(asset, since))
    ]


def all_lines(grid: Grid, outlook: Outlook, eligible: Eligible, further: Further) -> list[Line]:
    """Best first. What retiring is worth hangs on what a day brings elsewhere, so it comes last."""
    lines = [
        *_write(grid, outlook),
        *_promote(grid, eligible, further),
        *_fix(grid, outlook),
        *_test(grid, eligible, further),
    ]
    day = worth.worth_of_a_day((line.kind, line.worth) for line in lines)
    return worth.best_first([*lines, *_retire(grid, further, day)])


def _write(grid: Grid, outlook: Outlook) -> Iterator[Line]:
    for cell, gap in zip(grid.cells, grid.scores.gap.tolist(), strict=True):
        if gap <= 0 or cell.place == (None, None):
            continue
        reason = sentences.to_write(
            _where(cell),
            amount=sentences.money(cell.open.amount, grid.pipeline.currency),
            deals=cell.open.deals,
            current=cell.current,
            best=cell.best_lift,
            demand=(cell.searches, cell.zero_results, cell.people),
            good_share=outlook.good_share,
        )
        key = f"write-{cell.place[0] or 0}-{cell.place[1] or 0}"
        yield Line(SuggestionKind.WRITE, key, worth.of_writing(gap, outlook.good_share), reason, cell=cell)


def _promote(grid: Grid, eligible: Eligible, further: Further) -> Iterator[Line]:
    for asset, lift in to_be_promoted(grid, eligible):
        money = eligible.of(asset)
        deals = max(money.deals - further.used.get(asset.id, 0), 0)
        found = worth.of_promoting(lift, deals, money.average)
        if found.value > 0:
            reason = sentences.to_promote(asset.title, lift, deals=deals, verdict=asset.verdict or "")
            yield _of(SuggestionKind.PROMOTE, asset, found, reason, eligible=deals)


def _fix(grid: Grid, outlook: Outlook) -> Iterator[Line]:
    heavy = _heavy([asset.uses for asset in grid.assets])
    average = grid.pipeline.all.average
    for asset in grid.assets:
        if asset.lift is None or asset.uses < heavy or asset.lift.high >= worth.LITTLE:
            continue
        found = worth.of_fixing(asset.lift, asset.uses, average, outlook.target)
        if found.value > 0:
            reason = sentences.to_fix(asset.title, asset.lift, uses=asset.uses, target=outlook.target)
            yield _of(SuggestionKind.FIX, asset, found, reason)


def _test(grid: Grid, eligible: Eligible, further: Further) -> list[Line]:
    lines = []
    for asset in grid.assets:
        settled = asset.verdict in (PROVEN, GOES_WITH_LOSING) or asset.id in further.on_trial
        if asset.lift is None or not asset.finished or not asset.is_current or settled:
            continue
        money = eligible.of(asset)
        average = money.average or grid.pipeline.all.average
        found = worth.of_testing(asset.lift, asset.uses, money.deals, average)
        if found.value > 0:
            reason = sentences.to_test(asset.title, asset.lift, n=asset.finished)
            lines.append(_of(SuggestionKind.TEST, asset, found, reason, eligible=money.deals))
    return worth.best_first(lines)[:_MOST_TESTED]


def _retire(grid: Grid, further: Further, day: float) -> Iterator[Line]:
    alone = [
        cell.place
        for cell, need in zip(grid.cells, grid.scores.need.tolist(), strict=True)
        if need > 1 and cell.live == 1
    ]
    now, average = clock.now(), grid.pipeline.all.average
    for asset in to_be_retired(grid, further.first_use):
        if asset.id in further.staying or any(asset.about.covers(*place) for place in alone):
            continue
        losing = asset.lift if asset.verdict == GOES_WITH_LOSING else None
        found = worth.of_retiring(losing, asset.uses, average, day)
        last = further.last_used.get(asset.id)
        days = (now - last).days if last is not None else None
        reason = sentences.to_retire(asset.title, days=days, lift=losing, uses=asset.uses)
        yield _of(SuggestionKind.RETIRE, asset, found, reason)


def _of(kind: SuggestionKind, asset: LiveAsset, found: Worth, reason: str, *, eligible: int = 0) -> Line:
    return Line(kind, f"{kind}-{asset.id}", found, reason, asset=asset, eligible=eligible)


def _where(cell: Cell) -> str:
    stage = cell.stage.label if cell.stage else "deal stages that belong to no stage yet"
    return f"with {cell.persona.label} at {stage}" if cell.persona else f"at {stage} with no persona known"


def _heavy(uses: Sequence[int]) -> int:
    """The uses of the least used of the most used fifth, at least ten."""
    used = sorted((many for many in uses if many > 0), reverse=True)
    return max(_HEAVY_USES, used[ceil(len(used) * _HEAVIEST) - 1]) if used else _HEAVY_USES


def _unused(asset: LiveAsset, since: datetime) -> bool:
    return asset.last_used_at is None or asset.last_used_at < since
