"""Derivatives by A beside 60 digits, of `solve` and of QR with triangular solves: the table of docs/solve.md.

    python docs/evidence/derivatives.py

Each row is the worst component, relative to itself, of the derivative of x in one direction, in DRAWS draws. Where A
lacks rank it is LR with factors of small whole numbers in units that are powers of two, so that A and its direction are
exact, and the solver beside ours knows L and R: it solves with one and then with the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
from jax.scipy.linalg import solve_triangular

from lamm_robust import solve
from lamm_robust.text import markdown_table
from lamm_robust.values import PRECISIONS

DRAWS = 5
ROWS = 40

Case = tuple[Any, ...]
"""A or its factors, b, and the directions in which A or its factors move."""


def by_qr(A: Any, b: Any) -> Any:
    """x for a full rank, by QR of A, or of Aᵀ if A is wide."""
    if A.shape[0] >= A.shape[1]:
        Q, R = jnp.linalg.qr(A)
        return solve_triangular(R, Q.T @ b)
    Q, R = jnp.linalg.qr(A.T)
    return Q @ solve_triangular(R, b, trans=1)


OURS = jax.jit(lambda A, b, dA: jax.jvp(lambda A: solve(A, b).x, (A,), (dA,))[1])
BY_QR = jax.jit(lambda A, b, dA: jax.jvp(lambda A: by_qr(A, b), (A,), (dA,))[1])
BY_BOTH = jax.jit(lambda L, R, b, dL, dR: jax.jvp(lambda L, R: by_qr(R, by_qr(L, b)), (L, R), (dL, dR))[1])


def digits(*arrays: Any) -> Iterator[Any]:
    """The arrays as matrices of mpmath."""
    return (mpmath.matrix(np.asarray(values, np.float64).tolist()) for values in arrays)


def exact(A: Any, b: Any, dA: Any, db: Any) -> tuple[Any, Any]:
    """x and its derivative at full rank, for matrices of mpmath."""
    if A.rows >= A.cols:
        gram = A.T * A
        x = mpmath.lu_solve(gram, A.T * b)
        return x, mpmath.lu_solve(gram, dA.T * (b - A * x) + A.T * (db - dA * x))
    gram = A * A.T
    y = mpmath.lu_solve(gram, b)
    return A.T * y, dA.T * y + A.T * mpmath.lu_solve(gram, db - (dA * A.T + A * dA.T) * y)


def worst(found: Any, expected: Any) -> float:
    """The largest relative error of a component."""
    pairs = zip(found, expected, strict=True)
    return max(float(abs(mpmath.mpf(float(value)) - right) / abs(right)) for value, right in pairs)


def both_at(case: Case, precision: str) -> tuple[float, float]:
    """The worst components of ours and of the other."""
    stored = [np.asarray(values, precision) for values in case]
    if len(case) == 3:
        A, b, dA = digits(*stored)
        expected = exact(A, b, dA, 0 * b)[1]
        return worst(OURS(*stored), expected), worst(BY_QR(*stored), expected)
    L, R, b, dL, dR = digits(*stored)
    inner, moved_inner = exact(L, b, dL, 0 * b)
    expected = exact(R, inner, dR, moved_inner)[1]
    product, moved = (np.asarray(v, precision) for v in (case[0] @ case[1], case[3] @ case[1] + case[0] @ case[4]))
    return worst(OURS(product, stored[2], moved), expected), worst(BY_BOTH(*stored), expected)


def full(columns: Callable[[Any], Any], *, wide: bool = False, alike: bool = True) -> Callable[[Any], Case]:
    """Draws of a matrix of full rank with such columns (rows, if wide), which moves in its own units if `alike`."""

    def draw(rng: Any) -> Case:
        A = columns(rng)
        dA = rng.standard_normal(A.shape) * (A if alike else 1)
        return (A.T, rng.standard_normal(A.shape[1]), dA.T) if wide else (A, rng.standard_normal(len(A)), dA)

    return draw


def deficient(m: int, n: int, spread: int, *, rows: bool) -> Callable[[Any], Case]:
    """Draws of factors of rank 3, whose columns (or rows) have units from 2**−spread to 2**spread."""

    def draw(rng: Any) -> Case:
        units = 2.0 ** np.linspace(-spread, spread, m if rows else n).round()
        L, dL, R, dR = (rng.integers(-4, 5, shape) * 1.0 for shape in ((m, 3), (m, 3), (3, n), (3, n)))
        b = rng.integers(-4, 5, m) * 1.0
        if rows:
            return (L.T * units).T, R, b * units, (dL.T * units).T, dR
        return L, R * units, b, dL, dR * units

    return draw


def design(rng: Any) -> Any:
    """An intercept, degrees Celsius, pascals, and a rate near 1e-3."""
    noise = rng.standard_normal((ROWS, 3))
    return np.column_stack([np.ones(ROWS), 20 + 5 * noise[:, 0], 101325 + 800 * noise[:, 1], 1e-3 + 1e-4 * noise[:, 2]])


def powers(_: Any) -> Any:
    """A polynomial of degree 5 on 1…12."""
    return np.vander(np.linspace(1, 12, ROWS), 6, increasing=True)


def gaussian(*sizes: float) -> Callable[[Any], Any]:
    """Gaussian columns of these sizes."""
    return lambda rng: rng.standard_normal((ROWS, len(sizes))) * np.array(sizes)


def spread_out(n: int, decades: float) -> Callable[[Any], Any]:
    """Gaussian columns whose sizes are drawn from so many decades."""
    return lambda rng: rng.standard_normal((ROWS, n)) * 10.0 ** rng.uniform(-decades / 2, decades / 2, n)


CASES: dict[str, Callable[[Any], Case]] = {
    "intercept, °C, Pa, rate of 1e-3": full(design),
    "the same, moved in one unit": full(design, alike=False),
    "polynomial of degree 5 on 1…12": full(powers),
    "columns × (1, 100, .01, 1)": full(gaussian(1, 100, 0.01, 1)),
    "columns × (1, 1e5, 1e-5, 1)": full(gaussian(1, 1e5, 1e-5, 1)),
    "rows × (1, 100, .01, 1), wide": full(gaussian(1, 100, 0.01, 1), wide=True),
    "rows × (1, 1e5, 1e-5, 1), wide": full(gaussian(1, 1e5, 1e-5, 1), wide=True),
    "8 columns over 10 decades": full(spread_out(8, 10)),
    "8 rows over 10 decades, wide": full(spread_out(8, 10), wide=True),
    "12 columns over 4 decades": full(spread_out(12, 4)),
    "12 rows over 4 decades, wide": full(spread_out(12, 4), wide=True),
    **{
        f"{m}×{n} of rank 3, {'rows' if rows else 'columns'} over 2^{2 * spread}": deficient(m, n, spread, rows=rows)
        for m, n, rows in ((20, 6, False), (6, 20, True), (6, 20, False), (20, 6, True))
        for spread in (0, 6)
    },
}


def main() -> None:
    """Print the table."""
    rows = []
    for name, draw in CASES.items():
        for precision in PRECISIONS:
            rng = np.random.default_rng(0)
            found = np.max([both_at(draw(rng), precision) for _ in range(DRAWS)], axis=0)
            rows.append([name, precision, f"{found[0]:.1e}", f"{found[1]:.1e}", f"{found[0] / found[1]:.2f}"])
    print(markdown_table(["A", "type", "solve", "QR", "solve / QR"], rows))


if __name__ == "__main__":
    mpmath.mp.dps = 60
    with jax.enable_x64(True):
        main()
