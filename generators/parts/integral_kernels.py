"""Kernels and solutions of the integral equations of the family `integral`, to about 120 bits.

Hansen, Regularization Tools, Numer. Algorithms 6 (1994) 1-35, and version 4.0 for Matlab 7.3, Numer. Algorithms 46
(2007) 189-194: for m = n, matrices and solutions are his. `phillips` and `deriv2` are discretised by Galerkin's method
with boxes, `baart` so in one direction, and the others at points. A kernel is a function of m and n and returns the
m×n matrix; a solution is a function of n and returns the n unknowns. Both are rationals, to be rounded once.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import pairwise

from lamm_robust.generators.parts.elementary import cos_sin_pi, exponential, pi, root

Rows = list[list[Fraction]]


def cells(start: int, length: int, count: int) -> list[tuple[Fraction, Fraction]]:
    """Return the two ends of each of ``count`` equal cells of an interval."""
    edges = [start + Fraction(length * i, count) for i in range(count + 1)]
    return list(pairwise(edges))


def middles(start: Fraction, length: Fraction, count: int) -> list[Fraction]:
    """Return the midpoints of ``count`` equal cells of an interval."""
    return [start + length * Fraction(2 * i + 1, 2 * count) for i in range(count)]


def _places(count: int) -> list[Fraction]:
    return middles(Fraction(0), Fraction(1), count)


def _at_midpoints(m: int, n: int, kernel: Callable[[Fraction, Fraction], Fraction]) -> Rows:
    return [[kernel(s, t) / n for t in _places(n)] for s in _places(m)]


def _galerkin(start: int, length: int, m: int, n: int, F: Callable[[Fraction, Fraction], Fraction]) -> Rows:
    """Return the m×n integrals of ∂²F/∂s∂t over pairs of cells of an interval, each over √(product of lengths)."""
    scale, columns = root(Fraction(m * n, length**2)), cells(start, length, n)
    return [[scale * (F(b, d) - F(a, d) - F(b, c) + F(a, c)) for c, d in columns] for a, b in cells(start, length, m)]


def phillips(m: int, n: int) -> Rows:
    """Return ∫∫ φ(s − t) / √(cell lengths) over pairs of cells of [−6, 6]: φ(x) = 1 + cos(πx/3) for |x| < 3, else 0.

    Phillips, A technique for the numerical solution of certain integral equations of the first kind, J. ACM 9 (1962)
    84-97. With Φ'' = φ, the second derivative of −Φ(s − t) in s and t is φ(s − t). Φ is linear from 3 on, and what
    cancels there cancels in rationals.
    """
    return _galerkin(-6, 12, m, n, lambda s, t: -_twice_integrated(abs(s - t)))


@cache
def _twice_integrated(x: Fraction) -> Fraction:
    """Return Φ(x) of `phillips` for x ≥ 0: x²/2 − (9/π²) cos(πx/3), and from 3 on a line of slope 3."""
    inside = min(x, Fraction(3))
    return inside**2 / 2 - 9 / pi() ** 2 * cos_sin_pi(inside / 3)[0] + 3 * (x - inside)


def phillips_solution(n: int) -> list[Fraction]:
    """Return n coefficients of the solution φ of `phillips`: ∫φ over each cell of [−6, 6] / √(cell length)."""
    scale = root(Fraction(n, 12))
    return [scale * (_once_integrated(b) - _once_integrated(a)) for a, b in cells(-6, 12, n)]


def _once_integrated(x: Fraction) -> Fraction:
    """Return Φ'(x), the integral of φ: x + (3/π) sin(πx/3), and constant beyond ±3."""
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
    """Return the solution of `shaw`: 2 exp(−6 (t − 0.8)²) + exp(−2 (t + 0.5)²) at the midpoints."""
    places = [pi() * t for t in middles(Fraction(-1, 2), Fraction(1), n)]
    first = [exponential(-6 * (t - Fraction(4, 5)) ** 2) for t in places]
    second = [exponential(-2 * (t + Fraction(1, 2)) ** 2) for t in places]
    return [2 * one + other for one, other in zip(first, second, strict=True)]


def heat(m: int, n: int) -> Rows:
    """Return h k(s − t), at the right ends s and the midpoints t of cells of [0, 1]; k(t) = t^(−3/2) e^(−1/4t)/(2√π).

    The inverse heat equation with Hansen's κ = 1: Carasso, Determining surface temperatures from interior
    observations, SIAM J. Appl. Math. 42 (1982) 558-574. A Volterra equation: k(t) = 0 for t ≤ 0.
    """
    return [[_heat_kernel(s - t) / n for t in _places(n)] for _, s in cells(0, 1, m)]


@cache
def _heat_kernel(t: Fraction) -> Fraction:
    return exponential(-1 / (4 * t)) * root(1 / (4 * pi() * t**3)) if t > 0 else Fraction(0)


