"""Truncated truth: A_k⁺b, for A_k the nearest matrix of rank k, where the singular values leave a gap after σ_k.

That is what solvers with a tolerance compute where A has full rank, but not to the working precision. Let H be the
smaller of AᵀA and AAᵀ, an exact integer matrix, and V a basis of nearly the invariant subspace of its k leading
eigenvalues: first float64 singular vectors, then sweeps V ← HV(VᵀHV)⁻¹ in Arb, each of which shrinks what is outside
that subspace by (σ_{k+1}/σ_k)². With the orthogonal projector P on range(V), Q = I − P, ρ = ‖QHV‖ and orthonormal V:

* by Courant–Fischer, λ_{k+1}(H) ≤ η, the largest eigenvalue of QHQ, and λ_k(H) ≥ β, the smallest of VᵀHV; by Weyl's
  theorem, both are attained up to ρ, which is how far H is from being block diagonal;
* by the sin Θ theorem (Davis and Kahan, SIAM J. Numer. Anal. 7 (1970) 1), range(V) is within s = ρ/(β − η) of the true
  subspace: that is the norm of the difference of the projectors;
* by Wedin's theorem for pseudo-inverses of equal rank (BIT 13 (1973) 217, Theorem 4.1; μ = (1 + √5)/2), with AP for
  A_k, ‖(AP)⁺b − A_k⁺b‖ ≤ μ · σ₁s/(σ_k √β) · ‖b‖.

Everything but the first V is in balls or exact, so a bad V widens the bounds but cannot make them wrong.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isqrt

import numpy as np
from flint import arb, arb_mat, ctx, fmpz_mat

from lamm_robust.oracles.certificate import RADIUS, Spectrum, seal
from lamm_robust.oracles.enclosures import root_between, scale_ball, square_root, upper_end
from lamm_robust.oracles.integers import integer_matrix
from lamm_robust.oracles.rational import exact_rank
from lamm_robust.oracles.singular_values import attempt, enclose, fraction, infinity_norm, rational_ball
from lamm_robust.oracles.validation import check_problem
from lamm_robust.values import Array, Ball, NotCertifiedError, Truncation

FIRST_BITS, LAST_BITS = 256, 4096
"""Working precisions in bits. The first is over twice the 2·53 bits that squaring κ = 1/u costs; the last is for
entries of very different size."""

GAP = Fraction(1, 4)
"""η ≤ GAP · β, so σ_{k+1} ≤ σ_k/2: with less of a gap, rounding alone decides what is truncated."""

NEARLY = arb(2) ** -40
"""The largest ‖VᵀV − I‖ of a V that counts as orthonormal: it widens the bounds of σ_k, and float64 does better."""

FAR = arb("0.5")
"""Up to this ‖VᵀV − I‖ Newton's iteration converges fast; beyond it, an inverse root in float64 comes first."""

NEWTON_STEPS = 20
"""The most steps towards an orthonormal V: seven reach LAST_BITS from float64, and a few may come before."""

HOPELESS, NOISE = 0.75, 2.0**-40
"""There is no gap if float64 finds σ_{k+1} > HOPELESS · σ_k, unless σ_{k+1} ≤ NOISE · σ₁, where it may be wrong."""

SWEEPS = 60
"""The most sweeps. With a gap each gains a factor of 4 at least: 36 digits, beside the 1 to 16 of the first V."""

NO_GAP = "truncated: no gap is proved between the singular values {0} and {1}: needed is σ_{1} ≤ σ_{0}/2"

WEDIN = Fraction(1_618_034, 1_000_000)
"""μ = (1 + √5)/2, rounded up."""


