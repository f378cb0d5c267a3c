"""Writing a backup while the hub runs and writes: rows from one snapshot, then the files that those rows name.

Files never change once they are stored, so copying them after the snapshot has ended takes nothing away from it.
"""

import fcntl
import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, String, Table, func, null, select
from sqlalchemy.engine import Connection, make_url
from sqlmodel import col

from hub import clock, migrations
from hub.archives.layout import (
    FORMAT,
    FORMAT_VERSION,
    LARGEST_MANIFEST,
    LEASES,
    LEFT_OUT,
    LONGEST_ROW,
    MANIFEST,
    SETTINGS,
    BlobPart,
    KeptSettings,
    Manifest,
    SettingsPart,
    TablePart,
)
from hub.archives.rows import written
from hub.assets.attachments import blob_key, thumbnail_key
from hub.assets.models import Attachment
from hub.blobs import Blobs, digest_of
from hub.db import Database
from hub.errors import Conflict, Invalid, Unavailable
from hub.settings import Settings
from hub.tables import metadata

Progress = Callable[[int, int], None]
# Few at a time: a row may hold a long text.
ROWS_AT_A_TIME = 200
# Named one by one: addresses of databases and stores may hold passwords.
TOLD_SETTINGS = {
    "base_url", "evidence_counted_actions", "search_rate_limit", "sign_in_rate_limit", "session_days", "urgent_days",
    "max_body_bytes", "max_attachment_bytes", "meili_index",
}  # fmt: skip


@dataclass(frozen=True)
class Backup:
    """What was written. `missing` are files that the hub should have but has not: the rest is there."""

    file: str
    tables: int
    rows: int
    blobs: int
    bytes: int
    missing: list[str] = field(default_factory=list)


def silent(done: int, total: int) -> None:
    """For callers that show no progress."""


