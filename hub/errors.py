"""Business errors. Each carries its HTTP status, so that an entrance only has to let it pass.

422 is for malformed input, 403 for the wrong person, 409 for the wrong state, 404 also for what the caller may not
know to exist. `extra` becomes further members of the problem document (the newer version in a conflict, say).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong place in the input: where it is, and what is wrong and how to cure it."""

    loc: tuple[str | int, ...]
    message: str


class HubError(Exception):
    status = 500
    title = "Something went wrong"

    def __init__(self, detail: str, *, errors: Sequence[Fault] = (), **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.extra = extra


class NotSignedIn(HubError):
    status, title = 401, "Not signed in"


class NotAllowed(HubError):
    status, title = 403, "Not allowed"


class NotFound(HubError):
    status, title = 404, "Not found"


class Conflict(HubError):
    status, title = 409, "Conflict"


class TooLarge(HubError):
    status, title = 413, "Too large"


class Invalid(HubError):
    status, title = 422, "Invalid input"


class TooMany(HubError):
    status, title = 429, "Too many requests"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail, retry_after=retry_after)


class Unavailable(HubError):
    """The database or another part cannot be reached now; nothing was written and the same call may be repeated."""

    status, title = 503, "Unavailable for the moment"

    def __init__(self, detail: str, *, retry_after: int = 1, connection_lost: bool = False) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.connection_lost = connection_lost


class Moved(HubError):
    """The name was changed; the entrance redirects to the current one."""

    status, title = 308, "Moved"

    def __init__(self, old: str, new: str) -> None:
        super().__init__(f"{old} is now called {new}")
        self.old = old
        self.new = new
