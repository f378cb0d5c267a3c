"""`hub backup` and `hub restore`, as people and programs call them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.db import Database
from hub.settings import Settings
from tests.factories.filled_hub import make_pair, rows_of, write

runner = CliRunner()


@pytest.fixture
def here(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment of a hub with one asset."""
    database = Database(settings.database_url)
    with database.transaction() as session:
        write(session, make_pair(session), "kept")
    database.close()
    monkeypatch.setenv("HUB_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("HUB_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("HUB_LOG_LEVEL", "error")
    return tmp_path


def move_to_another_hub(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{folder / 'another.sqlite3'}"
    monkeypatch.setenv("HUB_DATA_DIR", str(folder / "another"))
    monkeypatch.setenv("HUB_DATABASE_URL", url)
    return url


def test_a_program_gets_one_object_from_each_command(
    here: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = here / "b.zip"
    made = runner.invoke(app, ["backup", str(file), "--json"])
    assert made.exit_code == 0, made.output
    report = json.loads(made.stdout)
    assert report.keys() >= {"file", "tables", "rows", "blobs", "bytes"}
    assert (report["file"], report["bytes"]) == (str(file), file.stat().st_size)
    original = Database(settings.database_url)
    before = rows_of(original)
    original.close()
    url = move_to_another_hub(here, monkeypatch)
    done = runner.invoke(app, ["restore", str(file), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["rows"] == report["rows"]
    restored = Database(url)
    assert rows_of(restored) == before
    restored.close()


def test_people_get_sentences(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = here / "b.zip"
    made = runner.invoke(app, ["backup", str(file)])
    assert (made.exit_code, made.stdout) == (0, "")
    assert f"{file}: " in made.stderr
    move_to_another_hub(here, monkeypatch)
    done = runner.invoke(app, ["restore", str(file)])
    assert (done.exit_code, done.stdout) == (0, "")
    assert "Restart every `hub serve`" in done.stderr


def test_a_hub_that_is_used_is_not_overwritten(here: Path) -> None:
    file = here / "b.zip"
    assert runner.invoke(app, ["backup", str(file)]).exit_code == 0
    refused = runner.invoke(app, ["restore", str(file), "--json"])
    assert refused.exit_code == 1
    assert "--force" in json.loads(refused.stdout)["detail"]
    assert runner.invoke(app, ["restore", str(file), "--force"]).exit_code == 0


def test_what_is_no_backup_is_refused_in_words(here: Path) -> None:
    (here / "b.zip").write_text("nothing of the kind")
    refused = runner.invoke(app, ["restore", str(here / "b.zip")])
    assert refused.exit_code == 1
    assert "no backup of a hub" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_lost_attachment_is_named_and_the_exit_code_says_so(here: Path, settings: Settings) -> None:
    database = Database(settings.database_url)
    with database.transaction() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO attachment (digest, media_type, size, page_count, truncated, has_thumbnail, stored_at) "
            "VALUES ('abcd', 'application/pdf', 1, 1, 0, 0, '2026-01-01 00:00:00.000000')"
        )
    database.close()
    made = runner.invoke(app, ["backup", str(here / "b.zip")])
    assert made.exit_code == 1
    assert "attachments/ab/abcd" in made.stderr
    assert (here / "b.zip").exists()
