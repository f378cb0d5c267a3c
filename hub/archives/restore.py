"""Making a hub from a backup. Everything is checked first; then the database changes in one transaction, or not at all.

A backup of an older hub is loaded into the schema it was made from, which is then brought up to date, all in that same
transaction. So a restore that fails or is killed leaves the hub as it was.
"""

import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, ColumnElement, Integer, MetaData, Table, and_, exists, func, or_, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError, StatementError
from sqlmodel import col

from hub import migrations
from hub.archives.backup import Progress, named_blobs, silent
from hub.archives.layout import BOOKKEEPING, LEFT_OUT, BlobPart, TablePart
from hub.archives.opened import OpenBackup
from hub.archives.rows import WrongValue, reader_of
from hub.assets.models import Asset, Version
from hub.blobs import Blobs, digest_of
from hub.db import Database
from hub.errors import Conflict
from hub.events.names import EventName
from hub.settings import Settings

# A load is sent to the database in pieces of at most so many rows and bytes.
ROWS_AT_A_TIME = 1000
BYTES_AT_A_TIME = 8 * 1024 * 1024


@dataclass(frozen=True)
class Restored:
    """What was loaded. `revision` is the schema's that the backup came with; `key_restored` is False when
    the environment names a signing key: that one stays."""

    file: str
    created_at: datetime
    hub_version: str
    revision: str
    tables: int
    rows: int
    blobs: int
    missing: list[str]
    key_restored: bool


