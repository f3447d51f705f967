"""What a stack of answers shows against the truth: errors, residuals and gradients.

Everything is gathered in a scaled frame, with the largest entries of A and b in [1/4, 1/2), so that problems at the
edge of overflow are measured like any other. The residual of the computed x̂ is formed exactly (see `error_free`); the
distance to x★ uses every digit of the certificate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lamm_robust.error_free import Doubles, exact_gradient, exact_residual, grid, matrix_digits, rounded
from lamm_robust.values import UNIT_ROUNDOFF, Array, Certificate, NotCertifiedError, Problem

LARGEST = 2.0**900
"""Entries of x̂ from here on are infinitely wrong: it leaves room for products with A and for sums."""


def norm(vectors: Doubles) -> Doubles:
    """Euclidean norms over the last axis, without overflow or underflow in the squares."""
    vectors = np.ascontiguousarray(vectors)
    largest = np.abs(vectors).max(axis=-1, keepdims=True, initial=0.0)
    unit = np.where(largest == 0.0, 1.0, largest)
    size: Doubles = unit[..., 0] * np.sqrt(np.square(vectors / unit).sum(axis=-1))
    return size


class Frame:
    """A problem and its truth with the largest entries of A and b scaled into [1/4, 1/2); built once, used by all.

    A ← A/2^a, b ← b/2^β, and so x ← x·2^(a−β), all by exact powers of two, with a β for each right-hand side.
    """

    def __init__(self, problem: Problem, truth: Certificate) -> None:
        """Scale; ValueError if the certificate is about another problem, NotCertifiedError if κ > 2⁹⁰⁰."""
        if truth.digest != problem.digest:
            raise ValueError(f"the certificate given for '{problem.key}' is about another problem")
        if truth.kappa is not None and truth.kappa.mid > LARGEST:
            raise NotCertifiedError("κ is beyond 2^900: float64 cannot hold A and x in one scale to score answers")
        self.truth = truth
        self.u = UNIT_ROUNDOFF[str(problem.A.dtype)]
        self.columns = math.prod(problem.b.shape[1:])
        self.a_exponent = _exponent(problem.A)
        b = problem.b.reshape(problem.m, self.columns)
        self.b_exponents = np.array([_exponent(column) for column in b.T], dtype=np.int64)
        self.A: Doubles = np.ldexp(problem.A.astype(np.float64), -self.a_exponent)
        self.b: Doubles = np.ldexp(b.astype(np.float64), -self.b_exponents)
        n = self.A.shape[1]
        parts, exponents = truth.x.reshape(len(truth.x), n, self.columns), truth.exponent.reshape(n, self.columns)
        self.x_star: Doubles = np.ldexp(parts, exponents + self.x_shifts)
        self.kappa = 1.0 if truth.kappa is None else float(truth.kappa)
        self.sigma_max = float(truth.sigma_max.mid / _power_of_two(self.a_exponent))

    @property
    def x_shifts(self) -> npt.NDArray[np.int64]:
        """The answer to each right-hand side is multiplied by 2 to this power when it enters the frame."""
        shifts: npt.NDArray[np.int64] = self.a_exponent - self.b_exponents
        return shifts

    @cached_property
    def residual_star(self) -> list[float]:
        """‖b − Ax★‖ of each right-hand side, in the frame's scale."""
        balls = zip(self.truth.residual_norm, self.b_exponents.tolist(), strict=True)
        return [float(ball.mid / _power_of_two(exponent)) for ball, exponent in balls]

    @cached_property
    def digits(self) -> Doubles:
        """The digits of A for exact products, m × digits × n."""
        return matrix_digits(self.A)

    @cached_property
    def layout(self) -> tuple[int, int]:
        """How many digits A has and how many parts x★: what is equal can be stacked."""
        return self.digits.shape[1], len(self.x_star)

    @cached_property
    def sizes(self) -> Doubles:
        """What the scores of any answer are relative to, (columns × 8), in the order in which `Evidence` names them."""
        sizes, x_star = np.empty((self.columns, 8)), self.x_star[0].T
        sizes[:, :4] = self.u, self.kappa, self.sigma_max, norm(self.A.ravel())
        sizes[:, 4:] = np.transpose([self.residual_star, norm(x_star), norm(self.b.T), norm(x_star @ self.A.T)])
        return sizes

    @cached_property
    def svd(self) -> tuple[Doubles, Doubles]:
        """The leading `rank` singular values, then zeros, and all n right singular vectors (rows), in float64.

        They only weigh errors that are already small (the error of x̂, the gradient Aᵀr̂), so a relative
        accuracy of uκ is enough for them; the rank is the certificate's.
        """
        return svds([self])[0]


