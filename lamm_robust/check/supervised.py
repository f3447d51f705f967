"""A check of a solver in worker processes of its own, and of LAPACK's drivers at the same problems after it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from lamm_robust import catalog
from lamm_robust.check.clues import Clues
from lamm_robust.check.judgement import Judgement, Stop, judge_solver, own_row
from lamm_robust.check.scored import PATIENCE, Outcomes, Scored
from lamm_robust.check.terms import Terms, problems, variant_of
from lamm_robust.reports.grading import PASSES
from lamm_robust.reports.summary import Row, median, row
from lamm_robust.runs.sweep import sweep, why_not_asked
from lamm_robust.scoring.records import Done, record
from lamm_robust.scoring.truths import Truths
from lamm_robust.solvers import user
from lamm_robust.storage.cache import Cache, default_directory
from lamm_robust.text import duration
from lamm_robust.values import (
    Answer,
    Case,
    Cause,
    Library,
    Number,
    Outcome,
    ProblemKey,
    Record,
    Solver,
    Status,
    Variant,
)
from lamm_robust.workers import scratch
from lamm_robust.workers.opening import Workers
from lamm_robust.workers.pool import Open, Pool
from lamm_robust.workers.second_look import SUSPECT, attempt_alone, second_look

SECOND_LOOKS = 3
"""The number of crashes and time-outs that get a second look, to tell a fault from an accident."""

MOST_TIMED_OUT, MOST_BROKEN = 3, 50
"""The check ends after so many time-outs of the usual length, or so many crashes, time-outs and bad outputs: the class
is settled, and each costs a process or the whole time limit. A time-out at a first call, which is given longer, counts
for its length."""

CLOCKS = ((1.5, 1e-3), (10.0, 0.1))
"""How much more than its share of the time a worker may have used: a factor, and seconds per case, by the system's
count of what its first thread computed, and by this process's clock. Measured: 1.0 times and 0.3 ms by the first, and
by the second as much, but 36 ms on a machine with ten times the work that it has cores for."""

FIRST_CASES = 10
"""So many cases more are allowed for, since a start may be late."""

DRIVERS = (("scipy", "gelsd"), ("scipy", "gelsy"), ("scipy", "qr"))
"""(library, algorithm) of the LAPACK solvers that run beside the user's, for comparison."""

BESIDE: Mapping[Number, tuple[str, ...]] = {
    Number.PINV: ("numpy.linalg:pinv", "scipy.linalg:pinv"),
    Number.RANK: ("numpy.linalg:matrix_rank",),
    Number.COND: ("numpy.linalg:cond",),
    Number.SVDVALS: ("scipy.linalg:svdvals",),
    Number.RESIDUAL: ("numpy.linalg:lstsq", "scipy.linalg:lstsq"),
}
"""What runs beside a function of another number than x."""

BESIDE_RIDGE: Mapping[str, str] = {
    "lamm_robust.solvers.ridge:stacked_qr": "numpy",
    "lamm_robust.solvers.ridge:sklearn_cholesky": "sklearn",
}
"""What runs beside a solver of ridge problems, and the module that it needs: QR of the stacked matrix, and what
scikit-learn does by default."""

Progress = Callable[[int, int], None]
"""Called with the number of problems that were tried and that will be."""

Hear = Callable[[Sequence[Answer], int], None]
"""Called with new answers, and with the number of all so far."""


def check_target(target: user.Target, terms: Terms, progress: Progress = lambda *_: None) -> Judgement:
    """The judgement on a target; ValueError if it cannot be imported or is not a function."""
    scratch.sweep()
    cache = Cache(default_directory())
    truths = catalog.truths(cache=cache, directions=terms.derivative, penalty=terms.lam)
    found = check(str(target), library_of(target, terms), terms, truths, progress)
    if cache.grown:  # to look through what is kept costs a third of a second when it is full
        cache.trim()
    return found


def library_of(target: user.Target, terms: Terms) -> Library:
    """The target as a library, with the contract that it is held to; ValueError without the device."""
    library = user.library(target, terms.promise(), calling=terms.calling)
    if reason := catalog.absent(library, terms.device):
        raise ValueError(f"'{target}' on the {terms.device.upper()}: {reason}")
    return library


