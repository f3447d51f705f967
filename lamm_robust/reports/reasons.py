"""Why an attempt did not solve its problem, from its record alone: in words that attempts with the same fault share."""

from __future__ import annotations

import math

from lamm_robust.reports import grading
from lamm_robust.text import number, opening
from lamm_robust.values import Edge, Record, Regime, Verdict

RAISED = 60
"""Letters of a message that tell a reason: the class of an exception, or a short sentence."""


def reason(record: Record) -> str:
    """Why an attempt did not solve its problem; only of attempts that did not."""
    if record.verdict == Verdict.WRONG:
        return _silent(record)
    if grading.is_failure(record):
        raised = opening(record.message, RAISED)
        return f"{record.verdict}: {raised}" if raised else str(record.verdict)
    return "a warning, and an answer without a digit" if record.warned else f"digits lost, {where(record)}"


def _silent(record: Record) -> str:
    if record.regime == Regime.UNDEFINED:
        return f"a finite answer, {where(record)}"
    if record.regime == Regime.AMBIGUOUS:
        return f"an answer that fits nothing, {where(record)}"
    if record.reported_rank is not None and record.reported_rank != record.rank:
        return f"wrong rank reported, {where(record)}"
    return f"no correct digit, {where(record)}"


def where(record: Record) -> str:
    """The kind of problem, as far as it tells why it is hard."""
    if record.regime == Regime.UNDEFINED:
        return "with NaN or ∞ in A or b"
    if record.regime == Regime.AMBIGUOUS:
        return "where κ is beyond the precision"
    if record.edge:
        return "at an empty matrix" if record.edge == Edge.EMPTY else "near overflow or underflow"
    if record.regime == Regime.DEFICIENT:
        return "at deficient rank"
    by_columns = not grading.is_resolvable_as_a_whole(record) or grading.is_lost_by_columns(record)
    return f"at full rank{', columns of different sizes' if by_columns else ''}"


def silent_failure(record: Record) -> str:
    """What a silent failure looks like: regime, κ, error, and the rank if a wrong one was reported."""
    if record.regime == Regime.UNDEFINED:
        return "undefined: a finite answer, though A or b is not finite"
    error = record.scores.get("relative_error", math.nan)
    what = f"{record.regime}, κ = {number(grading.kappa(record))}: relative error {number(error)}"
    if record.reported_rank is not None and record.reported_rank != record.rank:
        what += f", rank {record.reported_rank} reported for {record.rank}"
    return what


def open_failure(record: Record) -> str:
    """What a failure that shows looks like: its verdict, κ, and the message."""
    return f"{record.verdict}, κ = {number(record.kappa)} {record.message}".strip()
