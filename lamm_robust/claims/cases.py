"""The problems on which claims about accuracy are measured, and the scores of solvers at them.

Most are of the family `spectrum`: 30×10 of several spectra, one problem for each spectrum, decade of κ and seed of the
`Lab`. A residual of 1 is as long as Ax; the solution has length 1. `deficient_keys` are of exactly known rank.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from lamm_robust.claims.finding import Cell, Spread, Table, spread
from lamm_robust.claims.lab import SPECTRA, Lab
from lamm_robust.scoring.limits import threshold
from lamm_robust.text import number
from lamm_robust.values import Precision, Record

DECADES = tuple(range(1, 15))
"""The powers of ten of κ; in float64, 1/u is 10¹⁶."""
M, N = 30, 10
STABLE = threshold("float64", M, N)
"""The Wedin bounds, or multiples of u‖A‖_F, up to which an error counts as rounding (see `verdicts`)."""
WITHIN = 10.0
"""The factor within which orders of magnitude count as equal, since bounds also depend on n and the spectrum."""
WHERE = "30×10 problems of three spectra (even steps of log σ; one large σ; one small σ) and 20 seeds"
"""The problems of `keys` in words."""

Column = tuple[str, float]
"""(solver, ‖r★‖/‖Ax★‖)."""


def deficient_keys(lab: Lab) -> list[str]:
    """Keys, without the precision, of problems with m > n that are exactly rank-deficient in both precisions."""
    return [
        f"exact_rank m={m} n={n} rank={rank} log2_cond={log2_cond} residual={residual} seed={seed}"
        for m, n, rank in ((16, 9, 4), (16, 9, 8), (30, 10, 5), (30, 10, 9))
        for log2_cond, residual in ((0, 1.0), (8, 2.0**-8))
        for seed in range(lab.seeds)
    ]


def key(
    log10_cond: float, residual: float, seed: int = 0, precision: Precision = "float64", mode: str = SPECTRA[0]
) -> str:
    """The key of a problem of the family `spectrum`."""
    params = f"m={M} n={N} mode={mode} log10_cond={log10_cond} residual={residual} direction=random seed={seed}"
    return f"spectrum {params} dtype={precision}"


def keys(
    lab: Lab,
    log10_cond: float,
    residual: float,
    precision: Precision = "float64",
    spectra: Sequence[str] | None = None,
) -> list[str]:
    """The keys of the problems of every spectrum (or of those named) and seed."""
    modes = lab.spectra if spectra is None else spectra
    return [key(log10_cond, residual, seed, precision, mode) for mode in modes for seed in range(lab.seeds)]


def case(
    solver: str,
    log10_cond: float,
    residual: float,
    seed: int = 0,
    precision: Precision = "float64",
    mode: str = SPECTRA[0],
) -> str:
    """The key of a solver's attempt at the problem of `key`, on the CPU."""
    return f"{key(log10_cond, residual, seed, precision, mode)} @ {solver}-{precision}-cpu"


def records(
    lab: Lab,
    solver: str,
    log10_cond: float,
    residual: float,
    precision: Precision = "float64",
    spectra: Sequence[str] | None = None,
) -> list[Record]:
    """The records of a solver at the problems of `keys`."""
    found = keys(lab, log10_cond, residual, precision, spectra)
    return [lab.record(f"{key} @ {solver}-{precision}-cpu") for key in found]


def deficient_records(lab: Lab, solver: str, precision: Precision = "float64") -> list[Record]:
    """The records of a solver at every problem of `deficient_keys`."""
    return [lab.record(f"{key} dtype={precision} @ {solver}-{precision}-cpu") for key in deficient_keys(lab)]


def score_spread(found: Iterable[Record], metric: str) -> Spread:
    """The spread of a score over records; ∞ counts where there was no finite answer."""
    return spread(record.scores.get(metric, math.inf) for record in found)


def by_kappa(
    lab: Lab,
    columns: Sequence[Column],
    metric: str,
    decades: Sequence[float] = DECADES,
    precision: Precision = "float64",
    spectra: Sequence[str] | None = None,
) -> dict[Column, list[Spread]]:
    """The spread of a score for each κ, of each solver at each residual."""
    return {
        (solver, r): [score_spread(records(lab, solver, k, r, precision, spectra), metric) for k in decades]
        for solver, r in columns
    }


def kappa_table(columns: Mapping[Column, list[Spread]], unit: str, decades: Sequence[float] = DECADES) -> Table:
    """A table with a row for each κ and a column for each solver and residual."""
    header = ("κ", *(f"{solver}, residual {residual:g} ({unit})" for solver, residual in columns))
    rows: list[tuple[Cell, ...]] = [
        (10.0**k, *(values[i] for values in columns.values())) for i, k in enumerate(decades)
    ]
    return Table(header, rows)


def last_good(spreads: Sequence[Spread], limit: float, decades: Sequence[float] = DECADES) -> float:
    """The largest κ up to which the scores of all problems stay within the limit; 0 if there is none."""
    kappa = 0.0
    for k, value in zip(decades, spreads, strict=True):
        if not value.high <= limit:
            break
        kappa = 10.0**k
    return kappa


def good_by_spectrum(
    lab: Lab, column: Column, metric: str, limit: float, decades: Sequence[float] = DECADES
) -> dict[str, float]:
    """`last_good` of one solver and residual, for each spectrum alone."""
    return {
        mode: last_good(by_kappa(lab, [column], metric, decades, spectra=[mode])[column], limit, decades)
        for mode in lab.spectra
    }


def margin_at(spreads: Sequence[Spread], limit: float, what: str, decades: Sequence[float] = DECADES) -> str:
    """How far the worst scores are from the limit, in words: at the last κ that keeps it, and the next."""
    last = last_good(spreads, limit, decades)
    worst = {10.0**k: value.high for k, value in zip(decades, spreads, strict=True)}
    beyond = next((kappa for kappa in worst if kappa > last), None)
    kept = f"{number(worst[last])} at κ = {number(last)}" if last else ""
    missed = f"{number(worst[beyond])} at κ = {number(beyond)}" if beyond else ""
    return f"the limit is {number(limit)} {what}; the worst is {', '.join(part for part in (kept, missed) if part)}"
