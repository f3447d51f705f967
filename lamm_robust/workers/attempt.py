"""One attempt: call a solver on a problem, time it, look at what came back, and never raise.

The first call is timed apart, since it may compile. A solver that takes NumPy arrays is then called once with each of
`LAYOUTS`. Calls with the first arrays are then repeated; their median is the steady-state time. A user's own solver may
remember its inputs, so it is timed with other signs each time, which cost it the same; see `signed`. Every call blocks
until the answer is really there. Where the answers to the first call, to the last one and to other layouts differ, the
worst counts.
"""

from __future__ import annotations

import contextlib
import functools
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lamm_robust.values import Array, Cause, Device, Library, Outcome, Problem, Solver, Status
from lamm_robust.workers.layouts import LAYOUTS, Layout

REPEATS = (3, 30)
"""The fewest calls after the first, so that a median exists, and the most, after which it has settled.

Calls with other layouts are among them, but their times count only where there are too few others.
"""

BUDGET_SECONDS = 0.01
"""How long fast solvers are called again: a hundred times the call overhead of the slowest library."""

_clock = time.perf_counter
"""The clock, taken before a solver can put another one in its place."""

KEPT_BYTES = 16 << 20
"""Inputs of so many bytes are kept until an attempt ends, so that a solver cannot know later ones by their place."""

PATTERNS = 5
"""Signs repeat after so many rows and columns, and so after 2⁵ calls: more than are made."""

MUCH_FASTER = 4.0
"""Later calls that are so many times as fast as the first either need not compile again, or find the answer where the
first has left it: which of them, calls with other numbers tell."""

ABOUT_CODE = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ImportWarning, ResourceWarning)
"""Warnings that say nothing about the answer, and so do not excuse a wrong one."""

LONGEST_MESSAGE = 2000
"""Characters of a message that are kept: some exceptions print whole matrices."""


def attempt(library: Library, solver: Solver, problem: Problem, device: Device) -> Outcome:
    """How the solver's attempt at the problem ended; every exception becomes an outcome.

    The first call is reported as such whether or not this process has seen the shape before.
    """
    start = _clock()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            outcome = _measure(library, solver, problem, device)
        except Exception as error:
            outcome = replace(_failure(solver, error), spent=_clock() - start)
    if not caught:
        return outcome
    about_answers = [w for w in caught if not issubclass(w.category, ABOUT_CODE)]
    text = "; ".join(dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in about_answers))
    message = "; ".join(filter(None, (outcome.message, text)))
    return replace(outcome, warned=bool(about_answers), message=message[:LONGEST_MESSAGE])


def _failure(solver: Solver, error: Exception) -> Outcome:
    """The outcome of a call that raised; NumPy's own error for exhausted memory is a subclass of MemoryError.

    NotImplementedError says that the solver is not for this problem, so it counts as not attempted. A subclass of a
    documented error is one, too.
    """
    out_of_memory = isinstance(error, MemoryError)
    name = MemoryError.__name__ if out_of_memory else type(error).__name__
    documented = any(base.__name__ in solver.contract.errors for base in type(error).__mro__)
    refused = Status.REFUSED if documented else Status.CRASHED
    return Outcome(
        Status.NOT_ATTEMPTED if isinstance(error, NotImplementedError) else refused,
        cause=Cause.OUT_OF_MEMORY if out_of_memory else Cause.NONE,
        message=f"{name}: {error}"[:LONGEST_MESSAGE],
    )