def worker_opener(library: Library, terms: Terms) -> Open:
    """The function that starts a worker with the checked solver, which is imported anew each time and never forked.

    With derivatives, the time limit is that of first calls: JAX compiles them for every shape.
    """
    return Workers(
        {library.name: library},
        case_seconds=max(terms.case_seconds, terms.first_seconds) if terms.derivative else terms.case_seconds,
        case_memory=terms.case_memory,
        first_seconds=terms.first_seconds,
    ).open


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


def ask_all(
    target: str,
    cases: Sequence[Case],
    truths: Truths,
    open_worker: Open,
    enough: Callable[[Sequence[Outcome]], bool] = lambda _: False,
    hear: Hear = lambda *_: None,
    *,
    seconds: float | None = None,
) -> tuple[dict[Case, Answer], Stop | None]:
    """The answer to each case, until there are `enough` outcomes, and what has stopped it before the end.

    ValueError if the target cannot be imported in a worker, or no attempt has ended after so many seconds.
    """
    end = time.monotonic() + (math.inf if seconds is None else seconds)
    pool = Pool(cases, lambda case: truths.problem(case.key), open_worker)
    answers: dict[Case, Answer] = {}
    try:
        for heard in pool:
            answers |= {answer.case: answer for answer in heard}
            hear(heard, len(answers))
            if enough([answer.outcome for answer in answers.values()]):
                break
            if time.monotonic() > end and len(answers) < len(cases):
                if not answers:
                    raise ValueError(f"no attempt at '{target}' ended within --seconds {seconds:g}; give it more")
                return answers, Stop.TIME
    except KeyboardInterrupt:
        if not answers:
            raise
        return answers, Stop.USER
    for absence in pool.absent.values():
        raise ValueError(f"'{target}' cannot be used: {absence.why}")
    return answers, None


def look_again(answers: Mapping[Case, Answer], truths: Truths, open_worker: Open) -> Outcomes:
    """How each attempt ended, when the first that crashed or timed out, and those that say nothing, are made again.

    A solver that kills or stops its own process looks as if that came from outside: when as many of these in a row were
    lost alone, too, the others are believed.
    """
    suspects = [a for a in answers.values() if a.outcome.status in SUSPECT and not a.inconclusive]
    doubted = {a.case for a in suspects[:SECOND_LOOKS]} | {a.case for a in answers.values() if a.inconclusive}
    outcomes: Outcomes = {}
    lost = 0
    for case, answer in answers.items():
        outcomes[case] = answer.outcome
        killed = answer.inconclusive and answer.outcome.cause is Cause.PROCESS_LOST
        if case in doubted and not (killed and lost >= SECOND_LOOKS):
            outcomes[case] = second_look(answer, truths.problem(case.key), open_worker, one_solver=True)
            if killed:
                lost = lost + 1 if outcomes[case].status in SUSPECT else 0
    return outcomes


def doubt_of_times(answers: Iterable[Answer]) -> str:
    """Why the times that were measured beside the solver are not to be believed, in words; empty if they are."""
    known = list(answers)
    said = sum(answer.outcome.spent for answer in known)
    seen = sum(answer.computed for answer in known), sum(answer.elapsed for answer in known)
    for found, (factor, each) in zip(seen, CLOCKS, strict=True):
        if found > factor * said + each * (FIRST_CASES + len(known)):
            return (
                f"its times are not to be believed: measured beside it its calls took {duration(said)}, "
                f"and from outside {duration(found)}"
            )
    return ""


def is_enough(outcomes: Sequence[Outcome], case_seconds: float) -> bool:
    """Whether so many attempts are broken that the others need not be made."""
    waited = sum(outcome.spent for outcome in outcomes if outcome.status is Status.TIMED_OUT)
    broken = sum(outcome.status in (*SUSPECT, Status.BAD_OUTPUT) for outcome in outcomes)
    return waited >= MOST_TIMED_OUT * case_seconds or broken >= MOST_BROKEN


def _passes_alone(solver: Solver, terms: Terms, open_worker: Open, failed: Clues, case: Case) -> bool:
    """Whether the solver passes a case at which it failed when it is asked again, alone in a fresh process."""
    if failed.outcome.status not in (Status.SOLVED, Status.BAD_OUTPUT):
        return False
    second = attempt_alone(case, failed.certified.problem, open_worker)
    return record(case, failed.certified, solver, second).verdict in terms.passing_verdicts()


