"""The largest eigenvalue of semidefinite matrices, between bounds that trust no eigenvalue routine.

Small matrices are compared with Cholesky factors of λI − H that are multiplied out again. Large ones are deflated: a
few approximate eigenvectors are split off, where the Frobenius norm of what remains is below the largest eigenvalue.
Everything works on stacks: the last two axes are those of a matrix.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lamm_robust.oracles.bounds import (
    BLOCK,
    TINY,
    UP,
    UP_SHARP,
    Doubles,
    U,
    cholesky,
    frobenius,
    gamma,
    norm,
    product_in_parts,
    upper_inverse,
)

SHIFT = 2.0**-34
"""The share by which an approximate largest eigenvalue is raised before it is proved to be a bound: below a tenth of
the 1e-9 that a singular value may be uncertain, and far above the rounding errors of eigenvalue routines, so that the
proof succeeds."""

TOGETHER = 256
"""Small matrices that are bounded together: what is computed of them stays in the cache, and takes no new memory."""

POWERS = 3
"""Number of steps of inverse iteration. Each shrinks the part that belongs to an eigenvalue further than SHIFT from the
largest, by the ratio of SHIFT to that distance: three are enough for an unlucky start vector."""

SQUARINGS = 8
"""Squarings of small matrices: enough unless the two largest eigenvalues are within a tenth of each other."""

KRYLOV, KRYLOV_SHARE = 96, 8
"""The most steps of Lanczos' method: so many, or n over the second number. With more, factors of H cost no more."""

KRYLOV_CHECK = 1.25
"""The growth of the number of steps after which it is asked again whether they are enough."""

SHARE = 2.0**-0.25
"""The share of the largest eigenvalue that `deflated_bounds` wants the others to be below, with some room."""

NEAR = 2.0**-22
"""The residual, relative to the largest eigenvalue, of an eigenvector that counts as found: two roundings of float32.
Its square is far below `SHIFT`."""


def largest_eigenvalue(H: Doubles, error: Doubles) -> tuple[Doubles, Doubles]:
    """Return lower and upper bounds of the largest eigenvalue of semidefinite matrices within `error` (2-norm) of H.

    Large matrices are deflated, which costs n², where the spectrum falls off; all others are factorised.
    """
    if H.shape[-1] <= BLOCK:
        parts = [slice(first, first + TOGETHER) for first in range(0, len(H), TOGETHER)]
        found = [factorised_bounds(H[part], error[part]) for part in parts]
        return np.concatenate([lower for lower, _ in found]), np.concatenate([upper for _, upper in found])
    found = [
        deflated_bounds(matrix, off) or factorised_bounds(matrix[np.newaxis], np.array([off]))
        for matrix, off in zip(H, error, strict=True)
    ]
    return np.concatenate([lower for lower, _ in found]), np.concatenate([upper for _, upper in found])


def factorised_bounds(H: Doubles, error: Doubles) -> tuple[Doubles, Doubles]:
    """Return the bounds of `largest_eigenvalue` by Cholesky factors.

    Above: K = λI − H is compared with LLᵀ for its computed Cholesky factor L; as LLᵀ is semidefinite, λ_max(H) is at
    most λ + ‖K − LLᵀ‖. Below: the Rayleigh quotient of a vector that K⁻¹ has pushed into the leading eigenspace. If the
    factorisation fails, the upper bound is ∞.
    """
    n = H.shape[-1]
    if n <= BLOCK:
        guess, v = power_pairs(H)
        there = residual_norm(H, guess, v) <= SHIFT / 4 * guess
    else:
        guess, v, there = np.zeros(len(H)), np.zeros((len(H), n)), np.zeros(len(H), dtype=np.bool_)
    if not there.all():
        guess[~there] = np.linalg.eigvalsh(H[~there])[..., -1]
    raised = guess * (1 + SHIFT)
    K = raised[..., np.newaxis, np.newaxis] * np.eye(n) - H
    L, definite = cholesky(K)
    if not there.all():
        v[~there] = leading_vectors(L[~there])
    square, image = np.einsum("...i,...i", v, v), np.einsum("...i,...i", v, (H @ v[..., np.newaxis])[..., 0])
    spread = frobenius(H) * gamma(2 * n + 4)  # of the quotient: |v|ᵀ|H||v| ≤ ‖H‖_F ‖v‖², and ‖v‖² itself
    lower = image / square - 2 * spread - error
    sizes = np.abs(L)
    rows = (sizes @ sizes.sum(axis=-2)[..., np.newaxis]).max(axis=(-2, -1))
    product = np.minimum(frobenius(L) ** 2, rows * UP)  # of |L||L|ᵀ: its trace, and its largest row sum
    defect = frobenius(K - L @ L.swapaxes(-1, -2)) + gamma(n + 2) * (product + 2 * np.abs(raised)) * UP
    upper = np.where(definite, raised + defect * UP + error * UP, np.inf)
    return lower, upper * (1 + 4 * U)


