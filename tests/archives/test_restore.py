"""Restoring: everything comes back, on either engine, or nothing changes."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect
from sqlmodel import col, select

from hub import migrations
from hub.archives.backup import back_up
from hub.archives.layout import MANIFEST
from hub.archives.restore import restore
from hub.assets.attachments import blob_key
from hub.assets.models import Asset, Attachment
from hub.blobs import Blobs
from hub.db import Database
from hub.errors import Conflict, HubError, Invalid
from hub.events.deliver import Subscriber, Worker, pending
from hub.events.models import OutboxRow
from hub.people import passwords
from hub.people.models import Person, SignInSession
from hub.settings import Settings
from hub.tables import metadata
from hub.taxonomy import terms
from tests.archives.conftest import Original
from tests.conftest import settings_for
from tests.factories.backups import changed
from tests.factories.filled_hub import content_of, files_of, fill, make_pair, publish, rows_of, write
from tests.factories.people import PASSWORD


def checksums(file: Path) -> dict[str, str]:
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read(MANIFEST))
    parts = {table["name"]: table["sha256"] for table in manifest["tables"]}
    return parts | {blob["key"]: blob["sha256"] for blob in manifest["blobs"]}


def test_a_restored_hub_equals_the_one_that_was_backed_up(
    database: Database, other: Database, blobs: Blobs, fresh_blobs: Blobs, fresh_settings: Settings, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, "")
    pair = fill(database, blobs)
    back_up(database, blobs, settings, tmp_path / "one.zip")
    before = content_of(database, blobs)
    done = restore(other, fresh_blobs, fresh_settings, tmp_path / "one.zip")
    assert content_of(other, fresh_blobs) == before
    assert (done.rows, done.blobs) == (sum(map(len, before.rows.values())), len(before.files))
    assert fresh_settings.secret() == settings.secret()
    back_up(other, fresh_blobs, fresh_settings, tmp_path / "two.zip")
    assert checksums(tmp_path / "two.zip") == checksums(tmp_path / "one.zip")
    if other.is_sqlite:
        with other.reading() as session:
            assert session.connection().exec_driver_sql("PRAGMA foreign_key_check").all() == []
            assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    with other.transaction() as session:  # new rows get numbers of their own
        publish(session, pair, write(session, pair, "after-the-restore"))
    with other.reading() as session:
        assert set(inspect(session.connection()).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_what_was_pending_is_delivered_by_the_restored_hub(
    database: Database, other: Database, blobs: Blobs, fresh_settings: Settings, tmp_path: Path
) -> None:
    fill(database, blobs)
    with database.reading() as session:
        waiting = sorted(session.exec(select(OutboxRow.event_id)))
    claim_as_a_worker(database)
    back_up(database, blobs, fresh_settings, tmp_path / "b.zip")
    restore(other, blobs, fresh_settings, tmp_path / "b.zip")
    heard: list[int | None] = []
    everything = ("",)
    worker = Worker(other, [Subscriber("listener", everything, heard_by(heard))])
    while worker.run_once():
        pass
    with other.reading() as session:
        assert pending(session) == 0
        assert sorted(filter(None, heard)) == waiting


def claim_as_a_worker(database: Database) -> None:
    """As a worker does that is at work, or was killed at it."""
    assert Worker(database)._claim(), "there was nothing to claim"
    with database.reading() as session:
        assert session.exec(select(OutboxRow).where(col(OutboxRow.claimed_until).is_not(None))).first()


def heard_by(heard: list[int | None]) -> Callable[[Any], None]:
    return lambda events: heard.extend(event.id for event in events)


def test_people_sign_in_again_with_their_passwords(
    file: Path, fresh: Database, fresh_blobs: Blobs, fresh_settings: Settings
) -> None:
    restore(fresh, fresh_blobs, fresh_settings, file)
    with fresh.reading() as session:
        assert session.exec(select(SignInSession)).all() == []
        person = session.exec(select(Person).where(Person.name == "Zoë Ångström")).one()
    assert passwords.verified(PASSWORD, person.password_hash)[0]


def test_a_hub_that_is_used_is_overwritten_only_by_force(
    database: Database, original: Original, file: Path, fresh_blobs: Blobs, fresh_settings: Settings
) -> None:
    with database.transaction() as session:
        pair = make_pair(session)
        publish(session, pair, write(session, pair, "of-its-own"))
    before = rows_of(database)
    with pytest.raises(Conflict, match="--force"):
        restore(database, fresh_blobs, fresh_settings, file)
    assert rows_of(database) == before
    assert files_of(fresh_blobs) == {}
    restore(database, fresh_blobs, fresh_settings, file, force=True)
    assert content_of(database, fresh_blobs) == original.content


def test_a_hub_is_set_back_to_its_own_backup(
    original: Original, file: Path, fresh: Database, fresh_blobs: Blobs, fresh_settings: Settings
) -> None:
    for _ in range(2):
        restore(fresh, fresh_blobs, fresh_settings, file, force=True)
        assert content_of(fresh, fresh_blobs) == original.content


@pytest.mark.parametrize("what", ["person", "asset", "event"])
def test_one_row_makes_a_hub_not_empty(
    what: str, file: Path, fresh: Database, fresh_blobs: Blobs, fresh_settings: Settings
) -> None:
    rows = {
        "person": "INSERT INTO person (name, team, role, created_at) VALUES ('Ana', 'sales', 'reader', '2026-01-01')",
        "asset": "INSERT INTO asset (slug, status, created_at, updated_at, revision, head_number, extra) "
        "VALUES ('a', 'draft', '2026-01-01', '2026-01-01', 1, 0, '{}')",
        "event": "INSERT INTO event (name, occurred_at, subject_kind, subject_name, data) "
        "VALUES ('content.synced', '2026-01-01', 'folder', 'content', '{}')",
    }
    with fresh.transaction() as session:
        session.connection().exec_driver_sql(rows[what])
    with pytest.raises(Conflict, match=what):
        restore(fresh, fresh_blobs, fresh_settings, file)


def test_the_key_of_the_environment_stays(
    file: Path, fresh: Database, fresh_blobs: Blobs, fresh_settings: Settings
) -> None:
    given = fresh_settings.model_copy(update={"secret_key": Settings(secret_key="mine").secret_key})
    assert restore(fresh, fresh_blobs, given, file).key_restored is False
    assert not (given.data_dir / "secret_key").exists()


def test_the_restored_key_takes_the_place_of_another_and_is_private(
    original: Original, file: Path, fresh: Database, fresh_blobs: Blobs, fresh_settings: Settings
) -> None:
    assert fresh_settings.secret() != original.secret
    assert restore(fresh, fresh_blobs, fresh_settings, file).key_restored is True
    assert fresh_settings.secret() == original.secret
    assert (fresh_settings.data_dir / "secret_key").stat().st_mode & 0o077 == 0
    assert [path.name for path in fresh_settings.data_dir.iterdir()] == ["secret_key"]


def test_a_damaged_file_in_the_store_is_made_whole(
    original: Original, file: Path, fresh: Database, fresh_blobs: Blobs, fresh_settings: Settings
) -> None:
    restore(fresh, fresh_blobs, fresh_settings, file)
    with fresh.reading() as session:
        key = blob_key(session.exec(select(Attachment.digest)).one())
    fresh_blobs.put(key, b"rotten")
    restore(fresh, fresh_blobs, fresh_settings, file, force=True)
    assert files_of(fresh_blobs) == original.content.files


def test_terms_that_every_hub_has_are_there_once(
    file: Path, fresh: Database, fresh_blobs: Blobs, fresh_settings: Settings
) -> None:
    restore(fresh, fresh_blobs, fresh_settings, file)
    before = rows_of(fresh)
    with fresh.transaction() as session:
        terms.ensure_builtin(session)
    assert rows_of(fresh) == before


# --- other schemas ---------------------------------------------------------------------------------------


MIGRATION = '''"""assets get a colour, people lose nothing"""
import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("asset", sa.Column("colour", sa.String(), nullable=False, server_default="grey"))
    op.execute("UPDATE asset SET colour = 'red' WHERE slug = 'live'")
    with op.batch_alter_table("person") as batch:  # SQLite copies the table, which everything refers to
        batch.alter_column("team", existing_type=sa.String(), nullable=True)


def downgrade() -> None:
    with op.batch_alter_table("person") as batch:
        batch.alter_column("team", existing_type=sa.String(), nullable=False)
    op.drop_column("asset", "colour")
'''


@pytest.fixture
def newer_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Call it, and the hub has one migration more."""

    def grow() -> None:
        here = tmp_path / "migrations"
        shutil.copytree(migrations.HERE, here, ignore=shutil.ignore_patterns("__pycache__"))
        before = migrations.newest_revision()
        (here / "versions" / "9001_colour.py").write_text(MIGRATION.format(before=before))
        monkeypatch.setattr(migrations, "HERE", here)

    return grow


