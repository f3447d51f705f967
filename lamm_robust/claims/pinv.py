"""Claims about the pseudo-inverse in floating point: its stability, its cutoff, its edge cases, who returns A⁺b."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamm_robust.claims.cases import (
    STABLE,
    WHERE,
    WITHIN,
    M,
    by_kappa,
    case,
    deficient_keys,
    deficient_records,
    kappa_table,
    last_good,
    margin_at,
    records,
    score_spread,
)
from lamm_robust.claims.finding import Cell, Claim, Finding, Source, Table, conclude
from lamm_robust.claims.lab import Lab
from lamm_robust.reports.grading import PASSES
from lamm_robust.runs.plan import grid
from lamm_robust.text import number, share
from lamm_robust.values import PRECISIONS, Array, Record, Regime, Verdict

APART = 2.0
"""The factor by which medians of errors must differ to count as better or worse: twenty seeds scatter by less."""


def pinv_is_more_stable(lab: Lab) -> Finding:
    """Errors in x and backward errors of the pseudo-inverse, of the notes' program with it, and of dropping."""
    columns = [(solver, 1e-12) for solver in ("numpy-pinv", "jax-lamm-cond", "numpy-dropping")]
    forward, backward = (by_kappa(lab, columns, metric) for metric in ("forward_error", "backward_error"))
    pinv, cond, dropping = columns
    by_pinv, by_cond = (_no_worse(forward, one, dropping) for one in (pinv, cond))
    explained = _no_worse(backward, pinv, dropping)
    medians = [value.middle for value in forward[cond]]
    worst = 10.0 ** (1 + medians.index(max(medians)))
    table, ratios = kappa_table(forward, "Wedin bounds"), kappa_table(backward, "u‖A‖_F")
    rows = [(*row, *other[1:]) for row, other in zip(table.rows, ratios.rows, strict=True)]
    most = max(forward[pinv][i].middle / forward[dropping][i].middle for i in range(len(rows)))
    return conclude(
        by_pinv and explained,
        f"in x, pinv errs by {number(max(v.high for v in forward[pinv]))} Wedin bounds at most, dropping by "
        f"{number(max(v.middle for v in forward[dropping]))} in the median at its worst κ; the notes' program, which "
        f"takes the normal equations at full rank, by {number(max(medians))} at κ = {number(worst)}; backward errors "
        f"of pinv(A) @ b reach {number(max(v.high for v in backward[pinv]))} u‖A‖_F, those of dropping "
        f"{number(max(v.high for v in backward[dropping]))}",
        Table((*table.header, *ratios.header[1:]), rows),
        when="x is looked at, and not how well it explains b; and A⁺ is used at full rank, too, which the notes' "
        "program does not"
        if by_pinv and not (explained and by_cond)
        else "",
        margin=f"a median error {APART:g}× as large counts as worse; in x pinv's is at most {number(most)}× dropping's",
        cases=[case(solver, 6, 1e-12) for solver, _ in columns],
    )


def _no_worse(
    found: Mapping[tuple[str, float], Sequence[Any]], one: tuple[str, float], other: tuple[str, float]
) -> bool:
    """Whether the median error of one is at no κ above that of the other by the factor `APART`, or is rounding."""
    pairs = zip(found[one], found[other], strict=True)
    return all(a.middle <= max(APART * b.middle, STABLE) for a, b in pairs)


def pinv_is_backward_stable(lab: Lab) -> Finding:
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
        margin=margin_at(backward[columns[0]], STABLE, "u‖A‖_F"),
        cases=[case("numpy-pinv", 8, 1e-12)],
    )


REDUNDANT = "exact_rank", "columns", "degenerate"
"""Families of the small profile in which A lacks full rank: by its construction, in its columns, or at the extremes."""


def pinv_handles_deficiency(lab: Lab) -> Finding:
    """jax.numpy.linalg.pinv at matrices of exactly known deficient rank, in both precisions, by verdict."""
    rows: list[tuple[Cell, ...]] = []
    failures: list[Record] = []
    total = 0
    for precision in PRECISIONS:
        known = deficient_records(lab, "jax-pinv", precision)
        variant = f"jax-pinv-{precision}-cpu"
        small = [lab.record(f"{key} @ {variant}") for key in grid("small", precision, REDUNDANT)]
        kinds = {"exactly known rank": known, "small profile": [r for r in small if r.regime == Regime.DEFICIENT]}
        for name, found in kinds.items():
            wrong = [r for r in found if r.verdict not in PASSES]
            failures += wrong
            total += len(found)
            excess = max((abs(r.scores.get("norm_excess", 0.0)) for r in found), default=0.0)
            rows.append((f"{name}, {precision}", share(len(found) - len(wrong), len(found)), excess))
    return conclude(
        not failures,
        f"jax.numpy.linalg.pinv returns A⁺b on {total - len(failures)} of {total} problems whose rank is exactly "
        "deficient",
        Table(("problems", "right", "|‖x̂‖/‖x★‖ − 1| at most"), rows),
        margin="by verdict: errors below the limits of rounding, and no part in the null space",
        cases=[(failures or known)[0].key],
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
    missing, ratios = 0.0, []
    for k in FINE:
        found = [records(lab, s, k, 1e-6, "float32") for s in solvers]
        errors = [score_spread(each, "relative_error") for each in found]
        ratios.append(errors[0].middle / errors[2].middle)
        if ratios[-1] > WITHIN:
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
        margin=f"{WITHIN:g}× QR's median error counts as lost; "
        + ", ".join(f"{number(r)}× at κ = {number(10.0**k)}" for k, r in zip(FINE, ratios, strict=True) if 3 < k < 6),
        cases=[case("jax-pinv", 5.0, 1e-6, 0, "float32")],
    )


