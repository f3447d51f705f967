"""How far an answer is from the truth, in units in which a good solver scores about 1.

Every score is a pure function of the `Evidence` of one attempt, and all of them are unchanged when A or b is
multiplied by a power of two; so the evidence is gathered in a scaled frame, with the largest entries of A
and b in [1/2, 1), and problems at the edge of overflow are measured like any other. The residual of the
computed x̂ is formed exactly (see `accurate`); the distance to x★ uses every digit of the certificate.

Backward error is what separates solvers. Forward error alone misleads: `pinv(A) @ b` stays within two
Wedin bounds of the truth while no small change of A explains its answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from lamm_robust.accurate import LARGEST, Doubles, exact_gradient, exact_residual, exact_sums
from lamm_robust.values import UNIT_ROUNDOFF, Array, Certificate, Metric, NotCertifiedError, Problem


def ratio(numerator: float, denominator: float) -> float:
    """A quotient of norms, where 0/0 means "exactly right" and anything else over 0 "infinitely wrong"."""
    if denominator == 0.0:
        return 0.0 if numerator == 0.0 else math.inf
    return numerator / denominator


def norm(vector: Doubles) -> float:
    """Euclidean norm without overflow or underflow in the squares."""
    return math.hypot(*vector.tolist())


class Frame:
    """A problem and its truth with the largest entries of A and b scaled into [1/2, 1); built once, used by all.

    A ← A/2^a, b ← b/2^β, and so x ← x·2^(a−β), all by exact powers of two.
    """

    def __init__(self, problem: Problem, truth: Certificate) -> None:
        """Scale; ValueError if the certificate is about another problem, NotCertifiedError if κ > 2⁹⁰⁰."""
        if truth.digest != problem.digest:
            raise ValueError(f"the certificate given for '{problem.key}' is about another problem")
        if truth.kappa is not None and truth.kappa.mid > LARGEST:
            raise NotCertifiedError("κ is beyond 2^900: float64 cannot hold A and x in one scale to score answers")
        self.truth = truth
        self.u = UNIT_ROUNDOFF[str(problem.A.dtype)]
        self.a_exponent = _exponent(problem.A)
        self.b_exponent = _exponent(problem.b)
        self.A: Doubles = np.ldexp(problem.A.astype(np.float64), -self.a_exponent)
        self.b: Doubles = np.ldexp(problem.b.astype(np.float64), -self.b_exponent).reshape(len(problem.b), -1)
        self.columns = self.b.shape[1]
        parts = np.ldexp(truth.x, truth.exponent + self.x_shift)
        self.x_star: Doubles = parts.reshape(len(parts), self.A.shape[1], self.columns)
        self.kappa = 1.0 if truth.kappa is None else float(truth.kappa)
        self.sigma_max = float(truth.sigma_max.mid / _power_of_two(self.a_exponent))

    @property
    def x_shift(self) -> int:
        """x is multiplied by 2 to this power when it enters the frame."""
        return self.a_exponent - self.b_exponent

    @cached_property
    def residual_star(self) -> list[float]:
        """‖b − Ax★‖ of each right-hand side, in the frame's scale."""
        return [float(ball.mid / _power_of_two(self.b_exponent)) for ball in self.truth.residual_norm]

    @cached_property
    def frobenius_norm(self) -> float:
        """‖A‖_F."""
        return float(np.linalg.norm(self.A))

    @cached_property
    def svd(self) -> tuple[Doubles, Doubles]:
        """The leading `rank` singular values and all n right singular vectors (rows), in float64.

        They only weigh errors that are already small (the error of x̂, the gradient Aᵀr̂), so a relative
        accuracy of uκ is enough for them; the rank is the certificate's.
        """
        R = np.linalg.qr(self.A, mode="r")  # spares the m×m matrix of left singular vectors
        _, sigma, Vt = np.linalg.svd(R, full_matrices=True)
        return sigma[: self.truth.rank], Vt


def _exponent(array: Array) -> int:
    return int(math.frexp(float(np.max(np.abs(array))))[1])


