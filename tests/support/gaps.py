"""Solvers that are right but for one corner, each where two axes of the problems cross: none of them is an accident."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.lib.stride_tricks import as_strided

from lamm_robust.values import Array, Solve
from tests.support.foils import Answer, half_of_the_bits, lstsq, normal_equations

COARSE = {"float32": 1e-3, "float64": 1e-9}
"""Cutoffs well above rounding, and below what most tests of deficient matrices have as σ_r/σ₁."""


def squares_for_several(A: Array, b: Array) -> Answer:
    """The normal equations, where b has columns."""
    return normal_equations(A, b) if b.ndim > 1 else lstsq(A, b)


def cuts_where_deficient(A: Array, b: Array) -> Answer:
    """A coarse cutoff, once it is known that something must be cut."""
    x, rank = lstsq(A, b)
    return lstsq(A, b, COARSE[str(A.dtype)]) if rank < min(A.shape) else (x, rank)


def half_for_large_squares(A: Array, b: Array) -> Answer:
    """Half of the bits where n = m ≥ 20, as where refinement was left out."""
    return half_of_the_bits(A, b) if A.shape[0] == A.shape[1] >= 20 else lstsq(A, b)


def squares_below_100(A: Array, b: Array) -> Answer:
    """The normal equations where a condition estimate says that they do no harm."""
    well = A.shape[0] >= A.shape[1] > 0 and np.isfinite(A).all() and np.linalg.cond(A) < 100
    return (np.linalg.solve(A.T @ A, A.T @ b), A.shape[1]) if well else lstsq(A, b)


def forgets_the_last_of_odd(A: Array, b: Array) -> Answer:
    """Two rows at a time, where there are many."""
    even = len(A) - len(A) % 2 if len(A) > 30 else len(A)
    return lstsq(A[:even], b[:even])


def forgets_the_remainder(A: Array, b: Array) -> Answer:
    """Columns in blocks of 32, without a remainder of one."""
    n = A.shape[1] - (A.shape[1] % 32 == 1 < A.shape[1])
    x, rank = lstsq(A[:, :n], b)
    return np.concatenate((x, np.zeros_like(x[: A.shape[1] - n]))), rank


def takes_columns_for_rows(A: Array, b: Array) -> Answer:
    """Reads the memory of A from its start to its end, row by row, whatever its order is."""
    return lstsq(A.ravel(order="K").reshape(A.shape), b)


def ignores_strides(A: Array, b: Array) -> Answer:
    """Reads as many numbers of the memory of A as A has."""
    if A.flags.f_contiguous or not A.size:
        return lstsq(A, b)
    flat = np.nan_to_num(as_strided(A, A.shape, (A.shape[1] * A.itemsize, A.itemsize)))
    return lstsq(flat, b)


def needs_to_write(A: Array, b: Array) -> Answer:
    """Takes a scratch array in the place of what it cannot write to, and does not fill it."""
    return lstsq(A if A.flags.writeable else np.ones_like(A), b)


GAPS: Mapping[str, tuple[Solve, str]] = {
    "normal equations for several right-hand sides": (squares_for_several, "right_sides"),
    "a coarse cutoff where A is deficient": (cuts_where_deficient, "exact_rank"),
    "half of the bits for large squares": (half_for_large_squares, "spectrum"),
    "normal equations below κ = 100": (squares_below_100, "spectrum"),
    "the last of many odd rows forgotten": (forgets_the_last_of_odd, "spectrum"),
    "a remainder of columns forgotten": (forgets_the_remainder, "spectrum"),
}
"""Name → solver, and the family at which it must fail."""
LAYOUT_GAPS: Mapping[str, Solve] = {
    "Fortran-ordered": takes_columns_for_rows,
    "strided": ignores_strides,
    "read-only": needs_to_write,
}
"""Name of a layout → solver that is wrong for it."""
