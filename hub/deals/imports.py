"""Deals and their stage history from tables of other systems: CSV rows, known by the source's id, taken in batches.

A row that is as it was changes nothing, and rows may come in any order: a stage entry waits for its deal. Columns that
the hub has no use for are kept. A batch is one transaction: after a run that was killed the next one does the rest.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from hub.db import Database
from hub.deals.changes import Changes, take_deals, wait_for_others
from hub.deals.history import StageChanges, take_stages
from hub.deals.import_rows import (
    DEAL_COLUMNS,
    DEAL_REQUIRED,
    SEVERAL,
    STAGE_COLUMNS,
    STAGE_REQUIRED,
    DealMapping,
    DealReader,
    StageMapping,
    StageReader,
)
from hub.deals.lines import DealLine, StageLine
from hub.deals.telling import tell_batch
from hub.deals.words import Lookup, Names
from hub.errors import Conflict
from hub.imports.csv_rows import Row, columns_for, reading
from hub.imports.joins import Joins
from hub.imports.mapping import Mapping, Meaning, read_lines
from hub.imports.patience import patiently
from hub.imports.report import ImportReport, Tally
from hub.people.roles import HUB, Actor, Deed, require

BATCH = 2_000
_TRIES = 3
L = TypeVar("L", DealLine, StageLine)
Progress = Callable[[int], None]


def import_deals(
    database: Database,
    file: BinaryIO,
    *,
    actor: Actor = HUB,
    mapping: DealMapping = DealMapping(),  # noqa: B008 - never changed
    beside: Path | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Read a table of deals to its end. `beside` is the folder with the files that the mapping joins; `progress` is
    told how many bytes are done.

    After an Unavailable the same call goes on from there. Raises NotAllowed, Invalid for a file or a mapping that
    cannot be used at all; what is wrong with single rows stands in the report.
    """
    require(actor, Deed.IMPORT_DEALS)
    with reading(file, what="deals") as table:
        joins = Joins(mapping.join, mapping, beside, present=table.columns)
        present = [*table.columns, *joins.columns]
        columns = _columns(present, mapping, DEAL_COLUMNS, DEAL_REQUIRED, "deals")
        meaning = Meaning(columns, mapping, present=present, several=SEVERAL)
        reader = DealReader(meaning, mapping)
        running = _Import(database, actor, meaning, mapping.source, reader.line, take_deals)
        for batch in table.batches(BATCH):
            running.take([joins.extended(row) for row in batch])
            if progress is not None:
                progress(table.position())
    return running.tally.report()


def import_stages(
    database: Database,
    file: BinaryIO,
    *,
    actor: Actor = HUB,
    mapping: StageMapping = StageMapping(),  # noqa: B008 - never changed
    progress: Progress | None = None,
) -> ImportReport:
    """Read a table of stage entries to its end, as `import_deals` does. An entry whose deal nobody knows yet waits for
    it, and counts as new."""
    require(actor, Deed.IMPORT_DEALS)
    with reading(file, what="stages") as table:
        columns = _columns(table.columns, mapping, STAGE_COLUMNS, STAGE_REQUIRED, "stages")
        meaning = Meaning(columns, mapping, present=table.columns)
        reader = StageReader(meaning, mapping)
        running = _Import(database, actor, meaning, mapping.source, reader.line, take_stages)
        for batch in table.batches(BATCH):
            running.take(batch)
            if progress is not None:
                progress(table.position())
    return running.tally.report()


def _columns(
    present: Sequence[str], mapping: Mapping, ours: Sequence[str], required: Sequence[str], what: str
) -> dict[str, str]:
    needed = [name for name in required if name not in mapping.defaults]
    return columns_for(present, mapping.columns, ours=ours, required=needed, what=what)


class _Import(Generic[L]):
    """A table on its way in, batch by batch."""

    def __init__(
        self,
        database: Database,
        actor: Actor,
        meaning: Meaning,
        source: str,
        line_of: Callable[[Row], L | None],
        step: Callable[[Session, Lookup, Sequence[L]], Changes | StageChanges],
    ) -> None:
        self.tally = Tally()
        self._database, self._actor, self._meaning = database, actor, meaning
        self._line_of: Callable[[Row], L | None] = line_of
        self._step: Callable[[Session, Lookup, Sequence[L]], Changes | StageChanges] = step
        self._names = Names(source)

    def take(self, rows: Sequence[Row]) -> None:
        """Nothing of a batch counts before it is committed."""
        lines = list(read_lines(rows, self._line_of, self._meaning, self.tally))
        if not lines:
            return
        done = patiently(self._take, lines)
        new, changed, unchanged = done.counts
        self.tally.new += new
        self.tally.changed += changed
        self.tally.unchanged += unchanged
        self.tally.added_terms += done.added_terms
        self._names.new_words.update(term.vocabulary for term in done.added_terms)
        for row, column, reason in done.refused:
            self.tally.reject(row, self._meaning.column(column), reason)

    def _take(self, lines: Sequence[L]) -> Changes | StageChanges:
        for _ in range(_TRIES):
            try:
                return self._take_once(lines)
            except IntegrityError:
                # Somebody merged or removed a term between our look and our write: look again.
                self._names.forget()
            except BaseException:
                self._names.forget()
                raise
        raise Conflict("The taxonomy changes faster than the import can read it. Import the file again.")

    def _take_once(self, lines: Sequence[L]) -> Changes | StageChanges:
        with self._database.transaction() as session:
            wait_for_others(session)
            done = self._step(session, Lookup(session, self._actor, self._names), lines)
            tell_batch(session, self._actor, self._names.source, done)
        return done
