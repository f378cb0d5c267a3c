"""Backups: consistent while others write, whole or not there, private, and in nobody's way."""

import json
import stat
import threading
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.archives.backup import back_up, kept_tables
from hub.archives.layout import LEFT_OUT, MANIFEST
from hub.archives.rows import written
from hub.blobs import Blobs
from hub.db import Database
from hub.errors import Conflict, Invalid, Unavailable
from hub.settings import Settings
from hub.tables import metadata
from tests.conftest import settings_for
from tests.factories.filled_hub import fill, make_pair, publish, write


def manifest_of(file: Path) -> dict[str, object]:
    with zipfile.ZipFile(file) as archive:
        manifest: dict[str, object] = json.loads(archive.read(MANIFEST))
        return manifest


def test_every_table_is_in_the_backup_or_said_to_be_left_out(database: Database, blobs: Blobs, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "")
    fill(database, blobs)
    made = back_up(database, blobs, settings, tmp_path / "b.zip")
    manifest = manifest_of(tmp_path / "b.zip")
    tables = {table["name"]: table for table in manifest["tables"]}  # type: ignore[index,attr-defined]
    assert set(tables) | set(LEFT_OUT) == set(metadata.tables)
    assert not set(tables) & set(LEFT_OUT)
    assert all(table["rows"] > 0 for table in tables.values()), "the filled hub misses a table"
    assert (made.tables, made.blobs, made.missing) == (len(tables), 2, [])
    assert made.rows == sum(table["rows"] for table in tables.values())
    assert made.bytes == (tmp_path / "b.zip").stat().st_size


