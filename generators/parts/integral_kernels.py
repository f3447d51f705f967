"""Further kernels for `integral`, with Hansen's matrices and solutions for m = n.

Hansen, Regularization Tools, Numer. Algorithms 6 (1994) 1-35, and version 4.0 for Matlab 7.3, Numer. Algorithms 46
(2007) 189-194. By Galerkin's method with boxes: `deriv2`, and `baart` in one direction; at midpoints: the others.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

from lamm_robust.generators.parts.elementary import cos_sin_pi, exponential, pi, root

Rows = list[list[Fraction]]


def cells(start: int, length: int, count: int) -> list[tuple[Fraction, Fraction]]:
    """Return the ends of ``count`` equal cells of an interval."""
    edges = [start + Fraction(length * i, count) for i in range(count + 1)]
    return list(pairwise(edges))


def middles(start: Fraction, length: Fraction, count: int) -> list[Fraction]:
    """Return the midpoints of ``count`` equal cells of an interval."""
    return [start + length * Fraction(2 * i + 1, 2 * count) for i in range(count)]


def _places(count: int) -> list[Fraction]:
    return middles(Fraction(0), Fraction(1), count)


def _at_midpoints(m: int, n: int, kernel: Callable[[Fraction, Fraction], Fraction]) -> Rows:
    return [[kernel(s, t) / n for t in _places(n)] for s in _places(m)]


def deriv2(m: int, n: int) -> Rows:
    """Return ∫∫ K over pairs of cells of [0, 1], over √(their lengths), for the second derivative's Green's function.

    K(s, t) = s(t − 1) for s < t and t(s − 1) otherwise, which is st − min(s, t); rational if m = n. Delves and
    Mohamed, Computational Methods for Integral Equations, 1985, p. 310. Mild: singular values are about 1/(kπ)².
    """
    scale = root(Fraction(m * n))

    def entry(row: tuple[Fraction, Fraction], column: tuple[Fraction, Fraction]) -> Fraction:
        (a, b), (c, d) = row, column
        products = (b**2 - a**2) * (d**2 - c**2) / 4
        return scale * (products - _smaller(b, d) + _smaller(a, d) + _smaller(b, c) - _smaller(a, c))

    return [[entry(row, column) for column in cells(0, 1, n)] for row in cells(0, 1, m)]


def _smaller(x: Fraction, y: Fraction) -> Fraction:
    """Return the integral of min(s, t) over 0 ≤ s ≤ x and 0 ≤ t ≤ y."""
    low, high = min(x, y), max(x, y)
    return low**2 * high / 2 - low**3 / 6


def deriv2_solution(n: int) -> list[Fraction]:
    """Return ∫t over each cell, over √(its length): Hansen's first example."""
    scale = root(Fraction(1, n))
    return [scale * t for t in _places(n)]


def foxgood(m: int, n: int) -> Rows:
    """Return h √(s² + t²) at midpoints of [0, 1]: the equation of Fox and Goodwin, severe.

    Baker, The Numerical Treatment of Integral Equations, 1977, p. 665.
    """
    return _at_midpoints(m, n, lambda s, t: root(s**2 + t**2))


def foxgood_solution(n: int) -> list[Fraction]:
    """Return t at the midpoints."""
    return _places(n)


def gravity(m: int, n: int) -> Rows:
    """Return h d/(d² + (s − t)²)^(3/2) at midpoints of [0, 1]: what a mass at depth d = ¼ is felt as at the surface.

    Wing and Zahrt, A Primer on Integral Equations of the First Kind, 1991, p. 17.
    """
    depth = Fraction(1, 4)
    return _at_midpoints(m, n, lambda s, t: depth * root(1 / (depth**2 + (s - t) ** 2) ** 3))


def gravity_solution(n: int) -> list[Fraction]:
    """Return sin(πt) + sin(2πt)/2 at the midpoints."""
    return [cos_sin_pi(t)[1] + cos_sin_pi(2 * t)[1] / 2 for t in _places(n)]


def wing(m: int, n: int) -> Rows:
    """Return h t exp(−s t²) at midpoints of [0, 1]: severe. Wing and Zahrt, 1991 (see gravity), p. 109."""
    return _at_midpoints(m, n, lambda s, t: t * exponential(-s * t**2))


def wing_solution(n: int) -> list[Fraction]:
    """Return √h at the midpoints in (⅓, ⅔), and 0 elsewhere: all zeros for n = 2."""
    height = root(Fraction(1, n))
    return [height if 1 < 3 * t < 2 else Fraction(0) for t in _places(n)]


def baart(m: int, n: int) -> Rows:
    """Return ∫∫ exp(s cos t) over pairs of cells of [0, π/2] and [0, π], over √(their lengths): severe.

    The integral over t is Simpson's rule, as Hansen's. Baart, The use of auto-correlation for pseudo-rank determination
    in noisy ill-conditioned linear least-squares problems, IMA J. Numer. Anal. 2 (1982) 241-247.
    """
    scale = root(Fraction(2 * m, n)) / 6
    cosines = [cos_sin_pi(Fraction(i, 2 * n))[0] for i in range(2 * n + 1)]

    def row(a: Fraction, b: Fraction) -> list[Fraction]:
        inner = [(exponential(b * c) - exponential(a * c)) / c if c else b - a for c in cosines]
        return [scale * (inner[2 * j] + 4 * inner[2 * j + 1] + inner[2 * j + 2]) for j in range(n)]

    return [row(a * pi() / 2, b * pi() / 2) for a, b in cells(0, 1, m)]


def baart_solution(n: int) -> list[Fraction]:
    """Return ∫sin over each cell of [0, π], over √(its length)."""
    scale = root(n / pi())
    return [scale * (cos_sin_pi(a)[0] - cos_sin_pi(b)[0]) for a, b in cells(0, 1, n)]
