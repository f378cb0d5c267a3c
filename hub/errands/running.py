"""Doing errands: one at a time, in a thread of its own, so that neither a publication nor a recurring duty waits.

Whoever does one holds it by a lease that every sign of progress renews. When a process dies, the lease runs out and
another one begins the errand anew, which every kind bears; when it ends in good order, the errand waits again at once.
"""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from sqlmodel import Session, and_, col, or_, select, update

from hub import clock
from hub.db import Database, id_of
from hub.errands.models import Errand, ErrandKind, ErrandState
from hub.errors import HubError, Unavailable
from hub.events.names import EventName
from hub.events.record import record
from hub.people import directory
from hub.people.models import Person
from hub.people.roles import HUB, Actor

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=5)
MOST_ATTEMPTS = 3
_TOLD_EVERY = 0.4
_TIDIED_EVERY = 6 * 60 * 60.0
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Assignment:
    """An errand in hand. `progress` is told (done, total)."""

    id: int
    actor: Actor
    given: Mapping[str, Any]
    progress: Progress


Work = Callable[[Assignment], dict[str, Any]]


class _Stopping(Exception):
    """The process ends; the errand goes on elsewhere or later."""


@dataclass
class Runner:
    """Does errands in its own thread (`start`, `stop`) or when asked (`run_once`). `wake` makes it look at once. `tidy`
    takes away what old errands left, a few times a day."""

    database: Database
    kinds: Mapping[ErrandKind, Work]
    tidy: Callable[[], None] = lambda: None
    poll_seconds: float = 2.0
    _tidied: float = float("-inf")
    _woken: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run_forever, name="errands", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(timeout=20)

    def wake(self) -> None:
        self._woken.set()

    def run_once(self) -> bool:
        """Do one errand that waits; whether there was one."""
        taken = self._claim()
        if taken is None:
            return False
        errand, actor = taken
        told = _Teller(self.database, id_of(errand), self._stopping)
        try:
            report = self.kinds[ErrandKind(errand.kind)](Assignment(id_of(errand), actor, errand.given, told))
        except _Stopping:
            self._settle(errand, ErrandState.WAITING)
            return False
        except HubError as refused:
            faults = "".join(f" {fault.message}." for fault in refused.errors[:3])
            self._settle(errand, ErrandState.FAILED, error=refused.detail + faults)
        except Exception as trouble:
            # Whatever went wrong with one errand, the next one must still be done.
            log.exception("errand failed", kind=errand.kind, errand=errand.id)
            self._settle(errand, ErrandState.FAILED, error=f"The hub made a mistake: {type(trouble).__name__}.")
        else:
            self._settle(errand, ErrandState.DONE, report=report)
        return True

    def _run_forever(self) -> None:
        while not self._stopping.is_set():
            try:
                self._tidy_up()
                while self.run_once() and not self._stopping.is_set():
                    pass
            except HubError as away:
                log.warning("errands wait", reason=away.detail)
            except Exception:
                log.exception("errands failed")
            if self._woken.wait(self.poll_seconds):
                self._woken.clear()

    def _tidy_up(self) -> None:
        if time.monotonic() - self._tidied > _TIDIED_EVERY:
            self._tidied = time.monotonic()
            self.tidy()

    def _claim(self) -> tuple[Errand, Actor] | None:
        with self.database.reading() as session:  # most looks find nothing: those must not take the write lock
            if session.exec(select(Errand.id).where(_is_free()).limit(1)).first() is None:
                return None
        with self.database.transaction() as session:
            query = select(Errand).where(_is_free()).order_by(col(Errand.id)).limit(1)
            errand = session.exec(query.with_for_update(skip_locked=True)).first()
            if errand is None:
                return None
            errand.attempts += 1
            if errand.attempts > MOST_ATTEMPTS:
                error = f"The server ended {MOST_ATTEMPTS} times while it was at this. Ask for it again."
                _finish(session, errand, ErrandState.FAILED, error=error)
                return None
            errand.state, errand.started_at = ErrandState.RUNNING, errand.started_at or clock.now()
            errand.claimed_until, errand.done = clock.now() + LEASE, 0
            person = session.get(Person, errand.asked_by) if errand.asked_by is not None else None
            return errand, directory.actor_for(person) if person else HUB

    def _settle(self, errand: Errand, state: ErrandState, **found: Any) -> None:
        with self.database.transaction() as session:
            held = session.get(Errand, errand.id, with_for_update=True)
            if held is None:
                return
            if state == ErrandState.WAITING:
                held.state, held.claimed_until, held.attempts = state, None, held.attempts - 1
            else:
                _finish(session, held, state, **found)


@dataclass
class _Teller:
    """Writes how far it is, a few times a second at most, and holds the lease by it."""

    database: Database
    errand_id: int
    stopping: threading.Event
    last: float = 0.0

    def __call__(self, done: int, total: int) -> None:
        if self.stopping.is_set():
            raise _Stopping
        now = time.monotonic()
        if now - self.last < _TOLD_EVERY:
            return
        self.last = now
        # Knowing how far it is is not worth failing for.
        with suppress(Unavailable), self.database.transaction() as session:
            told = update(Errand).where(col(Errand.id) == self.errand_id)
            session.exec(told.values(done=done, total=total, claimed_until=clock.now() + LEASE))


def _is_free() -> Any:
    abandoned = and_(Errand.state == ErrandState.RUNNING, col(Errand.claimed_until) < clock.now())
    return or_(Errand.state == ErrandState.WAITING, abandoned)


def _finish(
    session: Session,
    errand: Errand,
    state: ErrandState,
    *,
    report: dict[str, Any] | None = None,
    error: str | None = None,
) -> None:
    errand.state, errand.finished_at, errand.claimed_until = state, clock.now(), None
    errand.report, errand.error = report or {}, error[:1_000] if error else None
    if state == ErrandState.DONE:
        errand.done = errand.total
    counts = {name: value for name, value in errand.report.items() if isinstance(value, int)}
    record(
        session, EventName.ERRAND_FINISHED, actor_id=errand.asked_by, subject=("errand", errand.id, errand.name),
        kind=errand.kind, state=str(state), **({"error": errand.error} if errand.error else {}), counts=counts,
    )  # fmt: skip
