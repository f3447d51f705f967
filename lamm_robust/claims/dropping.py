"""Claims about LAMM's first solver, which drops columns that do not raise the rank."""

from __future__ import annotations

import math

from lamm_robust.claims.cases import (
    DECADES,
    DEFICIENT,
    SEEDS,
    M,
    N,
    case,
    deficient_records,
    records,
    score_spread,
)
from lamm_robust.claims.finding import Cell, Claim, Finding, Source, Table, conclude, spread
from lamm_robust.claims.lab import Lab
from lamm_robust.text import number
from lamm_robust.values import Array, Record

SIX_DIGITS = 1e-6
"""The largest relative difference that counts as "the same answer" in float64."""


def difference(one: Array, other: Array) -> float:
    """The relative difference ‖x − y‖ / ‖y‖ of two answers."""
    return math.dist(one.tolist(), other.tolist()) / math.hypot(*other.tolist())


def dropping_is_pinv(lab: Lab) -> Finding:
    """How far the answers of dropping and of pinv are apart where A has full rank."""
    apart, kept = [], []
    for k in DECADES:
        pairs = [[lab.answer(case(f"numpy-{s}", k, 1e-12, seed)) for s in ("dropping", "pinv")] for seed in SEEDS]
        apart.append(spread(difference(one, other) for one, other in pairs))
        kept.append(min(r.reported_rank or 0 for r in records(lab, "numpy-dropping", k, 1e-12)))
    beyond = next((i for i, distance in enumerate(apart) if distance.high > SIX_DIGITS), None)
    first = len(DECADES) - 1 if beyond is None else beyond
    limit = number(10.0 ** (DECADES[first] - 1))
    return conclude(
        beyond is None,
        f"apart by {number(apart[0].high)}‖x‖ at κ = 10, {number(apart[first].high)}‖x‖ at κ = 1e{DECADES[first]} and "
        f"{number(apart[-1].middle)}‖x‖ at κ = 1e{DECADES[-1]}",
        Table(
            ("κ", "‖x − y‖/‖y‖", "fewest columns kept"),
            [(10.0**k, distance, fewest) for k, distance, fewest in zip(DECADES, apart, kept, strict=True)],
        ),
        when=f"κ ≤ {limit} (float64, six digits): beyond, dropping keeps every column and squares κ" if beyond else "",
        cases=[case(f"numpy-{s}", DECADES[first], 1e-12, 0) for s in ("dropping", "pinv")],
    )


def dropping_is_not_shortest(lab: Lab) -> Finding:
    """Where A is deficient, dropping sets the coefficients of the columns it drops to zero: a basic solution."""
    solvers = ("numpy-dropping", "jax-dropping", "numpy-pinv", "jax-lamm-cond")
    found = {solver: deficient_records(lab, solver) for solver in solvers}
    rows: list[tuple[Cell, ...]] = [
        (solver, score_spread(each, "residual_excess"), score_spread(each, "norm_excess"))
        for solver, each in found.items()
    ]
    dropped = found["numpy-dropping"]
    longer = [r for r in dropped if r.scores["norm_excess"] > SIX_DIGITS]
    lengths = spread(1 + r.scores["norm_excess"] for r in dropped)
    return conclude(
        not longer,
        f"dropping's x is longer than A⁺b on {len(longer)} of {len(DEFICIENT)} problems: {number(lengths.middle)}× in "
        f"the median, {number(lengths.high)}× at most; the fit is the same",
        Table(("solver", "‖A(x̂ − x★)‖/‖b‖", "‖x̂‖/‖x★‖ − 1"), rows),
        cases=[(longer or dropped)[0].key],
    )


EXPONENTS = tuple(4 + k / 2 for k in range(6))
"""The powers of ten of κ in float32, on both sides of 1/κ = 30·eps = 3.6e-6, the tolerance of the rank test."""
BESIDE = ("numpy-dropping", "jax-pinv", "jax-qr")
ROUNDING = 0.2
"""The share κu of b that a fit may miss at κ = 3e6 in float32; a fit that misses a direction misses all of b."""


def dropping_misses_directions(lab: Lab) -> Finding:
    """How much of b is missed: columns that are exactly redundant, and b along the weakest direction of A."""
    exact = score_spread(deficient_records(lab, "numpy-dropping", "float32"), "residual_excess")
    rows: list[tuple[Cell, ...]] = []
    missed: list[Record] = []
    far = 0
    for k in EXPONENTS:
        weakest = f"m={M} n={N} mode=geometric log10_cond={k} residual=0.0 direction=trailing"
        keys = [f"spectrum {weakest} seed={seed} dtype=float32" for seed in SEEDS]
        found = {s: [lab.record(f"{key} @ {s}-float32-cpu") for key in keys] for s in BESIDE}
        kept = spread(r.reported_rank or 0 for r in found["numpy-dropping"])
        missed += [r for r in found["numpy-dropping"] if (r.reported_rank or 0) < N and _misses_b(r)]
        far += sum(r.reported_rank == N and _misses_b(r) for r in found["numpy-dropping"])
        rows.append((10.0**k, kept, *(score_spread(each, "residual_excess") for each in found.values())))
    rows.append(("redundant columns", "–", exact, "–", "–"))
    only = exact.high <= ROUNDING and bool(missed)
    share = spread(r.scores["residual_excess"] for r in missed).middle if missed else 0.0
    return conclude(
        bool(missed),
        f"redundant columns take {number(exact.high)} of b with them; independent ones that are dropped "
        f"{share:.0%} of it, on {len(missed)} of {len(EXPONENTS) * len(SEEDS)} problems; on {far} others all "
        "columns are kept, and AᵀA loses the direction",
        Table(("κ", f"columns kept of {N}", *(f"{s} misses" for s in BESIDE)), rows),
        when="columns are independent by less than the tolerance of the rank test; pinv's cutoff then misses them, too"
        if only
        else "",
        cases=[r.key for r in missed[:1]],
    )


def _misses_b(record: Record) -> bool:
    return record.scores["residual_excess"] > ROUNDING


CLAIMS = {
    1: Claim(
        "dropping = pinv at full rank",
        "If the columns are independent, dropping redundant columns and the pseudo-inverse give the same answer.",
        Source.NOTES,
        "Both in float64 on 30×10 problems of full rank, one for each decade of κ and five seeds: how far apart are "
        "the answers? The same means six common digits.",
        dropping_is_pinv,
    ),
    2: Claim(
        "dropping = pinv when deficient",
        "With redundant columns, too, both give the same solution.",
        Source.NEIGHBOUR,
        "Both on matrices of exactly known rank: the length of the answers beside that of A⁺b, and how well they fit.",
        dropping_is_not_shortest,
    ),
    3: Claim(
        "dropping may miss directions",
        "Dropping columns may miss directions that matter.",
        Source.NOTES,
        "Columns that are exactly redundant, and independent ones with b along their weakest direction, in float32: "
        "what share of b does the answer miss?",
        dropping_misses_directions,
    ),
}
