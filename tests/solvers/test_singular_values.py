"""Which singular values each solver counts as zero, and what that leaves."""

from __future__ import annotations

import numpy as np
import pytest

from lamm_robust import catalog
from lamm_robust.keys import parse_key
from lamm_robust.values import UNIT_ROUNDOFF, Device, Library, Precision, Solver, Status
from tests.support.problems import problem_of, random_problem
from tests.support.solving import answer, scores, tried

CUTTING = [(lib, solver) for lib in catalog.LIBRARY.values() for solver in lib.solvers if solver.contract.cutoff]


RANK_OF_ITS_OWN = ("statsmodels-pinv",)
"""Solvers that report a rank by another rule than that of x."""


@pytest.fixture(autouse=True)
def _on_the_cpu(device: Device) -> None:
    if device != "cpu":
        pytest.skip("what a cutoff is does not depend on the device")


@pytest.mark.parametrize(
    ("library", "solver"), CUTTING, ids=[f"{library.name}-{solver.algorithm}" for library, solver in CUTTING]
)
@pytest.mark.parametrize(("m", "n"), [(7, 2), (2, 5)])
def test_singular_values_are_zero_below_the_cutoff_of_the_contract_and_only_there(
    library: Library, solver: Solver, m: int, n: int, precision: Precision
) -> None:
    """A is diagonal, with 1 and a multiple of the cutoff, and b such that x = (1, 1) if nothing is zero."""
    if "cpu" not in (solver.devices or library.devices):
        pytest.skip("it is not measured on the CPU")
    if reason := catalog.absent(library, "cpu"):
        pytest.skip(reason.sentence)
    assert solver.contract.cutoff is not None
    cutoff = solver.contract.cutoff(m, n, float(np.finfo(precision).eps))
    for factor, kept in ((1.3, 1), (0.77, 0)):
        A, b = np.zeros((m, n)), np.zeros(m)
        A[0, 0], A[1, 1], b[0], b[1] = 1, factor * cutoff, 1, factor * cutoff
        name = f"{library.name}-{solver.algorithm}"
        outcome = tried(name, problem_of(A, b, precision))
        assert outcome.status is Status.SOLVED, outcome.message
        assert outcome.x is not None
        assert outcome.x[:2] == pytest.approx([1, kept], abs=1e-3)
        assert outcome.rank in (None, 1 + kept) or name in RANK_OF_ITS_OWN


def test_gelss_takes_rcond_0_at_its_word_and_gelsd_does_not(precision: Precision) -> None:
    from scipy.linalg import lstsq

    problem = problem_of([[1.0, 0.0], [0.0, 1e-30], [0.0, 0.0]], [1, 1e-30, 0], precision)
    outcome = tried("scipy-gelss-rcond-0", problem)
    assert outcome.rank == 2
    assert outcome.x == pytest.approx([1, 1])
    assert lstsq(problem.A, problem.b, cond=0, lapack_driver="gelsd")[2] == 1


def test_lsq_linear_is_numpy_with_rcond_minus_1(precision: Precision) -> None:
    problem = random_problem(12, 4, 1, 0.1, seed=1, dtype=precision)
    first, second = answer("scipy-lsq-linear", problem), answer("numpy-lstsq-rcond-minus-1", problem)
    assert np.array_equal(first, second)


def test_an_svd_applied_is_backward_stable_and_a_pseudo_inverse_formed_is_not(precision: Precision) -> None:
    if precision == "float32":
        pytest.skip("shown in float64: float32 has too few digits between the two")
    problem = random_problem(30, 10, 9, 1e-12, seed=1)
    svd, pinv = scores(problem, "scipy-svd-size-eps", "scipy-pinv")
    assert svd["backward_error"] < 100
    assert pinv["backward_error"] > 1000
    assert pinv["forward_error"] < 10


@pytest.mark.parametrize("name", ["scipy-normal-pinvh", "numpy-normal-pinv"])
def test_a_pseudo_inverse_of_the_gram_matrix_drops_what_the_precision_could_see(
    name: str, precision: Precision
) -> None:
    """κ = 10·(1/cutoff) is far from 1/u, so that the problem is resolvable; x's largest part is what is dropped."""
    if precision == "float32" and name.startswith("numpy"):
        pytest.skip("NumPy's cutoff is that of float64")
    log10_cond = 4.5 if precision == "float32" else 9
    gram, direct = scores(random_problem(30, 10, log10_cond, 1e-6, seed=1, dtype=precision), name, "scipy-svd-size-eps")
    assert gram["relative_error"] > 0.01
    assert direct["forward_error"] < 10


@pytest.mark.parametrize("n", [26, 28, 29, 31])
def test_a_cutoff_above_what_gelsd_makes_of_small_singular_values_finds_the_rank(n: int) -> None:
    """xGELSD divides what has more than 25 columns (xLALSD), and xLASD2 sets what is below 64u·σ₁ to that.

    NumPy's default cutoff, eps·max(m, n) = 2u·max(m, n), is less where max(m, n) is below 32: it takes 25 for the rank
    of 28×28 matrices of rank 24. results/README.md says so.
    """
    for rank in (n - 12, n - 5, n - 2):
        for log2_cond in (0, 3):
            values = f"m={n} n={n} rank={rank} log2_cond={log2_cond} residual=0.0 seed=0"
            problem = catalog.build_problem(parse_key(f"exact_rank {values} dtype=float64"))
            _, _, found, sigma = np.linalg.lstsq(problem.A, problem.b, rcond=33 * np.finfo(np.float64).eps)
            assert found == rank
            assert sigma[rank] <= 65 * UNIT_ROUNDOFF["float64"] * sigma[0]
