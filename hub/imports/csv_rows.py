"""CSV as other systems write it, read row by row: UTF-8 with or without a byte-order mark, comma, semicolon
or tab.

Bounded: a file of any size is never held as a whole, and a row that cannot be read is one refusal.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO, NamedTuple

from hub.errors import Fault, Invalid
from hub.taxonomy.nearest import nearest_names, shown

MOST_COLUMNS = 200
LONGEST_CELL = 1_000_000
_LONGEST_HEADER = 100_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NO_UTF_8 = re.compile("[\udc80-\udcff]")
_UNSOUND = re.compile(f"{_CONTROL.pattern}|{_NO_UTF_8.pattern}")


class Row(NamedTuple):
    """`number` is the row as a spreadsheet counts, the header being 1. `fault` is (column, reason) if it is no use."""

    number: int
    cells: Mapping[str, str]
    fault: tuple[str, str] | None = None


@contextmanager
def reading(file: BinaryIO, *, what: str) -> Iterator["Table"]:
    """The table in a file that stays the caller's to close. Raises Invalid."""
    # Bytes that are no UTF-8 become surrogates: only the rows with them are refused, and they are easy to find.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        yield Table(file, text, what=what)
    finally:
        text.detach()


class Table:
    """The header is read when this is made; the rows when they are asked for."""

    def __init__(self, file: BinaryIO, text: io.TextIOWrapper, *, what: str) -> None:
        """Raises Invalid for a file that is no CSV in UTF-8, or whose header has a name twice."""
        self._file, self._text, self._what = file, text, what
        header = self._text.readline(_LONGEST_HEADER)
        if "\0" in header or header.startswith(("\udcff\udcfe", "\udcfe\udcff")):
            raise Invalid(f"The {what} file is not UTF-8 text. Save it as «CSV UTF-8» and import that.")
        self.delimiter = _delimiter_of(header)
        # The limit is the process's own; every reader of the hub wants the same.
        csv.field_size_limit(LONGEST_CELL)
        self._reader = csv.reader(self._lines(header), delimiter=self.delimiter)
        self.columns = self._names()

    def rows(self) -> Iterator[Row]:
        """Empty lines are no rows, but count in `number`."""
        number = 1
        while True:
            number += 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(number, {}, ("", f"this row cannot be read ({error}); check its quotes"))
                continue
            whole = "".join(cells)
            if whole and not whole.isspace():
                yield self._row(number, cells, whole)

    def batches(self, size: int) -> Iterator[list[Row]]:
        rows = self.rows()
        while batch := list(islice(rows, size)):
            yield batch

    def position(self) -> int:
        """How many bytes were read, for a progress bar."""
        return self._file.tell()

    def _row(self, number: int, cells: Sequence[str], whole: str) -> Row:
        given = dict(zip(self.columns, cells, strict=False))
        if len(cells) > len(self.columns) and any(cell.strip() for cell in cells[len(self.columns) :]):
            counts = f"the row has {len(cells)} cells, the header {len(self.columns)}"
            reason = f"{counts}; put texts with {self.delimiter!r} in quotes"
            return Row(number, given, ("", reason))
        # One look at the whole row: nearly all are sound, and a look at each cell costs more than the reading.
        if _UNSOUND.search(whole):
            return Row(number, given, _first_unsound(given))
        return Row(number, given)

    def _lines(self, header: str) -> Iterator[str]:
        yield header
        while line := self._text.readline(LONGEST_CELL):
            yield line

    def _names(self) -> list[str]:
        names = [unicodedata.normalize("NFC", name).strip() for name in next(self._reader, [])]
        while names and not names[-1]:
            names.pop()
        if not any(names):
            raise Invalid(f"The {self._what} file is empty: its first line must name the columns.")
        if len(names) > MOST_COLUMNS:
            raise Invalid(f"The {self._what} file has {len(names)} columns, at most {MOST_COLUMNS} are read.")
        double = sorted({name for name in names if name and names.count(name) > 1})
        if double:
            raise Invalid(f"The column {shown(double[0])} stands in the header twice. Rename one.")
        return names


def columns_for(
    present: Sequence[str],
    wanted: Mapping[str, str],
    *,
    ours: Sequence[str],
    required: Sequence[str],
    what: str,
) -> dict[str, str]:
    """Their column by ours: one of theirs may be read as several of ours. `wanted` is the mapping's.

    Raises Invalid naming what is missing; `required` may be empty in a row, but must be there as a column.
    """
    if unknown := [name for name in wanted if name not in ours]:
        near = ", ".join(nearest_names(unknown[0], ours))
        raise Invalid(f"The mapping names {shown(unknown[0])}, which is no column of {what}; nearest: {near}.")
    folded = {name.casefold(): name for name in reversed(present) if name}
    found = {name: there for name in ours if (there := folded.get(wanted.get(name, name).casefold())) is not None}
    missing = [name for name in required if name not in found]
    missing += [name for name in wanted if name not in found and name not in missing]
    if missing:
        faults = [Fault(("header", name), f"there is no column {wanted.get(name, name)}") for name in missing]
        there = ", ".join(shown(name) for name in present[:20])
        cure = f'Name yours in a mapping: [{what}.columns] {missing[0]} = "…"'
        raise Invalid(f"The {what} file has no column {missing[0]}; it has {there}. {cure}.", errors=faults)
    return found


def _first_unsound(given: Mapping[str, str]) -> tuple[str, str] | None:
    for name, cell in given.items():
        if _NO_UTF_8.search(cell):
            return name, "this is not UTF-8; save the file as «CSV UTF-8»"
        if found := _CONTROL.search(cell):
            return name, f"a control character (U+{ord(found[0]):04X}) stands here; take it out"
    return None


def _delimiter_of(header: str) -> str:
    """The one that parts the header most often, outside of quotes."""
    plain = re.sub(r'"[^"]*"', "", header)
    return max(",;\t", key=lambda mark: plain.count(mark))
