"""All uses for those who count them: blocks of plain arrays, read without objects and in flat memory."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Float, Integer, and_, case, cast, func, literal, or_, select
from sqlalchemy.engine import Connection
from sqlmodel import Session

from hub.db import metadata
from hub.deals.models import Deal, DealState, Outcome
from hub.usage.models import ASKED, FROM_MEMORY, Action, uses
from hub.usage.timing import Flags, Floats, recalled, written

Ids = NDArray[np.int64]
BLOCK = 100_000
ACTIONS = tuple(Action)
_deals = metadata.tables[str(Deal.__tablename__)]
_states = metadata.tables[str(DealState.__tablename__)]


@dataclass(frozen=True)
class Block:
    """One place a use: the ids of its deal (-1 without one), asset and person (-1 unknown), its day since 1970 (whole
    where no time is known), whether it is `recalled`, whether it was told from memory, whether it is the answer to a
    stage question, and its action as the place in `ACTIONS`; `written` is the day by which it had been written down
    (`timing.written`). Uses that were taken back are not there."""

    deal: Ids
    asset: Ids
    person: Ids
    day: Floats
    recalled: Flags
    from_memory: Flags
    asked: Flags
    action: Ids
    written: Floats

    def __len__(self) -> int:
        return len(self.deal)


@dataclass(frozen=True)
class Closes:
    """When the deals closed that did: ids in their order, and days since 1970."""

    deal: Ids
    closed: Floats

    def of(self, deal_ids: Ids) -> Floats:
        """NaN for deals that have not closed."""
        if not len(self.deal):
            return np.full(len(deal_ids), np.nan)
        places = np.minimum(np.searchsorted(self.deal, deal_ids), len(self.deal) - 1)
        return np.where(self.deal[places] == deal_ids, self.closed[places], np.nan)


def blocks(session: Session, actions: Collection[str] = ACTIONS, *, after_id: int = 0) -> Iterator[Block]:
    """All uses of these actions that were not taken back, on deals that the hub knows, in the order in which they
    came. Order of rows aside the same for any order of arrival."""
    connection = session.connection()
    closes = closes_of(session)
    query = _query(connection, actions).order_by(uses.c.id).limit(BLOCK)
    last = after_id
    while rows := connection.execute(query.where(uses.c.id > last)).all():
        last = rows[-1][0]
        yield _block(np.array([tuple(row) for row in rows], dtype=np.float64).reshape(len(rows), -1), closes)


def closes_of(session: Session, deal_ids: Collection[int] | None = None) -> Closes:
    """Of all deals, or of these. One that closed at a moment which nobody gave closed when the hub learnt it."""
    connection = session.connection()
    wanted = _deals.c.id.in_(deal_ids) if deal_ids is not None else literal(True)
    query = select(_deals.c.id, days_of(connection, _deals.c.closed_at))
    closed = _deals.c.outcome != Outcome.OPEN.value
    found = connection.execute(query.where(closed, wanted).order_by(_deals.c.id)).all()
    ids = np.array([row[0] for row in found], dtype=np.int64)
    moments = np.array([np.nan if row[1] is None else row[1] for row in found], dtype=np.float64)
    if np.isnan(moments).any():
        learnt = dict(_learnt(connection))
        unknown = np.isnan(moments)
        moments[unknown] = [learnt.get(int(it), np.nan) for it in ids[unknown]]
    return Closes(ids, moments)


def days_of(connection: Connection, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Days since 1970 of a moment, as the database computes them; NULL for none."""
    if connection.dialect.name == "postgresql":
        return cast(func.extract("epoch", column), Float) / 86_400.0
    # Whole days and the rest apart: as one number a Julian day has too few digits for microseconds.
    seconds = func.strftime("%s", func.substr(column, 1, 19))
    fraction = cast("0" + func.substr(column, 20), Float)
    return (cast(seconds, Integer) + fraction) / 86_400.0


def _query(connection: Connection, actions: Collection[str]) -> Any:
    codes = case({action.value: place for place, action in enumerate(ACTIONS)}, value=uses.c.action, else_=-1)
    return select(
        uses.c.id,
        uses.c.deal_id,
        uses.c.asset_id,
        func.coalesce(uses.c.person_id, -1),
        days_of(connection, uses.c.occurred_at),
        days_of(connection, uses.c.recorded_at),
        days_of(connection, uses.c.deal_named_at),
        case((uses.c.channel == ASKED, 2), (uses.c.channel.in_(FROM_MEMORY), 1), else_=0),
        codes,
    ).where(uses.c.deal_id.is_not(None), uses.c.taken_back_at.is_(None), uses.c.action.in_([str(it) for it in actions]))


def _block(rows: Floats, closes: Closes) -> Block:
    deal, asset, person, told, action = (rows[:, place].astype(np.int64) for place in (1, 2, 3, 7, 8))
    used, recorded, named = rows[:, 4], rows[:, 5], rows[:, 6]
    from_memory = told > 0
    marks = recalled(used, recorded, named, from_memory, closes.of(deal))
    return Block(
        deal, asset, person, used, marks, from_memory, told == 2, action, written(recorded, named, from_memory)
    )


def _learnt(connection: Connection) -> Iterator[tuple[int, float]]:
    """When the hub learnt first that a deal without a date of its close had closed."""
    undated = and_(_deals.c.closed_at.is_(None), _deals.c.outcome != Outcome.OPEN.value)
    closed = or_(_states.c.outcome == Outcome.WON.value, _states.c.outcome == Outcome.LOST.value)
    moment = func.min(_states.c.learnt_at)
    query = select(_states.c.deal_id, days_of(connection, moment)).join(_deals, _deals.c.id == _states.c.deal_id)
    for row in connection.execute(query.where(undated, closed).group_by(_states.c.deal_id)):
        yield row[0], row[1]
