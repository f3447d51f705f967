"""A problem and its truth in one scale, in which answers at the edge of overflow are measured like any other.

Scaling is by powers of two, so it changes no bit of any number. In the frame the largest entries of A and b are in
[1/4, 1/2), as the exact products of `error_free` need them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lamm_robust.error_free import Doubles, matrix_digits
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

    svd: tuple[Doubles, Doubles]
    """The leading `rank` singular values, then zeros, and all n right singular vectors (rows); set by `svds`."""

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
        self.x_shifts: npt.NDArray[np.int64] = self.a_exponent - self.b_exponents
        """The answer to each right-hand side is multiplied by 2 to this power when it enters the frame."""
        self.A: Doubles = np.ldexp(problem.A.astype(np.float64), -self.a_exponent)
        self.b: Doubles = np.ldexp(b.astype(np.float64), -self.b_exponents)
        n = self.A.shape[1]
        parts, exponents = truth.x.reshape(len(truth.x), n, self.columns), truth.exponent.reshape(n, self.columns)
        self.x_star: Doubles = np.ldexp(parts, exponents + self.x_shifts)
        self.kappa = 1.0 if truth.kappa is None else float(truth.kappa)
        self.sigma_max = float(truth.sigma_max.mid / Fraction(2) ** self.a_exponent)

    @cached_property
    def residual_star(self) -> list[float]:
        """‖b − Ax★‖ of each right-hand side, in the frame's scale."""
        balls = zip(self.truth.residual_norm, self.b_exponents.tolist(), strict=True)
        return [float(ball.mid / Fraction(2) ** exponent) for ball, exponent in balls]

    @cached_property
    def digits(self) -> Doubles:
        """The digits of A for exact products, m × digits × n."""
        return matrix_digits(self.A)

    @cached_property
    def layout(self) -> tuple[int, int]:
        """The number of digits of A and of parts of x★; frames of one shape and layout can be stacked."""
        return self.digits.shape[1], len(self.x_star)

    @cached_property
    def sizes(self) -> Doubles:
        """What the scores of any answer are relative to, (columns × 8), in the order in which `Evidence` names them."""
        sizes, x_star = np.empty((self.columns, 8)), self.x_star[0].T
        sizes[:, :4] = self.u, self.kappa, self.sigma_max, norm(self.A.ravel())
        sizes[:, 4:] = np.transpose([self.residual_star, norm(x_star), norm(self.b.T), norm(x_star @ self.A.T)])
        return sizes


def _exponent(array: Array) -> int:
    """The e for which the largest entry is in [2^e/4, 2^e/2); 1 if there is no entry, or none but zeros."""
    return int(math.frexp(float(np.max(np.abs(array), initial=0.0)))[1]) + 1


def svds(frames: Sequence[Frame]) -> list[tuple[Doubles, Doubles]]:
    """`Frame.svd` of frames of one shape, in float64; what is not known yet is computed in one call of LAPACK.

    Singular values and vectors only weigh errors that are already small (the error of x̂, the gradient Aᵀr̂), so a
    relative accuracy of uκ is enough for them; the rank is the certificate's.
    """
    new = list({id(frame): frame for frame in frames if not hasattr(frame, "svd")}.values())
    if new:
        R = np.linalg.qr(np.array([frame.A for frame in new]), mode="r")  # spares the left singular vectors
        _, sigma, Vt = np.linalg.svd(R, full_matrices=True)
        weights = np.zeros(Vt.shape[:2])
        for frame, weight, values, vectors in zip(new, weights, sigma, Vt, strict=True):
            weight[: frame.truth.rank] = values[: frame.truth.rank]
            frame.svd = weight, vectors
    return [frame.svd for frame in frames]
