"""The command `replay --json`: one attempt made again, as plain JSON values.

JSON has no NaN and no ∞. Entries and scores that are none of its numbers are the strings "nan", "inf" and "-inf",
which `float` reads; what there is none of (κ of rank 0, x of a solver that refused) is null.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from lamm_robust.check.clues import Clues
from lamm_robust.check.reasons import reason
from lamm_robust.oracles import stored
from lamm_robust.reports.grading import PASSES
from lamm_robust.runs.replay import Replayed, attempt_again
from lamm_robust.scoring.truths import Certified
from lamm_robust.values import Precision, Verdict


def replay_facts(key: str, oracle: str) -> dict[str, Any]:
    """Attempt the case of a key once more, and return what is known of it; errors as `runs.replay.attempt_again`.

    ``x`` has every digit that the solver returned, and ``x_star`` is the exact solution, each entry correctly rounded
    to the working precision; both are lists, or lists of rows for several right-hand sides. ``rank``, ``kappa`` and
    ``kappa_columns`` (κ with columns of one size; rows, if A is wide) are those of the truth. ``why`` is a sentence
    about what failed, or null.
    """
    done = attempt_again(key, oracle)
    x = done.outcome.x
    return {
        "key": done.record.key,
        "verdict": str(done.record.verdict),
        "regime": str(done.record.regime),
        "kappa": _known(done.record.kappa),
        "kappa_columns": _known(done.record.kappa_columns),
        "rank": done.record.rank,
        "scores": {name: plain(value) for name, value in done.record.scores.items()},
        "x": None if x is None else plain(x.tolist()),
        "x_star": x_star(done),
        "why": why(done),
    }


def _known(kappa: float) -> Any:
    return None if math.isnan(kappa) else plain(kappa)


def plain(value: Any) -> Any:
    """A number, or a list of numbers, for JSON: what is not finite as a string that `float` reads."""
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return value if math.isfinite(value) else str(float(value))


def x_star(done: Replayed) -> list[Any] | None:
    """The exact solution, each entry correctly rounded to the working precision; None where there is no answer."""
    if not isinstance(done.certified, Certified):
        return None
    exact = stored(done.certified.truth)
    nearest = [plain(rounded(entry, done.record.precision)) for entry in exact.flat]
    return list(np.array(nearest, dtype=object).reshape(exact.shape).tolist())


def rounded(value: Fraction, precision: Precision) -> float:
    """The nearest number of a precision, ties to even; beyond the largest one, ∞."""
    try:
        near = float(value)  # Python divides whole numbers with one rounding
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    if precision == "float64":
        return near
    with np.errstate(over="ignore", under="ignore"):
        twice = np.float32(near)  # rounded twice, so that its neighbour may be nearer where `near` is half-way
    if not np.isfinite(twice):
        return float(twice)
    ways = (np.float32(-np.inf), np.float32(np.inf))
    neighbours = [twice, *(np.nextafter(twice, way) for way in ways)]
    return float(min((n for n in neighbours if np.isfinite(n)), key=lambda n: abs(Fraction(float(n)) - value)))


def why(done: Replayed) -> str | None:
    """What failed, in a sentence; None if nothing did."""
    verdict = done.record.verdict
    if verdict in PASSES or verdict is Verdict.FLAGGED:
        return None
    if verdict is Verdict.OUT_OF_CONTRACT:
        return done.outcome.message or f"promises {done.solver.contract.deficiency}: nothing is asked here"
    clues = Clues(done.record, done.certified, done.outcome)
    return reason(clues).say(clues)
