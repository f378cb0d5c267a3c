"""What the figures shown rest on: the newest complete run, or one that somebody asked for."""

from datetime import date

from sqlmodel import Session, col, func, select

from hub.errors import Conflict
from hub.insights import runs
from hub.insights.models import AssetEvidence, EvidenceRun, RunReason, RunState
from hub.insights.schemas import Basis, Overview, RunOut
from hub.paging import Page, cursor_of, position_of
from hub.people.roles import Actor, Deed, require


def run_shown(session: Session, run_id: int | None) -> EvidenceRun | None:
    """The run asked for, else the newest complete one. Raises NotFound, Conflict for one that found nothing."""
    if run_id is None:
        return runs.latest_complete(session)
    run = runs.find(session, run_id)
    if run.state != RunState.COMPLETE or not run.has_rows:
        raise Conflict(f"What run {run_id} found cannot be shown: it is {run.state}, or its rows were thinned out.")
    return run


def basis_of(run: EvidenceRun | None) -> Basis:
    if run is None:
        return Basis(
            run=None, computed_at=None, cut_off=None, since=None, until=None, finished_stages=0, deals=0, currency=None,
            missing=None, warnings=[],
        )  # fmt: skip
    return Basis(
        run=run.id,
        computed_at=run.finished_at,
        cut_off=run.cut_off,
        since=_date(run, "from"),
        until=_date(run, "to"),
        finished_stages=run.figures["finished"]["finished"],
        deals=run.read.get("deals", 0),
        currency=run.inputs.get("base_currency") or None,
        missing=run.missing or None,
        warnings=run.warnings,
    )


def overview(session: Session, actor: Actor) -> Overview:
    """Raises NotAllowed."""
    require(actor, Deed.READ_INSIGHTS)
    latest = runs.latest_complete(session)
    waiting = select(EvidenceRun).where(col(EvidenceRun.state).in_([RunState.ASKED, RunState.RUNNING]))
    pending = session.exec(waiting.order_by(col(EvidenceRun.id).desc())).first()
    used = select(AssetEvidence.verdict, func.count()).where(AssetEvidence.n > 0).group_by(AssetEvidence.verdict)
    return Overview(
        verdicts=dict(list(session.exec(used))),
        latest=run_out(latest) if latest is not None else None,
        pending=run_out(pending) if pending is not None else None,
        basis=basis_of(latest),
    )


def list_runs(session: Session, actor: Actor, *, limit: int, cursor: str | None) -> Page[RunOut]:
    """Newest first. Raises NotAllowed."""
    require(actor, Deed.READ_INSIGHTS)
    query = select(EvidenceRun)
    if position := position_of(cursor, int):
        query = query.where(col(EvidenceRun.id) < position[0])
    found = session.exec(query.order_by(col(EvidenceRun.id).desc()).limit(limit + 1)).all()
    following = cursor_of(found[limit - 1].id) if len(found) > limit else None
    total = session.exec(select(func.count()).select_from(EvidenceRun)).one()
    return Page[RunOut](items=[run_out(run) for run in found[:limit]], total=total, next=following)


def read_run(session: Session, actor: Actor, run_id: int) -> RunOut:
    """Raises NotAllowed, NotFound."""
    require(actor, Deed.READ_INSIGHTS)
    return run_out(runs.find(session, run_id))


def run_out(run: EvidenceRun) -> RunOut:
    return RunOut(
        id=run.id or 0,
        state=RunState(run.state),
        reason=RunReason(run.reason),
        asked_at=run.asked_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        cut_off=run.cut_off,
        progress=run.progress,
        doing=run.doing,
        error=run.error,
        missing=run.missing or None,
        warnings=run.warnings,
        verdicts=run.figures.get("verdicts", {}),
        placebo=run.figures.get("placebo"),
        finished=run.figures.get("finished"),
        since=_date(run, "from"),
        until=_date(run, "to"),
        inputs=run.inputs,
        read=run.read,
        has_rows=run.has_rows,
    )


def _date(run: EvidenceRun, name: str) -> date | None:
    written = run.figures.get(name)
    return date.fromisoformat(written) if written else None