def back_up(
    database: Database,
    blobs: Blobs,
    settings: Settings,
    file: Path,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> Backup:
    """Write a backup to `file`, which is there whole or not at all; readable by its owner only, as it holds the key.

    `progress` is told rows and files done, and how many there are. Raises Conflict when there is such a file (an
    earlier backup gives way with `force`) or another backup writes it, Invalid for a place that cannot be, and
    Unavailable when the disk is full.
    """
    _check_place(file, settings, force=force)
    with _written_whole(file) as out:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            manifest = _fill(archive, database, blobs, settings, progress)
        _check_place(file, settings, force=force)  # somebody may have put a file there meanwhile
    return Backup(
        file=str(file),
        tables=len(manifest.tables),
        rows=manifest.rows,
        blobs=len(manifest.blobs),
        bytes=file.stat().st_size,
        missing=manifest.missing_blobs,
    )


def named_blobs(connection: Connection) -> Iterator[str]:
    """The key of every stored file that a row names."""
    query = select(col(Attachment.digest), col(Attachment.has_thumbnail)).order_by(col(Attachment.digest))
    for digest, has_thumbnail in connection.execute(query, execution_options={"yield_per": 1000}):
        yield blob_key(digest)
        if has_thumbnail:
            yield thumbnail_key(digest)


def kept_tables() -> list[Table]:
    """In an order in which each can be loaded after those that it refers to."""
    return [table for table in metadata.sorted_tables if table.name not in LEFT_OUT]


def _fill(
    archive: zipfile.ZipFile, database: Database, blobs: Blobs, settings: Settings, progress: Progress
) -> Manifest:
    with database.reading() as session:
        connection = session.connection()
        revision = _revision(connection)
        keys = list(named_blobs(connection))
        sizes = [connection.scalar(select(func.count()).select_from(table)) or 0 for table in kept_tables()]
        steps = _Steps(sum(sizes) + len(keys), progress)
        tables = [_write_table(archive, connection, table, steps) for table in kept_tables()]
    copied, missing = _copy_blobs(archive, blobs, keys, steps)
    manifest = Manifest(
        format=FORMAT,
        format_version=FORMAT_VERSION,
        hub_version=version("messaging-hub"),
        revision=revision,
        engine=database.engine.dialect.name,
        created_at=clock.now(),
        left_out=LEFT_OUT,
        tables=tables,
        blobs=copied,
        missing_blobs=missing,
        settings=_write_settings(archive, settings),
    )
    told = manifest.model_dump_json(indent=1).encode()
    if len(told) > LARGEST_MANIFEST:
        raise Invalid("The hub has more files than a backup can list: back up database and store by themselves.")
    archive.writestr(MANIFEST, told)
    return manifest


def _revision(connection: Connection) -> str:
    found = MigrationContext.configure(connection).get_current_revision()
    if found != (newest := migrations.newest_revision()):
        raise Conflict(f"The database is at {found}, this hub at {newest}. Run `hub migrate` of the newer one.")
    return newest


def _write_table(archive: zipfile.ZipFile, connection: Connection, table: Table, steps: "_Steps") -> TablePart:
    entry = TablePart(name=table.name, columns=table.columns.keys(), rows=0, size=0, sha256="0" * 64)
    digest, size, rows = hashlib.sha256(), 0, 0
    query = select(*map(_value, table.columns)).order_by(*(_order(column, connection) for column in table.primary_key))
    found = connection.execute(query, execution_options={"stream_results": True, "yield_per": ROWS_AT_A_TIME})
    with archive.open(entry.member, "w", force_zip64=True) as out:
        for batch in found.partitions():
            lines = [written(tuple(row)) for row in batch]
            if max(map(len, lines)) > LONGEST_ROW:
                raise Invalid(f"The table {table.name} has a row of more than {LONGEST_ROW:,} bytes.")
            data = b"".join(lines)
            out.write(data)
            digest.update(data)
            size, rows = size + len(data), rows + len(lines)
            steps.take(len(lines))
    return entry.model_copy(update={"rows": rows, "size": size, "sha256": digest.hexdigest()})


def _value(column: Column[Any]) -> Any:
    return null().label(column.name) if (column.table.name, column.name) in LEASES else column


def _order(column: Column[Any], connection: Connection) -> Any:
    # By code point on both engines, so that the same rows make the same bytes.
    by_bytes = isinstance(column.type, String) and connection.dialect.name == "postgresql"
    return column.collate("C") if by_bytes else column


def _copy_blobs(
    archive: zipfile.ZipFile, blobs: Blobs, keys: list[str], steps: "_Steps"
) -> tuple[list[BlobPart], list[str]]:
    copied, missing = [], []
    for key in keys:
        data = blobs.get(key)
        if data is None:
            missing.append(key)
        else:
            part = BlobPart(key=key, size=len(data), sha256=digest_of(data))
            archive.writestr(part.member, data, zipfile.ZIP_STORED)
            copied.append(part)
        steps.take(1)
    return copied, missing


def _write_settings(archive: zipfile.ZipFile, settings: Settings) -> SettingsPart:
    told = settings.model_dump(mode="json", include=TOLD_SETTINGS)
    data = KeptSettings(secret_key=settings.secret(), settings=told).model_dump_json(indent=1).encode()
    part = SettingsPart(size=len(data), sha256=digest_of(data))
    archive.writestr(part.member, data)
    return part


class _Steps:
    def __init__(self, total: int, progress: Progress) -> None:
        self._done, self._total, self._progress = 0, total, progress
        progress(0, total)

    def take(self, count: int) -> None:
        self._done += count
        self._progress(self._done, self._total)


def _check_place(file: Path, settings: Settings, *, force: bool) -> None:
    place = file.resolve()
    if not place.parent.is_dir():
        raise Invalid(f"There is no folder {file.parent}. Make it first.")
    if (store := _store_folder(settings)) is not None and place.is_relative_to(store):
        raise Invalid(f"{file} is inside the store of attached files. Choose a place outside of it.")
    # Of a SQLite database that does not exist yet the name is as dear as the file.
    if place in _database_files(settings):
        raise Invalid(f"{file} is the hub's own database. Choose another name.")
    if not file.exists():
        return
    if not force:
        raise Conflict(f"{file} is there already. Choose another name, or overwrite it with --force.")
    if not _is_backup(file):
        raise Conflict(f"{file} is there already and is no backup. Choose another name.")


def _store_folder(settings: Settings) -> Path | None:
    address = urlsplit(settings.resolved_blob_url)
    return Path(unquote(address.path)).resolve() if address.scheme == "file" else None


def _database_files(settings: Settings) -> set[Path]:
    address = make_url(settings.resolved_database_url)
    if address.get_backend_name() != "sqlite" or not address.database:
        return set()
    path = Path(address.database).resolve()
    return {path.with_name(path.name + ending) for ending in ("", "-wal", "-shm", "-journal")}


def _is_backup(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return {MANIFEST, SETTINGS} <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


@contextmanager
def _written_whole(file: Path) -> Iterator[IO[bytes]]:
    """A file beside, which takes the name of `file` when all of it has reached the disk, and goes when it fails.
    One that a killed backup left behind is written anew."""
    partial = file.with_name(file.name + ".partial")
    try:
        with os.fdopen(_claimed(partial, file), "w+b") as out:
            try:
                yield out
                out.flush()
                os.fsync(out.fileno())
                partial.replace(file)
            except BaseException:
                with suppress(OSError):
                    partial.unlink()
                raise
        _sync_folder(file.parent)
    except OSError as error:
        raise Unavailable(f"The backup cannot be written to {file}: {error.strerror or error}.") from error


def _claimed(partial: Path, file: Path) -> int:
    """The empty file opened, and locked so that a second backup to the same name does not mix into it."""
    handle = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The other backup may have ended and renamed its file between opening and locking.
        if not partial.exists() or os.fstat(handle).st_ino != partial.stat().st_ino:
            raise BlockingIOError
        os.fchmod(handle, 0o600)
        os.ftruncate(handle, 0)
    except BlockingIOError as error:
        os.close(handle)
        raise Conflict(f"Another backup is being written to {file}. Wait for it to end.") from error
    except BaseException:
        os.close(handle)
        raise
    return handle


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
