"""Polynomial fits and the NIST regressions: exact rationals, rounded once."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest

from lamm_robust.generators import nist, polynomial
from lamm_robust.values import PRECISIONS, Array, Precision


def assert_nearest(stored: Array, exact: list[list[Fraction]]) -> None:
    """Each entry is at least as near as both of its neighbours."""
    kind = stored.dtype.type
    for row, values in zip(stored, exact, strict=True):
        for entry, value in zip(row, values, strict=True):
            error = abs(Fraction(float(entry)) - value)
            for end in (-np.inf, np.inf):
                assert error <= abs(Fraction(float(np.nextafter(entry, kind(end)))) - value)


def least_squares(A: list[list[Fraction]], y: list[Fraction]) -> tuple[list[Fraction], Fraction]:
    """Coefficients and residual sum of squares by the normal equations, exactly."""
    design = flint.fmpq_mat([[flint.fmpq(a.numerator, a.denominator) for a in row] for row in A])
    target = flint.fmpq_mat([[flint.fmpq(value.numerator, value.denominator)] for value in y])
    x = (design.transpose() * design).solve(design.transpose() * target)
    r = target - design * x
    squares = (r.transpose() * r)[0, 0]
    return [Fraction(int(c.p), int(c.q)) for c in x.entries()], Fraction(int(squares.p), int(squares.q))


# --- polynomial -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_the_textbook_example(dtype: Precision) -> None:
    A, b = polynomial.build(dtype, points=5, degree=2, abscissae="integers", seed=0)
    assert A.tolist() == [[1, 0, 0], [1, 1, 1], [1, 2, 4], [1, 3, 9], [1, 4, 16]]
    assert np.array_equal(b, np.array([1.0, 2.1, 3.9, 8.2, 15.8], dtype=dtype))


def test_abscissae_by_hand() -> None:
    assert polynomial.nodes(3, "integers") == [0, 1, 2]
    assert polynomial.nodes(3, "unit") == [0, Fraction(1, 2), 1]
    assert polynomial.nodes(4, "centred") == [-1, Fraction(-1, 3), Fraction(1, 3), 1]
    assert polynomial.nodes(4, "wavelengths") == [370, 370 + Fraction(100, 3), 370 + Fraction(200, 3), 470]
    assert polynomial.nodes(3, "unix") == [1_700_000_000, 1_700_000_060, 1_700_000_120]


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("abscissae", polynomial.ABSCISSAE)
def test_powers_are_rounded_once(dtype: Precision, abscissae: str) -> None:
    degree = {"unix": 4}.get(abscissae, 12)
    A, b = polynomial.build(dtype, points=21, degree=degree, abscissae=abscissae, seed=1)
    exact = [[t**j for j in range(degree + 1)] for t in polynomial.nodes(21, abscissae)]
    assert A.dtype == b.dtype == np.dtype(dtype)
    assert A.shape == (21, degree + 1)
    assert_nearest(A, exact)
    with pytest.raises(ValueError, match=f"^degree is {degree + 1}; accepted is a whole number from 0 to {degree}"):
        polynomial.build(dtype, points=21, degree=degree + 1, abscissae=abscissae, seed=1)


def test_every_accepted_power_is_finite_in_float32() -> None:
    for abscissae in polynomial.ABSCISSAE:
        degree = polynomial.most_degrees(polynomial.MAX_POINTS, abscissae)
        A, _ = polynomial.build("float32", points=1000, degree=degree, abscissae=abscissae, seed=0)
        assert np.isfinite(A).all()


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("points", [5, 6, 40])
def test_observations_grow_by_powers_of_two_within_two_tenths(points: int, seed: int) -> None:
    observed = polynomial.observations(points, seed)
    errors = [float(value) - 16 ** (i / (points - 1)) for i, value in enumerate(observed)]
    assert all((10 * value).denominator == 1 for value in observed)
    assert max(map(abs, errors)) < 0.25 + 1e-9  # two tenths, and half a tenth of rounding
    assert max(map(abs, errors)) > 0.1


def test_errors_of_up_to_two_tenths_occur_on_both_sides() -> None:
    tenths = [round(10 * value) for seed in range(5) for value in polynomial.observations(41, seed)]
    growth = [round(10 * 2 ** (i / 10)) for i in range(41)] * 5
    assert {found - grown for found, grown in zip(tenths, growth, strict=True)} == {-2, -1, 0, 1, 2}


def test_seeds_change_the_observations_only() -> None:
    A, b = polynomial.build("float64", points=16, degree=3, abscissae="unit", seed=0)
    other, other_b = polynomial.build("float64", points=16, degree=3, abscissae="unit", seed=1)
    assert np.array_equal(A, other)
    assert not np.array_equal(b, other_b)


# --- NIST -----------------------------------------------------------------------------------------------

FACTS: list[tuple[str, int, int, str, str, list[str]]] = [
    ("Norris", 36, 2, "lower", "15112.9", ["15090.4"]),
    ("Pontius", 40, 3, "lower", "45.73845", ["63000000"]),
    ("NoInt1", 11, 1, "average", "1485", ["715"]),
    ("NoInt2", 3, 1, "average", "11", ["15"]),
    ("Filip", 82, 11, "higher", "69.6652", ["-504.319478386"]),
    ("Longley", 16, 7, "higher", "1045072", ["1626.9", "6203175", "51093", "41707", "1878784", "31272"]),
    ("Wampler1", 21, 6, "higher", "13103167", ["210"]),
    ("Wampler2", 21, 6, "higher", "310.3996", ["210"]),
    ("Wampler3", 21, 6, "higher", "13103167", ["210"]),
    ("Wampler4", 21, 6, "higher", "13103167", ["210"]),
    ("Wampler5", 21, 6, "higher", "13103167", ["210"]),
]
"""Data set, observations, coefficients, level of difficulty, sum of y, sums of the predictors."""


@pytest.mark.parametrize(("dataset", "rows", "columns", "level", "y_sum", "x_sums"), FACTS)
def test_data_sets_are_complete(
    dataset: str, rows: int, columns: int, level: str, y_sum: str, x_sums: list[str]
) -> None:
    A, y = nist.decimal_design(dataset)
    certified = nist.certified(dataset)
    assert len(A) == len(y) == rows
    assert {len(row) for row in A} == {columns}
    assert len(certified.coefficients) == columns
    assert certified.level == level
    assert certified.source.endswith(f"{dataset}.dat")
    assert sum(y) == Fraction(y_sum)
    first = 0 if dataset.startswith("NoInt") else 1
    found = [sum(row[first + k] for row in A) for k in range(len(x_sums))]
    assert found == [Fraction(text) for text in x_sums]


def test_every_data_set_is_listed() -> None:
    assert list(nist.DATASETS) == [fact[0] for fact in FACTS]


@pytest.mark.parametrize("dataset", nist.DATASETS)
def test_certified_values_are_the_exact_solution_to_the_digits_printed(dataset: str) -> None:
    coefficients, squares = least_squares(*nist.decimal_design(dataset))
    certified = nist.certified(dataset)
    # 15 digits: half a unit in the last is at most 5e-15 of the value
    for exact, printed in zip(coefficients, certified.coefficients, strict=True):
        assert abs(exact - printed) <= Fraction("5.1e-15") * abs(exact)
    assert abs(squares - certified.residual_sum_of_squares) <= Fraction("5.1e-15") * squares


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("dataset", nist.DATASETS)
def test_stored_data_are_the_decimals_rounded_once(dataset: str, dtype: Precision) -> None:
    A, b = nist.build(dtype, dataset=dataset)
    exact, y = nist.decimal_design(dataset)
    assert A.dtype == b.dtype == np.dtype(dtype)
    assert_nearest(A, exact)
    assert_nearest(b[:, None], [[value] for value in y])


def test_rounding_the_data_of_filip_moves_its_solution_in_the_eighth_digit() -> None:
    A, b = nist.build("float64", dataset="Filip")
    stored: Any = ([[Fraction(a) for a in row] for row in A.tolist()], [Fraction(v) for v in b.tolist()])
    moved, _ = least_squares(*stored)
    certified = nist.certified("Filip").coefficients
    shift = [abs(new - old) / abs(old) for new, old in zip(moved, certified, strict=True)]
    assert 1e-8 < min(shift) <= max(shift) < 1e-7


def test_unknown_data_sets_are_refused() -> None:
    for read in (nist.certified, nist.decimal_design):
        with pytest.raises(ValueError, match="dataset is 'Wampler6'; accepted is one of Norris"):
            read("Wampler6")
