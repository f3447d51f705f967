"""b ⟂ range: proved in integers, for a matrix with the rank and κ of the one it is made of."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lamm_robust.generators.orthogonal import MATRICES, build, grid
from lamm_robust.oracles import select, stored
from lamm_robust.values import PRECISIONS, Precision
from tests.support.problems import rational

EXACT = select("exact")
every = pytest.mark.parametrize("matrix", MATRICES)


@every
@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_solution_is_zero_and_b_is_all_residual(matrix: str, dtype: Precision, seed: int) -> None:
    A, b = build(dtype, matrix=matrix, seed=seed)
    for column in A.T:
        assert sum(p * q for p, q in zip(rational(column), rational(b), strict=True)) == 0
    truth = EXACT.certify(A, b)
    assert not any(stored(truth))
    square = sum(entry**2 for entry in rational(b))
    assert square > 0
    assert abs(truth.residual_norm[0].mid ** 2 / square - 1) < Fraction(1, 10**12)


@every
@pytest.mark.parametrize("dtype", PRECISIONS)
def test_rank_and_condition_number_are_those_of_the_matrix(matrix: str, dtype: Precision) -> None:
    A, b = build(dtype, matrix=matrix, seed=0)
    M, c = MATRICES[matrix].build(dtype, **MATRICES[matrix].params, seed=0)
    doubled, single = EXACT.certify(A, b), EXACT.certify(M, c)
    assert A.shape == (2 * len(M), M.shape[1])
    assert doubled.rank == single.rank
    assert doubled.kappa is not None
    assert single.kappa is not None
    assert abs(doubled.kappa.mid / single.kappa.mid - 1) < Fraction(1, 10**8)
    assert abs(doubled.sigma_max.mid**2 / single.sigma_max.mid**2 - 5) < Fraction(1, 10**7)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_matrices_are_of_every_kind(dtype: Precision) -> None:
    kappas, deficient = [], 0
    for matrix in MATRICES:
        truth = EXACT.certify(*build(dtype, matrix=matrix, seed=0))
        assert truth.kappa is not None
        kappas.append(float(truth.kappa))
        deficient += truth.rank < min(truth.m, truth.n)
    assert 3 <= deficient <= 5
    assert min(kappas) < 20
    assert max(kappas) > 1e5


@every
def test_no_row_stands_beside_its_double(matrix: str) -> None:
    """At least not as a rule: what cancels pair by pair would show nothing."""
    A, b = build("float64", matrix=matrix, seed=0)
    half = len(b) // 2
    beside = sum(b[i] in (-2 * b[i + 1], -b[i + 1] / 2) for i in range(len(b) - 1))
    assert beside <= half / 2
    assert len(np.unique(np.abs(b))) > half
    assert A.flags.c_contiguous


def test_seeds_change_the_order_and_b() -> None:
    for params in grid("small", "float64"):
        name = str(params["matrix"])
        assert not np.array_equal(build("float64", matrix=name, seed=0)[1], build("float64", matrix=name, seed=1)[1])
