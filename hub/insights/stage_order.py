"""The order of the pipeline, read from how deals pass through it.

A CRM's export names stages in any order, and the taxonomy knows them in the order in which they came. Evidence needs to
know what comes after what, so deals decide: of two stages the one that more deals entered first comes first.
"""

import numpy as np

from hub.insights.evidence.tables import Codes, Floats

_MOST_STEPS = 30  # of one deal: a deal that goes round for ever tells nothing more


def pipeline_order(deal: Codes, stage: Codes, entered: Floats, known: Codes) -> Codes:
    """The ids of `known` stages in the order of the pipeline; where deals say nothing, they stay as they are.

    The other three are stage entries, (entries,) each."""
    known = known[np.isin(known, stage)]
    if len(known) < 2:
        return known
    place = np.full(int(known.max()) + 1, -1)
    place[known] = np.arange(len(known))
    before = _earlier(deal, place[stage], entered, len(known))
    lead = np.sign(before - before.T).sum(axis=1)
    share = (before - before.T).sum(axis=1) / np.maximum((before + before.T).sum(axis=1), 1)
    return known[np.lexsort((np.arange(len(known)), -share, -lead))]


def _earlier(deal: Codes, stage: Codes, entered: Floats, stages: int) -> Floats:
    """(stages, stages): how many deals entered the one for the first time before the other."""
    order = np.lexsort((entered, stage, deal))
    deal, stage, entered = deal[order], stage[order], entered[order]
    first = np.ones(len(deal), bool)
    first[1:] = (np.diff(deal) != 0) | (np.diff(stage) != 0)
    deal, stage, entered = deal[first], stage[first], entered[first]
    order = np.lexsort((entered, deal))
    deal, stage, entered = deal[order], stage[order], entered[order]
    before = np.zeros((stages, stages))
    for step in range(1, min(stages, _MOST_STEPS)):
        later = np.flatnonzero((deal[step:] == deal[:-step]) & (entered[step:] > entered[:-step]))
        np.add.at(before, (stage[later], stage[later + step]), 1.0)
    return before
