"""Claims about A⁺ and AᵀA that are mathematics, settled in exact rational arithmetic on matrices with whole entries.

What holds on all of them without rounding is also a theorem; an experiment that were wrong would break it.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from flint import fmpq_mat

from lamm_robust.claims.exact import (
    Exact,
    Matrix,
    counted,
    exact_problems,
    identity,
    is_zero,
    null_space,
    replay_of,
    squares,
    whole,
)
from lamm_robust.claims.finding import Cell, Finding, Table, Verdict, settled
from lamm_robust.claims.lab import Lab


def minimises_residual(lab: Lab) -> Finding:
    """‖Ax − b‖ is convex, so x is a minimiser if and only if Aᵀ(b − Ax) = 0 (the normal equations)."""
    problems = list(exact_problems(lab))

    def gradient_is_zero(p: Exact) -> bool:
        return is_zero(p.A.transpose() * (p.b - p.A * (lab.pinv(p.A) * p.b)))

    passed = [gradient_is_zero(p) for p in problems]
    return Finding(
        settled(all(passed)),
        f"Aᵀ(b − AA⁺b) = 0 exactly on {sum(passed)} of {len(passed)} problems",
        counted({"Aᵀ(b − AA⁺b) = 0": gradient_is_zero}, problems),
        replay=(replay_of(problems[2], "numpy-lstsq"),),
    )


def minimises_norm(lab: Lab) -> Finding:
    """All minimisers are A⁺b + z with Az = 0; A⁺b is the shortest if and only if it is orthogonal to every z."""
    problems = list(exact_problems(lab))

    def shortest(p: Exact) -> bool:
        x, Z = lab.pinv(p.A) * p.b, null_space(p.A)
        minimiser = is_zero(p.A.transpose() * (p.b - p.A * x))
        return minimiser and is_zero(Z.transpose() * x)

    def others_are_longer(p: Exact) -> bool:
        x, Z = lab.pinv(p.A) * p.b, null_space(p.A)
        columns = [fmpq_mat([[v] for v in column]) for column in Z.transpose().tolist()]
        return all(squares(x + z) == squares(x) + squares(z) for z in columns)

    passed = [shortest(p) and others_are_longer(p) for p in problems]
    checks = {"z ⟂ A⁺b for all z with Az = 0": shortest, "‖A⁺b + z‖² = ‖A⁺b‖² + ‖z‖²": others_are_longer}
    return Finding(
        settled(all(passed)),
        f"orthogonal to the null space exactly on {sum(passed)} of {len(passed)} problems",
        counted(checks, problems),
        replay=(replay_of(problems[2], "numpy-lstsq"),),
    )


def projector(lab: Lab) -> Finding:
    """P = AA⁺ is the orthogonal projector onto range A: P² = P, Pᵀ = P, PA = A and rank P = rank A."""
    problems = list(exact_problems(lab))

    def projects(p: Exact) -> bool:
        P = p.A * lab.pinv(p.A)
        onto = is_zero(P * p.A - p.A) and P.rank() == p.rank
        return is_zero(P * P - P) and is_zero(P.transpose() - P) and onto

    passed = [projects(p) for p in problems]
    return Finding(
        settled(all(passed)),
        f"exactly on {sum(passed)} of {len(passed)} matrices",
        counted({"P² = Pᵀ = P, PA = A": projects}, problems),
        replay=("import numpy as np; A = np.ones((3, 2)); P = A @ np.linalg.pinv(A); print(P @ P - P, P.T - P)",),
    )


def left_inverse(lab: Lab) -> Finding:
    """A⁺A = I, which needs n independent columns."""
    problems = list(exact_problems(lab))

    def inverts(p: Exact) -> bool:
        return is_zero(lab.pinv(p.A) * p.A - identity(p.A.ncols()))

    as_expected = all(inverts(p) == p.full_columns for p in problems)
    counts = sum(map(inverts, problems)), sum(p.full_columns for p in problems)
    return Finding(
        Verdict.ONLY_WHEN if as_expected else Verdict.FAILS,
        f"A⁺A = I on {counts[0]} of {len(problems)} matrices; {counts[1]} have full column rank",
        counted({"A⁺A = I": inverts}, problems),
        when="A has full column rank; otherwise A⁺A is the projector onto the row space" if as_expected else "",
        replay=("import numpy as np; A = np.ones((3, 2)); print(np.linalg.pinv(A) @ A)  # not the identity",),
    )


def gram_formula(lab: Lab) -> Finding:
    """(AᵀA)⁻¹Aᵀ = A⁺ where AᵀA has an inverse at all."""
    problems = list(exact_problems(lab))

    def invertible(p: Exact) -> bool:
        return bool((p.A.transpose() * p.A).det() != 0)

    def is_pinv(p: Exact) -> bool:
        At = p.A.transpose()
        return invertible(p) and is_zero((At * p.A).solve(At) - lab.pinv(p.A))

    as_expected = all(is_pinv(p) == invertible(p) == p.full_columns for p in problems)
    deficient = next(p for p in problems if not p.full_columns)
    wrong = lab.record(f"{deficient.key} dtype=float64 @ numpy-left-inverse-float64-cpu")
    error = wrong.scores.get("relative_error")
    happens = f"answers with an error of {error:.2g}‖x★‖" if error is not None else wrong.status
    return Finding(
        Verdict.ONLY_WHEN if as_expected else Verdict.FAILS,
        f"equal on {sum(map(is_pinv, problems))} of {len(problems)} matrices, AᵀA singular on the others; "
        f"there NumPy's inverse {happens}",
        counted({"det AᵀA ≠ 0": invertible, "(AᵀA)⁻¹Aᵀ = A⁺": is_pinv}, problems),
        when="A has full column rank; otherwise AᵀA has no inverse" if as_expected else "",
        replay=(replay_of(deficient, "numpy-left-inverse"),),
    )


def gram_rank(lab: Lab) -> Finding:
    """AᵀAx = 0 means ‖Ax‖² = 0: A and AᵀA have the same null space."""
    problems = list(exact_problems(lab))

    def same(p: Exact) -> bool:
        return bool((p.A.transpose() * p.A).rank() == p.A.rank() == p.rank)

    passed = [same(p) for p in problems]
    return Finding(
        settled(all(passed)),
        f"exactly on {sum(passed)} of {len(passed)} matrices",
        counted({"rank AᵀA = rank A": same}, problems),
        replay=(replay_of(problems[2], "numpy-lstsq"),),
    )


SPECTRA = ((16, 9, 0), (16, 9, 4), (30, 10, 8), (12, 12, 8))
"""m, n and log₂ κ of matrices of full column rank."""


def squared_condition(lab: Lab) -> Finding:
    """κ² as the ratio of eigenvalues that are whole numbers: those of AᵀA for A, those of (AᵀA)² for AᵀA."""
    rows: list[tuple[Cell, ...]] = []
    passed = []
    for m, n, exponent in SPECTRA:
        key = f"exact_rank m={m} n={n} rank={n} log2_cond={exponent} residual=0.0 seed=0 dtype=float64"
        A = whole(lab.problem(key).A).numer_denom()[0]
        gram = A.transpose() * A
        of_A, of_gram = eigenvalue_ratio(gram), eigenvalue_ratio(gram * gram)
        passed.append(of_A is not None and of_gram == of_A**2)
        rows.append((f"{m}×{n}", f"{of_A}", f"{of_gram}", "yes" if passed[-1] else "no"))
    return Finding(
        settled(all(passed)),
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