def _measure(library: Library, solver: Solver, problem: Problem, device: Device) -> Outcome:
    A, b = library.put(problem.A, device), library.put(problem.b, device)
    wait, solve, clock = library.wait, solver.solve, _clock
    start = clock()
    x, rank = wait(solve(A, b))
    first = clock()
    found = library.get(x)
    answer = _answer(found, solver, problem)
    seconds: list[float] = []
    end, last = clock() + BUDGET_SECONDS, x
    trials = [_trial(library, solver, problem, one) for one in LAYOUTS] if isinstance(A, np.ndarray) else []
    fewest, most = max(1, REPEATS[0] - len(trials)), REPEATS[1] - len(trials)
    before = clock()
    remembers = first - start >= MUCH_FASTER * median([trial.seconds for trial in trials]) if library.foreign else False
    if library.foreign:
        seconds = _varied_seconds(library, solver, problem, range(fewest if remembers else fewest - 1, most - 1), end)
        last, _ = wait(solve(A, b))  # with numbers that it has seen, so its time tells nothing
    while not library.foreign and (len(seconds) < fewest or (len(seconds) < most and before < end)):
        last, _ = wait(solve(A, b))
        now = clock()
        seconds.append(now - before)
        before = now
    again = _answer(library.get(last), solver, problem)
    repeatable = answer.tobytes() == again.tobytes()
    fault = _answer_fault(answer, problem) or _answer_fault(again, problem)
    fault = fault or _input_fault(problem, library.get(A), library.get(b)) or _rank_fault(rank)
    fault = fault or next((trial.fault for trial in trials if trial.fault), "")
    if not library.foreign and first - start >= MUCH_FASTER * median(seconds):
        fresh = _fresh_seconds(library, solver, problem, device)
        seconds = fresh if fresh and min(fresh) >= MUCH_FASTER * median(seconds) else seconds
    cause, message = (Cause.NONE, fault) if fault else _layout_finding(problem, answer, trials)
    answers = [answer, again, *(trial.x for trial in trials if trial.x is not None)]
    if not fault and len({x.tobytes() for x in answers}) > 1:
        answer = max(answers, key=lambda x: _misfit(problem, x))
    if len(seconds) < REPEATS[0] and not remembers:
        seconds += [trial.seconds for trial in trials]
    if fault and any(_is_single(x, problem) for x in (answer, again)):
        cause = Cause.FLOAT32
    elif cause is Cause.NONE and not fault and _is_rounded(found, solver, problem):
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


@dataclass(frozen=True, eq=False)
class _Trial:
    """What a call with arrays of another layout gave: an answer, unless the solver refused; and what is wrong."""

    layout: Layout
    seconds: float
    x: Array | None = None
    fault: str = ""
    refusal: str = ""


def _trial(library: Library, solver: Solver, problem: Problem, layout: Layout) -> _Trial:
    """Call the solver with arrays of a layout; MemoryError is raised, any other exception is a refusal.

    Warnings are not heard: what they say of the answer has been said at the first call, and of the arrays no verdict
    may depend.
    """
    A, b = layout.copy(problem.A), layout.copy(problem.b)
    start = _clock()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result, _ = library.wait(solver.solve(A, b))
    except MemoryError:
        raise
    except Exception as error:
        refusal = f"refuses {layout.name} arrays: {type(error).__name__}: {error}"
        return _Trial(layout, _clock() - start, refusal=refusal[:LONGEST_MESSAGE])
    seconds, x = _clock() - start, _answer(library.get(result), solver, problem)
    fault = _answer_fault(x, problem) or _input_fault(problem, A, b)
    return _Trial(layout, seconds, x, f"{fault}, for {layout.name} arrays" if fault else "")


def _layout_finding(problem: Problem, plain: Array, trials: Sequence[_Trial]) -> tuple[Cause, str]:
    """What to say of other layouts: for which of them x is another one, or is refused; nothing if all is well."""
    names = [t.layout.name for t in trials if t.x is not None and _is_worse(problem, t.x, plain)]
    if names:
        return Cause.LAYOUT, f"x is another one for {' and '.join(names)} arrays: it depends on how A and b are stored"
    refusals = [trial.refusal for trial in trials if trial.refusal]
    return (Cause.LAYOUT_REFUSED, "; ".join(refusals)[:LONGEST_MESSAGE]) if refusals else (Cause.NONE, "")


CHANGED = 1e-3
"""By how much of ‖b‖ the residual grows, at least, if an answer is another one: a million times what rounding does to a
good answer in float64, a thousand times in float32."""


def _is_worse(problem: Problem, x: Array, plain: Array) -> bool:
    """Whether an answer fits so much worse than another one that a good solver's rounding is no explanation.

    Other routines of a BLAS round otherwise, which no solver can help. One that squares κ may lose the fit by that
    alone, so an answer that fits worse than x = 0 is only said to be another one if the residual is doubled.
    """
    if x.tobytes() == plain.tobytes():
        return False
    (residual, _), (usual, _) = _misfit(problem, x), _misfit(problem, plain)
    with np.errstate(all="ignore"):
        size = float(np.linalg.norm(problem.b.astype(np.float64)))
    return residual > (usual if usual <= size else 2 * usual) + CHANGED * size


def _fresh_seconds(library: Library, solver: Solver, problem: Problem, device: Device) -> list[float]:
    """The times of calls with the same numbers in new places and with other signs; nothing if one of them fails.

    Changing the sign of A or b is exact, costs a solver the same, and changes x by its sign at most.
    """
    seconds = []
    with contextlib.suppress(Exception):
        for a_sign, b_sign in ((-1, -1), (-1, 1), (1, -1)):
            A, b = library.put(a_sign * problem.A, device), library.put(b_sign * problem.b, device)
            start = _clock()
            library.wait(solver.solve(A, b))
            seconds.append(_clock() - start)
        return seconds
    return []