def power_pairs(H: Doubles) -> tuple[Doubles, Doubles]:
    """Return guesses of the largest eigenvalues of a stack and their eigenvectors (stack × n), of norm 1.

    2^SQUARINGS powers of H, by squaring: a product of small matrices costs a thirtieth of their eigenvalues.
    """
    P = H
    for i in range(SQUARINGS):
        if i % 2 == 0:  # a trace of 1 falls to n⁻³ at least in two squarings
            P = P / np.einsum("...ii", P)[..., np.newaxis, np.newaxis]
        P = P @ P
    v = (P @ (P @ start_vector(H.shape[-1])[:, np.newaxis]))[..., 0]
    v = v / np.sqrt(np.einsum("...i,...i", v, v))[..., np.newaxis]
    return np.einsum("...i,...i", v, (H @ v[..., np.newaxis])[..., 0]), v


def residual_norm(H: Doubles, values: Doubles, vectors: Doubles) -> Doubles:
    """Return ‖Hv − λv‖ for values λ (stack) and vectors v (stack × n)."""
    left = (H @ vectors[..., np.newaxis])[..., 0] - values[..., np.newaxis] * vectors
    found: Doubles = np.sqrt(np.einsum("...i,...i", left, left))
    return found


def deflated_bounds(H: Doubles, error: float) -> tuple[Doubles, Doubles] | None:
    """Return the bounds of `largest_eigenvalue` for one H (n×n) by approximate eigenvectors V (n×p); None if they fail.

    Let Q be an orthonormal basis of the range of V, H₁₁ = QᵀHQ, and H₁₂, H₂₂ the other blocks in a basis that begins
    with Q. Then λ_max(H) is at most that of [[a, c], [c, d]], which is at most a + c²/(a − d) if a > d, with

        a ≥ ‖H₁₁‖,    c ≥ ‖H₁₂‖,    d² = ‖H‖_F² − ‖H₁₁‖_F² ≥ ‖H₂₂‖²,

    and at least λ_max(H₁₁). With Θ diagonal, e ≥ ‖VᵀV − I‖ < 1 and f ≥ ‖VᵀHV − Θ‖_F, H₁₁ is VᵀHV up to factors in
    1 ± e (Ostrowski's theorem), and ‖H₁₂‖ ≤ ‖HV − VΘ‖/√(1 − e) (Parlett, The Symmetric Eigenvalue Problem, §11).
    """
    pairs = leading_pairs(H)
    if pairs is None:
        return None
    theta, V = pairs
    p = V.shape[1]
    HV, share = product_in_parts(H, V)
    size_H, size_V, top = float(frobenius(H)), float(frobenius(V)), float(theta.max())
    lost = share * size_H * size_V * UP  # of HV
    e = float(frobenius(product_in_parts(V.T, V)[0] - np.eye(p))) + share * size_V * size_V * UP
    inner, _ = product_in_parts(V.T, HV)
    f = float(frobenius(inner - np.diag(theta))) + size_V * (lost + share * float(frobenius(HV))) * UP
    residual = float(frobenius(HV - V * theta)) + lost + 2 * U * size_V * top
    if not (e < 0.5 and theta.min() > 0 and f < float(norm(theta)) / UP**2):
        return None
    a, c = (top + f) / (1 - e) * UP_SHARP, residual / (1 - e) * UP
    inside = (float(norm(theta)) / UP**2 - TINY - f) / (1 + e) / UP
    d = max(size_H * size_H * UP - inside * inside / UP, 0.0) ** 0.5 * UP
    if not d < a / 2**0.125:
        return None
    lower = (top - f) / (1 + e) / UP_SHARP - error
    upper = (a + c * c / (a - d) * UP + error) * UP_SHARP
    if not upper - lower <= 2 * error + 2 * SHIFT * lower:
        return None
    return np.array([lower]), np.array([upper])


