"""Backups killed at any moment: the file is there whole or not at all, and the next backup works."""

import json
import random
import time
import zipfile
from pathlib import Path

from hub.archives.opened import OpenBackup
from hub.db import Database
from tests.crashes.nursery import Nursery

ROUNDS = 6
PEOPLE = 20_000


def test_a_killed_backup_never_leaves_half_a_file(sqlite_url: str, sqlite_database: Database, tmp_path: Path) -> None:
    fill_with_people(sqlite_database)
    settings = {"HUB_DATA_DIR": str(tmp_path / "data"), "HUB_DATABASE_URL": sqlite_url}
    file, partial = tmp_path / "hub.zip", tmp_path / "hub.zip.partial"
    endings = []
    with Nursery(tmp_path, **settings) as nursery:
        for _ in range(ROUNDS):
            begun = last_change(partial)
            child = nursery.start("hub", "backup", str(file), "--force")
            while last_change(partial) == begun:
                time.sleep(0.002)
            time.sleep(random.uniform(0, 0.3))
            child.kill()
            endings.append(child.wait())
            assert_whole_or_absent(file)
        last = nursery.start("hub", "backup", str(file), "--force", "--json")
        assert last.wait() == 0
    assert -9 in endings, "every backup ended before it was killed: give them more rows"
    assert json.loads(last.out.read_text())["rows"] >= PEOPLE
    assert file.exists()
    assert_whole_or_absent(file)
    assert not partial.exists()


def fill_with_people(database: Database) -> None:
    with database.transaction() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO person (name, team, role, created_at) VALUES (?, 'sales', 'reader', '2026-01-01 00:00:00')",
            [(f"Person {number}",) for number in range(PEOPLE)],
        )


def last_change(file: Path) -> int | None:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def assert_whole_or_absent(file: Path) -> None:
    if file.exists():
        assert zipfile.ZipFile(file).testzip() is None
        with OpenBackup(file) as backup:
            backup.verify(lambda _: None)
