"""Claims about what NumPy does inside, settled by its results and by the names in its compiled modules."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from lamm_robust.claims.cases import DECADES, DEFICIENT, SEEDS, deficient_records, key
from lamm_robust.claims.exact import exact_problems
from lamm_robust.claims.finding import Cell, Claim, Finding, Source, Table, conclude
from lamm_robust.claims.lab import Lab
from lamm_robust.reports.grading import PASSES
from lamm_robust.text import number, share

DRIVERS = ("gelsd", "gelss", "gelsy", "gels_")
"""LAPACK's drivers for least squares: two by SVD, one by pivoted QR, and one by QR."""
CLOSE = 64 * 2.0**-52
"""How far the singular values of two SVDs may be apart, over σ₁ (Weyl's theorem, and the errors of both)."""


def linked_drivers(module: Path) -> list[str]:
    """The drivers of `DRIVERS` whose names stand in a compiled module."""
    code = module.read_bytes()
    return [driver for driver in DRIVERS if b"d" + driver.encode() in code]


def lstsq_is_no_qr(lab: Lab) -> Finding:
    """Which LAPACK driver NumPy is linked to, whether lstsq returns singular values, and the shortest solution."""
    drivers = linked_drivers(Path(np.linalg._umath_linalg.__file__))
    gaps = []
    for k in DECADES:
        for seed in SEEDS:
            problem = lab.problem(key(k, 1.0, seed))
            returned = np.linalg.lstsq(problem.A, problem.b, rcond=None)[3]
            sigma = np.linalg.svd(problem.A, compute_uv=False)
            gaps.append(float(abs(returned - sigma).max() / sigma[0]))
    right = {s: sum(r.verdict in PASSES for r in deficient_records(lab, s)) for s in ("numpy-lstsq", "numpy-qr")}
    names = ", ".join(f"xG{driver[1:].upper().rstrip('_')}" for driver in drivers) or "none"
    by_svd = set(drivers) <= {"gelsd", "gelss"} and max(gaps) <= CLOSE and right["numpy-lstsq"] == len(DEFICIENT)
    return conclude(
        not by_svd,
        f"NumPy is linked to {names}; lstsq returns the singular values of A to {number(max(gaps))}σ₁ and solves "
        f"{right['numpy-lstsq']} of {len(DEFICIENT)} rank-deficient problems, QR {right['numpy-qr']}",
        Table(
            ("seen", "found", "a QR would"),
            [
                ("drivers of LAPACK in numpy.linalg", names, "link xGELS or xGELSY"),
                ("lstsq's fourth result − svd(A), over σ₁", max(gaps), "return no singular values"),
                ("A⁺b at deficient A: lstsq", share(right["numpy-lstsq"], len(DEFICIENT)), "divide by rounding errors"),
                ("A⁺b at deficient A: numpy.linalg.qr", share(right["numpy-qr"], len(DEFICIENT)), ""),
            ],
        ),
        replay=("import numpy as np; print(np.linalg.lstsq(np.ones((3, 2)), np.ones(3), rcond=None))",),
    )


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
        replay=("import numpy as np; print(np.linalg.lstsq(np.ones((3, 2)), np.array([1.0, 2, 4]), rcond=None)[1])",),
    )


CLAIMS = {
    28: Claim(
        "NumPy's lstsq uses QR",
        "numpy.linalg.lstsq uses a QR factorisation internally.",
        Source.CHAPTER,
        "Which LAPACK drivers NumPy is linked to, whether the singular values that it returns are those of A, and "
        "whether it finds A⁺b where A is deficient, as a QR cannot. For m ≫ n, xGELSD takes a QR first and then the "
        "SVD of R: what solves is the SVD.",
        lstsq_is_no_qr,
    ),
    31: Claim(
        "lstsq returns the SSE",
        "The second result of numpy.linalg.lstsq is the SSE.",
        Source.NEIGHBOUR,
        "That result beside the certified ‖r★‖², on matrices of full and deficient rank of five shapes.",
        lstsq_returns_sse,
    ),
}
