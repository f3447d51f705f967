"""One attempt: call a solver on a problem, time it, look at what came back, and never raise.

The first call is timed apart, since it may compile. A solver that takes NumPy arrays is then called once with each of
`LAYOUTS`. Calls are then repeated, see `repeats`; their median is the steady-state time. Every call blocks until the
answer is really there. Where the answers to the first call, to the last one and to other layouts differ, the
worst counts.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from lamm_robust.embedding import real_vectors
from lamm_robust.values import Array, Cause, Device, FormError, Library, Number, Outcome, Problem, Solver, Status
from lamm_robust.workers.answers import (
    LONGEST_MESSAGE,
    answer_fault,
    copy_of,
    input_fault,
    is_rounded,
    is_single,
    misfit,
    rank_fault,
)
from lamm_robust.workers.layouts import LAYOUTS, Layout
from lamm_robust.workers.repeats import BUDGET_SECONDS, Calls, Trial, clock, median, repeat, repeat_foreign

ABOUT_CODE = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ImportWarning, ResourceWarning)
"""Warnings that say nothing about the answer, and so do not excuse a wrong one."""


def attempt(library: Library, solver: Solver, problem: Problem, device: Device) -> Outcome:
    """How the solver's attempt at the problem ended; every exception becomes an outcome.

    The first call is reported as such whether or not this process has seen the shape before.
    """
    start = clock()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            outcome = _measure(library, solver, problem, device)
        except Exception as error:
            outcome = replace(_failure(library, solver, error), spent=clock() - start)
    if not caught:
        return outcome
    about_answers = [w for w in caught if not issubclass(w.category, ABOUT_CODE)]
    text = "; ".join(dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in about_answers))
    message = "; ".join(filter(None, (outcome.message, text)))
    return replace(outcome, warned=bool(about_answers), message=message[:LONGEST_MESSAGE])


def _failure(library: Library, solver: Solver, error: Exception) -> Outcome:
    """The outcome of a call that raised; NumPy's own error for exhausted memory is a subclass of MemoryError.

    NotImplementedError says that the solver is not for this problem, so it counts as not attempted. A subclass of a
    documented error is one, too. FormError says that the call returned what is no answer.
    """
    if isinstance(error, FormError):
        return Outcome(Status.BAD_OUTPUT, message=str(error)[:LONGEST_MESSAGE])
    out_of_memory = isinstance(error, MemoryError)
    name = MemoryError.__name__ if out_of_memory else type(error).__name__
    documented = any(base.__name__ in solver.contract.errors for base in type(error).__mro__)
    status = Status.REFUSED if documented else Status.CRASHED
    status = Status.NOT_ATTEMPTED if isinstance(error, NotImplementedError) else status
    place = library.place_of(error) if status is Status.CRASHED else ""  # only there is something to mend
    return Outcome(
        status,
        cause=Cause.OUT_OF_MEMORY if out_of_memory else Cause.NONE,
        message=f"{name}: {error}"[:LONGEST_MESSAGE] + (f" ({place})" if place else ""),
    )


def _measure(library: Library, solver: Solver, problem: Problem, device: Device) -> Outcome:
    A, b = library.put(problem.A, device), library.put(problem.b, device)
    start = clock()
    x, rank = library.wait(solver.solve(A, b))
    first = clock()
    found = library.get(x)
    answer = copy_of(found, solver, problem)
    end = clock() + BUDGET_SECONDS
    trials = [_trial(library, solver, problem, one) for one in LAYOUTS] if isinstance(A, np.ndarray) else []
    calls = Calls(library, solver, problem, device, A, b, first - start, trials, end)
    seconds, again = (repeat_foreign if library.foreign else repeat)(calls)
    repeatable = answer.tobytes() == again.tobytes()
    returns = solver.contract.returns
    fault = answer_fault(answer, problem, returns) or answer_fault(again, problem, returns)
    fault = fault or input_fault(problem, library.get(A), library.get(b)) or rank_fault(rank)
    fault = fault or next((trial.fault for trial in trials if trial.fault), "")
    cause, message = (Cause.NONE, fault) if fault else _layout_finding(problem, answer, trials, returns)
    answers = [answer, again, *(trial.x for trial in trials if trial.x is not None)]
    if not fault and len({x.tobytes() for x in answers}) > 1:
        answer = max(answers, key=lambda x: misfit(problem, x)) if returns is Number.X else furthest(answers)
    if fault and any(is_single(x, problem, returns) for x in (answer, again)):
        cause = Cause.FLOAT32
    elif cause is Cause.NONE and not fault and is_rounded(found, solver, problem):
        cause = Cause.FLOAT64
    return Outcome(
        Status.BAD_OUTPUT if fault else Status.SOLVED,
        x=None if fault else answer,
        rank=None if rank is None or fault else int(rank),
        seconds=median(seconds),
        min_seconds=min(seconds),
        first_call_seconds=first - start,
        cause=cause,
        message=message,
        repeatable=repeatable,
        spent=clock() - start,
    )


def _trial(library: Library, solver: Solver, problem: Problem, layout: Layout) -> Trial:
    """Call the solver with arrays of a layout; MemoryError is raised, any other exception is a refusal.

    Warnings are not heard: what they say of the answer has been said at the first call, and of the arrays no verdict
    may depend.
    """
    A, b = layout.copy(problem.A), layout.copy(problem.b)
    start = clock()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result, _ = library.wait(solver.solve(A, b))
    except MemoryError:
        raise
    except Exception as error:
        refusal = f"refuses {layout.name} arrays: {type(error).__name__}: {error}"
        return Trial(layout, clock() - start, refusal=refusal[:LONGEST_MESSAGE])
    seconds, x = clock() - start, copy_of(library.get(result), solver, problem)
    fault = answer_fault(x, problem, solver.contract.returns) or input_fault(problem, A, b)
    return Trial(layout, seconds, x, f"{fault}, for {layout.name} arrays" if fault else "")


def _layout_finding(problem: Problem, plain: Array, trials: Sequence[Trial], returns: Number) -> tuple[Cause, str]:
    """What to say of other layouts: for which of them x is another one, or is refused; nothing if all is well."""
    other = partial(_is_worse, problem) if returns is Number.X else is_another
    names = [t.layout.name for t in trials if t.x is not None and other(t.x, plain)]
    if names:
        return (
            Cause.LAYOUT,
            f"{returns} is another one for {' and '.join(names)} arrays: it depends on how A and b are stored",
        )
    refusals = [trial.refusal for trial in trials if trial.refusal]
    return (Cause.LAYOUT_REFUSED, "; ".join(refusals)[:LONGEST_MESSAGE]) if refusals else (Cause.NONE, "")


CHANGED = 1e-3
"""By how much of ‖b‖ the residual grows, at least, if an answer is another one: a million times what rounding does to a
good answer in float64, a thousand times in float32."""


def is_another(x: Array, plain: Array) -> bool:
    """Whether a number other than x differs from another one by more than `CHANGED` of it, or in its form."""
    if x.shape != plain.shape or not np.array_equal(np.isfinite(x), np.isfinite(plain)):
        return True
    with np.errstate(all="ignore"):
        kept = np.where(np.isfinite(plain), plain, 0.0).astype(np.float64)
        away = np.where(np.isfinite(x), x, 0.0).astype(np.float64) - kept
    return bool(np.abs(away).max(initial=0.0) > CHANGED * np.abs(kept).max(initial=0.0))


def furthest(answers: Sequence[Array]) -> Array:
    """The answer that is furthest from the first: which is worse, only the truth can tell."""
    return next((x for x in answers if is_another(x, answers[0])), answers[0])


def _is_worse(problem: Problem, x: Array, plain: Array) -> bool:
    """Whether an answer fits so much worse than another one that a good solver's rounding is no explanation.

    Other routines of a BLAS round otherwise, which no solver can help. One that squares κ may lose the fit by that
    alone, so an answer that fits worse than x = 0 is only said to be another one if the residual is doubled.
    """
    if x.tobytes() == plain.tobytes():
        return False
    (residual, _), (usual, _) = misfit(problem, x), misfit(problem, plain)
    with np.errstate(all="ignore"):
        size = float(np.linalg.norm(real_vectors(problem.b).astype(np.float64)))
    return residual > (usual if usual <= size else 2 * usual) + CHANGED * size
