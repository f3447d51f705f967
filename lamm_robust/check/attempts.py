"""The attempts of a user's own solver in worker processes: asked once, and again where an accident may be why."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from lamm_robust import catalog
from lamm_robust.check.judgement import Stop
from lamm_robust.check.scored import Outcomes
from lamm_robust.check.terms import Terms
from lamm_robust.scoring.truths import Truths
from lamm_robust.solvers import user
from lamm_robust.text import duration
from lamm_robust.values import Answer, Case, Cause, Library, Outcome, Status
from lamm_robust.workers.opening import Workers
from lamm_robust.workers.pool import Open, Pool
from lamm_robust.workers.second_look import SUSPECT, second_look

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

Hear = Callable[[Sequence[Answer], int], None]
"""Called with new answers, and with the number of all so far."""


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
