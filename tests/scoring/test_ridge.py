"""Ridge problems as stacked ones: what rounding explains passes, what it does not fails."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from lamm_robust.keys import parse_key
from lamm_robust.oracles import AUTO, certify_ridge, exact, stored
from lamm_robust.scoring.records import record
from lamm_robust.scoring.ridge import proved_with, stacked
from lamm_robust.scoring.truths import Truths
from lamm_robust.solvers import user
from lamm_robust.storage.cache import Cache
from lamm_robust.storage.lookup import cached_oracle
from lamm_robust.values import Array, Case, Deficiency, Outcome, Problem, Record, Status, Variant, Verdict

KEY = "raw A=1,2;3,4;5,7;1,1 b=1,2,4,1 dtype=float32"
A = np.array([[1, 2], [3, 4], [5, 7], [1, 1]], np.float32)
B = np.array([1, 2, 4, 1], np.float32)


def judged(x: Array, lam: float) -> Record:
    key = parse_key(KEY)
    contract = user.contract(Deficiency.MINIMUM_NORM, (), penalty=lam)
    (solver,) = user.library(user.Target("x:f", Path.cwd()), contract).solvers
    certified = Truths(lambda key: Problem(key, A, B), AUTO, proved_with(lam)).certify(key)
    assert certified
    case = Case(key, Variant("yours", "f", "float32", "cpu"))
    return record(case, certified, solver, Outcome(Status.SOLVED, x=x.astype(np.float32)))


def true(lam: float) -> Array:
    return np.array([float(v) for v in stored(certify_ridge(A, B, Fraction(lam)))])


LAMBDAS = (1e-300, 1e-12, 1e-4, 0.3, 50.0, 1e12)


@pytest.mark.parametrize("lam", LAMBDAS)
def test_the_rounded_truth_is_within_one_unit(lam: float) -> None:
    found = judged(true(lam), lam)
    assert found.verdict is Verdict.COLUMNWISE_STABLE
    assert found.scores["backward_error"] <= 1
    assert found.scores["forward_error"] <= 1
    assert (found.m, found.n, found.rank, found.oracle) == (6, 2, 2, "ridge")


@pytest.mark.parametrize("lam", [1e-4, 0.3, 50.0])
def test_what_rounding_the_root_in_float32_moves_is_within_two_units(lam: float) -> None:
    root = np.float32(lam**0.5)
    rows = np.vstack([A, root * np.eye(2, dtype=np.float32)])
    x = np.array([float(v) for v in stored(exact.certify(rows, np.append(B, np.zeros(2, np.float32))))])
    found = judged(x, lam)
    assert found.scores["backward_error"] <= 2  # its own rounding is the other unit
    assert found.verdict is Verdict.COLUMNWISE_STABLE


@pytest.mark.parametrize("other", [0.3 * 1.001, 0.3**0.5, 1.2, 0.0])
def test_another_penalty_is_none_that_rounding_explains(other: float) -> None:
    x = true(other) if other else np.linalg.lstsq(A.astype(float), B.astype(float))[0]
    assert judged(x, 0.3).verdict in (Verdict.INACCURATE, Verdict.WRONG)


def test_kappa_is_that_of_the_stacked_matrix() -> None:
    sigma = np.linalg.svd(A.astype(float), compute_uv=False)
    found = judged(true(0.3), 0.3)
    assert found.kappa == pytest.approx(((sigma[0] ** 2 + 0.3) / (sigma[1] ** 2 + 0.3)) ** 0.5, rel=1e-8)
    rows, target = stacked(A, B, 0.3)
    assert found.kappa == pytest.approx(np.linalg.cond(rows), rel=1e-8)
    assert (rows.dtype.name, rows.shape, target.shape) == ("float64", (6, 2), (6,))


def test_what_was_proved_is_kept_for_each_penalty(tmp_path: Path) -> None:
    calls: list[Fraction] = []

    def ridge(A: Array, b: Array, penalty: Fraction) -> object:
        calls.append(penalty)
        return certify_ridge(A, b, penalty)

    oracle = cached_oracle(replace(AUTO, ridge=ridge), Cache(tmp_path))  # type: ignore[arg-type]
    assert oracle.ridge
    half, again, third = (oracle.ridge(A, B, Fraction(1, k)) for k in (2, 2, 3))
    assert calls == [Fraction(1, 2), Fraction(1, 3)]
    assert list(stored(half)) == list(stored(again)) != list(stored(third))
