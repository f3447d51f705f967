"""Claims about LAMM's first solver, which drops columns that do not raise the rank."""

from __future__ import annotations

import math

from lamm_robust.claims.finding import Cell, Finding, Table, Verdict, replayed, settled, spread
from lamm_robust.claims.lab import Lab
from lamm_robust.claims.spectra import DECADES, SEEDS, M, N, case, records, scores
from lamm_robust.text import number
from lamm_robust.values import Array, Precision, Record

SIX_DIGITS = 1e-6
"""Fewer common digits than this are not "the same answer" in float64."""


def difference(one: Array, other: Array) -> float:
    """‖x − y‖ / ‖y‖."""
    return math.dist(one.tolist(), other.tolist()) / math.hypot(*other.tolist())


def dropping_is_pinv(lab: Lab) -> Finding:
    """How far the answers of dropping and of pinv are apart where A has full rank."""
    apart, kept = [], []
    for k in DECADES:
        pairs = [[lab.answer(case(f"numpy-{s}", k, 1e-12, seed)) for s in ("dropping", "pinv")] for seed in SEEDS]
        apart.append(spread(difference(one, other) for one, other in pairs))
        kept.append(min(r.reported_rank or 0 for r in records(lab, "numpy-dropping", k, 1e-12)))
    good = [distance.high <= SIX_DIGITS for distance in apart]
    beyond = good.index(False) if False in good else None
    if beyond is None:
        verdict, when, first = Verdict.HOLDS, "", len(DECADES) - 1
    else:
        last = 10.0 ** (DECADES[beyond] - 1)
        when = f"κ ≤ {number(last)} (float64, six digits): beyond, dropping keeps every column and squares κ"
        verdict, when, first = (Verdict.ONLY_WHEN, when, beyond) if beyond else (Verdict.FAILS, "", 0)
    return Finding(
        verdict,
        f"apart by {number(apart[0].high)}‖x‖ at κ = 10, {number(apart[first].high)}‖x‖ at κ = 1e{DECADES[first]} and "
        f"{number(apart[-1].middle)}‖x‖ at κ = 1e{DECADES[-1]}",
        Table(
            ("κ", "‖x − y‖/‖y‖", "fewest columns kept"),
            [(10.0**k, distance, fewest) for k, distance, fewest in zip(DECADES, apart, kept, strict=True)],
        ),
        when=when,
        replay=tuple(replayed(case(f"numpy-{s}", DECADES[first], 1e-12, 0)) for s in ("dropping", "pinv")),
    )


PROBLEMS = [
    f"exact_rank m={m} n={n} rank={rank} log2_cond={log2_cond} residual={residual} seed={seed}"
    for m, n, rank in ((16, 9, 4), (16, 9, 8), (30, 10, 5), (30, 10, 9))
    for log2_cond, residual in ((0, 1.0), (8, 2.0**-8))
    for seed in (0, 1)
]
"""Exactly deficient, in both precisions, with more rows than columns."""


def deficient(lab: Lab, solver: str, precision: Precision = "float64") -> list[Record]:
    """The solver at every exactly deficient problem."""
    return [lab.record(f"{key} dtype={precision} @ {solver}-{precision}-cpu") for key in PROBLEMS]


def dropping_is_not_shortest(lab: Lab) -> Finding:
    """Where A is deficient, dropping sets the coefficients of the columns it drops to zero: a basic solution."""
    solvers = ("numpy-dropping", "jax-dropping", "numpy-pinv", "jax-lamm-cond")
    found = {solver: deficient(lab, solver) for solver in solvers}
    rows: list[tuple[Cell, ...]] = [
        (solver, scores(each, "residual_excess"), scores(each, "norm_excess")) for solver, each in found.items()
    ]
    dropped = found["numpy-dropping"]
    longer = [r for r in dropped if r.scores["norm_excess"] > SIX_DIGITS]
    lengths = spread(1 + r.scores["norm_excess"] for r in dropped)
    return Finding(
        settled(not longer),
        f"dropping's x is longer than A⁺b on {len(longer)} of {len(PROBLEMS)} problems: {number(lengths.middle)}× in "
        f"the median, {number(lengths.high)}× at most; the fit is the same",
        Table(("solver", "‖A(x̂ − x★)‖/‖b‖", "‖x̂‖/‖x★‖ − 1"), rows),
        replay=(replayed((longer or dropped)[0].key),),
    )


EXPONENTS = tuple(4 + k / 2 for k in range(6))
"""Half decades of κ in float32, on both sides of the rank test's tolerance 30·eps = 3.6e-6."""
BESIDE = ("numpy-dropping", "jax-pinv", "jax-qr")
ROUNDING = 0.2
"""Share of b that a fit may miss at κ = 3e6 in float32: κu. What misses a direction misses all of it."""


def dropping_misses_directions(lab: Lab) -> Finding:
    """How much of b is missed: columns that are exactly redundant, and b along the weakest direction of A."""
    exact = scores(deficient(lab, "numpy-dropping", "float32"), "residual_excess")
    rows: list[tuple[Cell, ...]] = []
    missed: list[Record] = []
    far = 0
    for k in EXPONENTS:
        weakest = f"m={M} n={N} mode=geometric log10_cond={k} residual=0.0 direction=trailing"
        keys = [f"spectrum {weakest} seed={seed} dtype=float32" for seed in SEEDS]
        found = {s: [lab.record(f"{key} @ {s}-float32-cpu") for key in keys] for s in BESIDE}
        kept = spread(r.reported_rank or 0 for r in found["numpy-dropping"])
        missed += [r for r in found["numpy-dropping"] if (r.reported_rank or 0) < N and _missed(r)]
        far += sum(r.reported_rank == N and _missed(r) for r in found["numpy-dropping"])
        rows.append((10.0**k, kept, *(scores(each, "residual_excess") for each in found.values())))
    rows.append(("redundant columns", "–", exact, "–", "–"))
    only = exact.high <= ROUNDING and bool(missed)
    share = spread(r.scores["residual_excess"] for r in missed).middle if missed else 0.0
    return Finding(
        Verdict.ONLY_WHEN if only else settled(bool(missed)),
        f"redundant columns take {number(exact.high)} of b with them; independent ones that are dropped "
        f"{share:.0%} of it, on {len(missed)} of {len(EXPONENTS) * len(SEEDS)} problems; on {far} others all "
        "columns are kept, and AᵀA loses the direction",
        Table(("κ", f"columns kept of {N}", *(f"{s} misses" for s in BESIDE)), rows),
        when="columns are independent by less than the tolerance of the rank test; pinv's cutoff then misses them, too"
        if only
        else "",
        replay=tuple(replayed(r.key) for r in missed[:1]),
    )


def _missed(record: Record) -> bool:
    return record.scores["residual_excess"] > ROUNDING
