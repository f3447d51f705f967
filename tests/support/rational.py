"""Pseudo-inverses without rounding, by elimination: nothing in common with the oracles."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

Vector = list[Fraction]


def product(one: Iterable[Fraction], other: Iterable[Fraction]) -> Fraction:
    return sum((p * q for p, q in zip(one, other, strict=True)), Fraction(0))


def solved(A: list[Vector], B: list[Vector]) -> list[Vector]:
    """A⁻¹B, by Gauss and Jordan."""
    rows = [[*a, *b] for a, b in zip(A, B, strict=True)]
    return [row[len(A) :] for row in reduced(rows)[0]]


def reduced(rows: list[Vector]) -> tuple[list[Vector], list[int]]:
    """The rows of the reduced echelon form that are not 0, and where their pivots are."""
    rows, pivots = [list(row) for row in rows], list[int]()
    for column in range(len(rows[0])):
        done = len(pivots)
        found = next((i for i in range(done, len(rows)) if rows[i][column]), None)
        if found is None:
            continue
        rows[done], rows[found] = rows[found], rows[done]
        rows[done] = [value / rows[done][column] for value in rows[done]]
        for i, row in enumerate(rows):
            if i != done and row[column]:
                rows[i] = [value - row[column] * lead for value, lead in zip(row, rows[done], strict=True)]
        pivots.append(column)
    return rows[: len(pivots)], pivots


def pseudo_inverse(A: list[Vector]) -> list[Vector]:
    """A⁺ = Fᵀ(FFᵀ)⁻¹(CᵀC)⁻¹Cᵀ of A = CF, C being the pivot columns of A (MacDuffee)."""
    F, pivots = reduced(A)
    Ct = [[row[column] for row in A] for column in pivots]
    left = solved([[product(p, q) for q in Ct] for p in Ct], Ct)
    right = solved([[product(p, q) for q in F] for p in F], left)
    columns = list(zip(*right, strict=True))
    return [[product(f, column) for column in columns] for f in zip(*F, strict=True)]
