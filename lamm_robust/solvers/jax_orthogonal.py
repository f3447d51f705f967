"""Solvers by orthogonal factorisation in JAX. Shapes are static there, so what a rank leaves out is masked."""

from __future__ import annotations

from typing import Any

from lamm_robust.solvers.arrays import Answer, adjoint, eps_of, squares
from lamm_robust.solvers.orthogonal import shift_of


def qr(A: Any, b: Any) -> Answer:
    """Householder QR and a triangular solve."""
    import jax.numpy as jnp

    return solve_qr(*jnp.linalg.qr(A), b)


def qr_or_lq(A: Any, b: Any) -> Answer:
    """QR if A is tall; if it is wide, the shortest solution by QR of Aᵀ, which is LQ of A."""
    import jax.numpy as jnp
    from jax.scipy.linalg import solve_triangular

    if A.shape[0] >= A.shape[1]:
        return qr(A, b)
    Q, R = jnp.linalg.qr(adjoint(A))
    return Q @ solve_triangular(R.conj(), b, trans="T"), None


def pivoted_qr(A: Any, b: Any) -> Answer:
    """`jax.scipy.linalg.qr(pivoting=True)` and a basic solution, with the rank rule of `orthogonal.pivoted_qr`.

    Rows and columns of R that count as zero are replaced by those of the unit matrix, and Qᵀb there by zeros.
    """
    import jax.numpy as jnp
    from jax.scipy.linalg import qr, solve_triangular

    Q, R, order = qr(A, mode="economic", pivoting=True)
    diagonal = jnp.abs(jnp.diagonal(R))
    rank = jnp.sum(diagonal > max(A.shape) * eps_of(A) * diagonal[0])
    count = min(A.shape)
    kept = jnp.arange(count) < rank
    R = jnp.where(kept[:, None] & kept, R[:, :count], jnp.eye(count, dtype=A.dtype))
    y = solve_triangular(R, jnp.where(kept, (adjoint(Q) @ b).T, 0).T)
    return jnp.zeros((A.shape[1], *b.shape[1:]), A.dtype).at[order[:count]].set(y), rank


def cholesky_qr(A: Any, shift: Any = 0) -> tuple[Any, Any]:
    """AᵀA + shift·I = RᵀR by Cholesky and Q = AR⁻¹; NaN if AᵀA + shift·I is not positive definite."""
    import jax.numpy as jnp
    from jax.scipy.linalg import solve_triangular

    R = jnp.linalg.cholesky(adjoint(A) @ A + shift * jnp.eye(A.shape[1], dtype=A.dtype)).T.conj()
    return solve_triangular(R, A.T, trans="T").T, R


def cholesky_qr2(A: Any, b: Any) -> Answer:
    """CholeskyQR twice: see `orthogonal.cholesky_qr2` (Yamamoto et al. 2015)."""
    return solve_qr(*_cholesky_qr_twice(A), b)


def shifted_cholesky_qr3(A: Any, b: Any) -> Answer:
    """CholeskyQR with a shift, then CholeskyQR2: see `orthogonal.shifted_cholesky_qr3` (Fukaya et al. 2020)."""
    import jax.numpy as jnp

    m, n = A.shape
    Q, R = cholesky_qr(A, shift_of(m, n, eps_of(A)) * jnp.sum(squares(A)))
    Q, second = _cholesky_qr_twice(Q)
    return solve_qr(Q, second @ R, b)


def _cholesky_qr_twice(A: Any) -> tuple[Any, Any]:
    Q, first = cholesky_qr(A)
    Q, second = cholesky_qr(Q)
    return Q, second @ first


def solve_qr(Q: Any, R: Any, b: Any) -> Answer:
    """The x with R x = Qᵀb."""
    from jax.scipy.linalg import solve_triangular

    return solve_triangular(R, adjoint(Q) @ b), None
