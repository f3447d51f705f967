"""Discretised Fredholm integral equations of the first kind: singular values that fall to nothing without a gap.

The test problems of Hansen, Regularization Tools: a Matlab package for analysis and solution of discrete ill-posed
problems, Numer. Algorithms 6 (1994) 1-35, with the same matrices and solutions for m = n (see `integral_kernels`).
With m = 2n the data are known at twice as many places as the solution.

Kernels and solutions are computed to about 120 bits and rounded once. The right-hand side is b = Ax + e of the stored
A, where the noise e is random and lies in no particular direction. A⁺b is far from x then, and what is asked of a
solver is A⁺b, or that it says what it left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction

from lamm_robust.generators.parts import integral_kernels as kernels
from lamm_robust.generators.parts.elementary import rounded_array
from lamm_robust.generators.parts.exact_algebra import add_residual, image, rationals
from lamm_robust.generators.parts.grids import Grid, Shapes, by_profile, cross
from lamm_robust.generators.parts.parameters import MAX_SEED, nonnegative, one_of, whole
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.generators.parts.stream import Stream
from lamm_robust.values import Array, Family, Params, Precision

MAX_COLUMNS = 64
"""The most columns: the smallest entries of `heat` are about e^(−n/2), normal numbers of float32 by a wide margin."""
MAX_SQUARE_HEAT = 16
"""The largest square `heat`: κ is 10²⁶ there, and 10⁴⁵ for n = 20, where float32 cannot hold A⁻¹b."""
MAX_NOISE = 0.5
"""Largest ``noise`` = ‖e‖/‖Ax‖ accepted: below 1, so that b = Ax + e cannot be zero."""


Equation = tuple[Callable[[int, int], kernels.Rows], Callable[[int], list[Fraction]]]
EQUATIONS: Mapping[str, Equation] = {
    "phillips": (kernels.phillips, kernels.phillips_solution),
    "shaw": (kernels.shaw, kernels.shaw_solution),
    "heat": (kernels.heat, kernels.heat_solution),
    "deriv2": (kernels.deriv2, kernels.deriv2_solution),
    "foxgood": (kernels.foxgood, kernels.foxgood_solution),
    "gravity": (kernels.gravity, kernels.gravity_solution),
    "wing": (kernels.wing, kernels.wing_solution),
    "baart": (kernels.baart, kernels.baart_solution),
}
"""Equation → its matrix, a function of (m, n), and its solution, a function of n."""


def build(dtype: Precision, *, equation: str, m: int, n: int, noise: float, seed: int) -> tuple[Array, Array]:
    """Build A (m×n, m = n or 2n) and b = Ax + e (m) with ‖e‖ = noise·‖Ax‖; raises ValueError for bad parameters."""
    one_of("equation", equation, list(EQUATIONS))
    whole("n", n, 1, MAX_COLUMNS)
    whole("m", m, n, 2 * n)
    accepted = [count for count in (n, 2 * n) if _fits_float32(equation, count, n)]
    if m not in accepted:
        raise ValueError(f"m is {m}; with equation={equation} and n={n} accepted is {' or '.join(map(str, accepted))}.")
    nonnegative("noise", noise, MAX_NOISE)
    whole("seed", seed, 0, MAX_SEED)
    matrix, solution = EQUATIONS[equation]
    A = rounded_array(matrix(m, n), dtype)
    noisy = rationals(Stream("integral", equation, m, n, seed).bell(m).tolist())
    return A, rounded_array(add_residual(image(A, solution(n)), noisy, noise), dtype)


def _fits_float32(equation: str, m: int, n: int) -> bool:
    """Tell whether the solution of an equation with m rows and n columns fits into the range of float32."""
    return (equation, m) != ("heat", n) or n <= MAX_SQUARE_HEAT


SQUARE = ((16, 16), (30, 30))
TALL = ((16, 8), (30, 15))
NOISES = (0.0, 2.0**-10)
"""The values of ‖e‖/‖Ax‖ in grids: no noise, and about 0.001, which is Hansen's usual noise."""
FIRST = ("phillips", "shaw", "heat")
FURTHER = tuple(equation for equation in EQUATIONS if equation not in FIRST)
"""Equations with fewer problems than `FIRST`: they differ in how fast singular values fall."""


def _small(_dtype: Precision) -> Grid:
    yield from _cross(FIRST, ((16, 16), (16, 8)), (0.0,))
    yield from _cross(EQUATIONS, ((16, 8),), NOISES[1:])


def _standard(_dtype: Precision) -> Grid:
    yield from _cross(FIRST, (*SQUARE, *TALL), NOISES[:1])
    yield from _cross(FIRST, (*SQUARE, *TALL), NOISES[1:], seeds=(0, 1))
    yield from _cross(FURTHER, ((16, 16),), NOISES[:1])
    yield from _cross(FURTHER, TALL, NOISES[1:])


def _full(_dtype: Precision) -> Grid:
    shapes = ((4, 4), (8, 8), *SQUARE, (64, 64), (8, 4), *TALL, (64, 32))
    yield from _cross(EQUATIONS, shapes, NOISES[:1])
    yield from _cross(EQUATIONS, shapes, (2.0**-20, 2.0**-10, 2.0**-4), seeds=(0, 1, 2))


def _cross(equations: Iterable[str], shapes: Shapes, noises: Sequence[float], seeds: Sequence[int] = (0,)) -> Grid:
    for equation in equations:
        held = [(m, n) for m, n in shapes if _fits_float32(equation, m, n)]
        for named in cross(held, noise=noises, seed=seeds):
            yield {"equation": equation, **named}


grid = by_profile(_small, _standard, _full)


@search_strategy
def strategy(draw: Draw, _dtype: Precision) -> Params:
    """Draw up to 48 rows and 24 columns; the simplest problem is a single cell of phillips, without noise."""
    equation = draw.one_of(list(EQUATIONS))
    n, times = draw.whole(1, 24), draw.whole(1, 2)
    return {
        "equation": equation,
        "m": times * n if _fits_float32(equation, times * n, n) else 2 * n,
        "n": n,
        "noise": draw.one_of((0.0, MAX_NOISE, 2.0**-10, 2.0**-30)),
        "seed": draw.seed(),
    }


FAMILY = Family(
    name="integral",
    summary="discretised integral equations of the first kind, singular values without a gap (Hansen 1994)",
    parameters={
        "equation": "test problem of Regularization Tools: " + ", ".join(EQUATIONS),
        "m": "number of rows: n, or 2n",
        "n": "number of columns: cells of the unknown function",
        "noise": "‖e‖/‖Ax‖ of the random e in b = Ax + e, 0 for none",
        "seed": "number of the random stream of the noise",
    },
    build=build,
    grid=grid,
    strategy=strategy,
)
