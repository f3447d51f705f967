"""What a solver of the user's own is held to, and at which problems."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lamm_robust import catalog
from lamm_robust.check.expected import Expected
from lamm_robust.defaults import CASE_MEMORY, CHECK_SECONDS, FIRST_SECONDS
from lamm_robust.reports.grading import BACKWARD, COLUMNWISE, PASSES
from lamm_robust.runs.plan import grid
from lamm_robust.runs.sweep import why_not_asked
from lamm_robust.scoring.nonfinite import as_undefined
from lamm_robust.scoring.truths import Truths
from lamm_robust.solvers import user
from lamm_robust.solvers.calling import Calling
from lamm_robust.values import (
    COMPLEX,
    DIFFERENTIATED,
    OF_A,
    OF_REGRESSION,
    PRECISIONS,
    RIDGE,
    UNIT_ROUNDOFF,
    Array,
    Arrays,
    ClassRequirement,
    Contract,
    Deficiency,
    Device,
    Number,
    Precision,
    Problem,
    ProblemKey,
    Shape,
    Solver,
    Variant,
    Verdict,
    digest,
)

REQUIRED: Mapping[ClassRequirement, frozenset[Verdict]] = {
    "column-wise-stable": COLUMNWISE,
    "backward-stable": BACKWARD,
    "forward-stable": PASSES,
    "conditionally-stable": PASSES,
}
"""The verdicts that each requirement allows, and so the classes that meet it, which are named like verdicts."""

Allowance = Literal["silent", "ranks", "declined"]
ALLOWANCES: Mapping[Allowance, str] = {
    "silent": "silent failures (at edge cases and where there is no answer, too)",
    "ranks": "wrong reported ranks",
    "declined": "problems that it declines by NotImplementedError",
}
"""What a requirement forbids beside a worse class, unless it is allowed by name."""


@dataclass(frozen=True)
class Terms:
    """What a solver is held to, and on which problems."""

    contract: Deficiency = Deficiency.MINIMUM_NORM
    shapes: tuple[Shape, ...] = ()
    """The shapes that it takes; none means all, or tall and square for a solver of full rank only."""
    precision: Precision = "float64"
    device: Device = "cpu"
    profile: str = "small"
    derivative: bool = False
    """Whether it is differentiated, too, at the problems of a profile of their own."""
    families: tuple[str, ...] = ()
    require: ClassRequirement | None = None
    allow: tuple[Allowance, ...] = ()
    """What does not count against the requirement."""
    refuses: tuple[str, ...] = ()
    """Names of exceptions by which it refuses a problem, beside LinAlgError and ValueError."""
    one_right_side: bool = False
    """Whether it takes b of length m only."""
    columns: int | None = None
    """The number of columns of A that it takes; None means any."""
    max_cond: float | None = None
    """The κ of A as stored up to which it promises anything; None means any."""
    expected: tuple[Expected, ...] = ()
    """Failures that are known, and keep no requirement from being held."""
    beside: tuple[str, ...] = ()
    """What else is tried for comparison: names of variants' solvers, and targets."""
    strict: bool = False
    """Whether x must have the dtype of A to the letter."""
    arrays: Arrays = "numpy"
    """Whose arrays it takes and may return."""
    batched: bool = False
    """Whether it takes several A and b at once, on a first axis."""
    cutoff: float | None = None
    """The share of σ₁ up to which it takes singular values for zero; None if it has another rule."""
    case_seconds: float = CHECK_SECONDS
    first_seconds: float = FIRST_SECONDS
    """Time limit of the first call in a process, which may compile."""
    case_memory: int = CASE_MEMORY
    seconds: float | None = None
    """Time limit of all attempts together; None for none. What was done by then is judged."""
    returns: Number = Number.X
    """What the function returns: x, or another number, which is held to no `contract`."""
    lam: float | None = None
    """λ, if it is to solve min ‖Ax − b‖² + λ‖x‖², as f(A, b, λ)."""

    def chosen_shapes(self) -> tuple[Shape, ...]:
        """The shapes of the problems that the solver is tried at."""
        return self.shapes or (("tall",) if self.returns in OF_REGRESSION else user.usual_shapes(self.contract))

    def promise(self) -> Contract:
        """The contract of the solver."""
        regression = self.returns in OF_REGRESSION
        return user.contract(
            Deficiency.FULL_RANK_ONLY if regression else self.contract,
            self.chosen_shapes(),
            self.refuses,
            one_right_side=self.one_right_side or regression,
            columns=self.columns,
            strict=self.strict,
            cutoff=self.cutoff,
            returns=self.returns,
            penalty=self.lam,
        )

    @property
    def promised(self) -> str:
        """What it is held to, as --contract has it."""
        if self.lam is not None:
            return RIDGE
        return self.contract if self.returns is Number.X else self.returns

    @property
    def profile_asked(self) -> str:
        """The profile whose problems it is tried at."""
        return DIFFERENTIATED.name if self.derivative else self.profile

    @property
    def calling(self) -> Calling:
        """How it is called."""
        return Calling(self.arrays, self.batched, full_rank=self.contract is Deficiency.FULL_RANK_ONLY)

    @property
    def limit(self) -> float:
        """The κ beyond which only wrong answers in silence, and broken ones, are held against the solver."""
        if self.max_cond is not None:
            return self.max_cond
        return UNIT_ROUNDOFF[self.precision] ** -0.5 if self.require == "conditionally-stable" else math.inf

    def passing_verdicts(self) -> frozenset[Verdict]:
        """The verdicts that are not failures: forward stable is enough unless more is required."""
        return REQUIRED[self.require or "forward-stable"]


def variant_of(solver: Solver, terms: Terms) -> Variant:
    """The variant by which records name the solver."""
    return Variant(user.NAME, solver.algorithm, terms.precision, terms.device)


def problems(terms: Terms, truths: Truths) -> list[ProblemKey]:
    """The problems of the profile that the solver is tried at, the smallest first; ValueError if there are none."""
    refuse_complex(terms)
    families = catalog.select_families(terms.families)
    solver = Solver("", "", terms.promise(), lambda A, b: (A, b))
    every = grid(terms.profile_asked, terms.precision, families)
    keys = [key for key in every if not why_not_asked(truths.problem(key), solver)]
    if terms.returns in OF_A:  # one problem for each A
        keys = list({_bits(truths.problem(key).A): key for key in reversed(keys)}.values())
    if not keys:
        shapes = " or ".join(terms.chosen_shapes())
        left = " with so many columns" if terms.columns is not None else ""
        raise ValueError(f"no problem of {', '.join(families)} is {shapes}{left} in the {terms.profile_asked} profile")
    return sorted(keys, key=lambda key: _order(truths.problem(key)))


def refuse_complex(terms: Terms) -> None:
    """ValueError for a number other than x, or derivatives, in a complex precision: neither is scored there."""
    if terms.precision in COMPLEX and (terms.derivative or terms.returns is not Number.X):
        what = "--derivative" if terms.derivative else f"--contract {terms.returns}"
        raise ValueError(f"{what} is of real numbers, not of {terms.precision}; accepted are {', '.join(PRECISIONS)}")


def _bits(A: Array) -> str:
    """What tells a matrix from others: the digest of a problem without right-hand sides."""
    return digest(A, A[:, :0])


def _order(problem: Problem) -> tuple[bool, int]:
    """What problems are sorted by: by size, and last those that solvers may refuse, as they are empty or not finite."""
    return not problem.A.size or as_undefined(problem) is not None, problem.A.size
