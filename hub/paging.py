"""Lists by cursor: stable under inserts, and as cheap on page 1,000 as on the first."""

import base64
import json
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from hub.errors import Fault, Invalid

DEFAULT_LIMIT = 20
MAX_LIMIT = 200


T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """The one shape of every list: the rows, how many there are in all, and the cursor of the next page if any."""

    items: list[T]
    total: int
    next: str | None


def cursor_of(*position: Any) -> str:
    """An opaque cursor for the position of the last row shown (its sort values, the unique one last)."""
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode().rstrip("=")


def position_of(cursor: str | None, *types: type) -> list[Any] | None:
    """The position a cursor stands for, None for the first page. Raises Invalid when it isn't one of ours."""
    if not cursor:
        return None
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not (isinstance(position, list) and [type(value) for value in position] == list(types)):
            raise ValueError(cursor)
        for value in position:  # what no database takes
            if isinstance(value, int) and abs(value) >= 2**63:
                raise ValueError(cursor)
            if isinstance(value, str) and ("\x00" in value or not value.isprintable()):
                raise ValueError(cursor)
    except (ValueError, RecursionError):
        fault = Fault(("query", "cursor"), "this cursor is not one that this list gave out; start without a cursor")
        raise Invalid("The cursor cannot be read.", errors=[fault]) from None
    return position
