"""Claims that are mathematics, settled in exact rational arithmetic on matrices with whole entries.

The matrices are those of the family `exact_rank`: entries, rank and singular values are known exactly, and so is the
answer. What holds on all of them without rounding is also a theorem; an experiment that were wrong would break it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from flint import fmpq, fmpq_mat, fmpz_mat

from lamm_robust.claims.finding import Cell, Finding, Table, Verdict, settled
from lamm_robust.claims.lab import Lab
from lamm_robust.tables import number

Matrix = Any
"""fmpq_mat or fmpz_mat: FLINT is published without types."""

SHAPES = ((16, 9, 9), (16, 9, 5), (12, 12, 6), (4, 16, 4), (10, 30, 5))
"""m, n and rank: full column rank, deficient tall, deficient square, full row rank, deficient wide."""
SEEDS = (0, 1)
EXPONENT = 4
"""log₂ κ, where there is more than one singular value."""


class Exact(NamedTuple):
    """A problem in rationals."""

    key: str
    A: Matrix
    b: Matrix
    rank: int

    @property
    def full_columns(self) -> bool:
        """Whether the columns are independent."""
        return self.rank == int(self.A.ncols())


def exact_problems(lab: Lab, shapes: tuple[tuple[int, int, int], ...] = SHAPES) -> Iterator[Exact]:
    """The problems of the shapes and seeds above, exactly as they are stored."""
    for m, n, rank in shapes:
        for seed in SEEDS:
            # rows that span the whole space leave no room for a residual
            residual = 0.0 if rank == m else 1.0
            key = f"exact_rank m={m} n={n} rank={rank} log2_cond={EXPONENT} residual={residual} seed={seed}"
            problem = lab.problem(f"{key} dtype=float64")
            yield Exact(key, whole(problem.A), whole(problem.b.reshape(-1, 1)), rank)


def whole(array: Any) -> Matrix:
    """A matrix of whole numbers, as rationals."""
    return fmpq_mat(fmpz_mat([[int(v) for v in row] for row in array.tolist()]))


def squares(x: Matrix) -> fmpq:
    """‖x‖² of a vector, or ‖X‖_F²."""
    return sum((v * v for v in x.entries()), fmpq(0))


def is_zero(M: Matrix) -> bool:
    """Whether every entry is exactly zero."""
    return all(v == 0 for v in M.entries())


def identity(n: int) -> Matrix:
    """The n×n identity."""
    return fmpq_mat(fmpz_mat([[int(i == j) for j in range(n)] for i in range(n)]))


def null_space(A: Matrix) -> Matrix:
    """A basis of the x with Ax = 0, as columns; it does not come from the pseudo-inverse."""
    basis, nullity = A.numer_denom()[0].nullspace()
    columns = [row[:nullity] for row in basis.tolist()]
    return fmpq_mat(fmpz_mat(columns)) if nullity else fmpq_mat(A.ncols(), 0)


def counted(checks: dict[str, Callable[[Exact], bool]], problems: list[Exact]) -> Table:
    """How many problems of each rank pass each check."""
    groups: dict[tuple[int, int, int], list[Exact]] = {}
    for problem in problems:
        groups.setdefault((problem.A.nrows(), problem.A.ncols(), problem.rank), []).append(problem)
    rows: list[tuple[Cell, ...]] = [
        (f"{m}×{n}", rank, *(f"{sum(map(check, members))}/{len(members)}" for check in checks.values()))
        for (m, n, rank), members in groups.items()
    ]
    return Table(("A", "rank", *checks), rows)


def replay_of(problem: Exact, solver: str) -> str:
    """The command that shows it in floating point."""
    return f'lamm-robust replay "{problem.key} dtype=float64 @ {solver}-float64-cpu"'


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


def residual_is_orthogonal(lab: Lab) -> Finding:
    """Aᵀr = 0 exactly; in floating point, r̂ is orthogonal to rounding only relative to ‖A‖‖b‖."""
    problems = list(exact_problems(lab, SHAPES[:3]))

    def orthogonal(p: Exact) -> bool:
        r = p.b - p.A * (lab.pinv(p.A) * p.b)
        return is_zero(p.A.transpose() * r) and not is_zero(r)

    passed = [orthogonal(p) for p in problems]
    table = counted({"Aᵀr = 0, r ≠ 0": orthogonal}, problems)
    records = [lab.record(f"{p.key} dtype=float64 @ numpy-lstsq-float64-cpu") for p in problems]
    worst = max(record.scores["orthogonality"] for record in records)
    return Finding(
        settled(all(passed)),
        f"Aᵀr = 0 exactly on {sum(passed)} of {len(passed)} problems; numpy-lstsq: ‖Aᵀr̂‖ ≤ {worst:.2g} u‖A‖‖r̂‖",
        table,
        replay=(replay_of(problems[0], "numpy-lstsq"),),
    )


def pythagoras(lab: Lab) -> Finding:
    """Σ(yᵢ − ŷᵢ)² = ‖r‖² by definition, and = ‖b‖² − ‖Ax★‖² = bᵀb − bᵀAx★ since r ⟂ Ax★."""
    problems = list(exact_problems(lab, SHAPES[:3]))

    def same(p: Exact) -> bool:
        fit = p.A * (lab.pinv(p.A) * p.b)
        one_by_one = sum(((y - f) ** 2 for y, f in zip(p.b.entries(), fit.entries(), strict=True)), fmpq(0))
        shortcuts = squares(p.b) - squares(fit), squares(p.b) - (p.b.transpose() * fit)[0, 0]
        return all(one_by_one == other for other in (squares(p.b - fit), *shortcuts))

    passed = [same(p) for p in problems]
    return Finding(
        settled(all(passed)),
        f"exactly on {sum(passed)} of {len(passed)} problems",
        counted({"Σ(y − ŷ)² = ‖r‖² = ‖b‖² − ‖Ax‖²": same}, problems),
        replay=(replay_of(problems[0], "numpy-lstsq"),),
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


TIMES, VALUES = (0, 1, 2, 3, 4), ("1.0", "2.1", "3.9", "8.2", "15.8")
"""The textbook's data."""
FITTING = ("numpy-lstsq", "numpy-pinv", "numpy-qr", "numpy-normal-lu", "jax-lamm-cond", "numpy-dropping")
QUADRATIC = "polynomial points=5 degree=2 abscissae=integers seed=0"
PLACES = 4
"""Decimals to which a printed fit is read."""


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
    return Finding(
        settled(agree),
        f"c = ({', '.join(map(str, exact))}) = ({shown}); largest error {number(worst)}",
        Table(("by", "1", "t", "t²", "largest error"), rows),
        replay=(f'lamm-robust replay "{QUADRATIC} dtype=float64 @ numpy-lstsq-float64-cpu"',),
    )
