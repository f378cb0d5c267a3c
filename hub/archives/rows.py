"""How the values of a row are written in a backup, and read again for the columns of any database.

A row is a JSON list. Times are RFC 3339 in UTC, dates ISO 8601, bytes Base64, decimal numbers strings; JSON columns
stand as they are. Reading is strict, because SQLite would take any value into any column.
"""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Date, DateTime, Float, Integer, LargeBinary, Numeric, String

Reader = Callable[[Any], Any]


class WrongValue(ValueError):
    """A value that its column cannot hold; the message says which and why, not the value: it may be a secret."""


def written(values: Sequence[Any]) -> bytes:
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), default=_as_text)
    return text.encode() + b"\n"


def reader_of(columns: Sequence[Column[Any]]) -> Callable[[bytes], dict[str, Any]]:
    """A function that makes a line the values of a row by column name, or raises WrongValue."""
    readers = [(column.name, _reader_of(column)) for column in columns]

    def read(line: bytes) -> dict[str, Any]:
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise WrongValue("is not JSON") from error
        if not isinstance(values, list) or len(values) != len(readers):
            raise WrongValue(f"is not a list of {len(readers)} values")
        return {name: reader(value) for (name, reader), value in zip(readers, values, strict=True)}

    return read


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"a backup cannot hold a {type(value).__name__}")


def _reader_of(column: Column[Any]) -> Reader:
    convert = next((reader for kind, reader in _READERS if isinstance(column.type, kind)), None)
    if convert is None:
        raise TypeError(f"a backup cannot hold the column {column} of the type {column.type}")
    # A JSON column that takes no NULL may still hold the JSON word null.
    may_be_none = column.nullable or isinstance(column.type, JSON)

    def read(value: Any) -> Any:
        if value is None and may_be_none:
            return None
        try:
            return convert(value)
        except (TypeError, ValueError, ArithmeticError) as error:
            raise WrongValue(f"has a value in {column.name!r} that this column cannot hold") from error

    return read


def _exactly(kind: type) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError
        return value

    return read


def _time(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC)


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise TypeError
    return float(value)


# In this order: Float is a kind of Numeric.
_READERS: list[tuple[type, Reader]] = [
    (JSON, lambda value: value),
    (Boolean, _exactly(bool)),
    (Integer, _exactly(int)),
    (Float, _number),
    (Numeric, Decimal),
    (DateTime, _time),
    (Date, date.fromisoformat),
    (LargeBinary, lambda value: base64.b64decode(value, validate=True)),
    (String, _exactly(str)),
]
