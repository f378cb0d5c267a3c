"""What is done for each kind of errand."""

import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.blobs import Blobs
from hub.content import export, going_live, sync
from hub.content.folder import Folder
from hub.db import Database
from hub.errands import imports
from hub.errands.models import ErrandKind
from hub.errands.running import Assignment, Work
from hub.search import projection
from hub.search.engine import Engine
from hub.search.indexing import Indexer
from hub.settings import Settings

LISTED = 200
STARTER, OWN = "starter", "own"
BACKUPS = "backups"  # the folder in the data directory


def archive_key(errand_id: int) -> str:
    return f"imports/archive-{errand_id}"


def kinds(
    database: Database, blobs: Blobs, engine: Engine, settings: Settings, folders: Mapping[str, Path], back_up: Work
) -> dict[ErrandKind, Work]:
    """`folders` are those that may be synced, by name."""
    indexer = Indexer(database, engine)

    def bring_in(errand: Assignment) -> dict[str, Any]:
        folder = Folder.at(
            folders[errand.given.get("folder", OWN)],
            configured=settings.content_dir,
            max_attachment_bytes=settings.max_attachment_bytes,
        )
        told = _told(sync.sync(database, blobs, folder, actor=errand.actor, progress=errand.progress))
        if errand.given.get("publish"):
            told["live"] = going_live.publish_untouched(database, errand.actor, folder=folder.label)
        return told

    def carry_out(errand: Assignment) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as place, tempfile.TemporaryFile() as out:
            folder = Folder(Path(place).resolve(), "", settings.max_attachment_bytes)
            live = bool(errand.given.get("live"))
            report = export.export(
                database, blobs, folder, actor=errand.actor, live=live, remembered=False, progress=errand.progress
            )
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                for path in sorted(Path(place).rglob("*")):
                    if path.is_file():
                        archive.write(path, path.relative_to(place))
            size = out.tell()
            out.seek(0)
            blobs.put_file(archive_key(errand.id), out)
        return _told(report) | {"bytes": size}

    def rebuild(errand: Assignment) -> dict[str, Any]:
        with database.reading() as session:
            total = projection.how_many(session)
        return {"documents": indexer.rebuild(lambda done: errand.progress(done, max(total, done)))}

    def check(_: Assignment) -> dict[str, Any]:
        found = indexer.check()
        listed = [[one.what, one.slug, one.document.endswith(".draft")] for one in found[:LISTED]]
        return {"differences": len(found), "listed": listed, "documents": engine.health().documents}

    return {
        ErrandKind.IMPORT: lambda errand: imports.take(database, blobs, errand),
        ErrandKind.SYNC: bring_in,
        ErrandKind.ARCHIVE: carry_out,
        ErrandKind.REBUILD: rebuild,
        ErrandKind.CHECK: check,
        ErrandKind.BACKUP: back_up,
    }


def _told(report: Any) -> dict[str, Any]:
    """A folder's report, its lists cut to what a page shows."""
    told: dict[str, Any] = {name: getattr(report, name) for name in ("read", "new", "changed", "unchanged")}
    told["rejected_rows"] = len(report.rejected)
    told["rejected"] = [[it.file, it.line, it.reason[:500]] for it in report.rejected[:LISTED]]
    told["conflicts"] = [[it.file, it.slug, it.reason[:500]] for it in report.conflicts[:LISTED]]
    told["missing"] = report.missing[:LISTED]
    told["renamed"] = [[it.from_path, it.to, it.slug] for it in report.renamed[:LISTED]]
    told["broken_links"] = [[it.file, it.line, it.target] for it in report.broken_links[:LISTED]]
    if (words := report.taxonomy) is not None:
        told["terms"] = {"new": words.new, "changed": words.changed}
        told["rejected"] += [[it.file, it.line, it.reason[:500]] for it in words.rejected[:LISTED]]
    return told
