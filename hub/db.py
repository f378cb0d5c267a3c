"""The database: one engine, two ways in. `transaction()` writes, `reading()` only looks.

SQLite and PostgreSQL behave alike here: a writer on SQLite takes the write lock at once (BEGIN IMMEDIATE), so two
writers queue instead of failing half-way when a read lock cannot be upgraded; a reader sees one consistent state.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import DateTime, Dialect, Engine, MetaData, create_engine, event, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, SQLModel

from hub.errors import Conflict, HubError, Unavailable

BUSY_SECONDS = 15.0

# Names for constraints, so that a migration can address them on both databases.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC that comes back with its zone on SQLite too, which keeps none."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Database:
    """Opened once by an entrance, closed by it. `on_commit` callbacks run after a commit that recorded events."""

    def __init__(self, url: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        arguments: dict[str, Any] = {"json_serializer": _compact_json}
        if self.is_sqlite:
            # Threads wait for each other by SQLite's own busy time-out, not by the pool's.
            arguments |= {"connect_args": {"timeout": busy_seconds}, "pool_size": 20, "max_overflow": 40}
        else:
            arguments |= {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 30}
        self.engine: Engine = create_engine(parsed, **arguments)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
            self._writer: Engine = self.engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
            self._reader: Engine = self.engine
        else:
            self._writer = self.engine
            self._reader = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self.on_commit: list[Callable[[], None]] = []

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One unit of work: committed when the block ends, rolled back when it raises."""
        with _clear_errors(), Session(self._writer, expire_on_commit=False) as session:
            yield session
            session.commit()
        if session.info.get("events_recorded"):
            for tell in self.on_commit:
                tell()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent look at the data; what is added to the session is never written."""
        with _clear_errors(), Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def rebuilding(self) -> Iterator[Connection]:
        """One transaction in which tables may be rebuilt. SQLite cannot alter most things in place: a migration copies
        the table and drops the old one, which foreign keys forbid as long as they are enforced. So they are not until
        the end, and then all are checked."""
        with _clear_errors(), self._writer.connect() as connection:
            if not self.is_sqlite:
                with connection.begin():
                    yield connection
                return
            with _foreign_keys_checked_at_the_end(connection), connection.begin():
                yield connection
                _check_foreign_keys(connection)

    def ping(self) -> None:
        """Raises Unavailable when the database does not answer."""
        with self.reading() as session:
            session.connection().execute(text("SELECT 1"))

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _clear_errors() -> Iterator[None]:
    """The database's own troubles as one sentence that says what to do; a rule of a table broken stays an error."""
    try:
        yield
    except HubError:
        raise
    except OperationalError as error:
        raise Unavailable(_trouble(str(error.orig)), connection_lost=error.connection_invalidated) from error
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise Unavailable(_trouble("connection lost"), connection_lost=True) from error


def _trouble(message: str) -> str:
    told = message.lower()
    if "locked" in told or "busy" in told:
        return "Another process holds the database. Nothing was written; try again in a moment."
    if "full" in told or "no space" in told:
        return "The disk is full. Nothing was written; free some space and try again."
    if "readonly" in told or "read-only" in told:
        return "The database is read-only: check the rights of the data directory. Nothing was written."
    if "no such table" in told or "does not exist" in told:
        return "The database is not up to date. Run `hub migrate`, then try again."
    return "The database cannot be reached. Nothing was written; try again in a moment."


def _prepare_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # BEGIN is ours (below): the driver would open write transactions too late
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-16000")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))


@contextmanager
def _foreign_keys_checked_at_the_end(connection: Connection) -> Iterator[None]:
    """SQLite ignores this switch inside a transaction, so it goes to the driver before one is begun."""
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - only a connection that was given back has none
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        table, _, parent, _ = broken
        raise Conflict(f"A row of {table} refers to a row of {parent} that is not there. Nothing was written.")


def _compact_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Stored(Protocol):
    id: int | None


def id_of(row: Stored) -> int:
    """The id of a row that the database has seen; before that a row has none, and asking is a mistake in the code."""
    if row.id is None:
        raise ValueError(f"{type(row).__name__} is not stored yet: flush the session first")
    return row.id
