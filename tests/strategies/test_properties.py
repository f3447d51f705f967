"""What must hold for every problem that the families' search strategies can draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lamm_robust import catalog
from lamm_robust.reports.grading import BACKWARD
from lamm_robust.scoring.frame import LARGEST as LARGEST_KAPPA
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.limits import limits
from lamm_robust.scoring.metrics import score
from lamm_robust.scoring.nonfinite import as_undefined
from lamm_robust.scoring.verdicts import judge, judge_all
from lamm_robust.solvers.contracts import minimum_norm
from lamm_robust.values import Certificate, Outcome, Precision, Problem, ProblemKey, Status, Verdict

EXACT = catalog.find_oracle("exact")
LARGEST = 2000
"""Entries of A up to which a certificate takes milliseconds."""

UNDEFINED = [name for name, family in catalog.FAMILIES.items() if not family.defined]

every_family = pytest.mark.parametrize("family", [name for name, family in catalog.FAMILIES.items() if family.defined])


def drawn(data: st.DataObject, family: str, precision: Precision) -> Problem:
    """Any problem of a family that is small enough to be certified hundreds of times."""

    def size(params: dict[str, Any]) -> int:
        return int(params.get("m", 1)) * int(params.get("n", 1))

    params = data.draw(catalog.FAMILIES[family].strategy(precision).filter(lambda p: size(p) <= LARGEST))
    return catalog.build_problem(ProblemKey(family, tuple(params.items()), precision))


def certified(problem: Problem) -> Certificate:
    """The truth, which recipes promise to be a number of the precision, as entries of any size do not."""
    truth = EXACT.certify(problem.A, problem.b)
    if problem.key.family == "raw":
        with np.errstate(over="ignore", under="ignore"):
            largest = np.abs(np.ldexp(truth.x[0], truth.exponent)).max()
        assume(not truth.x.any() or np.finfo(problem.A.dtype).tiny <= largest <= np.finfo(problem.A.dtype).max / 2)
        assume(truth.kappa is None or truth.kappa.mid <= LARGEST_KAPPA)
    return truth


def check_rounded_truth(data: st.DataObject, family: str, precision: Precision) -> None:
    """The correctly rounded answer to what is drawn passes: all that the harness does, from the key to the verdict.

    An answer half as long again measures as such.
    """
    problem = drawn(data, family, precision)
    truth = certified(problem)
    x = np.ldexp(truth.x[0], truth.exponent)
    frame, rounded = Frame(problem, truth), x.astype(precision)
    outcome = Outcome(Status.SOLVED, x=rounded)
    scores = score(frame, rounded)
    assert judge(minimum_norm(""), limits(truth, precision), outcome, scores) in BACKWARD
    expected = 0.5 if np.any(x) else 0.0
    scores = score(frame, x * 1.5)
    assert scores["norm_excess"] == pytest.approx(expected, rel=1e-9)
    assert scores["relative_error"] == pytest.approx(expected, rel=1e-9)


@every_family
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(data=st.data())
def test_rounded_answers_pass_and_longer_ones_measure_as_such(
    data: st.DataObject, family: str, precision: Precision
) -> None:
    check_rounded_truth(data, family, precision)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@every_family
@settings(max_examples=10_000, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_ten_thousand_draws(data: st.DataObject, family: str, precision: Precision) -> None:
    check_rounded_truth(data, family, precision)


def check_flagged(data: st.DataObject, family: str, precision: Precision) -> None:
    """What has no answer is seen to have none, and an x of NaN is the right thing to return."""
    problem = drawn(data, family, precision)
    found = as_undefined(problem)
    assert found is not None
    outcome = Outcome(Status.SOLVED, x=np.full(problem.n, np.nan, precision))
    assert judge_all(minimum_norm(""), found.limits, outcome, []) is Verdict.FLAGGED


@pytest.mark.parametrize("family", UNDEFINED)
@settings(max_examples=100)
@given(data=st.data())
def test_no_answer_is_always_seen(data: st.DataObject, family: str, precision: Precision) -> None:
    check_flagged(data, family, precision)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("family", UNDEFINED)
@settings(max_examples=10_000, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_ten_thousand_draws_without_an_answer(data: st.DataObject, family: str, precision: Precision) -> None:
    check_flagged(data, family, precision)
