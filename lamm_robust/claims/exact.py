"""Problems in rationals, and what is asked of matrices there.

The matrices are those of the family `exact_rank`: whole entries, and a rank and singular values that are known exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from flint import fmpq, fmpq_mat, fmpz_mat

from lamm_robust.claims.finding import Cell, Table
from lamm_robust.claims.lab import Lab

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


def counted(checks: Mapping[str, Callable[[Exact], bool]], problems: list[Exact]) -> Table:
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