def _power_of_two(exponent: int) -> Fraction:
    return Fraction(2) ** exponent


@dataclass(frozen=True, eq=False)
class Evidence:
    """What one answer x̂ to one right-hand side shows, in the scale of the frame."""

    frame: Frame
    column: int
    x: Doubles

    @property
    def u(self) -> float:
        """Unit roundoff of the working precision."""
        return self.frame.u

    @cached_property
    def x_norm(self) -> float:
        """‖x̂‖."""
        return norm(self.x)

    @cached_property
    def x_star_norm(self) -> float:
        """‖x★‖."""
        return norm(self.frame.x_star[0, :, self.column])

    @cached_property
    def error(self) -> Doubles:
        """x̂ − x★, rounded once."""
        return exact_sums(self.x, -self.frame.x_star[:, :, self.column].T)[0]

    @cached_property
    def b_norm(self) -> float:
        """‖b‖."""
        return norm(self.frame.b[:, self.column])

    @cached_property
    def fit_distance(self) -> float:
        """‖A(x̂ − x★)‖."""
        return norm(self.frame.A @ self.error)

    @cached_property
    def residual(self) -> tuple[Doubles, Doubles]:
        """r̂ = b − Ax̂ exactly, as a rounded value and the rest."""
        return exact_residual(self.frame.A, self.frame.b[:, self.column], self.x)

    @cached_property
    def residual_norm(self) -> float:
        """‖r̂‖."""
        return norm(self.residual[0])

    @cached_property
    def gradient(self) -> Doubles:
        """Aᵀr̂, from the exact residual."""
        return exact_gradient(self.frame.A, *self.residual)


def relative_error(e: Evidence) -> float:
    """‖x̂ − x★‖/‖x★‖."""
    return ratio(norm(e.error), e.x_star_norm)


def forward_error(e: Evidence) -> float:
    """‖x̂ − x★‖ in Wedin bounds u·κ·(2‖x★‖ + (κ+1)‖r★‖/σ₁).

    The first-order effect of relative changes of size u in A and b: Wedin, BIT 13 (1973) 217; Higham,
    Accuracy and Stability of Numerical Algorithms, 2nd ed., Theorem 20.1, here in absolute form so that
    x★ = 0 needs no special case. For rank 0 only x̂ = 0 is right.
    """
    kappa, sigma = e.frame.kappa, e.frame.sigma_max
    if sigma == 0.0:
        return ratio(norm(e.error), 0.0)
    wedin = e.u * kappa * (2.0 * e.x_star_norm + (kappa + 1.0) * e.frame.residual_star[e.column] / sigma)
    return ratio(norm(e.error), wedin)


def backward_error(e: Evidence) -> float:
    """The size of the smallest change of A that makes x̂ a least-squares solution, in units of u‖A‖_F.

    The estimate of Karlson and Waldén (BIT 37 (1997) 862), ‖(‖x̂‖²AᵀA + ‖r̂‖²I)^(-1/2) Aᵀr̂‖, which is
    within a factor √2 of the optimum of Waldén, Karlson and Sun (Numer. Linear Algebra Appl. 2 (1995) 271);
    see also Gratton, Jiránek and Titley-Peloquin, SIAM J. Matrix Anal. Appl. 33 (2012) 822. Aᵀr̂ lies in the row space,
    so only the first `rank` singular vectors take part.
    """
    sigma, Vt = e.frame.svd
    along = Vt[: len(sigma)] @ e.gradient
    weight = np.hypot(e.x_norm * sigma, e.residual_norm)
    terms = along / np.where(weight == 0.0, 1.0, weight)  # a zero weight means x̂ = 0 and r̂ = 0, so Aᵀr̂ = 0 too
    return ratio(norm(terms), e.u * e.frame.frobenius_norm)


def residual_excess(e: Evidence) -> float:
    """‖A(x̂ − x★)‖/‖b‖: how far the fit is from the best fit, where ‖r̂‖² = ‖r★‖² + ‖A(x̂ − x★)‖²."""
    return ratio(e.fit_distance, e.b_norm)


