"""Pairs of an asset and a finished stage it was used in, and sums over them on the grid of effects.

Everything said of an asset is a sum over its pairs: the log-likelihood of each effect, the wins it would have
added, the money. So sums of yesterday and of today's new pairs can simply be added.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from hub.insights.evidence.grid import EFFECTS, NONE, POINTS
from hub.insights.evidence.logit import Mapper
from hub.insights.evidence.rows import Rows
from hub.insights.evidence.tables import Codes, Floats

_PAIRS_A_BLOCK = 8_192
_FEWEST_IN_A_CELL = 5
_LARGEST_ETA = 30.0


@dataclass(frozen=True)
class Cells:
    """Cells with enough pairs to be looked at: asset and code (stage or persona) of each, (cells,)."""

    asset: Codes
    code: Codes
    n: Codes

    def __len__(self) -> int:
        return len(self.asset)


@dataclass(frozen=True)
class Pairs:
    """Sorted by asset and stage. `stage_cell` and `persona_cell` are places in the cells, or their number for none."""

    asset: Codes
    row: Codes
    assets: int
    stages: Cells
    personas: Cells
    stage_cell: Codes
    persona_cell: Codes

    def __len__(self) -> int:
        return len(self.asset)


@dataclass(frozen=True)
class Curves:
    """Sums over pairs at every effect: by asset (assets, points), stage cell and persona cell (cells, points)."""

    assets: Floats
    stages: Floats
    personas: Floats


def pairs_of(rows: Rows) -> Pairs:
    links = rows.used.tocoo()
    asset, row = links.col.astype(np.int64), links.row.astype(np.int64)
    stage, persona = rows.situations.stage[row], np.maximum(rows.situations.persona[row], -1)
    order = np.lexsort((row, persona, stage, asset))
    asset, row, stage, persona = asset[order], row[order], stage[order], persona[order]
    stages, stage_cell = _cells(asset, stage)
    personas, persona_cell = _cells(asset, persona)
    return Pairs(asset, row, rows.used.shape[1], stages, personas, stage_cell, persona_cell)


def likelihoods(pairs: Pairs, offset: Floats, advanced: Floats, run: Mapper) -> Curves:
    """Log-likelihoods of every effect, 0 where there is none; `offset` (pairs,) is what the deal would have had without
    the asset, `advanced` (rows,)."""
    odds = np.exp(offset.clip(-_LARGEST_ETA, _LARGEST_ETA))
    jobs = [(pairs, part, odds[part], advanced[pairs.row[part]]) for part in _parts(pairs)]
    tables = _Tables(pairs)
    for sums in run(_likelihood_sums, jobs):
        tables.add(sums)
    return tables.curves()


def extra_wins(
    pairs: Pairs, offset: Floats, later: Floats, carried: float, amount: Floats, run: Mapper
) -> tuple[Curves, Floats, Floats]:
    """Wins each effect would have added, their money (assets, points) and the wins without any (assets,). `later`
    (rows, stages) log-odds of the stages that follow, to which the share `carried` of the effect is added; `amount`
    (rows,) is 0 where unknown."""
    odds = np.exp(offset.clip(-_LARGEST_ETA, _LARGEST_ETA))
    against = np.exp(-later.clip(-_LARGEST_ETA, None))
    jobs = [(pairs, part, odds[part], against[pairs.row[part]], amount[pairs.row[part]]) for part in _parts(pairs)]
    money, anyway = np.zeros((pairs.assets, POINTS)), np.zeros(pairs.assets)
    tables = _Tables(pairs)
    for sums, (asset, paid, before) in run(partial(_win_sums, carried), jobs):
        tables.add(sums)
        np.add.at(money, asset, paid)
        np.add.at(anyway, asset, before)
    return tables.curves(), money, anyway


_Sums = tuple[tuple[Codes, Floats], tuple[Codes, Floats], tuple[Codes, Floats]]


class _Tables:
    """Sums of blocks, added up by asset, stage cell and persona cell; the last place of a cell table is for none."""

    def __init__(self, pairs: Pairs) -> None:
        sizes = (pairs.assets, len(pairs.stages) + 1, len(pairs.personas) + 1)
        self._tables = [np.zeros((size, POINTS)) for size in sizes]

    def add(self, sums: _Sums) -> None:
        for table, (place, values) in zip(self._tables, sums, strict=True):
            np.add.at(table, place, values)

    def curves(self) -> Curves:
        assets, stages, personas = self._tables
        return Curves(assets, stages[:-1], personas[:-1])


def _cells(asset: Codes, code: Codes) -> tuple[Cells, Codes]:
    width = int(code.max(initial=0)) + 2
    keys, place, many = np.unique(asset * width + code + 1, return_inverse=True, return_counts=True)
    kept = (many >= _FEWEST_IN_A_CELL) & (keys % width > 0)
    cells = Cells(keys[kept] // width, keys[kept] % width - 1, many[kept])
    number = np.where(kept, np.cumsum(kept) - 1, len(cells))
    return cells, number[place].astype(np.int64)


def _parts(pairs: Pairs) -> Iterator[slice]:
    for start in range(0, len(pairs), _PAIRS_A_BLOCK):
        yield slice(start, start + _PAIRS_A_BLOCK)


def _likelihood_sums(job: tuple[Pairs, slice, Floats, Floats]) -> _Sums:
    pairs, part, odds, advanced = job
    values = odds[:, None] * np.exp(EFFECTS)[None, :]
    values += 1.0
    np.log(values, out=values)
    values -= values[:, NONE][:, None].copy()
    np.subtract(advanced[:, None] * EFFECTS[None, :], values, out=values)
    return _sums(pairs, part, values)


def _win_sums(
    carried: float, job: tuple[Pairs, slice, Floats, Floats, Floats]
) -> tuple[_Sums, tuple[Codes, Floats, Floats]]:
    pairs, part, odds, against, amount = job
    values = odds[:, None] * np.exp(EFFECTS)[None, :]
    values /= 1.0 + values
    if carried:
        values *= _later_chance(against[:, :, None], np.exp(-carried * EFFECTS))
    else:
        values *= _later_chance(against, np.ones(1))[:, None]
    anyway = values[:, NONE].copy()
    values -= anyway[:, None]
    starts = np.flatnonzero(np.diff(pairs.asset[part], prepend=-1))
    paid = np.add.reduceat(values * amount[:, None], starts, axis=0)
    return _sums(pairs, part, values), (pairs.asset[part][starts], paid, np.add.reduceat(anyway, starts))


def _later_chance(against: Floats, factor: Floats) -> Floats:
    chance = 1 / (1 + against[:, 0] * factor)
    for stage in range(1, against.shape[1]):
        chance = chance / (1 + against[:, stage] * factor)
    return chance


def _sums(pairs: Pairs, part: slice, values: Floats) -> _Sums:
    """By the finest groups first: neighbours with the same asset, stage and persona."""
    keys = (pairs.asset[part], pairs.stage_cell[part], pairs.persona_cell[part])
    starts = np.flatnonzero(np.any([np.diff(key, prepend=-1) for key in keys], axis=0))
    sums = np.add.reduceat(values, starts, axis=0)
    asset, stage, persona = ((key[starts], sums) for key in keys)
    return asset, stage, persona
