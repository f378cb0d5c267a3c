"""Penalised logistic regression as sums over blocks of rows, so that memory stays flat and blocks may go to a pool.

Newton's method; each step is solved by conjugate gradients with the Cholesky factor of a curvature formed earlier, so
that the large array is formed a few times only.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from hub.insights.evidence.linear_algebra import (
    Matrix,
    cholesky,
    conjugate_gradient,
    likelihood_of_advancing,
)
from hub.insights.evidence.tables import Floats

_ROWS_A_BLOCK = 32_768
_STEPS = 60
_STEP_THAT_ENDS_IT = 1e-6


class Mapper(Protocol):
    """`map`, or the `map` of a pool: results in the order of the items."""

    def __call__(self, function: Callable[[Any], Any], items: Iterable[Any], /) -> Iterable[Any]: ...


@dataclass(frozen=True)
class Block:
    """Some of the rows: `columns` (rows, coefficients) sparse, `advanced` (rows,) of 0 and 1."""

    columns: Matrix
    advanced: Floats


def blocks_of(columns: Matrix, advanced: Floats) -> list[Block]:
    starts = range(0, max(len(advanced), 1), _ROWS_A_BLOCK)
    return [Block(columns[at : at + _ROWS_A_BLOCK], advanced[at : at + _ROWS_A_BLOCK]) for at in starts]


def linear_predictor(blocks: Sequence[Block], coefficients: Floats) -> Floats:
    return np.concatenate([block.columns @ coefficients for block in blocks])


def most_likely(blocks: Sequence[Block], precision: Floats, start: Floats, factor: Floats, run: Mapper = map) -> Floats:
    """The coefficients of the highest penalised likelihood, (coefficients,).

    `factor` is the Cholesky factor of the curvature at or near the start.
    """
    here = start
    height = _height(blocks, precision, here, run)
    for _ in range(_STEPS):
        slope, weights = _slope(blocks, precision, here, run)
        step = conjugate_gradient(partial(_times_curvature, blocks, weights, precision, run), slope, factor)
        for _ in range(30):
            new_height = _height(blocks, precision, here + step, run)
            if new_height >= height - 1e-9 * (1 + abs(height)):
                break
            step = step / 2
        here, height = here + step, new_height
        if np.abs(step).max(initial=0.0) < _STEP_THAT_ENDS_IT:
            break
    return here


def curvature(blocks: Sequence[Block], precision: Floats, coefficients: Floats, run: Mapper = map) -> Floats:
    """Minus the second derivative of the penalised likelihood, (coefficients, coefficients), dense."""
    total = np.zeros((len(precision), len(precision)))
    for part in run(partial(_curvature, coefficients), blocks):
        total[part.row, part.col] += part.data
    total[np.diag_indices_from(total)] += precision
    return total


def factor_at(blocks: Sequence[Block], precision: Floats, coefficients: Floats, run: Mapper = map) -> Floats:
    return cholesky(curvature(blocks, precision, coefficients, run))


def _height(blocks: Sequence[Block], precision: Floats, coefficients: Floats, run: Mapper) -> float:
    penalty = 0.5 * float(precision @ coefficients**2)
    return float(sum(run(partial(_log_likelihood, coefficients), blocks))) - penalty


def _slope(
    blocks: Sequence[Block], precision: Floats, coefficients: Floats, run: Mapper
) -> tuple[Floats, list[Floats]]:
    slope = -precision * coefficients
    weights = []
    for part, weight in run(partial(_block_slope, coefficients), blocks):
        slope = slope + part
        weights.append(weight)
    return slope, weights


def _times_curvature(
    blocks: Sequence[Block], weights: Sequence[Floats], precision: Floats, run: Mapper, vector: Floats
) -> Floats:
    total = precision * vector
    for part in run(partial(_block_times_curvature, vector), zip(blocks, weights, strict=True)):
        total = total + part
    return total


def _log_likelihood(coefficients: Floats, block: Block) -> float:
    eta = block.columns @ coefficients
    return float(block.advanced @ eta - np.logaddexp(0.0, eta).sum())


def _block_slope(coefficients: Floats, block: Block) -> tuple[Floats, Floats]:
    expected = likelihood_of_advancing(block.columns @ coefficients)
    return block.columns.T @ (block.advanced - expected), expected * (1 - expected)


def _block_times_curvature(vector: Floats, weighted: tuple[Block, Floats]) -> Floats:
    block, weights = weighted
    product: Floats = block.columns.T @ (weights * (block.columns @ vector))
    return product


def _curvature(coefficients: Floats, block: Block) -> Any:
    expected = likelihood_of_advancing(block.columns @ coefficients)
    weighted = block.columns.copy()
    weighted.data *= np.repeat(expected * (1 - expected), np.diff(weighted.indptr))
    return (block.columns.T @ weighted).tocoo()
