"""Matrices with a name: the classics of the literature on accuracy, by their formulas.

Most are in MATLAB's `gallery` (Higham, The Test Matrix Toolbox for MATLAB, version 3.0, Numerical Analysis Report 276,
Manchester 1995) and in Higham, Accuracy and Stability of Numerical Algorithms, second edition, 2002, chapter 28. All
entries are rationals (roots of rationals in gks), each rounded once. The formulas are in `rational_matrices`,
`integer_matrices` and `triangular_matrices`.

The stored matrix is that of the formula only where no entry is rounded (Läuchli, Pascal, triw, gfpp, Bauer, Rosser,
magic squares). Elsewhere its κ is that of the formula while uκ is small, and beyond that what rounding leaves of it:
about 1/u. Exceptions are Kahan's, Vandermonde's and gks, whose small entries are rounded as finely as the large ones,
and, within a factor of 100, the inverse of Hilbert's. Bauer's and Rosser's matrices and magic squares are exactly
rank-deficient.

The solution that b is built from has entries ±1, ±2 and ±3. The residual is at right angles to the range of the stored
matrix, exactly, until b is rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import comb

from lamm_robust.generators.parts import integer_matrices, rational_matrices, triangular_matrices
from lamm_robust.generators.parts.elementary import SIGNIFICAND, rounded_array
from lamm_robust.generators.parts.exact_algebra import add_residual, image, outside_range, rationals
from lamm_robust.generators.parts.grids import Grid, Shapes, by_profile, cross
from lamm_robust.generators.parts.parameters import MAX_SEED, check_room_for_residual, nonnegative, one_of, whole
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.generators.parts.stream import Stream
from lamm_robust.values import Array, Family, Params, Precision

MAX_ROWS, MAX_COLUMNS = 256, 64
"""The largest shape for which exact arithmetic makes a right-hand side in seconds."""
MAX_POWERS = 16
"""The most columns of a Vandermonde matrix: 256⁻¹⁵ = 2⁻¹²⁰ is a normal number of float32."""
MAX_PARAMETER = 60
"""The largest parameter: there Läuchli's κ is 2⁶⁰√n, beyond 1/u of float64."""
MAX_RESIDUAL = 1e15
"""Largest ``residual`` = ‖b − Ax★‖/‖Ax★‖ accepted: below 1/u of float64, so that Ax★ is not rounded away in b."""


MATRICES: Mapping[str, Callable[[int, int, int], rational_matrices.Rows]] = {
    "vandermonde": rational_matrices.vandermonde,
    "chebyshev_vandermonde": rational_matrices.chebyshev_vandermonde,
    "hilbert": rational_matrices.hilbert,
    "lauchli": rational_matrices.lauchli,
    "kahan": triangular_matrices.kahan,
    "cauchy": rational_matrices.cauchy,
    "pascal": integer_matrices.pascal,
    "triw": triangular_matrices.triw,
    "gfpp": triangular_matrices.gfpp,
    "lotkin": rational_matrices.lotkin,
    "bauer": integer_matrices.bauer,
    "rosser": integer_matrices.rosser,
    "magic": integer_matrices.magic,
    "inverse_hilbert": integer_matrices.inverse_hilbert,
    "gks": triangular_matrices.gks,
}
PARAMETERS: Mapping[str, tuple[int, int]] = {"lauchli": (0, MAX_PARAMETER), "kahan": (1, MAX_PARAMETER)}
"""The least and largest parameter of a matrix; it is 0 for every other matrix."""
ROWS: Mapping[str, tuple[int, int]] = {"bauer": (8, 8), "rosser": (8, 8), "magic": (4, 64), "inverse_hilbert": (1, 12)}
"""The fewest and most rows of a matrix; 1 to `MAX_ROWS` for every other matrix.

The inverse of the 12×12 Hilbert matrix is the last that float64 holds without rounding, and float32 with all squares.
"""


def build(
    dtype: Precision, *, matrix: str, m: int, n: int, parameter: int, residual: float, seed: int
) -> tuple[Array, Array]:
    """Build the matrix (m×n) and b (m) with ‖b − Ax★‖ = residual·‖Ax★‖, up to the rounding of b.

    Raises ValueError for a shape that the matrix does not have, and for a residual where the range is the whole
    space (m ≤ n).
    """
    _check(dtype, matrix, m, n, parameter, residual, seed)
    A = rounded_array(MATRICES[matrix](m, n, parameter), dtype)
    fit = image(A, rationals(Stream("named", "solution", matrix, m, n, seed).coefficients(n)))
    if residual:
        away = outside_range(A, rationals(Stream("named", "residual", matrix, m, n, seed).bell(m).tolist()))
        fit = add_residual(fit, away, residual)
    return A, rounded_array(fit, dtype)


