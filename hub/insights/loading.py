"""From the database to the arrays that evidence is computed from.

Plain rows in blocks, no objects: a hundred thousand deals and two million uses take a few seconds and a hundred
megabytes. All of it is read in one transaction, so that it is the knowledge of one moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Double, Select, and_, case, cast, func, select
from sqlmodel import Session

from hub import clock
from hub.assets.models import Asset
from hub.db import metadata
from hub.deals.models import Deal, DealContact, Outcome, StageEntry, StageResult
from hub.imports.bulk import is_one_of
from hub.insights.evidence import ADVANCED, LOST, MISSING, OPEN, WON, Deals, History, StageEntries, Uses
from hub.insights.evidence.tables import Codes, Flags, Floats
from hub.insights.inputs import Inputs, Money
from hub.insights.stage_order import pipeline_order
from hub.taxonomy.vocabulary import terms_of
from hub.usage import reading
from hub.usage.models import FROM_MEMORY, uses
from hub.usage.timing import recalled, written

_ROWS_AT_A_TIME = 50_000
_UNKNOWN_RESULT = -2

_deals = metadata.tables[str(Deal.__tablename__)]
_entries = metadata.tables[str(StageEntry.__tablename__)]
_contacts = metadata.tables[str(DealContact.__tablename__)]
_assets = metadata.tables[str(Asset.__tablename__)]
_WORDS = ("owner_id", "segment_id", "industry_id", "persona_id", "competitor_id", "lead_source_id")


@dataclass(frozen=True)
class Known:
    """What an index of a history stands for: deal and asset ids by index, ids of deal stages in the order of the
    pipeline. Words (personas, segments, …) are their terms' ids, owners people's."""

    deal_ids: Codes
    asset_ids: Codes
    stage_ids: Codes


@dataclass(frozen=True)
class Loaded:
    """`newest_entry_id` is the newest stage entry that was there."""

    history: History
    known: Known
    money: Money
    cut_off: datetime
    newest_entry_id: int
    counts: dict[str, int] = field(default_factory=dict)


def load(session: Session, inputs: Inputs) -> Loaded:
    """Everything, as it is known now."""
    cut_off = clock.now()
    newest = newest_entry(session)
    money = money_of(session, inputs)
    asset_ids = _ids(session, select(_assets.c.id).order_by(_assets.c.id))
    rows = _deal_rows(session, money, None)
    deal_ids = np.sort(rows.ids)
    stays = _stay_rows(session, None)
    terms = np.array([term.id for term in terms_of(session, "deal_stages")], dtype=np.int64)
    stage_ids = pipeline_order(stays.deal_id, stays.stage_id, stays.entered, terms)
    known = Known(deal_ids, asset_ids, stage_ids)
    used = _all_uses(session, inputs, known)
    counts = {"deals": len(deal_ids), "stage_entries": len(stays.deal_id), "uses": len(used), "assets": len(asset_ids)}
    return Loaded(_history(known, rows, stays, used), known, money, cut_off, newest, counts)


def load_changed(session: Session, inputs: Inputs, before: Known, *, after_entry: int) -> Loaded:
    """Only the deals with stage entries newer than `after_entry`, at the indexes that they have in `before`; deals and
    assets that came since follow the known ones. All other deals are blank."""
    cut_off = clock.now()
    newest = newest_entry(session)
    money = money_of(session, inputs)
    changed = changed_deals(session, after_entry)
    assets = _ids(session, select(_assets.c.id).order_by(_assets.c.id))
    known = Known(_continued(before.deal_ids, changed), _continued(before.asset_ids, assets), before.stage_ids)
    some = changed.tolist()
    rows, stays = _deal_rows(session, money, some), _stay_rows(session, some)
    used = _uses_of(session, inputs, known, some)
    counts = {"deals": len(some), "uses": len(used)}
    return Loaded(_history(known, rows, stays, used), known, money, cut_off, newest, counts)


def newest_entry(session: Session) -> int:
    return int(session.connection().execute(select(func.max(_entries.c.id))).scalar() or 0)


def changed_deals(session: Session, after_entry: int) -> Codes:
    """The ids of the deals with stage entries newer than this one."""
    return _ids(session, select(_entries.c.deal_id).where(_entries.c.id > after_entry).distinct())


def money_of(session: Session, inputs: Inputs) -> Money:
    """How amounts are turned into the base currency, by what currencies the deals are in."""
    query = select(_deals.c.currency, func.count()).where(_deals.c.amount.is_not(None)).group_by(_deals.c.currency)
    return Money.of(inputs, {row[0]: row[1] for row in session.connection().execute(query)})


def amount_in(money: Money) -> ColumnElement[float]:
    """A deal's amount in the base currency; NULL where its currency has no rate."""
    rated = ((_deals.c.currency == code, _deals.c.amount / 100.0 * rate) for code, rate in money.rates.items() if code)
    return cast(case(*rated, (_deals.c.currency.is_(None), _deals.c.amount / 100.0), else_=None), Double)


