"""One filled hub and its backup for all tests here, and a hub that nobody has used to restore it into."""

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.archives.backup import back_up
from hub.blobs import Blobs
from hub.db import Database
from hub.settings import Settings
from tests.conftest import _run, _with_database, settings_for
from tests.factories.filled_hub import Content, content_of, fill


@dataclass(frozen=True)
class Original:
    """What was backed up, and the file that was made."""

    file: Path
    content: Content
    secret: str


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Original:
    folder = tmp_path_factory.mktemp("original")
    shutil.copy(sqlite_template, folder / "hub.sqlite3")
    settings = settings_for(folder, f"sqlite:///{folder / 'hub.sqlite3'}")
    database, blobs = Database(settings.database_url), Blobs(settings.resolved_blob_url)
    fill(database, blobs)
    back_up(database, blobs, settings, folder / "backup.zip")
    made = Original(folder / "backup.zip", content_of(database, blobs), settings.secret())
    database.close()
    return made


@pytest.fixture
def file(original: Original, tmp_path: Path) -> Path:
    """A backup of a filled hub on SQLite."""
    return Path(shutil.copy(original.file, tmp_path / "backup.zip"))


@pytest.fixture
def fresh(sqlite_database: Database) -> Database:
    """A hub that was migrated and served, but that nobody has used."""
    return sqlite_database


@pytest.fixture
def fresh_blobs(tmp_path: Path) -> Blobs:
    return Blobs((tmp_path / "fresh-blobs").as_uri())


@pytest.fixture
def fresh_settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path / "fresh", "")


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table, on each engine."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'other.sqlite3'}")
        yield database
        database.close()
        return
    server, _ = request.getfixturevalue("postgres_template")
    name = f"hub_test_{uuid.uuid4().hex[:12]}"
    _run(server, f'CREATE DATABASE "{name}"')
    database = Database(_with_database(server, name))
    yield database
    database.close()
    _run(server, f'DROP DATABASE "{name}" WITH (FORCE)')
