"""κ with columns of one size, by every oracle, against plain NumPy and against paper."""

from __future__ import annotations

import numpy as np
import pytest

from lamm_robust import catalog
from lamm_robust.oracles import certify_all
from lamm_robust.oracles.equilibration import column_exponents
from lamm_robust.values import Array, Certificate

SIZES = {
    "tall": ((7, 3), [1e-5, 1.0, 1e8]),
    "square": ((4, 4), [1.0, 2.0**40, 3.0, 1e-9]),
    "wide": ((3, 6), [1e6, 1.0, 1e-6]),
    "one size": ((6, 3), [1.0, 1.0, 1.0]),
}
PROVED = ("exact", "verified", "ball", "mpmath")


def graded(name: str, seed: int = 0) -> Array:
    (m, n), sizes = SIZES[name]
    A = np.random.default_rng(seed).integers(-9, 10, (m, n)) / 8.0
    A[:, 0] += 2.0
    A = A / np.linalg.norm(A, axis=1 if m < n else 0, keepdims=True)
    scaled: Array = A * (np.array(sizes)[:, np.newaxis] if m < n else np.array(sizes))
    return scaled


def unscaled(A: Array, truth: Certificate) -> Array:
    exponents = truth.equilibrated.exponents if truth.equilibrated else np.zeros(min(A.shape), dtype=np.int64)
    return np.ldexp(A, -exponents[:, np.newaxis]) if A.shape[0] < A.shape[1] else np.ldexp(A, -exponents)


@pytest.mark.parametrize("oracle", PROVED)
@pytest.mark.parametrize("name", SIZES)
def test_kappa_of_columns_of_one_size(name: str, oracle: str) -> None:
    A = graded(name)
    truth = catalog.ORACLES[oracle].certify(A, np.ones(len(A)))
    scaled = unscaled(A, truth)
    norms = np.linalg.norm(scaled, axis=1 if A.shape[0] < A.shape[1] else 0)
    if truth.equilibrated:
        assert ((norms >= 0.5) & (norms < 1.0)).all()
    assert norms.max() < 2.1 * norms.min()
    sigma = np.linalg.svd(scaled, compute_uv=False)
    assert truth.kappa_columns
    assert float(truth.kappa_columns) == pytest.approx(sigma[0] / sigma[-1], rel=1e-8)
    if truth.equilibrated:
        assert float(truth.equilibrated.sigma_max) == pytest.approx(sigma[0], rel=1e-9)
        assert float(truth.equilibrated.sigma_min) == pytest.approx(sigma[-1], rel=1e-8)
        assert 0 < truth.equilibrated.kappa.radius < 1e-7 * truth.equilibrated.kappa.mid


def test_the_oracles_scale_alike_alone_and_in_stacks() -> None:
    problems = [(graded(name, seed), np.ones(SIZES[name][0][0])) for name in ("tall", "one size") for seed in range(3)]
    for (A, b), found in zip(problems, certify_all(problems), strict=True):
        assert isinstance(found, Certificate)
        alone = catalog.ORACLES["exact"].certify(A, b)
        assert (found.equilibrated is None) == (alone.equilibrated is None)
        if found.equilibrated and alone.equilibrated:
            assert (found.equilibrated.exponents == alone.equilibrated.exponents).all()
            close = pytest.approx(float(alone.equilibrated.kappa), rel=1e-8)
            assert float(found.equilibrated.kappa) == close


def test_orthogonal_columns_on_paper() -> None:
    """Columns (3, 4) and (−4·2⁻⁷⁰, 3·2⁻⁷⁰): of norms 5 and 5·2⁻⁷⁰, at right angles."""
    A = np.array([[3.0, -4 * 2.0**-70], [4.0, 3 * 2.0**-70]])
    for oracle in PROVED:
        truth = catalog.ORACLES[oracle].certify(A, np.ones(2))
        assert truth.equilibrated
        assert truth.equilibrated.exponents.tolist() == [3, -67]
        assert float(truth.equilibrated.kappa) == pytest.approx(1.0, abs=1e-9)
        assert float(truth.equilibrated.sigma_max) == pytest.approx(0.625, abs=1e-9)
        assert float(truth.kappa or 0) == pytest.approx(2.0**70, rel=1e-8)


def test_where_there_is_nothing_to_scale() -> None:
    assert column_exponents(np.zeros((3, 0)), 0) is None
    assert column_exponents(np.zeros((0, 3)), 0) is None
    assert column_exponents(np.zeros((3, 2)), 0) is None
    assert column_exponents(np.array([[1.0], [2.0]]), 1) is None
    assert column_exponents(np.array([[1.0, 0.0], [1.0, 0.0]]), 1) is None  # one size, and a column without any
    assert column_exponents(np.array([[1.0, 9.0, 0.0], [1.0, 9.0, 0.0]]), 1) is None  # deficient for another reason
    assert column_exponents(np.array([[3.0, 3.5], [0.0, 0.0]]), 1) is None
    assert column_exponents(np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]), 1) is None  # an equation that is not met
    for A in ([[1.0, 2.0], [2.0, 4.0], [0.0, 0.0]], [[0.0, 0.0]]):
        assert catalog.ORACLES["exact"].certify(np.array(A), np.ones(len(A))).equilibrated is None


@pytest.mark.parametrize("oracle", ["exact", "mpmath"])
def test_columns_of_zeros_do_not_keep_the_others_from_being_scaled(oracle: str) -> None:
    A = np.array([[3.0, 0.0, 0.0], [4.0, 0.0, 2.0**-40], [0.0, 0.0, 2.0**-40]])
    truth = catalog.ORACLES[oracle].certify(A, np.ones(3))
    without = catalog.ORACLES[oracle].certify(A[:, [0, 2]], np.ones(3))
    assert truth.rank == 2
    assert truth.equilibrated
    assert without.equilibrated
    assert truth.equilibrated.exponents.tolist() == [3, 3, -39]
    assert float(truth.equilibrated.kappa) == pytest.approx(float(without.equilibrated.kappa), rel=1e-15)
    assert float(truth.equilibrated.kappa) < 4


def test_the_edges_of_float64_are_scaled_exactly() -> None:
    A = np.array([[5e-324, 1e308], [0.0, 1e307]])
    truth = catalog.ORACLES["exact"].certify(A, np.ones(2))
    assert truth.equilibrated
    assert truth.equilibrated.exponents.tolist() == [-1073, 1024]
    assert float(truth.equilibrated.kappa) == pytest.approx(
        np.linalg.cond(np.array([[0.5, 10 / 18], [0, 1 / 18]])), rel=0.02
    )
