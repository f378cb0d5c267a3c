"""The outbox worker: delivers recorded events to subscribers, and runs the recurring jobs.

At least once: rows are claimed by a lease (SKIP LOCKED on PostgreSQL, the write lock on SQLite), delivered outside
of any transaction, then removed. A worker killed in between leaves rows whose lease runs out, and the next one takes
them. So a subscriber must make things equal rather than count: it may see an event twice, late, or out of order.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Executable, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import joinedload
from sqlmodel import Session, col, delete, func, select, update

from hub import clock
from hub.db import Database
from hub.errors import HubError, Unavailable
from hub.events.models import Event, Job, OutboxRow

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
BATCH = 200
LONGEST_WAIT = timedelta(minutes=10)


@dataclass(frozen=True)
class Subscriber:
    """Told of the events whose name starts with one of `names`, in batches, oldest first."""

    name: str
    names: tuple[str, ...]
    react: Callable[[Sequence[Event]], None]

    def wants(self, event: Event) -> bool:
        return event.name.startswith(self.names)


@dataclass(frozen=True)
class RecurringJob:
    """A duty that one process at a time does, `every` so often; with `at_start` also whenever a worker starts.
    A process that does not finish it within `lease` is taken for dead, and another one does it."""

    name: str
    every: timedelta
    run: Callable[[], None]
    at_start: bool = False
    lease: timedelta = LEASE


@dataclass
class Worker:
    """Delivers in its own thread (`start`, `stop`) or when asked (`run_once`). `wake` makes it look at once.

    Jobs have a thread beside it: one that takes minutes must not keep a publication from being found.
    """

    database: Database
    subscribers: Sequence[Subscriber] = ()
    jobs: Sequence[RecurringJob] = ()
    poll_seconds: float = 1.0
    _woken: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self._owed = {job.name for job in self.jobs if job.at_start}

    def start(self) -> None:
        self._thread = threading.Thread(target=self.run_forever, name="outbox", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop after the batch in hand; may be called from a signal handler."""
        self._stopping.set()
        self._woken.set()

    def stop(self) -> None:
        self.end()
        if self._thread is not None:
            self._thread.join(timeout=LEASE.total_seconds())

    def wake(self) -> None:
        self._woken.set()

    def run_forever(self) -> None:
        jobs = threading.Thread(
            target=self._keep_doing, args=(self._run_jobs, self._stopping), name="jobs", daemon=True
        )
        jobs.start()
        self._keep_doing(self._deliver_all, self._woken)
        jobs.join(timeout=LEASE.total_seconds())

    def run_once(self) -> int:
        """Deliver what is due (at most one batch) and run the jobs that are due; returns how many events went out."""
        delivered = self._deliver_batch()
        self._run_jobs()
        return delivered

    def _keep_doing(self, round_: Callable[[], None], signal: threading.Event) -> None:
        while not self._stopping.is_set():
            try:
                round_()
            except HubError as error:
                # The database is away for a moment: nothing is lost, the rows are still there.
                log.warning("outbox waits", reason=error.detail)
            except Exception:
                # Whatever a subscriber or job did, the worker must live; the row keeps the error and is tried again.
                log.exception("outbox round failed")
            if signal.wait(self.poll_seconds) and signal is self._woken:
                signal.clear()

    def _deliver_all(self) -> None:
        while self._deliver_batch() and not self._stopping.is_set():
            pass

    def _deliver_batch(self) -> int:
        rows = self._claim()
        longest: dict[int | None, timedelta] = {}
        for row in rows:
            row.error = None
        for subscriber in self.subscribers:
            wanted = [row for row in rows if subscriber.wants(row.event) and subscriber.name not in row.delivered_to]
            if wanted and (wait := _hand_over(subscriber, wanted)):
                longest |= {row.id: wait for row in wanted}
        if rows:
            self._settle(rows, longest)
        return sum(1 for row in rows if row.error is None)

    def _claim(self) -> list[OutboxRow]:
        now = clock.now()
        with self.database.reading() as session:  # most looks find nothing: those must not take the write lock
            if session.exec(select(OutboxRow.id).where(*_due(now)).limit(1)).first() is None:
                return []
        with self.database.transaction() as session:
            rows = list(
                session.exec(
                    select(OutboxRow)
                    .where(*_due(now))
                    .order_by(col(OutboxRow.id))
                    .limit(BATCH)
                    .with_for_update(skip_locked=True, of=OutboxRow)
                    .options(joinedload(OutboxRow.event, innerjoin=True))  # type: ignore[arg-type]
                )
            )
            for row in rows:
                row.claimed_until = now + LEASE
                row.attempts += 1
        return rows

    def _settle(self, rows: list[OutboxRow], longest: dict[int | None, timedelta]) -> None:
        done = [row.id for row in rows if row.error is None]
        with self.database.transaction() as session:
            session.exec(delete(OutboxRow).where(col(OutboxRow.id).in_(done)))
            for row in rows:
                if row.error is not None:
                    # An update, never a merge: another worker may have delivered and removed it after our lease ended.
                    wait = min(timedelta(seconds=2 ** min(row.attempts, 20)), longest.get(row.id, LONGEST_WAIT))
                    after = {"due_at": clock.now() + wait, "claimed_until": None, "error": row.error}
                    kept = update(OutboxRow).where(col(OutboxRow.id) == row.id)
                    session.exec(kept.values(**after, delivered_to=row.delivered_to))

    def _run_jobs(self) -> None:
        for job in self.jobs:
            if self._stopping.is_set():
                return
            if self._claim_job(job):
                error = None
                try:
                    job.run()
                except Exception as trouble:
                    # A job that fails is tried at its next turn; the others must still run.
                    log.exception("job failed", job=job.name)
                    error = str(trouble)[:500]
                self._finish_job(job, error)

    def _claim_job(self, job: RecurringJob) -> bool:
        now = clock.now()
        with self.database.reading() as session:
            row = session.get(Job, job.name)
            if row is not None and not _may_run(row, at_once=job.name in self._owed):
                return False
        with self.database.transaction() as session:
            row = session.get(Job, job.name, with_for_update=True)
            if row is None:
                # Two processes may come here at once on PostgreSQL: the second waits, then finds the first one's row.
                session.execute(self._insert_job(job.name, now))
                row = session.get_one(Job, job.name, with_for_update=True)
            if not _may_run(row, at_once=job.name in self._owed):
                return False
            row.claimed_until, row.started_at = now + job.lease, now
        self._owed.discard(job.name)
        return True

    def _insert_job(self, name: str, now: datetime) -> Executable:
        values = {"name": name, "due_at": now}
        if self.database.is_sqlite:
            return sqlite.insert(Job).values(**values).on_conflict_do_nothing()
        return postgresql.insert(Job).values(**values).on_conflict_do_nothing()

    def _finish_job(self, job: RecurringJob, error: str | None) -> None:
        with self.database.transaction() as session:
            row = session.get_one(Job, job.name)
            row.due_at = clock.now() + job.every
            row.claimed_until = None
            row.finished_at = clock.now()
            row.error = error


