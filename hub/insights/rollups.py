"""Figures that are counted beforehand, so that no page counts uses or deals: how much each asset is used, how deals
closed month by month, and how much of what was used is captured.

Events tell that something changed. A few assets are counted at once; after an import all are, by a job that looks every
minute. Counting is always from the rows themselves, so twice, late or out of order makes no difference.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, func

from hub import clock
from hub.assets.models import Asset
from hub.db import Database, metadata
from hub.deals.models import Deal, Outcome
from hub.events.models import Event
from hub.imports.bulk import insert_rows, is_one_of
from hub.insights.evidence import LOST, WON
from hub.insights.evidence.tables import Floats
from hub.insights.inputs import Inputs
from hub.insights.loading import amount_in, columns_of, money_of
from hub.insights.models import FigureMark, month_figures, use_figures
from hub.insights.ranges import middle_range, quartiles
from hub.usage import capture_rate
from hub.usage.models import uses
from hub.usage.reading import days_of

EVENTS = ("use.", "deal.")
EVERY = timedelta(minutes=1)
LEASE = timedelta(minutes=5)
RECENT = timedelta(days=90)
USES, MONTHS, CAPTURE = "uses", "months", "capture"
_COUNTED_AT_ONCE = 50
_SELDOM = timedelta(hours=1)  # for what reads every use

_assets = metadata.tables[str(Asset.__tablename__)]
_deals = metadata.tables[str(Deal.__tablename__)]
_EPOCH = np.datetime64("1970-01-01", "s")


class Figures:
    """The subscriber (`react`) and the job (`refresh`)."""

    def __init__(self, database: Database, inputs: Inputs) -> None:
        self._database, self._inputs = database, inputs

    def react(self, events: Sequence[Event]) -> None:
        """Counts the assets that the events name, or marks what the job is to count."""
        used = [event for event in events if event.name.startswith("use.")]
        assets = {asset for event in used for asset in event.data.get("assets", ())}
        unnamed = any("assets" not in event.data for event in used)
        with self._database.transaction() as session:
            if unnamed or len(assets) > _COUNTED_AT_ONCE:
                mark(session, USES)
            elif assets:
                write_uses(session, measure_uses(session, self._inputs, assets), assets)
            if len(used) < len(events):
                mark(session, MONTHS)
            mark(session, CAPTURE)

    def refresh(self) -> None:
        """Count what is marked, and what was not counted today: days pass too. Counting holds up nobody who writes."""
        for name, measure, write in _COUNTERS:
            with self._database.transaction() as session:
                if not _is_due(found := _found(session, name)):
                    continue
                # Before counting: what changes meanwhile marks it again.
                found.changed_at, found.counted_at = None, clock.now()
            with self._database.reading() as session:
                measured = measure(session, self._inputs, None)
            with self._database.transaction() as session:
                write(session, measured, None)


def mark(session: Session, name: str) -> None:
    """Something happened that the figures of this name are to know."""
    _found(session, name).changed_at = clock.now()
    session.flush()


def counted(session: Session, name: str) -> FigureMark | None:
    """When they were counted; None before that."""
    found = session.get(FigureMark, name)
    return found if found is not None and found.counted_at is not None else None


Rows = list[dict[str, Any]]
Some = Collection[int] | None


def measure_uses(session: Session, inputs: Inputs, some: Some) -> Rows:
    """How much these assets are used, or all. Counted here: the database would sort all uses twice for it."""
    now = clock.now()
    counts = (uses.c.taken_back_at.is_(None), uses.c.action.in_(inputs.actions))
    recent = case((uses.c.occurred_at >= now - RECENT, 1), else_=0)
    query = select(uses.c.asset_id, func.coalesce(uses.c.deal_id, -1), recent).where(*counts)
    if some is not None:
        query = query.where(is_one_of(session, uses.c.asset_id, some))
    asset, deal, lately = columns_of(session, query, 3)
    place, on_deals = asset.astype(np.int64), deal >= 0
    pairs = np.unique((place[on_deals] << 40) + deal[on_deals].astype(np.int64))
    columns = {
        "uses": np.bincount(place),
        "recent": np.bincount(place, lately),
        "deals": np.bincount(pairs >> 40, minlength=int(place.max(initial=0)) + 1),
    }
    ids = np.flatnonzero(columns["uses"]).tolist()
    last = _last_uses(session, counts, ids)
    return [
        {"asset_id": asset_id, "last_used_at": last.get(asset_id), "counted_at": now}
        | {name: int(values[asset_id]) for name, values in columns.items()}
        for asset_id in ids
    ]


def _last_uses(session: Session, counts: tuple[Any, ...], asset_ids: list[int]) -> dict[int, datetime]:
    """One look into the index for each asset."""
    newest = select(uses.c.occurred_at).where(uses.c.asset_id == _assets.c.id, *counts)
    newest = newest.order_by(uses.c.occurred_at.desc()).limit(1).correlate(_assets)
    query = select(_assets.c.id, newest.scalar_subquery()).where(is_one_of(session, _assets.c.id, asset_ids))
    return {row[0]: row[1] for row in session.connection().execute(query)}


def write_uses(session: Session, rows: Rows, some: Some) -> None:
    gone = delete(use_figures)
    if some is not None:
        gone = gone.where(is_one_of(session, use_figures.c.asset_id, some))
    session.connection().execute(gone)
    insert_rows(session, use_figures, rows)


def measure_months(session: Session, inputs: Inputs, _: Some) -> Rows:
    """How deals closed, by month."""
    connection = session.connection()
    outcome = case((_deals.c.outcome == Outcome.WON, WON), (_deals.c.outcome == Outcome.LOST, LOST), else_=-1)
    columns: list[Any] = [days_of(connection, _deals.c.created_at), days_of(connection, _deals.c.closed_at), outcome]
    columns += [case((_deals.c.no_decision, 1), else_=0), amount_in(money_of(session, inputs)), _deals.c.amount]
    created, closed, ended, undecided, worth, amount = columns_of(session, select(*columns), len(columns))
    created_in, closed_in = _months(created), _months(np.where(ended >= LOST, closed, np.nan))
    rows = []
    for month in sorted({*created_in.tolist(), *closed_in.tolist()} - {None}):
        here = closed_in == month
        won = here & (ended == WON)
        took = (closed - created)[here]
        took = np.maximum(took[np.isfinite(took)], 0.0)
        rows.append(
            {
                "month": month,
                "created": int((created_in == month).sum()),
                "won": int(won.sum()),
                "lost": int((here & (ended == LOST) & (undecided == 0)).sum()),
                "no_decision": int((here & (undecided == 1)).sum()),
                "won_amount": float(np.nansum(worth[won])),
                "other_currency": int((won & np.isnan(worth) & ~np.isnan(amount)).sum()),
                **_times(took.tolist()),
            }
        )
    return rows


def write_months(session: Session, rows: Rows, _: Some) -> None:
    session.connection().execute(delete(month_figures))
    insert_rows(session, month_figures, rows)


def measure_capture(session: Session, _: Inputs, __: Some) -> Rows:
    """How much of what was used is captured, in won, lost and open deals."""
    rate = capture_rate.compare(capture_rate.changes(session))
    shares = {name: asdict(share) for name, share in rate.shares.items()}
    return [{"shares": shares, "differences": [asdict(one) for one in rate.differences]}]


def write_capture(session: Session, rows: Rows, _: Some) -> None:
    _found(session, CAPTURE).figures = rows[0]


def _times(days: list[float]) -> dict[str, Any]:
    low, middle, high = quartiles(days) or (None, None, None)
    around = middle_range(days) or (None, None)
    names = ("days_low", "days_middle", "days_high", "middle_low", "middle_high")
    return {"timed": len(days), **dict(zip(names, (low, middle, high, *around), strict=True))}


def _months(days: Floats) -> Any:
    """(deals,) the first day of each month as a date, None for none."""
    known = np.isfinite(days) & (np.abs(days) < 1e6)
    found = np.full(len(days), None, dtype=object)
    seconds = (days[known] * 86_400).astype(np.int64)
    moments = (_EPOCH + seconds).astype("datetime64[M]").astype("datetime64[D]")
    found[known] = moments.astype(date)
    return found


def _found(session: Session, name: str) -> FigureMark:
    found = session.get(FigureMark, name)
    if found is None:
        # Two processes may come here at once on PostgreSQL: the second waits, then finds the first one's row.
        values = {"name": name, "figures": {}}
        on_sqlite = session.get_bind().dialect.name == "sqlite"
        insert = (sqlite if on_sqlite else postgresql).insert(FigureMark).values(values)
        session.execute(insert.on_conflict_do_nothing())
        found = session.get_one(FigureMark, name)
    return found


def _is_due(found: FigureMark | None) -> bool:
    if found is None or found.counted_at is None:
        return True
    seldom = found.name == CAPTURE and clock.now() - found.counted_at < _SELDOM
    return found.counted_at.date() < clock.today() or (found.changed_at is not None and not seldom)


_COUNTERS: tuple[tuple[str, Callable[[Session, Inputs, Some], Rows], Callable[[Session, Rows, Some], None]], ...] = (
    (USES, measure_uses, write_uses),
    (MONTHS, measure_months, write_months),
    (CAPTURE, measure_capture, write_capture),
)
