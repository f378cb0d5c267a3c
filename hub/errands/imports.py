"""Taking an uploaded file: the bytes to a file of this process, through the table's own import, and what was refused
into a file beside the record. The upload itself is deleted afterwards."""

import tempfile
from collections.abc import Iterator
from typing import IO, Any

from hub.blobs import Blobs
from hub.db import Database
from hub.errands.running import Assignment
from hub.errands.tables import TABLES
from hub.errors import Conflict
from hub.imports import csv_out
from hub.imports.csv_rows import reading
from hub.imports.report import ImportReport

# Of the rejected rows this many stand in the record; the file has all that the report lists.
LISTED = 500
_ADDED_LISTED = 500


def rejected_key(errand_id: int) -> str:
    return f"imports/rejected-{errand_id}"


def take(database: Database, blobs: Blobs, errand: Assignment) -> dict[str, Any]:
    """The report, as JSON, with the first rejected rows. Raises Invalid for a file that is no use at all."""
    table, size = TABLES[errand.given["table"]], int(errand.given["bytes"])
    rules = table.rules_of(errand.given["mapping"])
    with tempfile.TemporaryFile() as file:
        if not blobs.copy_to(errand.given["blob"], file):
            raise Conflict("The file is gone from the store of this hub. Bring it again.")
        file.seek(0)
        report = table.take(
            database, file, errand.actor, rules, bool(errand.given["publish"]), lambda done: errand.progress(done, size)
        )
        if report.rejected:
            _keep_rejected(blobs, rejected_key(errand.id), table.name, file, report)
    blobs.delete(errand.given["blob"])
    told = report.model_dump(mode="json", exclude={"rejected", "added_terms"})
    told["rejected"] = [[it.row, it.column[:200], it.reason[:500]] for it in report.rejected[:LISTED]]
    told["added_terms"] = [[it.vocabulary, it.key, it.label] for it in report.added_terms[:_ADDED_LISTED]]
    told["added"] = len(report.added_terms)
    return told


def _keep_rejected(blobs: Blobs, key: str, what: str, file: IO[bytes], report: ImportReport) -> None:
    """Each rejected row as it was, with the reason beside it."""
    file.seek(0)
    with tempfile.TemporaryFile() as out, reading(file, what=what) as table:  # type: ignore[arg-type]
        names = [name for name in table.columns if name]
        for part in csv_out.lines(["row", "column", "reason", *names], _rows(report, table, names)):
            out.write(part)
        out.seek(0)
        blobs.put_file(key, out)


def _rows(report: ImportReport, table: Any, names: list[str]) -> Iterator[list[object]]:
    reasons = {it.row: it for it in report.rejected}
    last = max(reasons)
    for row in table.rows():
        if row.number > last:
            return
        if (why := reasons.get(row.number)) is not None:
            yield [why.row, why.column, why.reason, *(row.cells.get(name, "") for name in names)]
