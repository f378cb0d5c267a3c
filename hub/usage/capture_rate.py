"""How much is captured: the share of stage changes of which the hub knows what was used, or that nothing was. Evidence
compares won with lost deals, so what matters is whether the share is the same in both. `compare` is pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlmodel import Session

from hub.db import metadata
from hub.deals.models import Deal, Outcome, StageEntry
from hub.people.roles import Actor, Deed, require
from hub.usage import reading
from hub.usage.models import questions
from hub.usage.timing import Flags, Floats, recalled

Ids = NDArray[np.int64]
WON, LOST, OPEN, NO_DECISION = "won", "lost", "open", "no decision"
GROUPS = (WON, LOST, OPEN, NO_DECISION)
# Three comparisons at a time: each at a third of 5 %.
_Z = 2.394
_Z_90 = 1.645
# A difference that is certain but small changes no estimate; fewer deals than these say nothing.
_LEAST_POINTS = 5.0
_LEAST_DEALS = 20
_deals = metadata.tables[str(Deal.__tablename__)]
_entries = metadata.tables[str(StageEntry.__tablename__)]


@dataclass(frozen=True)
class Share:
    """Of so many stage changes of so many deals so many were captured; `recalled` are those of which the hub learnt
    only when the outcome was known, which are not counted. `rate` with its 90 % range is None without any."""

    changes: int
    deals: int
    captured: int
    recalled: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Difference:
    """Points between two groups with their range; `warning` says in words what a difference means for the figures."""

    first: str
    second: str
    points: float
    low: float
    high: float
    warning: str | None


@dataclass(frozen=True)
class CaptureRate:
    shares: Mapping[str, Share]
    differences: Sequence[Difference]

    @property
    def warnings(self) -> list[str]:
        return [it.warning for it in self.differences if it.warning is not None]


@dataclass(frozen=True)
class Changes:
    """One place a stage change: its deal's id, the deal's group as the place in `GROUPS`, and whether it was captured
    in time, or only recalled."""

    deal: Ids
    group: Ids
    captured: Flags
    recalled: Flags


def read(session: Session, actor: Actor, *, since: float | None = None) -> CaptureRate:
    """Over all stages that deals have left, or only those left since a day (counted from 1970). Raises NotAllowed."""
    require(actor, Deed.READ_USES)
    return compare(changes(session, since=since))


def compare(found: Changes) -> CaptureRate:
    """Shares and their differences. Changes of one deal are alike, so the ranges count deals rather than changes."""
    shares, moments = {}, {}
    for place, name in enumerate(GROUPS):
        inside = found.group == place
        shares[name], moments[name] = _share(found.deal[inside], found.captured[inside], found.recalled[inside])
    pairs = [
        _difference(first, second, shares, moments)
        for first, second in combinations((WON, LOST, OPEN), 2)
        if min(shares[first].deals, shares[second].deals) >= _LEAST_DEALS
    ]
    return CaptureRate(shares, pairs)


def changes(session: Session, *, since: float | None = None) -> Changes:
    """Every stay that is over, with what the hub knows of it; a day of use counts for each stay that it falls into."""
    stays = _stays(session, since)
    deal, entered, left = stays[:, 0].astype(np.int64), stays[:, 2], stays[:, 3]
    closes = reading.closes_of(session)
    used, used_recalled = _used(session, deal, entered, left)
    nothing, nothing_recalled = _none_used(session, stays, closes)
    captured = used | nothing
    return Changes(deal, _groups(session, deal), captured, (used_recalled | nothing_recalled) & ~captured)


def _share(deal: Ids, captured: Flags, recalled_only: Flags) -> tuple[Share, tuple[float, float]]:
    """The share, and the estimate with its standard error that comparisons are made of."""
    if not len(deal):
        return Share(0, 0, 0, 0, None, None, None), (0.5, 0.5)
    _, place = np.unique(deal, return_inverse=True)
    sizes = np.bincount(place).astype(np.float64)
    hits = np.bincount(place, weights=captured.astype(np.float64))
    # One deal of average size with and one without keep a group in which all are alike from looking certain.
    average = sizes.mean()
    sizes = np.append(sizes, [average, average])
    hits = np.append(hits, [average, 0.0])
    centre = hits.sum() / sizes.sum()
    error = float(np.sqrt(((hits - centre * sizes) ** 2).sum()) / sizes.sum())
    rate = float(captured.mean())
    low, high = max(0.0, min(rate, centre - _Z_90 * error)), min(1.0, max(rate, centre + _Z_90 * error))
    counts = (len(deal), len(sizes) - 2, int(captured.sum()), int(recalled_only.sum()))
    return Share(*counts, rate, float(low), float(high)), (float(centre), error)


def _difference(
    first: str, second: str, shares: Mapping[str, Share], moments: Mapping[str, tuple[float, float]]
) -> Difference:
    (one, error_one), (other, error_other) = moments[first], moments[second]
    half = _Z * float(np.hypot(error_one, error_other))
    points, low, high = 100 * (one - other), 100 * (one - other - half), 100 * (one - other + half)
    differs = abs(points) >= _LEAST_POINTS and (low > 0) == (high > 0)
    warning = _in_words(first, second, shares, low, high) if differs else None
    return Difference(first, second, round(points, 1), round(low, 1), round(high, 1), warning)


def _in_words(first: str, second: str, shares: Mapping[str, Share], low: float, high: float) -> str:
    more, less = (first, second) if low > 0 else (second, first)
    nearest, farthest = sorted((abs(low), abs(high)))
    told = f"{_percent(shares[more])} of the stage changes of {more} deals, but only {_percent(shares[less])} of those"
    gap = f"({nearest:.0f} to {farthest:.0f} points less)"
    meaning = f"An asset may look better or worse only because less is recorded in {less} deals"
    return f"What was used is known for {told} of {less} deals {gap}. {meaning}."


def _percent(share: Share) -> str:
    return f"{100 * (share.rate or 0):.0f} %"


def _stays(session: Session, since: float | None) -> Floats:
    """By row: deal, stage, entered, left."""
    connection = session.connection()
    left = reading.days_of(connection, _entries.c.left_at)
    query = select(
        _entries.c.deal_id, _entries.c.stage_id, reading.days_of(connection, _entries.c.entered_at), left
    ).where(_entries.c.superseded_at.is_(None), _entries.c.left_at.is_not(None))
    rows = connection.execute(query.where(left >= since) if since is not None else query).all()
    return _table(rows, 4)


def _used(session: Session, deal: Ids, entered: Floats, left: Floats) -> tuple[Flags, Flags]:
    """Which stays have a use in time, and which a recalled one."""
    counted, late = np.zeros(len(deal), dtype=bool), np.zeros(len(deal), dtype=bool)
    for block in reading.blocks(session):
        order = np.argsort(_key(block.deal, block.day), kind="stable")
        for marks, wanted in ((counted, ~block.recalled), (late, block.recalled)):
            keys = _key(block.deal, block.day)[order[wanted[order]]]
            first, behind = np.searchsorted(keys, _key(deal, entered)), np.searchsorted(keys, _key(deal, left + 1))
            marks |= behind > first
    return counted, late


def _key(deal: Ids, day: Floats) -> Ids:
    """Deal and whole day as one number that sorts by both."""
    keys: Ids = deal * 1_000_000 + np.clip(np.floor(day), 0, 999_999).astype(np.int64)
    return keys


def _none_used(session: Session, stays: Floats, closes: reading.Closes) -> tuple[Flags, Flags]:
    """Of which stays the owner said in time that nothing was used, and of which after the close."""
    connection = session.connection()
    days = [reading.days_of(connection, questions.c[name]) for name in ("entered_at", "left_at", "answered_at")]
    query = select(questions.c.deal_id, questions.c.stage_id, *days)
    rows = connection.execute(query.where(questions.c.none_used, questions.c.answered_at.is_not(None))).all()
    table = _table(rows, 5)
    nothing = np.full(len(rows), np.nan)
    from_memory = np.ones(len(rows), dtype=bool)
    late = recalled(nothing, table[:, 4], nothing, from_memory, closes.of(table[:, 0].astype(np.int64)))
    # The moment of leaving may have been corrected since, that of entering is what a stay is known by.
    said = {_stay(row[0], row[1], 0, row[3]): bool(mark) for row, mark in zip(table, late, strict=True)}
    said |= {_stay(row[0], row[1], row[2], 0): bool(mark) for row, mark in zip(table, late, strict=True)}
    marks = [said.get(_stay(it[0], it[1], it[2], 0), said.get(_stay(it[0], it[1], 0, it[3]))) for it in stays]
    return np.array([it is False for it in marks], dtype=bool), np.array([it is True for it in marks], dtype=bool)


def _stay(deal: float, stage: float, entered: float, left: float) -> tuple[float, ...]:
    return deal, stage, np.floor(entered), np.floor(left)


def _table(rows: Sequence[Any], width: int) -> Floats:
    return np.array([tuple(row) for row in rows], dtype=np.float64).reshape(len(rows), width)


def _groups(session: Session, deal: Ids) -> Ids:
    rows = session.connection().execute(select(_deals.c.id, _deals.c.outcome, _deals.c.no_decision)).all()
    by_deal = {row.id: _group(row.outcome, row.no_decision) for row in rows}
    return np.array([by_deal[it] for it in deal.tolist()], dtype=np.int64)


def _group(outcome: str, no_decision: bool) -> int:
    if outcome == Outcome.LOST and no_decision:
        return GROUPS.index(NO_DECISION)
    return GROUPS.index(outcome)
