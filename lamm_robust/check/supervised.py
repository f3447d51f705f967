"""A check of a solver in worker processes of its own, and of LAPACK's drivers at the same problems after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from lamm_robust import catalog
from lamm_robust.check.judgement import Judgement, Outcomes, Terms, judge_solver, problems, score_outcomes, variant_of
from lamm_robust.check.reasons import Clues, reason
from lamm_robust.keys import parse_key
from lamm_robust.reports.grading import PASSES
from lamm_robust.reports.summary import Row, median, row
from lamm_robust.runs.replay import case_text
from lamm_robust.runs.sweep import why_not_asked
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import Truths
from lamm_robust.solvers import user
from lamm_robust.storage.cache import Cache, default_directory
from lamm_robust.values import Answer, Case, Library, Outcome, ProblemKey, Record, Solver, Status, Variant
from lamm_robust.workers.opening import Workers
from lamm_robust.workers.pool import Open, Pool
from lamm_robust.workers.second_look import SUSPECT, attempt_alone, second_look

SECOND_LOOKS = 3
"""The number of crashes and time-outs that get a second look, to tell a fault from an accident."""

MOST_TIMED_OUT, MOST_BROKEN = 3, 50
"""The check ends after so many time-outs, or so many crashes, time-outs and bad outputs: the class is settled, and each
costs a process or the whole time limit."""

DRIVERS = (("scipy", "gelsd"), ("scipy", "gelsy"), ("scipy", "qr"))
"""The solvers of LAPACK with which others are compared."""


def check_target(target: user.Target, terms: Terms) -> Judgement:
    """The judgement on a target; ValueError if it cannot be imported or is not a function."""
    found = check(str(target), library_of(target, terms), terms, catalog.truths())
    Cache(default_directory()).trim()
    return found


def library_of(target: user.Target, terms: Terms) -> Library:
    """The target as a library, with the contract that it is held to; ValueError without the device."""
    library = user.library(target, user.contract(terms.contract, terms.chosen_shapes()))
    if reason := catalog.absent(library, terms.device):
        raise ValueError(f"'{target}' on the {terms.device.upper()}: {reason}")
    return library


def only_text(target: user.Target, terms: Terms, key: str) -> str:
    """The attempt at one problem in full; ValueError as `check_target`, or for a key that names no problem."""
    problem_key = parse_key(key)
    terms = replace(terms, precision=problem_key.dtype)
    library = library_of(target, terms)
    solver, truths = library.solvers[0], catalog.truths()
    certified = truths.certify(problem_key)
    if certified is None:
        raise ValueError(f"'{problem_key}' is not certified: {truths.refused[problem_key]}")
    if why := why_not_asked(certified.problem, solver):
        raise ValueError(f"'{problem_key}' is not asked: {why}")
    case = Case(problem_key, variant_of(solver, terms))
    outcome = attempts(str(target), [case], truths, worker_opener(library, terms))[case]
    found = record(case, certified, solver, outcome)
    text = case_text(certified, solver, outcome, found)
    if found.verdict in terms.passing_verdicts():
        return text
    clues = Clues(found, certified, outcome)
    return f"{text}\nwhy       {reason(clues).say(clues)}"


def worker_opener(library: Library, terms: Terms) -> Open:
    """The function that starts a worker with the checked solver, which is imported anew each time and never forked."""
    return Workers({library.name: library}, case_seconds=terms.case_seconds, case_memory=terms.case_memory).open


def check(target: str, library: Library, terms: Terms, truths: Truths) -> Judgement:
    """Run the solver of the library in a worker, and LAPACK's after it; ValueError if it cannot be imported there."""
    solver = library.solvers[0]
    variant, keys = variant_of(solver, terms), problems(terms, truths)
    open_worker = worker_opener(library, terms)
    outcomes = attempts(target, [Case(key, variant) for key in keys], truths, open_worker)
    passes_alone = partial(_passes_alone, solver, terms, open_worker)
    found = judge_solver(target, solver, terms, truths, outcomes, len(keys), passes_alone)
    return replace(found, drivers=_try_drivers(found, [case.key for case in outcomes], truths))


def attempts(target: str, cases: Sequence[Case], truths: Truths, open_worker: Open) -> Outcomes:
    """How each attempt ended, until enough are broken; ValueError if the target cannot be imported in a worker."""
    pool = Pool(cases, lambda case: truths.problem(case.key), open_worker)
    answers: dict[Case, Answer] = {}
    for heard in pool:
        answers |= {answer.case: answer for answer in heard}
        if is_enough([answer.outcome for answer in answers.values()]):
            break
    for absence in pool.absent.values():
        raise ValueError(f"'{target}' cannot be used: {absence.why}")
    suspects = [a for a in answers.values() if a.outcome.status in SUSPECT and not a.inconclusive]
    doubted = {a.case for a in suspects[:SECOND_LOOKS]} | {a.case for a in answers.values() if a.inconclusive}
    return {
        case: second_look(answer, truths.problem(case.key), open_worker, one_solver=True)
        if case in doubted
        else answer.outcome
        for case, answer in answers.items()
    }


def is_enough(outcomes: Sequence[Outcome]) -> bool:
    """Whether so many attempts are broken that the others need not be made."""
    statuses = [outcome.status for outcome in outcomes]
    broken = sum(status in (*SUSPECT, Status.BAD_OUTPUT) for status in statuses)
    return statuses.count(Status.TIMED_OUT) >= MOST_TIMED_OUT or broken >= MOST_BROKEN


def _passes_alone(solver: Solver, terms: Terms, open_worker: Open, failed: Clues, case: Case) -> bool:
    """Whether the solver passes a case at which it failed when it is asked again, alone in a fresh process."""
    if failed.outcome.status not in (Status.SOLVED, Status.BAD_OUTPUT):
        return False
    second = attempt_alone(case, failed.certified.problem, open_worker)
    return record(case, failed.certified, solver, second).verdict in terms.passing_verdicts()


def _try_drivers(mine: Judgement, keys: Sequence[ProblemKey], truths: Truths) -> list[Row]:
    """The rows of LAPACK's drivers, on the CPU, at the problems that the solver was tried at."""
    variants = [Variant(*names, mine.terms.precision, "cpu") for names in DRIVERS]
    cases = [
        Case(key, variant)
        for key in keys
        for variant in variants
        if not why_not_asked(truths.problem(key), catalog.find_solver(variant))
    ]
    outcomes: Outcomes = {}
    with Workers(catalog.LIBRARY) as lapack:
        for heard in Pool(cases, lambda case: truths.problem(case.key), lapack.open):
            outcomes |= {answer.case: answer.outcome for answer in heard}
    records = score_outcomes(outcomes, truths, catalog.find_solver)
    groups = [[r for r in records if r.variant == str(variant)] for variant in variants]
    return [row(group, time_ratio(group, mine.records)) for group in groups if group]


def time_ratio(theirs: Sequence[Record], mine: Sequence[Record]) -> float:
    """The median, over the problems that both solvers passed, of their time over mine; NaN if there is none."""
    known = {r.problem: r.seconds for r in mine if r.seconds and r.verdict in PASSES}
    return median(
        r.seconds / known[r.problem] for r in theirs if r.seconds and r.problem in known and r.verdict in PASSES
    )
