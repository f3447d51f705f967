"""Claims about a fit and its residual, in exact rational arithmetic."""

from __future__ import annotations

from fractions import Fraction

from flint import fmpq, fmpq_mat, fmpz_mat

from lamm_robust.claims.exact import SHAPES, Exact, conclude_exactly, exact_problems, is_zero, squares
from lamm_robust.claims.finding import Cell, Claim, Finding, Source, Table, conclude
from lamm_robust.claims.lab import Lab
from lamm_robust.text import number


def residual_is_orthogonal(lab: Lab) -> Finding:
    """Aᵀr = 0 exactly; in floating point, r̂ is orthogonal to rounding only relative to ‖A‖‖b‖."""
    problems = exact_problems(lab, SHAPES[:3])

    def orthogonal(p: Exact) -> bool:
        r = p.b - p.A * (lab.pinv(p.A) * p.b)
        return is_zero(p.A.transpose() * r) and not is_zero(r)

    records = [lab.record(p.case("numpy-lstsq")) for p in problems]
    worst = max(record.scores["orthogonality"] for record in records)
    return conclude_exactly(
        f"Aᵀr = 0 exactly on {{}} of {{}} problems; numpy-lstsq: ‖Aᵀr̂‖ ≤ {worst:.2g} u‖A‖‖r̂‖",
        {"Aᵀr = 0, r ≠ 0": orthogonal},
        problems,
        cases=[problems[0].case("numpy-lstsq")],
    )


def pythagoras(lab: Lab) -> Finding:
    """Σ(yᵢ − ŷᵢ)² = ‖r‖² by definition, and = ‖b‖² − ‖Ax★‖² = bᵀb − bᵀAx★ since r ⟂ Ax★."""
    problems = exact_problems(lab, SHAPES[:3])

    def same(p: Exact) -> bool:
        fit = p.A * (lab.pinv(p.A) * p.b)
        one_by_one = sum(((y - f) ** 2 for y, f in zip(p.b.entries(), fit.entries(), strict=True)), fmpq(0))
        shortcuts = squares(p.b) - squares(fit), squares(p.b) - (p.b.transpose() * fit)[0, 0]
        return all(one_by_one == other for other in (squares(p.b - fit), *shortcuts))

    checks = {"Σ(y − ŷ)² = ‖r‖² = ‖b‖² − ‖Ax‖²": same}
    return conclude_exactly("exactly on {} of {} problems", checks, problems, cases=[problems[0].case("numpy-lstsq")])


TIMES, VALUES = (0, 1, 2, 3, 4), ("1.0", "2.1", "3.9", "8.2", "15.8")
"""The abscissae and ordinates of the textbook's example."""
FITTING = ("numpy-lstsq", "numpy-pinv", "numpy-qr", "numpy-normal-lu", "jax-lamm-cond", "numpy-dropping")
QUADRATIC = "polynomial points=5 degree=2 abscissae=integers seed=0"
PLACES = 4
"""The decimals of a printed fit that its readers use."""


def quadratic(lab: Lab) -> Finding:
    """The best quadratic through the textbook's five points, as fractions, and what solvers make of it."""
    A = fmpq_mat(fmpz_mat([[t**j for j in range(3)] for t in TIMES]))
    y = fmpq_mat([[fmpq(Fraction(v).numerator, Fraction(v).denominator)] for v in VALUES])
    exact = (lab.pinv(A) * y).entries()
    minimiser = is_zero(A.transpose() * (y - A * (lab.pinv(A) * y)))
    rows: list[tuple[Cell, ...]] = [("exact", *map(str, exact), 0.0)]
    agree, worst = minimiser, 0.0
    for precision in ("float64", "float32"):
        for solver in FITTING:
            found = lab.answer(f"{QUADRATIC} dtype={precision} @ {solver}-{precision}-cpu").tolist()
            error = max(abs(value - float(c.p) / float(c.q)) for value, c in zip(found, exact, strict=True))
            worst = max(worst, error)
            agree = agree and error < 0.5 * 10**-PLACES
            rows.append((f"{solver}, {precision}", *(f"{value:.10g}" for value in found), error))
    shown = ", ".join(f"{float(c.p) / float(c.q):.6g}" for c in exact)
    return conclude(
        agree,
        f"c = ({', '.join(map(str, exact))}) = ({shown}); largest error {number(worst)}",
        Table(("by", "1", "t", "t²", "largest error"), rows),
        margin=f"four decimals are an error below {0.5 * 10**-PLACES:g}",
        cases=[f"{QUADRATIC} dtype=float64 @ numpy-lstsq-float64-cpu"],
    )


CLAIMS = {
    29: Claim(
        "the residual is orthogonal to the range",
        "The residual is orthogonal to the columns of A: Aᵀr = 0.",
        Source.CHAPTER,
        "In rationals, on matrices with more rows than their rank; and by numpy.linalg.lstsq in units of rounding.",
        residual_is_orthogonal,
    ),
    30: Claim(
        "SSE = ‖r‖²",
        "The sum of squared errors is ‖r‖².",
        Source.CHAPTER,
        "In rationals: Σ(yᵢ − ŷᵢ)² = ‖r‖², and the shortcuts ‖b‖² − ‖Ax‖² = bᵀb − bᵀAx, which are true of minimisers "
        "only.",
        pythagoras,
    ),
    32: Claim(
        "the quadratic fit",
        "Fitting a quadratic to (0, 1.0), (1, 2.1), (2, 3.9), (3, 8.2), (4, 15.8) has one solution, and all methods "
        "find it.",
        Source.CHAPTER,
        "The coefficients as fractions, from the decimals; and six solvers in both precisions: do they agree to four "
        "decimals?",
        quadratic,
    ),
}
