"""Solvers whose errors look alike at one problem, and have different causes: each is to be named by its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lamm_robust.values import Array

Function = Callable[[Array, Array], Array]


def right(A: Array, b: Array, rcond: float | None = None) -> Array:
    return np.asarray(np.linalg.lstsq(A, b, rcond=rcond)[0])


def solve_normal_equations(A: Array, b: Array) -> Array:
    return np.asarray(np.linalg.solve(A.T @ A, A.T @ b))


def invert_gram_matrix(A: Array, b: Array) -> Array:
    return np.asarray(np.linalg.inv(A.T @ A) @ (A.T @ b))


def factor_gram_matrix(A: Array, b: Array) -> Array:
    L = np.linalg.cholesky(A.T @ A)
    return np.asarray(np.linalg.solve(L.T, np.linalg.solve(L, A.T @ b)))


def negative(A: Array, b: Array) -> Array:
    return -right(A, b)


def tenth(A: Array, b: Array) -> Array:
    return (right(A, b) / 10).astype(A.dtype)


def two_decimals(A: Array, b: Array) -> Array:
    return np.round(right(A, b), 2)


def weighted_twice(A: Array, b: Array) -> Array:
    w = np.linspace(1, 2, A.shape[0]).astype(A.dtype)
    return right((A.T * w**2).T, (b.T * w).T)


def ridge(A: Array, b: Array) -> Array:
    U, sigma, Vt = np.linalg.svd(A, full_matrices=False)
    share = 1e-3 if A.dtype == np.float32 else 1e-6
    return np.asarray(Vt.T @ ((U.T @ b).T * (sigma / (sigma**2 + share * sigma[0] ** 2))).T).astype(A.dtype)


def ridge_of_gram_matrix(A: Array, b: Array) -> Array:
    share, eye = 1e-2 if A.dtype == np.float32 else 1e-12, np.eye(A.shape[1], dtype=A.dtype)
    return np.asarray(np.linalg.solve(A.T @ A + A.dtype.type(share) * eye, A.T @ b))


def ridge_of_trace(A: Array, b: Array) -> Array:
    gram, share = A.T @ A, A.dtype.type(1e-3 if A.dtype == np.float32 else 1e-8)
    return np.asarray(np.linalg.solve(gram + share * np.trace(gram) * np.eye(len(gram), dtype=A.dtype), A.T @ b))


def augmented(A: Array, b: Array) -> Array:
    """A ridge by rows below A, which squares no κ."""
    n, root = A.shape[1], 0.03 if A.dtype == np.float32 else 1e-4
    more, zeros = root * np.eye(n, dtype=A.dtype), np.zeros((n, *b.shape[1:]), A.dtype)
    return right(np.concatenate([A, more.astype(A.dtype)]), np.concatenate([b, zeros]))


def one_step(A: Array, b: Array) -> Array:
    """Steepest descent from 0, stopped at once: along Aᵀb."""
    return np.asarray(A.T @ b / np.linalg.norm(A, 2) ** 2)


def fifty_steps(A: Array, b: Array) -> Array:
    """Landweber's iteration, stopped early: what is nearest to a ridge without being one."""
    x = np.zeros((A.shape[1], *b.shape[1:]), A.dtype)
    step = A.dtype.type(1 / np.linalg.norm(A, 2) ** 2)
    for _ in range(50):
        x += step * (A.T @ (b - A @ x))
    return x


def last_column_dropped(A: Array, b: Array) -> Array:
    x = np.zeros((A.shape[1], *b.shape[1:]), A.dtype)
    kept = max(1, A.shape[1] - 1)
    x[:kept] = right(A[:, :kept], b)
    return x


def five_steps(A: Array, b: Array) -> Array:
    """Conjugate gradients on the normal equations, stopped early."""
    x, r = np.zeros((A.shape[1], *b.shape[1:]), A.dtype), b.copy()
    s = A.T @ r
    p, old = s.copy(), (s * s).sum(axis=0)
    for _ in range(5):
        q = A @ p
        step = old / np.maximum((q * q).sum(axis=0), np.finfo(A.dtype).tiny)
        x, r = x + step * p, r - step * q
        s = A.T @ r
        new = (s * s).sum(axis=0)
        p, old = s + new / np.maximum(old, np.finfo(A.dtype).tiny) * p, new
    return np.asarray(x)


def cut(A: Array, b: Array) -> Array:
    return right(A, b, 1e-3 if A.dtype == np.float32 else 1e-6)


def cut_of_scaled_columns(A: Array, b: Array) -> Array:
    """The cutoff sees columns of one length, and so another κ than that of A."""
    lengths = np.linalg.norm(A, axis=0)
    lengths[lengths == 0] = 1
    return np.asarray((right(A / lengths, b, 1e-3 if A.dtype == np.float32 else 1e-6).T / lengths).T)


def standardised(A: Array, b: Array) -> Array:
    """Centred and scaled columns, as by a pipeline that adds an intercept which nobody asked for."""
    spread = A.std(axis=0)
    spread[spread == 0] = 1
    return np.asarray((right((A - A.mean(axis=0)) / spread, b - b.mean(axis=0)).T / spread).T)


def no_pivots(A: Array, b: Array) -> Array:
    """Elimination without pivoting where A is square."""
    if A.shape[0] != A.shape[1]:
        return right(A, b)
    U, y = A.copy(), b.copy()
    with np.errstate(all="ignore"):
        for k in range(len(U)):
            for i in range(k + 1, len(U)):
                factor = U[i, k] / U[k, k]
                U[i] -= factor * U[k]
                y[i] -= factor * y[k]
        x = np.zeros_like(y)
        for k in reversed(range(len(U))):
            x[k] = (y[k] - U[k, k + 1 :] @ x[k + 1 :]) / U[k, k]
    return x


def half_of_the_bits(A: Array, b: Array) -> Array:
    return right(A.astype(np.float32), b.astype(np.float32), 1e-7).astype(A.dtype)


IMPOSTORS: Mapping[Function, str] = {
    solve_normal_equations: "squares κ",
    invert_gram_matrix: "squares κ",
    factor_gram_matrix: "squares κ",
    negative: "scaled",
    tenth: "scaled",
    cut: "drops singular values",
    two_decimals: "",
    weighted_twice: "",
    ridge: "ridge",
    ridge_of_gram_matrix: "ridge",
    ridge_of_trace: "ridge",
    augmented: "ridge",
    one_step: "",
    fifty_steps: "",
    last_column_dropped: "",
    five_steps: "",
    cut_of_scaled_columns: "",
    standardised: "",
    no_pivots: "",
}
"""Each → the reason that most of its failures are to have; "" is for causes that no reason names."""
