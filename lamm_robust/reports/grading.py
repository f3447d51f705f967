"""Which records count for what: the kinds of problems that are counted apart.

*Graded* records are those of resolvable and deficient problems within the solver's contract: only they decide the class
and the safe κ. Edge cases (empty matrices, extreme scales) are judged by the same rules, but κ has no part in them, so
they are counted apart. So are *undefined* problems, with NaN or ∞ in A or b: there a solver need only say so. If it
crashes, hangs or returns a finite x in silence, that counts elsewhere, too. *Ambiguous* problems, whose κ is beyond the
precision, are asked one thing: that the answer fits. One that fits nothing, in silence, decides the class.
"""

from __future__ import annotations

import math

from lamm_robust.scoring.limits import NO_CORRECT_DIGIT, resolves, threshold
from lamm_robust.values import Deficiency, Record, Regime, Verdict

COLUMNWISE = frozenset({Verdict.COLUMNWISE_STABLE})
BACKWARD = COLUMNWISE | {Verdict.BACKWARD_STABLE}
PASSES = BACKWARD | {Verdict.FORWARD_STABLE}
ANSWERED = PASSES | {Verdict.INACCURATE, Verdict.WRONG}
BROKEN = frozenset({Verdict.CRASHED, Verdict.TIMED_OUT, Verdict.FLAKY, Verdict.BAD_OUTPUT})


def is_graded(record: Record) -> bool:
    """Whether the record can pass or fail for its conditioning: it can be judged, and is no edge case."""
    return is_judged(record) and not record.edge


def is_edge(record: Record) -> bool:
    """Whether the record can pass or fail, at an edge case."""
    return is_judged(record) and bool(record.edge)


def is_judged(record: Record) -> bool:
    """Whether the precision can resolve the problem, and the contract covers it."""
    resolved = record.regime in (Regime.RESOLVABLE, Regime.DEFICIENT)
    return resolved and record.verdict != Verdict.OUT_OF_CONTRACT


def is_ambiguous(record: Record) -> bool:
    """Whether κ is beyond the precision, and the contract covers the problem: it is asked to fit, and no more."""
    return record.regime == Regime.AMBIGUOUS and record.verdict != Verdict.OUT_OF_CONTRACT


def kappa(record: Record) -> float:
    """The κ that decides what the precision can see: with columns (rows, if wide) of one size at full rank."""
    return record.kappa if math.isnan(record.kappa_columns) else record.kappa_columns


def is_resolvable_as_a_whole(record: Record) -> bool:
    """Whether the precision can see σ_r of A as stored, and not only once its columns are of one size."""
    return math.isnan(record.kappa) or resolves(record.precision, record.m, record.n, record.kappa)


def as_a_whole(record: Record) -> Verdict | None:
    """The verdict on a graded answer where no column is asked about: what a solver by an SVD can be held to.

    *Backward stable* where a small change of A as a whole explains the answer, if that leaves it a digit at all. Where
    the precision sees σ_r only once columns are of one size, nothing is asked but that the answer fits, as if κ were
    beyond the precision; what is not answered there is not held against it either. None where nothing is asked.
    """
    resolvable = is_resolvable_as_a_whole(record)
    if record.verdict in BACKWARD or (resolvable and not is_full_rank(record)):
        return record.verdict
    if is_explained_as_a_whole(record) and (not resolvable or _has_its_digits(record)):
        return Verdict.BACKWARD_STABLE
    if resolvable or (record.verdict == Verdict.WRONG and _score(record, "residual_excess") >= NO_CORRECT_DIGIT):
        return record.verdict
    return None


def is_lost_by_columns(record: Record) -> bool:
    """Whether there is no answer, or none with a digit and no warning, where A as stored asks for none."""
    lost = record.verdict not in PASSES | {Verdict.INACCURATE}
    return lost and (not is_resolvable_as_a_whole(record) or as_a_whole(record) in BACKWARD)


def is_explained_as_a_whole(record: Record) -> bool:
    """Whether an answer fits, and is one (the shortest, where that is promised) after a small change of A as stored."""
    small = threshold(record.precision, record.m, record.n)
    length = 0.0 if record.promises == Deficiency.BASIC else _score(record, "null_backward_error")
    fits = _score(record, "residual_error") <= small or _score(record, "residual_excess") < NO_CORRECT_DIGIT
    return max(_score(record, "backward_error"), length) <= small and fits


def _has_its_digits(record: Record) -> bool:
    """Whether x̂ has a digit, or rounding A as a whole explains that it has none."""
    small = threshold(record.precision, record.m, record.n)
    return _score(record, "relative_error") < NO_CORRECT_DIGIT or _score(record, "forward_error") <= small


def _score(record: Record, name: str) -> float:
    """A score of the record; ∞ where there is no finite answer to score."""
    return record.scores.get(name, math.inf)


def is_undefined(record: Record) -> bool:
    """Whether the problem has no answer, and the contract covers its shape."""
    return record.regime == Regime.UNDEFINED and record.verdict != Verdict.OUT_OF_CONTRACT


def is_failure(record: Record) -> bool:
    """Whether no answer came where one should have, or a crash, a time-out or bad output at an undefined problem."""
    return record.verdict not in ANSWERED if is_judged(record) else is_undefined(record) and is_broken(record)


def is_broken(record: Record) -> bool:
    """Whether the attempt crashed, timed out, or returned something of the wrong form."""
    return record.verdict in BROKEN


def is_full_rank(record: Record) -> bool:
    """Whether the problem has full rank, resolvably, and a κ: a matrix without entries has no singular value."""
    return record.regime == Regime.RESOLVABLE and not math.isnan(record.kappa)


def has_one_answer(record: Record) -> bool:
    """Whether x★ is the one answer that the contract allows, so that the distance to it means something."""
    return record.promises != Deficiency.BASIC or record.rank == record.n


def has_error(record: Record) -> bool:
    """Whether the distance to x★ is asked of an attempt: graded, full rank, and one answer."""
    return is_graded(record) and is_full_rank(record) and has_one_answer(record)
