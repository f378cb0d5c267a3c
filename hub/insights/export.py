"""The evidence as one JSON file, for spreadsheets, notebooks and checks: what is shown now, or what a run found."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from hub.assets.models import Asset
from hub.db import id_of
from hub.errors import Conflict, Invalid
from hub.insights import runs
from hub.insights.models import AssetEvidence, EvidenceRun, Found, RunState

_CELL = ("lift", "low", "high", "n", "verdict")
_AT_A_TIME = 500


def export(session: Session, file: Path, run_id: int | None = None) -> tuple[EvidenceRun, int]:
    """Write the file; answers the run and how many rows. It takes its place when it is complete.

    Raises Conflict without a complete run, NotFound for one that is not there, Invalid for a place that cannot be
    written."""
    run = _run(session, run_id)
    beside = file.with_name(f".{file.name}.part")
    try:
        with beside.open("w", encoding="utf-8") as out:
            many = _write(session, run, out.write, old=run_id is not None)
        os.replace(beside, file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Invalid(f"{file} cannot be written: {(error.strerror or 'unknown trouble').lower()}.") from error
    return run, many


def _run(session: Session, run_id: int | None) -> EvidenceRun:
    run = runs.latest_complete(session) if run_id is None else runs.find(session, run_id)
    if run is None:
        raise Conflict("There is no evidence yet. Run `hub evidence compute` first.")
    if run.state != RunState.COMPLETE or not run.has_rows:
        raise Conflict(f"Run {run.id} has no rows: it is {run.state}, or they were thinned out.")
    return run


def _write(session: Session, run: EvidenceRun, write: Any, *, old: bool) -> int:
    head = {
        "computed_at": run.finished_at.isoformat() if run.finished_at else None,
        "cut_off": run.cut_off.isoformat() if run.cut_off else None,
        "missing": run.missing or None,
        "warnings": run.warnings,
        "placebo": run.figures.get("placebo"),
        "baseline": _baseline(run),
    }
    write(json.dumps(head, ensure_ascii=False)[:-1] + ', "rows": [')
    many = 0
    for row in _rows(session, run, old=old):
        write(("," if many else "") + "\n" + json.dumps(row, ensure_ascii=False))
        many += 1
    write("\n]}\n")
    return many


def _baseline(run: EvidenceRun) -> dict[str, Any]:
    """What the pipeline does without looking at content, and how much there was to learn it from."""
    figures = run.figures
    stages = {one["stage"]["label"]: {name: one[name] for name in _RATE} for one in figures.get("stages", [])}
    kept = ("finished", "from", "to", "outlook", "bias", "carried", "touched", "verdicts")
    return {"stages": stages, "read": run.read, "inputs": run.inputs} | {name: figures.get(name) for name in kept}


_RATE = ("n", "observed", "expected", "win_rate")


def _rows(session: Session, run: EvidenceRun, *, old: bool) -> Iterator[dict[str, Any]]:
    kind: Any = Found if old else AssetEvidence
    query = select(kind, Asset.external_id, Asset.slug).join(Asset, col(Asset.id) == kind.asset_id)
    if old:
        query = query.where(kind.run_id == id_of(run))
    for row, external_id, slug in session.exec(query.order_by(kind.asset_id).execution_options(yield_per=_AT_A_TIME)):
        yield {
            "asset_id": external_id,
            "slug": slug,
            "verdict": row.verdict,
            "lift": row.lift,
            "low": row.low,
            "high": row.high,
            "n": row.n,
            "advanced": row.advanced,
            "lost": row.n - row.advanced,
            "deals": row.deals,
            "owners": row.owners,
            "stages": _cells(row.details["stages"]),
            "personas": _cells(row.details["personas"]),
            "crude_lift": row.crude_lift,
            "touched_revenue": row.touched_revenue,
            "attribution": row.details["attribution"],
            "extra_revenue": row.extra_revenue,
            "extra_revenue_low": row.extra_low,
            "extra_revenue_high": row.extra_high,
        }


def _cells(cells: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: {key: cell[key] for key in _CELL} for name, cell in cells.items()}
