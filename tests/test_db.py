"""The database on bad days: held by somebody else, its disk full, its server gone for a moment."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from fastapi import FastAPI
from sqlalchemy import String, create_engine, event, make_url, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select
from starlette.testclient import TestClient

from hub import clock
from hub.assets.models import Asset, AssetSlug, Version
from hub.db import Database
from hub.errors import Conflict, Unavailable
from hub.events.models import Event, OutboxRow
from hub.people.models import Person
from tests.factories.people import make_person, token_headers


def names(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.exec(select(Person.name).order_by(col(Person.id))))


def add(database: Database, name: str) -> None:
    with database.transaction() as session:
        make_person(session, name=name)


# --- rebuilding ------------------------------------------------------------------------------------------


def test_a_table_that_others_refer_to_can_be_rebuilt(database: Database) -> None:
    with database.transaction() as session:
        token_headers(session, make_person(session, name="kept"))
    with database.rebuilding() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("person") as batch:
            batch.alter_column("team", existing_type=String(), nullable=True)
    assert names(database) == ["kept"]


def test_a_rebuilding_that_breaks_a_reference_changes_nothing(database: Database) -> None:
    with database.transaction() as session:
        token_headers(session, make_person(session, name="kept"))
    with pytest.raises((Conflict, IntegrityError), match="person"), database.rebuilding() as connection:
        connection.execute(text("DELETE FROM person"))
    assert names(database) == ["kept"]


def test_foreign_keys_are_enforced_again_after_a_rebuilding(sqlite_database: Database) -> None:
    with sqlite_database.rebuilding() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 0
    with sqlite_database.reading() as session:  # the same connection, from the pool
        assert session.connection().exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


# --- held by another process -----------------------------------------------------------------------------


@pytest.fixture
def impatient(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url, busy_seconds=0.1)
    yield database
    database.close()


@pytest.fixture
def holder(sqlite_url: str) -> Iterator[sqlite3.Connection]:
    """Another program that has the database open (a backup tool, say)."""
    connection = sqlite3.connect(make_url(sqlite_url).database or "", isolation_level=None)
    yield connection
    connection.close()


def test_a_database_held_by_another_process_is_said_and_nothing_is_written(
    impatient: Database, holder: sqlite3.Connection
) -> None:
    add(impatient, "before")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Unavailable, match="Another process holds the database"):
        add(impatient, "meanwhile")
    assert names(impatient) == ["before"], "readers are not kept waiting"
    holder.execute("COMMIT")
    add(impatient, "afterwards")
    assert names(impatient) == ["before", "afterwards"]


def test_a_database_held_for_a_moment_is_waited_for(sqlite_database: Database, holder: sqlite3.Connection) -> None:
    holder.execute("BEGIN EXCLUSIVE")
    waiting = threading.Thread(target=add, args=[sqlite_database, "patient"])
    waiting.start()
    time.sleep(0.2)
    assert names(sqlite_database) == []
    holder.execute("COMMIT")
    waiting.join()
    assert names(sqlite_database) == ["patient"]


def test_a_database_held_by_another_process_answers_503_over_http(
    app: FastAPI, client: TestClient, holder: sqlite3.Connection
) -> None:
    database: Database = app.state.hub.database
    with database.transaction() as session:
        headers = token_headers(session, make_person(session))
    impatient = Database(database.engine.url.render_as_string(hide_password=False), busy_seconds=0.1)
    app.state.hub.database = impatient
    holder.execute("BEGIN EXCLUSIVE")
    answer = client.post("/api/v1/assets", headers=headers, json={"title": "Late", "slug": "late"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Another process holds the database" in answer.json()["detail"]
    assert client.get("/api/v1/assets", headers=headers).status_code == 200
    holder.execute("COMMIT")
    assert client.post("/api/v1/assets", headers=headers, json={"title": "Late", "slug": "late"}).status_code == 201
    impatient.close()


# --- the disk is full ------------------------------------------------------------------------------------


def test_a_full_disk_is_said_and_what_was_there_stays(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    add(database, "before")
    with database.reading() as session:
        pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar()
    database.close()
    full = Database(sqlite_url)
    # SQLite refuses more pages with the same error that a full disk gives.
    event.listen(full.engine, "connect", lambda connection, _: connection.execute(f"PRAGMA max_page_count={pages + 2}"))
    with pytest.raises(Unavailable, match="The disk is full"), full.transaction() as session:
        session.add_all(Person(name="x" * 500, created_at=clock.now()) for _ in range(1000))
    assert names(full) == ["before"]
    full.close()
    roomy = Database(sqlite_url)
    add(roomy, "afterwards")
    assert names(roomy) == ["before", "afterwards"]
    with roomy.reading() as session:
        assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    roomy.close()


def test_a_folder_that_may_not_be_written_is_said(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=ON"))
    with pytest.raises(Unavailable, match="The database is read-only"):
        add(database, "nobody")
    database.close()


def test_a_database_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'nowhere' / 'hub.sqlite3'}")
    with pytest.raises(Unavailable, match="cannot be reached"):
        database.ping()
    database.close()


def test_a_database_without_tables_is_said(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    with pytest.raises(Unavailable, match="Run `hub migrate`"):
        names(database)
    database.close()


# --- the server restarts ---------------------------------------------------------------------------------


@pytest.fixture
def cut(database_url: str) -> Iterator[Callable[[], int]]:
    """Ends every connection to the test's database, as a restart of the server does; says how many there were."""
    url = make_url(database_url)
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    ended = text("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = :name")

    def cut() -> int:
        with engine.connect() as connection:
            return int(connection.execute(ended, {"name": url.database}).scalar_one())

    yield cut
    engine.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_read_that_loses_its_connection_is_answered_after_all(
    app_on_both: FastAPI, client_on_both: TestClient, cut: Callable[[], int]
) -> None:
    database: Database = app_on_both.state.hub.database
    with database.transaction() as session:
        headers = token_headers(session, make_person(session))
    cuts: list[int] = []

    def cut_once(*_: Any) -> None:
        """In the middle of the request: after its connection was found alive, before its first answer."""
        if not cuts:
            cuts.append(cut())

    event.listen(database.engine, "before_cursor_execute", cut_once)
    answer = client_on_both.get("/api/v1/assets", headers=headers)
    assert cuts, "the request was not cut"
    assert answer.status_code == 200


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_write_that_loses_its_connection_says_so_and_leaves_nothing(
    app_on_both: FastAPI, client_on_both: TestClient, cut: Callable[[], int]
) -> None:
    database: Database = app_on_both.state.hub.database
    with database.transaction() as session:
        headers = token_headers(session, make_person(session))
    cuts: list[int] = []

    def cut_at_the_last_insert(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "INSERT INTO rendering" in statement and not cuts:
            cuts.append(cut())

    event.listen(database.engine, "before_cursor_execute", cut_at_the_last_insert)
    draft = {"title": "Cut off", "slug": "cut-off", "body": "Text."}
    answer = client_on_both.post("/api/v1/assets", headers=headers, json=draft)
    assert cuts, "the request was not cut"
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "Nothing was written" in answer.json()["detail"]
    with database.reading() as session:
        assert not session.exec(select(Asset.id)).all()
        assert not session.exec(select(Event.id).where(Event.name == "asset.created")).all()
    assert client_on_both.post("/api/v1/assets", headers=headers, json=draft).status_code == 201


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_restarted_under_load_costs_no_read_and_halves_no_write(
    app_on_both: FastAPI, client_on_both: TestClient, cut: Callable[[], int]
) -> None:
    database: Database = app_on_both.state.hub.database
    with database.transaction() as session:
        headers = token_headers(session, make_person(session))
    stop = threading.Event()
    reads: list[int] = []
    writes: dict[str, int] = {}

    def read() -> None:
        while not stop.is_set():
            reads.append(client_on_both.get("/api/v1/assets?limit=5", headers=headers).status_code)

    def write(name: str) -> None:
        number = 0
        while not stop.is_set():
            slug = f"{name}-{number}"
            draft = {"title": slug, "slug": slug, "body": "Text."}
            answer = client_on_both.post("/api/v1/assets", headers=headers, json=draft)
            assert answer.status_code == 201 or "retry-after" in answer.headers
            writes[slug] = answer.status_code
            number += 1

    threads = [threading.Thread(target=read), threading.Thread(target=write, args=["a"])]
    for thread in threads:
        thread.start()
    cuts = 0
    for _ in range(3):
        time.sleep(0.8)
        cuts += cut()
    time.sleep(0.8)
    stop.set()
    for thread in threads:
        thread.join()
    assert cuts > 0
    assert set(reads) == {200}
    assert set(writes.values()) <= {201, 503}
    assert 201 in writes.values()
    with database.reading() as session:
        assert_whole(session, {slug for slug, status in writes.items() if status == 201})


def assert_whole(session: Session, acknowledged: set[str]) -> None:
    assets = session.exec(select(Asset)).all()
    assert acknowledged <= {asset.slug for asset in assets}
    for asset in assets:
        version = session.get_one(Version, asset.head_version_id)
        assert (version.asset_id, version.number) == (asset.id, asset.head_number)
        assert session.get(AssetSlug, asset.slug) is not None
        told = select(Event.id).where(Event.name == "asset.created", Event.subject_id == asset.id)
        assert len(session.exec(told).all()) == 1
    events = set(session.exec(select(Event.id).where(Event.subject_kind == "asset")))
    assert set(session.exec(select(OutboxRow.event_id))) == events
