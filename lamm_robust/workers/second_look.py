"""Crashes and time-outs are believed when they are seen twice: the second time alone, in a fresh process.

A process may be killed by the system or slowed down by its neighbours, which is not the fault of the solver that was at
work in it. So whoever asks a worker passes an answer that `is_doubtful` through `second_look`.
"""

from __future__ import annotations

import time
from dataclasses import replace
from select import select

from lamm_robust.values import Answer, Case, Cause, Outcome, Problem, Status
from lamm_robust.workers.pool import AnyWorker, Open, Pool

SUSPECT = (Status.CRASHED, Status.TIMED_OUT)
"""The outcomes that are believed only when they are seen twice."""

KILLS = 3
"""A case whose process is killed from outside this often, run alone, is recorded as the one that gets it killed."""


def ask(worker: AnyWorker, case: Case, problem: Problem, open_worker: Open) -> Outcome:
    """Ask an open worker for the outcome of one case and wait for it; what looks like a crash gets a second look.

    A time-out does not: it has had all its time, and who asks one case at a time waits. AbsentError if no process can
    be started.
    """
    worker.ask(case, problem)
    while True:
        before = time.monotonic()
        select([worker.reads], [worker.writes] if worker.writes is not None else [], [], 0.1)
        for answer in worker.pump(time.monotonic() - before):
            crashed = answer.inconclusive or answer.outcome.status is Status.CRASHED
            return second_look(answer, problem, open_worker) if crashed else answer.outcome


def is_doubtful(answer: Answer) -> bool:
    """Whether an answer needs a second look before it is believed."""
    return answer.inconclusive or answer.outcome.status in SUSPECT


def second_look(first: Answer, problem: Problem, open_worker: Open, *, one_solver: bool = False) -> Outcome:
    """The outcome that is believed after a doubtful answer, from the same case alone in a fresh process.

    `one_solver` says that the first process served one solver only. If it ran out of memory that a fresh process has,
    earlier calls of that solver have kept the memory, which is its own fault. AbsentError if no process can be started.
    """
    second = attempt_alone(first.case, problem, open_worker)
    if (
        one_solver
        and first.inconclusive
        and first.outcome.cause is Cause.OUT_OF_MEMORY
        and second.status not in SUSPECT
    ):
        said = f"{first.outcome.message}; not so alone in a fresh process: earlier calls have kept it"
        return replace(first.outcome, message=said)
    if first.inconclusive and second.status in SUSPECT and not one_solver:
        # the first says nothing, so it takes a third attempt to see the fault twice
        first, second = Answer(first.case, second), attempt_alone(first.case, problem, open_worker)
    return agreement(first, second)


def attempt_alone(case: Case, problem: Problem, open_worker: Open) -> Outcome:
    """The outcome of a case in a fresh process of its own; up to `KILLS` attempts if that is killed from outside.

    AbsentError if no process can be started: that says nothing about the solver, so a later run has to look again.
    """
    killed = Outcome(Status.CRASHED)
    for _ in range(KILLS):
        pool = Pool([case], lambda _: problem, open_worker)
        for answers in pool:
            for answer in answers:
                if not answer.inconclusive:
                    return answer.outcome
                killed = answer.outcome
        for absence in pool.absent.values():
            raise absence
    return replace(killed, status=Status.CRASHED, message=f"alone and {KILLS} times in a row, {killed.message}")


def agreement(first: Answer, second: Outcome) -> Outcome:
    """The outcome of two attempts: the second, if they agree or the first was inconclusive; else *flaky*."""
    if first.inconclusive or first.outcome.status is second.status:
        return second
    runs = [f"{o.status} ({o.message})" if o.message else str(o.status) for o in (first.outcome, second)]
    return Outcome(
        Status.FLAKY, message=f"first {runs[0]}; then, alone in a fresh process, {runs[1]}", spent=second.spent
    )
