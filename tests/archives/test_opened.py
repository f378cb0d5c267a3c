"""Backups that are damaged or mean harm: each is refused with its reason, and changes nothing."""

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.archives import opened
from hub.archives.layout import LEFT_OUT, MANIFEST
from hub.archives.restore import restore
from hub.blobs import Blobs
from hub.db import Database
from hub.errors import Invalid, NotFound
from hub.settings import Settings
from hub.tables import metadata
from tests.factories.backups import blob_name, blobs_with, changed, member, row_changed, tables_with, told
from tests.factories.filled_hub import files_of, make_pair, rows_of, write

Attack = Callable[[Path, Path], Path]
ATTACKS: dict[str, tuple[Attack, str]] = {
    "no archive at all": (lambda _, to: _bytes(to, b"PK\x03\x04 not really"), "damaged, or no backup"),
    "half of it": (lambda file, to: _bytes(to, file.read_bytes()[:-2000]), "damaged, or no backup"),
    "another ZIP": (lambda _, to: _bytes(to, _zip({"a.txt": b"x"})), "no manifest"),
    "a manifest that is no JSON": (lambda _, to: _bytes(to, _zip({MANIFEST: b"{"})), "manifest is wrong"),
    "a manifest of another kind": (lambda file, to: changed(file, to, {"format": "x"}), "does not know the format"),
    "a manifest with more fields": (lambda file, to: changed(file, to, {"x": 1}), "manifest is wrong \\(x"),
    "a changed table": (
        lambda file, to: changed(file, to, members=row_changed(file, "person", "name", "Eve", 1), honest=False),
        "person.jsonl",
    ),
    "a changed file": (
        lambda file, to: changed(file, to, members={blob_name(file): b"evil"}, honest=False),
        "not as large",
    ),
    "a flipped bit": (lambda file, to: _flipped(file, to), "damaged"),
    "a part more": (lambda file, to: changed(file, to, members={"blobs/../../evil": b"x"}), "not in the manifest"),
    "a part less": (lambda file, to: changed(file, to, members={"tables/term.jsonl": None}), "not there"),
    "a key that leads out": (
        lambda file, to: changed(file, to, blobs_with(file, key="a/../../../evil")),
        "manifest is wrong \\(blobs.0.key",
    ),
    "a key from the root": (
        lambda file, to: changed(file, to, blobs_with(file, key="/etc/passwd")),
        "manifest is wrong \\(blobs.0.key",
    ),
    "a table from elsewhere": (
        lambda file, to: changed(file, to, tables_with(file, "term", name="../term")),
        "manifest is wrong \\(tables",
    ),
    "a file that unpacks": (
        lambda file, to: changed(file, to, packed={blob_name(file): zipfile.ZIP_DEFLATED}),
        "is packed",
    ),
    "a rare packing": (
        lambda file, to: changed(file, to, packed={"tables/term.jsonl": zipfile.ZIP_LZMA}),
        "packed in a way",
    ),
    "more rows than told": (
        lambda file, to: changed(file, to, tables_with(file, "term", rows=1)),
        "the manifest says 1",
    ),
    "a negative size": (lambda file, to: changed(file, to, tables_with(file, "term", size=-1)), "manifest is wrong"),
    "a size that lies": (lambda file, to: changed(file, to, tables_with(file, "term", size=5)), "not as large"),
    "a table that is unknown": (lambda file, to: changed(file, to, _renamed(file), members=_moved(file)), "termm"),
    "a column that is unknown": (
        lambda file, to: changed(file, to, tables_with(file, "asset_slug", columns=["slug", "evil"])),
        "columns of asset_slug.*evil",
    ),
    "a column twice": (
        lambda file, to: changed(file, to, tables_with(file, "asset_slug", columns=["slug", "asset_id", "slug"])),
        "named twice",
    ),
    "a row that is no JSON": (
        lambda file, to: changed(file, to, members={"tables/asset_slug.jsonl": b"[1,\n"}),
        "asset_slug.jsonl, row 1 is not JSON",
    ),
    "a row without an end": (
        lambda file, to: changed(file, to, members={"tables/asset_slug.jsonl": b"[]"}),
        "has no end",
    ),
    "a row nested deeply": (
        lambda file, to: changed(file, to, members={"tables/asset_slug.jsonl": b"[" * 200_000 + b"\n"}),
        "row 1 is not JSON",
    ),
    "a row too short": (
        lambda file, to: changed(file, to, members={"tables/asset_slug.jsonl": b'["x"]\n'}),
        "row 1 is not a list of 2",
    ),
    "a word for a number": (
        lambda file, to: changed(file, to, members=row_changed(file, "asset", "revision", "one", 2)),
        "asset.jsonl, row 3 has a value in 'revision'",
    ),
    "a time without a zone": (
        lambda file, to: changed(file, to, members=row_changed(file, "asset", "created_at", "2026-01-01T00:00:00")),
        "row 1 has a value in 'created_at'",
    ),
    "a number past all bounds": (
        lambda file, to: changed(file, to, members=row_changed(file, "asset", "revision", 10**30)),
        "asset.jsonl, rows 1 to",
    ),
    "half a character": (
        lambda file, to: changed(file, to, members=row_changed(file, "version", "body", "\ud800")),
        "version.jsonl, rows 1 to",
    ),
    "nothing where something must be": (
        lambda file, to: changed(file, to, members=row_changed(file, "asset", "slug", None)),
        "row 1 has a value in 'slug'",
    ),
    "one slug twice": (
        lambda file, to: changed(file, to, members=row_changed(file, "asset", "slug", "waiting")),
        "asset.jsonl, rows 1 to",
    ),
    "a reference to nobody": (
        lambda file, to: changed(file, to, members=row_changed(file, "review", "reviewer_id", 777)),
        "a row of review refers to a row of person",
    ),
    "a live version of nobody": (
        lambda file, to: changed(file, to, members=row_changed(file, "asset", "live_version_id", 777)),
        "'live' names a version that is not its own",
    ),
    "the newest version of another": (
        lambda file, to: changed(file, to, members=row_changed(file, "asset", "head_version_id", 3)),
        "'live' names a version that is not its own",
    ),
    "a file that is not in it": (lambda file, to: _without_a_blob(file, to), "a row names the file"),
    "settings of another form": (
        lambda file, to: changed(file, to, members={"settings.json": b'{"secret_key": ""}'}),
        "settings.json does not have its form",
    ),
}


