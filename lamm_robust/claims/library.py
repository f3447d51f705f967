"""Claims about what libraries do inside, settled by their results and by the names in NumPy's compiled modules."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lamm_robust import catalog
from lamm_robust.claims.cases import STABLE, WHERE, case, deficient_records, records, score_spread
from lamm_robust.claims.exact import exact_problems
from lamm_robust.claims.finding import Cell, Claim, Finding, Source, Spread, Table, conclude
from lamm_robust.claims.lab import Lab
from lamm_robust.reports.grading import PASSES
from lamm_robust.text import number, share

DRIVERS = ("gelsd", "gelss", "gelsy", "gels_")
"""LAPACK's drivers for least squares: two by SVD, one by pivoted QR, and one by QR."""
CROSSOVER = 1.6
"""xGELSD begins with a QR from m ≥ ⌊1.6 n⌋ on (ILAENV, ISPEC = 6): it is cheaper then to take the SVD of R."""
SHAPES = ((5, 3), (16, 9), (30, 10), (64, 16), (15, 9), (13, 9), (12, 9), (12, 10), (30, 20), (64, 48))
"""m, n on both sides of the crossover; the first is the chapter's."""


def linked_drivers(module: Path) -> list[str]:
    """The drivers of `DRIVERS` whose names stand in a compiled module."""
    code = module.read_bytes()
    return [driver for driver in DRIVERS if b"d" + driver.encode() in code]


BITS = (
    "import numpy as np; A = np.random.default_rng(0).normal(size=(5, 3)); s = lambda A: np.linalg.lstsq(A, "
    "np.ones(len(A)), rcond=None)[3]; print(s(A) - s(np.linalg.qr(A).R))"
)


def singular_values(A: Any, b: Any) -> Any:
    """The fourth result of numpy.linalg.lstsq."""
    return np.linalg.lstsq(A, b, rcond=None)[3]


def lstsq_begins_with_qr(lab: Lab, values: Callable[[Any, Any], Any] = singular_values) -> Finding:
    """Whether the singular values that lstsq returns are, bit by bit, those that it returns for R of A = QR."""
    drivers = linked_drivers(Path(np.linalg._umath_linalg.__file__))
    rows: list[tuple[Cell, ...]] = []
    by_qr: dict[bool, list[bool]] = {True: [], False: []}
    for m, n in SHAPES:
        same = []
        for seed in range(lab.seeds):
            A = np.random.default_rng([m, n, seed]).normal(size=(m, n))
            R = np.linalg.qr(A, mode="r")
            same.append(bool((values(A, np.ones(m)) == values(R, np.ones(n))).all()))
        tall = m >= int(CROSSOVER * n)
        by_qr[tall].append(all(same))
        rows.append((f"{m}×{n}", "yes" if tall else "no", share(sum(same), len(same))))
    right = {s: [r.verdict in PASSES for r in deficient_records(lab, s)] for s in ("numpy-lstsq", "numpy-qr")}
    names = ", ".join(f"xG{driver[1:].upper().rstrip('_')}" for driver in drivers) or "none"
    tall, other = all(by_qr[True]), any(by_qr[False])
    return conclude(
        tall and other,
        f"NumPy is linked to {names}, which solves by an SVD; its singular values are bit by bit those of R on "
        f"{sum(by_qr[True])} of {len(by_qr[True])} shapes with m ≥ ⌊1.6 n⌋ (the chapter's 5×3 among them) and on "
        f"{sum(by_qr[False])} of {len(by_qr[False])} others; on rank-deficient problems it is right on "
        f"{sum(right['numpy-lstsq'])} of {len(right['numpy-lstsq'])}, a solve with R alone on {sum(right['numpy-qr'])}",
        Table(("A", "m ≥ ⌊1.6 n⌋", "lstsq(A) has the bits of lstsq(R)"), rows),
        when="A is tall, m ≥ ⌊1.6 n⌋: a QR comes first, and what solves is the SVD of R" if tall and not other else "",
        margin="bits are the same or are not; which solver it is shows where A is deficient",
        replay=(BITS,),
    )


PINVS, LSTSQS = (
    ("numpy-pinv", "scipy-pinv", "jax-pinv", "torch-pinv"),
    (*("numpy-lstsq", "scipy-gelsd", "scipy-gelsy", "jax-lstsq", "torch-gelsy"),),
)
"""Solvers that multiply b by A⁺, and what lstsq of the notes' three libraries calls (NumPy's beside them)."""
TELLING = 8
"""The power of ten of κ at which a product with A⁺ shows: its backward error is of the order uκ."""


