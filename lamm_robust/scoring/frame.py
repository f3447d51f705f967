"""A problem and its truth in one scale, in which answers at the edge of overflow are measured like any other.

A complex problem is scored as the real one that stands for it (`embedding`); what is relative to ‖A‖_F takes that of
the complex A. Scaling is by powers of two, so it changes no bit of any number. In the frame the largest entries of A
and b are in [1/4, 1/2), as the exact products of `error_free` need them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lamm_robust.embedding import folds, real_matrix, real_vectors
from lamm_robust.error_free import Doubles, exact_images, matrix_digits
from lamm_robust.scoring.limits import regime, threshold
from lamm_robust.scoring.long import Gram, gram_of
from lamm_robust.values import UNIT_ROUNDOFF, Certificate, Equilibrated, NotCertifiedError, Precision, Problem, Regime

if TYPE_CHECKING:
    from lamm_robust.scoring.fine import Fine

LARGEST = 2.0**900
"""Entries of x̂ from here on are infinitely wrong: it leaves room for products with A and for sums."""


def norm(vectors: Doubles) -> Doubles:
    """Euclidean norms over the last axis, without overflow or underflow in the squares; ∞ where they are that."""
    vectors = np.ascontiguousarray(vectors)
    largest = np.abs(vectors).max(axis=-1, keepdims=True, initial=0.0)
    unit = np.where((largest > 0.0) & (largest < np.inf), largest, 1.0)
    with np.errstate(over="ignore"):  # of a norm beyond all numbers, and of what stands beside ∞
        size: Doubles = unit[..., 0] * np.sqrt(np.square(vectors / unit).sum(axis=-1))
    return size


class Frame:
    """A problem and its truth with the largest entries of A and b scaled into [1/4, 1/2); built once, used by all.

    A ← A/2^a, b ← b/2^β, and so x ← x·2^(a−β), all by exact powers of two, with a β for each right-hand side. In the
    frame of `equilibrated`, columns of A (rows of A and b, if A is wide) are brought to one size before that.
    """

    svd: tuple[Doubles, Doubles]
    """The leading `rank` singular values, then zeros, and all n right singular vectors (rows); set by `svds`."""

    @cached_property
    def row_norms(self) -> Doubles:
        """The norms of the rows of A⁺, (AᵀA)⁺ and I − A⁺A (3 × n), from `svd`."""
        (sigma, Vt), inside = self.svd, np.arange(self.A.shape[1]) < self.rank
        known = np.where(sigma == 0.0, 1.0, sigma)
        weights = np.array([inside / known, inside / known**2, ~inside])
        return norm((weights[:, :, np.newaxis] * Vt).transpose(0, 2, 1))

    def __init__(self, problem: Problem, truth: Certificate, columns: Equilibrated | None = None) -> None:
        """Scale; ValueError if the certificate is about another problem, NotCertifiedError if κ > 2⁹⁰⁰.

        With `columns`, which is `truth.equilibrated`, columns (or rows) are of one size.
        """
        if truth.digest != problem.digest:
            raise ValueError(f"the certificate given for '{problem.key}' is about another problem")
        if truth.kappa is not None and truth.kappa.mid > LARGEST:
            raise NotCertifiedError("κ is beyond 2^900: float64 cannot hold A and x in one scale to score answers")
        self.problem, self.truth = problem, truth
        self.precision: Precision = problem.key.dtype
        self.u, self.small = UNIT_ROUNDOFF[self.precision], threshold(self.precision, truth.m, truth.n)
        self.columns, self.folds = problem.sides, folds(problem.A)
        self.rank = self.folds * truth.rank
        """The rank of the matrix that is scored, which is twice that of a complex A."""
        A, b = real_matrix(problem.A).astype(np.float64), real_vectors(problem.b).astype(np.float64)
        (m, n), b = A.shape, b.reshape(len(A), self.columns)
        rows, across = np.zeros((m, 1), dtype=np.int64), np.zeros(n, dtype=np.int64)
        if columns is not None and m < n:
            rows = columns.exponents[:, np.newaxis]
        elif columns is not None:
            across = columns.exponents
        self.a_exponent = int(_exponent(A, rows + across, axis=None))
        self.b_exponents = _exponent(b, rows, axis=0)
        self.x_shifts: npt.NDArray[np.int64] = self.a_exponent - self.b_exponents[:, np.newaxis] + across
        """Entries of the answer to each right-hand side (columns × n) enter the frame times 2 to this power."""
        self.A: Doubles = np.ldexp(A, -(rows + across) - self.a_exponent)
        self.b: Doubles = np.ldexp(b, -rows - self.b_exponents)
        shape = (n, self.columns)
        parts, exponents = truth.x.reshape(len(truth.x), *shape), truth.exponent.reshape(shape)
        self.x_star: Doubles = np.ldexp(parts, exponents + self.x_shifts.T)
        sigma_max, kappa = (truth.sigma_max, truth.kappa) if columns is None else (columns.sigma_max, columns.kappa)
        self.kappa = 1.0 if kappa is None else float(kappa)
        self.sigma_max = float(sigma_max.mid / Fraction(2) ** self.a_exponent)

    @cached_property
    def equilibrated(self) -> Frame:
        """The frame in which columns (rows, if wide) are of one size; itself if they are, or the rank is not full."""
        columns = self.truth.equilibrated
        return type(self)(self.problem, self.truth, columns) if columns else self

    @cached_property
    def fits_by_rows(self) -> bool:
        """Whether fits are measured with rows of one size: A is wide, every equation can be met, and so it must be."""
        wide = self.truth.rank == self.truth.m < self.truth.n
        return wide and regime(self.truth, self.precision) is Regime.RESOLVABLE

    @cached_property
    def residual_star(self) -> list[float]:
        """‖b − Ax★‖ of each right-hand side, in the frame's scale; 0 at full row rank, where rows may be scaled."""
        if self.truth.rank == self.truth.m:
            return [0.0] * self.columns
        balls = zip(self.truth.residual_norm, self.b_exponents.tolist(), strict=True)
        return [float(ball.mid / Fraction(2) ** exponent) for ball, exponent in balls]

    @cached_property
    def digits(self) -> Doubles:
        """The digits of A for exact products, m × digits × n."""
        return matrix_digits(self.A)

    @cached_property
    def fit_star(self) -> Doubles:
        """Ax★ in parts (parts × m × columns), from every digit that the certificate has of x★; see `add_fits`."""
        A = np.broadcast_to(self.digits, (self.columns, *self.digits.shape))
        return exact_images(A, self.x_star.transpose(0, 2, 1)).transpose(0, 2, 1)

    @cached_property
    def gram(self) -> Gram | None:
        """The Gram matrix of [A b] of a long problem, which is all that its answers are compared with; else None."""
        return gram_of(self.A, self.b)

    @cached_property
    def fit_norms(self) -> Doubles:
        """‖Ax★‖ of each right-hand side."""
        if self.gram is None:
            return norm(self.fit_star[0].T)
        return np.array([self.gram.image_norm(x.tolist()) for x in self.x_star.transpose(2, 1, 0)])

    @cached_property
    def fine(self) -> Fine:
        """A for sums beyond float64."""
        from lamm_robust.scoring.fine import Fine  # few problems need it, and its library

        return Fine(self.A)

    @cached_property
    def layout(self) -> tuple[int, int]:
        """The digits of A (0 if it is long) and the parts of x★; frames of one shape and layout can be stacked."""
        return 0 if self.gram else self.digits.shape[1], len(self.x_star)

    @cached_property
    def sizes(self) -> Doubles:
        """What the scores of any answer are relative to, (columns × 9), in the order in which `Evidence` names them."""
        sizes = np.empty((self.columns, 9))
        frobenius = norm(self.A.ravel()) / math.sqrt(self.folds)  # every part of an entry is there so often
        sizes[:, :5] = self.u, self.small, self.kappa, self.sigma_max, frobenius
        lengths = norm(self.x_star[0].T), norm(self.b.T), self.fit_norms
        sizes[:, 5:] = np.transpose([self.residual_star, *lengths])
        return sizes


