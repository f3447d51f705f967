"""Checks of your own solver in your own tests, for pytest.

    from lamm_robust.testing import check_solver, parametrize_with_problems

    def test_my_solver_is_stable():
        check_solver(my_solver, require="backward-stable")  # also: contract, shapes, dtype, profile, families

    @parametrize_with_problems(families=["polynomial"], dtype="float64")
    def test_my_solver(problem):
        problem.assert_solved(my_solver(problem.A, problem.b))

A function is called in the process of the test: if it crashes or hangs, so does the test. A string that names one, such
as "package.module:function", is checked in a supervised process, as by `lamm-robust check`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lamm_robust import catalog
from lamm_robust.check.judgement import Judgement, judge_solver
from lamm_robust.check.page import first_line, page
from lamm_robust.check.pinned import require_suite
from lamm_robust.check.scored import Outcomes
from lamm_robust.check.supervised import check_target
from lamm_robust.check.terms import ALLOWANCES, REQUIRED, Terms, problems, variant_of
from lamm_robust.solvers import host, user
from lamm_robust.solvers.signature import why_not_callable
from lamm_robust.strategies import LeastSquaresProblem
from lamm_robust.values import (
    ARRAYS,
    EVERY_PRECISION,
    NUMBER_REQUIREMENTS,
    NUMBERS,
    PROFILES,
    RIDGE,
    SHAPES,
    Arrays,
    Case,
    ClassRequirement,
    Deficiency,
    NotCertifiedError,
    Number,
    Outcome,
    Precision,
    Shape,
    Status,
)
from lamm_robust.workers.attempt import attempt
from lamm_robust.workers.child import changed_settings

if TYPE_CHECKING:
    import pytest

__all__ = ["check_solver", "parametrize_with_problems"]

__tracebackhide__ = True
"""pytest shows the line of the test and the page, and not what is here."""


def check_solver(
    solver: Callable[..., Any] | str,
    *,
    require: ClassRequirement = "backward-stable",
    contract: str = "minimum_norm",
    shapes: Sequence[Shape] = (),
    dtype: Precision = "float64",
    profile: str = "small",
    families: Sequence[str] = (),
    allow: Sequence[str] = (),
    refuses: Sequence[str] = (),
    one_right_side: bool = False,
    columns: int | None = None,
    max_cond: float | None = None,
    strict: bool = False,
    arrays: Arrays = "numpy",
    batched: bool = False,
    cutoff: float | None = None,
    suite: str | None = None,
    lam: float | None = None,
) -> None:
    """AssertionError with the verdict page unless the solver is as stable as required at every problem of the profile.

    The solver takes A (m×n) and b (m, or m×k) and returns x (n, or n×k) in their dtype, or what `lamm-robust check`
    takes for it; the last ten arguments are options of that command; with `lam`, it is called as solver(A, b, lam).
    ValueError that names a wrong argument and what is accepted, or says why a string names no function.
    """
    require_suite(suite)
    terms = replace(
        _terms(contract, shapes, dtype, profile, families, require, allow, refuses),
        one_right_side=one_right_side,
        columns=columns,
        max_cond=max_cond,
        strict=strict,
        arrays=arrays,
        batched=batched,
        cutoff=cutoff,
        lam=lam,
    )
    if (contract == RIDGE) != (lam is not None and 0 < lam < math.inf):
        raise ValueError(
            f"contract is {contract!r} and lam is {lam!r}; 'ridge' needs a finite lam above 0, others none"
        )
    if arrays not in ARRAYS:
        raise ValueError(f"arrays is {arrays!r}; accepted: {', '.join(ARRAYS)}")
    if cutoff is not None and not 0 <= cutoff < 1:
        raise ValueError(f"cutoff is {cutoff!r}; accepted is a share of σ₁ from 0 to less than 1")
    if not (callable(solver) or isinstance(solver, str)):
        raise ValueError(f"solver is {solver!r}; accepted is a function of A and b, or a string that names one")
    found = _check_named(solver, terms) if isinstance(solver, str) else check_here(solver, terms)
    if not found.passed:
        supervised = isinstance(solver, str)
        raise AssertionError(f"{first_line(found, replays=supervised)}\n\n{page(found, replays=supervised)}")


def _check_named(name: str, terms: Terms) -> Judgement:
    """The judgement on the function of that name; ValueError without our frames if there is none."""
    try:
        return check_target(user.parse_target(name, Path.cwd()), terms)
    except ValueError as error:
        raise ValueError(str(error)) from None


def parametrize_with_problems(
    *,
    families: Sequence[str] = (),
    dtype: Precision = "float64",
    profile: str = "small",
    shapes: Sequence[Shape] = (),
    contract: str = "minimum_norm",
    max_cond: float = math.inf,
    edges: bool = False,
    suite: str | None = None,
) -> pytest.MarkDecorator:
    """A decorator that calls a test with each `problem` of the profile that has an answer, named by its key.

    Empty matrices and extreme scales, by which no class is decided, are among them with `edges` only. `contract` and
    `max_cond` leave out what is not promised: with full_rank_only, problems without full rank, and wide ones unless
    `shapes` names them; and those with κ of A as stored beyond a number. `suite` refuses another suite than that.
    ValueError that names a wrong argument and what is accepted.
    """
    import pytest

    require_suite(suite)
    bound: object = max_cond  # whatever the caller gave, whose types nobody may have checked
    if not (isinstance(bound, int | float) and bound >= 1):
        raise ValueError(f"max_cond is {max_cond!r}; accepted is a number of 1 or more")
    terms, truths = _terms(contract, shapes, dtype, profile, families, None), catalog.truths()
    keys = [key for key in problems(terms, truths) if catalog.FAMILIES[key.family].defined]
    every = [LeastSquaresProblem(truths.problem(key)) for key in keys]
    drawn = [one for one in every if _is_promised(one, terms.contract, max_cond) and (edges or not _is_edge(one))]
    return pytest.mark.parametrize("problem", drawn, ids=[str(one.problem.key) for one in drawn])


def _is_promised(drawn: LeastSquaresProblem, contract: Deficiency, max_cond: float) -> bool:
    """Whether a contract covers a problem, as far as its rank and its κ decide; not if these cannot be proved."""
    only_full = contract is Deficiency.FULL_RANK_ONLY
    if not only_full and math.isinf(max_cond):
        return True
    try:
        return drawn.cond <= max_cond and (not only_full or drawn.rank == min(drawn.A.shape))
    except NotCertifiedError:
        return False


def _is_edge(drawn: LeastSquaresProblem) -> bool:
    """Whether a problem is an edge case; not if it cannot be proved."""
    try:
        return drawn.is_edge
    except NotCertifiedError:
        return False


def _terms(
    contract: str,
    shapes: Sequence[Shape],
    dtype: Precision,
    profile: str,
    families: Sequence[str],
    require: ClassRequirement | None,
    allow: Sequence[str] = (),
    refuses: Sequence[str] = (),
) -> Terms:
    """The arguments as terms; ValueError that names a wrong one and what is accepted."""
    for name, several in (("shapes", shapes), ("families", families), ("allow", allow), ("refuses", refuses)):
        if isinstance(several, str):
            raise ValueError(f"{name} is {several!r}; accepted is a sequence, such as [{several!r}]")
    for name, given, accepted in (
        ("contract", [contract], [*Deficiency, *NUMBERS, *([RIDGE] if require else [])]),
        ("shapes", shapes, SHAPES),
        ("dtype", [dtype], EVERY_PRECISION),
        ("profile", [profile], [p.name for p in PROFILES]),
        ("require", [require] if require else [], NUMBER_REQUIREMENTS if contract in NUMBERS else tuple(REQUIRED)),
        ("allow", allow, tuple(ALLOWANCES)),
    ):
        if wrong := [value for value in given if value not in accepted]:
            raise ValueError(f"{name} is {wrong[0]!r}; accepted: {', '.join(accepted)}")
    return Terms(
        contract=Deficiency.MINIMUM_NORM if contract in (*NUMBERS, RIDGE) else Deficiency(contract),
        returns=Number(contract) if contract in NUMBERS else Number.X,
        shapes=tuple(shapes),
        precision=dtype,
        profile=profile,
        families=tuple(families),
        require=require,
        allow=cast(Any, tuple(allow)),
        refuses=tuple(refuses),
    )


def check_here(function: Callable[..., Any], terms: Terms) -> Judgement:
    """The judgement on a function that is called in this process; ValueError if its signature takes no A and b."""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    if fault := why_not_callable(name, function, terms.returns, ridge=terms.lam is not None):
        raise ValueError(f"solver is no function of A and b: {fault}")
    target = user.Target(f"{getattr(function, '__module__', '')}:{name}", Path.cwd())
    function = user.with_penalty(function, terms.lam)
    solve = user.as_solve(function, strict=terms.strict, calling=terms.calling, returns=terms.returns)
    library = user.library(target, terms.promise(), solve, terms.calling)
    solver, truths = library.solvers[0], catalog.truths(penalty=terms.lam)
    keys = problems(terms, truths)
    outcomes: Outcomes = {}
    for key in keys:
        state = {name: value for name, value in library.state().items() if name != host.TIMER}  # it is pytest-timeout's
        outcome = attempt(library, solver, truths.problem(key), terms.device)
        if settings := changed_settings(state, library.state()):
            outcome = Outcome(Status.BAD_OUTPUT, message=f"the solver changed {', '.join(settings)}")
        outcomes[Case(key, variant_of(solver, terms))] = outcome
    return judge_solver(str(target), solver, terms, truths, outcomes, len(keys))
