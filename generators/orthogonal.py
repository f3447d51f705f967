"""Right-hand sides at right angles to the range: x★ = 0, exactly, over matrices of the other families.

The rows of a stored matrix M stand twice, once as they are and once doubled, and b holds 2v_i beside the one and −v_i
beside the other. Then Aᵀb = Mᵀ2v − 2Mᵀv = 0 whatever M and v are, without a rounding error, and since AᵀA = 5MᵀM, A has
the rank and the κ of M. The rows are in random order, so that nothing cancels by itself.

b is all residual, as in a consistent system it is all fit. Wedin's bound allows an x̂ of κ(κ + 1)u‖b‖/σ₁, and the answer
of a solver consists of its rounding errors alone. What is measured relative to x★ elsewhere is measured relative to
‖b‖/σ₁ here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamm_robust.generators import columns, exact_rank, named, near_rank, offset, polynomial, spectrum, weighted
from lamm_robust.generators.parts.grids import Grid, cross, of_profile
from lamm_robust.generators.parts.parameters import MAX_SEED, one_of, whole
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.generators.parts.stream import Stream
from lamm_robust.values import Array, Family, Params, Precision


@dataclass(frozen=True)
class Matrix:
    """How M is built: the `build` of its family, and all parameters but the seed."""

    build: Callable[..., tuple[Array, Array]]
    params: dict[str, Any]


def _spectrum(log10_cond: int) -> Matrix:
    shape = {"m": 15, "n": 10, "mode": "geometric", "log10_cond": log10_cond}
    return Matrix(spectrum.build, {**shape, "residual": 0.0, "direction": "random"})


def _named(matrix: str, m: int, n: int, parameter: int) -> Matrix:
    return Matrix(named.build, {"matrix": matrix, "m": m, "n": n, "parameter": parameter, "residual": 0.0})


def _known_svd(build: Callable[..., tuple[Array, Array]], m: int, n: int, rank: int, **more: int) -> Matrix:
    return Matrix(build, {"m": m, "n": n, "rank": rank, **more, "residual": 0.0})


MATRICES: dict[str, Matrix] = {
    "spectrum_1": _spectrum(1),
    "spectrum_3": _spectrum(3),
    "deficient": _known_svd(exact_rank.build, 15, 10, 7, log2_cond=4),
    "gap": _known_svd(near_rank.build, 15, 10, 7, gap_bits=15, log2_cond=0),
    "polynomial": Matrix(polynomial.build, {"points": 15, "degree": 5, "abscissae": "unit"}),
    "lauchli": _named("lauchli", 8, 7, 10),
    "spectrum_6": _spectrum(6),
    "wide": _known_svd(exact_rank.build, 8, 9, 5, log2_cond=4),
    "hilbert": _named("hilbert", 15, 6, 0),
    "kahan": _named("kahan", 8, 7, 2),
    "duplicate": Matrix(
        columns.build, {"m": 15, "n": 10, "pattern": "duplicate", "position": "middle", "residual": 0.0}
    ),
    "offset": Matrix(offset.build, {"m": 15, "regressors": 3, "offset": 10**6, "step": 3600.0}),
    "stiff": Matrix(
        weighted.build, {"m": 15, "n": 10, "log2_span": 33, "order": "ascending", "axis": "rows", "residual": 0.0}
    ),
}
"""Name → M. A has twice the rows of M, and a shape that other families have, too."""
SMALL = ("spectrum_1", "spectrum_3", "spectrum_6", "deficient", "gap", "lauchli")
"""The matrices of the small profile: those whose shapes other families have there, too."""


def build(dtype: Precision, *, matrix: str, seed: int) -> tuple[Array, Array]:
    """Build A = (M; 2M) and b = (2v; −v), both with their rows in the same random order.

    Raises ValueError for a bad parameter.
    """
    one_of("matrix", matrix, list(MATRICES))
    whole("seed", seed, 0, MAX_SEED)
    M, _ = MATRICES[matrix].build(dtype, **MATRICES[matrix].params, seed=seed)
    v = Stream("orthogonal", "target", matrix, seed).bell(len(M)).astype(dtype)
    order = Stream("orthogonal", "order", matrix, seed).permutation(2 * len(M))
    A, b = np.vstack((M, 2 * M))[order], np.concatenate((2 * v, -v))[order]
    return A.astype(dtype, order="C"), b.astype(dtype)


def grid(profile: str, _dtype: Precision) -> Grid:
    """List the problems of a profile; raises ValueError for an unknown one."""
    every = list(MATRICES)
    matrices = of_profile(profile, {"small": SMALL, "standard": every, "full": every})
    return cross(matrix=matrices, seed=of_profile(profile, {"small": (0,), "standard": (0, 1), "full": range(20)}))


@search_strategy
def strategy(draw: Draw, _dtype: Precision) -> Params:
    """Draw one of the matrices; the simplest problem has the first of them, and seed 0."""
    return {"matrix": draw.one_of(list(MATRICES)), "seed": draw.seed()}


FAMILY = Family(
    name="orthogonal",
    summary="b orthogonal to the range, exactly: the solution is zero; over matrices of other families",
    parameters={
        "matrix": "whose rows stand twice: " + ", ".join(MATRICES),
        "seed": "number of the random streams of the matrix, of b and of the order of the rows",
    },
    build=build,
    grid=grid,
    strategy=strategy,
)
