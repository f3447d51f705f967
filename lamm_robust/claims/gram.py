"""Claims about AᵀA in floating point: when it may be formed, when it breaks, how it is solved, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np

from lamm_robust.claims.cases import (
    DECADES,
    STABLE,
    WHERE,
    WITHIN,
    by_kappa,
    case,
    good_by_spectrum,
    kappa_table,
    key,
    keys,
    last_good,
    margin_at,
    records,
    score_spread,
)
from lamm_robust.claims.finding import Cell, Claim, Finding, Source, Table, conclude, slope, spread
from lamm_robust.claims.lab import Lab
from lamm_robust.claims.orthogonal import FITTED
from lamm_robust.claims.samples import Row, beyond, micro, ratio, settle_runs, size
from lamm_robust.text import number
from lamm_robust.values import UNIT_ROUNDOFF, Precision, Record, Status, Verdict

CHOLESKY = "numpy-normal-cholesky"
SMALL = 1e-12
"""A residual at which the normal equations show what they lose."""


def never_form_gram(lab: Lab) -> Finding:
    """Forward errors of Cholesky on AᵀA and of QR, in Wedin bounds: what rounding A and b already does to x★."""
    columns = [(solver, r) for r in (SMALL, 1.0) for solver in ("numpy-normal-cholesky", "numpy-qr")]
    found = by_kappa(lab, columns, "forward_error")
    small, qr_small, large, qr_large = (last_good(found[column], STABLE) for column in columns)
    qr = min(qr_small, qr_large)
    needed = small < qr
    by_spectrum = good_by_spectrum(lab, columns[0], "forward_error", STABLE)
    each = ", ".join(f"{number(kappa)} ({mode})" for mode, kappa in by_spectrum.items())
    return conclude(
        needed,
        f"Cholesky is within rounding up to κ = {number(small)} at residual 1e-12, by spectrum {each}; up to "
        f"{number(large)} at residual 1; QR up to {number(qr)}",
        kappa_table(found, "Wedin bounds"),
        when=f"κ > {number(small)} and the residual is small, or κ > {number(large)}" if needed and small else "",
        margin=margin_at(found[columns[0]], STABLE, "Wedin bounds") + ", at residual 1e-12",
        cases=[case("numpy-normal-cholesky", 6, residual) for residual in (SMALL, 1.0)],
    )


HALF_DECADES: Mapping[Precision, tuple[float, ...]] = {
    "float64": tuple(k / 2 for k in range(10, 21)),
    "float32": tuple(k / 2 for k in range(3, 13)),
}
"""The powers of ten of κ, two per decade, from well below 1/√u (1e8 and 4e3) to well beyond it."""


def breakdown(lab: Lab) -> Finding:
    """The first κ at which Cholesky refuses AᵀA or its answer has no digit: AᵀA is then singular to rounding."""
    rows: list[tuple[Cell, ...]] = []
    ratios: dict[str, list[float]] = {mode: [] for mode in lab.spectra}
    said = []
    for precision, exponents in HALF_DECADES.items():
        limit = UNIT_ROUNDOFF[precision] ** -0.5
        for mode in lab.spectra:
            digits = [[_has_digits(r) for r in records(lab, CHOLESKY, k, 1e-6, precision, [mode])] for k in exponents]
            broken = [
                [k for k, has in zip(exponents, each, strict=True) if not has] for each in zip(*digits, strict=True)
            ]
            first = spread(10.0 ** min(each, default=math.inf) for each in broken)
            ratios[mode] += [first.low / limit, first.high / limit]
            said.append(f"{number(first.middle / limit)}/√u ({precision}, {mode})")
            rows.append((precision, mode, limit, first, first.middle / limit))
    within = [mode for mode, each in ratios.items() if min(each) >= 1 / WITHIN and max(each) <= WITHIN]
    some = 0 < len(within) < len(ratios)
    return conclude(
        len(within) == len(ratios),
        f"no digit, in the median, from {', '.join(said)} on",
        Table(("precision", "spectrum", "1/√u", "first κ without a digit", "their ratio"), rows),
        when=f"the spectrum is {' or '.join(within)}: elsewhere a part of x outlives it" if some else "",
        margin=f"every one of the ratios must be from {1 / WITHIN} to {WITHIN:g}, and they are from "
        f"{number(min(map(min, ratios.values())))} to {number(max(map(max, ratios.values())))}; κ goes in steps of √10",
        cases=[case(CHOLESKY, 9, 1e-6)],
    )


def _has_digits(record: Record) -> bool:
    return record.scores.get("relative_error", math.inf) < 1.0


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
    problems = len(DECADES[1:]) * len(keys(lab, DECADES[0], SMALL))
    return conclude(
        apart < WITHIN and silent[0] < silent[1] and refused[0] > refused[1],
        f"errors within {apart:.1f}× of each other up to κ = 1e7; of {problems} problems Cholesky "
        f"refuses {refused[0]} and gets {silent[0]} wrong in silence, LU {refused[1]} and {silent[1]}",
        Table(("κ", "Cholesky: error", "LU: error", "Cholesky refuses", "LU refuses"), rows),
        margin=f"errors may be {WITHIN:g}× apart, and are {apart:.1f}×; silent failures are {silent[0]} against "
        f"{silent[1]}",
        cases=[case(solver, 10, SMALL) for solver in solvers],
    )


SEEN = (
    "from lamm_robust import catalog; from lamm_robust.keys import parse_key; import numpy as np; "
    f'A = catalog.build_problem(parse_key("{key(10, SMALL)}")).A; '
    "print(np.linalg.cond(A) ** 2, np.linalg.cond(A.T @ A))"
)


def float64_sees_square(lab: Lab) -> Finding:
    """numpy.linalg.cond of AᵀA as float64 forms it, over the certified κ²."""
    ratios = []
    for k in DECADES:
        known = [lab.certified(each) for each in keys(lab, k, SMALL)]
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
        margin=margin_at(off, 0.01, "of κ²"),
        replay=(SEEN,),
    )


def gram_costs(lab: Lab) -> Finding:
    """The operations of AᵀA in its compiled program, as m and n grow; beside them its time and its share."""
    return settle_runs(lab, "gram", _gram_costs, "float64")


def _gram_costs(rows: Sequence[Row]) -> Finding:
    work = {(row["m"], row["n"]): row["operations"] for row in rows}
    times = {(row["m"], row["n"]): median(row["AᵀA"]) for row in rows}
    (in_m, in_n), (time_m, time_n) = (_exponents(each) for each in (work, times))
    shares = [ratio(row["AᵀA"], row["normal-cholesky"]) for row in rows]
    off = max(abs(in_m - 1), abs(in_n - 2))
    return conclude(
        off < 0.1,
        f"AᵀA takes m^{in_m:.2f} n^{in_n:.2f} operations; its time grows like m^{time_m:.2f} n^{time_n:.2f}, and is "
        f"{min(s.middle for s in shares):.0%} to {max(s.middle for s in shares):.0%} of the whole by Cholesky",
        Table(
            ("A", "operations of AᵀA", "AᵀA (µs)", "normal equations, Cholesky (µs)", "share"),
            [
                (size(row), float(row["operations"]), micro(row["AᵀA"]), micro(row["normal-cholesky"]), share)
                for row, share in zip(rows, shares, strict=True)
            ],
        ),
        margin=f"exponents may be off by 0.1, and are by {off:.2g}; times decide nothing",
    )


def _exponents(values: Mapping[tuple[int, int], float]) -> tuple[float, float]:
    """The fitted exponents of m, at the fewest columns, and of n, at the most rows."""
    least, most = min(n for _, n in values), max(m for m, _ in values)
    by_rows = {m: value for (m, n), value in values.items() if n == least}
    by_columns = {n: value for (m, n), value in values.items() if m == most}
    in_m, in_n = (slope(list(each), list(each.values())) for each in (by_rows, by_columns))
    return in_m, in_n


def normal_equations_cost_more(lab: Lab) -> Finding:
    """The times of the normal equations, of QR and of the SVD."""
    return settle_runs(lab, "gram", _cost_more, "float64")


def _cost_more(rows: Sequence[Row]) -> Finding:
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
        margin=beyond([value.middle for value in by_lapack], 1.0),
    )


CLAIMS = {
    20: Claim(
        "float64 shows κ(AᵀA) = κ(A)²",
        "The same can be seen with numpy.linalg.cond.",
        Source.NEIGHBOUR,
        f"numpy.linalg.cond of AᵀA as float64 forms it, over the certified κ(A)², by κ, on {WHERE}: within 1 %?",
        float64_sees_square,
    ),
    21: Claim(
        "do not form AᵀA",
        "Do not solve the normal equations by forming AᵀA: that squares κ and loses precision.",
        Source.CHAPTER,
        f"Forward errors of Cholesky on AᵀA and of QR by κ, on {WHERE}, with a residual of 1e-12 and one as long as "
        "Ax: up to where is the error one that rounding A and b makes anyway?",
        never_form_gram,
    ),
    22: Claim(
        "normal equations end at κ = 1/√u",
        "Beyond κ = 1/√u, the normal equations have no correct digit.",
        Source.NEIGHBOUR,
        "The first of two κ per decade at which Cholesky refuses AᵀA or errs by ‖x★‖, in both precisions, "
        f"{WHERE}: is it within ten times of 1/√u on each, since n and the spectrum enter?",
        breakdown,
    ),
    23: Claim(
        "Cholesky rather than LU",
        "If AᵀA is formed, Cholesky solves it better than LU.",
        Source.NEIGHBOUR,
        f"Errors of both by κ, on {WHERE}, and what happens where AᵀA is singular to rounding: a refusal, or a silent "
        "failure?",
        cholesky_or_lu,
    ),
    24: Claim(
        "AᵀA costs an extra O(mn²)",
        "The normal equations need an extra O(mn²) to form AᵀA.",
        Source.CHAPTER,
        "The floating-point operations of AᵀA, as XLA counts them in the compiled program, as m grows at n = 64, and "
        "as n grows at m = 4096; beside them the time in float64, which a BLAS may make grow more slowly.",
        gram_costs,
    ),
    25: Claim(
        "normal equations cost more",
        "With that extra, the normal equations cost more than QR.",
        Source.NEIGHBOUR,
        "Normal equations by Cholesky, QR and lstsq in NumPy, and LAPACK's xGELS by SciPy, in turns, on one "
        "machine: decided by xGELS.",
        normal_equations_cost_more,
    ),
}
