"""One run at a time, over all processes. A process that dies gives its turn back at once, however it died: on
PostgreSQL the turn is an advisory lock of a connection, on SQLite the lock of a file beside the database."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select

from hub.db import Database
from hub.errors import Conflict

_ADVISORY_LOCK = 7_203_205  # any fixed number of its own
_TAKEN = "The evidence is being computed already, by this process or another one; its run shows how far it is."


@contextmanager
def only_one(database: Database) -> Iterator[None]:
    """Raises Conflict when somebody else has the turn."""
    with _on_sqlite(database) if database.is_sqlite else _on_postgres(database):
        yield


@contextmanager
def _on_sqlite(database: Database) -> Iterator[None]:
    file = Path(f"{database.engine.url.database}.evidence")
    with file.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(_TAKEN) from None
        yield


@contextmanager
def _on_postgres(database: Database) -> Iterator[None]:
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as held:
        if not held.execute(select(func.pg_try_advisory_lock(_ADVISORY_LOCK))).scalar():
            raise Conflict(_TAKEN)
        try:
            yield
        finally:
            held.execute(select(func.pg_advisory_unlock(_ADVISORY_LOCK)))
