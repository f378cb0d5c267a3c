"""How another system's tables are to be read: a TOML file with a section for each table, written once and kept.

source = "crm"                      # the system that deals come from; `csv` when left out

[deals.columns]                     # ours = "theirs"; one of theirs may be read as several of ours
deal_id = "opportunity_id"
[deals.values.outcome]              # by our column: "what they write" = "what it means"
"Closed Won" = "won"
[deals.defaults]                    # where their cell is empty or there is no such column
currency = "EUR"
"""

import tomllib
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from hub.errors import Invalid
from hub.imports.csv_rows import Row
from hub.imports.report import Refused, Tally
from hub.taxonomy.nearest import folded, nearest_names, shown

SECTIONS = ("assets", "deals", "stages", "uses")
SOURCE = "csv"
SourceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:[-_.][a-z0-9]+)*$", max_length=50)]
M = TypeVar("M", bound="Mapping")
L = TypeVar("L")


class Mapping(BaseModel):
    """What every section can say. A room that can say more of its tables has a class of its own below this one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: SourceName = SOURCE
    columns: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    defaults: dict[str, str] = {}

    @classmethod
    def read(cls: type[M], text: str, *, section: str, ours: Sequence[str]) -> M:
        """The section for one table with the columns `ours`. Raises Invalid that names the place."""
        tables = _toml(text)
        try:
            given = {"source": tables["source"]} if "source" in tables else {}
            mapping = cls.model_validate(given | tables.get(section, {}))
        except ValidationError as error:
            place = ".".join([section, *(str(part) for part in error.errors()[0]["loc"])])
            raise Invalid(f"The mapping cannot be used: {place}: {error.errors()[0]['msg']}.") from None
        for what, named in (("values", mapping.values), ("a default", mapping.defaults)):
            if unknown := sorted(set(named) - set(ours)):
                near = ", ".join(nearest_names(unknown[0], ours))
                raise Invalid(f"The mapping has {what} of {shown(unknown[0])}, which is no column; nearest: {near}.")
        return mapping


class Meaning:
    """A table's rows in our columns, with the mapping's values and defaults. `columns` is theirs by ours, `present`
    all of theirs; the cells of the columns in `several` hold several values joined by `;`."""

    def __init__(
        self, columns: dict[str, str], mapping: Mapping, *, present: Sequence[str], several: Sequence[str] = ()
    ) -> None:
        self._theirs = columns
        self._left_over = [name for name in present if name and name not in set(columns.values())]
        self._values = {
            column: {folded(theirs): ours for theirs, ours in values.items()}
            for column, values in mapping.values.items()
        }
        self._as_it_is = list(columns.items())
        self._otherwise = [
            (name, {} if name in several else self._values.get(name, {}), mapping.defaults.get(name, ""))
            for name in sorted({*self._values, *mapping.defaults} & {*columns, *mapping.defaults})
        ]

    def column(self, ours: str) -> str:
        """As the file calls it."""
        return self._theirs.get(ours, ours)

    def of(self, row: Row) -> dict[str, str]:
        """The cells by our columns, without white space around them; only of those that the file or a default has."""
        cells = row.cells
        given = {name: cells.get(theirs, "").strip() for name, theirs in self._as_it_is}
        for name, values, default in self._otherwise:
            cell = given.get(name, "")
            given[name] = (values.get(folded(cell), cell) if values else cell) or default
        return given

    def untouched(self, row: Row, column: str) -> str:
        """The cell as it stands: for texts, whose white space means something."""
        return row.cells.get(self.column(column), "")

    def several(self, column: str, cell: str) -> list[str]:
        """The values of a cell that holds several, each with its own meaning."""
        values = self._values.get(column, {})
        return [word for part in cell.split(";") if (word := " ".join(values.get(folded(part), part).split()))]

    def left_over(self, row: Row) -> dict[str, str]:
        """What stands in columns that the hub has no use for."""
        cells = row.cells
        return {name: text for name in self._left_over if (text := cells.get(name, "").strip())}


def read_lines(rows: Sequence[Row], line_of: Callable[[Row], L | None], meaning: Meaning, tally: Tally) -> Iterator[L]:
    """What `line_of` makes of the rows; it raises Refused for one that is of no use, and answers None for one that
    repeats another. Both are counted in the tally."""
    for row in rows:
        try:
            if row.fault is not None:
                tally.reject(row.number, *row.fault)
            elif (line := line_of(row)) is not None:
                yield line
            else:
                tally.unchanged += 1
        except Refused as refused:
            tally.reject(row.number, meaning.column(refused.column), refused.reason)


def _toml(text: str) -> dict[str, Any]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"The mapping is not TOML: {error}.") from None
    known = ("source", *SECTIONS)
    if unknown := [name for name in tables if name not in known]:
        near = ", ".join(nearest_names(unknown[0], known))
        raise Invalid(f"The mapping has a section {shown(unknown[0])}, which nothing reads; nearest: {near}.")
    for name in SECTIONS:
        if not isinstance(tables.get(name, {}), dict):
            raise Invalid(f"The mapping cannot be used: {name} must be a section, as in [{name}.columns].")
    return tables
