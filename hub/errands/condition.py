"""How the hub is, part by part, as an admin looks at it: the database, what waits for delivery, the recurring jobs, the
evidence, the files, the disk. `try_again` is the cure for what could not be delivered."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlmodel import Session, col, func, select, update

from hub import clock
from hub.assets.models import Attachment
from hub.errands.work import BACKUPS
from hub.events.models import Event, Job, OutboxRow
from hub.insights.models import EvidenceRun
from hub.people.roles import Actor, Deed, require
from hub.search import projection
from hub.settings import Settings

LISTED = 20
_RUNS = 5
_LOW_DISK = 0.05


@dataclass(frozen=True, slots=True)
class Undelivered:
    """An event that could not be told to somebody: when it is tried next, how often it was, and why not yet."""

    event: str
    subject: str
    attempts: int
    due_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Outbox:
    """`oldest` is since when the longest waiting event waits."""

    waiting: int
    failed: int
    oldest: datetime | None
    listed: list[Undelivered]


@dataclass(frozen=True, slots=True)
class Disk:
    total: int
    free: int

    @property
    def is_low(self) -> bool:
        return self.free < self.total * _LOW_DISK


@dataclass(frozen=True, slots=True)
class BackupFile:
    name: str
    size: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Condition:
    """`documents` is how many the index should have; sizes are in bytes, None where they cannot be known."""

    revision: str
    database_size: int | None
    outbox: Outbox
    jobs: Sequence[Job]
    runs: Sequence[EvidenceRun]
    documents: int
    files: int
    files_size: int
    disk: Disk | None
    backups: list[BackupFile]


def condition(session: Session, actor: Actor, settings: Settings) -> Condition:
    """About ten cheap queries. Raises NotAllowed."""
    require(actor, Deed.LOOK_AFTER_HUB)
    files, size = session.exec(
        select(func.count(), func.coalesce(func.sum(Attachment.size), 0)).select_from(Attachment)
    ).one()
    runs = session.exec(select(EvidenceRun).order_by(col(EvidenceRun.id).desc()).limit(_RUNS)).all()
    return Condition(
        revision=str(session.connection().execute(text("SELECT version_num FROM alembic_version")).scalar() or ""),
        database_size=_database_size(session, settings),
        outbox=_outbox(session),
        jobs=session.exec(select(Job).order_by(col(Job.name))).all(),
        runs=runs,
        documents=projection.how_many(session),
        files=files,
        files_size=int(size),
        disk=_disk(settings.data_dir),
        backups=backups(settings),
    )


def try_again(session: Session, actor: Actor) -> int:
    """What could not be delivered is due now. Answers how much that is."""
    require(actor, Deed.LOOK_AFTER_HUB)
    failed = update(OutboxRow).where(col(OutboxRow.error).is_not(None), col(OutboxRow.claimed_until).is_(None))
    again = session.exec(failed.values(due_at=clock.now())).rowcount
    session.info["events_recorded"] = True  # so that the worker looks at once
    return again


def backups(settings: Settings) -> list[BackupFile]:
    """Those in the data directory, newest first."""
    place = settings.data_dir / BACKUPS
    found = [(file, file.stat()) for file in place.glob("hub-*.zip") if file.is_file()]
    rows = [
        BackupFile(file.name, stat.st_size, datetime.fromtimestamp(stat.st_mtime, clock.now().tzinfo))
        for file, stat in found
    ]
    return sorted(rows, key=lambda it: it.name, reverse=True)


def _outbox(session: Session) -> Outbox:
    counted = select(func.count(), func.count(col(OutboxRow.error))).select_from(OutboxRow)
    waiting, failed = session.exec(counted).one()
    oldest = select(func.min(Event.occurred_at)).join(OutboxRow, col(OutboxRow.event_id) == Event.id)
    query = select(OutboxRow, Event).join(Event, col(Event.id) == OutboxRow.event_id)
    query = query.where(col(OutboxRow.error).is_not(None)).order_by(col(OutboxRow.id)).limit(LISTED)
    listed = [
        Undelivered(event.name, event.subject_name, row.attempts, row.due_at, row.error or "")
        for row, event in (session.exec(query) if failed else ())
    ]
    return Outbox(waiting, failed, session.exec(oldest).one() if waiting else None, listed)


def _database_size(session: Session, settings: Settings) -> int | None:
    address = make_url(settings.resolved_database_url)
    if address.get_backend_name() == "postgresql":
        return int(session.connection().execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    file = Path(address.database or "")
    return file.stat().st_size if file.is_file() else None


def _disk(place: Path) -> Disk | None:
    try:
        found = shutil.disk_usage(place)
    except OSError:
        return None
    return Disk(found.total, found.free)
