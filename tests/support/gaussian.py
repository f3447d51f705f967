"""Complex least squares without rounding, over Gaussian rationals: nothing in common with the oracles' real form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import numpy as np

from lamm_robust.values import Array
from tests.support.rational import reduced, solved


@dataclass(frozen=True)
class Gaussian:
    """A complex number with rational parts."""

    real: Fraction
    imag: Fraction = Fraction(0)

    def __bool__(self) -> bool:
        return bool(self.real or self.imag)

    def __add__(self, other: Gaussian) -> Gaussian:
        return Gaussian(self.real + other.real, self.imag + other.imag)

    def __sub__(self, other: Gaussian) -> Gaussian:
        return Gaussian(self.real - other.real, self.imag - other.imag)

    def __mul__(self, other: Gaussian) -> Gaussian:
        a, b, c, d = self.real, self.imag, other.real, other.imag
        return Gaussian(a * c - b * d, a * d + b * c)

    def __truediv__(self, other: Gaussian) -> Gaussian:
        size = other.real**2 + other.imag**2
        product = self * other.conjugate()
        return Gaussian(product.real / size, product.imag / size)

    def conjugate(self) -> Gaussian:
        return Gaussian(self.real, -self.imag)

    @property
    def square(self) -> Fraction:
        """The square of its size."""
        return self.real**2 + self.imag**2


Matrix = list[list[Gaussian]]


def matrix(values: Array) -> Matrix:
    """The rows of a matrix, or a vector as one column, exactly."""
    table = values.reshape(len(values), -1).tolist()
    return [[Gaussian(Fraction(v.real), Fraction(v.imag)) for v in row] for row in table]


def multiply(P: Matrix, Q: Matrix) -> Matrix:
    return [[_total(p * q for p, q in zip(row, column, strict=True)) for column in zip(*Q, strict=True)] for row in P]


def _total(terms: Iterable[Gaussian]) -> Gaussian:
    total = Gaussian(Fraction(0))
    for term in terms:
        total = total + term
    return total


def conjugate_transpose(P: Matrix) -> Matrix:
    return [[entry.conjugate() for entry in column] for column in zip(*P, strict=True)]


@dataclass(frozen=True)
class Answer:
    """What is true of a problem: the rank of A, A⁺b, and ‖b − AA⁺b‖² of each right-hand side."""

    rank: int
    x: Matrix
    residual_squares: list[Fraction]


def answer(A: Array, b: Array) -> Answer:
    """A⁺b by A⁺ = Fᴴ(FFᴴ)⁻¹(CᴴC)⁻¹Cᴴ of A = CF, C being the pivot columns of A (MacDuffee)."""
    M, B, any_field = matrix(A), matrix(b), cast("Any", (reduced, solved))
    eliminate, solve = any_field
    F, pivots = eliminate(M)
    x = [[Gaussian(Fraction(0))] * len(B[0]) for _ in range(A.shape[1])]
    if pivots:
        Ch = conjugate_transpose([[row[j] for j in pivots] for row in M])
        Fh = conjugate_transpose(F)
        left = solve(multiply(Ch, conjugate_transpose(Ch)), multiply(Ch, B))
        x = multiply(Fh, solve(multiply(F, Fh), left))
    fit = multiply(M, x)
    left_over = [[p - q for p, q in zip(one, other, strict=True)] for one, other in zip(B, fit, strict=True)]
    squares = [sum((entry.square for entry in column), Fraction(0)) for column in zip(*left_over, strict=True)]
    return Answer(len(pivots), x, squares)


KINDS = (
    "Gaussian integers",
    "deficient Gaussian integers",
    "floats",
    "floats of complex64",
    "columns of other sizes",
    "deficient by one bit",
    "several right-hand sides",
    "with a zero column",
)


def problem(seed: int) -> tuple[str, Array, Array]:
    """A small complex problem of one of the `KINDS`, tall, square or wide."""
    rng, kind = np.random.default_rng(seed), KINDS[seed % len(KINDS)]
    m, n = (int(size) for size in rng.integers(1, 6, 2))
    k = int(rng.integers(2, 4)) if kind == "several right-hand sides" else 1

    def whole(*shape: int) -> Array:
        return rng.integers(-4, 5, shape) + 1j * rng.integers(-4, 5, shape)

    def floats(*shape: int) -> Array:
        return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)

    draw = whole if "integers" in kind else floats
    A, b = draw(m, n), draw(m, k)
    if kind == "deficient Gaussian integers":
        rank = int(rng.integers(0, min(m, n) + 1))
        A = whole(m, rank) @ whole(rank, n)
    elif kind == "columns of other sizes":
        A = A * 2.0 ** rng.integers(-60, 60, n)
    elif kind == "deficient by one bit" and n > 1:
        A[:, -1] = A[:, 0] * 1j
        A[0, -1] *= 1 + 2.0**-52
    elif kind == "with a zero column":
        A[:, rng.integers(n)] = 0
    dtype = np.complex64 if kind == "floats of complex64" else np.complex128
    return kind, A.astype(dtype), (b if k > 1 else b[:, 0]).astype(dtype)