def _exponent(values: Doubles, shifts: npt.NDArray[np.int64], axis: int | None) -> npt.NDArray[np.int64]:
    """The e for which the largest entry times 2^−shift is in [2^e/4, 2^e/2), along an axis; 1 if all are 0."""
    none = np.iinfo(np.int64).min
    exponents = np.where(values == 0.0, none, np.frexp(values)[1] - shifts + 1)
    largest: npt.NDArray[np.int64] = exponents.max(axis=axis, initial=none)
    return np.where(largest == none, 1, largest)


def add_fits(frames: Sequence[Frame]) -> None:
    """Compute `Frame.fit_star` of frames of one layout that have none, all in one stack, which costs little more."""
    new = list({id(frame): frame for frame in frames if "fit_star" not in vars(frame)}.values())
    if len(new) > 1:
        columns = new[0].columns
        A = np.repeat([frame.digits for frame in new], columns, axis=0)
        fits = exact_images(A, np.concatenate([frame.x_star.transpose(0, 2, 1) for frame in new], axis=1))
        for i, frame in enumerate(new):
            frame.fit_star = fits[:, i * columns : (i + 1) * columns].transpose(0, 2, 1)


def svds(frames: Sequence[Frame]) -> list[tuple[Doubles, Doubles]]:
    """`Frame.svd` of frames of one shape, in float64; frames without an SVD get one, in one LAPACK call.

    Singular values and vectors only weigh errors that are already small (the error of x̂, the gradient Aᵀr̂), so a
    relative accuracy of uκ is enough for them; the rank is the certificate's.
    """
    new = list({id(frame): frame for frame in frames if not hasattr(frame, "svd")}.values())
    if new:
        R = np.linalg.qr(np.array([frame.A for frame in new]), mode="r")  # spares the left singular vectors
        _, sigma, Vt = np.linalg.svd(R, full_matrices=True)
        weights = np.zeros(Vt.shape[:2])
        for frame, weight, values, vectors in zip(new, weights, sigma, Vt, strict=True):
            weight[: frame.rank] = values[: frame.rank]
            frame.svd = weight, vectors
    return [frame.svd for frame in frames]
