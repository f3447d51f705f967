"""Least-squares problems for your own property tests: a Hypothesis strategy, with the certified truth in every problem.

    from hypothesis import given
    from lamm_robust.strategies import least_squares_problems

    @given(least_squares_problems(rank="full", max_cond=1e6))
    def test_my_solver(problem):
        assert problem.score(my_solver(problem.A, problem.b))["backward_error"] < problem.small

What fails is shrunk to the simplest problem that fails, and printed as a line that makes it again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from lamm_robust import catalog
from lamm_robust.keys import parse_key
from lamm_robust.scoring.evidence import Frame
from lamm_robust.scoring.metrics import score
from lamm_robust.scoring.verdicts import shape_of, threshold
from lamm_robust.values import (
    PRECISIONS,
    SHAPES,
    Array,
    Certificate,
    NotCertifiedError,
    Precision,
    Problem,
    ProblemKey,
    Shape,
)

__all__ = ["LeastSquaresProblem", "least_squares_problems", "problem"]

Rank = Literal["any", "full", "deficient"]
RANKS: tuple[Rank, ...] = ("any", "full", "deficient")

WIDEST = 2.0**400
"""The ratio of entries of A up to which a problem is drawn: κ beyond 2⁹⁰⁰ cannot be scored in float64."""

LARGEST = 1000
"""Entries of A up to which a problem is drawn unless more are asked for: truth takes milliseconds there."""


@dataclass(frozen=True, repr=False, eq=False)
class LeastSquaresProblem:
    """min ‖Ax − b‖₂ with its truth, which is proved when it is first asked for."""

    problem: Problem

    @property
    def A(self) -> Array:
        """m×n, read-only."""
        return self.problem.A

    @property
    def b(self) -> Array:
        """Of length m, or m×k; read-only."""
        return self.problem.b

    @cached_property
    def truth(self) -> Certificate:
        """What is proved: exact rank, x★ = A⁺b, ‖b − Ax★‖, σ₁ and σ_r. NotCertifiedError if nothing can prove it."""
        return catalog.find_oracle("auto").certify(self.A, self.b)

    @property
    def x(self) -> npt.NDArray[np.float64]:
        """x★ = A⁺b, the shortest solution, correctly rounded but for the last bit."""
        return np.asarray(np.ldexp(self.truth.x[0], self.truth.exponent), dtype=np.float64)

    @property
    def rank(self) -> int:
        """The exact rank of A."""
        return self.truth.rank

    @property
    def cond(self) -> float:
        """κ = σ₁/σ_r; 1 for A = 0."""
        try:
            return float(self.truth.kappa) if self.truth.kappa else 1.0
        except OverflowError:
            return math.inf

    @property
    def small(self) -> float:
        """Scores in units of rounding errors up to this are rounding errors: 10·√(mn)."""
        return threshold(self.problem.m, self.problem.n)

    def score(self, x: npt.ArrayLike) -> Mapping[str, float]:
        """Every score of an answer of length n, or n×k; `lamm-robust list metrics` says what they are."""
        return score(Frame(self.problem, self.truth), np.asarray(x))

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """What Hypothesis prints, which would be all fields of a dataclass."""
        printer.text(repr(self))

    def __repr__(self) -> str:
        return f"problem({str(self.problem.key)!r})"


def span(A: Array) -> float:
    """The largest over the smallest non-zero entry, in size; 1 where there is none."""
    sizes = np.abs(A[A != 0]).astype(np.float64)
    with np.errstate(over="ignore"):
        return float(sizes.max() / sizes.min()) if sizes.size else 1.0


def problem(key: str) -> LeastSquaresProblem:
    """The problem that a line such as ``polynomial points=5 degree=2 … dtype=float64`` names, bit for bit.

    Raises ValueError that names what is wrong with it.
    """
    return LeastSquaresProblem(catalog.build_problem(parse_key(key)))


@lru_cache(maxsize=256)
def drawn_before(key: ProblemKey) -> LeastSquaresProblem:
    """The problem of a key, with its truth if that was asked for: Hypothesis draws the same again while it shrinks."""
    return LeastSquaresProblem(catalog.build_problem(key))


def least_squares_problems(
    *,
    dtype: Precision | None = None,
    shapes: Sequence[Shape] = SHAPES,
    rank: Rank = "any",
    max_cond: float = math.inf,
    families: Sequence[str] = (),
    min_entries: int = 1,
    max_entries: int = LARGEST,
) -> st.SearchStrategy[LeastSquaresProblem]:
    """Problems of these families (all, if none is named), with the exact rank and κ of the matrix that is stored.

    Families without answers (`nonfinite`) are left out.

    dtype is float32 or float64 (or either); shapes are some of tall, square and wide; A has at least `min_entries`
    entries, where 0 lets in matrices without rows or columns, and at most `max_entries`. The first family is the
    simplest.
    Raises ValueError that names a wrong value and what is accepted.
    """
    chosen = _checked(dtype, shapes, rank, max_cond, families, min_entries, max_entries)
    most = max(len(catalog.FAMILIES[family].parameters) for family in chosen)

    def wanted(drawn: LeastSquaresProblem) -> bool:
        if (
            span(drawn.A) > WIDEST
            or not min_entries <= drawn.A.size <= max_entries
            or shape_of(*drawn.A.shape) not in shapes
        ):
            return False
        if rank == "any" and math.isinf(max_cond):
            return True
        try:
            full = drawn.rank == min(drawn.A.shape)
        except NotCertifiedError:
            return False
        return drawn.cond <= max_cond and rank in ("any", "full" if full else "deficient")

    @st.composite
    def draw_problem(draw: st.DrawFn) -> LeastSquaresProblem:
        precision = draw(st.sampled_from(PRECISIONS if dtype is None else (dtype,)))
        family = draw(st.sampled_from(chosen))
        params = draw(catalog.FAMILIES[family].strategy(precision))
        for _ in range(most - len(params)):  # else the family with the fewest parameters would count as the simplest
            draw(st.booleans())
        return drawn_before(ProblemKey(family, tuple(params.items()), precision))

    return draw_problem().filter(wanted)


def _checked(
    dtype: Precision | None,
    shapes: Sequence[Shape],
    rank: Rank,
    max_cond: object,
    families: Sequence[str],
    min_entries: int,
    max_entries: int,
) -> list[str]:
    """The families that were chosen; ValueError unless every argument makes sense."""
    if dtype is not None and dtype not in PRECISIONS:
        raise ValueError(f"dtype is {dtype!r}; accepted are {', '.join(PRECISIONS)}, or None for either")
    if not shapes or not set(shapes) <= set(SHAPES):
        raise ValueError(f"shapes is {shapes!r}; accepted are some of {', '.join(SHAPES)}")
    if rank not in RANKS:
        raise ValueError(f"rank is {rank!r}; accepted are {', '.join(RANKS)}")
    if not isinstance(max_cond, (int, float)) or not max_cond >= 1:
        raise ValueError(f"max_cond is {max_cond!r}; accepted is a number of 1 or more")
    if isinstance(families, str):
        raise ValueError(f"families is {families!r}; accepted is a list of names, such as [{families!r}]")
    if max_entries < 1:
        raise ValueError(f"max_entries is {max_entries}; accepted is 1 or more")
    if not 0 <= min_entries <= max_entries:
        raise ValueError(f"min_entries is {min_entries}; accepted is 0 to max_entries, {max_entries}")
    chosen = [name for name in catalog.select_families(list(families)) if catalog.FAMILIES[name].defined]
    if not chosen:
        raise ValueError(
            f"families is {families!r}; their problems have no answer, so there is no truth to compare with"
        )
    return chosen
