"""Which records count for what: the kinds of problems that are counted apart.

*Graded* records are those of resolvable and deficient problems within the solver's contract: only they decide the class
and the safe κ. Edge cases (empty matrices, extreme scales) are judged by the same rules, but κ has no part in them, so
they are counted apart. So are *undefined* problems, with NaN or ∞ in A or b: there a solver need only say so. If it
crashes, hangs or returns a finite x in silence, that counts elsewhere, too. *Ambiguous* problems, whose κ is beyond the
precision, are asked one thing: that the answer fits. One that fits nothing, in silence, decides the class.
"""

from __future__ import annotations

import math

from lamm_robust.scoring.limits import resolves
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
    """Whether the precision can see σ_r of A as stored, and not only once its columns are of one size.

    A solver that is backward stable as a whole, but not column by column, has the digits of these problems alone.
    """
    return math.isnan(record.kappa) or resolves(record.precision, record.m, record.n, record.kappa)


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
