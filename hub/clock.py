"""The time. Code asks here, so that a test can set it; everything inside the hub is UTC with its zone."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta

# An offset rather than a fixed time: a test that moves the clock still sees it run. A context variable rather than a
# module value: tests in other threads of the same process keep their own time.
_offset: ContextVar[timedelta | None] = ContextVar("clock_offset", default=None)


def now() -> datetime:
    return datetime.now(UTC) + (_offset.get() or timedelta())


def today() -> date:
    return now().date()


@contextmanager
def shifted(by: timedelta) -> Iterator[None]:
    """For tests: everything inside the block happens `by` later. Starlette copies the context into its threads."""
    token = _offset.set((_offset.get() or timedelta()) + by)
    try:
        yield
    finally:
        _offset.reset(token)
