"""In what a checked solver computes, where its failures tell more than the size of its errors, as tables have it.

Large errors where κ is small may be low precision, and may be a bug in full precision. Low precision has errors of one
size there, and no reason says that the answer is another one.
"""

from __future__ import annotations

from lamm_robust.check.failures import Failure
from lamm_robust.check.judgement import Judgement
from lamm_robust.reports.arithmetic import FEW, LOW_KAPPA, TWICE
from lamm_robust.reports.grading import is_full_rank, is_graded
from lamm_robust.values import UNIT_ROUNDOFF

HALF = {double: single for single, double in TWICE.items()}
"""Precision → the one with half its digits."""

EXPLAINED = frozenset({"float32", "few digits"})
"""The reasons for large errors where κ is small that are, or may be, low precision."""

UNKNOWN = "?"

SPREAD = 1e3
"""The largest ratio of relative errors, all at κ ≤ 10, that one low precision makes. Measured: 30 for 11 and 24 bits in
the place of 24 and 53; 1e11 where a row of A is forgotten, of which the residual decides what it costs."""


def computes_in(found: Judgement) -> str:
    """The arithmetic that errors and failures show; "?" where errors are large for another reason than precision."""
    said, precision = found.row.computes_in, found.terms.precision
    answered = [f for f in found.failures if "relative_error" in f.record.scores]
    if answered and 2 * sum(f.reason.name == "float32" for f in answered) >= len(answered):
        return HALF[precision]
    if not said.startswith("less than"):
        return said
    low = [f for f in answered if is_graded(f.record) and is_full_rank(f.record) and f.record.kappa <= LOW_KAPPA]
    alike = len(low) >= FEW and all(f.reason.name in EXPLAINED for f in low) and _spread(low) <= SPREAD
    return said if alike else UNKNOWN


def _spread(failures: list[Failure]) -> float:
    """The ratio of the largest relative error to the smallest that is one at all."""
    errors = [max(f.record.scores["relative_error"], UNIT_ROUNDOFF[f.record.precision]) for f in failures]
    return max(errors) / min(errors)