def _exponent(array: Array) -> int:
    """The e for which the largest entry is in [2^e/4, 2^e/2); 1 where there is none, or none but zeros."""
    return int(math.frexp(float(np.max(np.abs(array), initial=0.0)))[1]) + 1


def _power_of_two(exponent: int) -> Fraction:
    return Fraction(2) ** exponent


def svds(frames: Sequence[Frame]) -> list[tuple[Doubles, Doubles]]:
    """`Frame.svd` of frames of one shape, in one call."""
    R = np.linalg.qr(np.array([frame.A for frame in frames]), mode="r")  # spares the left singular vectors
    _, sigma, Vt = np.linalg.svd(R, full_matrices=True)
    weights = np.zeros(Vt.shape[:2])
    for weight, values, frame in zip(weights, sigma, frames, strict=True):
        weight[: frame.truth.rank] = values[: frame.truth.rank]
    return list(zip(weights, Vt, strict=True))


class Evidence:
    """What C answers x̂, each to one right-hand side of a problem of its own, show in the scale of their frames."""

    def __init__(self, members: Sequence[tuple[Frame, int]], x: Doubles) -> None:
        """Gather; x[i] (C × n) answers a column of the right-hand sides of a frame, and all frames have one layout."""
        self.x = x
        self._frames = [frame for frame, _ in members]
        self._b: Doubles = np.array([frame.b[:, column] for frame, column in members])
        self._x_star: Doubles = np.array([frame.x_star[:, :, column] for frame, column in members])
        sizes = np.array([frame.sizes[column] for frame, column in members]).T
        self.u, self.kappa, self.sigma_max, self.frobenius_norm = sizes[:4]
        self.residual_star_norm, self.x_star_norm, self.b_norm, self.fit_norm = sizes[4:]
        """Each of these is an array of C numbers; what they are, `Frame.sizes` says."""

    @cached_property
    def x_norm(self) -> Doubles:
        """‖x̂‖."""
        return norm(self.x)

    @cached_property
    def error(self) -> Doubles:
        """x̂ − x★ (C × n), to the last bits: what cancels in a difference cancels without error (Sterbenz)."""
        error = self.x
        for part in self._x_star.transpose(1, 0, 2):
            error = error - part
        return error

    @cached_property
    def error_norm(self) -> Doubles:
        """‖x̂ − x★‖."""
        return norm(self.error)

    @cached_property
    def fit_distance(self) -> Doubles:
        """‖A(x̂ − x★)‖."""
        return norm(image(np.array([frame.A for frame in self._frames]), self.error))

    @cached_property
    def _residual_and_gradient(self) -> tuple[Doubles, Doubles]:
        """r̂ = b − Ax̂ and Aᵀr̂, each computed exactly and rounded once (C × m and C × n)."""
        A, scale = np.array([frame.digits for frame in self._frames]), grid(self._b, self.x)[:, np.newaxis]
        residual = exact_residual(A, np.ldexp(self._b, -scale), np.ldexp(self.x, -scale))
        return np.ldexp(rounded(residual), scale), np.ldexp(exact_gradient(A, residual), scale)

    @cached_property
    def residual_norm(self) -> Doubles:
        """‖r̂‖."""
        return norm(self._residual_and_gradient[0])

    @property
    def gradient(self) -> Doubles:
        """Aᵀr̂ (C × n), from the exact residual."""
        return self._residual_and_gradient[1]

    @cached_property
    def sigma(self) -> Doubles:
        """The leading `rank` singular values of each A, then zeros (C × n)."""
        return np.array([frame.svd[0] for frame in self._frames])

    @cached_property
    def Vt(self) -> Doubles:
        """All right singular vectors of each A, as rows (C × n × n)."""
        return np.array([frame.svd[1] for frame in self._frames])

    @cached_property
    def in_row_space(self) -> npt.NDArray[np.bool_]:
        """Which of them span the row space: the first `rank` (C × n)."""
        ranks = np.array([frame.truth.rank for frame in self._frames])
        return np.arange(self.x.shape[1]) < ranks[:, np.newaxis]


def image(matrices: Doubles, vectors: Doubles) -> Doubles:
    """Each matrix times its vector, added up without BLAS, so that no score depends on what is scored beside it."""
    product: Doubles = (matrices * vectors[:, np.newaxis, :]).sum(axis=-1)
    return product
