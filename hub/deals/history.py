"""Stage entries: what a source says of the stays of deals in their stages, as known at each time.

An entry is known by deal, stage and the moment of entering. One that says something else now ends the row that said it
before, and stands in a row of its own; nothing is overwritten. Entries of a deal that nobody knows yet wait for it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, select, update
from sqlmodel import Session

from hub import clock
from hub.db import metadata
from hub.deals.lines import Columns, StageLine
from hub.deals.words import MOST_NEW_WORDS, Lookup
from hub.imports.bulk import insert_rows, is_one_of, update_rows
from hub.taxonomy.nearest import shown
from hub.taxonomy.schemas import TermRef

_deals = metadata.tables["deal"]
_entries = metadata.tables["stage_entry"]
_waiting = metadata.tables["waiting_stage"]

Stay = tuple[int, datetime]  # stage id, entered


@dataclass
class StageChanges:
    """What lines did to the history. `moved` is by deal: the stage it was in, and the one it is in now. `waiting` of
    the new ones are of deals that nobody knows yet."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    waiting: int = 0
    deals: set[int] = field(default_factory=set)
    moved: dict[int, tuple[int | None, int | None]] = field(default_factory=dict)
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    added_terms: list[TermRef] = field(default_factory=list)

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.new, self.changed, self.unchanged


def take_stages(session: Session, lookup: Lookup, lines: Sequence[StageLine]) -> StageChanges:
    """Make the history hold the lines, each another entry; entries that no line names stay. As for `take_deals`, the
    caller has asked who may, and waited for others."""
    done = StageChanges()
    lookup.learn_terms("deal_stages", (line.stage for line in lines))
    usable = []
    for line in lines:
        if lookup.term("deal_stages", line.stage) is not None:
            usable.append(line)
        else:
            reason = f"the file brings more than {MOST_NEW_WORDS:,} new stages, so {shown(line.stage)} is not added"
            done.refused.append((line.place, "stage", f"{reason}; is this the column of the stage?"))
    deals = deals_of(session, lookup.source, {line.external_id for line in usable})
    now = clock.now()
    _take_known(session, lookup, [(deals[it.external_id], it) for it in usable if it.external_id in deals], now, done)
    _keep_waiting(session, lookup, [it for it in usable if it.external_id not in deals], now, done)
    done.added_terms = lookup.added
    return done


def replace_stages(session: Session, lookup: Lookup, external_id: str, lines: Sequence[StageLine]) -> StageChanges:
    """The whole history of one deal: entries that no line names are known no longer."""
    done = take_stages(session, lookup, lines)
    [deal] = deals_of(session, lookup.source, [external_id]).values()
    said = {(lookup.term("deal_stages", line.stage), line.entered_at) for line in lines}
    there = current_entries(session, [deal.id])[deal.id]
    gone = [row["id"] for stay, row in there.items() if stay not in said]
    if gone:
        _supersede(session, gone, clock.now())
        done.changed += len(gone)
        done.deals.add(deal.id)
        done.moved |= _restage(session, [deal], current_entries(session, [deal.id]))
    return done


class KnownDeal(NamedTuple):
    id: int
    stage_id: int | None
    stated_stage_id: int | None


def deals_of(session: Session, source: str, external_ids: Collection[str]) -> dict[str, KnownDeal]:
    """The deals that the hub knows, by external id."""
    columns = (_deals.c.external_id, _deals.c.id, _deals.c.stage_id, _deals.c.stated_stage_id)
    query = select(*columns).where(is_one_of(session, _deals.c.external_id, external_ids), _deals.c.source == source)
    return {row[0]: KnownDeal(*row[1:]) for row in session.connection().execute(query)}


def current_entries(session: Session, deal_ids: Collection[int]) -> dict[int, dict[Stay, Columns]]:
    """What is known now, by deal and stay."""
    found: dict[int, dict[Stay, Columns]] = {deal_id: {} for deal_id in deal_ids}
    columns = [_entries.c[name] for name in ("id", "deal_id", "stage_id", "entered_at", "left_at", "result")]
    wanted = is_one_of(session, _entries.c.deal_id, found)
    for row in (
        session.connection().execute(select(*columns).where(wanted, _entries.c.superseded_at.is_(None))).mappings()
    ):
        found[row["deal_id"]][row["stage_id"], row["entered_at"]] = row
    return found


def adopt_waiting(session: Session, source: str, deals: Mapping[str, KnownDeal]) -> None:
    """Give deals that have just come, by external id, the entries that waited for them."""
    connection = session.connection()
    query = select(_waiting).where(is_one_of(session, _waiting.c.external_id, deals), _waiting.c.source == source)
    waiting = connection.execute(query).mappings().all()
    if not waiting:
        return
    insert_rows(session, _entries, [_entry(deals[row["external_id"]].id, row, row["learnt_at"]) for row in waiting])
    connection.execute(delete(_waiting).where(is_one_of(session, _waiting.c.id, [row["id"] for row in waiting])))
    adopting = list({deal.id: deal for row in waiting if (deal := deals[row["external_id"]])}.values())
    _restage(session, adopting, current_entries(session, [deal.id for deal in adopting]))