def pinv_is_standard(lab: Lab) -> Finding:
    """Whether lstsq of NumPy, SciPy, JAX and PyTorch forms A⁺: a product with A⁺ has a backward error of about uκ."""
    rows: list[tuple[Cell, ...]] = []
    formed: dict[str, bool] = {}
    shortest: dict[str, bool] = {}
    for solver in (*PINVS, *LSTSQS):
        if absent(solver):
            continue
        found = score_spread(records(lab, solver, TELLING, 1e-12), "backward_error")
        right = [r.verdict in PASSES for r in deficient_records(lab, solver)]
        formed[solver] = found.middle > 100 * STABLE
        shortest[solver] = any(right)
        rows.append((solver, found, "yes" if formed[solver] else "no", share(sum(right), len(right))))
    known = [s for s in LSTSQS if s in formed]
    traces = all(formed[s] for s in PINVS if s in formed)
    by_product, by_answer = sum(formed[s] for s in known), sum(shortest[s] for s in known)
    none = by_product == 0 and by_answer == len(known)
    nearest = max(row[1].middle for row in rows if isinstance(row[1], Spread) and row[0] in known)
    return conclude(
        by_product == len(known),
        f"of {len(known)} lstsq {by_product} form A⁺, by the backward errors that this leaves; {by_answer} return A⁺b "
        "where A is deficient",
        Table(("solver", f"backward error at κ = 1e{TELLING} (u‖A‖_F)", "forms A⁺", "A⁺b at deficient A"), rows),
        when="the answer A⁺b is meant: all offer pinv and return A⁺b, but none of their lstsq multiplies by A⁺"
        if none and traces
        else "",
        margin=f"a median above {number(100 * STABLE)} counts as a product with A⁺; the largest of lstsq is "
        f"{number(nearest)}",
        cases=[case("numpy-pinv", TELLING, 1e-12), case("numpy-lstsq", TELLING, 1e-12)],
    )


def absent(solver: str) -> bool:
    """Whether the library of a solver is not installed."""
    return catalog.absent(catalog.LIBRARY[solver.partition("-")[0]], "cpu") is not None


def lstsq_returns_sse(lab: Lab) -> Finding:
    """The second result of numpy.linalg.lstsq, beside the certified ‖r★‖²."""
    rows: list[tuple[Cell, ...]] = []
    as_documented = True
    for problem in exact_problems(lab):
        text = f"{problem.key} dtype=float64"
        stored, known = lab.problem(text), lab.certified(text)
        returned = np.linalg.lstsq(stored.A, stored.b, rcond=None)[1]
        truth = float(known.truth.residual_norm[0]) ** 2
        right = returned.size == 1 and math.isclose(float(returned[0]), truth, rel_tol=1e-9)
        expected = problem.full_columns and stored.m > stored.n
        as_documented = as_documented and (right if expected else not returned.size)
        shown = float(returned[0]) if returned.size else "an empty array"
        rows.append((f"{stored.m}×{stored.n}, rank {problem.rank}", shown, truth))
    empty = sum(isinstance(row[1], str) for row in rows)
    return conclude(
        not empty,
        f"empty on {empty} of {len(rows)} problems, right on the others",
        Table(("A", "lstsq(A, b)[1]", "‖r★‖²"), rows),
        when="A has more rows than columns and full rank; otherwise an empty array" if as_documented and empty else "",
        margin="to nine digits",
        replay=("import numpy as np; print(np.linalg.lstsq(np.ones((3, 2)), np.array([1.0, 2, 4]), rcond=None)[1])",),
    )


CLAIMS = {
    28: Claim(
        "NumPy's lstsq uses QR",
        "numpy.linalg.lstsq uses a QR factorisation internally.",
        Source.CHAPTER,
        "Which LAPACK drivers NumPy is linked to; whether the singular values that lstsq returns of A are bit by bit "
        "those of R, for A = QR, on ten shapes and 20 seeds; and which solver it is where A is deficient.",
        lstsq_begins_with_qr,
    ),
    31: Claim(
        "lstsq returns the SSE",
        "The second result of numpy.linalg.lstsq is the SSE.",
        Source.NEIGHBOUR,
        "That result beside the certified ‖r★‖², on matrices of full and deficient rank of five shapes.",
        lstsq_returns_sse,
    ),
    56: Claim(
        "pinv is standard in libraries",
        "The pseudo-inverse approach is standard in libraries such as SciPy, JAX and PyTorch.",
        Source.NOTES,
        f"Backward errors at κ = 1e{TELLING} on {WHERE}: a product with A⁺ leaves one of about uκ. Does lstsq of these "
        "libraries form A⁺? And does it return A⁺b where A is deficient (20 seeds)?",
        pinv_is_standard,
    ),
}
