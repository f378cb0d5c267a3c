"""Syncing a content folder: all of it into an empty hub, then again with nothing changed."""

import json
from collections.abc import Iterator
from pathlib import Path

from bench import writing
from bench.figures import Figure
from bench.places import fresh

FILES = 883


def measured(handbook: Path | None) -> Iterator[Figure]:
    """Of the folder given, or of one that is made up."""
    with fresh() as place:
        folder = handbook or place.root / "content"
        if handbook is None:
            writing.write_folder(folder, FILES)
        place.hub("migrate")
        sync = ("content", "sync", str(folder), "--json")
        # A folder of real files may hold some that are refused; they are read as well.
        new, again = (place.hub(*sync, may_end_with=(0, 1)) for _ in range(2))
        bare_new = place.bare("sync", str(folder), str(place.root / "bare.sqlite3"))
        bare_again = place.bare("hashes", str(folder))
        report = json.loads(new.said.splitlines()[-1])
        files = int(report["read"])
        where = f"SQLite, {files:,} files ({'of the folder given' if handbook else 'made up'})"
    parts = "PyYAML, markdown-it, nh3, one table"
    yield Figure("folder", "sync a folder", where, files / new.wall, "files/s", files / bare_new.wall, parts)
    yield Figure(
        "folder", "sync a folder", where, new.cpu * 1000 / files, "ms CPU/file", bare_new.cpu * 1000 / files, parts
    )
    parts = "every file hashed"
    yield Figure(
        "folder", "sync it again, unchanged", where, files / again.wall, "files/s", files / bare_again.wall, parts
    )
    yield Figure("folder", "sync it again, unchanged", where, again.cpu, "s CPU", bare_again.cpu, parts)
    yield Figure("folder", "sync: memory at most", where, new.peak_mb, "MB", bare_new.peak_mb, "the same parts")
