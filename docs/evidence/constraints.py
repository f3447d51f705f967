"""How many digits of x are right under equality constraints: the table of docs/ridge.md.

    python docs/evidence/constraints.py [--write]

A (30×10) and C (4×10) are made from seeds, with κ(C) as it is asked for and κ of A on the null space of C as it comes
out. A cell is −log₁₀ ‖x̂ − x★‖/‖x★‖, the worst of three problems, with the certified x★ of min ‖Ax − b‖ subject to Cx =
d. Everything is SciPy, in the precision of A. With --write, the table of the page is replaced.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.linalg import LinAlgWarning, lstsq, qr, solve, solve_triangular
from scipy.linalg.lapack import get_lapack_funcs
from table import publish

from lamm_robust import catalog
from lamm_robust.keys import parse_key
from lamm_robust.oracles import certify_equality, stored
from lamm_robust.text import markdown_table, number
from lamm_robust.values import PRECISIONS, Array, Precision, Problem

Way = Callable[[Array, Array, Array, Array], Array]


def gglse(A: Array, b: Array, C: Array, d: Array) -> Array:
    """LAPACK's xGGLSE, by the generalised RQ factorisation."""
    (driver,) = get_lapack_funcs(("gglse",), (A,))
    return np.asarray(driver(A, C, b, d)[3])


def null_space(A: Array, b: Array, C: Array, d: Array) -> Array:
    """x = Q₁R⁻ᵀd + Q₂z from Cᵀ = QR (Golub and Van Loan, Matrix Computations, 4th ed., section 6.2.3)."""
    Q, R = qr(C.T)
    p = len(C)
    first = Q[:, :p] @ solve_triangular(R[:p], d, trans=1)
    z = lstsq(A @ Q[:, p:], b - A @ first)[0]
    return np.asarray(first + Q[:, p:] @ z)


def weighing(A: Array, b: Array, C: Array, d: Array) -> Array:
    """lstsq of A and C with the rows of C times 1/√eps, as if the constraints were observations."""
    weight = A.dtype.type(1 / math.sqrt(np.finfo(A.dtype).eps))
    return np.asarray(lstsq(np.vstack([weight * C, A]), np.concatenate([weight * d, b]))[0])


def lagrange(A: Array, b: Array, C: Array, d: Array) -> Array:
    """The equations [AᵀA Cᵀ; C 0][x; y] = [Aᵀb; d], by LU."""
    rows = np.block([[A.T @ A, C.T], [C, np.zeros((len(C), len(C)), A.dtype)]])
    return np.asarray(solve(rows, np.concatenate([A.T @ b, d]))[: A.shape[1]])


WAYS: Mapping[str, Way] = {
    "LAPACK xGGLSE": gglse,
    "null space by QR of Cᵀ, lstsq": null_space,
    "lstsq with C weighed by 1/√eps": weighing,
    "equations of Lagrange, LU": lagrange,
}

KAPPAS: Mapping[Precision, Sequence[tuple[int, int]]] = {
    "float32": ((0, 0), (2, 0), (4, 0), (0, 2), (0, 4)),
    "float64": ((0, 0), (4, 0), (8, 0), (0, 4), (0, 8)),
}
"""log₁₀ κ of A and of C: together, and each alone."""

SEEDS = range(3)


def made(m: int, log10_cond: int, residual: float, seed: int, precision: Precision) -> Problem:
    """A matrix of 10 columns with a right-hand side, from the family `spectrum`."""
    shape = f"m={m} n=10 mode=geometric log10_cond={log10_cond} residual={residual}"
    return catalog.build_problem(parse_key(f"spectrum {shape} direction=random seed={seed} dtype={precision}"))


def digits(way: Way, kappas: tuple[int, int], precision: Precision) -> tuple[float, float]:
    """The digits that are right in the worst case, and the largest κ of A on the null space of C."""
    found, kappa = math.inf, 1.0
    for seed in SEEDS:
        fit, constraint = made(30, kappas[0], 0.5, seed, precision), made(4, kappas[1], 0.0, seed + 10, precision)
        given = fit.A, fit.b, constraint.A, constraint.b
        truth = certify_equality(*given).certificate
        star = np.array([float(v) for v in stored(truth)])
        away = np.linalg.norm(way(*given).astype(np.float64) - star) / np.linalg.norm(star)
        found = min(found, -math.log10(max(float(away), 2.0**-53)))
        kappa = max(kappa, float(truth.kappa or 1))
    return max(found, 0.0), kappa


def measured(precision: Precision) -> str:
    """The table of one precision."""
    columns = {kappas: digits(gglse, kappas, precision)[1] for kappas in KAPPAS[precision]}
    heads = [f"κ(A) {number(kappa)}, κ(C) {number(10.0**of_c)}" for (_, of_c), kappa in columns.items()]
    rows = [[name, *(f"{digits(way, k, precision)[0]:.0f}" for k in columns)] for name, way in WAYS.items()]
    return f"*{precision}*\n\n{markdown_table(['way', *heads], rows)}"


def main() -> None:
    """Print the tables, or write them into the page in place of what stands there."""
    publish("\n".join(map(measured, PRECISIONS)), PAGE, BEGIN, END)


PAGE = Path(__file__).parents[1] / "ridge.md"
BEGIN, END = "<!-- constraints -->", "<!-- /constraints -->"


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinAlgWarning)
        main()