EDGES = ("exact_rank", "columns", "degenerate", "scaled", "nonfinite", "right_sides", "orthogonal")
"""Families with edge cases: rank deficiency, empty A, extreme scales, NaN and ∞, several right-hand sides, x★ = 0."""


def pinv_edge_cases(lab: Lab) -> Finding:
    """pinv in JAX at every edge case of the small profile, in both precisions."""
    rows: list[tuple[Cell, ...]] = []
    passed = total = 0
    failures: list[str] = []
    for family in EDGES:
        counts = []
        for precision in PRECISIONS:
            variant = f"jax-pinv-{precision}-cpu"
            found = {key: lab.record(f"{key} @ {variant}") for key in map(str, grid("small", precision, [family]))}
            judged = {
                key: r
                for key, r in found.items()
                if r.regime != Regime.AMBIGUOUS and r.verdict != Verdict.OUT_OF_CONTRACT
            }
            bad = [key for key, r in judged.items() if r.verdict not in (*PASSES, Verdict.FLAGGED)]
            counts.append(share(len(judged) - len(bad), len(judged)))
            passed, total = passed + len(judged) - len(bad), total + len(judged)
            failures += [f"{key} @ {variant}" for key in bad]
        rows.append((family, *counts))
    extreme = [case for case in failures if squares_overflow(lab.problem(case.partition(" @ ")[0]).A)]
    return conclude(
        passed == total,
        f"{passed} of {total} solved, or flagged where there is no answer; of the {len(failures)} others "
        f"{len(extreme)} have entries whose squares over- or underflow",
        Table(("family", *PRECISIONS), rows),
        when="the squares of the entries neither over- nor underflow: every case of rank, shape and NaN passes"
        if failures and len(extreme) == len(failures)
        else "",
        margin="by verdict",
        cases=failures[:1],
    )


def squares_overflow(A: Array) -> bool:
    """Whether the largest entry of A, squared, is ∞ or less than the smallest normal number over eps."""
    with np.errstate(over="ignore", under="ignore"):
        largest = np.square(np.abs(A).max())
    info = np.finfo(A.dtype)
    return bool(not largest < info.max / A.size or largest < info.tiny / info.eps)


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
    each = len(deficient_keys(lab))
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
        f"{len(SHORTEST) - len(names)} of {len(SHORTEST)} solvers return A⁺b on all {2 * each} problems"
        + (f"; not {', '.join(names)}" if names else ""),
        Table(("solver", *PRECISIONS), rows),
        when=f"the rank test finds the rank: not with {', '.join(names)} and its default tolerance" if some else "",
        margin=f"by verdict; of {len(SHORTEST) * 2 * each} attempts {len(failures)} fail",
        cases=[r.key for r in failures[:1]],
    )


CLAIMS = {
    9: Claim(
        "solvers return the shortest",
        "A library's pinv or lstsq returns that shortest solution.",
        Source.NEIGHBOUR,
        "Eight solvers that promise it, on matrices of exactly known deficient rank in both precisions, 20 seeds, by "
        "verdict.",
        solvers_return_shortest,
    ),
    10: Claim(
        "pinv handles rank deficiency by itself",
        "The pseudo-inverse handles rank deficiency automatically.",
        Source.NOTES,
        "jax.numpy.linalg.pinv on matrices of exactly known deficient rank (20 seeds) and on the small profile's, in "
        "both precisions, by verdict.",
        pinv_handles_deficiency,
    ),
    11: Claim(
        "pinv handles edge cases",
        "The pseudo-inverse handles edge cases automatically.",
        Source.NOTES,
        "jax.numpy.linalg.pinv on the small profile's deficient and empty matrices, extreme scales, NaN and ∞, "
        "several right-hand sides and x★ = 0, in both precisions, by verdict.",
        pinv_edge_cases,
    ),
    12: Claim(
        "pinv is the more stable way",
        "The pseudo-inverse is numerically robust: it has the better stability of the two approaches.",
        Source.NOTES,
        f"Errors in x and backward errors by κ of numpy.linalg.pinv(A) @ b, of the notes' program (normal equations at "
        f"full rank, else pinv) and of dropping, float64, on {WHERE}.",
        pinv_is_more_stable,
    ),
    48: Claim(
        "pinv handles near deficiency, too",
        "The pseudo-inverse handles nearly redundant columns just as well.",
        Source.NEIGHBOUR,
        f"jax.numpy.linalg.pinv in float32 on {WHERE}, two κ per decade, beside lstsq and QR. Its cutoff is 10·max(m, "
        "n)·eps.",
        pinv_cuts_early,
    ),
    49: Claim(
        "pinv(A) @ b is backward stable",
        "Multiplying b by the pseudo-inverse is backward stable.",
        Source.NEIGHBOUR,
        f"Forward and backward errors of numpy.linalg.pinv(A) @ b by κ, on {WHERE}, beside lstsq, which applies the "
        "same SVD without forming A⁺.",
        pinv_is_backward_stable,
    ),
}
