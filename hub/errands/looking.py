"""A look at the beginning of a file before anything is written: its columns, a few rows, how they would be read, and
what of it is known already. Reads at most two megabytes and a thousand rows, whatever the size of the file."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session

from hub.deals.models import Outcome
from hub.errands.tables import Importable
from hub.errors import HubError
from hub.imports import guessing
from hub.imports.csv_rows import Row, columns_for, reading
from hub.imports.mapping import Mapping as Rules
from hub.imports.report import RejectedRow, Tally

LOOKED_AT = 2_000_000
MOST_ROWS = 1_000
SHOWN_ROWS = 8
MOST_WORDS = 24
_LONGEST_SHOWN = 120
ENDS = (Outcome.WON.value, Outcome.LOST.value)


@dataclass(frozen=True)
class Look:
    """`rows` are cells by their columns. `words` are what stands in the columns whose words have to be ours, the most
    frequent first. `usable` of the `read` rows can be taken, `known` of these are in the hub; `problem` is why none can
    be read with these rules. `whole` is whether this is all of the file."""

    columns: list[str]
    rows: list[list[str]]
    numbers: list[int]
    words: dict[str, list[str]] = field(default_factory=dict)
    read: int = 0
    usable: int = 0
    known: int = 0
    refused: list[RejectedRow] = field(default_factory=list)
    problem: HubError | None = None
    whole: bool = True


def columns_of(data: bytes, what: str) -> list[str]:
    """Raises Invalid for what is no CSV."""
    with reading(io.BytesIO(data), what=what) as table:
        return [name for name in table.columns if name]


def look(session: Session, table: Importable, data: bytes, rules: Rules, *, whole: bool) -> Look:
    """`data` is the beginning of the file. Raises Invalid for what is no CSV at all."""
    with reading(io.BytesIO(data), what=table.name) as csv:
        rows: list[Row] = []
        for row in csv.rows():
            rows.append(row)
            if len(rows) > MOST_ROWS:
                break
        present = list(csv.columns)
    if (len(rows) > MOST_ROWS or not whole) and rows:
        rows, whole = rows[:-1], False  # the last one may be cut
    names = [name for name in present if name]
    shown = [[_sound(row.cells.get(name, "")) for name in names] for row in rows[:SHOWN_ROWS]]
    begun = Look(names, shown, [row.number for row in rows[:SHOWN_ROWS]], whole=whole, read=len(rows))
    try:
        needed = [name for name in table.required if name not in rules.defaults]
        columns = columns_for(present, rules.columns, ours=table.columns, required=needed, what=table.name)
    except HubError as problem:
        return _with(begun, problem=problem, words=_words(table, rules.columns, rows))
    tally = Tally()
    lines = table.read(columns, rules, present, rows, tally)
    return _with(
        begun,
        words=_words(table, columns, rows),
        usable=len(rows) - tally.rejected_rows,
        known=table.known(session, rules, lines) if lines else 0,
        refused=tally.rejected,
    )


def guessed(table: Importable, data: bytes, *, based_on: Rules | None = None) -> Rules:
    """Rules to begin with: what `based_on` says of columns that are here, else by their names; and the words of a
    column whose words have to be ours."""
    with reading(io.BytesIO(data), what=table.name) as csv:
        present = [name for name in csv.columns if name]
        rows = [row for row, _ in zip(csv.rows(), range(MOST_ROWS), strict=False)]
    folded = {name.casefold(): name for name in present}
    known = based_on.columns if based_on else {}
    kept = {ours: folded[theirs.casefold()] for ours, theirs in known.items() if theirs.casefold() in folded}
    columns = kept if kept else guessing.columns(table.columns, present)
    if "outcome" in table.required and "outcome" not in columns and "stage" in columns:
        columns["outcome"] = columns["stage"]
    values = {name: dict(words) for name, words in based_on.values.items()} if based_on else {}
    for name, words in _words(table, columns, rows).items():
        meant = {word: guess for word in words if (guess := guessing.meaning(word, table.meanings[name]))}
        already = values.get(name, {})
        values[name] = {word: ours for word, ours in meant.items() if ours != word.casefold()} | already
    without_ends_in_stages(columns, values, _words(table, columns, rows).get("outcome", []))
    fields = based_on.model_dump(exclude={"columns", "values", "join"}) if based_on else {}
    different = {ours: theirs for ours, theirs in columns.items() if ours != theirs.casefold()}
    return table.rules.model_validate(fields | {"columns": different, "values": {k: v for k, v in values.items() if v}})


def without_ends_in_stages(columns: Mapping[str, str], values: dict[str, dict[str, str]], words: Sequence[str]) -> None:
    """Where one of their columns says how a deal ended and, of an open one, in which stage it is: a word for an end
    is no stage. Changes `values`."""
    if not columns.get("outcome") or columns.get("stage") != columns["outcome"]:
        return
    meant = {word: values.get("outcome", {}).get(word) or guessing.meaning(word, ENDS) for word in words}
    stages = {word: ours for word, ours in values.get("stage", {}).items() if ours}
    values["stage"] = stages | {word: "" for word, ours in meant.items() if ours in ENDS}


def _words(table: Importable, columns: Mapping[str, str], rows: Sequence[Row]) -> dict[str, list[str]]:
    found = {}
    for name in table.meanings:
        theirs = columns.get(name, name)
        counted = Counter(_sound(" ".join(row.cells.get(theirs, "").split())) for row in rows)
        words = [word for word, _ in counted.most_common(MOST_WORDS + 1) if word]
        if words:
            found[name] = words[:MOST_WORDS]
    return found


def _sound(cell: str) -> str:
    """The beginning of a cell, as a page can show it: bytes that are no UTF-8 become a sign for that."""
    return cell[:_LONGEST_SHOWN].encode("utf-8", "replace").decode("utf-8").replace("\x00", "?")


def _with(begun: Look, **more: object) -> Look:
    return Look(**{**begun.__dict__, **more})
