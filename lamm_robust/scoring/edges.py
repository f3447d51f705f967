"""Edge cases: problems whose difficulty is not their conditioning, counted apart from what κ decides.

An *empty* matrix has no rows or no columns. A problem is at the edge of *scale* if an intermediate result of textbook
formulas is not a normal number though the problem and its answer are: if the sum of the squares of the entries of A,
of b or of x★ overflows in its precision, or the largest of these squares underflows. Solvers that scale are not
troubled (as LAPACK's xGELS and its kin do, by xLASCL); others lose everything there, at any κ.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from lamm_robust.embedding import real_vectors
from lamm_robust.values import REAL_OF, Array, Certificate, Edge, Precision, Problem

EXPONENTS: dict[Precision, tuple[int, int]] = {"float32": (-126, 128), "float64": (-1022, 1024)}
"""log₂ of the smallest normal number, and of the first power of two that overflows (IEEE 754), real precisions only."""


def edge_of(problem: Problem, truth: Certificate) -> Edge:
    """Which edge case a problem is, if any: `truth` gives the size of x★."""
    if 0 in problem.A.shape:
        return Edge.EMPTY
    A, b = real_vectors(problem.A), real_vectors(problem.b)  # every part of an entry has its square, once
    sizes = [
        *((size, A.size) for size in log2_largest(A.reshape(-1))),
        *((size, len(b)) for size in log2_largest(b)),
        *((size, truth.x.shape[1]) for size in log2_largest(truth.x[0], truth.exponent)),
    ]
    precision = REAL_OF[problem.key.dtype]
    extreme = any(is_extreme(size, count, precision) for size, count in sizes if size > -math.inf)
    return Edge.SCALE if extreme else Edge.NONE


def is_extreme(log2_size: float, count: int, precision: Precision) -> bool:
    """Whether the sum of `count` squares of numbers, the largest of size 2^log2_size, may over- or underflow."""
    least, most = EXPONENTS[precision]
    return 2 * log2_size + math.log2(count) >= most or 2 * log2_size < least


def log2_largest(values: Array, exponents: npt.ArrayLike = 0) -> list[float]:
    """log₂ of the largest size in each column of values · 2**exponents, which need not be doubles; −∞ if all are 0."""
    with np.errstate(divide="ignore"):
        sizes = np.log2(np.abs(values.astype(np.float64))) + np.asarray(exponents)
    largest: list[float] = sizes.reshape(len(values), -1).max(axis=0).tolist()
    return largest
