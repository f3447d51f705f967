"""Rounding errors of float64 arithmetic, bounded without trusting any algorithm.

All that is assumed is IEEE 754 arithmetic that rounds to nearest, and matrix products that are sums of products in some
order, fused or not: then every entry of a computed product AB with inner dimension n is within γ_n (|A||B|) of the
exact one, γ_n = nu/(1 − nu) (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §3.1 and eq. 3.13). What
factorisations and eigenvalue routines return is only ever a guess, of which products are formed that prove something.

Everything works on stacks: the last two axes are those of a matrix.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

U = 2.0**-53
"""Unit roundoff of float64."""

UP = 1 + 2.0**-20
"""The factor that rounds a bound up. Bounds are sums and products of at most 2³⁰ non-negative numbers, and rounding
makes them smaller by less than this."""

TINY = 2.0**-500
"""An upper bound of all that underflow can lose, which is added to every bound or to a part of it. Scaling, digits and
squares lose less than 2^-1000 each, and this is multiplied by no more than entries of S, below 2⁴⁰⁰."""

ROWS = 512
"""Rows of M in one block of MᵀM: the error bound γ grows with these and with the number of blocks, not with m."""

SHIFT = 2.0**-34
"""The share by which an approximate largest eigenvalue is raised before it is proved to be a bound: below a tenth of
the 1e-9 that a singular value may be uncertain, and far above the rounding errors of eigenvalue routines, so that the
proof succeeds."""

BLOCK = 64
"""The size up to which triangular matrices are inverted as if full: at n = 1024, smaller blocks save no time."""

TOGETHER = 256
"""Small matrices that are bounded together: what is computed of them stays in the cache, and takes no new memory."""

POWERS = 3
"""Number of steps of inverse iteration. Each shrinks the part that belongs to an eigenvalue further than SHIFT from the
largest, by the ratio of SHIFT to that distance: three are enough for an unlucky start vector."""

SQUARINGS = 8
"""Squarings of small matrices: enough unless the two largest eigenvalues are within a tenth of each other."""

UP_SHARP = 1 + 2.0**-46
"""The factor that rounds up where `UP` is too coarse: for the result of at most 16 operations."""

KRYLOV, KRYLOV_CHECK = 96, 8
"""The most steps of Lanczos' method, and how often it is asked whether that is enough: with more, factors of H cost no
more."""

NEAR = 2.0**-28
"""The residual, relative to the largest eigenvalue, of an eigenvector that counts as found: its square is far below
`SHIFT`."""


def gamma(n: int) -> float:
    """Return γ_n = nu/(1 − nu), rounded up."""
    return n * U / (1 - n * U) * UP


def norm(v: Doubles) -> Doubles:
    """Return upper bounds of the 2-norms of vectors, along the last axis."""
    bound: Doubles = np.sqrt(np.einsum("...i,...i", v, v)) * UP + TINY
    return bound


def frobenius(M: Doubles) -> Doubles:
    """Return upper bounds of the Frobenius norms of matrices."""
    return norm(M.reshape(*M.shape[:-2], -1))


def size_norm(M: Doubles) -> Doubles:
    """Return upper bounds of the 2-norms of |M|: ‖|M|‖² ≤ ‖M‖_∞ ‖M‖₁."""
    sizes = np.abs(M)
    bound: Doubles = np.sqrt(sizes.sum(axis=-1).max(axis=-1) * sizes.sum(axis=-2).max(axis=-1)) * UP + TINY
    return bound


def symmetric_norm(M: Doubles) -> Doubles:
    """Return upper bounds of the 2-norms of the symmetric parts of matrices."""
    if M.shape[-1] <= BLOCK:  # in a stack of small ones, sums of rows would take longer than what they prove
        return frobenius(M)
    part = (M + M.swapaxes(-1, -2)) / 2
    # the ∞-norm and the Frobenius norm are both above it
    bound: Doubles = np.minimum(np.abs(part).sum(axis=-1).max(axis=-1) * UP + TINY, frobenius(part))
    return bound


def gram(blocks: Iterable[Doubles]) -> tuple[Doubles, Doubles]:
    """Return MᵀM for M in blocks of rows, and a bound on the 2-norm of its error, γ‖M‖_F² for a sum of block sums."""
    total, squares, count, longest = np.zeros(()), np.zeros(()), 0, 0
    for block in blocks:
        total = total + block.swapaxes(-1, -2) @ block
        squares = squares + frobenius(block) ** 2
        count, longest = count + 1, max(longest, block.shape[-2])
    return (total + total.swapaxes(-1, -2)) / 2, gamma(longest + count + 1) * squares * UP


def rescaled(H: Doubles, exponents: Integers, rows: int) -> tuple[Doubles, Doubles]:
    """Return DHD for H from `gram` of M with so many rows, D = 2^exponents (stack × n), and a bound of its error.

    Powers of two are exact, so DHD is what `gram` makes of MD, and its error is at most γ‖MD‖_F²; the trace of DHD is
    ‖MD‖_F² but for a share γ.
    """
    found = np.ldexp(np.ldexp(H, exponents[:, np.newaxis, :]), exponents[:, :, np.newaxis])
    share = gamma(min(rows, ROWS) + len(row_blocks(rows)) + 1)
    return found, share * np.trace(found, axis1=-2, axis2=-1) * UP**2 + TINY


def row_blocks(m: int) -> list[slice]:
    """Return slices that cut m rows into blocks of ROWS."""
    return [slice(first, first + ROWS) for first in range(0, m, ROWS)]


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
    guess, v = power_pairs(H)
    there = (residual_norm(H, guess, v) <= SHIFT / 4 * guess) & (n <= BLOCK)
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
    n, p = V.shape
    HV, size_H, size_V, top = H @ V, float(frobenius(H)), float(frobenius(V)), float(theta.max())
    lost = gamma(n) * size_H * size_V * UP  # of HV
    e = float(frobenius(V.T @ V - np.eye(p))) + gamma(n) * size_V**2 * UP
    f = float(frobenius(V.T @ HV - np.diag(theta))) + size_V * (lost + gamma(n) * float(frobenius(HV))) * UP
    residual = float(frobenius(HV - V * theta)) + lost + 2 * U * size_V * top
    if not (e < 0.5 and theta.min() > 0 and f < float(norm(theta)) / UP**2):
        return None
    a, c = (top + f) / (1 - e) * UP_SHARP, residual / (1 - e) * UP
    inside = (float(norm(theta)) / UP**2 - TINY - f) / (1 + e) / UP
    d = max(size_H**2 * UP - inside**2 / UP, 0.0) ** 0.5 * UP
    if not d < a / 2**0.125:
        return None
    lower = (top - f) / (1 + e) / UP_SHARP - error
    upper = (a + c**2 / (a - d) * UP + error) * UP_SHARP
    if not upper - lower <= 2 * error + 2 * SHIFT * lower:
        return None
    return np.array([lower]), np.array([upper])


def leading_pairs(H: Doubles) -> tuple[Doubles, Doubles] | None:
    """Return approximate leading eigenvalues (p) and eigenvectors (n×p) of H, so many that the others are smaller.

    Lanczos' method, in which every new vector is made orthogonal to all before it, twice (Parlett, The Symmetric
    Eigenvalue Problem, §13). None if `KRYLOV` steps do not find enough, as in a flat spectrum.
    """
    basis, T = np.zeros((KRYLOV + 1, len(H))), np.zeros((KRYLOV, KRYLOV))
    start, square = start_vector(len(H)), float(np.einsum("ij,ij", H, H))
    basis[0] = start / np.sqrt(start @ start)
    for k in range(KRYLOV):
        known = basis[: k + 1]
        w = H @ known[-1]
        for _ in range(2):
            parts = known @ w
            w = w - parts @ known
            T[: k + 1, k] += parts
        left = float(np.sqrt(w @ w))
        if not 0 < left < np.inf:
            return None
        if k % KRYLOV_CHECK == KRYLOV_CHECK - 1:
            values, vectors = np.linalg.eigh(T[: k + 1, : k + 1], UPLO="U")
            near = left * np.abs(vectors[-1]) <= NEAR * values[-1]
            if near[-1] and square - np.square(values[near]).sum() <= values[-1] ** 2 / 2:
                return values[near], (vectors[:, near].T @ known).T
        basis[k + 1] = w / left
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


def upper_inverse(R: Doubles) -> Doubles:
    """Return the inverses of a stack of upper triangular matrices with non-zero diagonals, computed by halves."""
    n = R.shape[-1]
    if n <= BLOCK:
        return np.asarray(np.linalg.inv(R), dtype=np.float64)
    half, inverse = n // 2, np.zeros(R.shape)
    inverse[..., :half, :half] = upper_inverse(R[..., :half, :half])
    inverse[..., half:, half:] = upper_inverse(R[..., half:, half:])
    corner = inverse[..., :half, :half] @ R[..., :half, half:]
    inverse[..., :half, half:] = -corner @ inverse[..., half:, half:]
    return inverse


def cholesky(K: Doubles) -> tuple[Doubles, npt.NDArray[np.bool_]]:
    """Return the lower Cholesky factors of a stack, and a mask of where they exist; the others are identities."""
    try:
        return np.asarray(np.linalg.cholesky(K), dtype=np.float64), np.ones(len(K), dtype=np.bool_)
    except np.linalg.LinAlgError:
        if len(K) == 1:
            return np.eye(K.shape[-1], dtype=np.float64)[np.newaxis], np.zeros(1, dtype=np.bool_)
    found = [cholesky(matrix[np.newaxis]) for matrix in K]
    return np.concatenate([L for L, _ in found]), np.concatenate([there for _, there in found])
