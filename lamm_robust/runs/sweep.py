"""The loop: every case of a plan is built, certified, attempted, scored, judged and recorded.

It takes the tables that it needs as arguments and knows no family, oracle or solver by name. While workers solve, this
process certifies, and scores answers in stacks. A crash or a time-out is not believed at once: when all else is done,
such a case is attempted a second time, with nothing beside it, in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from lamm_robust.embedding import is_complex
from lamm_robust.scoring.records import Done, Scoring, Undone
from lamm_robust.scoring.truths import Truths
from lamm_robust.scoring.verdicts import shape_of
from lamm_robust.values import AbsentError, Answer, Case, Number, Outcome, Problem, Solver, Status, Variant
from lamm_robust.workers.pool import Open, Pool, group_of
from lamm_robust.workers.second_look import is_doubtful, second_look

PATIENCE = 1.0
"""Seconds that an answer may wait for others to be scored with it: no more work is lost by a kill."""

PINV_SIDE = 256
"""The most rows and columns of A of which A⁺ is certified: it has as many right-hand sides as A has rows."""


def sweep(
    cases: Sequence[Case],
    solver: Callable[[Variant], Solver],
    truths: Truths,
    open_worker: Open,
    *,
    slots: int = 1,
    suspects: Iterable[Answer] = (),
    on_suspect: Callable[[Answer], None] = lambda _: None,
    patience: float = PATIENCE,
) -> Iterator[list[Done | Undone]]:
    """Run the cases on `slots` workers; yields every case in a list once it is done, or known to remain undone.

    `suspects` are answers of an earlier run that need a second look; `on_suspect` is called with new ones. An answer
    waits for `patience` seconds for others to be scored with it. AbsentError if a worker that has worked does not start
    again.
    """
    scoring, doubted = Scoring(truths, solver), list(suspects)
    not_asked: list[tuple[Case, Outcome]] = []

    def problem(case: Case) -> Problem | None:
        found = truths.problem(case.key)
        if why := why_not_asked(found, solver(case.variant)):
            not_asked.append((case, Outcome(Status.NOT_ATTEMPTED, message=why)))
        return None if why else found

    pool = Pool(cases, problem, open_worker, slots)
    try:
        for answers in pool:
            done: list[Done | Undone] = []
            for answer in answers:
                if is_doubtful(answer):
                    doubted.append(answer)
                    on_suspect(answer)
                else:
                    done += scoring.add(answer.case, answer.outcome)
            for case, outcome in [pair for pair in not_asked if group_of(pair[0]) in pool.proven]:
                done += scoring.add(case, outcome)
            not_asked[:] = [pair for pair in not_asked if group_of(pair[0]) not in pool.proven]
            yield done + scoring.flush(patience)
    except AbsentError:  # a worker cannot be replaced; what was answered gets its records all the same
        yield scoring.flush()
        raise
    for case, outcome in not_asked:  # those whose library was asked nothing else, or is absent
        yield [_absent(case, pool)] if case.variant in pool.absent else scoring.add(case, outcome)
    yield [*scoring.flush(), *(_absent(case, pool) for case in pool.skipped)]
    for answer in doubted:
        outcome = second_look(answer, truths.problem(answer.case.key), open_worker)
        yield scoring.add(answer.case, outcome) + scoring.flush()


def _absent(case: Case, pool: Pool) -> Undone:
    """The case, undone because the pool could not start its worker."""
    return Undone(case, pool.absent[case.variant].sentence, absent=True)


def why_not_asked(problem: Problem, solver: Solver) -> str:
    """Why a solver is not asked to solve a problem, in words; empty if it is."""
    shape, contract = shape_of(problem.m, problem.n), solver.contract
    if shape not in contract.shapes:
        return f"A is {shape}; the solver takes {' or '.join(contract.shapes)}"
    if contract.real_only and is_complex(problem.A):
        return f"A is complex; the solver takes real numbers: {contract.real_only}"
    if contract.one_right_side and problem.b.ndim > 1:
        return f"b is {'×'.join(map(str, problem.b.shape))}; the solver takes one right-hand side"
    if contract.returns is Number.PINV and max(problem.m, problem.n) > PINV_SIDE:
        return f"A is {problem.m}×{problem.n}; A⁺ is asked for up to {PINV_SIDE} rows and columns"
    if contract.columns not in (None, problem.n):
        return f"A has {problem.n} columns; the solver takes {contract.columns}"
    return ""
