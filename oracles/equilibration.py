"""A with its columns (its rows, if it is wide) brought to one size by powers of two.

Column scaling changes neither the rank nor, but for exact powers of two, the answer of a problem of full column rank; a
Householder QR is as accurate as if it had been done, whatever the scales (Higham, Accuracy and Stability of Numerical
Algorithms, 2nd ed., Theorems 19.4 and 20.3). So κ of the scaled matrix is what such a solver can be held to.
"""

from __future__ import annotations

import numpy as np
from flint import fmpz_mat

from lamm_robust.oracles.bounds import Integers
from lamm_robust.values import Array


def column_exponents(A: Array, rank: int) -> Integers | None:
    """Return e for which the norm of column j (row j, if A is wide) is in [1/2, 1) times 2^e_j.

    Exact but for norms within rounding of a power of two, and the same on every machine, since rows are added in their
    order. A column of zeros gets the largest e of the others. None where there is nothing to scale: all e are equal, A
    has no entries, or its rank is less than the number of columns (rows, if wide) but for zeros. Rows of zeros in a
    wide A are equations that may not be met, so that its other rows must not be scaled either.
    """
    wide = A.shape[0] < A.shape[1]
    lines = np.ascontiguousarray(A.T if wide else A, dtype=np.float64)
    largest = np.abs(lines).max(axis=0, initial=0.0)
    there = largest > 0.0
    if lines.shape[1] < 2 or rank < there.sum() or not there.any() or (wide and not there.all()):
        return None
    exponents = np.frexp(largest)[1].astype(np.int64)
    norms = np.sqrt(np.square(np.ldexp(lines, -exponents)).sum(axis=0))
    exponents = exponents + np.frexp(norms)[1]
    exponents = np.where(there, exponents, exponents[there].max())
    return exponents if (exponents != exponents[0]).any() else None


def scaled_integers(N: fmpz_mat, exponents: Integers) -> tuple[fmpz_mat, int]:
    """Return M and e with M·2^e = N·2^−exponents, column by column (row by row, if N is wide), M integer."""
    shifts = [int(exponents.max() - e) for e in exponents]
    table = N.tolist()
    if N.nrows() < N.ncols():
        scaled = [[v << shift for v in row] for row, shift in zip(table, shifts, strict=True)]
    else:
        scaled = [[v << shift for v, shift in zip(row, shifts, strict=True)] for row in table]
    return fmpz_mat(scaled), -int(exponents.max())
