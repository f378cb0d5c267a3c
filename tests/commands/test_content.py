import json
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from typer.testing import CliRunner, Result

from hub.assets import drafts
from hub.assets.models import Asset
from hub.assets.texts import Text
from hub.cli import app
from hub.db import Database
from hub.people.roles import HUB
from tests.factories.content import asset_named, content_file


@pytest.fixture
def content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HUB_CONTENT_DIR", str(tmp_path / "content"))
    monkeypatch.setenv("HUB_LOG_LEVEL", "error")
    monkeypatch.delenv("HUB_DATABASE_URL", raising=False)
    (tmp_path / "content").mkdir()
    return tmp_path / "content"


def hub(*arguments: str) -> Result:
    return CliRunner().invoke(app, [str(it) for it in arguments], catch_exceptions=False)


def hub_json(*arguments: str, exit_code: int = 0) -> dict[str, Any]:
    result = hub(*arguments, "--json")
    assert result.exit_code == exit_code, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def database_of(content: Path) -> Database:
    return Database(f"sqlite:///{content.parent}/data/hub.sqlite3")


def test_a_sync_answers_with_one_report_for_programs(content: Path) -> None:
    (content / "a.md").write_text("# A\n")
    (content / "bad.md").write_text(content_file(title="B", kind="nope"))
    report = hub_json("content", "sync", exit_code=1)
    assert (report["read"], report["new"], report["changed"], report["unchanged"]) == (2, 1, 0, 0)
    assert [(it["file"], it["line"]) for it in report["rejected"]] == [("bad.md", 3)]
    assert report["added_terms"] == report["renamed"] == report["missing"] == report["conflicts"] == []
    (content / "bad.md").unlink()
    assert hub_json("content", "sync")["unchanged"] == 1


def test_a_sync_says_it_in_words_for_people(content: Path) -> None:
    (content / "a.md").write_text("# A\n")
    (content / "bad.md").write_text(content_file(title="B", kind="nope"))
    result = hub("content", "sync")
    assert result.exit_code == 1
    assert "2 files read: 1 new, 0 changed, 0 unchanged, 1 rejected" in result.stdout
    assert "  bad.md:3: there is no kind" in result.stdout


def test_renames_and_missing_files_are_told(content: Path) -> None:
    (content / "a.md").write_text("# A\n")
    (content / "b.md").write_text("# B\n")
    hub("content", "sync")
    (content / "a.md").rename(content / "c.md")
    (content / "b.md").unlink()
    report = hub_json("content", "sync")
    assert report["renamed"] == [{"from": "a.md", "to": "c.md", "slug": "c"}]
    assert report["missing"] == ["b.md"]
    result = hub("content", "sync", "--retire-missing")
    assert "missing: b.md" in result.stdout
    assert "retired: b" in result.stdout


def test_a_check_needs_no_hub_and_makes_none(content: Path) -> None:
    (content / "taxonomy.yaml").write_text("personas:\n  - {key: cfo, label: CFO}\n")
    (content / "a.md").write_text(content_file("See [it](gone.md).\n", title="A", personas="[cfo]"))
    report = hub_json("content", "check", exit_code=1)
    assert (report["new"], report["rejected"]) == (1, [])
    assert report["broken_links"] == [{"file": "a.md", "line": 5, "target": "gone.md"}]
    assert not (content.parent / "data").exists()
    (content / "gone.md").write_text("# Here now\n")
    assert hub("content", "check").exit_code == 0


def test_an_export_writes_another_folder_and_repeats_itself_without_change(content: Path, tmp_path: Path) -> None:
    (content / "a.md").write_text("# A\n")
    hub("content", "sync")
    other = tmp_path / "copy" / "of it"
    assert hub_json("content", "export", str(other))["new"] == 1
    assert (other / "a.md").read_text() == "# A\n"
    assert hub_json("content", "export", str(other))["unchanged"] == 1
    assert not (other / "taxonomy.yaml").exists()


def test_a_conflict_is_shown_and_settled(content: Path) -> None:
    (content / "a.md").write_text("# A\n")
    hub("content", "sync")
    database = database_of(content)
    with database.transaction() as session:
        text = Text(title="A", body="# Of the hub\n")
        drafts.write_version(session, HUB, asset_named(session, "a"), text, base_number=1)
    (content / "a.md").write_text("# Of the file\x1b[31m\n")
    assert hub_json("content", "sync", exit_code=1)["conflicts"][0]["slug"] == "a"
    shown = hub("content", "conflicts").stdout
    assert "+# Of the file" in shown
    assert "\x1b" not in shown  # what stands in a file does not steer the terminal
    [conflict] = hub_json("content", "conflicts")["conflicts"]
    assert (conflict["path"], conflict["file_text"]) == ("a.md", "# Of the file\x1b[31m\n")
    assert hub_json("content", "resolve", "a.md", "--take", "hub")["version"] == 2
    assert hub_json("content", "conflicts")["conflicts"] == []
    assert hub("content", "resolve", "a.md", "--take", "hub").exit_code == 1
    assert hub("content", "resolve", "a.md", "--take", "both").exit_code == 2
    database.close()


def test_a_folder_that_is_not_there_is_one_sentence(content: Path) -> None:
    result = hub("content", "sync", str(content / "nowhere"))
    assert result.exit_code == 1
    assert "no folder" in result.stderr
    assert hub_json("content", "sync", str(content / "nowhere"), exit_code=1)["error"] == "Not found"


def test_assets_are_imported_with_a_mapping_and_published(content: Path, tmp_path: Path) -> None:
    table, mapping = tmp_path / "assets.csv", tmp_path / "mapping.toml"
    table.write_text("Nr;title;personas\n1;A;cfo\n2;;cfo\n")
    mapping.write_text('[assets.columns]\nasset_id = "Nr"\n')
    arguments = ("import", "--assets", str(table), "--mapping", str(mapping), "--publish")
    report = hub_json(*arguments, exit_code=1)["assets"]
    assert (report["read"], report["new"]) == (2, 1)
    assert report["rejected"][0]["row"] == 3
    assert [term["key"] for term in report["added_terms"]] == ["cfo"]
    assert "2 rows read: 0 new, 0 changed, 1 unchanged, 1 rejected" in hub(*arguments).stdout
    database = database_of(content)
    with database.reading() as session:
        assert session.exec(select(Asset.status)).one() == "published"
    database.close()


def test_an_import_of_nothing_is_wrong_usage_and_one_of_no_file_an_error(content: Path) -> None:
    assert hub("import").exit_code == 2
    result = hub("import", "--assets", str(content / "none.csv"))
    assert result.exit_code == 1
    assert "cannot be read" in result.stderr
