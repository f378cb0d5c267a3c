"""What errands leave behind goes after its time; their records and what is still of use stay."""

from datetime import timedelta

from sqlmodel import select

from hub import clock
from hub.blobs import Blobs
from hub.db import Database
from hub.errands import asking
from hub.errands.forgetting import forget_old
from hub.errands.imports import rejected_key
from hub.errands.models import Errand, ErrandKind
from hub.errands.running import Runner
from hub.errands.work import archive_key
from tests.factories.people import actor


def test_old_files_go_and_records_and_new_files_stay(database: Database, blobs: Blobs) -> None:
    with database.transaction() as session:
        admin = actor(session, role="admin")
    for age, name in ((100, "old"), (0, "new")):
        with clock.shifted(-timedelta(days=age)), database.transaction() as session:
            asking.prepare_import(session, admin, "deals", name=f"{name} unread", size=1, blob=f"imports/{name}")
            done = asking.prepare_import(session, admin, "deals", name=f"{name} done", size=1, blob="imports/gone")
            asking.begin_import(session, admin, done)
            archive = asking.ask(session, admin, ErrandKind.ARCHIVE, name)
            keys = [f"imports/{name}", rejected_key(done.id or 0), archive_key(archive.id or 0)]
        for key in keys:
            blobs.put(key, b"x")
        with clock.shifted(-timedelta(days=age)):
            runner = Runner(database, dict.fromkeys(ErrandKind, lambda _: {}))
            while runner.run_once():
                pass
    for _ in range(2):
        forget_old(database, blobs)
    assert sorted(blobs.keys()) == sorted(keys)
    with database.reading() as session:
        names = set(session.exec(select(Errand.name)))
    assert names == {"old done", "old", "new unread", "new done", "new"}
