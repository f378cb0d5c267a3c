"""Real parts for every test: a database of its own (SQLite, and PostgreSQL where one is there), an app on it.

`HUB_TEST_POSTGRES_URL` names a PostgreSQL server on which the tests may make and drop databases. With
`HUB_TEST_REQUIRE_ALL` set (as in CI) a part that is missing fails instead of being skipped.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine, make_url, text
from sqlmodel import delete
from starlette.testclient import TestClient

from hub import migrations
from hub.blobs import Blobs
from hub.db import Database
from hub.events.models import OutboxRow
from hub.main import create_app
from hub.observability import set_up_logging
from hub.settings import Settings
from hub.taxonomy import terms

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


def missing(reason: str) -> None:
    if os.environ.get("HUB_TEST_REQUIRE_ALL"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def playwright() -> "Iterator[Playwright]":
    """What drives Chromium: there can be one in a process."""
    from playwright.sync_api import sync_playwright

    if not Path(CHROMIUM).exists():
        missing("no Chromium: install Debian's package `chromium`")
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy: copying takes a millisecond, migrating a hundred."""
    path = tmp_path_factory.mktemp("template") / "hub.sqlite3"
    database = Database(f"sqlite:///{path}")
    _prepare(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[tuple[str, str]]:
    """(server URL, name of a migrated database to copy)."""
    server = os.environ.get("HUB_TEST_POSTGRES_URL", "")
    if not server:
        missing("no PostgreSQL: set HUB_TEST_POSTGRES_URL to a server on which databases may be made")
    name = f"hub_template_{uuid.uuid4().hex[:12]}"
    _run(server, f'CREATE DATABASE "{name}"')
    database = Database(_with_database(server, name))
    _prepare(database)
    database.close()
    yield server, name
    _run(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        path = tmp_path / "hub.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server, template = request.getfixturevalue("postgres_template")
    name = f"hub_test_{uuid.uuid4().hex[:12]}"
    _run(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield _with_database(server, name)
    _run(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def empty_database_url(engine: str, folder: Path) -> Iterator[str]:
    """A database without any table."""
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'empty.sqlite3'}"
        return
    if not (server := os.environ.get("HUB_TEST_POSTGRES_URL", "")):
        missing("no PostgreSQL: set HUB_TEST_POSTGRES_URL to a server on which databases may be made")
    name = f"hub_empty_{uuid.uuid4().hex[:12]}"
    _run(server, f'CREATE DATABASE "{name}"')
    yield _with_database(server, name)
    _run(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """For tests that gain nothing from a second database."""
    path = tmp_path / "hub.sqlite3"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs((tmp_path / "blobs").as_uri())


@pytest.fixture
def settings(tmp_path: Path, sqlite_url: str) -> Settings:
    return settings_for(tmp_path, sqlite_url)


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """The whole application on SQLite. The worker runs only when a test asks it to (`app.state.worker.run_once()`)."""
    return create_app(settings)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=True) as client:
        yield client


@pytest.fixture
def app_on_both(tmp_path: Path, database_url: str) -> FastAPI:
    return create_app(settings_for(tmp_path, database_url))


@pytest.fixture
def client_on_both(app_on_both: FastAPI) -> Iterator[TestClient]:
    with TestClient(app_on_both) as client:
        yield client


def settings_for(folder: Path, database_url: str) -> Settings:
    return Settings(
        data_dir=folder / "data",
        database_url=database_url,
        content_dir=folder / "content",
        worker=False,
        log_level="error",
    )


@pytest.fixture(autouse=True, scope="session")
def quiet_logs() -> None:
    set_up_logging(Settings(log_level="error"))


def _prepare(database: Database) -> None:
    migrations.upgrade(database)
    with database.transaction() as session:
        terms.ensure_builtin(session)
        session.flush()
        session.exec(delete(OutboxRow))  # a test begins with nothing to deliver but its own


def _with_database(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _run(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
