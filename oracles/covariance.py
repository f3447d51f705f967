"""What a regression reports beside x, in exact arithmetic: residual sum of squares, covariance, standard errors, R².

For A (m×n) of full column rank with m > n, and weights wᵢ > 0 (1 unless given) as W = diag(wᵢ), the textbooks have

    S = (b − Ax★)ᵀW(b − Ax★),    s² = S/(m − n),    C = s²(AᵀWA)⁻¹,    standard errors √Cⱼⱼ,

(Seber and Lee, Linear Regression Analysis, 2nd ed., sections 3.3 and 3.10), and R² = 1 − S/S₀, where S₀ is the sum of
squares of b about its mean if the range of A holds a constant, else about 0. All but square roots are rational, so
nothing is rounded. A row of weight 0 is not there: it does not count in m.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm

from flint import fmpq, fmpq_mat, fmpz_mat

from lamm_robust.oracles.enclosures import power_of_two, square_root
from lamm_robust.oracles.integers import integer_matrix
from lamm_robust.oracles.rational import Matrix, exact_rank
from lamm_robust.oracles.validation import check_problem
from lamm_robust.oracles.weighted import scale_rows, whole_numbers
from lamm_robust.values import Array, Ball


@dataclass(frozen=True)
class Regression:
    """The exact numbers of a regression of full column rank with more rows than columns."""

    inverse_gram: tuple[tuple[Fraction, ...], ...]
    """(AᵀWA)⁻¹, in rows."""
    residual_sum_of_squares: Fraction
    total_sum_of_squares: Fraction
    """S₀ of the module's text."""
    about_mean: bool
    """Whether S₀ is about the mean of b."""
    degrees_of_freedom: int
    """m − n, where m counts the rows whose weight is not 0."""

    @property
    def variance(self) -> Fraction:
        """s², the residual sum of squares for each degree of freedom."""
        return self.residual_sum_of_squares / self.degrees_of_freedom

    @property
    def residual_deviation(self) -> Ball:
        """s, which NIST calls the residual standard deviation."""
        return square_root(Ball(self.variance))

    @property
    def covariance(self) -> list[list[Fraction]]:
        """The covariance matrix C, in rows."""
        return [[self.variance * entry for entry in row] for row in self.inverse_gram]

    @cached_property
    def standard_errors(self) -> list[Ball]:
        """√Cⱼⱼ for each column j of A."""
        return [square_root(Ball(self.variance * row[j])) for j, row in enumerate(self.inverse_gram)]

    @property
    def r_squared(self) -> Fraction | None:
        """R² = 1 − S/S₀; None where S₀ = 0."""
        return 1 - self.residual_sum_of_squares / self.total_sum_of_squares if self.total_sum_of_squares else None


def regression(A: Array, b: Array, weights: Sequence[Fraction] = ()) -> Regression:
    """Return the exact numbers of the regression of b (length m) on the columns of A (m×n), as the bits are stored.

    Raises ValueError for what `check_problem` refuses, for several right-hand sides, weights that do not fit, a rank
    below n, and where m, the number of rows whose weight is not 0, is not above n.
    """
    check_problem(A, b)
    if b.ndim > 1:
        raise ValueError(f"b has shape {b.shape}; a covariance is of one right-hand side, b of length m")
    if weights and (len(weights) != len(A) or min(weights) < 0):
        raise ValueError(f"there are {len(weights)} weights; accepted are {len(A)}, none negative")
    m, n = A.shape
    if not A.size:
        raise ValueError(f"A is {m}×{n}; a covariance needs one row and one column at least")
    (N, exponent_A), (B, exponent_b) = integer_matrix(A), integer_matrix(b)
    return _of_integers(N, B, weights, power_of_two(exponent_A), power_of_two(exponent_b))


def rational_regression(A: Sequence[Sequence[Fraction]], b: Sequence[Fraction]) -> Regression:
    """Return the same for rational data: A as a list of m ≥ 1 rows of length n ≥ 1, b of length m."""
    scale_A, scale_b = lcm(*(v.denominator for row in A for v in row)), lcm(*(v.denominator for v in b))
    N = fmpz_mat([[int(v * scale_A) for v in row] for row in A])
    B = fmpz_mat([[int(v * scale_b)] for v in b])
    return _of_integers(N, B, (), Fraction(1, scale_A), Fraction(1, scale_b))


def _of_integers(
    N: fmpz_mat, B: fmpz_mat, weights: Sequence[Fraction], unit_A: Fraction, unit_b: Fraction
) -> Regression:
    """Return the regression of b = unit_b·B on A = unit_A·N, for integer N (m×n) and B (m×1)."""
    unit, whole = whole_numbers(weights or [Fraction(1)] * N.nrows())
    m, n = sum(w > 0 for w in whole), N.ncols()
    if (rank := exact_rank(scale_rows([min(w, 1) for w in whole], N))) < n:
        raise ValueError(f"A has rank {rank} and {n} columns; a covariance needs full column rank")
    if m <= n:
        raise ValueError(f"A has {m} rows{' with weight' if weights else ''} and {n} columns; a covariance needs more")
    ones = fmpz_mat([[1]] * N.nrows())
    WB, W1 = scale_rows(whole, B), scale_rows(whole, ones)
    inverse = fmpq_mat(N.transpose() * scale_rows(whole, N)).inv()
    about_mean = not _left(N, ones, W1, inverse)
    mean = _product(ones, WB) ** 2 / _product(ones, W1) if about_mean else 0
    scale = unit * unit_b**2
    entries = ([Fraction(int(entry.p), int(entry.q)) for entry in row] for row in inverse.tolist())
    return Regression(
        inverse_gram=tuple(tuple(entry / (unit * unit_A**2) for entry in row) for row in entries),
        residual_sum_of_squares=_left(N, B, WB, inverse) * scale,
        total_sum_of_squares=(_product(B, WB) - mean) * scale,
        about_mean=about_mean,
        degrees_of_freedom=m - n,
    )


def _left(N: fmpz_mat, B: fmpz_mat, WB: fmpz_mat, inverse: fmpq_mat) -> Fraction:
    """Return BᵀWB − (NᵀWB)ᵀ(NᵀWN)⁻¹(NᵀWB), the residual sum of squares of the column B."""
    explained = fmpq_mat(N.transpose() * WB)
    return _product(B, WB) - _product(explained, inverse * explained)


def _product(u: Matrix, v: Matrix) -> Fraction:
    """Return uᵀv for two columns."""
    found = fmpq((u.transpose() * v)[0, 0])
    return Fraction(int(found.p), int(found.q))
