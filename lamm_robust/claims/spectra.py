"""Problems for every κ, and scores over seeds: what the claims about accuracy are measured on.

The problems are those of the family `spectrum`: 30×10 with geometric singular values, one for each decade of κ and each
seed. A residual of 1 is as long as Ax; the solution has length 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from lamm_robust.claims.finding import Cell, Spread, Table, spread
from lamm_robust.claims.lab import Lab
from lamm_robust.scoring.verdicts import threshold
from lamm_robust.values import Precision, Record

SEEDS = (0, 1, 2, 3, 4)
DECADES = tuple(range(1, 15))
"""Of κ: in float64, 1/u is 10¹⁶."""
M, N = 30, 10
STABLE = threshold(M, N)
"""Wedin bounds, or u‖A‖_F, up to which an error counts as rounding (see `verdicts`)."""
WITHIN = 10.0
"""Bounds are of order: n and the spectrum enter by a factor of this size."""

Column = tuple[str, float]
"""A solver, and a residual."""


def key(log10_cond: float, residual: float, seed: int, precision: Precision = "float64") -> str:
    """The key of a problem."""
    params = f"m={M} n={N} mode=geometric log10_cond={log10_cond} residual={residual} direction=random seed={seed}"
    return f"spectrum {params} dtype={precision}"


def case(solver: str, log10_cond: float, residual: float, seed: int, precision: Precision = "float64") -> str:
    """The key of an attempt on the CPU."""
    return f"{key(log10_cond, residual, seed, precision)} @ {solver}-{precision}-cpu"


def records(
    lab: Lab, solver: str, log10_cond: float, residual: float, precision: Precision = "float64"
) -> list[Record]:
    """One for each seed."""
    return [lab.record(case(solver, log10_cond, residual, seed, precision)) for seed in SEEDS]


def scores(found: Iterable[Record], metric: str) -> Spread:
    """A score over the seeds; ∞ where there was no finite answer."""
    return spread(record.scores.get(metric, math.inf) for record in found)


def by_kappa(
    lab: Lab, columns: Sequence[Column], metric: str, decades: Sequence[float] = DECADES
) -> dict[Column, list[Spread]]:
    """A score for each κ, of each solver at each residual, in float64."""
    return {column: [scores(records(lab, column[0], k, column[1]), metric) for k in decades] for column in columns}


def kappa_table(columns: Mapping[Column, list[Spread]], unit: str, decades: Sequence[float] = DECADES) -> Table:
    """κ down, solvers and residuals across."""
    header = ("κ", *(f"{solver}, residual {residual:g} ({unit})" for solver, residual in columns))
    rows: list[tuple[Cell, ...]] = [
        (10.0**k, *(values[i] for values in columns.values())) for i, k in enumerate(decades)
    ]
    return Table(header, rows)


def last_good(spreads: Sequence[Spread], limit: float, decades: Sequence[float] = DECADES) -> float:
    """The largest κ up to which every seed stays within the limit; 0 if the first does not."""
    kappa = 0.0
    for k, value in zip(decades, spreads, strict=True):
        if not value.high <= limit:
            break
        kappa = 10.0**k
    return kappa
