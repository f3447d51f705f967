"""The judgement on a solver as plain JSON values."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lamm_robust.check.arithmetic import computes_in
from lamm_robust.check.judgement import Judgement
from lamm_robust.reports.grading import BROKEN
from lamm_robust.text import finite
from lamm_robust.values import SUITE, Verdict


def facts(found: Judgement) -> dict[str, Any]:
    """The judgement as plain JSON values; null stands for ∞ and NaN."""
    row, verdicts = found.row, Counter(record.verdict for record in found.records)
    return {
        "suite": SUITE,
        "target": found.target,
        "precision": found.terms.precision,
        "contract": found.terms.promised,
        "class": row.stability,
        "safe_kappa": finite(found.safe_kappa),
        "max_cond": finite(found.terms.limit),
        "silent_failures": row.silent_failures,
        "wrong_ranks": found.wrong_ranks,
        "refusals": verdicts[Verdict.REFUSED],
        "crashes": sum(verdicts[value] for value in BROKEN - {Verdict.BAD_OUTPUT}),
        "worst_backward_error": finite(row.worst_backward_error),
        "worst_forward_error": finite(row.worst_forward_error),
        "computes_in": computes_in(found),
        "times_doubted": bool(found.doubt),
        "cases": row.cases,
        "passed": found.passed,
        "unmet": found.unmet,
        "expected_failures": len(found.expected),
        "failures": [
            {
                "key": f.record.problem,
                "verdict": f.record.verdict,
                "why": f.why,
                "expected": found.expected.get(f.record.problem),
            }
            for f in found.failures
        ],
        **({"derivatives": [row.derivatives_right, row.derivatives_total]} if found.terms.derivative else {}),
    }
