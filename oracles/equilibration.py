"""A with its columns (its rows, if it is wide) brought to one size by powers of two.

Column scaling changes neither the rank nor, but for exact powers of two, the answer of a problem of full column rank; a
Householder QR is as accurate as if it had been done, whatever the scales (Higham, Accuracy and Stability of Numerical
Algorithms, 2nd ed., Theorems 19.4 and 20.3). So κ of the scaled matrix is what such a solver can be held to.
"""

from __future__ import annotations

import numpy as np
from flint import fmpz_mat

from lamm_robust.oracles.bounds import Doubles, Integers, powers, row_blocks
from lamm_robust.values import Array

LEAST = -5000
"""An exponent below that of the norm of any column."""


def column_exponents(A: Array, rank: int) -> Integers | None:
    """Return e for which the norm of column j (row j, if A is wide) is in [1/2, 1) times 2^e_j.

    Exact but for norms within rounding of a power of two, and the same on every machine, since rows are added in their
    order. A column of zeros gets the largest e of the others. None where there is nothing to scale: all e are equal, A
    has no entries, or its rank is less than the number of columns (rows, if wide) but for zeros. Rows of zeros in a
    wide A are equations that may not be met, so that its other rows must not be scaled either.
    """
    (found,) = stack_exponents(np.asarray(A, dtype=np.float64)[np.newaxis], rank)
    return found


def stack_exponents(A: Doubles, rank: int) -> list[Integers | None]:
    """Return the exponents of `column_exponents` for each matrix of a stack (stack × m × n) of one rank."""
    wide = A.shape[1] < A.shape[2]
    if min(A.shape[1:]) == 0 or (A.shape[1] if wide else A.shape[2]) < 2:
        return [None] * len(A)
    lines = np.ascontiguousarray(A.swapaxes(1, 2)) if wide else A
    largest = np.zeros((len(A), lines.shape[2]))
    for block in row_blocks(lines.shape[1]):
        largest = np.maximum(largest, np.abs(lines[:, block]).max(axis=1))
    there = largest > 0.0
    exponents = np.frexp(largest)[1].astype(np.int64)
    squares, shrink = np.zeros(largest.shape), powers(-exponents)
    for block in row_blocks(lines.shape[1]):
        part = lines[:, block].copy()
        for power in shrink:
            part *= power[:, np.newaxis]
        np.square(part, out=part)
        part[:, 0] += squares  # so that rows are added one after another, whatever the blocks
        squares = part.sum(axis=1)
    exponents = exponents + np.frexp(np.sqrt(squares))[1]
    count, top = there.sum(axis=1), exponents.max(axis=1, where=there, initial=LEAST)
    exponents = np.where(there, exponents, top[:, np.newaxis])
    scaled = (rank >= count) & (count > 0) & (exponents != exponents[:, :1]).any(axis=1)
    scaled &= there.all(axis=1) | (not wide)
    return [own if some else None for own, some in zip(exponents, scaled.tolist(), strict=True)]


def scaled_integers(N: fmpz_mat, exponents: Integers) -> tuple[fmpz_mat, int]:
    """Return M and e with M·2^e = N·2^−exponents, column by column (row by row, if N is wide), M integer."""
    shifts = [int(exponents.max() - e) for e in exponents]
    table = N.tolist()
    if N.nrows() < N.ncols():
        scaled = [[v << shift for v in row] for row, shift in zip(table, shifts, strict=True)]
    else:
        scaled = [[v << shift for v, shift in zip(row, shifts, strict=True)] for row in table]
    return fmpz_mat(scaled), -int(exponents.max())
