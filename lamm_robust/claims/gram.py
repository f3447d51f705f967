"""Claims about AᵀA in floating point: when it may be formed, when it breaks, and how it is solved."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from lamm_robust.claims.finding import Cell, Finding, Table, Verdict, replayed, settled, spread
from lamm_robust.claims.lab import Lab
from lamm_robust.claims.orthogonal import FITTED
from lamm_robust.claims.spectra import (
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
    scores,
)
from lamm_robust.text import number
from lamm_robust.values import UNIT_ROUNDOFF, Precision, Status
from lamm_robust.values import Verdict as Judgement

SMALL = 1e-12
"""A residual at which the normal equations show what they lose."""


def never_form_gram(lab: Lab) -> Finding:
    """Forward errors of Cholesky on AᵀA and of QR, in Wedin bounds: what rounding A and b already does to x★."""
    columns = [(solver, r) for r in (SMALL, 1.0) for solver in ("numpy-normal-cholesky", "numpy-qr")]
    found = by_kappa(lab, columns, "forward_error")
    small, qr_small, large, qr_large = (last_good(found[column], STABLE) for column in columns)
    qr = min(qr_small, qr_large)
    needed = small < qr
    return Finding(
        Verdict.ONLY_WHEN if needed and small else settled(needed),
        f"Cholesky is within rounding up to κ = {number(small)} at residual 1e-12, {number(large)} at residual 1; "
        f"QR up to {number(qr)}",
        kappa_table(found, "Wedin bounds"),
        when=f"κ > {number(small)} and the residual is small, or κ > {number(large)}" if needed and small else "",
        replay=tuple(replayed(case("numpy-normal-cholesky", 6, residual, 0)) for residual in (SMALL, 1.0)),
    )


HALF_DECADES: Mapping[Precision, tuple[float, ...]] = {
    "float64": tuple(k / 2 for k in range(10, 21)),
    "float32": tuple(k / 2 for k in range(3, 13)),
}
"""Two per decade of κ, from well below 1/√u to well beyond it: 1e8 and 4e3."""


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
    return Finding(
        settled(all(held)),
        "; ".join(said),
        Table(("precision", "1/√u", "first κ without a digit", "their ratio"), rows),
        replay=(replayed(case("numpy-normal-cholesky", 9, 1e-6, 0)),),
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
        errors = [scores(each, "relative_error") for each in found]
        counts = [sum(r.status == Status.REFUSED for r in each) for each in found]
        wrong = [sum(r.verdict == Judgement.WRONG for r in each) for each in found]
        refused = [a + b for a, b in zip(refused, counts, strict=True)]
        silent = [a + b for a, b in zip(silent, wrong, strict=True)]
        if k in FITTED:
            ratios.append(errors[0].middle / errors[1].middle)
        rows.append((10.0**k, *errors, *counts))
    apart = max(max(ratio, 1 / ratio) for ratio in ratios)
    return Finding(
        settled(apart < WITHIN and silent[0] < silent[1] and refused[0] > refused[1]),
        f"errors within {apart:.1f}× of each other up to κ = 1e7; of {len(SEEDS) * len(DECADES[1:])} problems Cholesky "
        f"refuses {refused[0]} and gets {silent[0]} wrong in silence, LU {refused[1]} and {silent[1]}",
        Table(("κ", "Cholesky: error", "LU: error", "Cholesky refuses", "LU refuses"), rows),
        replay=tuple(replayed(case(solver, 10, SMALL, 0)) for solver in solvers),
    )


SEEN = (
    "from lamm_robust import catalog; import numpy as np; "
    f'A = catalog.build_problem(parse_key("{key(10, SMALL, 0)}")).A; '
    "print(np.linalg.cond(A) ** 2, np.linalg.cond(A.T @ A))"
)


def float64_sees_square(lab: Lab) -> Finding:
    """numpy.linalg.cond of AᵀA as float64 forms it, over the certified κ²."""
    ratios = []
    for k in DECADES:
        found = []
        for seed in SEEDS:
            known = lab.certified(key(k, SMALL, seed))
            A = known.problem.A
            found.append(float(np.linalg.cond(A.T @ A)) / known.frame.kappa**2)
        ratios.append(spread(found))
    off = [spread((abs(ratio.low - 1), abs(ratio.high - 1))) for ratio in ratios]
    limit = last_good(off, 0.01)
    only = 0 < limit < 10.0 ** DECADES[-1]
    return Finding(
        Verdict.ONLY_WHEN if only else settled(bool(limit)),
        f"cond(AᵀA) is κ² to 1 % up to κ = {number(limit)}; at 1e{DECADES[-1]} it is {number(ratios[-1].middle)} of it",
        Table(("κ", "cond(AᵀA)/κ²"), [(10.0**k, ratio) for k, ratio in zip(DECADES, ratios, strict=True)]),
        when=f"κ ≤ {number(limit)}: κ² beyond 1/u cannot be seen in float64" if only else "",
        replay=(SEEN,),
    )