def _bytes(to: Path, data: bytes) -> Path:
    to.write_bytes(data)
    return to


def _zip(contents: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        for name, data in contents.items():
            out.writestr(name, data)
    return buffer.getvalue()


def _flipped(file: Path, to: Path) -> Path:
    with zipfile.ZipFile(file) as archive:
        info = archive.getinfo("tables/version.jsonl")
        place = info.header_offset + 30 + len(info.filename) + info.compress_size // 2
    data = bytearray(file.read_bytes())
    data[place] ^= 0x10
    return _bytes(to, bytes(data))


def _renamed(file: Path) -> dict[str, Any]:
    return tables_with(file, "term", name="termm")


def _moved(file: Path) -> dict[str, bytes | None]:
    return {"tables/term.jsonl": None, "tables/termm.jsonl": member(file, "tables/term.jsonl")}


def _without_a_blob(file: Path, to: Path) -> Path:
    first, *rest = told(file, "blobs")
    return changed(file, to, {"blobs": rest}, members={f"blobs/{first['key']}": None})


@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_wrong_is_refused_with_its_reason_and_changes_nothing(
    name: str, file: Path, fresh: Database, fresh_blobs: Blobs, fresh_settings: Settings, tmp_path: Path
) -> None:
    attack, reason = ATTACKS[name]
    with fresh.transaction() as session:
        write(session, make_pair(session), "of-its-own")
    before, key = rows_of(fresh), fresh_settings.secret()
    bad = attack(file, tmp_path / "bad.zip")
    with pytest.raises(Invalid, match=reason) as caught:
        restore(fresh, fresh_blobs, fresh_settings, bad, force=True)
    assert "Nothing was changed" in caught.value.detail
    assert rows_of(fresh) == before
    assert files_of(fresh_blobs) == {}
    assert fresh_settings.secret() == key
    assert not list(tmp_path.rglob("evil"))


def test_a_bomb_is_refused_before_it_is_unpacked(
    file: Path,
    fresh: Database,
    fresh_blobs: Blobs,
    fresh_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bomb = changed(file, tmp_path / "bomb.zip", members={"tables/term.jsonl": b"\n" * 30_000_000})
    monkeypatch.setattr(opened, "ALWAYS_UNPACKED", 1_000_000)
    with pytest.raises(Invalid, match="unpacks to far more"):
        restore(fresh, fresh_blobs, fresh_settings, bomb)


def test_a_row_without_end_is_refused_within_bounds(
    file: Path,
    fresh: Database,
    fresh_blobs: Blobs,
    fresh_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    endless = changed(file, tmp_path / "endless.zip", members={"tables/term.jsonl": b"1" * 5_000_000})
    monkeypatch.setattr(opened, "LONGEST_ROW", 2_000_000)
    with pytest.raises(Invalid, match="longer than 2,000,000 bytes"):
        restore(fresh, fresh_blobs, fresh_settings, endless)


def test_two_parts_by_one_name_are_refused(
    file: Path, fresh: Database, fresh_blobs: Blobs, fresh_settings: Settings
) -> None:
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("tables/term.jsonl", b"[]\n")
    with pytest.raises(Invalid, match="two parts by one name"):
        restore(fresh, fresh_blobs, fresh_settings, file)


def test_a_table_that_is_left_out_cannot_be_smuggled_in(
    file: Path, fresh: Database, fresh_blobs: Blobs, fresh_settings: Settings, tmp_path: Path
) -> None:
    name = next(iter(LEFT_OUT))
    columns = [column.name for column in metadata.tables[name].columns]
    table = {"name": name, "columns": columns, "rows": 0, "size": 0, "sha256": hashlib.sha256().hexdigest()}
    more = {"tables": [*told(file, "tables"), table]}
    bad = changed(file, tmp_path / "bad.zip", more, members={f"tables/{name}.jsonl": b""})
    with pytest.raises(Invalid, match="tables are not those"):
        restore(fresh, fresh_blobs, fresh_settings, bad)


def test_a_file_that_is_not_there_is_said(
    fresh: Database, fresh_blobs: Blobs, fresh_settings: Settings, tmp_path: Path
) -> None:
    for place in (tmp_path / "nothing.zip", tmp_path):
        with pytest.raises(NotFound, match="There is no file"):
            restore(fresh, fresh_blobs, fresh_settings, place)
