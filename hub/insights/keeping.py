"""Writing what a run found: its own rows, which stay, and what is shown now. Assets whose verdict or place in search
changed are told of, so that search reads them again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session

from hub import clock
from hub.assets.models import Asset
from hub.db import metadata
from hub.events.names import EventName
from hub.events.record import record_many
from hub.imports.bulk import insert_rows, is_one_of
from hub.insights.bands import Standing, standing
from hub.insights.evidence import TOO_EARLY
from hub.insights.found import Row, proven_stages
from hub.insights.models import EvidenceState, Found, cell_rows, found_rows, shown_rows

_assets = metadata.tables[str(Asset.__tablename__)]
_SHOWN = [
    *(name for name in Found.model_fields if name != "run_id"),
    "run_id",
    "band",
    "evidence",
    "reason",
    "updated_at",
]
_TOLD = ("verdict", "band", "evidence", "reason")
_NOTHING = {"verdict": TOO_EARLY, "band": 0, "evidence": 0.0, "reason": ""}


def keep_run(session: Session, run_id: int, rows: Sequence[Row], cells: Sequence[Row]) -> int:
    """All that the run found takes the place of what was shown; answers for how many assets search hears of it."""
    insert_rows(session, found_rows, [row | {"run_id": run_id} for row in rows])
    before = _told_before(session, None)
    connection = session.connection()
    connection.execute(delete(shown_rows))
    connection.execute(delete(cell_rows))
    shown = _as_shown(rows, run_id)
    insert_rows(session, shown_rows, shown)
    insert_rows(session, cell_rows, cells)
    return _tell(session, run_id, before, shown)


def keep_state(session: Session, run_id: int, learnt: bytes, newest_entry_id: int) -> None:
    """Of the newest run only: it is large."""
    session.connection().execute(delete(metadata.tables[str(EvidenceState.__tablename__)]))
    state = EvidenceState(run_id=run_id, base_entry_id=newest_entry_id, seen_entry_id=newest_entry_id, learnt=learnt)
    session.add(state)


def keep_today(session: Session, run_id: int, rows: Sequence[Row]) -> int:
    """Rows that moved during the day; what only the night can say stays as it was."""
    ids = [row["asset_id"] for row in rows]
    query = select(shown_rows).where(is_one_of(session, shown_rows.c.asset_id, ids))
    there = {row["asset_id"]: dict(row) for row in session.connection().execute(query).mappings()}
    moved = []
    for row in rows:
        before = there.get(row["asset_id"])
        if before is not None and not _moved(before, row):
            continue
        if before is not None:
            kept = {name: before["details"][name] for name in ("attribution", "stages", "personas")}
            row = row | {"touched_revenue": before["touched_revenue"], "details": row["details"] | kept}
        moved.append(row)
    shown = _as_shown(moved, run_id)
    gone = [row["asset_id"] for row in moved]
    before_told = _told_before(session, gone)
    session.connection().execute(delete(shown_rows).where(is_one_of(session, shown_rows.c.asset_id, gone)))
    insert_rows(session, shown_rows, shown)
    _tell(session, run_id, before_told, shown)
    return len(moved)


def _moved(before: Mapping[str, Any], row: Row) -> bool:
    return bool(before["n"] != row["n"] or before["verdict"] != row["verdict"] or before["lift"] != row["lift"])


def _as_shown(rows: Sequence[Row], run_id: int) -> list[Row]:
    now = clock.now()
    return [_shown_row(row, run_id, now) for row in rows]


def _shown_row(row: Row, run_id: int, now: datetime) -> Row:
    found: Standing = standing(row["verdict"], row["low"], row["high"], proven_stages(row))
    place = {"band": found.band, "evidence": found.evidence, "reason": found.reason}
    return (
        {name: value for name, value in row.items() if name in _SHOWN} | place | {"run_id": run_id, "updated_at": now}
    )


def _told_before(session: Session, asset_ids: Sequence[int] | None) -> dict[int, dict[str, Any]]:
    columns = [shown_rows.c[name] for name in ("asset_id", *_TOLD)]
    query = select(*columns)
    if asset_ids is not None:
        query = query.where(is_one_of(session, shown_rows.c.asset_id, asset_ids))
    return {row["asset_id"]: dict(row) for row in session.connection().execute(query).mappings()}


def _tell(session: Session, run_id: int, before: Mapping[int, Mapping[str, Any]], shown: Sequence[Row]) -> int:
    changed = {
        row["asset_id"]: (was, row)
        for row in shown
        if any((was := before.get(row["asset_id"], _NOTHING))[name] != row[name] for name in _TOLD)
    }
    if not changed:
        return 0
    query = select(_assets.c.id, _assets.c.slug).where(is_one_of(session, _assets.c.id, changed))
    slugs = {row.id: row.slug for row in session.connection().execute(query)}
    told = []
    for asset_id, (was, row) in changed.items():
        data = {"run": run_id, "before": was["verdict"], "after": row["verdict"], "band": [was["band"], row["band"]]}
        told.append((("asset", asset_id, slugs[asset_id]), data))
    record_many(session, EventName.VERDICT_CHANGED, actor_id=None, told=told)
    return len(told)