def truncate(A: Array, b: Array, rank: int) -> Truncation:
    """Prove A_r⁺b for r = rank < min(m, n); A is m×n, b has length m or is m×k.

    Raises ValueError for what `check_problem` refuses and for a rank that is not from 1 to min(m, n) − 1, and
    NotCertifiedError where there is no gap after σ_r, or the largest precision is too low to prove it.
    """
    started = time.perf_counter()
    check_problem(A, b)
    if type(rank) is not int or not 0 < rank < min(A.shape):
        raise ValueError(
            f"rank is {rank!r}; accepted is 1 to {min(A.shape) - 1} for a {A.shape[0]}×{A.shape[1]} matrix"
        )
    integer_A, exponent_A = integer_matrix(A)
    integer_b, exponent_b = integer_matrix(b)
    wide = A.shape[0] < A.shape[1]
    H = integer_A * integer_A.transpose() if wide else integer_A.transpose() * integer_A
    if H.is_zero():
        raise NotCertifiedError("truncated: A is zero")
    sigma_max = square_root(enclose(lambda: arb_mat(H)))
    V = leading_vectors(A, rank)
    bits = FIRST_BITS
    while bits <= LAST_BITS:
        with ctx.workprec(bits):
            V = sweep(H, V)
            found = subspace(H, V)
            if found is not None and found.eta - found.rho > GAP * (found.beta + found.rho):
                break  # η and β are attained up to ρ: there is no gap
            if found is not None and found.eta <= GAP * found.beta:
                answer = solution(integer_A, integer_b, V, found, upper_end(sigma_max))
                if all(target.sharp for target in answer):
                    if found.sigma_next.radius >= found.sigma_next.mid and exact_rank(integer_A) == rank:
                        found = replace(found, sigma_next=Ball(Fraction(0)))
                    return seal_truncation((A, b), answer, found, sigma_max, (exponent_A, exponent_b), started)
        bits *= 2
    if (exact := exact_rank(integer_A)) < rank:
        raise NotCertifiedError(f"truncated: the exact rank is only {exact}")
    raise NotCertifiedError(NO_GAP.format(rank, rank + 1))


def seal_truncation(
    problem: tuple[Array, Array],
    answer: Sequence[Target],
    found: Subspace,
    sigma_max: Ball,
    exponents: tuple[int, int],
    started: float,
) -> Truncation:
    """Write the certificate of (A, b) from what is proved of the integers in A = N·2**exponents[0], and so in b."""
    (exponent_A, exponent_b), rows = exponents, range(len(answer[0].x))
    certificate = seal(
        "truncated",
        problem,
        Spectrum(found.rank, sigma_max, found.sigma_last).scale(exponent_A),
        [target.x[i].mid for i in rows for target in answer],
        [scale_ball(target.residual_norm, exponent_b) for target in answer],
        offset=exponent_b - exponent_A,
        x_errors=[target.x[i].radius for i in rows for target in answer],
        started=started,
    )
    return Truncation(certificate, scale_ball(found.sigma_next, exponent_A))


def leading_vectors(A: Array, rank: int) -> arb_mat:
    """Guess a basis: the leading right singular vectors of A (m×n) in float64, or the left ones if A is wide.

    Raises NotCertifiedError where float64 shows that there is no gap.
    """
    scale = np.frexp(np.abs(A).max())[1]
    U, sigma, Vt = np.linalg.svd(np.ldexp(A.astype(np.float64), -scale), full_matrices=False)
    if sigma[rank] > max(HOPELESS * sigma[rank - 1], NOISE * sigma[0]):
        raise NotCertifiedError(NO_GAP.format(rank, rank + 1))
    return arb_mat((U[:, :rank] if A.shape[0] < A.shape[1] else Vt[:rank].T).tolist())


def sweep(H: fmpz_mat, V: arb_mat) -> arb_mat:
    """Return V after subspace iteration, until rounding at the working precision is all that moves it."""
    change = arb("inf")
    for _ in range(SWEEPS):
        W = arb_mat(H) * V
        try:
            new = (W * (V.transpose() * W).inv()).mid()
        except ZeroDivisionError:  # VᵀHV is singular at this precision: V has lost a direction
            return V
        before, change = change, infinity_norm((new - V).transpose())
        V = orthonormal(new)
        if not change < before / 2:
            break
    return V


def orthonormal(V: arb_mat) -> arb_mat:
    """Return columns with the range of V that are orthonormal to nearly the working precision, or V if that fails.

    Each step of Newton's iteration V ← V(3I − VᵀV)/2 squares ‖VᵀV − I‖ (Higham, Functions of Matrices, eq. 8.20).
    """
    unit, before = identity(V.ncols()), arb("inf")
    for _ in range(NEWTON_STEPS):
        N = V.transpose() * V
        off = infinity_norm(N - unit)
        if not off < FAR:
            V = roughly_orthonormal(V, N)
        elif not off < before / 2:
            break
        else:
            before, V = off, (V * (3 * unit - N) / 2).mid()
    return V


