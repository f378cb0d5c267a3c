"""The false-alarm test: content dealt out anew among deals that are alike, so that no asset can have helped. How many
would have been called proven all the same?"""

from dataclasses import dataclass, replace

import numpy as np

from hub.insights.evidence.guards import amount_thirds, group_codes
from hub.insights.evidence.logit import Mapper
from hub.insights.evidence.nightly import estimate_from_rows
from hub.insights.evidence.rows import Rows, finished_rows
from hub.insights.evidence.tables import History
from hub.insights.evidence.verdicts import GOES_WITH_LOSING, PROVEN


@dataclass(frozen=True)
class FalseAlarms:
    """Assets that got a verdict by chance alone; of both, 0 or 1 is as it should be."""

    proven: int
    goes_with_losing: int


def false_alarms(history: History, *, draw: int = 0, run: Mapper = map) -> FalseAlarms:
    """The verdicts of a history whose uses were dealt out anew; another `draw` deals them out otherwise."""
    shuffled = dealt_out_anew(finished_rows(history), draw)
    verdict = estimate_from_rows(history, shuffled, run=run).findings.verdict
    return FalseAlarms(int((verdict == PROVEN).sum()), int((verdict == GOES_WITH_LOSING).sum()))


def dealt_out_anew(rows: Rows, draw: int) -> Rows:
    """The same rows, where each has what was used in another one of the same stage, owner, segment and third of
    amounts: all of it together, with how much it was."""
    known = rows.situations
    group = group_codes(known.stage, known.owner, known.segment, amount_thirds(known.amount))
    chance = np.random.default_rng(draw).random(len(rows))
    giver, taker = np.lexsort((chance, group)), np.lexsort((np.arange(len(rows)), group))
    source = np.empty(len(rows), np.int64)
    source[taker] = giver
    situations = replace(known, activity=known.activity[source])
    return Rows(situations, rows.advanced, rows.used[source], rows.dropped)