def _check(dtype: Precision, matrix: str, m: int, n: int, parameter: int, residual: float, seed: int) -> None:
    one_of("matrix", matrix, list(MATRICES))
    whole("m", m, *ROWS.get(matrix, (1, MAX_ROWS)))
    if matrix == "magic" and m % 4:
        raise ValueError(f"m is {m}; with matrix=magic accepted is a multiple of 4.")
    whole("n", n, 1, most_columns(matrix, m, dtype))
    if matrix == "lauchli" and m != n + 1:
        raise ValueError(f"m is {m}; with matrix=lauchli and n={n} accepted is {n + 1}.")
    whole("parameter", parameter, *PARAMETERS.get(matrix, (0, 0)))
    check_room_for_residual(nonnegative("residual", residual, MAX_RESIDUAL), m, n)
    whole("seed", seed, 0, MAX_SEED)


def most_columns(matrix: str, m: int, dtype: Precision) -> int:
    """Return the largest n that is accepted for a matrix of m rows."""
    if matrix in ("vandermonde", "chebyshev_vandermonde"):
        return MAX_POWERS
    if matrix == "gfpp":  # a wide one would have its last column nowhere near the last pivot
        return min(m, MAX_COLUMNS)
    if matrix in ROWS:  # the first columns of a matrix of 5, or of a square one
        return 5 if matrix == "bauer" else m
    if matrix == "pascal":  # a rounded one would not be Pascal's: the largest entry is (m + n − 2 over m − 1)
        return max(n for n in range(1, MAX_COLUMNS + 1) if comb(m + n - 2, m - 1) <= 2 ** SIGNIFICAND[dtype])
    return MAX_COLUMNS


SMALL: dict[Precision, float] = {"float32": 1e-5, "float64": 1e-12}
"""A small ``residual`` for grids: nearly zero, but still 100 to 10,000 times u."""
FALLING: dict[Precision, tuple[int, ...]] = {"float32": (8, 14), "float64": (20, 30)}
"""Läuchli's p (μ = 2^−p) on both sides of where μ² < u and AᵀA becomes singular: p = 12 (float32), 26.5 (float64)."""

HARMONIC = ("vandermonde", "hilbert", "cauchy", "lotkin")
TRIANGLES = ("triw", "gfpp")
ANGLES = (1, 2, 3)
"""Parameters of Kahan's matrix: θ = 0.64, 1.08 and 1.32."""


def _small(dtype: Precision) -> Grid:
    yield from _cross(("hilbert", "lotkin", "vandermonde"), ((16, 7),), (SMALL[dtype],))
    yield from _cross(("chebyshev_vandermonde", "pascal"), ((16, 9),), (1.0,))
    yield from _cross(("lauchli",), ((33, 32),), (SMALL[dtype],), FALLING[dtype])
    yield from _cross(("kahan",), ((16, 16),), (0.0,), ANGLES[1:2])
    yield from _cross(TRIANGLES, ((16, 16),), (0.0,))
    yield from _cross(("gfpp",), ((16, 9),), (SMALL[dtype],))
    yield from _cross(("cauchy",), ((10, 30),), (0.0,))
    yield from _cross(("bauer",), ((8, 5),), (1.0,))
    yield from _cross(("rosser",), ((8, 8),), (0.0,))
    yield from _cross(("magic",), ((16, 9),), (1.0,))
    yield from _cross(("inverse_hilbert",), ((8, 5),), (SMALL[dtype],))
    yield from _cross(("gks",), ((16, 16),), (0.0,))


def _standard(dtype: Precision) -> Grid:
    residuals = (SMALL[dtype], 1.0)
    tall = ((16, 4), (16, 7), (30, 6))
    yield from _cross((*HARMONIC, "chebyshev_vandermonde"), tall[:2], residuals)
    yield from _cross(("pascal", "gfpp"), tall[1:], residuals)
    yield from _cross(("lauchli",), ((10, 9),), residuals, (*FALLING[dtype], 4))
    yield from _cross(("hilbert", "cauchy", "lotkin"), ((4, 16), (12, 12)), (0.0,))
    yield from _cross(("pascal", "chebyshev_vandermonde"), ((4, 16), (12, 12)), (0.0,))
    yield from _cross(("kahan",), ((16, 16), (30, 30)), (0.0,), ANGLES)
    yield from _cross(TRIANGLES, ((12, 12), (16, 16), (30, 30)), (0.0,))
    yield from _cross(("bauer",), ((8, 5),), (0.0, *residuals))
    yield from _cross(("rosser",), ((8, 8),), (0.0,), seeds=(0, 1))
    yield from _cross(("magic",), ((16, 7),), residuals)
    yield from _cross(("magic", "inverse_hilbert"), ((12, 12),), (0.0,))
    yield from _cross(("inverse_hilbert",), ((10, 9),), residuals)
    yield from _cross(("gks",), ((12, 12), (30, 30)), (0.0,))


