"""Small tables beside a large one: accounts by their name, teams by their agent. Their columns become columns of each
row of the large table, called `accounts.sector`, so that a mapping can name them.
"""

from collections.abc import Mapping as Cells
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from hub.errors import Invalid
from hub.imports.csv_rows import Row, Table, reading
from hub.imports.mapping import Mapping
from hub.taxonomy.nearest import folded, nearest_names, shown

MOST_ROWS = 200_000


class Join(BaseModel):
    """`[deals.join.accounts]`: the row of `file` (beside the large table) whose `key` is what our column `on` says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    on: str
    key: str


class Joined:
    """A small table in memory, by its key."""

    def __init__(self, name: str, join: Join, folder: Path) -> None:
        """Raises Invalid for a file that cannot be read, has no such column, or has a key twice."""
        try:
            file = (folder / join.file).open("rb")
        except OSError as error:
            trouble = (error.strerror or "unknown trouble").lower()
            raise Invalid(f"The file {shown(join.file)} of [join.{name}] cannot be read: {trouble}.") from None
        with file, reading(file, what=name) as table:
            if join.key not in table.columns:
                near = ", ".join(nearest_names(join.key, table.columns))
                raise Invalid(f"The {name} file has no column {shown(join.key)}; nearest: {near}.")
            self._names = [column for column in table.columns if column != join.key]
            self.columns = [f"{name}.{column}" for column in self._names]
            self._rows = self._read(name, table, join.key)

    def cells_of(self, key: str) -> Cells[str, str]:
        found = self._rows.get(folded(key), ())
        return dict(zip(self.columns, found, strict=False))

    def _read(self, name: str, table: Table, key: str) -> dict[str, Sequence[str]]:
        rows: dict[str, Sequence[str]] = {}
        for row in table.rows():
            if row.fault is not None:
                raise Invalid(f"Row {row.number} of the {name} file cannot be read: {row.fault[1]}.")
            if (known := folded(row.cells.get(key, ""))) in rows:
                raise Invalid(f"{shown(row.cells.get(key, ''))} stands twice in the {name} file; take one of them out.")
            rows[known] = [row.cells.get(column, "") for column in self._names]
            if len(rows) > MOST_ROWS:
                raise Invalid(
                    f"The {name} file has more than {MOST_ROWS:,} rows; a table to join must fit into memory."
                )
        return rows


class Joins:
    """All small tables of a mapping, for a large one with the columns `present`."""

    def __init__(
        self, joins: Cells[str, Join], mapping: Mapping, folder: Path | None, *, present: Sequence[str]
    ) -> None:
        """Raises Invalid, also where there is no folder: an upload brings one file only."""
        self._parts = []
        for name, join in joins.items():
            if folder is None:
                raise Invalid("The mapping joins other files, which an upload cannot bring. Use `hub import` for it.")
            values = {folded(theirs): ours for theirs, ours in mapping.values.get(join.on, {}).items()}
            theirs = _column(mapping.columns.get(join.on, join.on), present, name)
            self._parts.append((theirs, values, Joined(name, join, folder)))

    @property
    def columns(self) -> list[str]:
        return [column for _, _, table in self._parts for column in table.columns]

    def extended(self, row: Row) -> Row:
        """The row with the cells of the rows that it names in the small tables."""
        if not self._parts or row.fault is not None:
            return row
        cells = dict(row.cells)
        for theirs, values, table in self._parts:
            key = row.cells.get(theirs, "")
            cells |= table.cells_of(values.get(folded(key), key))
        return Row(row.number, cells)


def _column(wanted: str, present: Sequence[str], join: str) -> str:
    for column in present:
        if column.casefold() == wanted.casefold():
            return column
    near = ", ".join(nearest_names(wanted, present))
    raise Invalid(f"[join.{join}] is on {shown(wanted)}, which the file has no column for; nearest: {near}.")