def fit_error(e: Evidence) -> float:
    """‖A(x̂ − x★)‖/‖Ax★‖: the relative error of the fit itself."""
    return ratio(e.fit_distance, norm(e.frame.A @ e.frame.x_star[0, :, e.column]))


def residual_error(e: Evidence) -> float:
    """‖r̂‖ − ‖r★‖ in units of u(‖b‖ + σ₁‖x★‖): how much longer than the shortest residual rounding can make it.

    If x̂ solves a problem with A + E, ‖E‖ ≤ cuσ₁, then ‖r̂‖ ≤ ‖b − (A + E)x★‖ + ‖E‖‖x̂‖, so it exceeds ‖r★‖ by at
    most cuσ₁(‖x★‖ + ‖x̂‖): moderate unless x̂ is much longer than x★. No condition number enters, so this judges
    the fit where κ is beyond the precision. Computed without cancellation as ‖A(x̂ − x★)‖²/(‖r̂‖ + ‖r★‖).
    """
    growth = ratio(e.fit_distance**2, e.residual_norm + e.frame.residual_star[e.column])
    return ratio(growth, e.u * (e.b_norm + e.frame.sigma_max * e.x_star_norm))


def orthogonality(e: Evidence) -> float:
    """‖Aᵀr̂‖/(σ₁‖r̂‖) in units of u: the residual of a least-squares solution is orthogonal to range A."""
    return ratio(norm(e.gradient), e.u * e.frame.sigma_max * e.residual_norm)


def norm_excess(e: Evidence) -> float:
    """‖x̂‖/‖x★‖ − 1: positive for a solution that is longer than it need be."""
    return ratio(e.x_norm - e.x_star_norm, e.x_star_norm)


def null_component(e: Evidence) -> float:
    """‖(I − A⁺A)x̂‖ in units of uκ‖x̂‖: zero for a minimum-norm solution.

    x★ has no such component, so that of x̂ is that of x̂ − x★; projecting the small difference keeps the
    error of the computed null space, itself about uκ, at second order.
    """
    null_space = e.frame.svd[1][e.frame.truth.rank :]
    return ratio(norm(null_space @ e.error), e.u * e.frame.kappa * e.x_norm)


METRICS: tuple[Metric, ...] = (
    Metric("forward_error", "Wedin bounds", "distance to x★ over what rounding A and b explains", forward_error),
    Metric("relative_error", "relative", "distance to x★ over the size of x★", relative_error),
    Metric("backward_error", "u‖A‖_F", "smallest change of A that explains the answer", backward_error),
    Metric("residual_excess", "relative to b", "distance from the best fit", residual_excess),
    Metric("fit_error", "relative", "distance from the best fit over the size of that fit", fit_error),
    Metric(
        "residual_error", "u(‖b‖+σ₁‖x★‖)", "excess length of the residual over what rounding explains", residual_error
    ),
    Metric("orthogonality", "u", "how far the residual is from orthogonal to range A", orthogonality),
    Metric("norm_excess", "relative", "how much longer than x★ the answer is", norm_excess),
    Metric("null_component", "uκ", "part of the answer outside the row space", null_component),
)


def score(frame: Frame, x: Array) -> dict[str, float]:
    """Every metric of a finite answer x̂ (length n, or n×k): the worst over the right-hand sides."""
    with np.errstate(over="ignore"):  # an absurd x̂ may overflow here: it is infinitely wrong
        scaled = np.ldexp(x.astype(np.float64), frame.x_shift).reshape(frame.A.shape[1], frame.columns)
    if not np.all(np.abs(scaled) < LARGEST):
        return dict.fromkeys((metric.name for metric in METRICS), math.inf)
    evidence = [Evidence(frame, column, scaled[:, column]) for column in range(frame.columns)]
    return {metric.name: max((metric.compute(e) for e in evidence), key=abs) for metric in METRICS}
