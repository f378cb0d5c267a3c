"""Rows: one a finished stage of a deal, with the assets used while the deal was in it.

Comparing only deals that finished the same stage leaves neither survivors nor immortal time in the comparison: an
open stage gives no row, and a use counts for the stage it fell into, not for the stages the deal reached because it
went well. What was written down after a stage had ended does not count for it: of a stage that was lost it is recalled,
and of one that advanced it would be heard.
"""

from dataclasses import dataclass, fields

import numpy as np

from hub.insights.evidence.linear_algebra import Matrix, matrix
from hub.insights.evidence.tables import ADVANCED, LOST, MISSING, OPEN, Codes, Flags, Floats, History

_USES_A_BLOCK = 400_000
_LARGEST_AMOUNT = 1e15
_FARTHEST_DAY = 1e6


@dataclass(frozen=True)
class Situations:
    """What was known of deals at a stage, (rows,) each: what an asset's deals are compared by.

    `weeks` were spent in the stage, `activity` distinct assets were used in it; `amount` is NaN where unknown.
    """

    deal: Codes
    stage: Codes
    weeks: Floats
    activity: Floats
    left: Floats
    amount: Floats
    owner: Codes
    segment: Codes
    industry: Codes
    persona: Codes
    competitor: Codes
    source: Codes

    def __len__(self) -> int:
        return len(self.deal)

    def taken(self, places: Codes | Flags) -> "Situations":
        """Those at the given places only."""
        return Situations(*(getattr(self, field.name)[places] for field in fields(self)))


@dataclass(frozen=True)
class Dropped:
    """How much was left out, and why: entries and uses."""

    unknown_deal_or_stage: int = 0
    impossible_dates: int = 0
    recalled_uses: int = 0
    uses_without_deal_or_asset: int = 0
    uses_outside_the_deal: int = 0
    uses_outside_finished_stages: int = 0
    uses_written_after_the_stage: int = 0
    repeated_uses: int = 0


@dataclass(frozen=True)
class Rows:
    """Finished stages in an order that depends on their content only. `used` is (rows, assets) of ones."""

    situations: Situations
    advanced: Floats
    used: Matrix
    dropped: Dropped

    def __len__(self) -> int:
        return len(self.advanced)

    def taken(self, places: Codes | Flags) -> "Rows":
        """Those at the given places only."""
        return Rows(self.situations.taken(places), self.advanced[places], self.used[places], self.dropped)


@dataclass(frozen=True)
class _Visits:
    """Stays of deals in stages, sorted by deal, and the row each belongs to."""

    deal: Codes
    entered: Floats
    left: Floats
    row: Codes


def finished_rows(history: History) -> Rows:
    """The rows of a history; never raises for what the arrays hold."""
    stages = _finished_stages(history)
    links, dropped = _uses_in_rows(history, stages.visits)
    order, place = _by_content(history, stages, np.bincount(links[:, 0], minlength=len(stages.deal)))
    row = place[links[:, 0]]
    used = matrix(np.ones(len(row)), row, links[:, 1], (len(order), history.assets))
    activity = np.bincount(row, minlength=len(order)).astype(np.float64)
    deal = stages.deal[order]
    situations = situations_of(
        history, deal, stages.stage[order], stages.weeks[order], activity, left=stages.left[order]
    )
    unknown, impossible = stages.dropped
    counted = Dropped(unknown, impossible, *dropped)
    return Rows(situations, stages.advanced[order], used, counted)


def uses_during_deals(history: History) -> Codes:
    """Places of the uses that count: of a known deal and asset, not recalled, between the deal's creation and close."""
    return _uses_that_count(history)[2]


def situations_of(
    history: History, deal: Codes, stage: Codes, weeks: Floats, activity: Floats, *, left: Floats
) -> Situations:
    """The situations of the given deals in the given stages."""
    deals = history.deals
    amount = deals.amount[deal]
    with np.errstate(invalid="ignore"):
        amount = np.where((amount > 0) & (amount < _LARGEST_AMOUNT), amount, np.nan)
    words = {
        name: getattr(deals, name)[deal] for name in ("owner", "segment", "industry", "persona", "competitor", "source")
    }
    return Situations(deal, stage, weeks, activity, left, amount, **words)


@dataclass(frozen=True)
class _Stages:
    deal: Codes
    stage: Codes
    left: Floats
    weeks: Floats
    advanced: Floats
    visits: _Visits
    dropped: tuple[int, int]


