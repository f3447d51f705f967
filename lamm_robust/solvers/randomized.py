"""Sketching: QR of a random mixture SA of the rows of A gives an R with which AR⁻¹ is well conditioned.

All three solvers use one sparse S with a fixed seed. They are made for m ≫ n; for small problems SA has more rows than
A, which makes them slow and does not change their stability. R is as ill-conditioned as A: where and how often R⁻¹ is
applied is what separates the solvers (Meier, Nakatsukasa, Townsend and Webb, SIAM J. Matrix Anal. Appl. 45 (2024) 905).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lamm_robust.solvers.arrays import Unranked, column_norms, columnwise, divide_rows, eps_of
from lamm_robust.solvers.iterative import tight_tolerances
from lamm_robust.values import Array

SEED = 0

DISTORTION = 1 / 3
"""η: S changes lengths in the range of A by at most this share, so that κ(AR⁻¹) ≤ (1 + η)/(1 − η) = 2.

A smaller one takes a longer sketch and fewer steps: Epperly, Meier and Nakatsukasa take d = 12n, η = 0.29 for large n.
"""

RISK = 28.0
"""t² for the rows of S: a Gaussian S distorts more than η with probability 2·exp(−t²/2) at most, two in a million."""

SIGNS = 8
"""The number of entries in each column of S that are not zero, as in the papers cited below."""


def sketch_rows(n: int) -> int:
    """d = (√n + √28)²/η², rounded up to a multiple of `SIGNS`: the number of rows of S.

    The singular values of a Gaussian d×n matrix lie in √d ± (√n + t) except with probability 2·exp(−t²/2): Davidson and
    Szarek, Local operator theory, random matrices and Banach spaces (2001), Theorem II.13. Sparse signs were observed
    to distort no more: Martinsson and Tropp, Acta Numerica 29 (2020) 403, section 9.2.
    """
    return SIGNS * math.ceil((math.sqrt(n) + math.sqrt(RISK)) ** 2 / DISTORTION**2 / SIGNS)


def embedding(m: int, n: int, dtype: Any) -> Any:
    """S, d×m in SciPy's sparse form: in each column one ±1/√8 at random in each of eight blocks of rows.

    Nelson and Nguyên, OSNAP, FOCS 2013, the block construction.
    """
    from scipy.sparse import csc_array

    generator, rows = np.random.default_rng(SEED), sketch_rows(n)
    block = rows // SIGNS
    places = generator.integers(0, block, (m, SIGNS), dtype=np.int32) + block * np.arange(SIGNS, dtype=np.int32)
    signs = (2 * generator.integers(0, 2, (m, SIGNS), dtype=np.int8) - 1) * dtype.type(1 / math.sqrt(SIGNS))
    return csc_array((signs.ravel(), places.ravel(), np.arange(m + 1, dtype=np.int32) * SIGNS), shape=(rows, m))


def most_steps(A: Array) -> int:
    """The number of steps that reduce an error from 1 to eps if each reduces it by the factor η."""
    return math.ceil(math.log(eps_of(A)) / math.log(DISTORTION))


def sketch_and_solve(A: Array, b: Array) -> tuple[Array, Array]:
    """R (n×n) of SA = QR, and the sketch-and-solve solution R⁻¹Qᵀ(Sb)."""
    from scipy.linalg import qr

    m, n = A.shape
    S = embedding(m, n, A.dtype)
    Q, R = qr(S @ A, mode="economic")
    return R, back_substitute(R, Q.T @ (S @ b))


def back_substitute(R: Array, y: Array, trans: str = "N") -> Array:
    """R⁻¹y, or R⁻ᵀy if trans is "T"; LinAlgError if R has a zero on its diagonal. Overflow makes it NaN."""
    from scipy.linalg import solve_triangular

    x: Array = solve_triangular(R, y, trans=trans, check_finite=False)
    return x


def sketch_and_precondition(A: Array, b: Array) -> Unranked:
    """LSQR on AR⁻¹ from zero, then x = R⁻¹y: Rokhlin and Tygert 2008; Blendenpik, with sparse signs for S.

    Avron, Maymounkov and Toledo, SIAM J. Sci. Comput. 32 (2010) 1217. LSQR ends where its estimate of the backward
    error is at eps.
    """
    from scipy.sparse.linalg import LinearOperator, lsqr

    R, _ = sketch_and_solve(A, b)

    def times(y: Any) -> Any:
        return A @ back_substitute(R, y)

    def transposed(r: Any) -> Any:
        return back_substitute(R, A.T @ r, "T")

    operator = LinearOperator(A.shape, matvec=times, rmatvec=transposed, dtype=A.dtype)
    y = columnwise(lambda vector: lsqr(operator, vector, iter_lim=most_steps(A), **tight_tolerances(A))[0], b)
    return back_substitute(R, y.astype(A.dtype)), None


def iterative_sketching(A: Array, b: Array) -> Unranked:
    """x ← x + δ·(RᵀR)⁻¹Aᵀ(b − Ax) + β·(x − x₋₁) from the sketch-and-solve solution.

    Epperly, Fast and forward stable randomized algorithms for linear least-squares problems, SIAM J. Matrix Anal. Appl.
    45 (2024) 1782, with the damping δ = (1 − η²)² and momentum β = η² that are optimal for the distortion η.
    """
    R, x = sketch_and_solve(A, b)
    before = x
    for _ in range(most_steps(A)):
        step = back_substitute(R, back_substitute(R, A.T @ (b - A @ x), "T"))
        x, before = x + DAMPING * step + MOMENTUM * (x - before), x
    return x, None


MOMENTUM = DISTORTION**2
DAMPING = (1 - MOMENTUM) ** 2


def fossils(A: Array, b: Array) -> Unranked:
    """Sketch-and-solve and two steps of refinement, each by Polyak's method on (AR⁻¹)ᵀ(AR⁻¹) y = R⁻ᵀAᵀr.

    Epperly, Meier and Nakatsukasa, Fast randomized least-squares solvers can be just as accurate and stable as
    classical direct solvers, arXiv:2406.03468 (2024): FOSSILS, with columns of unit length, R of a QR and a fixed
    number of inner steps. R⁻¹ is applied to a whole correction, once.
    """
    scale = column_norms(A)
    unit = A / scale
    R, x = sketch_and_solve(unit, b)
    for _ in range(2):
        c = back_substitute(R, unit.T @ (b - unit @ x), "T")
        y = before = c
        for _ in range(most_steps(A)):
            slope = c - back_substitute(R, unit.T @ (unit @ back_substitute(R, y)), "T")
            y, before = y + DAMPING * slope + MOMENTUM * (y - before), y
        x = x + back_substitute(R, y)
    return divide_rows(x, scale), None
