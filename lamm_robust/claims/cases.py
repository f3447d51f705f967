"""The problems on which claims about accuracy are measured, and the scores of solvers at them.

Most are of the family `spectrum`: 30×10 with geometric singular values, one for each decade of κ and each seed. A
residual of 1 is as long as Ax; the solution has length 1. `DEFICIENT` are of exactly known rank.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from lamm_robust.claims.finding import Cell, Spread, Table, spread
from lamm_robust.claims.lab import Lab
from lamm_robust.scoring.limits import threshold
from lamm_robust.values import Precision, Record

SEEDS = (0, 1, 2, 3, 4)
DECADES = tuple(range(1, 15))
"""The powers of ten of κ; in float64, 1/u is 10¹⁶."""
M, N = 30, 10
STABLE = threshold(M, N)
"""The Wedin bounds, or multiples of u‖A‖_F, up to which an error counts as rounding (see `verdicts`)."""
WITHIN = 10.0
"""The factor within which orders of magnitude count as equal, since bounds also depend on n and the spectrum."""

Column = tuple[str, float]
"""(solver, ‖r★‖/‖Ax★‖)."""

DEFICIENT = [
    f"exact_rank m={m} n={n} rank={rank} log2_cond={log2_cond} residual={residual} seed={seed}"
    for m, n, rank in ((16, 9, 4), (16, 9, 8), (30, 10, 5), (30, 10, 9))
    for log2_cond, residual in ((0, 1.0), (8, 2.0**-8))
    for seed in (0, 1)
]
"""Keys, without the precision, of problems with m > n that are exactly rank-deficient in both precisions."""


def key(log10_cond: float, residual: float, seed: int, precision: Precision = "float64") -> str:
    """The key of a problem of the family `spectrum`."""
    params = f"m={M} n={N} mode=geometric log10_cond={log10_cond} residual={residual} direction=random seed={seed}"
    return f"spectrum {params} dtype={precision}"


def case(solver: str, log10_cond: float, residual: float, seed: int, precision: Precision = "float64") -> str:
    """The key of a solver's attempt at the problem of `key`, on the CPU."""
    return f"{key(log10_cond, residual, seed, precision)} @ {solver}-{precision}-cpu"


def records(
    lab: Lab, solver: str, log10_cond: float, residual: float, precision: Precision = "float64"
) -> list[Record]:
    """The records of a solver at the problems of `key`, one for each seed."""
    return [lab.record(case(solver, log10_cond, residual, seed, precision)) for seed in SEEDS]


def deficient_records(lab: Lab, solver: str, precision: Precision = "float64") -> list[Record]:
    """The records of a solver at every problem of `DEFICIENT`."""
    return [lab.record(f"{key} dtype={precision} @ {solver}-{precision}-cpu") for key in DEFICIENT]


def score_spread(found: Iterable[Record], metric: str) -> Spread:
    """The spread of a score over records; ∞ counts where there was no finite answer."""
    return spread(record.scores.get(metric, math.inf) for record in found)


def by_kappa(
    lab: Lab, columns: Sequence[Column], metric: str, decades: Sequence[float] = DECADES
) -> dict[Column, list[Spread]]:
    """The spread of a score for each κ, of each solver at each residual, in float64."""
    return {
        column: [score_spread(records(lab, column[0], k, column[1]), metric) for k in decades] for column in columns
    }


def kappa_table(columns: Mapping[Column, list[Spread]], unit: str, decades: Sequence[float] = DECADES) -> Table:
    """A table with a row for each κ and a column for each solver and residual."""
    header = ("κ", *(f"{solver}, residual {residual:g} ({unit})" for solver, residual in columns))
    rows: list[tuple[Cell, ...]] = [
        (10.0**k, *(values[i] for values in columns.values())) for i, k in enumerate(decades)
    ]
    return Table(header, rows)


def last_good(spreads: Sequence[Spread], limit: float, decades: Sequence[float] = DECADES) -> float:
    """The largest κ up to which the scores of all seeds stay within the limit; 0 if there is none."""
    kappa = 0.0
    for k, value in zip(decades, spreads, strict=True):
        if not value.high <= limit:
            break
        kappa = 10.0**k
    return kappa