def _full(dtype: Precision) -> Grid:
    residuals = (0.0, SMALL[dtype], 1.0)
    seeds = (0, 1, 2)
    tall = ((16, 4), (16, 7), (30, 6), (64, 5))
    flat = ((4, 4), (8, 8), (12, 12), (4, 16))
    yield from _cross((*HARMONIC, "chebyshev_vandermonde", "pascal"), tall, residuals, seeds=seeds)
    yield from _cross((*HARMONIC, "chebyshev_vandermonde", "pascal", "triw"), flat, (0.0,), seeds=seeds)
    yield from _cross(("lauchli",), ((4, 3), (10, 9), (31, 30)), residuals, (*FALLING[dtype], 4, 40), seeds=seeds)
    yield from _cross(("kahan",), ((16, 16), (30, 30), (10, 30), (64, 64)), (0.0,), ANGLES, seeds=seeds)
    yield from _cross(TRIANGLES, ((16, 16), (30, 30), (64, 64)), (0.0,), seeds=seeds)
    yield from _cross(("gfpp",), ((30, 10), (64, 16)), residuals, seeds=seeds)
    yield from _cross(("gks",), ((16, 16), (30, 30), (10, 30), (64, 64)), (0.0,), seeds=seeds)
    yield from _cross(("bauer",), ((8, 5),), residuals, seeds=seeds)
    yield from _cross(("rosser",), ((8, 8),), (0.0,), seeds=seeds)
    yield from _cross(("magic",), ((16, 4), (16, 9), (64, 16)), residuals, seeds=seeds)
    yield from _cross(("inverse_hilbert",), ((8, 4), (10, 9)), residuals, seeds=seeds)


def _cross(
    matrices: Sequence[str],
    shapes: Shapes,
    residuals: Sequence[float],
    parameters: Sequence[int] = (0,),
    seeds: Sequence[int] = (0,),
) -> Grid:
    for matrix in matrices:
        for named in cross(shapes, parameter=parameters, residual=residuals, seed=seeds):
            yield {"matrix": matrix, **named}


grid = by_profile(_small, _standard, _full)


@search_strategy
def strategy(draw: Draw, dtype: Precision) -> Params:
    """Draw up to 33 rows and 32 columns; the simplest problem is the Vandermonde matrix of a single 1."""
    matrix = draw.one_of(list(MATRICES))
    low, high = ROWS.get(matrix, (1, MAX_ROWS))
    m, n = min(max(draw.whole(1, 32), low), high), draw.whole(1, 32)
    m -= m % 4 if matrix == "magic" else 0
    n = min(n, most_columns(matrix, m, dtype))
    m = n + 1 if matrix == "lauchli" else m
    low, high = PARAMETERS.get(matrix, (0, 0))
    parameter = draw.whole(0, MAX_PARAMETER)
    residual = draw.one_of((0.0, 1.0, 1e-3, SMALL[dtype], 1e3))
    return {
        "matrix": matrix,
        "m": m,
        "n": n,
        "parameter": min(max(parameter, low), high),
        "residual": residual if m > n else 0.0,
        "seed": draw.seed(),
    }


FAMILY = Family(
    name="named",
    summary="the classics by their formulas: " + ", ".join(MATRICES),
    parameters={
        "matrix": "name of the matrix: " + ", ".join(MATRICES),
        "m": "number of rows (one more than columns for lauchli, no fewer for gfpp, 8 for bauer and rosser, "
        "a multiple of 4 for magic, up to 12 for inverse_hilbert)",
        "n": "number of columns",
        "parameter": "p of μ = 2^−p (lauchli) or of tan(π/4 − θ/2) = 2^−p (kahan), 0 for the others",
        "residual": "‖b − Ax★‖/‖Ax★‖, 0 for a consistent system",
        "seed": "number of the random stream of the solution and the residual",
    },
    build=build,
    grid=grid,
    strategy=strategy,
)
