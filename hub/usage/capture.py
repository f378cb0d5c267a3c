"""Recording uses: the one way in for the page, the API, the extension and answers to questions. Tables of other systems
come in through `imports`, by the same rows.

A use is known by its recorder and the id that the recorder gave it: the same one ten times, from two devices, late and
in any order, is one use. Somebody else's use may have the same id; neither sees anything of the other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select
from sqlmodel import Session

from hub import clock
from hub.events.names import EventName
from hub.events.record import record_many
from hub.people.roles import Actor, Deed, require
from hub.usage.known import DealRef, KnownAsset, KnownAssets, known_deals, numbered_version
from hub.usage.lines import UseLine
from hub.usage.models import uses
from hub.usage.timing import time_of_use

CHANNEL = "api"
_ADVISORY_LOCK = 7_204
_INSERT = insert(uses)
_OWN = select(uses.c.external_id, uses.c.asset_id, uses.c.action).where(
    uses.c.external_id.in_(bindparam("ids", expanding=True)), uses.c.source == bindparam("of")
)

Row = dict[str, Any]


@dataclass
class Recorded:
    """`rejected` are (place, reason)."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)


def source_of(person_id: int | None) -> str:
    """Whose ids these are. No import can be called so: the names of systems have no colon."""
    return f"person:{person_id or 0}"


def record(session: Session, actor: Actor, lines: Sequence[UseLine]) -> Recorded:
    """Record uses of the actor's own. A known id with the same asset and action is a duplicate and changes nothing,
    also when the use was taken back since. Raises NotAllowed."""
    require(actor, Deed.RECORD_USE, own=True)
    source, arrived = source_of(actor.id), clock.now()
    wait_for_same(session, source)
    known = KnownAssets(actor)
    known.learn(session, [line.asset for line in lines])
    done = Recorded()
    fresh = _new_ones(session, known, source, lines, done)
    rows = _rows(session, fresh, arrived=arrived, done=done)
    for row in rows:
        row |= {"source": source, "person_id": actor.id, "recorded_at": arrived}
    if rows:
        session.connection().execute(_INSERT, rows)
        done.accepted = len(rows)
        tell(session, EventName.USES_RECORDED, actor, source, rows)
    return done


def wait_for_same(session: Session, source: str) -> None:
    """One writer at a time of the uses of one person or system: two devices may send the same use at once."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK, func.hashtext(source))))


def row_of(
    line: UseLine, asset: KnownAsset, version_id: int | None, deals: Mapping[DealRef, int], arrived: datetime
) -> Row:
    """The columns that follow from a line, whoever it comes from."""
    said, occurred = line.occurred_at, time_of_use(line.occurred_at, sent=line.sent_at, arrived=arrived)
    deal_id = deals.get(line.deal) if line.deal is not None else None
    waits = line.deal if deal_id is None else None
    return {
        "external_id": line.external_id,
        "asset_id": asset.id,
        "version_id": version_id,
        "deal_id": deal_id,
        "deal_source": waits[0] if waits else None,
        "deal_ref": waits[1] if waits else None,
        "action": line.action,
        "channel": line.channel or CHANNEL,
        "occurred_at": occurred,
        "said_at": said if said != occurred else None,
        "arrived_at": arrived,
    }


def tell(session: Session, name: EventName, actor: Actor, source: str, rows: Collection[Row]) -> None:
    """One event for all of these uses: which assets and deals have figures that may be others now."""
    told = {
        "count": len(rows),
        "assets": sorted({row["asset_id"] for row in rows}),
        "deals": sorted({row["deal_id"] for row in rows if row["deal_id"] is not None}),
    }
    record_many(session, name, actor_id=actor.id, told=[(("use", None, source), told)])
    # Nobody waits for it: the worker's next look, within a second, takes the uses of many calls at once. Waking it
    # for each of them would cost more than recording it.
    session.info.pop("events_recorded", None)


def _new_ones(
    session: Session, known: KnownAssets, source: str, lines: Sequence[UseLine], done: Recorded
) -> list[tuple[UseLine, KnownAsset]]:
    """Those that are to be written, each id once."""
    rows = session.connection().execute(_OWN, {"ids": [line.external_id for line in lines], "of": source})
    there = {row.external_id: (row.asset_id, row.action) for row in rows}
    fresh = []
    for line in lines:
        asset = known.get(line.asset)
        if asset is None:
            done.rejected.append((line.place, known.refusal(session, line.asset)))
            continue
        before = there.get(line.external_id)
        if before is None:
            there[line.external_id] = (asset.id, line.action)
            fresh.append((line, asset))
        elif before == (asset.id, line.action):
            done.duplicates += 1
        else:
            reason = f"you have recorded another use under the id {line.external_id}"
            done.rejected.append((line.place, f"{reason}; give every use a UUID of its own"))
    return fresh


def _rows(
    session: Session, fresh: Sequence[tuple[UseLine, KnownAsset]], *, arrived: datetime, done: Recorded
) -> list[Row]:
    deals = known_deals(session, {line.deal for line, _ in fresh if line.deal is not None})
    rows = []
    for line, asset in fresh:
        if line.version is None:
            taken = time_of_use(line.occurred_at, sent=line.sent_at, arrived=arrived)
            version_id = asset.version_at(taken)
        elif (version_id := numbered_version(session, asset, line.version)) is None:
            done.rejected.append((line.place, f"{asset.slug} has no version {line.version}"))
            continue
        rows.append(row_of(line, asset, version_id, deals, arrived))
    return rows
