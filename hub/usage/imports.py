"""Uses from tables of other systems: CSV rows, known by the source's id, taken in batches.

A row that is as it was changes nothing, one that changed corrects the use. Rows may come in any order, and before their
deals: such a use waits. A batch is one transaction: after a run that was killed the next one does the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from hub import clock
from hub.db import Database
from hub.deals.words import MOST_PEOPLE, Lookup, Names
from hub.errors import Conflict
from hub.events.names import EventName
from hub.imports.bulk import insert_rows, is_one_of, update_rows
from hub.imports.csv_rows import columns_for, reading
from hub.imports.mapping import Meaning, read_lines
from hub.imports.patience import patiently
from hub.imports.report import ImportReport, Tally
from hub.people.roles import HUB, Actor, Deed, require
from hub.taxonomy.nearest import shown
from hub.usage.capture import Row, row_of, tell, wait_for_same
from hub.usage.import_rows import COLUMNS, REQUIRED, UseMapping, UseReader
from hub.usage.joining import join_waiting
from hub.usage.known import DealRef, KnownAsset, KnownAssets, known_deals
from hub.usage.lines import UseLine
from hub.usage.models import uses

# Each batch rewrites most pages of the indexes by asset and deal, so few large ones cost half of many small ones.
BATCH = 20_000
CHANNEL = "import"
_TRIES = 3
_EXPLAINED = 20
_CORRECTED = ("asset_id", "version_id", "person_id", "deal_id", "deal_source", "deal_ref", "action", "channel")
_TIMES = ("occurred_at", "said_at", "recorded_at")
_THERE = select(
    *(uses.c[name] for name in ("id", "external_id", "deal_named_at", *_CORRECTED, *_TIMES)),
).where(uses.c.source == bindparam("of"))


def import_uses(
    database: Database,
    file: BinaryIO,
    *,
    actor: Actor = HUB,
    mapping: UseMapping = UseMapping(),  # noqa: B008 - never changed
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Read a table of uses to its end. `progress` is told how many bytes are done.

    After an Unavailable the same call goes on from there. Raises NotAllowed, Invalid for a file or a mapping that
    cannot be used at all; what is wrong with single rows stands in the report.
    """
    require(actor, Deed.IMPORT_USES)
    patiently(join_waiting, database)
    with reading(file, what="uses") as table:
        needed = [name for name in REQUIRED if name not in mapping.defaults]
        columns = columns_for(table.columns, mapping.columns, ours=COLUMNS, required=needed, what="uses")
        meaning = Meaning(columns, mapping, present=table.columns)
        reader = UseReader(meaning, mapping)
        running = _Import(database, actor, meaning, mapping.source)
        for batch in table.batches(BATCH):
            running.take(list(read_lines(batch, reader.line, meaning, running.tally)))
            if progress is not None:
                progress(table.position())
    return running.tally.report()


@dataclass
class _Taken:
    """What one batch did. `refused` are (row, our column, reason)."""

    new: list[Row] = field(default_factory=list)
    changed: list[Row] = field(default_factory=list)
    unchanged: int = 0
    refused: list[tuple[int, str, str]] = field(default_factory=list)


class _Import:
    """A table on its way in, batch by batch."""

    def __init__(self, database: Database, actor: Actor, meaning: Meaning, source: str) -> None:
        self.tally = Tally()
        self._database, self._actor, self._meaning, self._source = database, actor, meaning, source
        self._names = Names(source)
        self._assets = KnownAssets(actor, explained=_EXPLAINED)

    def take(self, lines: Sequence[UseLine]) -> None:
        """Nothing of a batch counts before it is committed."""
        if not lines:
            return
        done = patiently(self._take, lines)
        self.tally.new += len(done.new)
        self.tally.changed += len(done.changed)
        self.tally.unchanged += done.unchanged
        for row, column, reason in done.refused:
            self.tally.reject(row, self._meaning.column(column), reason)

    def _take(self, lines: Sequence[UseLine]) -> _Taken:
        for _ in range(_TRIES):
            try:
                return self._take_once(lines)
            except IntegrityError:
                self._names.forget()  # a person or a term of ours went meanwhile: look again
            except BaseException:
                self._names.forget()
                raise
        raise Conflict("The people change faster than the import can read them. Import the file again.")

    def _take_once(self, lines: Sequence[UseLine]) -> _Taken:
        with self._database.transaction() as session:
            wait_for_same(session, self._source)
            done = _Batch(session, self._actor, self._source, self._assets, self._names).take(lines)
            if touched := [*done.new, *done.changed]:
                tell(session, EventName.USES_IMPORTED, self._actor, self._source, touched)
        return done


