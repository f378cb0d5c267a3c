"""How deals go, whatever content did: the funnel, outcomes month by month, lead sources, and how much is captured."""

from typing import Any

from sqlmodel import Session, col, select

from hub.insights import links, rollups
from hub.insights.basis import basis_of, run_shown
from hub.insights.models import EvidenceRun, MonthFigure
from hub.insights.ranges import share_range
from hub.insights.runs import latest_complete
from hub.insights.schemas import (
    Capture,
    CaptureShare,
    Funnel,
    FunnelStage,
    MonthOut,
    Outcomes,
    SourceOut,
    Sources,
    StageWord,
    WordOut,
)
from hub.people.roles import Actor, Deed, require
from hub.taxonomy import vocabulary


def funnel(session: Session, actor: Actor, *, persona: str | None = None, run_id: int | None = None) -> Funnel:
    """Observed and expected pass rates, now or as a run found them. Raises NotAllowed, NotFound for a persona."""
    require(actor, Deed.READ_INSIGHTS)
    run = run_shown(session, run_id)
    figures = run.figures if run is not None else {}
    if persona is None:
        return Funnel(persona=None, stages=[_stage(one) for one in figures.get("stages", [])], basis=basis_of(run))
    term = vocabulary.find(session, "personas", persona)
    order = {one["stage"]["id"]: place for place, one in enumerate(figures.get("stages", []))}
    theirs = [one for one in figures.get("personas", []) if one["persona"]["id"] == term.id]
    theirs.sort(key=lambda one: order.get(one["stage"]["id"], len(order)))
    word = WordOut(key=term.key, label=term.label)
    return Funnel(persona=word, stages=[_stage(one) for one in theirs], basis=basis_of(run))


def outcomes(session: Session, actor: Actor, *, months: int) -> Outcomes:
    """The last months in which deals came or closed, oldest first. Raises NotAllowed."""
    require(actor, Deed.READ_INSIGHTS)
    newest = select(MonthFigure).order_by(col(MonthFigure.month).desc()).limit(months)
    found = sorted(session.exec(newest), key=lambda row: row.month)
    run, counted = latest_complete(session), rollups.counted(session, rollups.MONTHS)
    return Outcomes(
        months=[_month(row) for row in found],
        currency=run.inputs.get("base_currency") or None if run is not None else None,
        counted_at=counted.counted_at if counted is not None else None,
    )


def sources(session: Session, actor: Actor, *, run_id: int | None = None) -> Sources:
    """Close rates by lead source, crude and adjusted. Raises NotAllowed."""
    require(actor, Deed.READ_INSIGHTS)
    run = run_shown(session, run_id)
    return Sources(sources=_sources(run) if run is not None else [], basis=basis_of(run))


def capture(session: Session, actor: Actor) -> Capture:
    """How much of what was used is captured in won, lost and open deals. Raises NotAllowed."""
    require(actor, Deed.READ_INSIGHTS)
    counted = rollups.counted(session, rollups.CAPTURE)
    if counted is None or not counted.figures:
        return Capture(shares=[], warnings=[], counted_at=None)
    shares = [CaptureShare(group=name, **share) for name, share in counted.figures["shares"].items()]
    warnings = [one["warning"] for one in counted.figures["differences"] if one["warning"]]
    return Capture(shares=shares, warnings=warnings, counted_at=counted.counted_at)


def _stage(found: dict[str, Any]) -> FunnelStage:
    word = found["stage"]
    low, high = share_range(found["observed"] * found["n"], found["n"]) or (0.0, 1.0)
    return FunnelStage(
        stage=StageWord(key=word["key"], label=word["label"], journey=word["journey"]),
        n=found["n"],
        passed=found["observed"],
        low=low,
        high=high,
        expected=found["expected"],
        win_rate=found.get("win_rate"),
        rows=links.deals(stage=word["key"]),
    )


def _month(row: MonthFigure) -> MonthOut:
    decided = row.won + row.lost
    low, high = share_range(row.won, decided) or (None, None)
    month = row.month.isoformat()[:7]
    return MonthOut(
        **row.model_dump(),
        win_rate=row.won / decided if decided else None,
        low=low,
        high=high,
        rows=links.deals(closed_in=month, outcome=["won", "lost"]),
    )


def _sources(run: EvidenceRun) -> list[SourceOut]:
    words = run.figures.get("words", {}).get("sources", {})
    found = []
    for one in run.figures.get("sources", []):
        word = words.get(str(one["source"]), {"key": str(one["source"]), "label": ""})
        closed, adjusted = one["closed"], one["adjusted"]
        low, high = share_range(one["won"], closed) or (0.0, 1.0)
        around = share_range(adjusted * closed, closed) if adjusted is not None else None
        found.append(
            SourceOut(
                source=WordOut(**word),
                closed=closed,
                won=one["won"],
                rate=one["won"] / closed,
                low=low,
                high=high,
                adjusted=adjusted,
                adjusted_low=around[0] if around else None,
                adjusted_high=around[1] if around else None,
                rows=links.deals(lead_source=word["key"], outcome=["won", "lost"]),
            )
        )
    return found
