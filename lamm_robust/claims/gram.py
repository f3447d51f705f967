"""Claims about AᵀA in floating point: when it may be formed, when it breaks, how it is solved, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import median

import numpy as np

from lamm_robust.claims.cases import (
    DECADES,
    SEEDS,
    STABLE,
    WITHIN,
    by_kappa,
    case,
    kappa_table,
    key,
    last_good,
    records,
    score_spread,
)
from lamm_robust.claims.finding import Cell, Claim, Finding, Source, Table, conclude, slope, spread
from lamm_robust.claims.lab import Lab
from lamm_robust.claims.orthogonal import FITTED
from lamm_robust.claims.samples import micro, ratio, size
from lamm_robust.text import number
from lamm_robust.values import UNIT_ROUNDOFF, Precision, Status, Verdict

SMALL = 1e-12
"""A residual at which the normal equations show what they lose."""


def never_form_gram(lab: Lab) -> Finding:
    """Forward errors of Cholesky on AᵀA and of QR, in Wedin bounds: what rounding A and b already does to x★."""
    columns = [(solver, r) for r in (SMALL, 1.0) for solver in ("numpy-normal-cholesky", "numpy-qr")]
    found = by_kappa(lab, columns, "forward_error")
    small, qr_small, large, qr_large = (last_good(found[column], STABLE) for column in columns)
    qr = min(qr_small, qr_large)
    needed = small < qr
    return conclude(
        needed,
        f"Cholesky is within rounding up to κ = {number(small)} at residual 1e-12, {number(large)} at residual 1; "
        f"QR up to {number(qr)}",
        kappa_table(found, "Wedin bounds"),
        when=f"κ > {number(small)} and the residual is small, or κ > {number(large)}" if needed and small else "",
        cases=[case("numpy-normal-cholesky", 6, residual, 0) for residual in (SMALL, 1.0)],
    )


HALF_DECADES: Mapping[Precision, tuple[float, ...]] = {
    "float64": tuple(k / 2 for k in range(10, 21)),
    "float32": tuple(k / 2 for k in range(3, 13)),
}
"""The powers of ten of κ, two per decade, from well below 1/√u (1e8 and 4e3) to well beyond it."""


def breakdown(lab: Lab) -> Finding:
    """The first κ at which Cholesky refuses AᵀA or its answer has no digit: AᵀA is then singular to rounding."""
    rows: list[tuple[Cell, ...]] = []
    held, said = [], []
    for precision, exponents in HALF_DECADES.items():
        broken = [[k for k in exponents if not _has_digits(lab, k, seed, precision)] for seed in SEEDS]
        first, limit = spread(10.0 ** min(each, default=math.inf) for each in broken), UNIT_ROUNDOFF[precision] ** -0.5
        held.append(1 / WITHIN <= first.middle / limit <= WITHIN)
        said.append(f"{precision}: no digit from {number(first.middle / limit)}/√u on")
        rows.append((precision, limit, first, first.middle / limit))
    return conclude(
        all(held),
        "; ".join(said),
        Table(("precision", "1/√u", "first κ without a digit", "their ratio"), rows),
        cases=[case("numpy-normal-cholesky", 9, 1e-6, 0)],
    )


def _has_digits(lab: Lab, log10_cond: float, seed: int, precision: Precision) -> bool:
    found = lab.record(case("numpy-normal-cholesky", log10_cond, 1e-6, seed, precision))
    return found.scores.get("relative_error", math.inf) < 1.0


def cholesky_or_lu(lab: Lab) -> Finding:
    """Cholesky and LU on the same AᵀA: the size of the error, and what happens where AᵀA is singular to rounding."""
    solvers = ("numpy-normal-cholesky", "numpy-normal-lu")
    rows: list[tuple[Cell, ...]] = []
    refused, silent, ratios = [0, 0], [0, 0], []
    for k in DECADES[1:]:
        found = [records(lab, solver, k, SMALL) for solver in solvers]
        errors = [score_spread(each, "relative_error") for each in found]
        counts = [sum(r.status == Status.REFUSED for r in each) for each in found]
        wrong = [sum(r.verdict == Verdict.WRONG for r in each) for each in found]
        refused = [a + b for a, b in zip(refused, counts, strict=True)]
        silent = [a + b for a, b in zip(silent, wrong, strict=True)]
        if k in FITTED:
            ratios.append(errors[0].middle / errors[1].middle)
        rows.append((10.0**k, *errors, *counts))
    apart = max(max(value, 1 / value) for value in ratios)
    return conclude(
        apart < WITHIN and silent[0] < silent[1] and refused[0] > refused[1],
        f"errors within {apart:.1f}× of each other up to κ = 1e7; of {len(SEEDS) * len(DECADES[1:])} problems Cholesky "
        f"refuses {refused[0]} and gets {silent[0]} wrong in silence, LU {refused[1]} and {silent[1]}",
        Table(("κ", "Cholesky: error", "LU: error", "Cholesky refuses", "LU refuses"), rows),
        cases=[case(solver, 10, SMALL, 0) for solver in solvers],
    )


SEEN = (
    "from lamm_robust import catalog; from lamm_robust.keys import parse_key; import numpy as np; "
    f'A = catalog.build_problem(parse_key("{key(10, SMALL, 0)}")).A; '
    "print(np.linalg.cond(A) ** 2, np.linalg.cond(A.T @ A))"
)


def float64_sees_square(lab: Lab) -> Finding:
    """numpy.linalg.cond of AᵀA as float64 forms it, over the certified κ²."""
    ratios = []
    for k in DECADES:
        known = [lab.certified(key(k, SMALL, seed)) for seed in SEEDS]
        conditions = [float(np.linalg.cond(one.problem.A.T @ one.problem.A)) for one in known]
        ratios.append(spread(c / one.frame.kappa**2 for c, one in zip(conditions, known, strict=True)))
    off = [spread((abs(value.low - 1), abs(value.high - 1))) for value in ratios]
    limit = last_good(off, 0.01)
    only = 0 < limit < 10.0 ** DECADES[-1]
    return conclude(
        bool(limit),
        f"cond(AᵀA) is κ² to 1 % up to κ = {number(limit)}; at 1e{DECADES[-1]} it is {number(ratios[-1].middle)} of it",
        Table(("κ", "cond(AᵀA)/κ²"), [(10.0**k, value) for k, value in zip(DECADES, ratios, strict=True)]),
        when=f"κ ≤ {number(limit)}: κ² beyond 1/u cannot be seen in float64" if only else "",
        replay=(SEEN,),
    )


def gram_costs(lab: Lab) -> Finding:
    """The time of AᵀA as m and n grow, and its share of the time of the normal equations."""
    rows = lab.clock("gram", "float64", "cpu")
    times = {(row["m"], row["n"]): median(row["AᵀA"]) for row in rows}
    least, most = min(n for _, n in times), max(m for m, _ in times)
    by_rows = {m: t for (m, n), t in times.items() if n == least}
    by_columns = {n: t for (m, n), t in times.items() if m == most}
    in_m, in_n = (slope(list(each), list(each.values())) for each in (by_rows, by_columns))
    shares = [ratio(row["AᵀA"], row["normal-cholesky"]) for row in rows]
    return conclude(
        abs(in_m - 1) < 0.5 and abs(in_n - 2) < 0.5,
        f"AᵀA takes time like m^{in_m:.2f} n^{in_n:.2f}, and {min(s.middle for s in shares):.0%} to "
        f"{max(s.middle for s in shares):.0%} of the whole by Cholesky",
        Table(
            ("A", "AᵀA (µs)", "normal equations, Cholesky (µs)", "share"),
            [
                (size(row), micro(row["AᵀA"]), micro(row["normal-cholesky"]), share)
                for row, share in zip(rows, shares, strict=True)
            ],
        ),
    )


def normal_equations_cost_more(lab: Lab) -> Finding:
    """The times of the normal equations, of QR and of the SVD."""
    rows = lab.clock("gram", "float64", "cpu")
    by_numpy, by_lapack = ([ratio(row[qr], row["normal-cholesky"]) for row in rows] for qr in ("qr", "gels"))
    lapack, numpy = (spread(value.middle for value in ratios) for ratios in (by_lapack, by_numpy))
    return conclude(
        all(value.middle < 1 for value in by_lapack),
        f"LAPACK's xGELS takes {lapack.low:.1f} to {lapack.high:.1f} times as long, numpy.linalg.qr {numpy.low:.0f} to "
        f"{numpy.high:.0f} times",
        Table(
            (
                *("A", "normal equations (µs)", "xGELS (µs)", "numpy.linalg.qr (µs)", "lstsq (µs)"),
                "xGELS over normal equations",
            ),
            [
                (
                    size(row),
                    *(micro(row[s]) if s in row else "–" for s in ("normal-cholesky", "gels", "qr", "lstsq")),
                    value,
                )
                for row, value in zip(rows, by_lapack, strict=True)
            ],
        ),
    )


CLAIMS = {
    20: Claim(
        "float64 shows κ(AᵀA) = κ(A)²",
        "The same can be seen with numpy.linalg.cond.",
        Source.NEIGHBOUR,
        "numpy.linalg.cond of AᵀA as float64 forms it, over the certified κ(A)², by κ: within 1 %?",
        float64_sees_square,
    ),
    21: Claim(
        "AᵀA must never be formed",
        "Never form AᵀA in numerical work: it squares κ.",
        Source.CHAPTER,
        "Forward errors of Cholesky on AᵀA and of QR by κ, with a residual of 1e-12 and one as long as Ax: up to "
        "where is the error one that rounding A and b makes anyway?",
        never_form_gram,
    ),
    22: Claim(
        "normal equations end at κ = 1/√u",
        "Beyond κ = 1/√u, the normal equations have no correct digit.",
        Source.NEIGHBOUR,
        "The first of two κ per decade at which Cholesky refuses AᵀA or errs by ‖x★‖, in both precisions, five seeds: "
        "is it within ten times of 1/√u, since n and the spectrum enter?",
        breakdown,
    ),
    23: Claim(
        "Cholesky rather than LU",
        "If AᵀA is formed, Cholesky solves it better than LU.",
        Source.NEIGHBOUR,
        "Errors of both by κ, and what happens where AᵀA is singular to rounding: a refusal, or a silent failure?",
        cholesky_or_lu,
    ),
    24: Claim(
        "AᵀA costs an extra O(mn²)",
        "The normal equations need an extra O(mn²) to form AᵀA.",
        Source.CHAPTER,
        "The time of AᵀA in float64 as m grows at n = 64, and as n grows at m = 4096; exponents within ½.",
        gram_costs,
    ),
    25: Claim(
        "normal equations cost more",
        "With that extra, the normal equations cost more than QR.",
        Source.NEIGHBOUR,
        "Normal equations by Cholesky, QR and lstsq in NumPy, and LAPACK's xGELS by SciPy, in turns: decided by xGELS.",
        normal_equations_cost_more,
    ),
}
