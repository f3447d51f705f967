"""Claims about A⁺ and AᵀA that are mathematics, settled in exact rational arithmetic on matrices with whole entries.

Every claim that holds here is a theorem, so that only a wrong experiment could find that it does not.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from flint import fmpq_mat

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
    whole,
)
from lamm_robust.claims.finding import Cell, Claim, Finding, Source, Table, conclude
from lamm_robust.claims.lab import Lab


def minimises_residual(lab: Lab) -> Finding:
    """‖Ax − b‖ is convex, so x is a minimiser if and only if Aᵀ(b − Ax) = 0 (the normal equations)."""
    problems = exact_problems(lab)

    def gradient_is_zero(p: Exact) -> bool:
        return is_zero(p.A.transpose() * (p.b - p.A * (lab.pinv(p.A) * p.b)))

    return conclude_exactly(
        "Aᵀ(b − AA⁺b) = 0 exactly on {} of {} problems",
        {"Aᵀ(b − AA⁺b) = 0": gradient_is_zero},
        problems,
        cases=[problems[2].case("numpy-lstsq")],
    )


def minimises_norm(lab: Lab) -> Finding:
    """All minimisers are A⁺b + z with Az = 0; A⁺b is the shortest if and only if it is orthogonal to every z."""
    problems = exact_problems(lab)

    def shortest(p: Exact) -> bool:
        x, Z = lab.pinv(p.A) * p.b, null_space(p.A)
        minimiser = is_zero(p.A.transpose() * (p.b - p.A * x))
        return minimiser and is_zero(Z.transpose() * x)

    def others_are_longer(p: Exact) -> bool:
        x, Z = lab.pinv(p.A) * p.b, null_space(p.A)
        columns = [fmpq_mat([[v] for v in column]) for column in Z.transpose().tolist()]
        return all(squares(x + z) == squares(x) + squares(z) for z in columns)

    return conclude_exactly(
        "orthogonal to the null space exactly on {} of {} problems",
        {"z ⟂ A⁺b for all z with Az = 0": shortest, "‖A⁺b + z‖² = ‖A⁺b‖² + ‖z‖²": others_are_longer},
        problems,
        cases=[problems[2].case("numpy-lstsq")],
    )


def projector(lab: Lab) -> Finding:
    """P = AA⁺ is the orthogonal projector onto range A: P² = P, Pᵀ = P, PA = A and rank P = rank A."""
    problems = exact_problems(lab)

    def projects(p: Exact) -> bool:
        P = p.A * lab.pinv(p.A)
        onto = is_zero(P * p.A - p.A) and P.rank() == p.rank
        return is_zero(P * P - P) and is_zero(P.transpose() - P) and onto

    return conclude_exactly(
        "exactly on {} of {} matrices",
        {"P² = Pᵀ = P, PA = A": projects},
        problems,
        replay=["import numpy as np; A = np.ones((3, 2)); P = A @ np.linalg.pinv(A); print(P @ P - P, P.T - P)"],
    )


def no_right_inverse(lab: Lab) -> Finding:
    """AA⁺ = I only where the rows are independent: the projector onto the range is then that onto everything."""
    problems = exact_problems(lab)

    def inverts(p: Exact) -> bool:
        return is_zero(p.A * lab.pinv(p.A) - identity(p.A.nrows()))

    others = [p for p in problems if not inverts(p)]
    as_expected = all(inverts(p) == (p.rank == p.A.nrows()) for p in problems)
    return conclude(
        bool(others) and as_expected,
        f"AA⁺ ≠ I on {len(others)} of {len(problems)} matrices; on the {len(problems) - len(others)} others the rows "
        "are independent",
        count({"AA⁺ = I": inverts}, problems),
        replay=("import numpy as np; A = np.ones((3, 2)); print(A @ np.linalg.pinv(A))  # not the identity",),
    )


def left_inverse(lab: Lab) -> Finding:
    """A⁺A = I, which needs n independent columns."""
    problems = exact_problems(lab)

    def inverts(p: Exact) -> bool:
        return is_zero(lab.pinv(p.A) * p.A - identity(p.A.ncols()))

    as_expected = all(inverts(p) == p.full_columns for p in problems)
    counts = sum(map(inverts, problems)), sum(p.full_columns for p in problems)
    return conclude(
        False,
        f"A⁺A = I on {counts[0]} of {len(problems)} matrices; {counts[1]} have full column rank",
        count({"A⁺A = I": inverts}, problems),
        when="A has full column rank; otherwise A⁺A is the projector onto the row space" if as_expected else "",
        replay=("import numpy as np; A = np.ones((3, 2)); print(np.linalg.pinv(A) @ A)  # not the identity",),
    )


def gram_formula(lab: Lab) -> Finding:
    """(AᵀA)⁻¹Aᵀ = A⁺ where AᵀA has an inverse at all."""
    problems = exact_problems(lab)

    def invertible(p: Exact) -> bool:
        return bool((p.A.transpose() * p.A).det() != 0)

    def is_pinv(p: Exact) -> bool:
        At = p.A.transpose()
        return invertible(p) and is_zero((At * p.A).solve(At) - lab.pinv(p.A))

    as_expected = all(is_pinv(p) == invertible(p) == p.full_columns for p in problems)
    deficient = next(p for p in problems if not p.full_columns)
    wrong = lab.record(deficient.case("numpy-left-inverse"))
    error = wrong.scores.get("relative_error")
    happens = f"answers with an error of {error:.2g}‖x★‖" if error is not None else wrong.status
    return conclude(
        False,
        f"equal on {sum(map(is_pinv, problems))} of {len(problems)} matrices, AᵀA singular on the others; "
        f"there NumPy's inverse {happens}",
        count({"det AᵀA ≠ 0": invertible, "(AᵀA)⁻¹Aᵀ = A⁺": is_pinv}, problems),
        when="A has full column rank; otherwise AᵀA has no inverse" if as_expected else "",
        cases=[deficient.case("numpy-left-inverse")],
    )


def gram_rank(lab: Lab) -> Finding:
    """AᵀAx = 0 means ‖Ax‖² = 0: A and AᵀA have the same null space."""
    problems = exact_problems(lab)

    def same(p: Exact) -> bool:
        return bool((p.A.transpose() * p.A).rank() == p.A.rank() == p.rank)

    checks = {"rank AᵀA = rank A": same}
    return conclude_exactly("exactly on {} of {} matrices", checks, problems, cases=[problems[2].case("numpy-lstsq")])


SPECTRA = ((16, 9, 0), (16, 9, 4), (30, 10, 8), (12, 12, 8))
"""m, n and log₂ κ of the matrices of full column rank whose κ is squared."""


def squared_condition(lab: Lab) -> Finding:
    """κ(A)² and κ(AᵀA)² are ratios of eigenvalues of AᵀA and of (AᵀA)², which are whole numbers here."""
    rows: list[tuple[Cell, ...]] = []
    passed = []
    for m, n, exponent in SPECTRA:
        key = f"exact_rank m={m} n={n} rank={n} log2_cond={exponent} residual=0.0 seed=0 dtype=float64"
        A = whole(lab.problem(key).A).numer_denom()[0]
        gram = A.transpose() * A
        of_A, of_gram = eigenvalue_ratio(gram), eigenvalue_ratio(gram * gram)
        passed.append(of_A is not None and of_gram == of_A**2)
        rows.append((f"{m}×{n}", f"{of_A}", f"{of_gram}", "yes" if passed[-1] else "no"))
    return conclude(
        all(passed),
        f"κ(AᵀA)² = κ(A)⁴ in whole numbers on {sum(passed)} of {len(passed)} matrices",
        Table(("A", "κ(A)²", "κ(AᵀA)²", "second = first squared"), rows),
        replay=("import numpy as np; A = np.diag([8.0, 1.0]); print(np.linalg.cond(A), np.linalg.cond(A.T @ A))",),
    )


def eigenvalue_ratio(G: Matrix) -> Fraction | None:
    """The largest over the smallest eigenvalue of a positive definite matrix of whole numbers, if all are whole.

    They are the roots of the characteristic polynomial, which FLINT factors over the integers.
    """
    _, factors = G.charpoly().factor()
    if any(factor.degree() != 1 for factor, _ in factors):
        return None
    roots = sorted(Fraction(-int(factor[0]), int(factor[1])) for factor, _ in factors)
    assert all(low < high for low, high in pairwise(roots))
    return roots[-1] / roots[0]


CLAIMS = {
    7: Claim(
        "pinv minimises the residual",
        "A⁺b minimises ‖Ax − b‖.",
        Source.NOTES,
        "In rationals, on matrices of full and deficient rank of five shapes: Aᵀ(b − AA⁺b) = 0, which is true of "
        "minimisers only.",
        minimises_residual,
    ),
    8: Claim(
        "pinv is the shortest minimiser",
        "Among all minimisers, A⁺b has the smallest norm.",
        Source.NOTES,
        "In rationals: A⁺b is a minimiser and orthogonal to a basis of the null space that is computed without it, "
        "and adding any of the basis makes it longer by Pythagoras.",
        minimises_norm,
    ),
    13: Claim(
        "A⁺A = I",
        "The pseudo-inverse is a left inverse: A⁺A = I.",
        Source.CHAPTER,
        "In rationals, on matrices of full and deficient rank of five shapes.",
        left_inverse,
    ),
    14: Claim(
        "AA⁺ is a projector",
        "AA⁺ is the orthogonal projector onto the range of A.",
        Source.CHAPTER,
        "In rationals, on the same matrices: P² = P, Pᵀ = P, PA = A and rank P = rank A.",
        projector,
    ),
    15: Claim(
        "A⁺ = (AᵀA)⁻¹Aᵀ",
        "The pseudo-inverse is (AᵀA)⁻¹Aᵀ.",
        Source.CHAPTER,
        "In rationals, on the same matrices; and what float64 makes of the formula where AᵀA has no inverse.",
        gram_formula,
    ),
    17: Claim(
        "rank(AᵀA) = rank(A)",
        "AᵀA has the rank of A, whatever that is.",
        Source.NEIGHBOUR,
        "In rationals, on matrices of full and deficient rank of five shapes.",
        gram_rank,
    ),
    19: Claim(
        "κ(AᵀA) = κ(A)²",
        "The condition number of AᵀA is the square of that of A.",
        Source.CHAPTER,
        "Matrices of whole numbers whose AᵀA has whole eigenvalues: the ratios of the roots of exact characteristic "
        "polynomials of AᵀA and of (AᵀA)².",
        squared_condition,
    ),
    59: Claim(
        "AA⁺ ≠ I",
        "AA⁺ is not the identity in general: A⁺ is no right inverse.",
        Source.CHAPTER,
        "In rationals, on matrices of full and deficient rank of five shapes.",
        no_right_inverse,
    ),
}