def _finished_stages(history: History) -> _Stages:
    entries = history.entries
    known = _within(entries.deal, len(history.deals)) & _within(entries.stage, history.stages)
    still_there = known & (entries.result == OPEN)
    with np.errstate(invalid="ignore"):
        dated = (np.abs(entries.entered) < _FARTHEST_DAY) & (np.abs(entries.left) < _FARTHEST_DAY)
        dated &= entries.left >= entries.entered
    over = known & ((entries.result == ADVANCED) | (entries.result == LOST))
    key = entries.deal * max(history.stages, 1) + entries.stage
    finished = np.flatnonzero(over & dated & ~np.isin(key, key[still_there]))
    # Sorted by deal and stage, the last stay of a deal in a stage comes last and says how it ended.
    order = finished[
        np.lexsort((entries.result[finished], entries.entered[finished], entries.left[finished], key[finished]))
    ]
    order = order[_differs(key[order], entries.entered[order], entries.left[order])]
    keys, row = np.unique(key[order], return_inverse=True)
    last = np.searchsorted(key[order], keys, "right") - 1
    days = np.bincount(row, entries.left[order] - entries.entered[order], minlength=len(keys))
    visits = _Visits(entries.deal[order], entries.entered[order], entries.left[order], row.astype(np.int64))
    return _Stages(
        deal=keys // max(history.stages, 1),
        stage=keys % max(history.stages, 1),
        left=entries.left[order][last],
        weeks=days / 7,
        advanced=entries.result[order][last].astype(np.float64),
        visits=visits,
        dropped=(int((~known).sum()), int((over & ~dated).sum())),
    )


def _uses_in_rows(history: History, visits: _Visits) -> tuple[Codes, tuple[int, int, int, int, int, int]]:
    """Distinct pairs (row, asset), and how many uses were left out: recalled, of unknown deals or assets, outside the
    deal's life, outside its finished stages, written after the stage, repeated."""
    uses, deals = history.uses, history.deals
    known, counted, inside = _uses_that_count(history)
    start = np.searchsorted(visits.deal, np.arange(len(deals) + 1))
    keys: list[Codes] = [np.zeros(0, np.int64)]
    pairs = placed = matched = 0
    for block in range(0, len(inside), _USES_A_BLOCK):
        chosen = inside[block : block + _USES_A_BLOCK]
        use, visit = _stays_of(uses.deal[chosen], start)
        day = uses.day[chosen][use]
        fits = _not_before(day, visits.entered[visit]) & _not_before(visits.left[visit], day)
        placed += len(np.unique(use[fits]))
        fits &= _not_before(visits.left[visit], uses.written[chosen][use])
        found = visits.row[visit[fits]] * max(history.assets, 1) + uses.asset[chosen][use[fits]]
        keys.append(np.unique(found))
        pairs += len(found)
        matched += len(np.unique(use[fits]))
    distinct = np.unique(np.concatenate(keys))
    links = np.stack([distinct // max(history.assets, 1), distinct % max(history.assets, 1)], axis=1)
    recalled = int(uses.recalled.sum())
    outside = len(counted) - len(inside)
    late, repeated = placed - matched, pairs - len(distinct)
    return links, (recalled, int((~known).sum()), outside, len(inside) - placed, late, repeated)


def _uses_that_count(history: History) -> tuple[Flags, Codes, Codes]:
    """Whether deal, asset and day of each use are known; places of those not recalled; of those, the ones within the
    deal's life."""
    uses, deals = history.uses, history.deals
    known = _within(uses.deal, len(deals)) & _within(uses.asset, history.assets) & np.isfinite(uses.day)
    counted = np.flatnonzero(known & ~uses.recalled)
    deal, day = uses.deal[counted], uses.day[counted]
    alive = _not_before(day, deals.created[deal]) & _not_before(deals.closed[deal], day)
    return known, counted, counted[alive]


def _stays_of(deal: Codes, start: Codes) -> tuple[Codes, Codes]:
    """All pairs of a use and a stay of its deal."""
    many = start[deal + 1] - start[deal]
    use = np.repeat(np.arange(len(deal)), many)
    before = np.cumsum(many) - many
    visit = np.arange(len(use)) - np.repeat(before, many) + np.repeat(start[deal], many)
    return use, visit


def _by_content(history: History, stages: _Stages, activity: Codes) -> tuple[Codes, Codes]:
    """The order of the rows, and each row's place in it. No index decides unless rows are alike in all else."""
    deals = history.deals
    keys = [activity.astype(np.float64), stages.advanced, deals.amount[stages.deal], deals.closed[stages.deal]]
    keys += [deals.created[stages.deal], stages.weeks, stages.left, stages.stage.astype(np.float64)]
    order = np.lexsort(keys)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return order.astype(np.int64), place


def _differs(*columns: Codes | Floats) -> Flags:
    """True where a sorted row is not the same as the one before it."""
    differs = np.ones(len(columns[0]), bool)
    differs[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return differs


def _within(code: Codes, many: int) -> Flags:
    return (code > MISSING) & (code < many)


def _not_before(day: Floats, limit: Floats) -> Flags:
    """True unless `day` is known to lie before `limit`; where either is a date without a time, dates are compared."""
    with np.errstate(invalid="ignore"):
        dates = (day == np.floor(day)) | (limit == np.floor(limit))
        before: Flags = np.where(dates, np.floor(day) < np.floor(limit), day < limit)
    return ~before
