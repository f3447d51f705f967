"""`check --max-cond` and `--require conditionally-stable`: what a promise up to some κ excuses, and what not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lamm_robust.check.command import replay_line
from lamm_robust.check.facts import facts
from lamm_robust.check.failures import excuse
from lamm_robust.check.judgement import Judgement
from lamm_robust.check.page import page
from lamm_robust.check.terms import Terms
from lamm_robust.reports.row import row
from lamm_robust.testing import check_solver
from lamm_robust.values import Regime, Verdict
from tests.support.records import RECORD

FULL = replace(RECORD, regime=Regime.RESOLVABLE, rank=2, m=4, n=2, kappa=1e9, kappa_columns=1e9, precision="float64")


@pytest.mark.parametrize(
    ("verdict", "kappa", "expected"),
    [
        (Verdict.REFUSED, 1e9, Verdict.OUT_OF_CONTRACT),
        (Verdict.NON_FINITE, 1e9, Verdict.OUT_OF_CONTRACT),
        (Verdict.INACCURATE, 1e9, Verdict.OUT_OF_CONTRACT),
        (Verdict.REFUSED, 1e6, Verdict.REFUSED),
        (Verdict.INACCURATE, 1e8, Verdict.INACCURATE),
        (Verdict.WRONG, 1e9, Verdict.WRONG),
        (Verdict.CRASHED, 1e9, Verdict.CRASHED),
        (Verdict.BACKWARD_STABLE, 1e9, Verdict.BACKWARD_STABLE),
    ],
)
def test_what_is_excused_beyond_the_promise(verdict: Verdict, kappa: float, expected: Verdict) -> None:
    record = replace(FULL, verdict=verdict, kappa=kappa)
    assert excuse(record, Terms(max_cond=1e8)).verdict is expected
    assert excuse(record, Terms()).verdict is verdict


def test_conditional_stability_is_a_promise_up_to_one_over_the_root_of_u() -> None:
    assert Terms(require="conditionally-stable").limit == pytest.approx(2.0**26.5)
    assert Terms(require="conditionally-stable", precision="float32").limit == 2.0**12
    assert Terms(require="conditionally-stable", max_cond=100.0).limit == 100.0
    assert Terms(require="forward-stable").limit == float("inf")


def judged(terms: Terms, *verdicts: tuple[Verdict, float]) -> Judgement:
    records = [
        excuse(replace(FULL, verdict=v, kappa=k, kappa_columns=k, problem=f"p{k:g}"), terms) for v, k in verdicts
    ]
    return Judgement("x.py:f", terms, row(records, 1.0), records, [], 0, 0)


def test_a_correct_refusal_beyond_the_promise_passes_the_gate() -> None:
    seen = (Verdict.FORWARD_STABLE, 10.0), (Verdict.REFUSED, 1e9)
    assert not judged(Terms(require="forward-stable"), *seen).passed
    held = judged(Terms(require="forward-stable", max_cond=1e8), *seen)
    assert held.passed
    assert held.excused == 1
    said = page(held)
    assert "up to κ = 1e8" in said
    assert "refused or inaccurate at 1 problem beyond that κ" in said
    assert facts(held)["max_cond"] == 1e8
    assert judged(Terms(require="conditionally-stable"), *seen).passed
    assert not judged(Terms(require="conditionally-stable"), (Verdict.REFUSED, 10.0), *seen).passed


def test_silence_beyond_the_promise_does_not() -> None:
    found = judged(Terms(require="forward-stable", max_cond=1e8), (Verdict.FORWARD_STABLE, 10.0), (Verdict.WRONG, 1e9))
    assert not found.passed
    assert "1 silent failure" in found.unmet


def test_the_line_that_repeats_a_failure_says_it() -> None:
    from lamm_robust.check.failures import Failure

    class Clue:
        record = FULL

    class Why:
        name = "other"

    failure = Failure(Clue(), Why(), "")  # type: ignore[arg-type]
    assert "--max-cond 1e+08" in replay_line(judged(Terms(max_cond=1e8), (Verdict.WRONG, 1.0)), failure)


def test_choleskyqr2_that_refuses_keeps_its_promise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From κ = 7e7 on its Cholesky fails: refused, and so it passes as what it is, and not as what it is not."""
    from lamm_robust.solvers.orthogonal import cholesky_qr2

    monkeypatch.chdir(tmp_path)

    def solve(A, b):  # type: ignore[no-untyped-def]
        return cholesky_qr2(A, b)[0]

    asked = {"contract": "full_rank_only", "families": ["spectrum"]}
    with pytest.raises(AssertionError):
        check_solver(solve, require="forward-stable", **asked)  # type: ignore[arg-type]
    check_solver(solve, require="conditionally-stable", **asked)  # type: ignore[arg-type]
    check_solver(solve, require="forward-stable", max_cond=1e7, **asked)  # type: ignore[arg-type]