def roughly_orthonormal(V: arb_mat, N: arb_mat) -> arb_mat:
    """Return V·N^(−1/2) for N = VᵀV, with the root in float64; V itself where float64 cannot hold it."""
    table = np.array([float(entry.mid()) for entry in N.entries()]).reshape(N.nrows(), -1)
    if not np.isfinite(table).all():
        return V
    values, vectors = np.linalg.eigh(table)
    root = (vectors / np.sqrt(np.maximum(values, np.finfo(np.float64).tiny))) @ vectors.T
    return (V * arb_mat(root.tolist())).mid() if np.isfinite(root).all() else V


@dataclass(frozen=True)
class Subspace:
    """What is proved of range(V), with the letters of the module's text."""

    rank: int
    """The number k of columns of V."""
    beta: Fraction
    """The bound β > 0 of λ_k from below."""
    eta: Fraction
    """The bound η of λ_{k+1} from above."""
    rho: Fraction
    """The bound ρ of ‖QHV‖ from above."""
    sigma_last: Ball
    """The last singular value that is kept, σ_k."""
    sigma_next: Ball
    """The first singular value that is left out, σ_{k+1}."""
    B: arb_mat
    """The k×k matrix VᵀHV."""


def subspace(H: fmpz_mat, V: arb_mat) -> Subspace | None:
    """Prove the bounds of range(V), or return None where the working precision is too low."""
    k, n = V.ncols(), V.nrows()
    Vt, W = V.transpose(), arb_mat(H) * V
    N, B = Vt * V, Vt * W
    nu = infinity_norm(N - identity(k))
    inverse = attempt(lambda: B.inv()) if nu < NEARLY else None
    if inverse is None:
        return None
    off = Fraction(1) - fraction(nu.upper())  # ‖V(VᵀV)^(−1/2)‖ and so on are within 1 ± ν
    Q = identity(n) - V * N.solve(Vt)
    rho = frobenius(W - V * N.solve(B)) / off
    rest = Q * arb_mat(H) * Q
    top = attempt(lambda: rest)
    eta = fraction(infinity_norm(rest)) if top is None else top.mid + top.radius
    beta = 1 / (inverse.mid + inverse.radius) / (2 - off)
    least = Fraction(0) if top is None else max(Fraction(0), top.mid - rho)
    return Subspace(k, beta, eta, rho, root_between(beta, 1 / inverse.mid / off + rho), root_between(least, eta), B)


@dataclass(frozen=True)
class Target:
    """The truncated answer to one right-hand side."""

    x: list[Ball]
    residual_norm: Ball
    sharp: bool
    """Whether x is known to RADIUS."""


def solution(A: fmpz_mat, b: fmpz_mat, V: arb_mat, found: Subspace, sigma_max: Fraction) -> list[Target]:
    """Enclose A_k⁺b for integer A and each column of b; every radius includes the error of the subspace."""
    wide, At, Vt = A.nrows() < A.ncols(), arb_mat(A.transpose()), V.transpose()
    X = V * found.B.solve(Vt * (arb_mat(b) if wide else At * arb_mat(b)))
    X = At * X if wide else X
    R = arb_mat(b) - arb_mat(A) * X.mid()
    share = WEDIN * sigma_max * found.rho / (found.beta - found.eta) / found.beta  # σ_k and √β are both at least √β
    targets = []
    for j in range(b.ncols()):
        lost = share * frobenius(column(arb_mat(b), j)) / isqrt(X.nrows())
        x = [Ball(x.mid, x.radius + lost) for x in (rational_ball(X[i, j]) for i in range(X.nrows()))]
        error = sum((entry.radius for entry in x), Fraction(0))  # more than the norm
        sharp = error <= RADIUS * max(abs(entry.mid) for entry in x)
        norm = rational_ball((column(R, j).transpose() * column(R, j))[0, 0])
        root = root_between(norm.mid - norm.radius, norm.mid + norm.radius)
        targets.append(Target(x, Ball(root.mid, root.radius + sigma_max * error), sharp))
    return targets


def column(M: arb_mat, j: int) -> arb_mat:
    """Return column j of M, as a matrix."""
    return arb_mat([[M[i, j]] for i in range(M.nrows())])


def identity(n: int) -> arb_mat:
    """Return the n×n identity."""
    return arb_mat(n, n, 1)


def frobenius(M: arb_mat) -> Fraction:
    """Return an upper bound of the Frobenius norm of M."""
    squares = sum((entry.abs_upper() ** 2 for entry in M.entries()), arb(0))
    return fraction(squares.upper().sqrt().upper())
