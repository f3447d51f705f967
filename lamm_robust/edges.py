"""Edge cases: problems whose difficulty is not their conditioning, counted apart from what κ decides.

An *empty* matrix has no rows or no columns. A problem is at the edge of *scale* if an intermediate result of textbook
formulas is not a normal number though the problem and its answer are: if the sum of the squares of the entries of A,
of b or of x★ overflows in its precision, or the largest of these squares underflows. Solvers that scale are not
troubled (as LAPACK's xGELS and its kin do, by xLASCL); others lose everything there, at any κ.
"""

from __future__ import annotations

import math

import numpy as np

from lamm_robust.values import Array, Certificate, Edge, Precision, Problem

EXPONENTS: dict[Precision, tuple[int, int]] = {"float32": (-126, 128), "float64": (-1022, 1024)}
"""log₂ of the smallest normal number, and of the first power of two that overflows (IEEE 754)."""


def edge_of(problem: Problem, truth: Certificate) -> Edge:
    """Which edge case a problem is, if any."""
    if 0 in problem.A.shape:
        return Edge.EMPTY
    x = truth.x[0]
    sizes = [
        (log2_largest(problem.A), problem.A.size),
        *((log2_largest(column), problem.m) for column in problem.b.reshape(problem.m, -1).T),
        *((size, problem.n) for size in log2_columns(x, truth.exponent)),
    ]
    extreme = any(is_extreme(size, count, problem.key.dtype) for size, count in sizes if size is not None)
    return Edge.SCALE if extreme else Edge.NONE


def is_extreme(log2_size: float, count: int, precision: Precision) -> bool:
    """Whether the squares of so many numbers, the largest of that size, may over- or underflow."""
    least, most = EXPONENTS[precision]
    return 2 * log2_size + math.log2(count) >= most or 2 * log2_size < least


def log2_largest(values: Array) -> float | None:
    """log₂ of the largest size of an entry; None if all are zero."""
    largest = float(np.abs(values).max(initial=0.0))
    return math.log2(largest) if largest else None


def log2_columns(x: Array, exponents: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> list[float | None]:
    """The same for each column of x · 2**exponents, which need not be a double."""
    with np.errstate(divide="ignore"):
        sizes = (np.log2(np.abs(x)) + exponents).reshape(len(x), -1).max(axis=0, initial=-math.inf)
    return [size if size > -math.inf else None for size in sizes.tolist()]
