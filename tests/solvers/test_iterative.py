"""What distinguishes Krylov methods from direct ones, and sketched methods from each other."""

from __future__ import annotations

import numpy as np
import pytest

from lamm_robust.scoring.limits import threshold
from lamm_robust.solvers import randomized
from lamm_robust.solvers.iterative import most_steps
from lamm_robust.values import UNIT_ROUNDOFF, Device, Precision, Status
from tests.support.problems import problem_of, random_problem
from tests.support.solving import answer, scores, tried

SMALL = threshold("float64", 60, 12)
SKETCHED = ("scipy-sketch-precondition", "scipy-iterative-sketching", "scipy-fossils")


@pytest.fixture(autouse=True)
def _on_the_cpu(device: Device) -> None:
    if device != "cpu":
        pytest.skip("what an algorithm is does not depend on the device")


# --- Krylov methods -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["scipy-lsqr-tight", "scipy-lsmr-tight", "jax-normal-cg"])
def test_as_many_steps_as_there_are_different_singular_values(name: str, precision: Precision) -> None:
    """κ = 1000, but with two singular values: two steps, where 60 of them would not be enough for a geometric range."""
    generator = np.random.default_rng(0)
    U, _ = np.linalg.qr(generator.standard_normal((80, 40)))
    V, _ = np.linalg.qr(generator.standard_normal((40, 40)))
    sigma = np.where(np.arange(40) < 20, 1.0, 1e-3 if precision == "float64" else 0.03)
    (found,) = scores(problem_of(U * sigma @ V.T, generator.standard_normal(80), precision), name)
    assert found["forward_error"] < 10


@pytest.mark.parametrize("name", ["scipy-lsqr", "scipy-lsmr"])
def test_default_tolerances_stop_at_six_digits(name: str) -> None:
    problem = random_problem(60, 30, 1, 1e-3, seed=3)
    default, tight = scores(problem, name, f"{name}-tight")
    assert tight["backward_error"] < 10
    assert 1e3 < default["backward_error"] < 10 * 1e-6 / UNIT_ROUNDOFF["float64"], "‖A‖ is estimated on the way"


@pytest.mark.parametrize("name", ["scipy-lsqr-tight", "scipy-lsmr-tight"])
def test_bidiagonalisation_is_better_than_conjugate_gradients(name: str, precision: Precision) -> None:
    """The recurrences of LSQR and LSMR never form Aᵀb − AᵀAx, whose rounding is what CG is left with."""
    log10_cond, residual = (2.5, 1e-6) if precision == "float32" else (5, 1e-12)
    problem = random_problem(60, 12, log10_cond, residual, seed=1, dtype=precision)
    krylov, cg = scores(problem, name, "jax-normal-cg")
    assert krylov["backward_error"] < 10
    assert cg["backward_error"] > 10 * krylov["backward_error"]


@pytest.mark.parametrize("name", ["scipy-lsqr-tight", "scipy-lsmr-tight", "jax-normal-cg"])
def test_krylov_methods_find_the_shortest_solution(name: str, precision: Precision) -> None:
    A = np.array([[1, 2, 3], [2, 4, 1], [0, 0, 1], [3, 6, 0]])  # the second column is twice the first
    (found,) = scores(problem_of(A, [1, 0, 2, 1], precision), name)
    assert found["forward_error"] < 10
    assert found["null_component"] < 10


@pytest.mark.parametrize("name", ["scipy-lsqr-tight", "scipy-lsmr-tight", "jax-normal-cg"])
def test_steps_run_out_where_singular_values_are_many_and_spread(name: str, precision: Precision) -> None:
    log10_cond = 4 if precision == "float32" else 10
    krylov, qr = scores(random_problem(60, 30, log10_cond, 1e-6, seed=1, dtype=precision), name, "scipy-qr")
    assert krylov["backward_error"] > 10 * qr["backward_error"]
    assert qr["backward_error"] < 10


def test_the_most_steps() -> None:
    assert most_steps(np.zeros((7, 3))) == most_steps(np.zeros((3, 7))) == 12


