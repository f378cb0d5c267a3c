"""Runs of the evidence: asked for, begun, told about, kept. What they find is `keeping`'s, how they find it
`computing`'s."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, delete, func, select, update

from hub import clock
from hub.db import Database, id_of
from hub.errors import NotFound
from hub.events.names import EventName
from hub.events.record import record
from hub.insights.models import EvidenceRun, Found, RunReason, RunState
from hub.people.roles import Actor, Deed, require

KEPT_FOR = timedelta(days=30)
_NIGHT = timedelta(hours=2)  # after midnight, UTC
_TRIES_A_NIGHT = 3


def ask(session: Session, actor: Actor) -> EvidenceRun:
    """A run as soon as the worker comes to it. One that is asked for or runs already is answered instead. Raises
    NotAllowed."""
    require(actor, Deed.COMPUTE_EVIDENCE)
    pending = select(EvidenceRun).where(col(EvidenceRun.state).in_([RunState.ASKED, RunState.RUNNING]))
    if run := session.exec(pending.order_by(col(EvidenceRun.id).desc())).first():
        return run
    run = EvidenceRun(state=RunState.ASKED, reason=RunReason.ASKED, asked_at=clock.now(), asked_by=actor.id)
    session.add(run)
    session.flush()
    record(session, EventName.EVIDENCE_ASKED, actor_id=actor.id, subject=("evidence_run", id_of(run), f"run {run.id}"))
    return run


def is_asked(session: Session) -> bool:
    return session.exec(select(EvidenceRun.id).where(EvidenceRun.state == RunState.ASKED).limit(1)).first() is not None


def is_running(session: Session) -> bool:
    running = select(EvidenceRun.id).where(EvidenceRun.state == RunState.RUNNING).limit(1)
    return session.exec(running).first() is not None


def end_dead(session: Session) -> None:
    """What says that it runs does not, when somebody else has the turn."""
    dead = update(EvidenceRun).where(col(EvidenceRun.state) == RunState.RUNNING)
    session.exec(dead.values(state=RunState.INTERRUPTED, doing="", finished_at=clock.now()))


def is_due(session: Session) -> bool:
    """Whether last night's run has still to be made. One that failed is not tried before the next night, one that was
    interrupted a few times."""
    now = clock.now()
    night = datetime.combine(now.date(), datetime.min.time(), now.tzinfo) + _NIGHT
    since = night if now >= night else night - timedelta(days=1)
    states = session.exec(select(EvidenceRun.state).where(col(EvidenceRun.started_at) >= since)).all()
    interrupted = states.count(RunState.INTERRUPTED)
    return len(states) == interrupted and interrupted < _TRIES_A_NIGHT


def latest_complete(session: Session) -> EvidenceRun | None:
    query = select(EvidenceRun).where(EvidenceRun.state == RunState.COMPLETE)
    return session.exec(query.order_by(col(EvidenceRun.id).desc()).limit(1)).first()


def find(session: Session, run_id: int) -> EvidenceRun:
    """Raises NotFound."""
    run = session.get(EvidenceRun, run_id)
    if run is None:
        raise NotFound(f"There is no run {run_id}.")
    return run


@dataclass(frozen=True)
class Running:
    """A run that has begun. Whoever holds one has the turn (see `turns`)."""

    database: Database
    id: int

    @classmethod
    def begin(cls, database: Database, reason: RunReason, asked_by: int | None = None) -> "Running":
        """The run that was asked for, else a new one. What was running before is over: its process has died."""
        with database.transaction() as session:
            end_dead(session)
            waiting = select(EvidenceRun).where(EvidenceRun.state == RunState.ASKED).order_by(col(EvidenceRun.id))
            run = session.exec(waiting.with_for_update()).first()
            if run is None:
                run = EvidenceRun(state=RunState.RUNNING, reason=reason, asked_at=clock.now(), asked_by=asked_by)
                session.add(run)
            run.state, run.started_at = RunState.RUNNING, clock.now()
            session.flush()
            return cls(database, id_of(run))

    def tell(self, share: float, doing: str) -> None:
        with self.database.transaction() as session:
            told = update(EvidenceRun).where(col(EvidenceRun.id) == self.id)
            session.exec(told.values(progress=round(share, 3), doing=doing))

    def end(self, state: RunState, error: str | None = None) -> None:
        """It came to nothing; what was shown before is still shown."""
        with self.database.transaction() as session:
            over = update(EvidenceRun).where(col(EvidenceRun.id) == self.id)
            session.exec(over.values(state=state, error=error, doing="", finished_at=clock.now()))

    def complete(self, session: Session, facts: Mapping[str, Any]) -> None:
        """In the transaction that writes what was found."""
        run = session.get_one(EvidenceRun, self.id)
        for name, value in facts.items():
            setattr(run, name, value)
        run.state, run.progress, run.doing = RunState.COMPLETE, 1.0, ""
        run.finished_at, run.has_rows = clock.now(), True
        record(
            session,
            EventName.EVIDENCE_COMPUTED,
            actor_id=run.asked_by,
            subject=("evidence_run", self.id, f"run {self.id}"),
            cut_off=run.cut_off.isoformat() if run.cut_off else None,
            verdicts=run.figures.get("verdicts", {}),
            missing=run.missing,
        )
        _thin_out(session)


def _thin_out(session: Session) -> None:
    """Of runs older than a month, only the last one of each month keeps what it found by asset."""
    old = select(EvidenceRun).where(
        EvidenceRun.state == RunState.COMPLETE,
        col(EvidenceRun.has_rows),
        col(EvidenceRun.finished_at) < clock.now() - KEPT_FOR,
    )
    last: dict[tuple[int, int], EvidenceRun] = {}
    for run in session.exec(old.order_by(col(EvidenceRun.id))):
        moment = run.cut_off or run.asked_at
        before = last.get((moment.year, moment.month))
        last[moment.year, moment.month] = run
        if before is not None:
            session.exec(delete(Found).where(col(Found.run_id) == id_of(before)))
            before.has_rows = False


def how_many(session: Session) -> int:
    return session.exec(select(func.count()).select_from(EvidenceRun)).one()
