"""Problems in rational arithmetic, and how claims are checked on all of them.

The matrices are those of the family `exact_rank`: whole entries, and a rank and singular values that are known exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from flint import fmpq, fmpq_mat, fmpz_mat

from lamm_robust.claims.finding import Cell, Finding, Table, conclude
from lamm_robust.claims.lab import Lab
from lamm_robust.lamm.digest import group
from lamm_robust.text import share

Matrix = Any
"""fmpq_mat or fmpz_mat: FLINT is published without types."""

SHAPES = ((16, 9, 9), (16, 9, 5), (12, 12, 6), (4, 16, 4), (10, 30, 5))
"""m, n and rank of the problems: full column rank, deficient tall and square, full row rank, and deficient wide."""
SEEDS = (0, 1)
EXPONENT = 4
"""log₂ κ of the problems that have more than one singular value."""


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

    def case(self, solver: str) -> str:
        """The key of a solver's attempt at the problem in float64."""
        return f"{self.key} dtype=float64 @ {solver}-float64-cpu"


Check = Callable[[Exact], bool]


def exact_problems(lab: Lab, shapes: tuple[tuple[int, int, int], ...] = SHAPES) -> list[Exact]:
    """The problems of the shapes and of `SEEDS`, exactly as they are stored."""
    problems = []
    for m, n, rank in shapes:
        for seed in SEEDS:
            # rows that span the whole space leave no room for a residual
            residual = 0.0 if rank == m else 1.0
            key = f"exact_rank m={m} n={n} rank={rank} log2_cond={EXPONENT} residual={residual} seed={seed}"
            problem = lab.problem(f"{key} dtype=float64")
            problems.append(Exact(key, whole(problem.A), whole(problem.b.reshape(-1, 1)), rank))
    return problems


def whole(array: Any) -> Matrix:
    """The rational matrix of a float array whose entries are whole numbers."""
    return fmpq_mat(fmpz_mat([[int(v) for v in row] for row in array.tolist()]))


def squares(x: Matrix) -> fmpq:
    """The sum of squares of all entries: ‖x‖² of a vector, ‖X‖_F² of a matrix."""
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


def count(checks: Mapping[str, Check], problems: Sequence[Exact]) -> Table:
    """How many problems of each shape and rank pass each check."""
    kinds = group(problems, lambda p: (int(p.A.nrows()), int(p.A.ncols()), p.rank))
    rows: list[tuple[Cell, ...]] = [
        (f"{m}×{n}", rank, *(share(sum(map(check, own)), len(own)) for check in checks.values()))
        for (m, n, rank), own in kinds.items()
    ]
    return Table(("A", "rank", *checks), rows)


def conclude_exactly(
    decisive: str,
    checks: Mapping[str, Check],
    problems: Sequence[Exact],
    *,
    cases: Iterable[str] = (),
    replay: Iterable[str] = (),
) -> Finding:
    """The finding that all problems pass all checks; `decisive` takes how many pass, and how many there are."""
    passed = sum(all(check(p) for check in checks.values()) for p in problems)
    said = decisive.format(passed, len(problems))
    return conclude(passed == len(problems), said, count(checks, problems), cases=cases, replay=replay)