def leading_pairs(H: Doubles, share: float = SHARE) -> tuple[Doubles, Doubles] | None:
    """Return approximate leading eigenvalues (p) and eigenvectors (n×p) of H, the largest last.

    They are so many that the root of the sum of squares of all other eigenvalues is below that share of the largest.
    Lanczos' method in float32, as reading H takes most of its time, then one step of subspace iteration in float64.
    None if not enough are found, as in a flat spectrum.
    """
    size = float(np.abs(np.diagonal(H)).max())
    if not 0 < size < np.inf:
        return None
    V = krylov_vectors((H / size).astype(np.float32), float(np.einsum("ij,ij", H, H)) / size / size, share)
    if V is None:
        return None
    V, _ = np.linalg.qr(H @ V)  # which leaves of the rounding errors of float32 what the smaller eigenvalues are
    try:
        values, vectors = np.linalg.eigh(V.T @ (H @ V))
    except np.linalg.LinAlgError:  # of what is not a number
        return None
    return values, V @ vectors


def krylov_vectors(H: npt.NDArray[np.float32], square: float, share: float) -> npt.NDArray[np.float32] | None:
    """Return approximate leading eigenvectors (n×p) of H, whose Frobenius norm has this square; None if too few.

    Lanczos' method, in which every new vector is made orthogonal to all before it, twice (Parlett, The Symmetric
    Eigenvalue Problem, §13).
    """
    steps = max(KRYLOV, len(H) // KRYLOV_SHARE)
    basis, T = np.zeros((steps + 1, len(H)), dtype=np.float32), np.zeros((steps, steps))
    start, check, top = start_vector(len(H)), 8.0, 0.0
    basis[0] = start / np.sqrt(start @ start)
    for k in range(steps):
        known = basis[: k + 1]
        w = H @ known[-1]
        for _ in range(2):
            parts = known @ w
            w = w - parts @ known
            T[: k + 1, k] += parts
        left = float(np.sqrt(w @ w))
        if not left < np.inf:
            return None
        top = max(top, float(T[k, k]))
        ended = left <= NEAR * top  # what is left is rounding errors
        if k >= check or k == steps - 1 or ended:
            check *= KRYLOV_CHECK
            values, vectors = np.linalg.eigh(T[: k + 1, : k + 1], UPLO="U")
            near = left * np.abs(vectors[-1]) <= NEAR * values[-1]
            if near[-1] and square - np.square(values[near]).sum() <= (share * values[-1]) ** 2:
                found: npt.NDArray[np.float32] = (vectors[:, near].astype(np.float32).T @ known).T
                return found
        if ended:
            return None
        basis[k + 1] = w / np.float32(left)
    return None


def start_vector(n: int) -> Doubles:
    """Return a fixed vector that is orthogonal to no eigenvector in practice."""
    return np.random.default_rng(1).standard_normal(n)


def leading_vectors(L: Doubles) -> Doubles:
    """Return vectors (stack × n) near the leading eigenspaces of (LLᵀ)⁻¹, scaled so that the largest entry is ±1."""
    inverse = upper_inverse(L.swapaxes(-1, -2))
    v: Doubles = np.tile(start_vector(L.shape[-1])[:, np.newaxis], (len(L), 1, 1))
    for _ in range(POWERS):
        v = inverse @ (inverse.swapaxes(-1, -2) @ v)
        v = v / np.abs(v).max(axis=-2, keepdims=True)
    vectors: Doubles = v[..., 0]
    return vectors
