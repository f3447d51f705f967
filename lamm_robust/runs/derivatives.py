"""The grid of the profile `derivatives`: what makes a derivative hard, at few shapes, for each of which JAX compiles.

Most of it are axes of x, too: κ, the size of the residual, shape, rank. Equal singular values are not: they are easy to
solve with, and a derivative of an SVD divides by their differences.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lamm_robust.keys import parse_key
from lamm_robust.values import Precision, ProblemKey

SHAPES = ((8, 4), (4, 4), (4, 8))
"""(m, n): tall, square and wide."""

EXPONENTS: dict[Precision, tuple[int, ...]] = {"float32": (0, 1, 2, 3, 4, 5), "float64": (0, 2, 4, 6, 8, 10, 12)}
"""log₁₀ κ at full rank, up to what the precision resolves."""

DEFICIENT: dict[Precision, tuple[int, ...]] = {"float32": (0, 4, 8), "float64": (0, 4, 16)}
"""log₂ κ at deficient rank; for 0 all singular values but the zeros are equal, exactly."""


def derivatives_grid(precision: Precision) -> list[ProblemKey]:
    """The keys of the problems at which solvers are differentiated in a precision; ValueError if it is complex."""
    if precision not in EXPONENTS:
        raise ValueError(f"derivatives are not proved in {precision}; accepted are {' and '.join(EXPONENTS)}")
    return [parse_key(f"{text} dtype={precision}") for text in _texts(precision)]


def _texts(precision: Precision) -> Iterator[str]:
    for m, n in SHAPES:
        size = f"m={m} n={n}"
        for exponent in EXPONENTS[precision]:
            for residual in (0.0, 1.0) if m > n else (0.0,):
                how = f"mode=geometric log10_cond={exponent} residual={residual}"
                yield f"spectrum {size} {how} direction=random seed=0"
        for rank in (4, 2, 1):
            residual = 0.5 if rank < m else 0.0
            for log2_cond in DEFICIENT[precision] if rank == 2 else (0,):
                yield f"exact_rank {size} rank={rank} log2_cond={log2_cond} residual={residual} seed=0"
        yield f"degenerate {size} matrix=zero target=orthogonal seed=0"
        yield f"degenerate {size} matrix=column target=general seed=0"
        yield f"raw A={_rows(m, n, lambda i, j: int(i == j))} b={_whole(m)}"
        yield f"raw A={_rows(m, n, lambda *_: 1)} b={_whole(m)}"


def _rows(m: int, n: int, entry: Any) -> str:
    return ";".join(",".join(str(entry(i, j)) for j in range(n)) for i in range(m))


def _whole(m: int) -> str:
    return ",".join(map(str, range(1, m + 1)))
