"""Claims about the pseudo-inverse in floating point: its stability, its cutoff, its edge cases, who returns A⁺b."""

from __future__ import annotations

from collections.abc import Sequence

from lamm_robust.claims.cases import (
    DEFICIENT,
    STABLE,
    WITHIN,
    M,
    by_kappa,
    case,
    deficient_records,
    kappa_table,
    last_good,
    records,
    score_spread,
)
from lamm_robust.claims.finding import Cell, Claim, Finding, Source, Table, conclude
from lamm_robust.claims.lab import Lab
from lamm_robust.reports.grading import PASSES
from lamm_robust.runs.plan import grid
from lamm_robust.text import number, share
from lamm_robust.values import PRECISIONS, Record, Regime, Verdict


def pinv_is_stable(lab: Lab) -> Finding:
    """Forward and backward errors of pinv(A) @ b, beside those of the SVD applied to b from left to right."""
    columns = [("numpy-pinv", 1e-12), ("numpy-lstsq", 1e-12)]
    forward, backward = (by_kappa(lab, columns, metric) for metric in ("forward_error", "backward_error"))
    far = last_good(forward[columns[0]], STABLE)
    safe, beside = (last_good(backward[column], STABLE) for column in columns)
    worst, others = (max(value.high for value in backward[column]) for column in columns)
    table = kappa_table(backward, "u‖A‖_F")
    rows = [(*row, value) for row, value in zip(table.rows, forward[columns[0]], strict=True)]
    conditional = safe < beside and far > safe
    return conclude(
        safe >= beside,
        f"x̂ is as good as rounding allows up to κ = {number(far)}; but its backward error reaches {number(worst)} "
        f"u‖A‖_F, where lstsq has {number(others)}",
        Table((*table.header, "numpy-pinv, forward (Wedin bounds)"), rows),
        when=f"κ ≤ {number(safe)}, or only x is looked at: beyond, no small change of A explains the answer"
        if conditional
        else "",
        cases=[case("numpy-pinv", 8, 1e-12, 0)],
    )


FINE: Sequence[float] = [2 + k / 2 for k in range(9)]
"""The powers of ten of κ, two per decade from 1e2 to 1e6."""


def pinv_cuts_early(lab: Lab) -> Finding:
    """The cutoff of pinv in JAX: σ ≤ 10·max(m, n)·eps·σ₁ counts as zero, from κ = 2.8e4 on in float32 at 30×10."""
    solvers = ("jax-pinv", "jax-lstsq", "jax-qr")
    cut = 1 / (10 * M * 2.0**-23)
    rows: list[tuple[Cell, ...]] = []
    lost: list[float] = []
    fine: list[float] = []
    missing = 0.0
    for k in FINE:
        found = [records(lab, s, k, 1e-6, "float32") for s in solvers]
        errors = [score_spread(each, "relative_error") for each in found]
        if errors[0].middle > WITHIN * errors[2].middle:
            lost.append(10.0**k)
            missing = missing or errors[0].middle
        else:
            fine.append(10.0**k)
        rows.append((10.0**k, *errors))
    early = bool(lost) and max(fine, default=0.0) < min(lost) and 0.5 < min(lost) / cut < 2
    return conclude(
        not lost,
        f"as good as QR up to κ = {number(max(fine, default=0.0))}; the cutoff is at κ = {number(cut)}"
        + (f"; from {number(min(lost))} on, {missing:.0%} of x★ is missing" if lost else ""),
        Table(("κ", *(f"{s}: ‖x̂ − x★‖/‖x★‖" for s in solvers)), rows),
        when=f"κ < {number(cut)} (float32, 30×10): beyond, pinv takes the smallest singular values for zero"
        if early
        else "",
        cases=[case("jax-pinv", 5.0, 1e-6, 0, "float32")],
    )


EDGES = ("exact_rank", "columns", "degenerate", "scaled", "nonfinite", "right_sides", "orthogonal")
"""Families with edge cases: rank deficiency, empty A, extreme scales, NaN and ∞, several right-hand sides, x★ = 0."""


