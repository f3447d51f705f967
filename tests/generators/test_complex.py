"""Complex problems have what their keys promise, measured by exact arithmetic and by NumPy."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from lamm_robust import catalog, oracles
from lamm_robust.generators import FAMILIES, exact_rank, lamm, near_rank, offset, raw, right_sides
from lamm_robust.generators.parts.complex_reports import COMPLEX_REPORTS
from lamm_robust.generators.parts.complex_svd import joined
from lamm_robust.generators.parts.stream import Stream
from lamm_robust.keys import parse_key
from lamm_robust.values import COMPLEX, PROFILES, REAL_OF, UNIT_ROUNDOFF, Family, Precision, Problem, ProblemKey
from tests.support import gaussian

EXACT = oracles.select("exact")
TAKERS = [family for family in FAMILIES if COMPLEX[1] in family.precisions]
dtypes = pytest.mark.parametrize("dtype", COMPLEX)


def problem(family: str, dtype: Precision, **params: Any) -> Problem:
    return catalog.build_problem(ProblemKey(family, tuple(params.items()), dtype))


def sigmas(of: Problem) -> Any:
    return np.linalg.svd(of.A.astype(np.complex128), compute_uv=False)


def ratio(of: Problem) -> float:
    """‖b − Ax★‖/‖Ax★‖, of one right-hand side."""
    A, b = of.A.astype(np.complex128), of.b.astype(np.complex128)
    x = np.linalg.lstsq(A, b)[0]
    return float(np.linalg.norm(b - A @ x) / np.linalg.norm(A @ x))


def test_which_families_take_complex_numbers() -> None:
    assert [family.name for family in TAKERS] == [
        *("spectrum", "exact_rank", "lamm", "columns", "offset", "near_rank", "field", "scaled", "right_sides"),
        *("raw", "nonfinite"),
    ]
    with pytest.raises(ValueError, match=r"^dtype is 'complex128'; accepted is one of float32, float64\.$"):
        catalog.build_problem(parse_key("polynomial points=5 degree=2 abscissae=integers seed=0 dtype=complex128"))


@dtypes
@pytest.mark.parametrize("family", TAKERS, ids=lambda family: family.name)
def test_grids_build_different_problems_whose_entries_are_complex(family: Family, dtype: Precision) -> None:
    grid = list(family.grid(PROFILES[0].name, dtype))
    some = [problem(family.name, dtype, **params) for params in grid[:: max(1, len(grid) // 8)]]
    assert len({one.digest for one in some}) == len(some)
    for one in some:
        assert one.A.dtype.name == one.b.dtype.name == dtype
        assert not one.A.flags.writeable
    generic = [one for one in some if min(one.A.shape) >= 4]
    assert all(one.A.imag.any() and one.A.real.any() for one in generic)


@dtypes
@pytest.mark.parametrize("family", TAKERS, ids=lambda family: family.name)
def test_every_draw_builds(family: Family, dtype: Precision) -> None:
    @settings(max_examples=10)
    @given(params=family.strategy(dtype))
    def check(params: dict[str, Any]) -> None:
        built = problem(family.name, dtype, **params)
        assert np.isfinite(built.A).all() or not family.defined or built.b.size

    check()


# --- promises -------------------------------------------------------------------------------------------------------


@dtypes
@pytest.mark.parametrize(("m", "n"), [(30, 10), (10, 30), (12, 12), (4, 2), (2, 2), (3, 1)])
def test_spectrum_has_the_singular_values_and_the_residual_asked_for(dtype: Precision, m: int, n: int) -> None:
    depth = 0 if n == 1 else 3
    one = problem(
        "spectrum",
        dtype,
        m=m,
        n=n,
        mode="geometric",
        log10_cond=depth,
        residual=0.5 if m > n else 0.0,
        direction="random",
        seed=3,
    )
    u, count = UNIT_ROUNDOFF[dtype], min(m, n)
    asked = 10.0 ** -(depth * np.arange(count) / max(count - 1, 1))
    assert np.abs(sigmas(one) - asked).max() < 8 * u * math.sqrt(count) + 1e-14
    if m > n:
        assert ratio(one) == pytest.approx(0.5, rel=100 * u + 1e-12)


def test_unitary_factors_are_not_real_ones_with_phases() -> None:
    one = problem(
        "spectrum",
        "complex128",
        m=9,
        n=9,
        mode="geometric",
        log10_cond=0,
        residual=0.0,
        direction="random",
        seed=0,
    )
    U: Any = one.A
    assert np.abs(U.conj().T @ U - np.eye(9)).max() < 1e-14
    assert np.abs(U.T @ U - np.eye(9)).max() > 0.5
    phases = U * U[0].conj() * U[:, :1].conj() * U[0, 0]  # what is left of diag(phases)·real·diag(phases) is real
    assert np.abs(phases.imag).max() > 0.01


@dtypes
@pytest.mark.parametrize(
    ("m", "n", "rank", "log2_cond", "residual"),
    [(30, 10, 7, 8, 2.0**-8), (10, 30, 5, 8, 0.0), (16, 16, 16, 4, 0.0), (3, 2, 1, 0, 1.0), (5, 4, 0, 0, 1.0)],
)
def test_exact_rank_is_exact(dtype: Precision, m: int, n: int, rank: int, log2_cond: int, residual: float) -> None:
    params: dict[str, Any] = {"m": m, "n": n, "rank": rank, "log2_cond": log2_cond, "residual": residual, "seed": 1}
    one = problem("exact_rank", dtype, **params)
    truth = EXACT.certify(one.A, one.b)
    assert truth.rank == rank
    assert (np.round(one.A.real) + 1j * np.round(one.A.imag) == one.A).all()
    assert oracles.stored(truth).tolist() == exact_rank.complex_recipe(**params).solution()
    if rank:
        assert truth.kappa
        assert abs(float(truth.kappa) / 2**log2_cond - 1) < 1e-9
        assert ratio(one) == pytest.approx(residual, rel=1 / 32, abs=1e-5)


@dtypes
def test_near_rank_has_its_gap(dtype: Precision) -> None:
    params: dict[str, Any] = {"m": 16, "n": 9, "rank": 4, "gap_bits": 8, "log2_cond": 2, "residual": 2.0**-8, "seed": 0}
    assert near_rank.fits(dtype, **{k: v for k, v in params.items() if k not in ("rank", "seed")})
    found = np.log2(sigmas(problem("near_rank", dtype, **params)))
    expected = [*(8 + 2 - i * 2 // 3 for i in range(4)), *[0] * 5]
    assert found - found[-1] == pytest.approx(expected, abs=1e-9)
    assert ratio(problem("near_rank", dtype, **params)) == pytest.approx(2.0**-8, rel=1 / 32)


@dtypes
def test_scaled_problems_have_the_solution_of_the_unscaled_one(dtype: Precision) -> None:
    low = {"complex64": -124, "complex128": -1020}[dtype]
    params: dict[str, Any] = {"m": 30, "n": 10, "rank": 7, "log2_cond": 4, "residual": 2.0**-4, "seed": 0}
    one = problem("scaled", dtype, **params, log2_a=low, log2_b=low)
    parts = np.concatenate([one.A.real.ravel(), one.A.imag.ravel()])
    assert np.frexp(np.abs(parts).max())[1] - 1 == low
    base = EXACT.certify(*exact_rank.build(dtype, **params))
    scaled = EXACT.certify(one.A, one.b)
    pairs = list(zip(oracles.stored(scaled).tolist(), oracles.stored(base).tolist(), strict=True))
    factor = next(p / q for p, q in pairs if q)
    assert all(p == factor * q for p, q in pairs)
    assert factor.numerator.bit_count() == factor.denominator.bit_count() == 1


@dtypes
@pytest.mark.parametrize("array", ["A", "b"])
def test_what_is_not_finite_is_an_imaginary_part(dtype: Precision, array: str) -> None:
    params = {"m": 5, "n": 4, "rank": 3, "value": "plus-infinity", "array": array, "place": "middle", "seed": 0}
    one = problem("nonfinite", dtype, **params)
    changed = one.A if array == "A" else one.b
    assert np.isfinite(changed.real).all()
    assert (~np.isfinite(changed.imag)).sum() == 1


@dtypes
def test_right_hand_sides_have_their_solutions(dtype: Precision) -> None:
    one = problem("right_sides", dtype, m=12, n=6, rank=4, log2_cond=4, k=5, log2_span=40, seed=0)
    truth = EXACT.certify(one.A, one.b)
    x = oracles.stored(truth).reshape(2, 6, 5)
    assert truth.rank == 4
    for j in range(5):
        kind = right_sides.kind(j)
        assert bool(x[:, :, j].any()) == (kind in ("both", "range"))
        assert bool(truth.residual_norm[j].mid) == (kind in ("both", "orthogonal"))


@dtypes
@pytest.mark.parametrize("pattern", ["duplicate", "affine", "scaled", "constant", "zero", "dummy", "sum"])
def test_one_column_is_too_many(dtype: Precision, pattern: str) -> None:
    one = problem("columns", dtype, m=16, n=9, pattern=pattern, position="middle", residual=2.0**-10, seed=1)
    assert EXACT.certify(one.A, one.b).rank == 8
    assert ratio(one) == pytest.approx(2.0**-10, rel=1 / 16)
    assert np.abs([one.A.real, one.A.imag]).max() <= 300


def test_offsets_are_real_and_huge_and_the_rank_is_full() -> None:
    one = problem("offset", "complex128", m=20, regressors=3, offset=10**10, step=1.0, seed=0)
    assert EXACT.certify(one.A, one.b).rank == 4
    assert np.abs(one.A[:, 1:].real).min() > 9e9
    assert 0 < np.abs(one.A[:, 1:].imag).max() <= 98
    k, imaginary = offset.counts(20, 3, 0), offset.imaginary_counts(20, 3, 0)
    assert np.array_equal(one.A[:, 1:], 10**10 + k + 1j * imaginary)
    exact = np.linalg.lstsq(one.A - np.array([0, *[10**10] * 3]), one.b)[0]
    assert np.abs(exact.real).max() > 0.9  # slopes ±1 to ±3, times 1 or i
    assert np.abs(exact[1:].real.round() + 1j * exact[1:].imag.round() - exact[1:]).max() < 0.05


@dtypes
def test_the_field_of_the_mesh_is_unitary_and_its_slopes_are_derivatives(dtype: Precision) -> None:
    real, modes = REAL_OF[dtype], 4
    phases = lamm.random_phases(Stream("lamm", "mesh", modes, 0), modes, real)
    U: Any = joined(lamm.amplitudes(phases[None], modes, real)[:, 0], dtype)
    u = UNIT_ROUNDOFF[dtype]
    assert np.abs(U.conj().T @ U - np.eye(modes)).max() < 50 * u
    assert np.abs(np.abs(U) ** 2 - lamm.transmission(phases[None], modes, real)[0]).max() < 10 * u
    exact = problem("lamm", "complex128", modes=modes, directions=6, step=0.0, seed=0)
    near = problem("lamm", "complex128", modes=modes, directions=6, step=2.0**-17, seed=0)
    assert np.abs(exact.A - near.A).max() < 1e-9
    assert np.array_equal(exact.b, near.b)
    tangent: Any = joined(lamm.amplitudes(phases[None], modes, "float64")[:, 0], "complex128").conj().T
    skew = tangent @ problem("lamm", "complex128", modes=modes, directions=1, step=0.0, seed=0).A.reshape(modes, modes)
    if dtype == "complex128":
        assert np.abs(skew + skew.conj().T).max() < 1e-13  # the tangent space of the unitary matrices


@dtypes
@pytest.mark.parametrize("report", COMPLEX_REPORTS, ids=lambda report: report.name)
def test_reports_have_the_answer_of_gaussian_rationals(report: Any, dtype: Precision) -> None:
    one = problem("field", dtype, report=report.name)
    truth, answer = EXACT.certify(one.A, one.b), gaussian.answer(one.A, one.b)
    flat = [entry for row in answer.x for entry in row]
    parts = [*(entry.real for entry in flat), *(entry.imag for entry in flat)]
    away = sum(((p - q) ** 2 for p, q in zip(oracles.stored(truth).flat, parts, strict=True)), Fraction(0))
    assert away <= truth.x_radius**2
    assert truth.rank == answer.rank == (2 if report.name == "torch-180158" else min(one.A.shape))


def test_reports_have_the_answers_that_were_reported() -> None:
    one = problem("field", "complex128", report="cupy-4389")  # NumPy's, as the report prints it
    reported = [-0.09662162 + 0.22554901j, 0.02235572 + 0.55805196j]
    assert np.abs(np.linalg.lstsq(one.A, one.b)[0] - reported).max() < 1e-8
    one = problem("field", "complex128", report="mpmath-388")
    truth = EXACT.certify(one.A, one.b)
    assert float(oracles.stored(truth)[1]) == pytest.approx(-0.00283150309367931, rel=1e-12)
    assert float(truth.residual_norm[0]) == pytest.approx(7.98866595884473, rel=1e-12)
    one = problem("field", "complex128", report="cupy-1602")
    reported = [0.04332182 - 0.34957548j, 1.6260605 - 0.2383031j, 0.88753974 + 1.15498982j]
    assert np.abs(np.linalg.solve(one.A, one.b) - reported).max() < 1e-7


@dtypes
def test_small_matrices_show_what_they_are_listed_for(dtype: Precision) -> None:
    listed = raw.complex_literals(dtype)

    def built(start: str) -> Problem:
        A, b = next(texts for reason, texts in listed.items() if reason.startswith(start))
        return problem("raw", dtype, A=A, b=b)

    for start in ("a column of phases", "AᵀA = 0"):
        A: Any = built(start).A
        assert not (A.T @ A).any()
        assert EXACT.certify(A, built(start).b).rank == A.shape[1]
    one = built("b is at right angles")
    assert not oracles.stored(EXACT.certify(one.A, one.b)).any()
    assert (one.b @ one.A).any()
    one = built("a row of phases")
    assert oracles.stored(EXACT.certify(one.A, one.b)).tolist() == [Fraction(1, 2), 0, 0, Fraction(-1, 2)]
    (entry,) = built("the size of a number overflows").A.ravel()
    assert math.isinf(float(entry.real) * 2**0.5) == (dtype == "complex128")
    for start, rank in (("rank one, exactly", 1), ("rank two by one unit", 2), ("more unknowns", 1)):
        one = built(start)
        assert EXACT.certify(one.A, one.b).rank == rank