def _varied_seconds(library: Library, solver: Solver, problem: Problem, calls: range, end: float) -> list[float]:
    """The times of so many calls, the fewest and the most, until a time; no two with the same numbers or in one place.

    Signs of columns change, too: what a solver does for A and b of a few rows it might remember for all their signs.
    """
    seconds: list[float] = []
    kept: list[Problem] = []
    while len(seconds) < calls.start or (len(seconds) < calls.stop and _clock() < end):
        other = signed(problem, len(seconds) + 1)
        if problem.A.nbytes * len(kept) < KEPT_BYTES:
            kept.append(other)
        start = _clock()
        library.wait(solver.solve(other.A, other.b))
        seconds.append(_clock() - start)
    return seconds


def signed(problem: Problem, number: int) -> Problem:
    """The problem with other signs of some rows of A and b and of some columns of A, and so of some entries of x.

    `number`, from 1 to 2^PATTERNS − 1, says which. Changing signs is exact, and any sensible solver rounds alike.
    """
    m, n = problem.A.shape
    signs = _signs(m + n, problem.A.dtype.char)[number]
    A, b = problem.A * signs[:m, np.newaxis], (problem.b.T * signs[:m]).T
    return replace(problem, A=np.ascontiguousarray(A * signs[m:]), b=np.ascontiguousarray(b))


@functools.lru_cache(maxsize=64)
def _signs(length: int, dtype: str) -> Array:
    """2^PATTERNS rows of so many signs, as numbers of a dtype: the bits of the number of the row, over and over."""
    bits = np.arange(1 << PATTERNS)[:, np.newaxis] >> np.arange(length) % PATTERNS
    return (1 - 2 * (bits & 1)).astype(dtype)


def _misfit(problem: Problem, x: Array) -> tuple[float, float]:
    """How bad an answer is, as far as that shows without the truth: its residual, to three digits, then its length."""
    if not np.isfinite(x).all():
        return np.inf, np.inf
    with np.errstate(all="ignore"):
        residual = np.linalg.norm(problem.b.astype(np.float64) - problem.A.astype(np.float64) @ x.astype(np.float64))
    return float(f"{residual:.3g}"), float(np.linalg.norm(x))


def median(values: list[float]) -> float:
    """The median of at least one value; five times as fast as `statistics.median` at this size."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _answer_fault(x: Array, problem: Problem) -> str:
    """What is wrong with the form of an answer, in words; empty if nothing is."""
    expected = (problem.n, *problem.b.shape[1:])
    if x.dtype == object:
        return f"x is no array of numbers: {x.tolist()!r}"[:LONGEST_MESSAGE]
    if x.shape != expected:
        return f"x has shape {x.shape}, expected {expected}"
    if x.dtype != problem.A.dtype:
        return f"x is {x.dtype}, expected {problem.A.dtype}"
    return ""


def _is_single(x: Array, problem: Problem) -> bool:
    """Whether nothing is wrong with the form of an answer but that it is float32 for float64."""
    return x.dtype == np.float32 and problem.A.dtype == np.float64 and x.shape == (problem.n, *problem.b.shape[1:])


def _is_rounded(x: Array, solver: Solver, problem: Problem) -> bool:
    """Whether an answer is float64 where the problem is float32, and the contract allows that."""
    return x.dtype == np.float64 and problem.A.dtype == np.float32 and not solver.contract.exact_dtype


def _answer(x: Array, solver: Solver, problem: Problem) -> Array:
    """A copy of an answer, since a solver may return the same memory at every call; rounded if it `_is_rounded`."""
    with np.errstate(all="ignore"):  # an absurd answer may overflow
        return np.array(x, dtype=problem.A.dtype if _is_rounded(x, solver, problem) else None)


def _input_fault(problem: Problem, A: Array, b: Array) -> str:
    """Which input the solver has changed, in words; empty if neither."""
    for name, given, kept in (("A", A, problem.A), ("b", b, problem.b)):
        if given.tobytes() != kept.tobytes():
            return f"the solver changed its input {name}"
    return ""


def _rank_fault(rank: Any) -> str:
    """What is wrong with a reported rank, in words; empty if nothing is."""
    found = np.asarray(rank)  # JAX's own numbers cannot be compared with all of Python's
    if rank is None or (found.ndim == 0 and found.dtype.kind in "iuf" and 0 <= found < 2**31 and found == int(found)):
        return ""
    return f"the reported rank is {rank!r}, expected a whole number"[:LONGEST_MESSAGE]
