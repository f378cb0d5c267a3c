"""The few things that scipy does for evidence, in one place, so that the rest is typed numpy."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.linalg import lapack
from scipy.sparse.linalg import LinearOperator, cg
from scipy.special import expit, ndtr

from hub.insights.evidence.tables import Codes, Floats

# A compressed sparse row array (scipy.sparse.csr_array); scipy carries no types.
Matrix = Any


def matrix(values: Floats, rows: Codes, columns: Codes, shape: tuple[int, int]) -> Matrix:
    """Sparse rows from places and values; values at the same place add up."""
    return sparse.csr_array((values, (rows, columns)), shape=shape)


def side_by_side(left: Matrix, right: Matrix) -> Matrix:
    return sparse.hstack([left, right], format="csr")


def likelihood_of_advancing(eta: Floats) -> Floats:
    """The logistic function, safe for any size of argument."""
    values: Floats = expit(eta)
    return values


def normal_share_below(value: Floats) -> Floats:
    shares: Floats = ndtr(value)
    return shares


def cholesky(curvature: Floats) -> Floats:
    """The upper factor of a symmetric positive definite array, which it overwrites.

    Rounding can push the smallest eigenvalue of a nearly singular array below zero; then the diagonal is raised.
    """
    diagonal = curvature.diagonal().copy()
    for lift in (0.0, 1e-10, 1e-7, 1e-4):
        trial = curvature if lift == 0.0 else curvature + np.diag(lift * diagonal)
        factor, wrong = lapack.dpotrf(trial.T, lower=0, clean=0, overwrite_a=0)
        if wrong == 0:
            found: Floats = factor
            return found
    return np.asfortranarray(np.diag(np.sqrt(np.maximum(diagonal, 1e-12))))


def solve(factor: Floats, right: Floats) -> Floats:
    solved, _ = lapack.dpotrs(factor, right, lower=0)
    values: Floats = solved
    return values


def inverse_diagonal(factor: Floats) -> Floats:
    """The diagonal of the inverse of what was factored; overwrites the factor."""
    inverse, _ = lapack.dpotri(factor, lower=0, overwrite_c=1)
    values: Floats = inverse.diagonal().copy()
    return values


def inverse(values: Floats) -> Floats:
    """The inverse of a square array."""
    factor, pivots, _ = lapack.dgetrf(values, overwrite_a=1)
    found, _ = lapack.dgetri(factor, pivots, overwrite_lu=1, lwork=64 * max(len(values), 1))
    inverted: Floats = found
    return inverted


def conjugate_gradient(times: Callable[[Floats], Floats], right: Floats, factor: Floats) -> Floats:
    """Solve for a symmetric positive definite array known by its products, helped by the factor of one near to it."""
    shape = (len(right), len(right))
    near = LinearOperator(shape, matvec=lambda vector: solve(factor, np.asarray(vector)), dtype=np.float64)
    here = LinearOperator(shape, matvec=times, dtype=np.float64)
    found, _ = cg(here, right, rtol=1e-7, maxiter=200, M=near)
    step: Floats = found
    return step
