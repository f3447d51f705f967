"""How far derivatives are from the exact ones, in units of what rounding A, b and the directions explains.

The unit is derived like Wedin's bound for x, and contains it. A and B change by E and F, ‖E‖₂ ≤ uσ₁ and ‖F‖ ≤ u‖B‖,
without a change of rank, and dA, dB and C by u of their size. Of the derivative of A⁺ (Golub and Pereyra, SIAM J.
Numer. Anal. 10 (1973) 413, (4.12)) follows to first order, in Frobenius norms, with α = 1/σ_r,

    δ(A⁺S) ≤ uκ(1 + p)‖A⁺S‖ + uκα‖S − AA⁺S‖ + α‖δS‖,        p = 1 where the rank is below n, else 0,

since its three terms are −A⁺E(A⁺S), (AᵀA)⁺Eᵀ(I − AA⁺)S, and (I − A⁺A)EᵀA⁺ᵀ(A⁺S), which is 0 where p is. The same
holds for A⁺ᵀ, with q = 1 where the rank is below m, and the projections change by

    δ((I − AA⁺)B) ≤ q(uσ₁‖X‖ + uκ‖R‖ + ‖δB‖),        δ((I − A⁺A)C) ≤ p(uσ₁‖A⁺ᵀC‖ + uκ‖(I − A⁺A)C‖ + ‖δC‖).

With these, the product rule bounds the gradients in `oracles.derivatives`, whose letters are used here. With S = dA X,
D = dAᵀR, H = dAᵀY, U = A⁺ᵀD, and ⊥ for what is left of S and dB outside the range of A, of D and H outside its row
space, it bounds −A⁺S + A⁺U + (I − A⁺A)H, too. There δX and δR are no arbitrary changes, but

    δX = A⁺(F − EX) + (AᵀA)⁺EᵀR + (I − A⁺A)EᵀY,        δR = (I − AA⁺)(F − EX) − A⁺ᵀEᵀR,

so that A⁺dA δX and what is like it are bounded by norms of products with dA, such as ‖A⁺dA A⁺‖: α‖dA‖‖δX‖ is a
thousand times as large where A is ill-conditioned, since dA is EA + AF, and A makes the largest part of δX small.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lamm_robust.error_free import Doubles
from lamm_robust.scoring.frame import LARGEST, norm
from lamm_robust.values import DERIVATIVES, UNIT_ROUNDOFF, Array, Certificate, Derivatives, Problem

WAYS = {
    "jvp_error": ("jvp_A", "jvp_b"),
    "vjp_error": ("vjp_A", "vjp_b"),
    "vmapped_vjp_error": ("vmapped_vjp_A", "vmapped_vjp_b"),
}
"""Score → the two derivatives of which it is the larger error: forward, in reverse, and in reverse in a batch."""

MEANINGS = {
    "jvp_error": "error of the derivatives of x along dA and db, the larger of the two (profile derivatives)",
    "vjp_error": "error of the derivatives of cᵀx by A and b, the larger of the two (profile derivatives)",
    "vmapped_vjp_error": "the same under jax.vmap, beside other matrices (profile derivatives)",
}
"""Score → what it says."""

UNIT = "what rounding A, b and directions explains"


@dataclass(frozen=True)
class Sizes:
    """What the bounds need of a problem: see the top of this file for α, p and q."""

    u: float
    kappa: float
    sigma_max: float
    alpha: float
    p: bool
    q: bool
    norms: Mapping[str, float]

    def __getitem__(self, name: str) -> float:
        """The Frobenius norm of a vector or matrix by its letters; see `oracles.derivatives`."""
        return self.norms[name]

    def of_plus(self, found: float, beyond: float, moved: float) -> float:
        """The bound of δ(A⁺S) from ‖A⁺S‖, ‖S − AA⁺S‖ and ‖δS‖."""
        return self.u * self.kappa * ((1 + self.p) * found + self.alpha * beyond) + self.alpha * moved

    def of_plus_transposed(self, found: float, beyond: float, moved: float) -> float:
        """The bound of δ(A⁺ᵀS) from ‖A⁺ᵀS‖, ‖S − A⁺AS‖ and ‖δS‖."""
        return self.u * self.kappa * ((1 + self.q) * found + self.alpha * beyond) + self.alpha * moved

    def of_rest(self, image: float, rest: float, moved: float) -> float:
        """The bound of δ(PS) for a projection P beside a range, from ‖ZS‖, ‖PS‖ and ‖δS‖.

        Z is A⁺ for P = I − AA⁺, and A⁺ᵀ for P = I − A⁺A. It is for projections that are not 0.
        """
        return self.u * (self.sigma_max * image + self.kappa * rest) + moved


def bounds(truth: Certificate, problem: Problem, exact: Derivatives) -> Mapping[str, float]:
    """Derivative → the most that rounding A, b and the directions moves it, to first order; all 0 for rank 0."""
    if not truth.rank or truth.kappa is None or problem.directions is None:
        return dict.fromkeys(DERIVATIVES, 0.0)
    u = UNIT_ROUNDOFF[problem.key.dtype]
    s = Sizes(
        u=u,
        kappa=float(truth.kappa),
        sigma_max=float(truth.sigma_max),
        alpha=1 / float(truth.sigma_min),
        p=truth.rank < truth.n,
        q=truth.rank < truth.m,
        norms=exact.norms,
    )
    X = s.of_plus(s["X"], s["R"], u * s["B"])
    R = s.q * s.of_rest(s["X"], s["R"], u * s["B"])
    Y = s.of_plus_transposed(s["Y"], 0.0, X)
    V = s.of_plus_transposed(s["V"], s["N"], u * s["C"])
    W = s.of_plus(s["W"], 0.0, V)
    N = s.p * s.of_rest(s["V"], s["N"], u * s["C"])
    return {
        "jvp_A": _along(s, float(np.linalg.norm(problem.directions.dA.astype(np.float64), 2))),
        "jvp_b": s.of_plus(s["A⁺dB"], s["dB⊥"], u * s["dB"]),
        "vjp_A": V * s["X"] + s["V"] * X + R * s["W"] + s["R"] * W + Y * s["N"] + s["Y"] * N,
        "vjp_b": V,
    }


def _along(s: Sizes, length: float) -> float:
    """The bound of the derivative along dA, whose ‖dA‖₂ is `length`: its three terms, as at the top of this file."""
    eta, fit = s.u * s.sigma_max, s.u * (s["B"] + s.sigma_max * s["X"])
    straight = s.of_plus(s["A⁺S"], s["S⊥"], s.u * length * s["X"])
    straight += s["A⁺dAA⁺"] * fit + s["A⁺dAA⁺A⁺ᵀ"] * eta * s["R"] + s.p * s["A⁺dA⊥"] * eta * s["Y"]
    U = s.u * s.kappa * (s["U"] + s.alpha * s["D⊥"]) + s.alpha * s.u * length * s["R"]
    bent = s.of_plus(s["A⁺U"], 0.0, U) + s["⊥dAA⁺A⁺ᵀ"] * fit + s["A⁺dAA⁺A⁺ᵀ"] * eta * s["R"]
    across = s.of_rest(s["A⁺ᵀH"], s["H⊥"], s.u * length * s["Y"]) + s.q * s["⊥dA⊥"] * eta * s["A⁺Y"]
    across += s["A⁺dA⊥"] * (eta * s["Y"] + s.alpha * fit + s.alpha**2 * eta * s["R"])
    return straight + s.q * bent + s.p * across


def derivative_scores(
    truth: Certificate, problem: Problem, exact: Derivatives, found: Mapping[str, Array]
) -> dict[str, float]:
    """Score → the error in units of the bounds, for each way in which both derivatives were found.

    An error that is not finite is ∞, and so is one other than 0 where the bound is 0. Of the derivative by A only the
    part along matrices of the rank of A is measured: along others there is none.
    """
    units = bounds(truth, problem, exact)
    scores = {}
    for score, pair in WAYS.items():
        if all(name in found for name in pair):
            errors = [_error(truth, problem, exact, name.removeprefix("vmapped_"), found[name]) for name in pair]
            limits = [units[name.removeprefix("vmapped_")] for name in pair]
            scores[score] = max(map(_ratio, errors, limits))
    return scores


def _ratio(error: float, unit: float) -> float:
    """The quotient, where 0/0 is 0 and what is not a number is ∞."""
    if error == 0.0:
        return 0.0
    quotient = error / unit if unit else math.inf
    return math.inf if math.isnan(quotient) else quotient


def _error(truth: Certificate, problem: Problem, exact: Derivatives, name: str, found: Array) -> float:
    """‖found − exact‖_F; NaN where an entry is not finite or beyond what can be squared."""
    values = found.astype(np.float64)
    if not (np.abs(values) < LARGEST).all():
        return math.nan
    leading, rest = exact.values[name]
    error: Doubles = (values - leading) - rest
    if name == "vjp_A" and truth.rank < min(truth.m, truth.n):
        error = _tangent(truth, problem, error)
    return float(norm(error.ravel()))


def _tangent(truth: Certificate, problem: Problem, G: Doubles) -> Doubles:
    """G − (I − AA⁺)G(I − A⁺A), the part of G along matrices of the rank of A; by an SVD in float64.

    The only matrix of rank 0 is 0, so that there is no such part.
    """
    if not truth.rank:
        return np.zeros_like(G)
    U, _, Vt = np.linalg.svd(problem.A.astype(np.float64))
    left, right = U[:, truth.rank :], Vt[truth.rank :]
    part: Doubles = G - left @ (left.T @ G @ right.T) @ right
    return part
