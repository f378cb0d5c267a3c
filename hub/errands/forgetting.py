"""What errands leave behind and nobody needs any more: files that were brought and never read, archives that were made
to be carried away, and the files of rejected rows. The records stay.
"""

from datetime import timedelta

from sqlmodel import Session, col, select

from hub import clock
from hub.blobs import Blobs
from hub.db import Database
from hub.errands.imports import rejected_key
from hub.errands.models import Errand, ErrandKind, ErrandState
from hub.errands.work import archive_key

NEVER_BEGUN, CARRIED_AWAY, REJECTED = timedelta(days=7), timedelta(days=7), timedelta(days=90)


def forget_old(database: Database, blobs: Blobs) -> None:
    """Safe to repeat; the bytes go after the record of a file that was never read is gone."""
    with database.transaction() as session:
        unread = _older(session, ErrandKind.IMPORT, NEVER_BEGUN, ErrandState.PREPARED)
        for errand in unread:
            session.delete(errand)
    keys = [str(errand.given["blob"]) for errand in unread]
    with database.reading() as session:
        archives = _older(session, ErrandKind.ARCHIVE, CARRIED_AWAY, ErrandState.DONE)
        imports = _older(session, ErrandKind.IMPORT, REJECTED, ErrandState.DONE)
    keys += [archive_key(errand.id or 0) for errand in archives]
    keys += [rejected_key(errand.id or 0) for errand in imports]
    for key in keys:
        if blobs.has(key):
            blobs.delete(key)


def _older(session: Session, kind: ErrandKind, than: timedelta, state: ErrandState) -> list[Errand]:
    query = select(Errand).where(Errand.kind == kind, Errand.state == state)
    return list(session.exec(query.where(col(Errand.asked_at) < clock.now() - than)))