def columns_of(session: Session, query: "Select[Any]", many: int) -> list[Floats]:
    """The rows of a query as columns, (rows,) each, NaN for nothing."""
    options = {"stream_results": True, "yield_per": _ROWS_AT_A_TIME}
    blocks: list[list[Floats]] = [[] for _ in range(many)]
    for rows in session.connection().execute(query, execution_options=options).partitions():
        for block, values in zip(blocks, zip(*rows, strict=True), strict=True):
            block.append(np.array(values, dtype=np.float64))
    return [np.concatenate(block) if block else np.zeros(0) for block in blocks]


@dataclass(frozen=True)
class _DealRows:
    ids: Codes
    created: Floats
    closed: Floats
    amount: Floats
    outcome: Codes
    words: dict[str, Codes]


@dataclass(frozen=True)
class _Stays:
    deal_id: Codes
    stage_id: Codes
    entered: Floats
    left: Floats
    result: Codes


def _history(known: Known, rows: _DealRows, stays: _Stays, used: Uses) -> History:
    deals = _deals_at(known, rows)
    return History(deals, _entries_at(known, deals, stays), used, len(known.asset_ids), len(known.stage_ids))


# Deals


def _deal_rows(session: Session, money: Money, some: Sequence[int] | None) -> _DealRows:
    outcome = case((_deals.c.outcome == Outcome.WON, WON), (_deals.c.outcome == Outcome.LOST, LOST), else_=OPEN)
    connection = session.connection()
    columns = [_deals.c.id, *(reading.days_of(connection, _deals.c[name]) for name in ("created_at", "closed_at"))]
    columns += [amount_in(money), outcome, *(_deals.c[name] for name in _WORDS)]
    found = columns_of(session, _of_deals(session, select(*columns), _deals.c.id, some), len(columns))
    words = {name: _codes(values) for name, values in zip(_WORDS, found[5:], strict=True)}
    ids = found[0].astype(np.int64)
    words["persona_id"] = _with_contacts(session, ids, words["persona_id"], some)
    return _DealRows(ids, found[1], found[2], found[3], _codes(found[4]), words)


def _with_contacts(session: Session, ids: Codes, persona: Codes, some: Sequence[int] | None) -> Codes:
    """A deal that names no persona has its primary contact's."""
    query = select(_contacts.c.deal_id, func.min(_contacts.c.persona_id))
    query = query.where(_contacts.c.is_primary, _contacts.c.persona_id.is_not(None)).group_by(_contacts.c.deal_id)
    deal, theirs = columns_of(session, _of_deals(session, query, _contacts.c.deal_id, some), 2)
    if not len(deal):
        return persona
    order = np.argsort(ids)
    place = order[np.searchsorted(ids, deal, sorter=order).clip(0, len(ids) - 1)]
    named = persona.copy()
    named[place] = np.where(persona[place] == MISSING, theirs.astype(np.int64), persona[place])
    return named


def _deals_at(known: Known, rows: _DealRows) -> Deals:
    place, _ = _places(known.deal_ids, rows.ids)
    many = len(known.deal_ids)

    def put(values: Any, blank: float) -> Any:
        column = np.full(many, blank, dtype=values.dtype)
        column[place] = values
        return column

    owner, segment, industry, persona, competitor, source = (put(rows.words[name], MISSING) for name in _WORDS)
    return Deals(
        created=put(rows.created, np.nan),
        closed=put(rows.closed, np.nan),
        amount=put(rows.amount, np.nan),
        outcome=put(rows.outcome, OPEN),
        owner=owner,
        segment=segment,
        industry=industry,
        persona=persona,
        competitor=competitor,
        source=source,
    )


# Stage entries


def _stay_rows(session: Session, some: Sequence[int] | None) -> _Stays:
    result = case(
        (_entries.c.result == StageResult.ADVANCED, ADVANCED),
        (_entries.c.result == StageResult.LOST, LOST),
        else_=_UNKNOWN_RESULT,
    )
    connection = session.connection()
    days = (reading.days_of(connection, _entries.c[name]) for name in ("entered_at", "left_at"))
    columns = [_entries.c.deal_id, _entries.c.stage_id, *days, result]
    query = _of_deals(session, select(*columns).where(_entries.c.superseded_at.is_(None)), _entries.c.deal_id, some)
    deal, stage, entered, left, ended = columns_of(session, query, len(columns))
    return _Stays(_codes(deal), _codes(stage), entered, left, ended.astype(np.int64))


