"""What is learnt at night and frozen during the day, and the sums per asset to which new finished stages are added."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hub.insights.evidence.covariates import Design
from hub.insights.evidence.grid import EFFECTS, POINTS
from hub.insights.evidence.later import Passing
from hub.insights.evidence.linear_algebra import Matrix, likelihood_of_advancing, matrix
from hub.insights.evidence.pairs import Pairs
from hub.insights.evidence.rows import Rows
from hub.insights.evidence.shrinkage import Bias, Prior
from hub.insights.evidence.tables import Codes, Floats


@dataclass(frozen=True)
class Model:
    """`coefficients` (design.width,) of the joint fit and per asset (assets,): `effect` at the mode, `kept` share
    of its information, `tilt` that puts the peak of its likelihood where it is with all else integrated out."""

    design: Design
    baseline: Floats
    coefficients: Floats
    effect: Floats
    kept: Floats
    tilt: Floats
    passing: Passing
    carried: float
    bias: Bias
    prior: Prior

    def likelihoods(self, logs: Floats, asset: Codes | None = None, share: Floats | None = None) -> Floats:
        """Log-likelihoods of assets, or of cells of assets that hold a `share` of their asset's pairs, weighed down by
        what they share with other columns."""
        kept, tilt = (self.kept, self.tilt) if asset is None else (self.kept[asset], self.tilt[asset])
        tilt = tilt if share is None else tilt * share
        weighed: Floats = kept[:, None] * logs + tilt[:, None] * EFFECTS[None, :]
        return weighed

    def for_assets(self, many: int) -> "Model":
        """The same with room for assets published since: nothing is known of them."""
        more = many - len(self.effect)
        if more <= 0:
            return self
        kept = np.append(self.kept, np.full(more, np.median(self.kept) if len(self.kept) else 1.0))
        effect, tilt = (np.append(values, np.zeros(more)) for values in (self.effect, self.tilt))
        return replace(self, effect=effect, kept=kept, tilt=tilt)

    def log_odds(self, columns: Matrix, rows: Rows) -> Floats:
        eta: Floats = columns @ self.coefficients + rows.used @ self.effect
        return eta


@dataclass(frozen=True)
class Sums:
    """Per asset: counts (assets,), curves over the effects (assets, points) and finished stages by owner (assets,
    owners).

    Without the asset, `expected` of its stages would have been passed and `anyway` of its deals won, as sums of
    probabilities. `deals` counts distinct deals."""

    n: Floats
    advanced: Floats
    deals: Floats
    expected: Floats
    anyway: Floats
    logs: Floats
    wins: Floats
    money: Floats
    by_owner: Matrix

    def plus(self, other: "Sums") -> "Sums":
        """Both together; `other` may know more assets and owners."""
        many, owners = (
            max(ours, theirs) for ours, theirs in zip(self.by_owner.shape, other.by_owner.shape, strict=True)
        )
        names = ("n", "advanced", "deals", "expected", "anyway", "logs", "wins", "money")
        added = {name: _padded(getattr(self, name), many) + _padded(getattr(other, name), many) for name in names}
        by_owner = _resized(self.by_owner, many, owners) + _resized(other.by_owner, many, owners)
        return Sums(**added, by_owner=by_owner)


def counts(rows: Rows, pairs: Pairs, offset: Floats) -> dict[str, Any]:
    """The countable part of the sums; `offset` (pairs,) log-odds without the asset."""
    many = rows.used.shape[1]
    owner = np.maximum(rows.situations.owner[pairs.row], -1) + 1
    width = int(owner.max(initial=0)) + 1
    distinct = np.unique((rows.situations.deal[pairs.row] << 31) + pairs.asset)
    return {
        "n": _count(pairs.asset, many),
        "advanced": np.bincount(pairs.asset, rows.advanced[pairs.row], minlength=many),
        "deals": _count(distinct & (2**31 - 1), many),
        "expected": np.bincount(pairs.asset, likelihood_of_advancing(offset), minlength=many),
        "by_owner": matrix(np.ones(len(owner)), pairs.asset, owner, (many, width)),
    }


def _count(codes: Codes, many: int) -> Floats:
    return np.bincount(codes, minlength=many).astype(np.float64)


def _padded(values: Floats, many: int) -> Floats:
    missing = many - len(values)
    if not missing:
        return values
    blank = np.zeros((missing, POINTS)) if values.ndim == 2 else np.zeros(missing)
    return np.concatenate([values, blank])


def _resized(table: Matrix, many: int, owners: int) -> Matrix:
    resized = table.copy()
    resized.resize((many, owners))
    return resized
