"""Writing and finding uses by the thousand, in half the time that general statements take: an import brings millions.

On SQLite the driver's own `executemany` with values as they are stored, and lists as JSON; on PostgreSQL one statement
with an array for each column.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, DateTime, Dialect, Integer, String, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection

from hub.db import UtcDateTime
from hub.usage.models import uses

_COLUMNS = tuple(column.name for column in uses.columns if not column.primary_key)
_NAMES = ", ".join(_COLUMNS)
_TIMES = tuple(isinstance(column.type, UtcDateTime) for column in uses.columns if not column.primary_key)


def insert_uses(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """`rows` by column; a column that a row has not is NULL."""
    if connection.dialect.name == "postgresql":
        columns = tuple([row.get(name) for row in rows] for name in _COLUMNS)
        connection.exec_driver_sql(_from_arrays(), columns)
    elif rows:
        stored = _stored(connection.dialect)
        places = list(zip(_COLUMNS, _TIMES, strict=True))
        values = [
            tuple(stored(row[name]) if is_time and row.get(name) else row.get(name) for name, is_time in places)
            for row in rows
        ]
        marks = ", ".join("?" * len(_COLUMNS))
        connection.exec_driver_sql(f'INSERT INTO "use" ({_NAMES}) VALUES ({marks})', values)  # noqa: S608 - our names


def one_of(connection: Connection, column: Column[Any], texts: Sequence[str]) -> ColumnElement[bool]:
    """Whether a column holds one of so many texts: as a single parameter, however many they are."""
    if connection.dialect.name == "postgresql":
        return column == any_(bindparam(None, list(texts), type_=ARRAY(String)))
    return column.in_(select(func.json_each(json.dumps(list(texts))).table_valued("value").c.value))


@lru_cache(maxsize=1)
def _stored(dialect: Dialect) -> Callable[[datetime], Any]:
    """A moment as this database keeps it. A table of uses has few distinct ones: most sources give days."""
    process = UtcDateTime().dialect_impl(dialect).bind_processor(dialect)
    assert process is not None  # noqa: S101 - a decorated type always has one
    return lru_cache(maxsize=50_000)(process)


@lru_cache(maxsize=1)
def _from_arrays() -> str:
    kinds = [_kind(uses.columns[name].type) for name in _COLUMNS]
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    return f'INSERT INTO "use" ({_NAMES}) SELECT * FROM unnest({arrays})'  # noqa: S608 - our own names


def _kind(column_type: Any) -> str:
    if isinstance(column_type, UtcDateTime | DateTime):
        return "timestamptz"
    return "integer" if isinstance(column_type, Integer) else "text"