def _entries_at(known: Known, deals: Deals, stays: _Stays) -> StageEntries:
    """What a source does not say of a stay follows from the rest of the deal: a stay that another one follows further
    on has advanced, the last one of a closed deal ended as the deal did and with it. A step back tells nothing."""
    deal, _ = _places(known.deal_ids, stays.deal_id)
    stage = _stage_codes(known, stays.stage_id)
    order = np.lexsort((stage, stays.left, stays.entered, deal))
    deal, stage = deal[order], stage[order]
    entered, left, result = stays.entered[order], stays.left[order], stays.result[order]
    last = np.append(deal[1:] != deal[:-1], True)[: len(deal)]
    following = np.append(stage[1:], MISSING)[: len(deal)]
    unsaid = result == _UNKNOWN_RESULT
    further = unsaid & ~last & (following > stage)
    left = np.where(further & np.isnan(left), np.append(entered[1:], np.nan)[: len(deal)], left)
    result = np.where(further, ADVANCED, result)
    ends = unsaid & last & (deals.outcome[deal] != OPEN)
    left = np.where(ends & np.isnan(left), deals.closed[deal], left)
    result = np.where(ends, np.where(deals.outcome[deal] == WON, ADVANCED, LOST), result)
    result = np.where(unsaid & last & ~ends, OPEN, result)
    kept = result != _UNKNOWN_RESULT
    return StageEntries(deal[kept], stage[kept], entered[kept], left[kept], result[kept])


def _stage_codes(known: Known, stage_ids: Codes) -> Codes:
    order = np.argsort(known.stage_ids)
    place, is_known = _places(known.stage_ids[order], stage_ids)
    return np.where(is_known, order[place] if len(order) else MISSING, MISSING)


# Uses


def _all_uses(session: Session, inputs: Inputs, known: Known) -> Uses:
    blocks = list(reading.blocks(session, inputs.actions))
    nothing = np.zeros(0)
    deal = np.concatenate([nothing, *(block.deal for block in blocks)])
    asset = np.concatenate([nothing, *(block.asset for block in blocks)])
    day = np.concatenate([nothing, *(block.day for block in blocks)])
    late = np.concatenate([np.zeros(0, bool), *(block.recalled for block in blocks)])
    noted = np.concatenate([nothing, *(block.written for block in blocks)])
    return Uses(_index(known.deal_ids, deal), _index(known.asset_ids, asset), day, late, noted)


def _uses_of(session: Session, inputs: Inputs, known: Known, some: Sequence[int]) -> Uses:
    from_memory = case((uses.c.channel.in_(FROM_MEMORY), 1), else_=0)
    connection = session.connection()
    days = [reading.days_of(connection, uses.c[name]) for name in ("occurred_at", "recorded_at", "deal_named_at")]
    columns = [uses.c.deal_id, uses.c.asset_id, *days, from_memory]
    counted = and_(uses.c.taken_back_at.is_(None), uses.c.action.in_(inputs.actions))
    query = select(*columns).where(counted, is_one_of(session, uses.c.deal_id, some))
    deal, asset, day, recorded, named, memory = columns_of(session, query, len(columns))
    closed = reading.closes_of(session, some).of(deal.astype(np.int64))
    late, noted = recalled(day, recorded, named, memory > 0, closed), written(recorded, named, memory > 0)
    return Uses(_index(known.deal_ids, deal), _index(known.asset_ids, asset), day, late, noted)


# Rows as columns


def _of_deals(session: Session, query: "Select[Any]", column: Any, some: Sequence[int] | None) -> "Select[Any]":
    return query if some is None else query.where(is_one_of(session, column, some))


def _ids(session: Session, query: "Select[Any]") -> Codes:
    return _codes(columns_of(session, query, 1)[0])


def _codes(values: Floats) -> Codes:
    codes: Codes = np.where(np.isnan(values), MISSING, values).astype(np.int64)
    return codes


def _continued(before: Codes, now: Codes) -> Codes:
    return np.append(before, np.setdiff1d(now, before))


def _index(known: Codes, ids: Floats) -> Codes:
    place, is_known = _places(known, ids.astype(np.int64))
    return np.where(is_known, place, MISSING)


def _places(known: Codes, ids: Codes) -> tuple[Codes, Flags]:
    """The index of each id, and whether there is one. Known ids are distinct and may stand in any order."""
    if not len(known):
        return np.zeros(len(ids), np.int64), np.zeros(len(ids), bool)
    order = np.argsort(known, kind="stable")
    place = order[np.searchsorted(known, ids, sorter=order).clip(0, len(known) - 1)]
    return place, known[place] == ids
