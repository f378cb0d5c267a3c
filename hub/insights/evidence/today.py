"""New finished stages during the day: their likelihoods are added to the night's sums under the night's frozen
model.

What an asset's deals are compared with, the bias and the prior stay as they were; cells, guards and crude rates
wait for the night.
"""

from dataclasses import replace

import numpy as np

from hub.insights.evidence.findings import findings
from hub.insights.evidence.minimum import Counted, Minimum, missing
from hub.insights.evidence.model import Sums, counts
from hub.insights.evidence.nightly import Evidence, row_keys, use_keys
from hub.insights.evidence.pairs import extra_wins, likelihoods, pairs_of
from hub.insights.evidence.rows import Rows, finished_rows
from hub.insights.evidence.tables import Floats, History


def with_new_rows(evidence: Evidence, history: History, *, minimum: Minimum | None = None) -> Evidence:
    """The evidence with the finished stages of `history` that it does not hold yet; the codes must be the same.

    The history may hold the entries and uses of changed deals only. Assets published since come after the known ones. A
    stage that was already counted is left alone, even if it was corrected: the night sees it."""
    rows = finished_rows(history)
    stages = evidence.model.design.stages
    key = rows.situations.deal * stages + rows.situations.stage
    new = rows.taken((rows.situations.stage < stages) & ~np.isin(key, evidence.counted_rows))
    if not len(new):
        return evidence
    model = evidence.model.for_assets(history.assets)
    columns = model.design.columns(new.situations)
    pairs = pairs_of(new)
    offset = model.log_odds(columns, new)[pairs.row] - model.effect[pairs.asset]
    logs = likelihoods(pairs, offset, new.advanced, map)
    later = model.passing.later(columns, new.situations.stage)
    wins, money, anyway = extra_wins(pairs, offset, later, model.carried, np.nan_to_num(new.situations.amount), map)
    added = Sums(**counts(new, pairs, offset), anyway=anyway, logs=logs.assets, wins=wins.assets, money=money)
    fresh = np.setdiff1d(use_keys(new, pairs), evidence.counted_uses)
    deals = np.bincount(fresh & (2**31 - 1), minlength=history.assets).astype(np.float64)
    sums = evidence.sums.plus(replace(added, deals=deals))
    counted = _counted(evidence, new)
    return replace(
        evidence,
        counted=counted,
        missing=missing(counted, minimum or Minimum()),
        findings=findings(sums, model, _longer(evidence.findings.crude_lift, history.assets)),
        guards=evidence.guards.for_assets(history.assets),
        model=model,
        sums=sums,
        counted_rows=np.union1d(evidence.counted_rows, row_keys(new, stages)),
        counted_uses=np.union1d(evidence.counted_uses, fresh),
    )


def _counted(evidence: Evidence, new: Rows) -> Counted:
    advanced = int(new.advanced.sum())
    before = evidence.counted
    return Counted(
        before.finished + len(new), before.lost + len(new) - advanced, before.advanced + advanced, before.owners
    )


def _longer(values: Floats, many: int) -> Floats:
    return np.append(values, np.zeros(max(many - len(values), 0)))