def _take_known(
    session: Session, lookup: Lookup, pairs: Sequence[tuple[KnownDeal, StageLine]], now: datetime, done: StageChanges
) -> None:
    if not pairs:
        return
    deals = {deal.id: deal for deal, _ in pairs}
    there = current_entries(session, deals)
    new: dict[tuple[int, Stay], dict[str, Any]] = {}
    corrected = []
    for deal, line in pairs:
        said = _said(lookup, line)
        stay = (said["stage_id"], line.entered_at)
        known = there[deal.id].get(stay)
        if known is None:
            done.new += 1
        elif _same(known, said):
            done.unchanged += 1
            continue
        else:
            done.changed += 1
            if not isinstance(known, dict):  # not a row of this very batch, by another word for the same stage
                corrected.append(known["id"])
        there[deal.id][stay] = new[deal.id, stay] = said | {"deal_id": deal.id, "learnt_at": now}
    _supersede(session, corrected, now)
    insert_rows(session, _entries, list(new.values()))
    done.deals = {deal_id for deal_id, _ in new}
    done.moved = _restage(session, [deals[deal_id] for deal_id in done.deals], there)


def _keep_waiting(
    session: Session, lookup: Lookup, lines: Sequence[StageLine], now: datetime, done: StageChanges
) -> None:
    if not lines:
        return
    connection = session.connection()
    query = select(_waiting).where(is_one_of(session, _waiting.c.external_id, {it.external_id for it in lines}))
    there: dict[tuple[str, Stay], Columns] = {
        (row["external_id"], (row["stage_id"], row["entered_at"])): row
        for row in connection.execute(query.where(_waiting.c.source == lookup.source)).mappings()
    }
    corrected = []
    new: dict[tuple[str, Stay], dict[str, Any]] = {}
    for line in lines:
        said = _said(lookup, line)
        key = (line.external_id, (said["stage_id"], line.entered_at))
        known = there.get(key)
        if known is not None and _same(known, said):
            done.unchanged += 1
            continue
        if known is None:
            done.new += 1
        else:
            done.changed += 1
            if not isinstance(known, dict):
                corrected.append(known["id"])
        there[key] = new[key] = said | {"source": lookup.source, "external_id": line.external_id, "learnt_at": now}
    done.waiting = len(new)
    if corrected:
        connection.execute(delete(_waiting).where(is_one_of(session, _waiting.c.id, corrected)))
    insert_rows(session, _waiting, list(new.values()))


def _said(lookup: Lookup, line: StageLine) -> dict[str, Any]:
    stage_id = lookup.term("deal_stages", line.stage)
    return {"stage_id": stage_id, "entered_at": line.entered_at, "left_at": line.left_at, "result": line.result}


def _same(known: Columns, said: Columns) -> bool:
    return bool(known["left_at"] == said["left_at"] and known["result"] == said["result"])


def _entry(deal_id: int, said: Columns, learnt_at: datetime) -> dict[str, Any]:
    kept = {name: said[name] for name in ("stage_id", "entered_at", "left_at", "result")}
    return kept | {"deal_id": deal_id, "learnt_at": learnt_at}


def _supersede(session: Session, entry_ids: Sequence[int], now: datetime) -> None:
    if entry_ids:
        ended = update(_entries).where(is_one_of(session, _entries.c.id, entry_ids)).values(superseded_at=now)
        session.connection().execute(ended)


def _restage(
    session: Session, deals: Iterable[KnownDeal], there: Mapping[int, Mapping[Stay, Columns]]
) -> dict[int, tuple[int | None, int | None]]:
    """Put the deals into the last stage of their history, or the stated one without any; answers which have moved."""
    moved = {
        deal.id: (deal.stage_id, after)
        for deal in deals
        if (after := last_stage(there[deal.id].values(), deal.stated_stage_id)) != deal.stage_id
    }
    now = clock.now()
    rows = [{"id": deal_id, "stage_id": after, "updated_at": now} for deal_id, (_, after) in moved.items()]
    update_rows(session, _deals, rows)
    return moved


def last_stage(entries: Iterable[Columns], stated: int | None) -> int | None:
    """The stage that was entered last; of several at one moment the one that the deal has not left, then the one that
    it left last."""
    last = max(entries, key=_order, default=None)
    return stated if last is None else last["stage_id"]


def _order(entry: Columns) -> tuple[datetime, bool, datetime, int]:
    left = entry["left_at"]
    return entry["entered_at"], left is None, left or entry["entered_at"], entry["stage_id"]