def compared(mine: Judgement, keys: Sequence[ProblemKey], truths: Truths, end: float) -> Judgement:
    """The judgement with LAPACK's drivers and what the user names, at the problems that the solver was tried at.

    What is stopped by a Ctrl-C, or is not done at `end`, or cannot be called is left out, with the reason.
    """
    is_x = mine.terms.returns is Number.X and mine.terms.lam is None
    rows: list[Row] = []
    left_out: list[str] = []
    try:
        rows += _try_drivers(mine, keys, truths) if is_x else []
        for name in _functions(mine, is_x=is_x):
            found = _try_target(name, mine, keys, truths, end - time.monotonic())
            if isinstance(found, str):
                left_out.append(found)
            else:
                rows.append(found)
    except KeyboardInterrupt:
        left_out.append(Stop.USER)
    return replace(mine, drivers=rows, left_out=left_out)


def _functions(mine: Judgement, *, is_x: bool) -> list[str]:
    """The functions to compare with: those that the user names, and usual ones of another number than x."""
    if is_x:
        return [name for name in mine.terms.beside if ":" in name]
    usual = BESIDE.get(mine.terms.returns, ())
    if mine.terms.lam is not None:
        usual = tuple(name for name, module in BESIDE_RIDGE.items() if find_spec(module))
    return list(dict.fromkeys((*usual, *mine.terms.beside)))


def _try_drivers(mine: Judgement, keys: Sequence[ProblemKey], truths: Truths) -> list[Row]:
    """The rows of LAPACK's drivers, on the CPU, and of solvers of ours that the user names."""
    precision = mine.terms.precision
    named = [catalog.find_variant(name, precision) for name in mine.terms.beside if ":" not in name]
    variants = list(dict.fromkeys([*(Variant(*names, precision, "cpu") for names in DRIVERS), *named]))
    cases = [
        Case(key, variant)
        for key in keys
        for variant in variants
        if not why_not_asked(truths.problem(key), catalog.find_solver(variant))
    ]
    with Workers(catalog.LIBRARY) as lapack:
        batches = list(sweep(cases, catalog.find_solver, truths, lapack.open, patience=PATIENCE))
    records = [one.record for batch in batches for one in batch if isinstance(one, Done)]
    groups = [[r for r in records if r.variant == str(variant)] for variant in variants]
    return [row(group, time_ratio(group, mine.records)) for group in groups if group]


def _try_target(name: str, mine: Judgement, keys: Sequence[ProblemKey], truths: Truths, seconds: float) -> Row | str:
    """The row of another target at the same problems, named as the user has named it; or why it is left out.

    It is held to the same terms, but for the form of what it takes and returns if the user has not named it.
    KeyboardInterrupt if that is what has stopped it.
    """
    terms = mine.terms
    if name not in terms.beside:
        terms = replace(terms, arrays="numpy", refuses=(), strict=False)
    over = f"{name}: {Stop.TIME}"
    if seconds <= 0:
        return over
    end = time.monotonic() + seconds
    try:
        library = library_of(user.parse_target(name, Path.cwd()), terms)
        solver, open_worker = library.solvers[0], worker_opener(library, terms)
        scored = Scored(truths, lambda _: solver)
        cases = [Case(key, variant_of(solver, terms)) for key in keys]
        enough = partial(is_enough, case_seconds=terms.case_seconds)
        answers, stopped = ask_all(
            name, cases, truths, open_worker, enough, lambda heard, _: scored.hear(heard), seconds=seconds
        )
    except ValueError as error:
        return over if time.monotonic() > end else str(error)
    if stopped is Stop.USER:
        raise KeyboardInterrupt
    if stopped:
        return over
    records = scored.records({case: answer.outcome for case, answer in answers.items() if not answer.inconclusive})
    return replace(own_row(records, time_ratio(records, mine.records), terms), library=name, algorithm="")


def time_ratio(theirs: Sequence[Record], mine: Sequence[Record]) -> float:
    """The median, over the problems that both solvers passed, of their time over mine; NaN if there is none."""
    known = {r.problem: r.seconds for r in mine if r.seconds and r.verdict in PASSES}
    return median(
        r.seconds / known[r.problem] for r in theirs if r.seconds and r.problem in known and r.verdict in PASSES
    )
