"""The history of the schema, and how a database is brought up to date (`upgrade`).

Migrations live beside the code that needs them, so that an installed hub can bring its own database up to date.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from hub.db import Database

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent
# Any fixed number: processes that start together on PostgreSQL wait for each other by it.
ADVISORY_LOCK = 7_203_114


def upgrade(database: Database, revision: str = "head") -> str | None:
    """Bring the schema up to date; returns the revision it came to, or None when there was nothing to do.

    Each migration is one transaction. Two processes that start together do it once: the second waits, then finds
    nothing left to do.
    """
    if revision == "head" and current_revision(database) == newest_revision():
        return None
    from alembic import command

    with database.rebuilding() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        if revision == "head" and _revision(connection) == newest_revision():
            return None
        command.upgrade(configuration(connection), revision)
        return _revision(connection)


def current_revision(database: Database) -> str | None:
    with database.reading() as session:
        return _revision(session.connection())


def newest_revision() -> str:
    """The last migration's number: files are named `NNNN_what_it_does.py` and numbered in order."""
    return max(file.name[:4] for file in (HERE / "versions").glob("[0-9][0-9][0-9][0-9]_*.py"))


def configuration(connection: Connection) -> "Config":
    """Alembic's configuration for an open connection; nothing is read from an ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
