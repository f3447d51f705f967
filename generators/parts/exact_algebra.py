"""Exact linear algebra for right-hand sides b = Ax + d of the *stored* A, which are rounded once in the end.

A floating-point number is a whole number times a power of two. So Ax, and the part of a random vector that is at right
angles to the range of A, are computed in integers without any error, whatever the condition number.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from lamm_robust.generators.parts.elementary import root
from lamm_robust.values import Array


def rationals(vector: Sequence[float]) -> list[Fraction]:
    """Return floating-point numbers as Fractions, without rounding."""
    return [Fraction(entry) for entry in vector]


def inner_product(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    """Return the inner product of two vectors, exactly."""
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


def image(A: Array, x: Sequence[Fraction]) -> list[Fraction]:
    """Return Ax (m rationals) of the stored A (m×n) and n rationals x, exactly."""
    return [inner_product(rationals(row), x) for row in A.tolist()]


def add_residual(fit: Sequence[Fraction], direction: Sequence[Fraction], ratio: float) -> list[Fraction]:
    """Return fit + d with d along ``direction`` and ‖d‖ = ratio·‖fit‖ (to 120 bits)."""
    if ratio == 0:
        return list(fit)
    scale = root(Fraction(ratio) ** 2 * inner_product(fit, fit) / inner_product(direction, direction))
    return [entry + scale * step for entry, step in zip(fit, direction, strict=True)]


def outside_range(A: Array, vector: Sequence[Fraction]) -> list[Fraction]:
    """Return v − Ay with AᵀAy = Aᵀv: the part of a vector v at right angles to the range of the stored A, exactly."""
    columns = [rationals(column) for column in A.T.tolist()]
    scale = max(entry.denominator for column in columns for entry in column)  # a power of two, as all of them
    whole = [[int(scale * entry) for entry in column] for column in columns]
    gram = [[sum(a * b for a, b in zip(left, right, strict=True)) for right in whole] for left in whole]
    y = semidefinite_solution(gram, [scale * inner_product(column, vector) for column in columns])
    rows = zip(*columns, strict=True)
    return [entry - scale * inner_product(row, y) for entry, row in zip(vector, rows, strict=True)]


def semidefinite_solution(gram: Sequence[Sequence[int]], right: Sequence[Fraction]) -> list[Fraction]:
    """Return a solution y of Gy = g, for a positive semidefinite matrix G of integers and a g in its range.

    Gauss-Jordan elimination in integers, in which every division is exact (Bareiss, Sylvester's identity and multistep
    integer-preserving Gaussian elimination, Math. Comp. 22 (1968) 565-578).
    """
    shared = max(entry.denominator for entry in right)  # powers of two: the largest is a multiple of the others
    rows = [[*row, int(shared * entry)] for row, entry in zip(gram, right, strict=True)]
    previous = 1
    for k, pivotal in enumerate(rows):
        pivot = pivotal[k]
        if pivot == 0:  # its whole row is zero in a semidefinite matrix, and its unknown is set to 0
            continue
        for i, row in enumerate(rows):
            if i != k:
                factor = row[k]
                rows[i] = [(pivot * a - factor * b) // previous for a, b in zip(row, pivotal, strict=True)]
        previous = pivot
    return [Fraction(row[-1], shared * row[k]) if row[k] else Fraction(0) for k, row in enumerate(rows)]
