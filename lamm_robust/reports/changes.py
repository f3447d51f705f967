"""One case in two runs: what of its change says something about the solver, and what does not.

Three kinds of change come without a cause, and are set aside: those of a solver that returns other bits when it is
called again; those at problems with κ beyond the precision, where only a fit is asked; and those of a verdict whose
errors changed by less than a digit. Two runs of the same code on the same machine show nothing else.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass

from lamm_robust.reports.grading import ANSWERED, BROKEN, has_error, has_one_answer, is_judged
from lamm_robust.scoring.limits import NO_CORRECT_DIGIT
from lamm_robust.scoring.metrics import METRICS
from lamm_robust.values import Record, Regime, Verdict

FROM_BEST = (
    *(Verdict.COLUMNWISE_STABLE, Verdict.BACKWARD_STABLE, Verdict.FORWARD_STABLE, Verdict.FLAGGED),
    *(Verdict.OUT_OF_CONTRACT, Verdict.INACCURATE),
    *(Verdict.REFUSED, Verdict.NON_FINITE, Verdict.TIMED_OUT, Verdict.FLAKY, Verdict.CRASHED, Verdict.BAD_OUTPUT),
    Verdict.WRONG,
)
"""Verdicts, the best first. To refuse openly is worse than to be a little inaccurate, and nothing is worse than to be
wrong in silence. To claim less than before is worse than to pass and better than to fail."""

RANK: Mapping[str, int] = {verdict: place for place, verdict in enumerate(FROM_BEST)}
"""Verdict → its place in `FROM_BEST`."""

DIGIT = 10.0
"""Scores that differ by less than this are the same: another order of summation changes them by factors of a few."""

NOISE = 1.0
"""Scores below one unit are rounding errors of the best solvers: among them none is better."""

FLOOR = {m.name: NO_CORRECT_DIGIT / DIGIT if m.unit.startswith("relative") else NOISE for m in METRICS}
"""Metric → the value below which its scores tell no verdicts apart. A score without a unit decides where it leaves no
correct digit; one in units of rounding errors, above `NOISE`."""

KEPT = 2.0**-12
"""Relative difference up to which scores are the same to four digits: twice what committed records are rounded by."""


Spot = tuple[int, int]

FINENESS = 20
"""Steps of a decade in which a picture shows errors: finer than a pixel."""

LEAST = 1e-18
"""The smallest relative error that a picture tells apart: less than u of float64."""

NO_ANSWER = 6 * FINENESS
"""Where a picture shows that there was no finite answer: as an error of 10⁶."""


class Aside(enum.StrEnum):
    """Why a change says nothing; the value is a sentence for the page, without its end."""

    UNREPEATABLE = "solvers that return other bits when called again with the same"
    AMBIGUOUS = "problems with κ beyond the precision, where only a fit is asked"
    CLOSE = "verdicts whose errors changed by less than a digit"


@dataclass(frozen=True)
class Pair:
    """The records of one case in both runs."""

    old: Record
    new: Record

    @property
    def key(self) -> str:
        """The key of the case."""
        return self.new.key

    @property
    def step(self) -> int:
        """By how many places of `FROM_BEST` the verdict is worse than before; negative if it is better."""
        return RANK[self.new.verdict] - RANK[self.old.verdict]

    @property
    def alike(self) -> bool:
        """Whether the verdict is the same, and every score to four digits."""
        old, new = self.old.scores, self.new.scores
        if self.step or old.keys() != new.keys():
            return False
        return all(a == new[m] or abs(a - new[m]) <= KEPT * abs(a) for m, a in old.items())


@dataclass(frozen=True)
class ErrorChange:
    """An error of a case that grew or shrank by a digit or more."""

    pair: Pair
    metric: str
    factor: float
    """New over old, both taken for at least `NOISE`."""


def spot(pair: Pair) -> Spot | None:
    """Where a picture shows the relative errors of both attempts, in `FINENESS` of a decade; None if none is asked."""
    if not has_error(pair.new):
        return None
    errors = [record.scores.get("relative_error", math.inf) for record in (pair.old, pair.new)]
    old, new = (NO_ANSWER if not e < math.inf else round(FINENESS * math.log10(max(e, LEAST))) for e in errors)
    return old, new


def aside(pair: Pair, *, restless: bool) -> Aside | None:
    """Why a changed verdict or error says nothing; None if it says something. `restless` is about the solver."""
    if restless:
        return Aside.UNREPEATABLE
    if pair.new.regime == Regime.AMBIGUOUS and not any(map(_is_grave, (pair.old, pair.new))):
        return Aside.AMBIGUOUS
    return Aside.CLOSE if pair.step and _is_close(pair) else None


def _is_grave(record: Record) -> bool:
    """Whether an attempt is worse than a solver may be where κ is beyond the precision."""
    return record.verdict == Verdict.WRONG or record.verdict in BROKEN


def _is_close(pair: Pair) -> bool:
    """Whether there are two answers, both with a warning or none, whose scores differ, and none of them by a digit.

    Where no score differs, it is judged otherwise, which is no noise.
    """
    old, new = pair.old, pair.new
    if not {old.verdict, new.verdict} <= ANSWERED or (old.warned, *old.scores) != (new.warned, *new.scores):
        return False
    both = [(old.scores[m], new.scores[m], floor) for m, floor in FLOOR.items() if m in old.scores]
    return old.scores != new.scores and all(1 / DIGIT < factor(a, b, floor) < DIGIT for a, b, floor in both)


def changed_errors(pair: Pair) -> tuple[list[ErrorChange], list[ErrorChange]]:
    """The errors on which the verdict depends that grew, and those that shrank, by a digit or more."""
    if is_judged(pair.new):
        metrics = ["backward_error", *(["forward_error"] if has_one_answer(pair.new) else [])]
    else:
        metrics = ["backward_error", "residual_error"]
    errors = [ErrorChange(pair, m, factor(pair.old.scores.get(m), pair.new.scores.get(m))) for m in metrics]
    lost = [error for error in errors if not error.factor < DIGIT]  # and not >=, so that NaN counts as lost
    return lost, [error for error in errors if error.factor <= 1 / DIGIT]


def factor(old: float | None, new: float | None, floor: float = NOISE) -> float:
    """The new error over the old one, both taken for at least `floor`; 1 if one of them is missing."""
    if old is None or new is None or old == new:
        return 1.0
    return max(new, floor) / max(old, floor)