def pending(session: Session) -> int:
    """How many events still wait for delivery."""
    return session.exec(select(func.count()).select_from(OutboxRow)).one()


def _due(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    unclaimed = or_(col(OutboxRow.claimed_until).is_(None), col(OutboxRow.claimed_until) < now)
    return (col(OutboxRow.due_at) <= now, unclaimed)


def _may_run(row: Job, *, at_once: bool) -> bool:
    now = clock.now()
    return (at_once or row.due_at <= now) and (row.claimed_until is None or row.claimed_until < now)


def _hand_over(subscriber: Subscriber, rows: list[OutboxRow]) -> timedelta | None:
    """Answers how long at most to wait before the next try, for a subscriber that knows."""
    try:
        subscriber.react([row.event for row in rows])
    except Unavailable as away:
        # A server that is away comes back at some moment, and should then be caught up with at once.
        log.warning("delivery waits", subscriber=subscriber.name, events=len(rows), reason=away.detail)
        for row in rows:
            row.error = f"{subscriber.name}: {away.detail}"[:500]
        return timedelta(seconds=int(away.extra["retry_after"]))
    except Exception as error:
        # One subscriber's trouble must not keep the others from hearing; its rows are tried again, later and later.
        log.exception("delivery failed", subscriber=subscriber.name, events=len(rows))
        for row in rows:
            row.error = f"{subscriber.name}: {error}"[:500]
    else:
        for row in rows:
            row.delivered_to = [*row.delivered_to, subscriber.name]
    return None
