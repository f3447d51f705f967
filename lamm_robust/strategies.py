"""Least-squares problems for your own property tests: a Hypothesis strategy, with the certified truth in every problem.

    from hypothesis import given
    from lamm_robust.strategies import least_squares_problems

    @given(least_squares_problems(rank="full", max_cond=1e6))
    def test_my_solver(problem):
        problem.assert_solved(my_solver(problem.A, problem.b))

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
from lamm_robust.embedding import is_complex
from lamm_robust.keys import parse_key
from lamm_robust.scoring.edges import edge_of
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.limits import threshold
from lamm_robust.scoring.metrics import score, score_each
from lamm_robust.scoring.nonfinite import as_undefined
from lamm_robust.scoring.shortfalls import of_problem, shortfalls
from lamm_robust.scoring.truths import Certified, Known
from lamm_robust.scoring.verdicts import ANSWERS, is_finite, judge_all, shape_of
from lamm_robust.text import number
from lamm_robust.values import (
    COMPLEX,
    EVERY_PRECISION,
    PRECISIONS,
    REQUIREMENTS,
    SHAPES,
    Array,
    Certificate,
    Contract,
    Deficiency,
    NotCertifiedError,
    Outcome,
    Precision,
    Problem,
    ProblemKey,
    Regime,
    Requirement,
    Shape,
    Status,
    Verdict,
)

__all__ = ["LeastSquaresProblem", "least_squares_problems", "problem"]

__tracebackhide__ = True
"""pytest shows the line of the test and the message, and not what is here."""

Rank = Literal["any", "full", "deficient"]
ACCEPTED = f"are {', '.join(PRECISIONS)}, or None for either; and {', '.join(COMPLEX)}"
"""What `dtype` may be, in words."""

RANKS: tuple[Rank, ...] = ("any", "full", "deficient")

WIDEST = 2.0**400
"""The largest ratio of entries of A with which a problem is drawn: κ beyond 2⁹⁰⁰ cannot be scored in float64."""

LARGEST = 1000
"""The most entries of A with which a problem is drawn unless more are allowed: truth takes milliseconds there."""


@dataclass(frozen=True, repr=False, eq=False)
class LeastSquaresProblem:
    """A problem min ‖Ax − b‖₂ with its truth, which is proved when it is first asked for."""

    problem: Problem

    @property
    def A(self) -> Array:
        """The matrix, m×n; read-only."""
        return self.problem.A

    @property
    def b(self) -> Array:
        """The right-hand side, of length m, or k of them, m×k; read-only."""
        return self.problem.b

    @cached_property
    def truth(self) -> Certificate:
        """The certificate: exact rank, x★ = A⁺b, ‖b − Ax★‖, σ₁ and σ_r; NotCertifiedError if they cannot be proved."""
        return catalog.find_oracle("auto").certify(self.A, self.b)

    @cached_property
    def _known(self) -> Known:
        """The problem as verdicts need it: with its truth, or with the entry for which it has none."""
        return as_undefined(self.problem) or Certified(self.problem, Frame(self.problem, self.truth))

    @property
    def x(self) -> Array:
        """x★ = A⁺b, the shortest solution, in float64 or complex128; only the last bit of a part may be wrong."""
        parts = np.asarray(np.ldexp(self.truth.x[0], self.truth.exponent), dtype=np.float64)
        if not self.truth.is_complex:
            return parts
        found: Array = np.empty((self.truth.n, *parts.shape[1:]), dtype=np.complex128)
        found.real, found.imag = parts[: len(found)], parts[len(found) :]
        return found

    @property
    def rank(self) -> int:
        """The exact rank of A."""
        return self.truth.rank

    @property
    def cond(self) -> float:
        """κ = σ₁/σ_r of A; 1 for A = 0."""
        try:
            return float(self.truth.kappa) if self.truth.kappa else 1.0
        except OverflowError:
            return math.inf

    @property
    def is_edge(self) -> bool:
        """Whether it is an edge case, by which no class is decided: A is empty, or squares over- or underflow."""
        return bool(edge_of(self.problem, self.truth))

    @property
    def small(self) -> float:
        """The score up to which errors in units of rounding errors are rounding errors: see `limits.threshold`."""
        return threshold(self.problem.key.dtype, self.problem.m, self.problem.n)

    def score(self, x: npt.ArrayLike) -> Mapping[str, float]:
        """Every score of a finite answer of length n, or n×k; `lamm-robust list metrics` says what they are.

        The answer is rounded to the precision of the problem. ValueError for one of another shape.
        """
        return score(Frame(self.problem, self.truth), self._rounded(x))

    def verdict(self, x: npt.ArrayLike, contract: str = "minimum_norm") -> Verdict:
        """The judgement of an answer of length n, or n×k, as in `lamm-robust check`; the glossary has the words.

        It is held to a contract: minimum_norm (the shortest solution), basic (any) or full_rank_only, for which a
        problem without full rank is *out of contract*. The answer is rounded to the precision of the problem.
        ValueError for an answer of another shape or an unknown contract, NotCertifiedError if the truth is not proved.
        """
        if contract not in list(Deficiency):
            raise ValueError(f"contract is {contract!r}; accepted: {', '.join(Deficiency)}")
        answer = self._rounded(x)
        scores = []
        if isinstance(self._known, Certified) and is_finite(answer):
            (scores,) = score_each([self._known.frame], [answer])
        promised = Contract(Deficiency(contract), rank_rule="")
        return judge_all(promised, self._known.limits, Outcome(Status.SOLVED, answer), scores)

    def assert_solved(
        self, x: npt.ArrayLike, contract: str = "minimum_norm", require: Requirement = "backward-stable"
    ) -> None:
        """AssertionError unless the answer is as good as required; see `verdict` for x, the contract, and other errors.

        Where A as it is stored is too ill-conditioned for its precision, an answer may be *inaccurate*, but not
        *wrong*; if *column-wise stable* is required, columns of one size must be so. Where there is no answer, x has to
        say so by NaN or ∞. The message names the problem by a line that makes it again.
        """
        if require not in REQUIREMENTS:
            raise ValueError(f"require is {require!r}; accepted: {', '.join(REQUIREMENTS)}")
        found = self.verdict(x, contract)
        worst = next(verdict for verdict in Verdict if verdict.replace(" ", "-") == require)
        only_columns = self._known.limits.only_columns and worst is not Verdict.COLUMNWISE_STABLE
        if (self._known.regime is Regime.AMBIGUOUS or only_columns) and found is not Verdict.WRONG:
            return
        if worst is Verdict.COLUMNWISE_STABLE and self._known.regime is Regime.DEFICIENT:
            worst = Verdict.BACKWARD_STABLE  # the shortest solution depends on the sizes of the columns
        if (found in ANSWERS and ANSWERS.index(found) > ANSWERS.index(worst)) or found is Verdict.NON_FINITE:
            raise AssertionError(f"{self!r}: {found}, where {worst} is required{self._why(x, contract)}")

    def _rounded(self, x: npt.ArrayLike) -> Array:
        """The answer as an array of the dtype of A; ValueError if it has another shape or is no array of numbers."""
        answer, expected = np.asarray(x), (self.problem.n, *self.b.shape[1:])
        if answer.shape != expected or answer.dtype.kind not in ("iufc" if is_complex(self.A) else "iuf"):
            raise ValueError(f"x is {answer.dtype} of shape {answer.shape}; expected numbers of shape {expected}")
        with np.errstate(over="ignore"):  # an absurd answer is infinite
            return answer.astype(self.A.dtype)

    def _why(self, x: npt.ArrayLike, contract: str) -> str:
        """The problem and what an answer to it lacks, in words; nothing if there are no scores."""
        answer = self._rounded(x)
        if not isinstance(self._known, Certified) or not is_finite(answer):
            return ""
        frame, limits = self._known.frame, self._known.limits
        promised = Contract(Deficiency(contract), rank_rule="")
        lacks = ", ".join(shortfalls(promised, frame, limits, score(frame, answer)))
        return f": {of_problem(self.truth, limits, self.cond)}: {lacks} (up to {number(self.small)} units are rounding)"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """Let Hypothesis print the line that makes the problem again, and not the fields of the dataclass."""
        printer.text(repr(self))

    def __repr__(self) -> str:
        return f"problem({str(self.problem.key)!r})"


def span(A: Array) -> float:
    """The ratio of the sizes of the largest and the smallest non-zero entry of A; 1 if all are zero."""
    sizes = np.abs(A[A != 0]).astype(np.float64)
    with np.errstate(over="ignore"):
        return float(sizes.max() / sizes.min()) if sizes.size else 1.0


def problem(key: str) -> LeastSquaresProblem:
    """The problem that a key such as ``polynomial points=5 degree=2 … dtype=float64`` names, bit for bit.

    Raises ValueError that names what is wrong with the key.
    """
    return LeastSquaresProblem(catalog.build_problem(parse_key(key)))


@lru_cache(maxsize=256)
def problem_of(key: ProblemKey) -> LeastSquaresProblem:
    """The problem of a key; its truth is kept with it, for Hypothesis draws the same again while it shrinks."""
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
    """Problems of the named families (of all, if none is named), with the exact rank and κ of the stored matrix.

    dtype is float32, float64, None for either, complex64 or complex128 (which some families have); shapes are some of
    tall, square and wide; A has at least `min_entries` entries, where 0 lets in matrices without rows or columns, and
    at most `max_entries`. The first family
    is the simplest. Families without answers (`nonfinite`) are left out.
    Raises ValueError that names a wrong value and what is accepted.
    """
    bound: object = max_cond  # whatever the caller gave, whose types nobody may have checked
    for name, value, fits, accepted in (
        (
            "dtype",
            dtype,
            dtype in (None, *EVERY_PRECISION),
            ACCEPTED,
        ),
        ("shapes", shapes, shapes and set(shapes) <= set(SHAPES), f"are some of {', '.join(SHAPES)}"),
        ("rank", rank, rank in RANKS, f"are {', '.join(RANKS)}"),
        ("max_cond", max_cond, isinstance(bound, int | float) and bound >= 1, "is a number of 1 or more"),
        ("max_entries", max_entries, max_entries >= 1, "is 1 or more"),
        ("min_entries", min_entries, 0 <= min_entries <= max_entries, f"is 0 to max_entries, {max_entries}"),
    ):
        if not fits:
            raise ValueError(f"{name} is {value!r}; accepted {accepted}")
    chosen = _choose_families(families, PRECISIONS[0] if dtype is None else dtype)
    most = max(len(catalog.FAMILIES[family].parameters) for family in chosen)

    def wanted(drawn: LeastSquaresProblem) -> bool:
        fits = min_entries <= drawn.A.size <= max_entries and shape_of(*drawn.A.shape) in shapes
        if not fits or span(drawn.A) > WIDEST:
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
        for _ in range(most - len(params)):  # or the family with the fewest parameters would count as the simplest
            draw(st.booleans())
        return problem_of(ProblemKey(family, tuple(params.items()), precision))

    return draw_problem().filter(wanted)


def _choose_families(families: Sequence[str], dtype: Precision) -> list[str]:
    """The families of these names whose problems have answers, in this precision; ValueError if there are none."""
    if isinstance(families, str):
        raise ValueError(f"families is {families!r}; accepted is a list of names, such as [{families!r}]")
    chosen = [name for name in catalog.select_families(list(families)) if catalog.FAMILIES[name].defined]
    if not chosen:
        raise ValueError(
            f"families is {families!r}; their problems have no answer, so there is no truth to compare with"
        )
    chosen = [name for name in chosen if dtype in catalog.FAMILIES[name].precisions]
    if not chosen:
        raise ValueError(f"families is {families!r}; none of them has {dtype} problems")
    return chosen
