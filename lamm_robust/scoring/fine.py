"""Backward errors where float64 does not hold the small singular values of A: by FLINT, in balls or in fractions.

The score of `metrics.backward_error` needs no singular value: with H = ‖x̂‖²AᵀA + ‖r̂‖²I and g = Aᵀr̂ it is √(gᵀH⁻¹g).
Forming H squares κ, which costs nothing but bits here.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt
from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from lamm_robust.error_free import Doubles
from lamm_robust.scoring.long import ROOT_BITS, root
from lamm_robust.values import UNIT_ROUNDOFF

FIRST_BITS = 256
"""Bits of the first attempt: 2·log₂ κ are 160 for κ = 1e24, and the rest is more than a double has. Twice as many take
twice the time where A has 50 columns or more."""

LAST_BITS = 2**13
"""Bits of the last attempt: 2·log₂ κ for the largest κ that a frame takes, 2^900, and entries over as wide a range."""


SHARP = arb(2) ** -60
"""The relative radius allowed to the square: all bits of the double that is returned are then right, but for the last.
So they do not depend on the precision of the attempt."""


class Fine:
    """One matrix A, m×n, of which what all answers share is computed once for each precision."""

    def __init__(self, A: Doubles) -> None:
        self._table = A.tolist()
        self._grams: dict[int, arb_mat] = {}

    @cached_property
    def A(self) -> arb_mat:
        """A without rounding."""
        return arb_mat(self._table)

    @cached_property
    def At(self) -> arb_mat:
        """Aᵀ without rounding."""
        return self.A.transpose()

    def _gram(self) -> arb_mat:
        """AᵀA at the precision in force."""
        if ctx.prec not in self._grams:
            self._grams[ctx.prec] = self.At * self.A
        return self._grams[ctx.prec]

    def backward_error(self, b: Doubles, x: Doubles) -> float:
        """‖(‖x̂‖²AᵀA + ‖r̂‖²I)^(−1/2) Aᵀr̂‖ for one right-hand side b (m) and x̂ (n); NaN if that fails."""
        bits = FIRST_BITS
        while bits <= LAST_BITS:
            with ctx.workprec(bits):
                found = self._attempt(b, x)
            if found is not None:
                return found
            bits *= 2
        return float("nan")

    def _attempt(self, b: Doubles, x: Doubles) -> float | None:
        """The backward error at the precision in force, or None if that is too low."""
        y = arb_mat([[value] for value in x.tolist()])
        r = arb_mat([[value] for value in b.tolist()]) - self.A * y
        g = self.At * r
        if all(entry == 0 for entry in g.entries()):
            return 0.0
        H = self._gram() * _square(y)
        for i in range(H.nrows()):
            H[i, i] += _square(r)
        try:
            square = (g.transpose() * H.solve(g))[0, 0]
        except ZeroDivisionError:
            return None
        if not square.rad() <= abs(square.mid()) * SHARP:
            return None
        return float(square.mid().sqrt())


def _square(vector: arb_mat) -> arb:
    """‖v‖² of a column."""
    return sum((entry * entry for entry in vector.entries()), arb(0))


def quotient(AtA: Sequence[Sequence[Fraction]], g: Sequence[Fraction], size: Fraction, square: Fraction) -> float:
    """√(gᵀH⁻¹g), rounded once, for H = size·AᵀA + square·I: the backward error where all that it needs is exact."""
    if not any(g):
        return 0.0
    n = len(g)
    H = fmpq_mat(n, n, [_rational(size * entry + (square if i == j else 0)) for i, j, entry in _entries(AtA)])
    column = fmpq_mat(n, 1, [_rational(entry) for entry in g])
    found = (column.transpose() * H.solve(column))[0, 0]
    top, below = int(found.p), int(found.q)
    shift = max(2 * ROOT_BITS - top.bit_length() + below.bit_length(), 0)
    return root((top << shift) // below, -shift)


def _entries(table: Sequence[Sequence[Fraction]]) -> list[tuple[int, int, Fraction]]:
    """Row, column and value of every entry."""
    return [(i, j, entry) for i, row in enumerate(table) for j, entry in enumerate(row)]


def _rational(value: Fraction) -> fmpq:
    """The fraction as FLINT has it."""
    return fmpq(value.numerator, value.denominator)


def lacks_digits(kappa: Doubles) -> npt.NDArray[np.bool_]:
    """Whether float64 may hold the smallest singular value to fewer than three digits, for each κ."""
    found: npt.NDArray[np.bool_] = kappa * UNIT_ROUNDOFF["float64"] > 1e-3
    return found