def test_the_backup_holds_what_the_tables_hold(database: Database, blobs: Blobs, tmp_path: Path) -> None:
    fill(database, blobs)
    back_up(database, blobs, settings_for(tmp_path, ""), tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive, database.reading() as session:
        for table in kept_tables():
            rows = session.connection().execute(select(table)).all()
            kept = archive.read(f"tables/{table.name}.jsonl").splitlines(keepends=True)
            assert sorted(kept) == sorted(written(tuple(row)) for row in rows), table.name


def test_a_backup_is_one_moment_however_much_is_written_meanwhile(
    database: Database, blobs: Blobs, tmp_path: Path
) -> None:
    pair = fill(database, blobs)
    stop, begun, failures = threading.Event(), threading.Event(), []

    def keep_writing() -> None:
        number = 0
        try:
            while not stop.is_set():
                number += 1
                with database.transaction() as session:
                    publish(session, pair, write(session, pair, f"more-{number}"))
                begun.set()
        except Exception as error:  # told to the test below
            failures.append(error)

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        assert begun.wait(20)
        for turn in range(3):
            back_up(database, blobs, settings_for(tmp_path, ""), tmp_path / f"{turn}.zip")
    finally:
        stop.set()
        writer.join()
    assert failures == []
    for turn in range(3):
        assert_consistent(tmp_path / f"{turn}.zip")


def assert_consistent(file: Path) -> None:
    """Every transaction of the writer makes one asset with one version, two reviews, a publication and its events."""
    with zipfile.ZipFile(file) as archive:
        columns = {table["name"]: table["columns"] for table in json.loads(archive.read(MANIFEST))["tables"]}

        def rows(name: str) -> list[dict[str, object]]:
            lines = archive.read(f"tables/{name}.jsonl").splitlines()
            return [dict(zip(columns[name], json.loads(line), strict=True)) for line in lines]

        written_meanwhile = {row["id"] for row in rows("asset") if str(row["slug"]).startswith("more-")}
        for name, each in (("version", 1), ("review", 2), ("publication", 1), ("submission", 1), ("asset_slug", 1)):
            found = [row for row in rows(name) if row["asset_id"] in written_meanwhile]
            assert len(found) == each * len(written_meanwhile), name
        events = {row["id"] for row in rows("event") if row["subject_id"] in written_meanwhile}
        assert {row["event_id"] for row in rows("outbox")} >= events
        published = [row for row in rows("event") if row["name"] == "asset.published"]
        assert {row["subject_id"] for row in published} >= written_meanwhile
        assert len({row["id"] for row in rows("asset")}) == len(rows("asset"))


def test_a_backup_can_be_read_by_its_owner_only(
    sqlite_database: Database, blobs: Blobs, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "b.zip"
    back_up(sqlite_database, blobs, settings, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not file.with_name("b.zip.partial").exists()


def test_the_manifest_tells_no_secret(
    sqlite_database: Database, blobs: Blobs, settings: Settings, tmp_path: Path
) -> None:
    secret = settings.secret()
    back_up(sqlite_database, blobs, settings, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert secret not in archive.read(MANIFEST).decode()
        kept = json.loads(archive.read("settings.json"))
    assert kept["secret_key"] == secret
    assert not {"database_url", "redis_url", "blob_url", "meili_key", "meili_url"} & set(kept["settings"])


def test_a_file_that_is_there_is_not_overwritten(
    sqlite_database: Database, blobs: Blobs, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "b.zip"
    back_up(sqlite_database, blobs, settings, file)
    before = file.read_bytes()
    with pytest.raises(Conflict, match="--force"):
        back_up(sqlite_database, blobs, settings, file)
    assert file.read_bytes() == before
    back_up(sqlite_database, blobs, settings, file, force=True)
    assert file.read_bytes() != before  # the time in the manifest


def test_not_even_force_overwrites_what_is_no_backup(
    sqlite_database: Database, blobs: Blobs, settings: Settings, tmp_path: Path
) -> None:
    diary = tmp_path / "diary.txt"
    diary.write_text("dear diary")
    with pytest.raises(Conflict, match="no backup"):
        back_up(sqlite_database, blobs, settings, diary, force=True)
    database_file = Path(settings.database_url.removeprefix("sqlite:///"))
    for name in (database_file.name, database_file.name + "-wal"):
        with pytest.raises(Invalid, match="own database"):
            back_up(sqlite_database, blobs, settings, database_file.with_name(name), force=True)
    assert diary.read_text() == "dear diary"


def test_a_backup_does_not_go_among_the_attached_files(
    sqlite_database: Database, blobs: Blobs, settings: Settings
) -> None:
    store = settings.data_dir / "blobs" / "attachments"
    store.mkdir(parents=True)
    with pytest.raises(Invalid, match="store of attached files"):
        back_up(sqlite_database, blobs, settings, store / ".." / "b.zip")
    assert [path.name for path in store.parent.iterdir()] == ["attachments"]


def test_a_folder_that_is_not_there_is_named(
    sqlite_database: Database, blobs: Blobs, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(Invalid, match="nowhere"):
        back_up(sqlite_database, blobs, settings, tmp_path / "nowhere" / "b.zip")


def test_a_folder_that_cannot_be_written_is_said_and_nothing_stays(
    sqlite_database: Database, blobs: Blobs, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "b.zip.partial").mkdir()
    with pytest.raises(Unavailable, match="cannot be written"):
        back_up(sqlite_database, blobs, settings, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


def test_what_a_killed_backup_left_is_written_anew(
    sqlite_database: Database, blobs: Blobs, settings: Settings, tmp_path: Path
) -> None:
    left = tmp_path / "b.zip.partial"
    left.write_bytes(b"x" * 1_000_000)
    left.chmod(0o644)
    back_up(sqlite_database, blobs, settings, tmp_path / "b.zip")
    assert not left.exists()
    assert stat.S_IMODE((tmp_path / "b.zip").stat().st_mode) == 0o600
    assert (tmp_path / "b.zip").stat().st_size < 1_000_000


def test_two_backups_to_one_name_do_not_mix(
    sqlite_database: Database, blobs: Blobs, settings: Settings, tmp_path: Path
) -> None:
    refused = []

    def in_the_middle(done: int, total: int) -> None:
        if not refused:
            with pytest.raises(Conflict, match="Another backup") as caught:
                back_up(sqlite_database, blobs, settings, tmp_path / "b.zip")
            refused.append(caught)

    made = back_up(sqlite_database, blobs, settings, tmp_path / "b.zip", progress=in_the_middle)
    assert refused
    assert zipfile.ZipFile(tmp_path / "b.zip").testzip() is None
    assert made.rows > 0


def test_a_lost_attachment_does_not_cost_the_rest(
    sqlite_database: Database, blobs: Blobs, settings: Settings, tmp_path: Path
) -> None:
    fill(sqlite_database, blobs)
    lost = next(iter(blobs.keys("attachments")))
    blobs.delete(lost)
    made = back_up(sqlite_database, blobs, settings, tmp_path / "b.zip")
    assert (made.missing, made.blobs) == ([lost], 1)
    assert manifest_of(tmp_path / "b.zip")["missing_blobs"] == [lost]


def test_progress_ends_at_its_total(
    sqlite_database: Database, blobs: Blobs, settings: Settings, tmp_path: Path
) -> None:
    fill(sqlite_database, blobs)
    told: list[tuple[int, int]] = []
    made = back_up(
        sqlite_database, blobs, settings, tmp_path / "b.zip", progress=lambda done, total: told.append((done, total))
    )
    assert told[0] == (0, made.rows + made.blobs)
    assert told[-1] == (made.rows + made.blobs, made.rows + made.blobs)


def test_a_hub_at_another_schema_is_not_backed_up(
    sqlite_database: Database, blobs: Blobs, settings: Settings, tmp_path: Path
) -> None:
    with sqlite_database.transaction() as session:
        make_pair(session)
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(Conflict, match="hub migrate"):
        back_up(sqlite_database, blobs, settings, tmp_path / "b.zip")
    assert list(tmp_path.glob("b.zip*")) == []
