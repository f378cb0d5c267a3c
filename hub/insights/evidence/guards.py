"""What a result must be read with: are there similar deals, is it always used beside another asset."""

from dataclasses import dataclass

import numpy as np

from hub.insights.evidence.rows import Rows, Situations
from hub.insights.evidence.tables import MISSING, Codes, Flags, Floats

_DAYS_AROUND = 365.25 / 4
_SIMILAR_ROWS = 20
_COMPARABLE = 0.7
_OWN_INFORMATION = 0.5
_OFTEN_TOGETHER = 0.3
_ASSETS_A_BLOCK = 512


@dataclass(frozen=True)
class Guards:
    """One place an asset, (assets,) each. `comparable` is the share of its rows that have enough similar rows of other
    deals; `few_similar` when that is too small; `together_with` the asset it is mostly used with, -1 for none."""

    comparable: Floats
    few_similar: Flags
    together_with: Codes
    together: Floats

    def for_assets(self, many: int) -> "Guards":
        """The same with room for assets published since."""
        more = max(many - len(self.comparable), 0)
        blanks = {"comparable": 0.0, "few_similar": False, "together_with": MISSING, "together": 0.0}
        return Guards(*(np.append(getattr(self, name), np.full(more, blank)) for name, blank in blanks.items()))


def guards_for(rows: Rows, kept: Floats) -> Guards:
    n = np.bincount(rows.used.indices, minlength=rows.used.shape[1])
    similar = (similar_rows(rows.situations) >= _SIMILAR_ROWS).astype(np.float64)
    comparable = np.where(n > 0, (rows.used.T @ similar) / np.maximum(n, 1), 0.0)
    together_with, together = _companions(rows, n, np.flatnonzero((kept < _OWN_INFORMATION) & (n > 0)))
    return Guards(comparable, (n > 0) & (comparable < _COMPARABLE), together_with, together)


def similar_rows(situations: Situations) -> Codes:
    """(rows,) rows of other deals with the same stage, segment and third of amounts that ended within a quarter
    before or after."""
    group = group_codes(situations.stage, situations.segment, amount_thirds(situations.amount))
    order = np.lexsort((situations.left, group))
    # Groups stand far apart on one line, so that one search finds the neighbours of all rows.
    first = situations.left.min(initial=0.0)
    apart = situations.left.max(initial=0.0) - first + 4 * _DAYS_AROUND
    line = (group * apart + (situations.left - first))[order]
    around = np.searchsorted(line, line + _DAYS_AROUND, "right") - np.searchsorted(line, line - _DAYS_AROUND, "left")
    similar = np.empty(len(order), np.int64)
    similar[order] = around - 1
    return similar


def amount_thirds(amount: Floats) -> Codes:
    """0, 1, 2 from the smallest third to the largest; -1 where unknown."""
    known = np.isfinite(amount)
    if not known.any():
        return np.full(len(amount), MISSING)
    limits = np.quantile(amount[known], (1 / 3, 2 / 3))
    thirds: Codes = np.where(known, np.searchsorted(limits, np.where(known, amount, 0.0)), MISSING)
    return thirds


def group_codes(*codes: Codes) -> Codes:
    """(rows,) one code for every combination that occurs."""
    group = np.zeros(len(codes[0]), np.int64)
    for code in codes:
        both = np.unique(np.stack([group, code]), axis=1, return_inverse=True)[1]
        group = both.ravel().astype(np.int64)
    return group


def _companions(rows: Rows, n: Codes, wanted: Codes) -> tuple[Codes, Floats]:
    """For each wanted asset the one with the highest cosine of uses, if it is high enough to speak of."""
    together_with = np.full(len(n), MISSING)
    together = np.zeros(len(n))
    size = np.sqrt(np.maximum(n, 1))
    for start in range(0, len(wanted), _ASSETS_A_BLOCK):
        some = wanted[start : start + _ASSETS_A_BLOCK]
        cosines = (rows.used[:, some].T @ rows.used).toarray() / size[some][:, None] / size[None, :]
        cosines[np.arange(len(some)), some] = 0.0
        best = cosines.argmax(axis=1)
        height = cosines[np.arange(len(some)), best]
        often = height >= _OFTEN_TOGETHER
        together_with[some[often]] = best[often]
        together[some[often]] = height[often]
    return together_with, together
