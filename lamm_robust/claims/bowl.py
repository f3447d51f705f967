"""Claims about f(x) = ‖Ax − b‖² as a function of x: its gradient, its Hessian 2AᵀA, its minimum; in rationals."""

from __future__ import annotations

from flint import fmpq, fmpq_mat

from lamm_robust.claims.exact import (
    Exact,
    Matrix,
    conclude_exactly,
    count,
    exact_problems,
    identity,
    is_zero,
    null_space,
    squares,
)
from lamm_robust.claims.finding import Claim, Finding, Source, conclude
from lamm_robust.claims.lab import Lab


def gradient(lab: Lab) -> Finding:
    """(f(x + e) − f(x − e))/2 is the derivative along e exactly, since f is quadratic; at A⁺b, and away from it."""
    problems = exact_problems(lab)

    def is_gradient(p: Exact) -> bool:
        n = int(p.A.ncols())
        units = [fmpq_mat([[v] for v in row]) for row in identity(n).tolist()]
        away = fmpq_mat([[fmpq(j + 1, 3)] for j in range(n)])
        return all(_along(p, x, e) == _formula(p, x, e) for x in (away, lab.pinv(p.A) * p.b) for e in units)

    def vanishes(p: Exact) -> bool:
        x = lab.pinv(p.A) * p.b
        return is_zero(p.A.transpose() * p.A * x - p.A.transpose() * p.b)

    checks = {"differences of f = 2AᵀAx − 2Aᵀb": is_gradient, "0 at A⁺b": vanishes}
    return conclude_exactly(
        "exactly on {} of {} problems, along every axis and at two points",
        checks,
        problems,
        cases=[problems[0].case("numpy-lstsq")],
    )


def _along(p: Exact, x: Matrix, e: Matrix) -> fmpq:
    ahead, behind = (squares(p.A * point - p.b) for point in (x + e, x - e))
    return (ahead - behind) / 2


def _formula(p: Exact, x: Matrix, e: Matrix) -> fmpq:
    At = p.A.transpose()
    slope: fmpq = 2 * (e.transpose() * (At * p.A * x - At * p.b))[0, 0]
    return slope


def positive_definite(lab: Lab) -> Finding:
    """AᵀA is symmetric, and all its leading minors are positive (Sylvester): then it has an inverse."""
    problems = exact_problems(lab)

    def symmetric(p: Exact) -> bool:
        G = p.A.transpose() * p.A
        return is_zero(G - G.transpose())

    def definite(p: Exact) -> bool:
        G = (p.A.transpose() * p.A).tolist()
        return all(fmpq_mat([row[:k] for row in G[:k]]).det() > 0 for k in range(1, len(G) + 1))

    full = [p for p in problems if p.full_columns]
    others = [p for p in problems if not p.full_columns]
    return conclude(
        all(symmetric(p) and definite(p) for p in full) and not any(map(definite, others)),
        f"on {sum(map(definite, full))} of the {len(full)} matrices of full column rank, which the chapter asks for, "
        f"and on {sum(map(definite, others))} of the {len(others)} others; symmetric on all",
        count({"symmetric": symmetric, "leading minors > 0": definite}, problems),
        replay=("import numpy as np; A = np.ones((3, 2)); print(np.linalg.eigvalsh(A.T @ A))  # one is 0",),
    )


def unique_minimum(lab: Lab) -> Finding:
    """Every z with Az = 0 leads from one minimiser to another: the minimum is at one point only if there is none."""
    problems = exact_problems(lab)

    def unique(p: Exact) -> bool:
        return int(null_space(p.A).ncols()) == 0

    def others_are_as_low(p: Exact) -> bool:
        x, Z = lab.pinv(p.A) * p.b, null_space(p.A)
        columns = [fmpq_mat([[v] for v in column]) for column in Z.transpose().tolist()]
        least = squares(p.A * x - p.b)
        return is_zero(p.A.transpose() * (p.A * x - p.b)) and all(
            squares(p.A * (x + z) - p.b) == least for z in columns
        )

    counts = sum(map(unique, problems)), sum(p.full_columns for p in problems)
    as_expected = all(unique(p) == p.full_columns and others_are_as_low(p) for p in problems)
    return conclude(
        False,
        f"one minimiser on {counts[0]} of {len(problems)} problems; {counts[1]} have full column rank",
        count({"one minimiser": unique, "A⁺b + z is as low for all Az = 0": others_are_as_low}, problems),
        when="A has full column rank; otherwise 2AᵀA is only semidefinite, and the minimisers are a whole subspace"
        if as_expected
        else "",
        cases=[next(p for p in problems if not p.full_columns).case("numpy-dropping")],
    )


CLAIMS = {
    57: Claim(
        "a unique global minimum",
        "‖Ax − b‖² has a positive definite Hessian, and so a unique global minimum.",
        Source.CHAPTER,
        "In rationals, on matrices of full and deficient rank of five shapes: the null space, and ‖Ax − b‖² at A⁺b and "
        "beside it.",
        unique_minimum,
    ),
    58: Claim(
        "AᵀA is symmetric positive definite",
        "If A has full column rank, AᵀA is symmetric and positive definite, and so has an inverse.",
        Source.CHAPTER,
        "In rationals, on the same matrices: are all leading minors positive where the rank is full, and only there?",
        positive_definite,
    ),
    60: Claim(
        "the gradient",
        "The gradient of ‖Ax − b‖² is 2AᵀAx − 2Aᵀb, and setting it to zero gives the normal equations.",
        Source.CHAPTER,
        "In rationals, on the same problems: differences of ‖Ax − b‖² along every axis, which are exact for a "
        "quadratic, beside the formula; and the formula at A⁺b.",
        gradient,
    ),
}
