"""The loop: every case of a plan is built, certified, attempted, scored, judged and recorded.

It takes the tables it needs as arguments and knows no family, oracle or solver by name. While workers solve, this
process certifies, and scores answers in stacks. A crash or a time-out is not believed at once: when all else is
done, such a case runs a second time, with nothing beside it, in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from lamm_robust.scoring.records import Done, Scoring
from lamm_robust.scoring.truths import Truths
from lamm_robust.scoring.verdicts import shape_of
from lamm_robust.values import (
    AbsentError,
    Answer,
    Case,
    Outcome,
    Problem,
    Shape,
    Solver,
    Status,
    Variant,
)
from lamm_robust.workers.pool import Open, Pool, alone, confirmed, group_of

SUSPECT = (Status.CRASHED, Status.TIMED_OUT)
"""Outcomes that need to be seen twice."""

PATIENCE = 1.0
"""Seconds that an answer may wait for others to be scored with it: what a kill of this process can cost."""


def sweep(
    cases: Sequence[Case],
    solver: Callable[[Variant], Solver],
    truths: Truths,
    open_worker: Open,
    *,
    slots: int = 1,
    suspects: Iterable[Answer] = (),
    on_suspect: Callable[[Answer], None] = lambda _: None,
    absent: dict[Variant, str],
) -> Iterator[list[Done]]:
    """Run the cases on that many workers and yield them in lists as they are done, each with its record.

    There is none without a truth (`truths.refused` says why), and for a library that turns out not to work on this
    machine, whose variants and the reason are added to `absent`. `suspects` are answers of an earlier run that
    want a second look; `on_suspect` hears of new ones. AbsentError if a worker that has worked does not start again.
    """
    scoring, doubted = Scoring(truths, solver), list(suspects)
    not_asked: list[tuple[Case, Outcome]] = []

    def problem(case: Case) -> Problem | None:
        asked = truths.problem(case.key)
        if why := not_taken(asked, solver(case.variant)):
            not_asked.append((case, Outcome(Status.NOT_ATTEMPTED, message=why)))
        return None if why else asked

    pool = Pool(cases, problem, open_worker, slots)
    try:
        for answers in pool:
            done: list[Done] = []
            for answer in answers:
                if answer.inconclusive or answer.outcome.status in SUSPECT:
                    doubted.append(answer)
                    on_suspect(answer)
                else:
                    done += scoring.add(answer.case, answer.outcome)
            for case, outcome in [pair for pair in not_asked if group_of(pair[0]) in pool.proven]:
                done += scoring.add(case, outcome)
            not_asked[:] = [pair for pair in not_asked if group_of(pair[0]) not in pool.proven]
            yield done + scoring.flush(PATIENCE)
    except AbsentError:  # a worker cannot be replaced; what was answered has its record all the same
        yield scoring.flush()
        raise
    absent |= pool.absent
    for case, outcome in not_asked:  # whose library was not needed for anything else, or is absent
        yield [(case, None)] if case.variant in pool.absent else scoring.add(case, outcome)
    yield [*scoring.flush(), *((case, None) for case in pool.skipped)]
    for answer in doubted:
        yield scoring.add(answer.case, looked_again(answer, truths, open_worker)) + scoring.flush()


def looked_again(first: Answer, truths: Truths, open_worker: Open) -> Outcome:
    """The outcome of a case that crashed, timed out, or was killed with its process: believed if it is seen twice."""
    problem = truths.problem(first.case.key)
    second = alone(first.case, problem, open_worker)
    if first.inconclusive and second.status in SUSPECT:
        first, second = Answer(first.case, second), alone(first.case, problem, open_worker)
    return confirmed(first, second)


def not_taken(problem: Problem, solver: Solver) -> str:
    """Why a solver is not asked about a problem, in words; empty if it is."""
    shape: Shape = shape_of(problem.m, problem.n)
    accepted = solver.contract.shapes
    return "" if shape in accepted else f"A is {shape}; the solver takes {' or '.join(accepted)}"
