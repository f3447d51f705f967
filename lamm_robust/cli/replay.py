"""The command `replay --json`: one attempt made again, as plain JSON values, see `runs.plain`."""

from __future__ import annotations

from typing import Any

from lamm_robust.check.clues import Clues
from lamm_robust.check.reasons import reason
from lamm_robust.reports.grading import PASSES
from lamm_robust.runs.plain import or_null, plain, x_star
from lamm_robust.runs.replay import Replayed, attempt_again, case_text
from lamm_robust.text import printable
from lamm_robust.values import Verdict


def replay_facts(key: str, oracle: str, *, derivative: bool = False) -> dict[str, Any]:
    """Attempt the case of a key once more, and return what is known of it; errors as `runs.replay.attempt_again`.

    ``x`` has every digit that the solver returned, and ``x_star`` is the exact solution, each entry correctly rounded
    to the working precision; both are lists, or lists of rows for several right-hand sides. ``rank``, ``kappa`` and
    ``kappa_columns`` (κ with columns of one size; rows, if A is wide) are those of the truth. ``why`` is a sentence
    about what failed, or null. With `derivative`, ``derivatives`` has those that the solver has, as lists.
    """
    done = attempt_again(key, oracle, derivative=derivative)
    x = done.outcome.x
    return {
        "key": done.record.key,
        "verdict": str(done.record.verdict),
        "regime": str(done.record.regime),
        "kappa": or_null(done.record.kappa),
        "kappa_columns": or_null(done.record.kappa_columns),
        "rank": done.record.rank,
        "scores": {name: plain(value) for name, value in done.record.scores.items()},
        "x": None if x is None else plain(x.tolist()),
        "x_star": x_star(done.certified, done.record.precision),
        **({"derivatives": {n: plain(v.tolist()) for n, v in done.outcome.derivatives.items()}} if derivative else {}),
        "why": why(done),
    }


def replay_text(key: str, oracle: str, *, derivative: bool = False) -> str:
    """Attempt the case of a key once more: problem, truth, answer, scores, verdict, and why, in lines for people.

    With `derivative`, the solver is differentiated, too.

    Errors as `runs.replay.attempt_again`.
    """
    done = attempt_again(key, oracle, derivative=derivative)
    text, reason = case_text(done.certified, done.solver, done.outcome, done.record), why(done)
    return f"{text}\nwhy       {printable(reason)}" if reason else text


def why(done: Replayed) -> str | None:
    """What failed, in a sentence; None if nothing did."""
    verdict = done.record.verdict
    if verdict in PASSES or verdict is Verdict.FLAGGED:
        return None
    if verdict is Verdict.OUT_OF_CONTRACT:
        return done.outcome.message or f"promises {done.solver.contract.deficiency}: nothing is asked here"
    clues = Clues(done.record, done.certified, done.outcome)
    return reason(clues).say(clues)