class _Batch:
    """Some lines in one transaction."""

    def __init__(self, session: Session, actor: Actor, source: str, assets: KnownAssets, names: Names) -> None:
        self._session, self._source, self._assets = session, source, assets
        self._lookup = Lookup(session, actor, names)
        self._arrived = clock.now()
        self._done = _Taken()

    def take(self, lines: Sequence[UseLine]) -> _Taken:
        self._assets.learn(self._session, (line.asset for line in lines))
        deals = known_deals(self._session, {line.deal for line in lines if line.deal is not None})
        self._lookup.learn_people(dict.fromkeys(line.person for line in lines if line.person))
        there = self._there([line.external_id for line in lines])
        for line in lines:
            if (asset := self._usable(line)) is not None:
                self._put(line, asset, deals, there.get(line.external_id))
        self._write()
        return self._done

    def _there(self, ids: Sequence[str]) -> dict[str, Any]:
        query = _THERE.where(is_one_of(self._session, uses.c.external_id, ids))
        rows = self._session.connection().execute(query, {"of": self._source}).mappings()
        return {row["external_id"]: row for row in rows}

    def _usable(self, line: UseLine) -> KnownAsset | None:
        """The line's asset, unless the line has to be refused."""
        asset = self._assets.get(line.asset)
        if asset is None:
            self._refuse(line, "asset_id", self._assets.refusal(self._session, line.asset))
        elif line.person and self._lookup.person(line.person) is None:
            limit = f"too long, or the {MOST_PEOPLE:,} people are used up"
            self._refuse(line, "person", f"{shown(line.person)} cannot become a person: {limit}")
            return None
        return asset

    def _put(
        self, line: UseLine, asset: KnownAsset, deals: Mapping[DealRef, int], known: Mapping[str, Any] | None
    ) -> None:
        row = self._row(line, asset, deals)
        if known is None:
            row["channel"] = line.channel or CHANNEL
            self._done.new.append(row)
        elif change := _change(line, row, known):
            self._done.changed.append({**known, **change})
        else:
            self._done.unchanged += 1

    def _row(self, line: UseLine, asset: KnownAsset, deals: Mapping[DealRef, int]) -> Row:
        row = row_of(line, asset, None, deals, self._arrived)
        row["version_id"] = asset.version_at(row["occurred_at"])
        person_id = self._lookup.person(line.person) if line.person else None
        return row | {"source": self._source, "person_id": person_id, "recorded_at": _recorded(line, self._arrived)}

    def _write(self) -> None:
        insert_rows(self._session, uses, self._done.new)
        columns = ("id", *_CORRECTED, *_TIMES)
        update_rows(self._session, uses, [{name: row[name] for name in columns} for row in self._done.changed])

    def _refuse(self, line: UseLine, column: str, reason: str) -> None:
        self._done.refused.append((line.place, column, reason))


def _recorded(line: UseLine, arrived: datetime) -> datetime | None:
    return min(line.recorded_at, arrived) if line.recorded_at is not None else None


def _change(line: UseLine, row: Row, known: Mapping[str, Any]) -> Row:
    """What a row says otherwise than what is known. What it says nothing of stays, also which deal a person named."""
    change = {name: row[name] for name in ("asset_id", "action") if row[name] != known[name]}
    if line.occurred_at != (known["said_at"] or known["occurred_at"]):
        change |= {name: row[name] for name in ("occurred_at", "said_at")}
    if "asset_id" in change or "occurred_at" in change:
        change["version_id"] = row["version_id"]
    said: dict[str, bool] = {
        "person_id": line.person is not None,
        "channel": line.channel is not None,
        "recorded_at": line.recorded_at is not None,
    }
    change |= {name: row[name] for name, is_said in said.items() if is_said and row[name] != known[name]}
    if line.deal is not None and known["deal_named_at"] is None:
        names = ("deal_id", "deal_source", "deal_ref")
        if any(row[name] != known[name] for name in names):
            change |= {name: row[name] for name in names}
    return change
