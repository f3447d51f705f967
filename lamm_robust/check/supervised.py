"""A check of a solver in worker processes of its own, and of LAPACK's drivers at the same problems after it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from lamm_robust import catalog
from lamm_robust.check.attempts import ask_all, doubt_of_times, is_enough, library_of, look_again, worker_opener
from lamm_robust.check.beside import compared
from lamm_robust.check.judgement import Judgement, judge_solver
from lamm_robust.check.scored import Scored
from lamm_robust.check.terms import Terms, problems, variant_of
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import Known, Truths
from lamm_robust.solvers import user
from lamm_robust.storage.cache import Cache, default_directory
from lamm_robust.values import Answer, Case, Library, Outcome, Solver, Status
from lamm_robust.workers import scratch
from lamm_robust.workers.pool import Open
from lamm_robust.workers.second_look import attempt_alone

Progress = Callable[[int, int], None]
"""Called with the number of problems that were tried and that will be."""


def check_target(target: user.Target, terms: Terms, progress: Progress = lambda *_: None) -> Judgement:
    """The judgement on a target; ValueError if it cannot be imported or is not a function."""
    scratch.sweep()
    cache = Cache(default_directory())
    truths = catalog.truths(cache=cache, directions=terms.derivative, penalty=terms.lam)
    found = check(str(target), library_of(target, terms), terms, truths, progress)
    if cache.grown:  # to look through what is kept costs a third of a second when it is full
        cache.trim()
    return found


def check(
    target: str, library: Library, terms: Terms, truths: Truths, progress: Progress = lambda *_: None
) -> Judgement:
    """Run the solver of the library in a worker, and LAPACK's after it; ValueError if it cannot be imported there.

    A Ctrl-C while the solver runs ends its attempts, and so does the end of their time: what was done is judged. After
    that, either leaves out what it would have been compared with.
    """
    end = time.monotonic() + (math.inf if terms.seconds is None else terms.seconds)
    solver = library.solvers[0]
    variant, keys = variant_of(solver, terms), problems(terms, truths)
    open_worker = worker_opener(library, terms)
    enough = partial(is_enough, case_seconds=terms.case_seconds)
    cases = [Case(key, variant) for key in keys]
    scored = Scored(truths, lambda _: solver)

    def hear(heard: Sequence[Answer], done: int) -> None:
        scored.hear(heard)
        progress(done, len(cases))

    answers, stopped = ask_all(target, cases, truths, open_worker, enough, hear, seconds=terms.seconds)
    doubt = doubt_of_times(answers.values())
    if stopped:
        outcomes = {case: answer.outcome for case, answer in answers.items() if not answer.inconclusive}
        judged = judge_solver(target, solver, terms, truths, outcomes, len(keys), stopped=stopped, scored=scored)
        return replace(judged, doubt=doubt)
    outcomes = look_again(answers, truths, open_worker)
    passes_alone = partial(_passes_alone, solver, terms, open_worker)
    judged = judge_solver(target, solver, terms, truths, outcomes, len(keys), passes_alone, scored=scored)
    found = replace(judged, doubt=doubt)
    return compared(found, [case.key for case in outcomes], truths, end)


def _passes_alone(
    solver: Solver, terms: Terms, open_worker: Open, case: Case, certified: Known, failed: Outcome
) -> bool:
    """Whether the solver passes a case at which it failed when it is asked again, alone in a fresh process."""
    if failed.status not in (Status.SOLVED, Status.BAD_OUTPUT):
        return False
    second = attempt_alone(case, certified.problem, open_worker)
    return record(case, certified, solver, second).verdict in terms.passing_verdicts()
