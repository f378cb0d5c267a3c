"""The estimate: from a history to evidence, step by step.

Rows of finished stages with the assets used in them · a baseline without assets · all assets at once beside it · the
exact likelihood of every effect · the bias all share, and shrinkage · what carries over · lifts in win probability ·
claims, cells and guards.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hub.insights.evidence.carry_over import carried_share
from hub.insights.evidence.cells import CellFindings, CellSums, cell_findings
from hub.insights.evidence.covariates import Design, design_for
from hub.insights.evidence.crude import crude_lifts
from hub.insights.evidence.findings import Findings, findings
from hub.insights.evidence.grid import EFFECTS
from hub.insights.evidence.guards import Guards, guards_for
from hub.insights.evidence.joint import Baseline, Joint, fit_baseline, fit_joint
from hub.insights.evidence.later import passing
from hub.insights.evidence.linear_algebra import Matrix, likelihood_of_advancing
from hub.insights.evidence.logit import Mapper
from hub.insights.evidence.minimum import Counted, Minimum, Missing, count, missing
from hub.insights.evidence.model import Model, Sums, counts
from hub.insights.evidence.outlook import Outlook, outlook_of
from hub.insights.evidence.pairs import Cells, Curves, Pairs, extra_wins, likelihoods, pairs_of
from hub.insights.evidence.pipeline import Pipeline, pipeline_of
from hub.insights.evidence.rows import Dropped, Rows, finished_rows
from hub.insights.evidence.shrinkage import fit_bias, fit_prior, from_logs, posterior
from hub.insights.evidence.tables import Codes, Floats, History

Progress = Callable[[float, str], None]
_ROWS_THAT_SHOW_BIAS = 20


@dataclass(frozen=True)
class Start:
    """Where the fits of a later night may begin; it saves time and changes no result."""

    baseline: Floats
    effects: Floats


@dataclass(frozen=True)
class Evidence:
    """What the outcomes say. Where something is `missing` the minimum is not reached: show the counts and its
    sentence, no lift.

    `findings` and `guards` are by asset, `stages` and `personas` by cell. `model`, `sums`, `counted_rows` (deal *
    stages + stage) and `counted_uses` (deal * 2**31 + asset) are what new finished stages are added to."""

    counted: Counted
    missing: Missing
    dropped: Dropped
    findings: Findings
    stages: CellFindings
    personas: CellFindings
    guards: Guards
    pipeline: Pipeline
    outlook: Outlook
    model: Model
    sums: Sums
    start: Start
    counted_rows: Codes
    counted_uses: Codes


def estimate(
    history: History,
    *,
    minimum: Minimum | None = None,
    start: Start | None = None,
    progress: Progress | None = None,
    run: Mapper = map,
) -> Evidence:
    """Evidence from a whole history. Never raises for what the arrays hold; all numbers are finite.

    `progress` is told the share of the work that is done and what comes next; `run` is `map` or the `map` of a pool."""
    if progress is not None:
        progress(0.0, "reading finished stages")
    rows = finished_rows(history)
    return estimate_from_rows(history, rows, minimum=minimum, start=start, progress=progress, run=run)


def estimate_from_rows(
    history: History,
    rows: Rows,
    *,
    minimum: Minimum | None = None,
    start: Start | None = None,
    progress: Progress | None = None,
    run: Mapper = map,
) -> Evidence:
    """The same from rows already made."""
    tell = progress or _silent
    tell(0.1, "comparing deals without content")
    design = design_for(rows.situations, max(history.stages, 1))
    columns = design.columns(rows.situations)
    baseline = fit_baseline(design, columns, rows.advanced, _of(start, "baseline", design.width), run)
    tell(0.25, "comparing deals with and without each asset")
    joint = fit_joint(design, columns, rows, baseline, _of(start, "effects", history.assets), run)
    tell(0.6, "reading the likelihood of every effect")
    pairs = pairs_of(rows)
    offset = joint.eta[pairs.row] - joint.effect[pairs.asset]
    logs = likelihoods(pairs, offset, rows.advanced, run)
    model = _learnt(rows, columns, design, baseline, joint, logs)
    tell(0.75, "turning passed stages into wins")
    later = model.passing.later(columns, rows.situations.stage)
    amount = np.nan_to_num(rows.situations.amount)
    wins, money, anyway = extra_wins(pairs, offset, later, model.carried, amount, run)
    sums = Sums(**counts(rows, pairs, offset), anyway=anyway, logs=logs.assets, wins=wins.assets, money=money)
    tell(0.9, "looking at stages, personas and who used it")
    by_cell = _CellReader(model, sums, pairs, rows, likelihood_of_advancing(offset))
    counted = count(rows)
    evidence = Evidence(
        counted=counted,
        missing=missing(counted, minimum or Minimum()),
        dropped=rows.dropped,
        findings=findings(sums, model, crude_lifts(history, rows)),
        stages=by_cell.read(pairs.stages, pairs.stage_cell, logs.stages, wins.stages),
        personas=by_cell.read(pairs.personas, pairs.persona_cell, logs.personas, wins.personas),
        guards=guards_for(rows, joint.kept),
        pipeline=_pipeline(history, rows, columns, design, baseline),
        outlook=outlook_of(sums, model),
        model=model,
        sums=sums,
        start=Start(baseline.coefficients, joint.effect),
        counted_rows=row_keys(rows, history.stages),
        counted_uses=use_keys(rows, pairs),
    )
    tell(1.0, "done")
    return evidence


def row_keys(rows: Rows, stages: int) -> Codes:
    """(rows,) sorted keys of deal and stage."""
    keys: Codes = np.sort(rows.situations.deal * max(stages, 1) + rows.situations.stage)
    return keys


def use_keys(rows: Rows, pairs: Pairs) -> Codes:
    """Sorted distinct keys of deal and asset."""
    keys: Codes = np.unique((rows.situations.deal[pairs.row] << 31) + pairs.asset)
    return keys


def _learnt(rows: Rows, columns: Matrix, design: Design, baseline: Baseline, joint: Joint, logs: Curves) -> Model:
    """The model with bias and prior of all assets, and what carries over under them."""
    tilt = (1 - joint.kept) * joint.precision * joint.effect
    passes = passing(design, joint.coefficients, columns, rows.situations.stage, rows.advanced)
    n = np.bincount(rows.used.indices, minlength=rows.used.shape[1])
    raw = from_logs(joint.kept[:, None] * logs.assets + tilt[:, None] * EFFECTS[None, :])
    bias = fit_bias(raw[n >= _ROWS_THAT_SHOW_BIAS])
    real = bias.removed(raw)
    prior = fit_prior(real[n > 0])
    effects = posterior(real, prior.fitted) @ EFFECTS
    carried = carried_share(rows, columns, design.precision(baseline.owners), joint.eta, effects)
    return Model(
        design, baseline.coefficients, joint.coefficients, joint.effect, joint.kept, tilt, passes, carried, bias, prior
    )


def _pipeline(history: History, rows: Rows, columns: Matrix, design: Design, baseline: Baseline) -> Pipeline:
    passes = passing(design, baseline.coefficients, columns, rows.situations.stage, rows.advanced)
    return pipeline_of(history, rows, columns, design, passes, baseline.eta)


@dataclass(frozen=True)
class _CellReader:
    model: Model
    sums: Sums
    pairs: Pairs
    rows: Rows
    expected: Floats

    def read(self, cells: Cells, cell: Codes, logs: Floats, wins: Floats) -> CellFindings:
        known, row = self.rows.situations, self.pairs.row
        sums = CellSums(
            cells,
            deals=_distinct(cell, known.deal[row], len(cells)),
            reps=_distinct(cell, known.owner[row], len(cells)),
            advanced=self._sum(cell, self.rows.advanced[row], len(cells)),
            expected=self._sum(cell, self.expected, len(cells)),
            logs=logs,
            wins=wins,
        )
        return cell_findings(self.model, self.sums.n, self.sums.logs, sums)

    def _sum(self, cell: Codes, values: Floats, cells: int) -> Floats:
        sums: Floats = np.bincount(cell, values, minlength=cells + 1)[:cells].astype(np.float64)
        return sums


def _distinct(cell: Codes, code: Codes, cells: int) -> Codes:
    """(cells,) how many known codes each cell has; its last place is for none."""
    keys = np.unique((cell[code >= 0] << 31) + code[code >= 0])
    many: Codes = np.bincount(keys >> 31, minlength=cells + 1)[:cells]
    return many


def _of(start: Start | None, name: str, size: int) -> Floats | None:
    """The start, if it fits what there is now."""
    values = None if start is None else getattr(start, name)
    return values if values is not None and len(values) == size else None


def _silent(share: float, doing: str) -> None:
    """Nobody asked for progress."""