def heat_solution(n: int) -> list[Fraction]:
    """Return the solution of `heat`: a rise, a hump and a decay over the first half of [0, 1], and then 0."""
    return [_heat_source(Fraction(20 * i, n)) if 2 * i <= n else Fraction(0) for i in range(1, n + 1)]


def _heat_source(t: Fraction) -> Fraction:
    if t < 2:
        return Fraction(3, 16) * t**2
    if t < 3:
        return Fraction(3, 4) + (t - 2) * (3 - t)
    return Fraction(3, 4) * exponential(-2 * (t - 3))


def deriv2(m: int, n: int) -> Rows:
    """Return ∫∫ K / √(cell lengths) over pairs of cells of [0, 1], for K the Green's function of the second derivative.

    K(s, t) = s(t − 1) for s < t and t(s − 1) otherwise, which is st − min(s, t); rational if m = n. Delves and
    Mohamed, Computational Methods for Integral Equations, 1985, p. 310. Mildly ill-posed: σ_k is about 1/(kπ)².
    """
    return _galerkin(0, 1, m, n, lambda s, t: (s * t) ** 2 / 4 - _integrated_minimum(s, t))


def _integrated_minimum(x: Fraction, y: Fraction) -> Fraction:
    """Return the integral of min(s, t) over 0 ≤ s ≤ x and 0 ≤ t ≤ y, a part of `deriv2`."""
    low, high = min(x, y), max(x, y)
    return low**2 * high / 2 - low**3 / 6


def deriv2_solution(n: int) -> list[Fraction]:
    """Return n coefficients of the solution t of `deriv2` (Hansen's example 1): ∫t over each cell / √(cell length)."""
    scale = root(Fraction(1, n))
    return [scale * t for t in _places(n)]


def foxgood(m: int, n: int) -> Rows:
    """Return h √(s² + t²) at midpoints of [0, 1]: the equation of Fox and Goodwin, severely ill-posed.

    Baker, The Numerical Treatment of Integral Equations, 1977, p. 665.
    """
    return _at_midpoints(m, n, lambda s, t: root(s**2 + t**2))


def foxgood_solution(n: int) -> list[Fraction]:
    """Return the solution of `foxgood`: t at the midpoints."""
    return _places(n)


def gravity(m: int, n: int) -> Rows:
    """Return h d/(d² + (s − t)²)^(3/2) at midpoints of [0, 1]: the pull at the surface of a mass at depth d = ¼.

    Wing and Zahrt, A Primer on Integral Equations of the First Kind, 1991, p. 17.
    """
    depth = Fraction(1, 4)
    return _at_midpoints(m, n, lambda s, t: depth * root(1 / (depth**2 + (s - t) ** 2) ** 3))


def gravity_solution(n: int) -> list[Fraction]:
    """Return the solution of `gravity`: sin(πt) + sin(2πt)/2 at the midpoints."""
    return [cos_sin_pi(t)[1] + cos_sin_pi(2 * t)[1] / 2 for t in _places(n)]


def wing(m: int, n: int) -> Rows:
    """Return h t exp(−s t²) at midpoints of [0, 1]: severely ill-posed. Wing and Zahrt, 1991 (see gravity), p. 109."""
    return _at_midpoints(m, n, lambda s, t: t * exponential(-s * t**2))


def wing_solution(n: int) -> list[Fraction]:
    """Return the solution of `wing`: √h at the midpoints in (⅓, ⅔), and 0 elsewhere (everywhere for n = 2)."""
    height = root(Fraction(1, n))
    return [height if 1 < 3 * t < 2 else Fraction(0) for t in _places(n)]


def baart(m: int, n: int) -> Rows:
    """Return ∫∫ exp(s cos t) / √(cell lengths) over pairs of cells of [0, π/2] and [0, π]: severely ill-posed.

    The integral over t is by Simpson's rule, as in Hansen's. Baart, The use of auto-correlation for pseudo-rank
    determination in noisy ill-conditioned linear least-squares problems, IMA J. Numer. Anal. 2 (1982) 241-247.
    """
    scale = root(Fraction(2 * m, n)) / 6
    cosines = [cos_sin_pi(Fraction(i, 2 * n))[0] for i in range(2 * n + 1)]

    def row(a: Fraction, b: Fraction) -> list[Fraction]:
        inner = [(exponential(b * c) - exponential(a * c)) / c if c else b - a for c in cosines]
        return [scale * (inner[2 * j] + 4 * inner[2 * j + 1] + inner[2 * j + 2]) for j in range(n)]

    return [row(a * pi() / 2, b * pi() / 2) for a, b in cells(0, 1, m)]


def baart_solution(n: int) -> list[Fraction]:
    """Return n coefficients of the solution sin t of `baart`: ∫sin t over each cell of [0, π] / √(cell length)."""
    scale = root(n / pi())
    return [scale * (cos_sin_pi(a)[0] - cos_sin_pi(b)[0]) for a, b in cells(0, 1, n)]