# --- sketching ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "n"), [(1, 1), (40, 1), (40, 3), (60, 12), (200, 40), (50, 50)])
def test_a_sketch_preconditions_within_its_distortion(m: int, n: int, precision: Precision) -> None:
    """σ(AR⁻¹) lies in [1/(1 + η), 1/(1 − η)], and well away from 1: that S is random, and not a rotation."""
    problem = random_problem(m, n, 1 if n > 1 else 0, 0.1 if m > n else 0, seed=1, dtype=precision)
    R, x = randomized.sketch_and_solve(problem.A, problem.b)
    sigma = np.linalg.svd(problem.A @ np.linalg.inv(R), compute_uv=False)
    assert 1 / (1 + randomized.DISTORTION) < sigma.min() <= sigma.max() < 1 / (1 - randomized.DISTORTION)
    if n > 3:
        assert sigma.max() / sigma.min() > 1.2
    r, least = (np.linalg.norm(problem.b - problem.A @ v) for v in (x, answer("scipy-qr", problem)))
    if m > n:
        assert least * (1 - 1e-6) < r < 2 * least, "(1 + η)/(1 − η) = 2 times the least residual (Sarlós 2006)"


def test_sketches_have_the_rows_that_their_distortion_needs() -> None:
    assert randomized.sketch_rows(1) == 360  # 9·(1 + √28)² = 356.2, up to a multiple of 8
    assert randomized.sketch_rows(12) == 696  # 9·(√12 + √28)² = 689.9
    assert randomized.most_steps(np.zeros(1)) == 33  # log(2⁻⁵²)/log(1/3) = 32.8
    assert randomized.most_steps(np.zeros(1, np.float32)) == 15  # log(2⁻²³)/log(1/3) = 14.5


def test_a_sketch_has_eight_signs_in_each_column(precision: Precision) -> None:
    S = randomized.embedding(50, 3, np.dtype(precision)).toarray()
    assert S.shape == (randomized.sketch_rows(3), 50)
    assert S.dtype == precision
    assert set(np.unique(np.abs(S))) == {0, np.dtype(precision).type(1 / np.sqrt(8))}
    assert ((S != 0).reshape(8, -1, 50).sum(axis=1) == 1).all(), "one in each of eight blocks of rows"
    assert 0.4 < (S > 0).sum() / (S != 0).sum() < 0.6
    assert len({column.tobytes() for column in S.T}) == 50


def test_damping_and_momentum_take_off_the_distortion_at_each_step() -> None:
    """Polyak's method on an eigenvalue λ of (AR⁻¹)ᵀ(AR⁻¹) multiplies errors by the roots of z² − (1 + β − δλ)z + β."""
    damping, momentum, distortion = randomized.DAMPING, randomized.MOMENTUM, randomized.DISTORTION
    eigenvalues = np.linspace((1 + distortion) ** -2, (1 - distortion) ** -2, 50)
    worst = max(np.abs(np.roots([1, damping * e - 1 - momentum, momentum])).max() for e in eigenvalues)
    assert worst == pytest.approx(distortion, rel=1e-6)


def test_sketched_methods_solve_what_is_well_conditioned(precision: Precision) -> None:
    for found in scores(random_problem(60, 12, 1.5, 0.1, seed=2, dtype=precision), *SKETCHED):
        assert found["backward_error"] < SMALL / 10


@pytest.mark.parametrize("residual", [1, 1e-3, 1e-6])
def test_fossils_is_backward_stable(residual: float, precision: Precision) -> None:
    log10_cond = 4 if precision == "float32" else 10
    (found,) = scores(random_problem(60, 12, log10_cond, residual, seed=1, dtype=precision), "scipy-fossils")
    assert found["backward_error"] < 1


def test_sketched_methods_before_it_are_not() -> None:
    """Meier et al. (2024), Figure 1, and Epperly (2024), section 1: neither is backward stable, the second forward."""
    preconditioned, iterated, fossils = scores(random_problem(60, 12, 10, 1, seed=1), *SKETCHED)
    assert preconditioned["backward_error"] > SMALL
    assert iterated["backward_error"] > SMALL
    assert fossils["backward_error"] < 1
    preconditioned, iterated, fossils = scores(random_problem(60, 12, 10, 1e-12, seed=1), *SKETCHED)
    assert preconditioned["forward_error"] > SMALL
    assert iterated["forward_error"] < 1
    assert fossils["forward_error"] < 1


@pytest.mark.parametrize("name", SKETCHED)
def test_sketched_methods_refuse_a_column_of_zeros(name: str, precision: Precision) -> None:
    outcome = tried(name, problem_of([[1, 0], [2, 0], [3, 0]], [1, 2, 4], precision))
    assert outcome.status is Status.REFUSED
    assert "singular" in outcome.message
