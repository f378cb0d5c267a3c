"""A row in every table of insights, for tests that compare whole hubs."""

from datetime import date
from typing import Any

from sqlmodel import Session

from hub import clock
from hub.insights.models import (
    AssetEvidence,
    AssetUse,
    Assignment,
    CellKind,
    EvidenceCell,
    EvidenceRun,
    EvidenceState,
    Experiment,
    FigureMark,
    Found,
    MonthFigure,
    RunReason,
    RunState,
)

_LIFT: dict[str, Any] = {"verdict": "proven", "lift": 4.5, "low": 1.25, "high": 8.0}
_CELL = {"term": 1, "advanced": 7, "owners": 3, "observed": 0.7, "expected": 0.6, "more_needed": 0, "n": 9, "deals": 9}


def fill_insights(session: Session, asset_id: int, deal_id: int) -> None:
    now = clock.now()
    done = {"started_at": now, "finished_at": now, "cut_off": now, "progress": 1.0, "has_rows": True}
    run = EvidenceRun(state=RunState.COMPLETE, reason=RunReason.NIGHTLY, asked_at=now, **done)
    run.figures, run.warnings, run.read = {"verdicts": {"proven": 1}}, ["“9 in GBP”"], {"deals": 9}
    session.add(run)
    session.flush()
    known = _LIFT | {"asset_id": asset_id, "run_id": run.id, "n": 9, "deals": 9}
    details = {"details": {"stages": {"Angebot": _CELL | _LIFT}, "attribution": {"markov": 0.1}}}
    rows = [
        Found.model_validate(known | details),
        AssetEvidence.model_validate(known | details | {"band": 2, "reason": "proven to help", "updated_at": now}),
        EvidenceCell.model_validate(known | {"kind": CellKind.STAGE, "term_id": 1}),
        EvidenceState(run_id=run.id, base_entry_id=5, seen_entry_id=6, learnt=b"\x00\xff\x01"),
        AssetUse(asset_id=asset_id, uses=3, recent=1, deals=2, last_used_at=now, counted_at=now),
        MonthFigure(
            month=date(2026, 1, 1), created=3, won=1, lost=1, no_decision=1, won_amount=99.5, other_currency=0, timed=0
        ),
        FigureMark(name="capture", counted_at=now, figures={"shares": {}}),
    ]
    experiment = Experiment(asset_id=asset_id, salt="0" * 32, started_at=now)
    session.add_all([*rows, experiment])
    session.flush()
    coin = {"experiment_id": experiment.id, "deal_id": deal_id, "suggested": True, "assigned_at": now}
    session.add(Assignment.model_validate(coin))
