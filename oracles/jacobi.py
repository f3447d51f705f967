"""Every non-zero singular value of A, enclosed, whatever their spread and however many agree.

σ² are the eigenvalues of H = AᵀA (or AAᵀ, if that is smaller), an exact integer matrix of known rank r. By Jacobi
rotations in multiple precision, V nearly diagonalises H. V is only a guess; with B = VᵀHV formed in balls, columns in
the order of falling diagonals, B₁₁ its leading r×r block and d its diagonal:

* by Ostrowski's theorem (Horn and Johnson, Matrix Analysis, 4.5.9), with ν = ‖VᵀV − I‖ < 1, λᵢ(B) is λᵢ(H) up to a
  factor between 1 − ν and 1 + ν;
* B has rank r, too, so its Schur complement vanishes: B = [I; Z] B₁₁ [I, Zᵀ] with Z = B₂₁B₁₁⁻¹, and the non-zero
  λᵢ(B) are λᵢ(B₁₁) up to a factor between 1 and 1 + ‖Z‖²;
* with E = diag(d)^(−½) B₁₁ diag(d)^(−½) − I and η = ‖E‖ < 1, again by Ostrowski, λᵢ(B₁₁) is the i-th of the sorted d
  up to a factor between 1 − η and 1 + η.

All three factors are relative, so the smallest singular value is enclosed as sharply as the largest.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat, ctx, fmpz_mat

from lamm_robust.oracles.enclosures import root_between, scale_ball
from lamm_robust.oracles.integers import integer_matrix
from lamm_robust.oracles.rational import exact_rank
from lamm_robust.oracles.singular_values import FIRST_BITS, LAST_BITS, eigenvectors, fraction, infinity_norm
from lamm_robust.oracles.truncated import frobenius, identity, orthonormal
from lamm_robust.oracles.validation import check_problem
from lamm_robust.oracles.weighted import scale_rows, whole_numbers
from lamm_robust.values import Array, Ball, NotCertifiedError

SHARP = Fraction(1, 10**20)
"""The relative radius to reach: more digits than float64 has, so that its singular values can be judged."""

NEARLY = arb(2) ** -80
"""Entries B_ij ≤ NEARLY·√(B_ii·B_jj) need no rotation: 1e-24, for rows of up to a thousand such entries."""

SWEEPS = 40
"""The most sweeps over all pairs. Six to ten are usual, and the last three square the error (Demmel and Veselić, SIAM
J. Matrix Anal. Appl. 13 (1992) 1204)."""

Rows = list[list[arb]]


def all_singular_values(A: Array, weights: Sequence[Fraction] = ()) -> list[Ball]:
    """Enclose the non-zero singular values of A (m×n), the largest first; of √w·A with weights w ≥ 0 of the rows.

    Raises ValueError for what `check_problem` refuses in A, and NotCertifiedError if the largest precision proves too
    little.
    """
    check_problem(A, np.zeros(A.shape[:1], A.dtype))
    if not A.size:
        return []
    N, exponent = integer_matrix(A)
    unit, H = Fraction(1), N.transpose() * N if N.nrows() >= N.ncols() else N * N.transpose()
    if weights:
        unit, whole = whole_numbers(weights)
        N = scale_rows([min(w, 1) for w in whole], N)
        H = scale_rows(whole, N).transpose() * N
    squares = eigenvalues(H, exact_rank(N))
    return [scale_ball(root_between(unit * lower, unit * upper), exponent) for lower, upper in squares]


def eigenvalues(H: fmpz_mat, rank: int) -> list[tuple[Fraction, Fraction]]:
    """Return lower and upper bounds of the non-zero eigenvalues of a semidefinite H of this rank, the largest first."""
    bits = FIRST_BITS
    guess = eigenvectors(arb_mat(H))
    V = identity(H.nrows()) if guess is None else arb_mat(guess.tolist())
    while rank and bits <= LAST_BITS:
        with ctx.workprec(bits):
            V = rotate(H, orthonormal(V))
            found = bounds(H, V, rank)
        if found and all(upper - lower <= SHARP * lower for lower, upper in found):
            return found
        bits *= 2
    if rank:
        raise NotCertifiedError(f"the singular values have no enclosure to {float(SHARP)} at {LAST_BITS} bits")
    return []


def rotate(H: fmpz_mat, V: arb_mat) -> arb_mat:
    """Return V after Jacobi rotations that nearly diagonalise VᵀHV, its columns in the order of falling diagonals."""
    B = (V.transpose() * arb_mat(H) * V).mid().tolist()
    n, W = len(B), V.transpose().mid().tolist()
    floor = max(B[i][i] for i in range(n)) * arb(2) ** -(ctx.prec * 3 // 4)  # what is below is rounding error
    for _ in range(SWEEPS):
        if not sum(_rotate_pair(B, W, i, j, floor.mid()) for i in range(n) for j in range(i)):
            break
    order = sorted(range(n), key=lambda i: B[i][i], reverse=True)
    return arb_mat([W[i] for i in order]).transpose()


def _rotate_pair(B: Rows, W: Rows, i: int, j: int, floor: arb) -> bool:
    """Make B_ij zero by a rotation of rows and columns i and j of B, and of rows of W; False if it is zero already."""
    a, b, c = B[i][i], B[j][j], B[i][j]
    if c * c <= NEARLY * NEARLY * a.max(floor) * b.max(floor):
        return False
    theta = ((b - a) / (2 * c)).mid()
    t = (1 / (abs(theta) + (1 + theta * theta).sqrt())).mid()
    t = -t if theta < 0 else t
    cosine = (1 / (1 + t * t).sqrt()).mid()
    sine = (t * cosine).mid()
    for M in (B, W):
        M[i], M[j] = _turned(M[i], M[j], cosine, sine)
    for row in B:
        row[i], row[j] = (cosine * row[i] - sine * row[j]).mid(), (sine * row[i] + cosine * row[j]).mid()
    B[i][j] = B[j][i] = arb(0)
    return True


def _turned(u: list[arb], v: list[arb], cosine: arb, sine: arb) -> tuple[list[arb], list[arb]]:
    pairs = list(zip(u, v, strict=True))
    return [(cosine * p - sine * q).mid() for p, q in pairs], [(sine * p + cosine * q).mid() for p, q in pairs]


def bounds(H: fmpz_mat, V: arb_mat, rank: int) -> list[tuple[Fraction, Fraction]] | None:
    """Prove bounds of the non-zero eigenvalues by the module's text, or return None where the precision is too low."""
    Vt = V.transpose()
    B, n = (Vt * arb_mat(H) * V).tolist(), V.ncols()
    nu = infinity_norm(Vt * V - identity(n))
    leading = [row[:rank] for row in B[:rank]]
    try:
        Z = arb_mat(leading).solve(arb_mat([row[rank:] for row in B[:rank]])) if rank < n else arb_mat(rank, 1)
    except ZeroDivisionError:
        return None
    zeta = frobenius(Z)
    d = [leading[i][i].mid() for i in range(rank)]
    if not all(entry > 0 for entry in d):
        return None
    roots = [entry.sqrt() for entry in d]
    scaled = [[v / (p * q) for v, q in zip(row, roots, strict=True)] for row, p in zip(leading, roots, strict=True)]
    eta = infinity_norm(arb_mat(scaled) - identity(rank))
    if not (nu < 1 and eta < 1):
        return None
    loose, off = fraction(nu.upper()), fraction(eta.upper())
    sizes = sorted((fraction(entry) for entry in d), reverse=True)
    return [(s * (1 - off) / (1 + loose), s * (1 + off) * (1 + zeta**2) / (1 - loose)) for s in sizes]
