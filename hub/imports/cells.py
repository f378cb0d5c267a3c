"""What single cells say: moments, and words. What says nothing (`n/a`, `null`, `-`) is nothing, not a word."""

import unicodedata
from datetime import UTC, datetime
from functools import lru_cache

from hub.imports.report import Refused
from hub.taxonomy.nearest import shown
from hub.taxonomy.schemas import LABEL_LENGTH

_NOTHING = frozenset({"", "-", "--", "–", "—", "n/a", "#n/a", "null", "none", "nan", "nat"})
_YEARS = range(1970, 2200)
_LONGEST_DATE = 60


def is_nothing(cell: str) -> bool:
    """Whether a cell holds no value: empty, or what programs write where there is none."""
    return len(cell) <= 4 and cell.casefold() in _NOTHING


def required(column: str, cell: str, length: int, *, of: str) -> str:
    """Raises Refused for a cell that holds no value or too long a one."""
    if not cell:
        raise Refused(column, f"there is no {column}; every {of} needs one")
    return bounded(column, cell, length)


def bounded(column: str, cell: str, length: int) -> str:
    if len(cell) > length:
        raise Refused(column, f"{column} has {len(cell)} characters, at most {length} are allowed; shorten it")
    return cell


def word(column: str, cell: str) -> str:
    """A word of a vocabulary on one line; "" for none. Raises Refused."""
    tidy = _tidy(cell) if len(cell) <= LABEL_LENGTH else " ".join(cell.split())
    if len(tidy) > LABEL_LENGTH:
        reason = f"{shown(tidy)} is too long for a word; at most {LABEL_LENGTH} characters are allowed"
        raise Refused(column, reason)
    return tidy


@lru_cache(maxsize=20_000)  # a file has few distinct words
def _tidy(cell: str) -> str:
    return "" if is_nothing(cell) else unicodedata.normalize("NFC", " ".join(cell.split()))


def moment(column: str, cell: str, pattern: str = "") -> datetime | None:
    """A date or a date with a time, in UTC; a date is its midnight. `pattern` is strptime's, for what is not ISO 8601.
    Raises Refused."""
    if is_nothing(cell):
        return None
    found = _moment(cell, pattern) if len(cell) <= _LONGEST_DATE else None
    if found is None:
        cure = f"write 2027-03-01, or give the pattern as `dates` in the mapping (it is {pattern or 'ISO 8601'} now)"
        raise Refused(column, f"{shown(cell)} is no date; {cure}")
    if found.year not in _YEARS:
        raise Refused(column, f"{shown(cell)} cannot be: the hub takes the years {_YEARS[0]} to {_YEARS[-1]}")
    return found


@lru_cache(maxsize=50_000)  # a file has few distinct days
def _moment(cell: str, pattern: str) -> datetime | None:
    try:
        found = datetime.strptime(cell, pattern) if pattern else datetime.fromisoformat(cell)  # noqa: DTZ007 - below
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return _moment(cell, "") if pattern else None
