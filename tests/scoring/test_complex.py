"""Scores of complex answers: by formulas in complex arithmetic, by what real numbers score, and by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from lamm_robust import catalog, oracles
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.limits import limits, threshold
from lamm_robust.scoring.metrics import METRICS, score
from lamm_robust.scoring.records import record, scores_of
from lamm_robust.scoring.truths import Certified, Known, proved
from lamm_robust.solvers.contracts import complex_too, full_rank, minimum_norm, share
from lamm_robust.values import (
    COMPLEX,
    REAL_OF,
    UNIT_ROUNDOFF,
    Case,
    Contract,
    Edge,
    Outcome,
    Precision,
    Problem,
    ProblemKey,
    Regime,
    Solver,
    Status,
    Value,
    Variant,
    Verdict,
)
from tests.support.problems import problem_of

SHAPES = [(7, 3, 3), (3, 7, 3), (5, 5, 5), (8, 5, 3), (4, 6, 2)]
"""(m, n, rank) of random problems."""


def random(m: int, n: int, rank: int, k: int = 0, dtype: Precision = "complex128") -> Problem:
    """A problem of small Gaussian integers, so that the rank is exact."""
    rng = np.random.default_rng((m, n, rank))

    def whole(*shape: int) -> Any:
        return rng.integers(-4, 5, shape) + 1j * rng.integers(-4, 5, shape)

    A = whole(m, n) if rank == min(m, n) else whole(m, rank) @ whole(rank, n)
    return problem_of(A, whole(m, k) if k else whole(m), dtype)


def certified(problem: Problem) -> Certified:
    return proved(problem, oracles.select("exact"))


def star(of: Certified) -> Any:
    """x★, rounded."""
    parts = np.array(oracles.stored(of.truth).tolist(), dtype=float)
    n = of.truth.n
    return parts[:n] + 1j * parts[n:]


# --- formulas in complex arithmetic ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "n", "rank"), SHAPES)
def test_scores_are_what_complex_formulas_give(m: int, n: int, rank: int) -> None:
    of = certified(random(m, n, rank))
    A: Any = of.problem.A
    b, u, rng = of.problem.b, UNIT_ROUNDOFF["complex128"], np.random.default_rng(1)
    x = star(of) + 1e-3 * (rng.standard_normal(n) + 1j * rng.standard_normal(n))
    r, sigma = b - A @ x, np.linalg.svd(A, compute_uv=False)
    size, kappa, best = np.linalg.norm, sigma[0] / sigma[rank - 1], np.linalg.norm(b - A @ star(of))
    H = size(x) ** 2 * A.conj().T @ A + size(r) ** 2 * np.eye(n)
    g = A.conj().T @ r
    plus = np.linalg.pinv(A, rcond=1e-10)
    outside = size(x - plus @ A @ x)
    expected = {
        "relative_error": size(x - star(of)) / size(star(of)),
        "forward_error": size(x - star(of))
        / (u * kappa * (2 * size(star(of)) + (kappa + 1) * (0 if rank == m else best) / sigma[0])),
        "backward_error": math.sqrt((g.conj() @ np.linalg.solve(H, g)).real) / (u * size(A)),
        "residual_excess": size(A @ (x - star(of))) / size(b),
        "orthogonality": size(g) / (u * sigma[0] * size(r)),
        "norm_excess": size(x) / size(star(of)) - 1,
    }
    if rank < n:
        expected["null_component"] = outside / (u * kappa * size(x))
        expected["null_backward_error"] = outside / (u * size(A) * size(plus.conj().T @ x))
    found = score(of.frame, x)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-7), name


def test_the_frobenius_norm_is_that_of_the_complex_matrix() -> None:
    of = certified(problem_of(np.array([[3, 4j], [0, 12]]), [1, 1j], "complex128"))
    assert of.frame.sizes[0, 4] * 2.0**of.frame.a_exponent == pytest.approx(13, rel=1e-15)


# --- what real numbers score ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", COMPLEX)
@pytest.mark.parametrize(("m", "n"), [(9, 4), (4, 9), (6, 6)])
def test_real_numbers_score_the_same_in_a_complex_precision(m: int, n: int, dtype: Precision) -> None:
    rng = np.random.default_rng(3)
    A, b = rng.standard_normal((m, n)) * 4.0 ** rng.integers(-2, 3, n), rng.standard_normal(m)
    real, same = (certified(problem_of(A, b, d)) for d in (REAL_OF[dtype], dtype))
    x: Any = np.linalg.lstsq(real.problem.A, real.problem.b)[0] * (1 + 1e-4)
    expected, found = score(real.frame, x), score(same.frame, x.astype(dtype))
    assert set(found) == set(expected) >= {metric.name for metric in METRICS}
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-4, abs=1e-9), name  # of what rounding makes
    limit, alike = vars(limits(real.truth, REAL_OF[dtype])), vars(limits(same.truth, dtype))
    for name in ("unique", "full_rank", "small", "fit", "lost", "unit", "only_columns"):
        assert alike[name] == pytest.approx(limit[name], rel=1e-9), name
    assert alike["regime"] is limit["regime"]
    assert same.limits.small == threshold(dtype, m, n) == threshold(REAL_OF[dtype], m, n)


def test_phases_change_no_score() -> None:
    of = certified(random(7, 4, 4))
    rng = np.random.default_rng(0)
    rows, columns = 1j ** rng.integers(0, 4, 7), 1j ** rng.integers(0, 4, 4)
    turned = problem_of(rows[:, np.newaxis] * of.problem.A * columns, rows * of.problem.b, "complex128")
    x = star(of) * (1 + 1e-6) + 1e-9
    expected, found = score(of.frame, x), score(certified(turned).frame, x / columns)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-6, abs=1e-12), name


# --- verdicts -------------------------------------------------------------------------------------------------------


def judged(of: Known, x: Any, contract: Contract, rank: int | None = None) -> Any:
    key = of.problem.key
    case = Case(key, Variant("any", "solver", key.dtype, "cpu"))
    outcome = Outcome(Status.SOLVED, x=x, rank=rank)
    return record(case, of, Solver("solver", "", contract, lambda A, b: (A, b)), outcome)


MINIMUM_NORM = complex_too(minimum_norm("any"))


@pytest.mark.parametrize("dtype", COMPLEX)
@pytest.mark.parametrize(("m", "n", "rank"), SHAPES)
def test_good_answers_pass_and_conjugated_ones_are_wrong(m: int, n: int, rank: int, dtype: Precision) -> None:
    of = certified(random(m, n, rank, dtype=dtype))
    A, b = of.problem.A.astype("complex128"), of.problem.b.astype("complex128")
    x: Any = np.linalg.lstsq(A, b)[0].astype(dtype)
    good = judged(of, x, MINIMUM_NORM, rank)
    assert good.verdict in (Verdict.COLUMNWISE_STABLE, Verdict.BACKWARD_STABLE)
    assert (good.m, good.n, good.rank, good.scores["rank_error"]) == (m, n, rank, 0)
    assert of.regime is (Regime.RESOLVABLE if rank == min(m, n) else Regime.DEFICIENT)
    plus: Any = np.linalg.pinv(A, rcond=1e-5)
    for wrong in (x.conj(), plus.conj() @ b, plus @ b.conj(), x.real.astype(dtype)):
        assert judged(of, wrong.astype(dtype), MINIMUM_NORM).verdict is Verdict.WRONG


def test_a_transpose_for_a_conjugate_is_wrong_at_every_condition() -> None:
    for kappa in (0, 3, 6):
        named: dict[str, Value] = {"m": 30, "n": 10, "mode": "geometric", "log10_cond": kappa, "residual": 1e-12}
        key = ProblemKey("spectrum", (*named.items(), ("direction", "random"), ("seed", 0)), "complex128")
        of = certified(catalog.build_problem(key))
        A, b = of.problem.A, of.problem.b
        x = np.linalg.solve(A.T @ A, A.T @ b)  # of a consistent system, this is a solution all the same
        y = np.linalg.solve(A.T @ A, A.conj().T @ b)
        Q, R = np.linalg.qr(A)
        assert judged(of, y, complex_too(full_rank())).verdict is Verdict.WRONG
        assert judged(of, np.linalg.solve(R, Q.T @ b), complex_too(full_rank())).verdict is Verdict.WRONG
        assert score(of.frame, x)["relative_error"] < 1e-3


def test_several_right_hand_sides_are_judged_by_the_worst() -> None:
    of = certified(random(6, 3, 3, k=3))
    x: Any = np.linalg.lstsq(of.problem.A, of.problem.b)[0]
    assert judged(of, x, MINIMUM_NORM).verdict is not Verdict.WRONG
    x[:, 1] = x[:, 1].conj()
    assert judged(of, x, MINIMUM_NORM).verdict is Verdict.WRONG


def test_a_cutoff_that_leaves_a_rank_is_held_to_it() -> None:
    named = {"m": 16, "n": 9, "rank": 8, "gap_bits": 56, "log2_cond": 0, "residual": 2.0**-8, "seed": 1}
    of = certified(catalog.build_problem(ProblemKey("near_rank", tuple(named.items()), "complex128")))
    contract = complex_too(minimum_norm("σ_i ≤ 1e-13·σ₁", cutoff=share(1e-13)))
    x: Any = np.linalg.lstsq(of.problem.A, of.problem.b, rcond=1e-13)[0]
    ((scores, _),) = scores_of([(of, Outcome(Status.SOLVED, x=x))], [contract])
    left = of.truncated_frame(contract)
    assert left is not None
    assert (left.truth.rank, left.rank) == (8, 16)
    assert scores["truncated_error"] < of.limits.small
    ((wrong, _),) = scores_of([(of, Outcome(Status.SOLVED, x=x.conj()))], [contract])
    assert wrong["truncated_error"] > 1e6


def test_problems_of_one_shape_are_not_mixed_with_real_ones() -> None:
    frames = [certified(random(5, 3, 3)).frame, certified(problem_of(np.eye(5, 3), np.ones(5))).frame]
    assert [frame.A.shape for frame in frames] == [(10, 6), (5, 3)]
    with pytest.raises(ValueError, match=r"an answer has shape \(4,\); there are 3 unknowns, 1 times"):
        score(frames[0], np.ones(4, "complex128"))


def test_edges_of_scale_are_those_of_the_parts() -> None:
    def edge(*entries: complex) -> Edge:
        return certified(problem_of([[entries[0]]], [entries[-1]], "complex128")).edge

    assert edge(1 + 1j) is Edge.NONE
    assert edge(1e200j) is Edge.SCALE
    assert edge(complex(1, 1e-200)) is Edge.NONE
    assert edge(1e-200j) is Edge.SCALE
    assert edge(1j, 1e160 + 1j) is Edge.SCALE


def test_a_frame_refuses_the_certificate_of_the_conjugate() -> None:
    problem = random(4, 2, 2)
    other = problem_of(np.conj(problem.A), problem.b, "complex128")
    with pytest.raises(ValueError, match="is about another problem"):
        Frame(problem, oracles.AUTO.certify(other.A, other.b))