def restore(
    database: Database,
    blobs: Blobs,
    settings: Settings,
    file: Path,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> Restored:
    """Load a backup into an empty hub; with `force` into any, whose own rows go.

    `progress` is told rows and files checked and loaded, and how many there are. Raises NotFound, Invalid when the
    backup is damaged, hostile or of a newer hub, and Conflict when the hub is not empty.
    """
    with OpenBackup(file) as backup:
        steps = _Steps(backup, progress)
        _require_known_revision(database, backup)
        backup.verify(steps.take)
        with database.rebuilding() as connection:
            _wait_for_migrations(connection)
            if not force:
                _require_empty(connection)
            _load(connection, backup, steps)
            _require_whole(connection, backup)
            _put_blobs(blobs, backup, steps)
        key_restored = _keep_secret_key(settings, backup.settings().secret_key)
        manifest = backup.manifest
        return Restored(
            file=str(file),
            created_at=manifest.created_at,
            hub_version=manifest.hub_version,
            revision=manifest.revision,
            tables=len(manifest.tables),
            rows=manifest.rows,
            blobs=len(manifest.blobs),
            missing=manifest.missing_blobs,
            key_restored=key_restored,
        )


def _require_known_revision(database: Database, backup: OpenBackup) -> None:
    manifest = backup.manifest
    with database.engine.connect() as connection:
        history = ScriptDirectory.from_config(migrations.configuration(connection))
        present = _revision(connection)
    known = {script.revision for script in history.walk_revisions()}
    if manifest.revision not in known:
        newer = manifest.revision > migrations.newest_revision()
        why = "it was written by a newer hub" if newer else f"this hub never had the schema {manifest.revision}"
        raise backup.refused(f"{why} ({manifest.hub_version}). Update this hub first" if newer else why)
    if present is not None and present not in known:
        raise backup.refused(f"the database here is of a newer hub (schema {present}). Update this hub first")


def _wait_for_migrations(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": migrations.ADVISORY_LOCK})


def _require_empty(connection: Connection) -> None:
    """A hub that nobody has used yet: it may have the terms that every hub has, and the events of their adding."""
    tables = _tables(connection)
    if (event := tables.get("event")) is not None:
        builtin = and_(event.c.actor_id.is_(None), event.c.name == EventName.TERM_ADDED)
        found = [name for name in ("person", "asset") if connection.scalar(_any_of(tables[name]))]
        if connection.scalar(_any_of(event).where(~builtin)):
            found.append("event")
        if found:
            raise Conflict(
                f"The hub is not empty: it has rows in {', '.join(found)}. "
                "Restore into an empty one, or let the backup take the place of everything here with --force."
            )


def _any_of(table: Table) -> Any:
    return select(1).select_from(table).limit(1)


def _load(connection: Connection, backup: OpenBackup, steps: "_Steps") -> None:
    """The schema as it was when the backup was made, with its rows, then as it is today."""
    for table in reversed(_tables(connection).values()):
        connection.execute(table.delete())
    revision = backup.manifest.revision
    if _revision(connection) != revision:
        configuration = migrations.configuration(connection)
        if _revision(connection) is not None:
            command.downgrade(configuration, "base")
        command.upgrade(configuration, revision)
    tables = _tables(connection)
    _require_same_columns(backup, tables)
    parts = {part.name: part for part in backup.manifest.tables}
    for table in tables.values():  # in the order of what refers to what, whatever that of the manifest is
        if table.name in parts:
            _load_table(connection, backup, table, parts[table.name], steps)
            _go_on_counting(connection, table)
    if revision != migrations.newest_revision():
        command.upgrade(migrations.configuration(connection), "head")


def _tables(connection: Connection) -> dict[str, Table]:
    """The tables that the database really has, each after those that it refers to."""
    found = MetaData()
    found.reflect(connection)
    tables = {table.name: table for table in found.sorted_tables if table.name != BOOKKEEPING}
    for table in tables.values():
        for column in table.columns:
            if isinstance(column.type, JSON) and column.nullable:
                column.type.none_as_null = True
    return tables


def _require_same_columns(backup: OpenBackup, tables: dict[str, Table]) -> None:
    manifest = backup.manifest
    names = {part.name for part in manifest.tables}
    if odd := (names | set(LEFT_OUT)) ^ set(tables) or names & set(LEFT_OUT):
        raise backup.refused(f"its tables are not those of schema {manifest.revision}: {', '.join(sorted(odd))}")
    for part in manifest.tables:
        if odd := set(part.columns) ^ set(tables[part.name].columns.keys()):
            raise backup.refused(f"the columns of {part.name} are not those of the schema: {', '.join(sorted(odd))}")
        if len(part.columns) != len(set(part.columns)):
            raise backup.refused(f"a column of {part.name} is named twice")


def _load_table(connection: Connection, backup: OpenBackup, table: Table, part: TablePart, steps: "_Steps") -> None:
    read = reader_of([table.columns[name] for name in part.columns])
    row = 0
    for lines in _pieces(backup.lines(part)):
        values = []
        try:
            for line in lines:
                values.append(read(line))
            connection.execute(table.insert(), values)
        except WrongValue as error:
            raise backup.refused(f"{part.member}, row {row + len(values) + 1} {error}") from error
        except OperationalError:
            raise  # the database's own trouble: the disk is full, the connection lost
        except (StatementError, UnicodeError, OverflowError) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            place = f"{part.member}, rows {row + 1} to {row + len(lines)}"
            raise backup.refused(f"{place}: the database does not take them ({reason})") from error
        row += len(lines)
        steps.take(len(lines))


def _pieces(batches: Iterable[list[bytes]]) -> Iterator[list[bytes]]:
    piece: list[bytes] = []
    size = 0
    for lines in batches:
        for line in lines:
            piece.append(line)
            size += len(line)
            if len(piece) >= ROWS_AT_A_TIME or size >= BYTES_AT_A_TIME:
                yield piece
                piece, size = [], 0
    if piece:
        yield piece


def _go_on_counting(connection: Connection, table: Table) -> None:
    """On PostgreSQL the next new row must not be given a number that was loaded. `ALTER SEQUENCE` and not `setval`,
    which would stay when the transaction is rolled back."""
    key = list(table.primary_key)
    if connection.dialect.name != "postgresql" or len(key) != 1 or not isinstance(key[0].type, Integer):
        return
    quoted = connection.dialect.identifier_preparer.format_table(table)
    find = text("SELECT pg_get_serial_sequence(:table, :column)")
    sequence = connection.scalar(find, {"table": quoted, "column": key[0].name})
    if sequence is not None:
        highest = connection.scalar(select(func.max(key[0]))) or 0
        connection.exec_driver_sql(f"ALTER SEQUENCE {sequence} RESTART WITH {max(highest, 0) + 1:d}")


def _require_whole(connection: Connection, backup: OpenBackup) -> None:
    """What rows name has to be there: rows, an asset's newest and live version (no foreign keys), and files."""
    if connection.dialect.name == "sqlite":  # PostgreSQL has looked at each row as it came
        for table, _, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
            raise backup.refused(f"a row of {table} refers to a row of {parent} that is not in it")
    head, live = col(Asset.head_version_id), col(Asset.live_version_id)
    lost = or_(~_is_its_own(head), and_(live.is_not(None), ~_is_its_own(live)))
    if (slug := connection.scalar(select(col(Asset.slug)).where(lost).limit(1))) is not None:
        raise backup.refused(f"the asset {slug!r} names a version that is not its own")
    held = {part.key for part in backup.manifest.blobs} | set(backup.manifest.missing_blobs)
    if (key := next((key for key in named_blobs(connection) if key not in held), None)) is not None:
        raise backup.refused(f"a row names the file {key}, which is not in it")


def _is_its_own(version_id: Any) -> ColumnElement[bool]:
    return exists().where(col(Version.asset_id) == col(Asset.id), col(Version.id) == version_id)


def _put_blobs(blobs: Blobs, backup: OpenBackup, steps: "_Steps") -> None:
    """Before the commit, so that a row never names a file that is not there. A file too many does no harm."""
    for part in backup.manifest.blobs:
        if _is_needed(blobs, part):
            blobs.put(part.key, backup.blob(part))
        steps.take(1)


def _is_needed(blobs: Blobs, part: BlobPart) -> bool:
    """Not there, or there and damaged. What is not named by its own content is left as it is."""
    present = blobs.get(part.key)
    return present is None or (part.key.endswith(part.sha256) and digest_of(present) != part.sha256)


def _keep_secret_key(settings: Settings, key: str) -> bool:
    if settings.secret_key.get_secret_value():
        return False
    file = settings.prepared().data_dir / "secret_key"
    beside = file.with_name(f"secret_key.{secrets.token_hex(4)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(key)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)
    return True


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


class _Steps:
    """Every row and file passes twice: when it is checked, and when it is loaded."""

    def __init__(self, backup: OpenBackup, progress: Progress) -> None:
        self._done, self._total = 0, 2 * (backup.manifest.rows + len(backup.manifest.blobs))
        self._progress = progress

    def take(self, count: int) -> None:
        self._done += count
        self._progress(self._done, self._total)
