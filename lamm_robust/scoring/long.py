"""What an answer to a long problem shows, exactly and without a look at its rows: from the Gram matrix of [A b].

With W = [A b]ᵀ[A b] and v = (−x̂, 1) the residual is r̂ = b − Ax̂ = [A b]v, so that

    ‖r̂‖² = vᵀWv,    Aᵀr̂ is the part of Wv that belongs to A,    ‖A(x̂ − x★)‖² = dᵀWd for d = (x̂ − x★, 0).

W squares κ and much cancels, which costs nothing: all numbers are whole ones times a power of two until the end. An
answer takes some 50 µs then, whatever the number of rows, where exact products with A take seconds for 10⁶ of them.
The backward error of `fine` is a quotient of such numbers, too: see `Gram.normal`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from lamm_robust.error_free import Doubles, dyadic
from lamm_robust.row_sums import Sums, row_sums

LONG = 1000
"""The least number of rows: with fewer, exact products of a stack of answers take hardly longer than whole numbers."""

FEW = 16
"""The most columns of A and b together: the work grows with the square of the columns."""

ROOT_BITS = 128
"""Bits of a number whose root is taken, or that is rounded to a double: more than twice as many as that has."""

Whole = tuple[list[int], int]
"""Whole numbers, and e: 2^e times each is meant."""
Normal = tuple[list[list[Fraction]], list[Fraction], Fraction, Fraction]
Square = tuple[int, int]
"""A whole number and e: 2^e times it is meant."""


class Gram:
    """The exact Gram matrix of [A b] of a long problem, in the scale of its frame."""

    def __init__(self, sums: Sums, n: int) -> None:
        """Take what `row_sums` returns for A (m×n) and b."""
        self._sums, self._n = sums, n

    def residual(self, x: Sequence[float], column: int) -> tuple[float, list[float]]:
        """‖r̂‖ and Aᵀr̂ for the answer x̂ (n) to a right-hand side."""
        square, (products, exponent) = self._residual(x, column)
        own = self._sums.exponents[: self._n]
        return root(*square), [rounded(p, exponent + e) for p, e in zip(products[:-1], own, strict=True)]

    def normal(self, x: Sequence[float], column: int) -> Normal:
        """AᵀA, Aᵀr̂, ‖x̂‖² and ‖r̂‖² for the answer x̂ (n) to a right-hand side, without rounding."""
        square, (products, exponent) = self._residual(x, column)
        sums, inside = self._sums, range(self._n)
        AtA = [[sums.entry(i, j) for j in inside] for i in inside]
        gradient = [dyadic(products[i], exponent + sums.exponents[i]) for i in inside]
        return AtA, gradient, sum((Fraction(value) ** 2 for value in x), Fraction(0)), dyadic(*square)

    def image_norm(self, d: Sequence[Iterable[float]]) -> float:
        """‖Ad‖ for d (n), whose entries are given as sums of doubles."""
        places = list(range(self._n))
        return root(*self._products(self._whole(d, places), places)[0])

    def _residual(self, x: Sequence[float], column: int) -> tuple[Square, Whole]:
        """‖r̂‖², and Aᵀr̂ and bᵀr̂ but for the exponents of their places."""
        places = [*range(self._n), self._n + column]
        return self._products(self._whole([*([-value] for value in x), [1.0]], places), places)

    def _whole(self, values: Sequence[Iterable[float]], places: Sequence[int]) -> Whole:
        """Sums of doubles, each times 2 to the exponent of its place."""
        terms = [[term.as_integer_ratio() for term in entry] for entry in values]
        shifts = [self._sums.exponents[place] for place in places]
        # denominators are powers of two
        powers = [
            [(top, e + 1 - below.bit_length()) for top, below in row] for row, e in zip(terms, shifts, strict=True)
        ]
        least = min(e for row in powers for _, e in row)
        return [sum(top << (e - least) for top, e in row) for row in powers], least

    def _products(self, v: Whole, places: Sequence[int]) -> tuple[Square, Whole]:
        """vᵀWv, and Wv but for the exponents of its places, for v from `_whole`."""
        numbers, exponent = v
        rows = [[self._sums.whole[i][j] for j in places] for i in places]
        products = [sum(map(int.__mul__, row, numbers)) for row in rows]
        unit = self._sums.unit + exponent
        return (sum(map(int.__mul__, products, numbers)), unit + exponent), (products, unit)


def gram_of(A: Doubles, b: Doubles) -> Gram | None:
    """The Gram matrix for A (m×n) and b (m×k) with entries below 1/2; None if they are not long, or of a wide range."""
    if len(A) < LONG or not 0 < A.shape[1] <= FEW - b.shape[1]:
        return None
    sums = row_sums(A, b)
    return None if sums is None else Gram(sums, A.shape[1])


def root(square: int, exponent: int) -> float:
    """√(square · 2^exponent), rounded once."""
    shift = square.bit_length() - ROOT_BITS
    shift += (exponent + shift) % 2
    whole = _to_odd(square, shift) if shift > 0 else square << -shift
    found = math.isqrt(whole)
    return math.ldexp(found | (found * found != whole), (exponent + shift) // 2)


def rounded(number: int, exponent: int) -> float:
    """The number times 2^exponent, rounded once."""
    shift = max(number.bit_length() - ROOT_BITS, 0)
    return math.ldexp(_to_odd(number, shift), exponent + shift)


def _to_odd(number: int, shift: int) -> int:
    """The number over 2^shift; the odd one of its neighbours if it is not whole, so that it is rounded but once."""
    whole = number >> shift
    return whole | (whole << shift != number)
