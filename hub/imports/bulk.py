"""Many rows at the price of the driver: no statement is built and no value is bound one by one.

Values are written as the models' own types write them. On PostgreSQL rows go in by COPY, which belongs to the
transaction like any other statement.
"""

import json
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, Column, ColumnElement, Connection, Dialect, Table, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session


def insert_rows(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the columns of the first one; what is left out must be nullable or made by the
    database. Raises IntegrityError as an INSERT does."""
    if not rows:
        return
    columns = [column.name for column in table.columns if column.name in rows[0]]
    connection = session.connection()
    values = _as_written(connection.dialect, table, columns, rows)
    names = ", ".join(columns)
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {table.name} ({names}) FROM STDIN", values)
    else:
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", values)  # noqa: S608 - names of ours


def update_rows(session: Session, table: Table, rows: Sequence[Mapping[str, Any]], *, key: str = "id") -> None:
    """Set the columns that the first row has, in the rows of the table that `key` names."""
    if not rows:
        return
    connection = session.connection()
    columns = [column.name for column in table.columns if column.name in rows[0] and column.name != key]
    values = _as_written(connection.dialect, table, [*columns, key], rows)
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    changes = ", ".join(f"{name} = {mark}" for name in columns)
    connection.exec_driver_sql(f"UPDATE {table.name} SET {changes} WHERE {key} = {mark}", values)  # noqa: S608 - as above


def is_one_of(session: Session, column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """`column IN (…)` with one parameter, whatever their number: a statement with thousands takes longer to build than
    to run, and databases have a limit."""
    if session.get_bind().dialect.name == "postgresql":
        array = bindparam(None, list(values), type_=ARRAY(column.type))
        return column.op("=", is_comparison=True)(any_(array))
    listed = func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(select(listed.c.value))


def _as_written(
    dialect: Dialect, table: Table, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> list[tuple[Any, ...]]:
    """The rows as the driver takes them. Column by column, because a batch has few distinct values of most kinds."""
    written = []
    for name in columns:
        values = list(map(itemgetter(name), rows))
        kind = table.columns[name].type
        process: Callable[[Any], Any] | None = kind.dialect_impl(dialect).bind_processor(dialect)
        if process is not None and isinstance(kind, JSON):
            empty = process({})
            values = [empty if it == {} else process(it) for it in values]
        elif process is not None:
            values = _each_once(process, values)
        written.append(values)
    return list(zip(*written, strict=True))


def _each_once(process: Callable[[Any], Any], values: Sequence[Hashable]) -> list[Any]:
    done = {value: process(value) for value in set(values)}
    return [done[value] for value in values]


def _copy(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    driver = connection.connection.driver_connection
    errors = connection.dialect.loaded_dbapi.Error
    assert driver is not None  # noqa: S101 - only a connection that was given back has none
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except errors as error:
        raise DBAPIError.instance(statement, None, error, errors) from error
