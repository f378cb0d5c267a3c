"""The plain difference in win rate that marketers know, to be shown beside the adjusted lift and never instead of
it."""

import numpy as np

from hub.insights.evidence.rows import Rows
from hub.insights.evidence.tables import OPEN, WON, Floats, History


def crude_lifts(history: History, rows: Rows) -> Floats:
    """(assets,) win rate of closed deals in which the asset was used in a finished stage, minus that of the other
    closed deals; 0 where either side is empty."""
    outcome = history.deals.outcome
    closed, won = outcome > OPEN, outcome == WON
    links = rows.used.tocoo()
    width = max(rows.used.shape[1], 1)
    uses = np.unique(rows.situations.deal[links.row] * width + links.col)
    deal, asset = uses // width, uses % width
    many = np.bincount(asset, closed[deal], minlength=rows.used.shape[1])
    wins = np.bincount(asset, won[deal], minlength=rows.used.shape[1])
    others = closed.sum() - many
    rate = wins / np.maximum(many, 1) - (won.sum() - wins) / np.maximum(others, 1)
    return np.where((many > 0) & (others > 0), rate, 0.0)
