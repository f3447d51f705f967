"""What distinguishes the orthogonal factorisations from each other: orthogonality, rank, blocks of rows."""

from __future__ import annotations

import numpy as np
import pytest

from lamm_robust.solvers import orthogonal, refinement
from lamm_robust.values import UNIT_ROUNDOFF, Array, Device, Precision, Status
from tests.support.problems import problem_of, random_problem
from tests.support.solving import answer, scores, tried


@pytest.fixture(autouse=True)
def _on_the_cpu(device: Device) -> None:
    if device != "cpu":
        pytest.skip("what an algorithm is does not depend on the device")


def away_from_identity(Q: Array) -> float:
    """‖QᵀQ − I‖₂ of a matrix of either precision."""
    wide = Q.astype(np.float64)
    return float(np.linalg.norm(wide.T @ wide - np.eye(Q.shape[1]), 2))


# --- QR by way of Cholesky --------------------------------------------------------------------------------------


def test_cholesky_qr_is_orthogonal_to_kappa_squared_and_twice_to_rounding(precision: Precision) -> None:
    u, log10_cond = UNIT_ROUNDOFF[precision], 2.5 if precision == "float32" else 6
    A = random_problem(60, 12, log10_cond, 0.1, seed=1, dtype=precision).A
    once, R = orthogonal.cholesky_qr(A)
    assert 100 * u < away_from_identity(once) < 60 * u * 10 ** (2 * log10_cond)
    twice, R = orthogonal.cholesky_qr_twice(A)
    assert away_from_identity(twice) < 10 * u
    assert np.linalg.norm(twice @ R - A) < 60 * u * np.linalg.norm(A)


def test_a_shift_makes_it_orthogonal_where_it_would_break_down(precision: Precision) -> None:
    u, log10_cond = UNIT_ROUNDOFF[precision], 4.5 if precision == "float32" else 11
    A = random_problem(60, 12, log10_cond, 0.1, seed=1, dtype=precision).A
    with pytest.raises(np.linalg.LinAlgError):
        orthogonal.cholesky_qr_twice(A)
    Q, R = orthogonal.cholesky_qr_thrice(A)
    assert away_from_identity(Q) < 10 * u
    assert np.linalg.norm(Q @ R - A) < 60 * u * np.linalg.norm(A)
    assert not np.tril(R, -1).any()


def test_the_shift_is_that_of_the_paper() -> None:
    assert orthogonal.shift_of(60, 12, 2.0**-52) == 11 * (60 * 12 + 12 * 13) * 2.0**-53


@pytest.mark.parametrize("library", ["scipy", "jax"])
def test_cholesky_qr_solves_as_far_as_it_is_orthogonal(library: str, precision: Precision) -> None:
    near, far = (2.5, 4.5) if precision == "float32" else (6, 11)
    names = (f"{library}-cholesky-qr2", f"{library}-shifted-cholesky-qr3", f"{library}-normal-cholesky")
    twice, thrice, normal = scores(random_problem(60, 12, near, 1e-6, seed=1, dtype=precision), *names)
    assert max(twice["backward_error"], thrice["backward_error"]) < 10
    assert normal["backward_error"] > 2 * max(twice["backward_error"], thrice["backward_error"])
    twice, thrice, normal = scores(random_problem(60, 12, far, 1e-6, seed=1, dtype=precision), *names)
    assert twice["backward_error"] == normal["backward_error"] == np.inf
    assert thrice["backward_error"] < 10


