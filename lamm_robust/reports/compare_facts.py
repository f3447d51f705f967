"""A comparison of two runs as plain JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lamm_robust.reports.changes import DIGIT, Aside, ErrorChange, Pair
from lamm_robust.reports.compare import CONFIDENCE, SLOWER, Comparison
from lamm_robust.reports.compare_headline import headline
from lamm_robust.reports.gate import Result
from lamm_robust.text import finite


def facts(old: Path, new: Path, found: Comparison, results: Sequence[Result]) -> dict[str, Any]:
    """The comparison and the results of its gates as plain JSON values; null stands for ∞, NaN and what is missing."""
    return {
        "old": str(old),
        "new": str(new),
        "unfinished": found.unfinished or None,
        "cases": found.cases,
        "identical": found.identical,
        "headline": headline(found),
        "gates": [
            {
                "gate": result.gate,
                "passed": result.passed,
                "failing": result.failing,
                "expected": dict(result.excused),
                "did not happen": [vars(expected) for expected in result.stale],
            }
            for result in results
        ],
        "worse": list(map(_pair_facts, found.worse)),
        "better": list(map(_pair_facts, found.better)),
        "set aside": {why.name.lower(): list(map(_pair_facts, pairs)) for why, pairs in found.aside.items()},
        "errors set aside": {why.name.lower(): found.aside_errors[why] for why in Aside},
        "less accurate": list(map(_error_facts, found.lost)),
        "more accurate": list(map(_error_facts, found.gained)),
        "times": [finite(vars(t) | {"slower": t.slower, "faster": t.faster, "noisy": t.noisy}) for t in found.times],
        "times not comparable": found.other_clock or None,
        "vanished": found.vanished,
        "no longer repeatable": found.restless,
        "only old": found.only_old,
        "only new": found.only_new,
        "conditions": {name: list(pair) for name, pair in found.conditions.items()},
        "limits": {"digit": DIGIT, "slower": SLOWER, "confidence": float(CONFIDENCE)},
    }


def _pair_facts(pair: Pair) -> dict[str, Any]:
    return {
        "case": pair.key,
        "old": pair.old.verdict,
        "new": pair.new.verdict,
        "message": pair.new.message,
        "old scores": finite(pair.old.scores),
        "new scores": finite(pair.new.scores),
    }


def _error_facts(error: ErrorChange) -> dict[str, Any]:
    old, new = (finite(record.scores.get(error.metric)) for record in (error.pair.old, error.pair.new))
    return {"case": error.pair.key, "metric": error.metric, "old": old, "new": new}
