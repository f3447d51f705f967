"""Discretised Fredholm integral equations of the first kind: singular values that fall to nothing without a gap.

The test problems `phillips`, `shaw` and `heat`, and those in `kernels`, of Hansen, Regularization Tools: a Matlab
package for analysis and solution of discrete ill-posed problems, Numer. Algorithms 6 (1994) 1-35, with the same
matrices and solutions for m = n. With m = 2n the data are known at twice as many places as the solution.

Kernels and solutions are computed to about 120 bits and rounded once. The right-hand side is b = Ax + e of the
stored A, where the noise e is random and lies in no particular direction: A⁺b is far from x then, and what is asked
of a solver is A⁺b, or that it says what it left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cache

from lamm_robust.generators.parts.elementary import cos_sin_pi, exponential, pi, root, rounded_array
from lamm_robust.generators.parts.exact_algebra import dyadic, image, moved
from lamm_robust.generators.parts.grids import Grid, Shapes, by_profile, crossed
from lamm_robust.generators.parts.integral_kernels import (
    Rows,
    baart,
    baart_solution,
    cells,
    deriv2,
    deriv2_solution,
    foxgood,
    foxgood_solution,
    gravity,
    gravity_solution,
    middles,
    wing,
    wing_solution,
)
from lamm_robust.generators.parts.parameters import MAX_SEED, one_of, ratio, whole
from lamm_robust.generators.parts.searches import Draw, searched
from lamm_robust.generators.parts.stream import Stream
from lamm_robust.values import Array, Family, Params, Precision

MAX_COLUMNS = 64
"""The smallest entries of `heat` are about e^(−n/2): normal numbers of float32 with much to spare."""
MAX_SQUARE_HEAT = 16
"""κ is 10²⁶ there, and grows faster than exponentially: 10⁴⁵ for 20, where float32 cannot hold A⁻¹b."""
MAX_NOISE = 0.5
"""Below 1, so that b cannot vanish."""


def phillips(m: int, n: int) -> Rows:
    """Return ∫∫ φ(s − t) over pairs of cells of [−6, 6], over √(their lengths): φ(x) = 1 + cos(πx/3) for |x| < 3.

    Phillips, A technique for the numerical solution of certain integral equations of the first kind, J. ACM 9 (1962)
    84-97. Galerkin's method with boxes, as Hansen's: with Φ'' = φ the integral over [a, b]×[c, d] is
    Φ(b − c) − Φ(a − c) − Φ(b − d) + Φ(a − d). Φ is linear from 3 on, and what cancels there cancels in rationals.
    """
    scale = root(Fraction(m * n, 144))

    def entry(row: tuple[Fraction, Fraction], column: tuple[Fraction, Fraction]) -> Fraction:
        (a, b), (c, d) = row, column
        ahead = _twice_integrated(abs(b - c)) - _twice_integrated(abs(a - c))
        return scale * (ahead - _twice_integrated(abs(b - d)) + _twice_integrated(abs(a - d)))

    return [[entry(row, column) for column in cells(-6, 12, n)] for row in cells(-6, 12, m)]


@cache
def _twice_integrated(x: Fraction) -> Fraction:
    """Return Φ(x) for x ≥ 0: x²/2 − (9/π²) cos(πx/3), and on from 3 with its slope there, which is 3."""
    inside = min(x, Fraction(3))
    return inside**2 / 2 - 9 / pi() ** 2 * cos_sin_pi(inside / 3)[0] + 3 * (x - inside)


def phillips_solution(n: int) -> list[Fraction]:
    """Return ∫φ over each cell, over √(its length)."""
    scale = root(Fraction(n, 12))
    return [scale * (_once_integrated(b) - _once_integrated(a)) for a, b in cells(-6, 12, n)]


def _once_integrated(x: Fraction) -> Fraction:
    inside = max(min(x, Fraction(3)), Fraction(-3))
    return inside + 3 / pi() * cos_sin_pi(inside / 3)[1]


def shaw(m: int, n: int) -> Rows:
    """Return h (cos s + cos t)² (sin u/u)² with u = π(sin s + sin t), at midpoints of [−π/2, π/2] in both directions.

    Shaw, Improvement of the resolution of an instrument by numerical solution of an integral equation, J. Math.
    Anal. Appl. 37 (1972) 83-112: light that passes a slit.
    """
    rows, columns = ([cos_sin_pi(q) for q in middles(Fraction(-1, 2), Fraction(1), count)] for count in (m, n))
    step = pi() / n
    return [[step * ((cos_s + cos_t) * _sinc(sin_s + sin_t)) ** 2 for cos_t, sin_t in columns] for cos_s, sin_s in rows]


def _sinc(x: Fraction) -> Fraction:
    """Return sin(πx)/πx."""
    return cos_sin_pi(x)[1] / (pi() * x) if x else Fraction(1)


def shaw_solution(n: int) -> list[Fraction]:
    """Return 2 exp(−6 (t − 0.8)²) + exp(−2 (t + 0.5)²) at the midpoints."""
    places = [pi() * t for t in middles(Fraction(-1, 2), Fraction(1), n)]
    first = [exponential(-6 * (t - Fraction(4, 5)) ** 2) for t in places]
    second = [exponential(-2 * (t + Fraction(1, 2)) ** 2) for t in places]
    return [2 * one + other for one, other in zip(first, second, strict=True)]


def heat(m: int, n: int) -> Rows:
    """Return h k(s − t), at the right ends s and the midpoints t of cells of [0, 1]; k(t) = t^(−3/2) e^(−1/4t)/(2√π).

    The inverse heat equation with Hansen's κ = 1: Carasso, Determining surface temperatures from interior
    observations, SIAM J. Appl. Math. 42 (1982) 558-574. A Volterra equation: k(t) = 0 for t ≤ 0.
    """
    ends = [b for _, b in cells(0, 1, m)]
    lags = {s - t for s in ends for t in middles(Fraction(0), Fraction(1), n)}
    kernel = {lag: _heat_kernel(lag) / n if lag > 0 else Fraction(0) for lag in sorted(lags)}
    return [[kernel[s - t] for t in middles(Fraction(0), Fraction(1), n)] for s in ends]


def _heat_kernel(t: Fraction) -> Fraction:
    return exponential(-1 / (4 * t)) * root(1 / (4 * pi() * t**3))


def heat_solution(n: int) -> list[Fraction]:
    """Return a rise, a hump and a decay over the first half of [0, 1], and then nothing."""
    return [_heat_source(Fraction(20 * i, n)) if 2 * i <= n else Fraction(0) for i in range(1, n + 1)]


def _heat_source(t: Fraction) -> Fraction:
    if t < 2:
        return Fraction(3, 16) * t**2
    if t < 3:
        return Fraction(3, 4) + (t - 2) * (3 - t)
    return Fraction(3, 4) * exponential(-2 * (t - 3))


EQUATIONS: Mapping[str, tuple[Callable[[int, int], Rows], Callable[[int], list[Fraction]]]] = {
    "phillips": (phillips, phillips_solution),
    "shaw": (shaw, shaw_solution),
    "heat": (heat, heat_solution),
    "deriv2": (deriv2, deriv2_solution),
    "foxgood": (foxgood, foxgood_solution),
    "gravity": (gravity, gravity_solution),
    "wing": (wing, wing_solution),
    "baart": (baart, baart_solution),
}
"""The matrix and the solution of each."""


def build(dtype: Precision, *, equation: str, m: int, n: int, noise: float, seed: int) -> tuple[Array, Array]:
    """Build A (m×n, m = n or 2n) and b = Ax + e (m) with ‖e‖ = noise·‖Ax‖; raises ValueError for bad parameters."""
    _check(equation, m, n, noise, seed)
    matrix, solution = EQUATIONS[equation]
    A = rounded_array(matrix(m, n), dtype)
    noisy = dyadic(Stream("integral", equation, m, n, seed).bell(m).tolist())
    return A, rounded_array(moved(image(A, solution(n)), noisy, noise), dtype)


def _check(equation: str, m: int, n: int, noise: float, seed: int) -> None:
    one_of("equation", equation, list(EQUATIONS))
    whole("n", n, 1, MAX_COLUMNS)
    whole("m", m, n, 2 * n)
    accepted = [count for count in (n, 2 * n) if _held(equation, count, n)]
    if m not in accepted:
        raise ValueError(f"m is {m}; with equation={equation} and n={n} accepted is {' or '.join(map(str, accepted))}.")
    ratio("noise", noise, MAX_NOISE)
    whole("seed", seed, 0, MAX_SEED)


def _held(equation: str, m: int, n: int) -> bool:
    """Whether solutions fit into the range of float32."""
    return (equation, m) != ("heat", n) or n <= MAX_SQUARE_HEAT


SQUARE = ((16, 16), (30, 30))
TALL = ((16, 8), (30, 15))
NOISES = (0.0, 2.0**-10)
"""None, and about a thousandth, Hansen's usual one."""
FIRST = ("phillips", "shaw", "heat")
FURTHER = tuple(equation for equation in EQUATIONS if equation not in FIRST)
"""With fewer problems than the first: they differ in how fast singular values fall."""


def _quick(_dtype: Precision) -> Grid:
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
        held = [(m, n) for m, n in shapes if _held(equation, m, n)]
        for named in crossed(held, noise=noises, seed=seeds):
            yield {"equation": equation, **named}


grid = by_profile(_quick, _standard, _full)


@searched
def strategy(draw: Draw, _dtype: Precision) -> Params:
    """Up to 48 rows and 24 columns; the simplest is a single cell of phillips, without noise."""
    equation = draw.one_of(list(EQUATIONS))
    n, times = draw.whole(1, 24), draw.whole(1, 2)
    return {
        "equation": equation,
        "m": times * n if _held(equation, times * n, n) else 2 * n,
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