# --- TSQR -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("m", "n", "blocks"), [(31, 3, 4), (40, 10, 4), (29, 10, 2), (12, 10, 1), (7, 1, 4), (5, 5, 1)]
)
def test_tsqr_has_the_r_of_qr_up_to_signs_by_a_tree_of_blocks(
    m: int, n: int, blocks: int, precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = random_problem(m, n, 1, 0.1 if m > n else 0, seed=m, dtype=precision)
    Q, R = np.linalg.qr(problem.A)
    seen, qr = [], np.linalg.qr

    def spy(A: Array) -> tuple[Array, Array]:
        seen.append(A.shape)
        factors: tuple[Array, Array] = qr(A)
        return factors

    monkeypatch.setattr(np.linalg, "qr", spy)
    triangle, y = orthogonal.tsqr_reduce(problem.A, problem.b)
    assert seen == [(blocks, -(-m // blocks), n), (blocks * n, n)]
    near = 100 * n * UNIT_ROUNDOFF[precision]
    assert np.allclose(np.abs(triangle), np.abs(R), rtol=0, atol=near * np.abs(R).max())
    assert np.allclose(np.abs(y), np.abs(Q.T @ problem.b), rtol=0, atol=near * np.abs(problem.b).max())


# --- rank -------------------------------------------------------------------------------------------------------

DEFICIENT = np.array([[1, 2, 3, 4], [2, 4, 1, 3], [0, 0, 1, 1], [3, 6, 0, 3], [1, 2, 1, 2]])
"""Columns a, 2a, c and a + c: the rank is 2."""


@pytest.mark.parametrize("name", ["scipy-qr-pivoted", "jax-qr-pivoted"])
def test_a_basic_solution_has_as_many_entries_as_the_rank(name: str, precision: Precision) -> None:
    problem = problem_of(DEFICIENT, [1, 0, 2, 1, 3], precision)
    outcome = tried(name, problem)
    assert outcome.rank == 2
    assert outcome.x is not None
    assert np.count_nonzero(outcome.x) == 2
    (found,) = scores(problem, name)
    assert found["residual_excess"] < 100 * UNIT_ROUNDOFF[precision]
    assert found["norm_excess"] > 0.1, "it is not the shortest"


def test_the_complete_orthogonal_factorisation_makes_it_the_shortest(precision: Precision) -> None:
    problem = problem_of(DEFICIENT, [1, 0, 2, 1, 3], precision)
    assert tried("scipy-qr-complete", problem).rank == 2
    (found,) = scores(problem, "scipy-qr-complete")
    assert found["forward_error"] < 10
    assert abs(found["norm_excess"]) < 100 * UNIT_ROUNDOFF[precision]


@pytest.mark.parametrize("name", ["scipy-qr-pivoted", "scipy-qr-complete", "jax-qr-pivoted"])
@pytest.mark.parametrize(("m", "n"), [(4, 2), (3, 3), (2, 5)])
def test_the_rank_is_where_the_diagonal_of_r_falls_below_the_rule(
    name: str, m: int, n: int, precision: Precision
) -> None:
    cutoff = max(m, n) * 2 * UNIT_ROUNDOFF[precision]
    for share, rank in ((1.5 * cutoff, min(m, n)), (cutoff / 1.5, min(m, n) - 1)):
        A = np.zeros((m, n))
        np.fill_diagonal(A, 1.0)
        A[min(m, n) - 1, min(m, n) - 1] = share
        assert tried(name, problem_of(A, np.ones(m), precision)).rank == rank


def test_a_matrix_of_zeros_has_rank_0(precision: Precision) -> None:
    for name in ("scipy-qr-pivoted", "scipy-qr-complete", "jax-qr-pivoted", "scipy-svd-eps", "numpy-svd-stacked"):
        outcome = tried(name, problem_of(np.zeros((3, 2)), [1, 2, 3], precision))
        assert (outcome.rank, list(np.asarray(outcome.x))) == (0, [0, 0]), name


@pytest.mark.parametrize("name", ["scipy-gels", "jax-qr-lq"])
def test_lq_gives_the_shortest_solution_of_a_wide_system(name: str, precision: Precision) -> None:
    far = 4 if precision == "float32" else 10
    (found,) = scores(random_problem(6, 15, far, 0, seed=2, dtype=precision), name)
    assert found["backward_error"] < 10
    assert found["null_component"] < 10


def test_gels_refuses_a_zero_on_the_diagonal(precision: Precision) -> None:
    outcome = tried("scipy-gels", problem_of([[1, 0], [0, 0], [0, 0]], [1, 2, 3], precision))
    assert outcome.status is Status.REFUSED
    assert "zero at 2" in outcome.message


# --- refinement -------------------------------------------------------------------------------------------------


def test_corrections_solve_the_augmented_system() -> None:
    generator = np.random.default_rng(0)
    A, f, g = generator.standard_normal((9, 4)), generator.standard_normal(9), generator.standard_normal(4)
    s, z = refinement.corrections(*np.linalg.qr(A), f, g)
    assert np.allclose(s + A @ z, f, rtol=0, atol=1e-13)
    assert np.allclose(A.T @ s, g, rtol=0, atol=1e-13)


def test_one_step_of_refinement_gains_a_bit_or_two(precision: Precision) -> None:
    log10_cond = 3 if precision == "float32" else 8
    errors = np.array(
        [
            [found["backward_error"] for found in scores(problem, "scipy-qr", "scipy-qr-refined")]
            for problem in (random_problem(60, 12, log10_cond, 0.1, seed=s, dtype=precision) for s in range(8))
        ]
    )
    plain, refined = errors.mean(axis=0)
    assert refined < 0.5 * plain


def test_residuals_of_twice_the_precision_make_x_right_to_the_last_bit(precision: Precision) -> None:
    if precision != "float32":
        pytest.skip("float64 problems have no residuals of twice the precision here")
    for seed in range(4):
        problem = random_problem(60, 12, 4, 0.1, seed=seed, dtype=precision)
        plain, refined = scores(problem, "scipy-qr", "scipy-float32-qr-refined")
        assert refined["relative_error"] < 2.0**-24 < plain["relative_error"] / 100


def test_a_float32_factor_is_enough_for_float64_until_it_is_singular(precision: Precision) -> None:
    if precision != "float64":
        pytest.skip("about float64 problems")
    problem = random_problem(60, 12, 5, 0.1, seed=1)
    (refined,) = scores(problem, "scipy-float32-qr-refined")
    x32 = answer("scipy-qr", problem_of(problem.A, problem.b, "float32"))
    assert refined["backward_error"] < 10
    x = answer("scipy-float32-qr-refined", problem)
    assert np.linalg.norm(x32 - x) > 1e-6 * np.linalg.norm(x), "float32 alone would not do"
    outcome = tried("scipy-float32-qr-refined", random_problem(60, 12, 10, 0.1, seed=1))
    assert outcome.status is Status.REFUSED
    assert refinement.NOT_CONVERGED in outcome.message


def test_float32_refinement_takes_the_whole_range_of_float64(precision: Precision) -> None:
    if precision != "float64":
        pytest.skip("about float64 problems")
    problem = random_problem(60, 12, 2, 0.1, seed=1)
    x = answer("scipy-float32-qr-refined", problem)
    for power in (-600, 600):
        scaled = problem_of(np.ldexp(problem.A, power), problem.b)
        assert np.array_equal(answer("scipy-float32-qr-refined", scaled), np.ldexp(x, -power))
        scaled = problem_of(problem.A, np.ldexp(problem.b, power))
        assert np.array_equal(answer("scipy-float32-qr-refined", scaled), np.ldexp(x, power))
        scaled = problem_of(np.ldexp(problem.A, power), np.ldexp(problem.b, power))
        assert np.array_equal(answer("scipy-float32-qr-refined", scaled), x)
