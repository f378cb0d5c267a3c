"""Close rates by lead source: as counted, and adjusted for which deals came from where.

Adjusted means: how often the same closed deals would be won if all of them had come from this source. Inbound deals may
close more often because they are smaller; then the adjusted rate is lower than the crude one.
"""

from dataclasses import dataclass, replace

import numpy as np

from hub.insights.evidence import LOST, MISSING, WON, Evidence, History
from hub.insights.evidence.later import chance_of_winning
from hub.insights.evidence.rows import situations_of
from hub.insights.evidence.tables import Codes

_MOST_DEALS = 4_000  # that the adjusted rates are means over
_FEWEST = 20


@dataclass(frozen=True)
class CloseRate:
    """Of a lead source (a term's id): closed deals, how many were won, and the adjusted share (None for few deals)."""

    source: int
    closed: int
    won: int
    adjusted: float | None


def close_rates(history: History, evidence: Evidence) -> list[CloseRate]:
    """All sources that closed deals have, the most frequent first."""
    deals = history.deals
    closed = np.flatnonzero(deals.outcome >= LOST)
    sources, many = np.unique(deals.source[closed], return_counts=True)
    adjusted = _adjusted(history, evidence, closed, sources[(sources > MISSING) & (many >= _FEWEST)])
    found = []
    for source, count in sorted(zip(sources.tolist(), many.tolist(), strict=True), key=lambda it: (-it[1], it[0])):
        if source > MISSING:
            won = int((deals.outcome[closed][deals.source[closed] == source] == WON).sum())
            found.append(CloseRate(source, count, won, adjusted.get(source)))
    return found


def _adjusted(history: History, evidence: Evidence, closed: Codes, sources: Codes) -> dict[int, float]:
    if not len(closed):
        return {}
    some = closed[np.linspace(0, len(closed) - 1, min(len(closed), _MOST_DEALS)).astype(np.int64)]
    first, blank = np.zeros(len(some), np.int64), np.zeros(len(some))
    left = np.nan_to_num(history.deals.closed[some], nan=float(np.nanmax(history.deals.closed[closed], initial=0.0)))
    known = situations_of(history, some, first, blank, blank, left=left)
    design, passing = evidence.model.design, evidence.model.passing

    def mean_chance(source: Codes) -> float:
        columns = design.columns(replace(known, source=source))
        return float(chance_of_winning(passing.of(columns), first).mean())

    usual, won = mean_chance(known.source), float((history.deals.outcome[closed] == WON).mean())
    if usual <= 0:
        return {}
    return {int(source): min(won * mean_chance(np.full(len(some), source)) / usual, 1.0) for source in sources}