@pytest.mark.parametrize("state", ["no schema", "fresh, older schema", "used, newer schema"])
def test_a_backup_of_an_older_hub_is_brought_up_to_date(
    state: str,
    original: Original,
    file: Path,
    other: Database,
    fresh_blobs: Blobs,
    fresh_settings: Settings,
    newer_hub: Callable[[], None],
) -> None:
    if state == "fresh, older schema":
        migrations.upgrade(other)
    newer_hub()
    if state == "used, newer schema":
        migrations.upgrade(other)
        with other.transaction() as session:
            make_pair(session)
    restore(other, fresh_blobs, fresh_settings, file, force=state.startswith("used"))
    assert migrations.current_revision(other) == "9001"
    assert rows_of(other) == original.content.rows
    with other.reading() as session:
        colours = dict(session.connection().exec_driver_sql("SELECT slug, colour FROM asset").all())
    assert colours.pop("live") == "red"
    assert set(colours.values()) == {"grey"}


def test_a_backup_of_a_newer_hub_is_refused_in_clear_words(
    file: Path, fresh: Database, fresh_blobs: Blobs, fresh_settings: Settings, tmp_path: Path
) -> None:
    before = rows_of(fresh)
    for changes in ({"revision": "9999"}, {"format_version": 2}, {"format_version": 2, "tables": "elsewhere"}):
        with pytest.raises(Invalid, match=r"newer hub .*Update this hub first"):
            restore(fresh, fresh_blobs, fresh_settings, changed(file, tmp_path / "newer.zip", changes))
    assert rows_of(fresh) == before


def test_a_database_of_a_newer_hub_is_left_alone(
    file: Path, fresh: Database, fresh_blobs: Blobs, fresh_settings: Settings
) -> None:
    with fresh.transaction() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Invalid, match="database here is of a newer hub"):
        restore(fresh, fresh_blobs, fresh_settings, file, force=True)


# --- broken off ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0.6, 0.9, 1.0])
def test_a_restore_that_breaks_off_leaves_the_hub_as_it_was(
    at: float, database: Database, file: Path, fresh_blobs: Blobs, fresh_settings: Settings
) -> None:
    with database.transaction() as session:
        pair = make_pair(session)
        write(session, pair, "of-its-own")
    before = rows_of(database)

    def break_off(done: int, total: int) -> None:
        if done >= at * total:
            raise HubError("the power went")

    with pytest.raises(HubError, match="the power went"):
        restore(database, fresh_blobs, fresh_settings, file, force=True, progress=break_off)
    assert rows_of(database) == before
    with database.transaction() as session:  # on PostgreSQL the numbering was not set back either
        write(session, pair, "afterwards")
    with database.reading() as session:
        assert session.exec(select(Asset).where(Asset.slug == "afterwards")).one()