def pinv_edge_cases(lab: Lab) -> Finding:
    """pinv in JAX at every edge case of the quick profile, in both precisions."""
    rows: list[tuple[Cell, ...]] = []
    passed = total = 0
    first = ""
    for family in EDGES:
        counts = []
        for precision in PRECISIONS:
            variant = f"jax-pinv-{precision}-cpu"
            found = [lab.record(f"{key} @ {variant}") for key in grid("quick", precision, [family])]
            judged = [r for r in found if r.regime != Regime.AMBIGUOUS and r.verdict != Verdict.OUT_OF_CONTRACT]
            good = [r for r in judged if r.verdict in (*PASSES, Verdict.FLAGGED)]
            counts.append(share(len(good), len(judged)))
            passed, total = passed + len(good), total + len(judged)
            first = first or next((r.key for r in judged if r not in good), "")
        rows.append((family, *counts))
    return conclude(
        passed == total,
        f"{passed} of {total} solved, or flagged where there is no answer",
        Table(("family", *PRECISIONS), rows),
        cases=[first] if first else (),
    )


SHORTEST = (
    "numpy-lstsq",
    "numpy-pinv",
    "jax-lstsq",
    "jax-pinv",
    "jax-solve",
    "jax-lamm-cond",
    "scipy-gelsd",
    "scipy-gelsy",
)


def solvers_return_shortest(lab: Lab) -> Finding:
    """Every solver that promises the shortest solution, at exactly deficient problems in both precisions."""
    rows: list[tuple[Cell, ...]] = []
    failures: list[Record] = []
    for solver in SHORTEST:
        counts = []
        for precision in PRECISIONS:
            found = deficient_records(lab, solver, precision)
            wrong = [r for r in found if r.verdict not in PASSES]
            failures += wrong
            counts.append(share(len(found) - len(wrong), len(found)))
        rows.append((solver, *counts))
    names = list(dict.fromkeys(f"{r.library}-{r.algorithm}" for r in failures))
    some = 0 < len(names) < len(SHORTEST)
    return conclude(
        not names,
        f"{len(SHORTEST) - len(names)} of {len(SHORTEST)} solvers return A⁺b on all {2 * len(DEFICIENT)} problems"
        + (f"; not {', '.join(names)}" if names else ""),
        Table(("solver", *PRECISIONS), rows),
        when=f"the rank test finds the rank: not with {', '.join(names)} and its default tolerance" if some else "",
        cases=[r.key for r in failures[:1]],
    )


CLAIMS = {
    9: Claim(
        "solvers return the shortest",
        "A library's pinv or lstsq returns that shortest solution.",
        Source.NEIGHBOUR,
        "Eight solvers that promise it, on matrices of exactly known deficient rank in both precisions, by verdict.",
        solvers_return_shortest,
    ),
    10: Claim(
        "pinv handles near-deficient A by itself",
        "The pseudo-inverse handles (nearly) redundant columns automatically.",
        Source.NOTES,
        "jax.numpy.linalg.pinv in float32 on 30×10 problems of full rank, two for each decade of κ and five seeds, "
        "beside lstsq and QR. Its cutoff is 10·max(m, n)·eps.",
        pinv_cuts_early,
    ),
    11: Claim(
        "pinv handles every edge case",
        "The pseudo-inverse handles every edge case.",
        Source.NOTES,
        "jax.numpy.linalg.pinv on the quick profile's deficient and empty matrices, extreme scales, NaN and ∞, "
        "several right-hand sides and x★ = 0, in both precisions, by verdict.",
        pinv_edge_cases,
    ),
    12: Claim(
        "pinv is numerically stable",
        "Multiplying b by the pseudo-inverse is the numerically stable way.",
        Source.CHAPTER,
        "Forward and backward errors of numpy.linalg.pinv(A) @ b by κ, beside lstsq, which applies the same SVD "
        "without forming A⁺.",
        pinv_is_stable,
    ),
}
