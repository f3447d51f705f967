"""Problems that are hard to certify, drawn at random: every family, rank deficiency, scale and conditioning there
is."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from lamm_robust import catalog
from lamm_robust.oracles import stored
from lamm_robust.runs.plan import grid
from lamm_robust.values import PRECISIONS, Array, Certificate, Precision

Draw = tuple[Array, Array]
Generator = np.random.Generator

LARGEST = {"float32": 127, "float64": 1023}
SMALLEST = {"float32": -149, "float64": -1074}
"""Exponents of the largest power of two and of the smallest, which is subnormal (IEEE 754)."""


def hard(seed: int) -> tuple[str, Array, Array]:
    """The kind of a problem, in words, A and b: the same for one seed everywhere."""
    generator = np.random.default_rng(seed)
    kind = list(KINDS)[seed % len(KINDS)]
    precision = PRECISIONS[int(generator.integers(2))]
    with np.errstate(over="ignore", under="ignore"):
        A, b = (array.astype(precision) for array in KINDS[kind](generator, precision))
    largest = np.finfo(precision).max
    return f"{kind}, {precision}", np.clip(A, -largest, largest), np.clip(b, -largest, largest)


def shape(generator: Generator) -> tuple[int, int]:
    """Rows and columns: mostly tall, never large."""
    m, n = (int(size) for size in generator.integers(1, 13, 2))
    return (m, n) if generator.random() < 0.3 else (max(m, n), min(m, n))


def target(generator: Generator, A: Array) -> Array:
    """Consistent, nearly, not at all, orthogonal up to rounding, or zero; one right-hand side or some."""
    k = int(generator.integers(1, 4))
    b = A.astype(np.float64) @ generator.standard_normal((A.shape[1], k))
    kind = generator.integers(5)
    noise = generator.standard_normal(b.shape) * (np.abs(b).max(initial=0) or 1)
    if kind == 1:
        b = b + noise * 10.0 ** generator.uniform(-17, 0)
    elif kind == 2:
        b = noise
    elif kind == 3:
        Q = np.linalg.qr(np.where(np.isfinite(A), A, 0).astype(np.float64))[0]
        b = noise - Q @ (Q.T @ noise)
    elif kind == 4:
        b = b * (generator.random(k) < 0.5)
    return np.asarray(b if k > 1 else b[:, 0])


def conditioned(generator: Generator, beyond: float = 19.0) -> Array:
    """Singular values from 1 to 10^-beyond at most, spread or in two clusters."""
    m, n = shape(generator)
    p = min(m, n)
    U, _ = np.linalg.qr(generator.standard_normal((m, p)))
    V, _ = np.linalg.qr(generator.standard_normal((n, p)))
    exponents = np.linspace(0, -generator.uniform(0, beyond), p)
    if generator.random() < 0.3:
        exponents = np.where(np.arange(p) < generator.integers(1, p + 1), exponents[0], exponents[-1])
    return np.asarray((U * 10.0**exponents) @ V.T)


def deficient(generator: Generator) -> Array:
    """Integers of a rank below full, exactly."""
    m, n = shape(generator)
    rank = int(generator.integers(0, min(m, n) + 1))
    return np.asarray(generator.integers(-9, 10, (m, rank)) @ generator.integers(-9, 10, (rank, n)), dtype=np.float64)


def last_bit(generator: Generator, precision: Precision) -> Array:
    """Deficient but for the last bit of one entry."""
    A = np.array(deficient(generator) / 8, dtype=precision)
    at = tuple(generator.integers(A.shape))
    A[at] = np.nextafter(A[at], np.asarray(2, dtype=precision))
    return A


def sparse(generator: Generator) -> Array:
    """Many entries are zero, and now and then a row, a column or all of them."""
    A = conditioned(generator, 8.0)
    return np.asarray(A * (generator.random(A.shape) < generator.uniform(0.2, 0.9)))


def deficient_in_units(generator: Generator) -> Array:
    """The same in rows of units of their own, over a wide range, and often with a column of zeros."""
    A = deficient(generator)
    A[:, 0] *= generator.integers(2)
    spread = int(generator.choice([3, 20, 100]))
    return np.asarray(A * 2.0 ** generator.integers(-spread, spread // 3, (len(A), 1)))


def with_target(make: Callable[[Generator, Precision], Array]) -> Callable[[Generator, Precision], Draw]:
    """Draws of A, and of b for it after it was rounded."""

    def draw(generator: Generator, precision: Precision) -> Draw:
        A = np.asarray(make(generator, precision), dtype=precision)
        return A, target(generator, A)

    return draw


def scaled_lines(generator: Generator, precision: Precision) -> Draw:
    """Rows or columns in units of their own, over much or little of the range."""
    A = conditioned(generator, 6.0)
    spread = generator.choice([3, 30, 120 if precision == "float32" else 900])
    axis = int(generator.integers(2))
    powers = 2.0 ** generator.integers(-spread, spread // 3, (A.shape[0], 1) if axis else (1, A.shape[1]))
    A = (A * powers).astype(precision)
    b = target(generator, np.asarray(A / np.abs(A).max()))
    return A, b


def at_the_edge(generator: Generator, precision: Precision) -> Draw:
    """Multiplied so that the largest entries nearly overflow, or the smallest are subnormal; b the same or the other
    way."""
    A = conditioned(generator, 8.0)
    b = target(generator, A)
    edges = (LARGEST[precision] - 4, SMALLEST[precision] + int(generator.integers(2, 60)))
    a, c = (int(generator.choice(edges)) for _ in range(2))
    return np.ldexp(A, a), np.ldexp(b, c)


def of_a_family(generator: Generator, precision: Precision) -> Draw:
    """A problem of the small grids that is not too large for exact arithmetic to be quick."""
    keys = list(grid("small", precision, [f.name for f in catalog.FAMILIES.values() if f.defined]))
    for index in generator.permutation(len(keys)):
        problem = catalog.build_problem(keys[index])
        if problem.A.size <= 700:
            return problem.A, problem.b
    raise AssertionError("every family has small problems")


KINDS: dict[str, Callable[[Generator, Precision], Draw]] = {
    "κ up to 1e6": with_target(lambda generator, _: conditioned(generator, 6.0)),
    "κ up to 1e19": with_target(lambda generator, _: conditioned(generator)),
    "deficient": with_target(lambda generator, _: deficient(generator)),
    "deficient but for one bit": with_target(last_bit),
    "deficient, badly scaled": with_target(lambda generator, _: deficient_in_units(generator)),
    "badly scaled": scaled_lines,
    "at the edge of the range": at_the_edge,
    "of a family": of_a_family,
    "sparse": with_target(lambda generator, _: sparse(generator)),
}


def why_false(found: Certificate, exact: Certificate) -> str:
    """What a certificate says that is not so; empty if it holds all of the exact answer."""
    if found.rank != exact.rank:
        return f"rank {found.rank}, not {exact.rank}"
    error = sum(((p - q) ** 2 for p, q in zip(stored(found).flat, stored(exact).flat, strict=True)), Fraction(0))
    if error > (found.x_radius + exact.x_radius) ** 2:
        return "x is outside its radius"
    pairs = {
        "σ₁": (found.sigma_max, exact.sigma_max),
        "σ_r": (found.sigma_min, exact.sigma_min),
        **{f"‖r‖ {j}": pair for j, pair in enumerate(zip(found.residual_norm, exact.residual_norm, strict=True))},
    }
    wrong = [name for name, (a, b) in pairs.items() if abs(a.mid - b.mid) > a.radius + b.radius]
    return ", ".join(wrong)
