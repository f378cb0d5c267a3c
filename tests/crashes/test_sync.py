"""A sync killed at any moment: the next one ends with the library that an undisturbed sync makes."""

import json
import random
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlmodel import col, func, select

from hub.assets.models import Asset, AssetSlug, ContentFile, Version, VersionTag
from hub.db import Database
from hub.events.models import Event
from tests.crashes.nursery import Nursery

FILES, KILLS = 200, 10


def test_a_killed_sync_is_completed_by_the_next_one(sqlite_template: Path, tmp_path: Path) -> None:
    content = tmp_path / "content"
    write_files(content)
    begun = time.monotonic()
    undisturbed = synced(tmp_path / "calm", sqlite_template, content)
    took = time.monotonic() - begun
    kills = [(number + random.random()) / KILLS * took / 3 for number in range(KILLS)]
    disturbed = synced(tmp_path / "stormy", sqlite_template, content, kills=kills)
    assert len(undisturbed["assets"]) == FILES
    assert disturbed == undisturbed


def write_files(content: Path) -> None:
    for number in range(FILES):
        file = content / f"part-{number % 7}" / f"asset-{number}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        front = f"title: Asset {number}\nkind: snippet\nsummary: The one.\nstages: [decision]\n"
        file.write_text(f"---\n{front}---\n# Part {number}\n\n" + f"Words of {number}. " * 50 + "\n")


def synced(folder: Path, template: Path, content: Path, *, kills: Sequence[float] = ()) -> dict[str, Any]:
    """What a hub holds after syncs that were killed so many seconds after their start, and one that is let alone."""
    folder.mkdir()
    url = f"sqlite:///{shutil.copy(template, folder / 'hub.sqlite3')}"
    with Nursery(folder, HUB_DATA_DIR=str(folder / "data"), HUB_DATABASE_URL=url) as nursery:
        for seconds in kills:
            child = nursery.start("hub", "content", "sync", str(content))
            time.sleep(seconds)
            child.kill()
            assert child.wait() in (-9, 0)
        last = nursery.start("hub", "content", "sync", str(content), "--json")
        assert last.wait() == 0, last.out.with_suffix(".err").read_text()
        again = nursery.start("hub", "content", "sync", str(content), "--json")
        assert again.wait() == 0
        assert json.loads(again.out.read_text())["unchanged"] == FILES
    database = Database(url)
    library = library_of(database)
    database.close()
    return library


def library_of(database: Database) -> dict[str, Any]:
    """All but ids and times."""
    with database.reading() as session:
        assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert session.connection().exec_driver_sql("PRAGMA foreign_key_check").all() == []
        versions = session.exec(
            select(Asset.slug, Version.number, Version.content_hash, Version.body, Version.source)
            .join(Version, col(Version.id) == Asset.head_version_id)
            .order_by(Asset.slug)
        )
        files = select(ContentFile.path, ContentFile.digest, ContentFile.version_number, Asset.slug).join(Asset)
        created = select(Event.subject_name, func.count()).where(Event.name == "asset.created")
        return {
            "assets": [tuple(row) for row in versions],
            "versions": session.exec(select(func.count()).select_from(Version)).one(),
            "tags": session.exec(select(func.count()).select_from(VersionTag)).one(),
            "slugs": sorted(session.exec(select(AssetSlug.slug))),
            "files": sorted(tuple(row) for row in session.exec(files)),
            "created": sorted(tuple(row) for row in session.exec(created.group_by(Event.subject_name))),
        }
