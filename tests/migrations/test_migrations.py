import warnings
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from hub import migrations
from hub.db import Database
from hub.tables import metadata
from tests.conftest import empty_database_url


def test_the_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    with database.engine.connect() as connection, warnings.catch_warnings():
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(database: Database) -> None:
    assert migrations.current_revision(database) == migrations.newest_revision()
    assert migrations.upgrade(database) is None


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_every_migration_runs_on_an_empty_database_and_back(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with empty_database_url(engine, tmp_path) as url:
        database = Database(url)
        assert migrations.current_revision(database) is None
        assert migrations.upgrade(database) == migrations.newest_revision()
        with database.engine.execution_options(sqlite_begin="BEGIN IMMEDIATE").begin() as connection:
            command.downgrade(migrations.configuration(connection), "base")
        assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
        database.close()


def test_migrations_are_numbered_without_gaps() -> None:
    files = sorted(file.name[:4] for file in (migrations.HERE / "versions").glob("*.py"))
    assert files == [f"{number:04}" for number in range(1, len(files) + 1)]
