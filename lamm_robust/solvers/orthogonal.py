"""Solvers by orthogonal factorisation: QR with and without pivoting, LQ, TSQR in blocks of rows, and CholeskyQR."""

from __future__ import annotations

import numpy as np

from lamm_robust.solvers.arrays import Ranked, Unranked, adjoint, eps_of, squares
from lamm_robust.values import Array


def gels(A: Array, b: Array) -> Unranked:
    """LAPACK xGELS, which assumes full rank: QR if A is tall, LQ and the shortest solution if it is wide."""
    from scipy.linalg import LinAlgError, get_lapack_funcs

    m, n = A.shape
    right = np.zeros((max(m, n), *b.shape[1:]), dtype=A.dtype)  # room for x
    right[:m] = b
    _, x, info = get_lapack_funcs("gels", (A, b))(A, right)
    if info > 0:
        raise LinAlgError(f"the triangular factor has a zero at {info}")
    return x[:n], None


def pivoted_qr(A: Array, b: Array) -> Ranked:
    """QR with column pivoting (LAPACK xGEQP3): solve with the leading block of R, and set the rest of x to 0.

    The basic solution of Businger and Golub, Numer. Math. 7 (1965) 269, and Golub and Van Loan, Matrix Computations,
    4th ed., section 5.5. R counts as 0 from the first |R_kk| ≤ max(m, n)·eps·|R_11| on. This is no proof of rank: the
    diagonal of R can be far above the singular values (Kahan's matrix).
    """
    from scipy.linalg import solve_triangular

    Q, R, order, rank = _pivoted_factors(A)
    x = np.zeros((A.shape[1], *b.shape[1:]), dtype=A.dtype)
    x[order[:rank]] = solve_triangular(R[:rank, :rank], adjoint(Q[:, :rank]) @ b)
    return x, rank


def complete_orthogonal(A: Array, b: Array) -> Ranked:
    """Complete orthogonal factorisation: pivoted QR, and QR of the transposed leading rows of R (as LAPACK xGELSY).

    Returns the shortest solution. Golub and Van Loan, Matrix Computations, 4th ed., section 5.5; the rank rule is that
    of `pivoted_qr`.
    """
    from scipy.linalg import qr, solve_triangular

    Q, R, order, rank = _pivoted_factors(A)
    Z, T = qr(adjoint(R[:rank]), mode="economic")  # R = TᵀZᵀ in its leading rows, conjugate
    x = np.empty((A.shape[1], *b.shape[1:]), dtype=A.dtype)
    x[order] = Z @ solve_triangular(T.conj(), adjoint(Q[:, :rank]) @ b, trans="T")
    return x, rank


def _pivoted_factors(A: Array) -> tuple[Array, Array, Array, int]:
    from scipy.linalg import qr

    Q, R, order = qr(A, mode="economic", pivoting=True)
    diagonal = np.abs(R.diagonal())
    return Q, R, order, int((diagonal > max(A.shape) * eps_of(A) * diagonal[0]).sum())


TSQR_BLOCKS = 4
"""The most blocks of rows: enough for a tree of QRs to differ from one QR on problems of a few dozen rows."""


def tsqr(A: Array, b: Array) -> Unranked:
    """Tall-skinny QR: QR of each block of rows, then QR of the stacked triangles R.

    Demmel, Grigori, Hoemmen and Langou, SIAM J. Sci. Comput. 34 (2012) A206, with a tree of one level. Rows of zeros
    make the blocks equally long, which changes neither R nor x.
    """
    R, y = tsqr_reduce(A, b)
    return np.linalg.solve(R, y), None


def tsqr_reduce(A: Array, b: Array) -> tuple[Array, Array]:
    """R (n×n) and Qᵀb of A = QR, by TSQR."""
    m, n = A.shape
    blocks = max(1, min(TSQR_BLOCKS, m // n))
    rows = -(-m // blocks)
    below = ((0, blocks * rows - m), (0, 0))
    matrices = np.pad(A, below).reshape(blocks, rows, n)
    targets = np.pad(b.reshape(m, -1), below).reshape(blocks, rows, -1)
    Q, R = np.linalg.qr(matrices)
    y = (Q.conj().transpose(0, 2, 1) @ targets).reshape(blocks * R.shape[1], -1)
    Q, R = np.linalg.qr(R.reshape(-1, n))
    return R, (adjoint(Q) @ y).reshape(n, *b.shape[1:])


def cholesky_qr(A: Array, shift: float = 0.0) -> tuple[Array, Array]:
    """AᵀA + shift·I = RᵀR by Cholesky and Q = AR⁻¹; LinAlgError if AᵀA + shift·I is not positive definite."""
    from scipy.linalg import cholesky, solve_triangular

    gram = adjoint(A) @ A
    gram.flat[:: len(gram) + 1] += shift
    R = cholesky(gram)
    return solve_triangular(R, A.T, trans="T").T, R


def cholesky_qr2(A: Array, b: Array) -> Unranked:
    """CholeskyQR twice: Q is orthogonal to rounding while 8κ√(mn + n(n+1))√u ≤ 1; Cholesky fails for κ not far beyond.

    Yamamoto, Nakatsukasa, Yanagisawa and Fukaya, Roundoff error analysis of the CholeskyQR2 algorithm, Electron. Trans.
    Numer. Anal. 44 (2015) 306.
    """
    return _solve_qr(*cholesky_qr_twice(A), b)


def shifted_cholesky_qr3(A: Array, b: Array) -> Unranked:
    """CholeskyQR with a shift, then CholeskyQR2 of its Q: orthogonal for κ up to about 1/u.

    Fukaya, Kannan, Nakatsukasa, Yamamoto and Yanagisawa, Shifted Cholesky QR for computing the QR factorization of
    ill-conditioned matrices, SIAM J. Sci. Comput. 42 (2020) A477.
    """
    return _solve_qr(*cholesky_qr_thrice(A), b)


def shift_of(m: int, n: int, eps: float) -> float:
    """11(mn + n(n+1))u: the shift of `shifted_cholesky_qr3` over ‖A‖₂² (Fukaya et al.); callers take ‖A‖_F² for it."""
    return 11 * (m * n + n * (n + 1)) * eps / 2


def cholesky_qr_twice(A: Array) -> tuple[Array, Array]:
    """Q (m×n) and R (n×n) of CholeskyQR2."""
    Q, first = cholesky_qr(A)
    Q, second = cholesky_qr(Q)
    return Q, second @ first


def cholesky_qr_thrice(A: Array) -> tuple[Array, Array]:
    """Q (m×n) and R (n×n) of shifted CholeskyQR3."""
    m, n = A.shape
    Q, R = cholesky_qr(A, shift_of(m, n, eps_of(A)) * float(squares(A).sum()))
    Q, second = cholesky_qr_twice(Q)
    return Q, second @ R


def _solve_qr(Q: Array, R: Array, b: Array) -> Unranked:
    from scipy.linalg import solve_triangular

    return solve_triangular(R, adjoint(Q) @ b), None
