"""1/σ_r of a large matrix, enclosed by its own vectors where S is only roughly orthogonal in BᵀB.

A = B·2^c, column by column. With S from `inverse`, F = 2^(−c)·S and W = (BS)ᵀ(BS), of which only ‖W − I‖ ≤ α is known,

    1/σ_r² = max uᵀTu/uᵀWu,    T = FᵀF.

Let U (n×q) be approximate eigenvectors of the largest values Θ of the pencil (T, W) with UᵀWU = I, and H = WU, which
products without error give as accurately as doubles are. In the basis of U and of what is W-orthogonal to it, the
pencil is that of [[a, c], [c, d]] at most, so that (Parlett, The Symmetric Eigenvalue Problem, §10 and §11)

    1/σ_r² ≤ a + c²/(a − d),    a ≥ ‖UᵀTU‖,    c ≥ ‖TU − HΘ‖/√(1 − α),    d ≥ max {zᵀTz : Hᵀz = 0, ‖z‖ = 1}/(1 − α),

if a > d. As c is squared, vectors with five digits make ten digits of σ_r, whatever α is; but a gap must be left below
the values of U. Where it is not, nothing is said here.

For d, let V = [U, U₂] be as many vectors as `leading_pairs` finds, R = T − VΘVᵀ with ‖R‖_F ≤ r and ‖RV‖_F ≤ ρ,
‖VᵀV − I‖ ≤ e < 1/2, and ‖U − H‖ ≤ η. Then ‖Uᵀz‖ ≤ η; and from z = (z − VVᵀz) + VVᵀz

    zᵀTz ≤ θ₁η² + r + max(0, θ₂ − (1 − e)·r)·(1 + e) + 5ρ,

where θ₁ is the largest of Θ, and θ₂ the largest that belongs to U₂. r² = ‖T‖_F² − 2 Σ θᵢ‖Fvᵢ‖² + Σ θᵢθⱼ(vᵢᵀvⱼ)², and
‖T‖_F is ‖FFᵀ‖_F.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamm_robust.error_free import carry, digits, products, to_doubles, transposed_products
from lamm_robust.oracles.bounds import (
    TINY,
    UP,
    UP_SHARP,
    Doubles,
    U,
    frobenius,
    gamma,
    length_of_digits,
    product_in_parts,
    row_blocks,
)
from lamm_robust.oracles.guesses import Factor, Pencil, Vectors, correction, first_vectors

GRID = 2.0**-40
"""Vectors are multiples of this, so that products with them have few digits; they need five digits only."""

SHARP = 2.0**-30
"""The relative width of 1/σ_r² that is wanted, 9e-10: a quarter of that is the radius of σ_r."""

ROUNDS = 3
"""The most times that vectors are corrected with W from products without error."""

KEPT = 6
"""Digits kept of x and y, from the first that is not 0: over 90 bits, and so many more than doubles need."""


def largest_values(factor: Factor, pencils: Sequence[Pencil]) -> list[tuple[float, float]] | None:
    """Return lower and upper bounds of 1/σ_r² for each pencil; None if one of them is not sharp."""
    begun = [first_vectors(factor, pencil) for pencil in pencils]
    known = [vectors for vectors in begun if vectors is not None]
    if len(known) < len(pencils):
        return None
    bounds: dict[int, tuple[float, float]] = {}
    for _ in range(ROUNDS):
        left = [i for i in range(len(pencils)) if i not in bounds]
        guesses = [np.rint(known[i].V[:, : known[i].count] / GRID) * GRID for i in left]
        image = exact_products(factor, np.hstack(guesses))  # together, as B is read once for all
        if image is None:
            return None
        for i, U0, H in zip(left, guesses, np.split(image[0], ends(guesses), axis=1), strict=True):
            ritz = rotated(pencils[i], U0, H, image[1])
            if ritz is None:
                return None
            q = known[i].count
            known[i].theta[:q], known[i].V[:, :q], known[i].H = ritz.theta, ritz.U, ritz.H
            found = bounded(factor.alpha, pencils[i], ritz, known[i])
            if found and found[1] - found[0] <= SHARP * found[0]:
                bounds[i] = found
            else:
                known[i].V[:, :q] += correction(pencils[i], known[i])
        if len(bounds) == len(pencils):
            return [bounds[i] for i in range(len(pencils))]
    return None


def ends(blocks: Sequence[Doubles]) -> list[int]:
    """Return where blocks that stand side by side begin, but for the first."""
    return [int(end) for end in np.cumsum([block.shape[1] for block in blocks])[:-1]]


def multiplied(F: Doubles, V: Doubles) -> tuple[Doubles, Doubles, float, float]:
    """Return TV and FV for T = FᵀF, and bounds of the Frobenius norms of their errors."""
    FV, share = product_in_parts(F, V)
    TV, _ = product_in_parts(F.T, FV)
    size = float(frobenius(F))
    lost = share * size * float(frobenius(V)) * UP
    return TV, FV, size * (share * float(frobenius(FV)) + lost) * UP + TINY, lost + TINY


def exact_products(factor: Factor, V: Doubles) -> tuple[Doubles, float] | None:
    """Return WV, rounded, and a bound of the Frobenius norm of its error; None if something is too large for digits.

    V is n×q. x = SV·2^−e is a product without error, and y = Bx and SᵀBᵀy are such products, too; but of x and y only
    KEPT digits are used. What is left out is multiplied by (BS)ᵀB or (BS)ᵀ, and ‖BS‖ ≤ √(1 + α).
    """
    planes = factor.B_planes
    m, n = planes.shape[0], planes.shape[2]
    bits = length_of_digits(planes)
    scaled = factor.units[:, np.newaxis] * V
    exponent = int(np.frexp(np.abs(scaled).sum(axis=0).max())[1]) + 1
    x = carry(products(factor.S_planes, digits(np.ldexp(scaled, -exponent).T, bits)), bits)
    first = next((place for place, digit in enumerate(x) if digit.any()), 0)
    x, x_rest = x[: first + KEPT], squares(x[first + KEPT :])
    first = max((exponent - 4) // bits - 1, 0)  # y is about 2^−exponent times V
    y_rest, g = 0.0, np.zeros((planes.shape[1] + first + KEPT, *x.shape[1:]))
    for rows in row_blocks(m):
        y = carry(products(planes[rows], x), bits)
        y_rest += squares(y[first + KEPT :])
        ahead = 0 if y[:first].any() else first
        found = transposed_products(planes[rows], y[ahead : first + KEPT])
        g[ahead : ahead + len(found)] += found
        if not is_small(y[0]):
            return None
    g = carry(g, bits)
    h = to_doubles(carry(transposed_products(factor.S_planes, g), bits))
    if not (is_small(x[0]) and is_small(g[0])):
        return None
    H = np.ldexp(h.T * factor.units[:, np.newaxis], exponent)
    size_B = (m * n) ** 0.5 / 2  # entries of B are at most 1/2
    left_out = (1 + factor.alpha) ** 0.5 * 2.0**exponent * (size_B * x_rest**0.5 + y_rest**0.5) * UP + TINY
    return H, (float(frobenius(H)) * 4 * U + left_out) * UP


def squares(digits_left: Doubles) -> float:
    """Return a bound of ‖·‖_F² of the numbers that some last digits stand for; 0 if there are none."""
    return float(np.square(frobenius(to_doubles(digits_left)))) * UP if len(digits_left) else 0.0


def is_small(values: Doubles) -> bool:
    """Return whether all values are at most 1/2 in size, and not NaN."""
    return bool((np.abs(values) <= 0.5).all())


@dataclass(frozen=True, eq=False)
class Ritz:
    """Ritz pairs of the pencil: U (n×q), nearly W-orthonormal, H ≈ WU and TU, with bounds of their errors in ‖·‖_F."""

    theta: Doubles
    """The values, q; most often the largest is the first, but nothing depends on it."""
    U: Doubles
    H: Doubles
    TU: Doubles
    U_error: float
    H_error: float
    TU_error: float


def rotated(pencil: Pencil, V: Doubles, H: Doubles, H_error: float) -> Ritz | None:
    """Return Ritz pairs in the range of V (n×q), from H ≈ WV; None if V is nearly deficient.

    The exact U is VY, for a q×q matrix Y of doubles, so that WU is HY up to what is rounded or was wrong in H.
    """
    try:
        L, FV = np.linalg.inv(np.linalg.cholesky(V.T @ H)), pencil.F @ V
        theta, Q = np.linalg.eigh(L @ (FV.T @ FV) @ L.T)
    except np.linalg.LinAlgError:  # also of what is not a number
        return None
    Y = (L.T @ Q)[:, ::-1]
    size_Y, share = float(frobenius(Y)), gamma(len(Y))
    U_error = share * float(frobenius(V)) * size_Y * UP + TINY
    turned = V @ Y
    TU, _, TU_error, _ = multiplied(pencil.F, turned)
    return Ritz(
        theta[::-1],
        turned,
        H @ Y,
        TU,
        U_error,
        (share * float(frobenius(H)) + H_error) * size_Y * UP + TINY,
        TU_error + float(np.square(frobenius(pencil.F))) * U_error * UP,
    )


def bounded(alpha: float, pencil: Pencil, ritz: Ritz, vectors: Vectors) -> tuple[float, float] | None:
    """Return the bounds of 1/σ_r² from Ritz pairs, and the vectors that begin with them; None if there is no gap."""
    n, count = ritz.U.shape
    top, share = float(np.abs(ritz.theta).max()), gamma(n)  # in whatever order LAPACK gives them
    size_U, size_H, size_TU = (float(frobenius(M)) for M in (ritz.U, ritz.H, ritz.TU))
    # of UᵀWU − I and of UᵀTU − Θ
    g = float(frobenius(ritz.U.T @ ritz.H - np.eye(count))) + (share + U) * size_U * size_H * UP
    g += (ritz.U_error * size_H + (size_U + ritz.U_error) * ritz.H_error) * UP
    f = float(frobenius(ritz.U.T @ ritz.TU - np.diag(ritz.theta))) + (share + U) * size_U * size_TU * UP
    f += (ritz.U_error * size_TU + (size_U + ritz.U_error) * ritz.TU_error) * UP
    left = float(frobenius(ritz.TU - ritz.H * ritz.theta)) + ritz.TU_error + ritz.H_error * top
    left += 2 * U * (size_TU + size_H * top)
    d = rest_bound(pencil, ritz, vectors.V, vectors.theta) / (1 - alpha) * UP
    if not (g < 0.5 and f < top and d * (1 - g) < top):
        return None
    a = (top + f) / (1 - g) * UP_SHARP
    c = left / ((1 - alpha) * (1 - g)) ** 0.5 * UP
    return (float(ritz.theta.max()) - f) / (1 + g) / UP_SHARP, (a + c * c / (a - d) * UP) * UP_SHARP


def rest_bound(pencil: Pencil, ritz: Ritz, V: Doubles, theta: Doubles) -> float:
    """Return a bound of zᵀTz for z of norm 1 with (WU)ᵀz = 0, by the text of the module."""
    count, (n, p) = len(ritz.theta), V.shape
    TV, FV, TV_error, FV_error = multiplied(pencil.F, V)
    size_V, top = float(frobenius(V)), float(theta.max())
    products_V = V.T @ V
    e = float(frobenius(products_V - np.eye(p))) + (gamma(n) + U) * size_V * size_V * UP
    if not (e < 0.5 and theta.min() > 0):
        return np.inf
    norms = np.sqrt(np.einsum("ij,ij->j", FV, FV))
    inside = float(theta @ np.maximum(norms / UP - FV_error, 0) ** 2) / UP
    roots = np.sqrt(theta)
    both = float(frobenius(products_V * roots * roots[:, np.newaxis])) + (gamma(n) + 4 * U) * size_V * size_V * top * UP
    r = max(pencil.size * pencil.size * UP - 2 * inside + both * both * UP, 0.0) ** 0.5 * UP
    rho = float(frobenius(TV - V @ (theta[:, np.newaxis] * products_V))) + TV_error
    rho += (gamma(n + p) + 4 * U) * size_V * size_V * size_V * top * UP
    eta = float(frobenius(ritz.U - ritz.H)) + ritz.H_error
    above = max(0.0, float(theta[count:].max(initial=0.0)) - (1 - e) * r) * (1 + e)
    return float((top * eta * eta + r + above + 5 * rho) * UP)
