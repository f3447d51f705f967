"""Named matrices: the stored bits have what the literature says of the name, as measured by the exact oracle."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import Any

import flint
import mpmath
import numpy as np
import pytest

from lamm_robust import oracles
from lamm_robust.generators.named import FAMILY, MATRICES, build, grid
from lamm_robust.values import PRECISIONS, UNIT_ROUNDOFF, Array, Certificate, Precision

EXACT = oracles.select("exact")
WHOLE = ("lauchli", "pascal", "triw", "gfpp")
"""Matrices of full rank that are stored without any rounding."""
DEFICIENT = {"bauer": (8, 5, 3), "rosser": (8, 8, 7), "magic": (16, 9, 3)}
"""Matrices of whole numbers that are not of full rank: a shape, and the rank."""

dtypes = pytest.mark.parametrize("dtype", PRECISIONS)


def problem(dtype: Precision, matrix: str, m: int, n: int, **changed: Any) -> tuple[Array, Array]:
    asked: dict[str, Any] = {"parameter": 2 if matrix == "kahan" else 0, "residual": 0.0, "seed": 0}
    return build(dtype, matrix=matrix, m=m, n=n, **(asked | changed))


def certified(dtype: Precision, matrix: str, m: int, n: int, **changed: Any) -> Certificate:
    return EXACT.certify(*problem(dtype, matrix, m, n, **changed))


def rationals(A: Array) -> Any:
    return flint.fmpq_mat([[flint.fmpq(*entry.as_integer_ratio()) for entry in row] for row in A.tolist()])


def formula(matrix: str, m: int, n: int, parameter: int = 0) -> Any:
    rows = MATRICES[matrix](m, n, parameter)
    return flint.fmpq_mat([[flint.fmpq(entry.numerator, entry.denominator) for entry in row] for row in rows])


def fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def largest_row_sum(M: Any) -> Fraction:
    return max(sum((abs(fraction(entry)) for entry in row), Fraction(0)) for row in M.tolist())


def tall(matrix: str) -> tuple[int, int]:
    """Return a shape with more rows than columns that the matrix has."""
    return (8, 5) if matrix == "bauer" else (8, 7)


@cache
def asked_kappa(matrix: str, m: int, n: int, parameter: int) -> float:
    """κ of the formula, before any rounding, from an SVD with 80 digits."""
    with mpmath.workdps(80):
        rows = [[mpmath.mpf(q.numerator) / q.denominator for q in row] for row in MATRICES[matrix](m, n, parameter)]
        tall = mpmath.matrix(rows) if m >= n else mpmath.matrix(rows).T
        sigma = mpmath.svd_r(tall, compute_uv=False)
        return float(sigma[0] / sigma[formula(matrix, m, n, parameter).rank() - 1])


# --- formulas -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matrix", "m", "n", "parameter", "rows"),
    [
        ("vandermonde", 3, 4, 0, "1 1 1 1; 1 1/2 1/4 1/8; 1 1/3 1/9 1/27"),
        ("chebyshev_vandermonde", 3, 4, 0, "1 0 -1 0; 1 1/2 -1/2 -1; 1 1 1 1"),
        ("chebyshev_vandermonde", 1, 1, 0, "1"),
        ("hilbert", 2, 3, 0, "1 1/2 1/3; 1/2 1/3 1/4"),
        ("lauchli", 4, 3, 3, "1 1 1; 1/8 0 0; 0 1/8 0; 0 0 1/8"),
        ("kahan", 3, 4, 1, "1 -4/5 -4/5 -4/5; 0 3/5 -12/25 -12/25; 0 0 9/25 -36/125"),
        ("kahan", 3, 1, 2, "1; 0; 0"),
        ("cauchy", 2, 3, 0, "1/2 1/3 1/4; 1/3 1/4 1/5"),
        ("pascal", 3, 4, 0, "1 1 1 1; 1 2 3 4; 1 3 6 10"),
        ("triw", 4, 3, 0, "1 -1 -1; 0 1 -1; 0 0 1; 0 0 0"),
        ("gfpp", 4, 4, 0, "1 0 0 1; -1 1 0 1; -1 -1 1 1; -1 -1 -1 1"),
        ("gfpp", 4, 3, 0, "1 0 1; -1 1 1; -1 -1 1; -1 -1 1"),
        ("gfpp", 2, 1, 0, "1; 1"),
        ("lotkin", 3, 2, 0, "1 1; 1/2 1/3; 1/3 1/4"),
        ("magic", 4, 3, 0, "16 2 3; 5 11 10; 9 7 6; 4 14 15"),
        ("gks", 2, 1, 0, "1; 0"),
        ("inverse_hilbert", 3, 2, 0, "9 -36; -36 192; 30 -180"),
    ],
)
def test_formulas_by_hand(matrix: str, m: int, n: int, parameter: int, rows: str) -> None:
    by_hand = [[Fraction(entry) for entry in row.split()] for row in rows.split(";")]
    assert MATRICES[matrix](m, n, parameter) == by_hand


@dtypes
@pytest.mark.parametrize("matrix", MATRICES)
def test_entries_are_rounded_once(matrix: str, dtype: Precision) -> None:
    m, n = tall(matrix)
    A, b = problem(dtype, matrix, m, n, residual=1.0)
    assert A.dtype == b.dtype == np.dtype(dtype)
    kind, parameter = A.dtype.type, 2 if matrix == "kahan" else 0
    for stored, exact in zip(A.flat, [q for row in MATRICES[matrix](m, n, parameter) for q in row], strict=True):
        error = abs(Fraction(float(stored)) - exact)
        assert all(error <= abs(Fraction(float(np.nextafter(stored, kind(end)))) - exact) for end in (-np.inf, np.inf))
        assert matrix not in (*WHOLE, *DEFICIENT) or error == 0


# --- what is asked is what is stored --------------------------------------------------------------------


@dtypes
def test_stored_condition_numbers_are_those_of_the_formulas(dtype: Precision) -> None:
    seen = set()
    listed: list[dict[str, Any]] = [*grid("small", dtype), *grid("standard", dtype)]
    for params in listed:
        place: Any = tuple(params[name] for name in ("matrix", "m", "n", "parameter"))
        if place in seen or max(place[1:3]) > 16:
            continue
        seen.add(place)
        A, b = build(dtype, **params)
        asked, truth = asked_kappa(*place), EXACT.certify(A, b)
        assert truth.rank == DEFICIENT.get(place[0], (0, 0, min(A.shape)))[2]
        # Weyl: rounding the entries moves σ₁ and σ_r by at most u‖A‖_F ≤ u√r·σ₁; `moved` is that over σ_r
        moved = UNIT_ROUNDOFF[dtype] * math.sqrt(truth.rank) * asked
        if moved < 0.1:
            assert asked * (1 - 2 * moved) - 1e-9 < float(truth.kappa or 0) < asked * (1 + 3 * moved) + 1e-9, params
        else:
            # what rounding made of it: κ is no less than a hundredth of 1/u
            assert float(truth.kappa or 0) > 1 / (100 * UNIT_ROUNDOFF[dtype])
    assert len(seen) >= 20


@dtypes
@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("residual", [1e-3, 1.0, 1e3])
def test_residual_is_of_the_size_asked(matrix: str, residual: float, dtype: Precision) -> None:
    A, b = problem(dtype, matrix, *tall(matrix), residual=residual)
    r = EXACT.certify(A, b).residual_norm[0].mid
    size = sum((Fraction(entry) ** 2 for entry in b.tolist()), Fraction(0))
    # rounding b moves either part by at most u‖b‖
    allowed = 2 * UNIT_ROUNDOFF[dtype] * (1 + 1 / residual) * (1 + residual) + 1e-15
    assert 1 - allowed < math.sqrt(r**2 / (size - r**2)) / residual < 1 + allowed


@dtypes
@pytest.mark.parametrize("matrix", WHOLE)
def test_consistent_systems_of_whole_numbers_have_a_whole_solution(matrix: str, dtype: Precision) -> None:
    truth = certified(dtype, matrix, 9, 8)
    x = np.ldexp(truth.x[0], truth.exponent)
    assert float(truth.residual_norm[0]) == 0
    assert set(np.abs(x).tolist()) <= {1.0, 2.0, 3.0}
    assert len(set(x.tolist())) > 2


def test_seeds_change_the_right_hand_side_only() -> None:
    (A, b), (other, other_b) = (problem("float64", "triw", 8, 6, residual=1.0, seed=seed) for seed in (0, 1))
    assert np.array_equal(A, other)
    assert not np.array_equal(b, other_b)


# --- what the literature says ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "kappa"),
    [
        (2, 19.28147),
        (3, 524.0568),
        (4, 1.551374e4),
        (5, 4.766073e5),
        (6, 1.495106e7),
        (7, 4.753674e8),
        (8, 1.525758e10),
    ],
)
def test_hilbert_has_the_condition_numbers_of_the_tables(n: int, kappa: float) -> None:
    # Fettis and Caslin, Eigenvalues and eigenvectors of Hilbert matrices of order 3 through 10, Math. Comp. 21 (1967)
    assert float(certified("float64", "hilbert", n, n).kappa or 0) == pytest.approx(kappa, rel=1e-5)


@pytest.mark.parametrize("n", [1, 2, 5, 12])
@pytest.mark.parametrize("matrix", ["hilbert", "lotkin"])
def test_inverses_are_whole_numbers(matrix: str, n: int) -> None:
    assert all(entry.q == 1 for entry in formula(matrix, n, n).inv().entries())


@dtypes
@pytest.mark.parametrize("n", [1, 3, 9])
@pytest.mark.parametrize("parameter", [0, 1, 20, 60])
def test_lauchli_has_exactly_its_condition_number(n: int, parameter: int, dtype: Precision) -> None:
    truth = certified(dtype, "lauchli", n + 1, n, parameter=parameter)
    asked = n * 4**parameter + 1 if n > 1 else 1  # κ² = (n + μ²)/μ²; a single column has one singular value
    assert truth.kappa is not None
    assert float(abs(truth.kappa.mid**2 / asked - 1)) < 1e-25


@dtypes
@pytest.mark.parametrize("parameter", [1, 2, 3])
@pytest.mark.parametrize("n", [6, 12])
def test_kahan_has_its_last_but_one_singular_value(n: int, parameter: int, dtype: Precision) -> None:
    # σ_{n−1} = s^(n−2) √(1 + c): Zha, Singular values of a classical matrix, Amer. Math. Monthly 104 (1997) 172-173
    s, c = {1: (0.6, 0.8), 2: (15 / 17, 8 / 17), 3: (63 / 65, 16 / 65)}[parameter]
    A, b = problem(dtype, "kahan", n, n, parameter=parameter)
    assert EXACT.truncate is not None
    truth = EXACT.truncate(A, b, n - 1)
    asked = s ** (n - 2) * math.sqrt(1 + c)
    allowed = UNIT_ROUNDOFF[dtype] * n / asked + 1e-13
    assert float(truth.certificate.sigma_min) == pytest.approx(asked, rel=allowed)
    # the columns of R⁻¹, since (1/s^i R)⁻¹ has the entries 1 and c(1 + c)^k: σ_n is between 1/‖R⁻¹‖_F and 1/its last
    columns = [(1 + c**2 * sum((1 + c) ** (2 * k) for k in range(j))) / s ** (2 * j) for j in range(n)]
    low, high = 1 / math.sqrt(sum(columns)), 1 / math.sqrt(columns[-1])
    slack = UNIT_ROUNDOFF[dtype] * n / low + 1e-13
    assert low * (1 - slack) <= float(truth.sigma_next) <= high * (1 + slack)
    assert high < s ** (n - 1)  # the last diagonal entry does not tell


@dtypes
def test_kahan_gives_column_pivoting_nothing_to_choose(dtype: Precision) -> None:
    A, _ = problem(dtype, "kahan", 16, 16)
    for k in range(15):
        norms = np.linalg.norm(A[k:, k:].astype(np.float64), axis=0)
        assert np.ptp(norms) < 20 * UNIT_ROUNDOFF[dtype] * norms[0]


@dtypes
@pytest.mark.parametrize("n", [2, 7, 14])
def test_pascal_has_determinant_one_and_reciprocal_singular_values(n: int, dtype: Precision) -> None:
    A, b = problem(dtype, "pascal", n, n)
    truth = EXACT.certify(A, b)
    assert rationals(A).det() == 1
    assert truth.rank == n
    assert float(truth.sigma_max.mid * truth.sigma_min.mid) == pytest.approx(1, rel=1e-14)  # Higham, section 28.4


def test_pascal_is_refused_where_it_would_be_rounded() -> None:
    assert problem("float32", "pascal", 13, 13)[0].max() == math.comb(24, 12)
    assert problem("float32", "pascal", 14, 14)[0].max() == math.comb(26, 13)
    with pytest.raises(ValueError, match="n is 15; accepted is a whole number from 1 to 13"):
        problem("float32", "pascal", 15, 15)
    assert problem("float64", "pascal", 29, 29)[0].max() == math.comb(56, 28) < 2**53


@dtypes
@pytest.mark.parametrize("n", [2, 5, 16, 30])
def test_triw_hides_its_condition_number(n: int, dtype: Precision) -> None:
    A, b = problem(dtype, "triw", n, n)
    exact, truth = rationals(A), EXACT.certify(A, b)
    inverse = exact.inv()
    assert largest_row_sum(exact) * largest_row_sum(inverse) == n * 2 ** (n - 1)  # Higham, chapter 8
    assert truth.rank == n
    # entries of the inverse are 1 and 2^(j − i − 1): it is nearly of rank one, and so σ_n is nearly 1/‖A⁻¹‖_F
    squares = n + sum((n - k) * 4 ** (k - 1) for k in range(1, n))
    assert sum(fraction(entry) ** 2 for entry in inverse.entries()) == squares
    assert 1.0 <= float(truth.sigma_min) * math.sqrt(squares) < 1.2


@dtypes
@pytest.mark.parametrize("n", [2, 5, 16, 30])
def test_gks_is_triw_with_columns_of_norm_one(n: int, dtype: Precision) -> None:
    A, b = problem(dtype, "gks", n, n)
    triw, _ = problem(dtype, "triw", n, n)
    assert np.array_equal(A, triw * np.diag(A))  # all entries of a column are rounded alike
    for j, scale in enumerate(np.diag(A).tolist()):
        assert abs((j + 1) * Fraction(scale) ** 2 - 1) < Fraction(9, 4) * Fraction(UNIT_ROUNDOFF[dtype])
    # row i of the inverse is that of triw, 1 and 2^(j − i − 1), times √i: nearly of rank one, σ_n is nearly 1/‖A⁻¹‖_F
    squares = sum(i * (1 + sum(4 ** (k - 1) for k in range(1, n - i + 1))) for i in range(1, n + 1))
    found = sum(fraction(entry) ** 2 for entry in rationals(A).inv().entries())
    assert float(found) == pytest.approx(squares, rel=4 * UNIT_ROUNDOFF[dtype] + 1e-15)
    truth = EXACT.certify(A, b)
    assert truth.rank == n
    assert 1.0 <= float(truth.sigma_min) * math.sqrt(found) < 1.2
    assert float(truth.kappa or 0) == pytest.approx(asked_kappa("gks", n, n, 0), rel=4 * UNIT_ROUNDOFF[dtype] + 1e-15)


@dtypes
@pytest.mark.parametrize(("m", "n"), [(5, 5), (16, 16), (24, 24), (30, 9)])
def test_gfpp_grows_by_every_pivot(m: int, n: int, dtype: Precision) -> None:
    A, b = problem(dtype, "gfpp", m, n)
    rows = A.astype(np.int64)
    for k in range(min(m - 1, n)):
        assert np.abs(rows[k:, k]).max() == abs(rows[k, k])  # partial pivoting exchanges nothing
        rows[k + 1 :] -= (rows[k + 1 :, k, None] // rows[k, k]) * rows[k]
    assert np.abs(rows).max() == rows[n - 1, n - 1] == 2 ** (n - 1)
    truth = EXACT.certify(A, b)
    assert truth.rank == n
    # and A itself is harmless
    low, high = (0.4 * n, 0.6 * n) if m == n else (0.5 * math.sqrt(m * n), math.sqrt(m * n))
    assert low < float(truth.kappa or 0) < high


@pytest.mark.parametrize("n", [2, 5, 7, 9])
def test_vandermonde_has_gautschis_inverse(n: int) -> None:
    A, b = problem("float64", "vandermonde", n, n)
    t = [Fraction(1, i + 1) for i in range(n)]
    # ‖V⁻¹‖∞ for V = [t_j^i] and positive nodes: Gautschi, On inverses of Vandermonde and confluent Vandermonde
    # matrices, Numer. Math. 4 (1962) 117-123; Higham, Theorem 22.1, with equality
    asked = max(
        math.prod(((1 + t[j]) / abs(t[i] - t[j]) for j in range(n) if j != i), start=Fraction(1)) for i in range(n)
    )
    transposed = rationals(A).transpose()
    found = largest_row_sum(transposed.inv())
    kappa = EXACT.certify(A, b).kappa
    assert kappa is not None
    assert abs(found / asked - 1) < 2 * n * 2.0**-53 * kappa.mid
    assert found * largest_row_sum(transposed) > (n - 1) ** n  # Higham, Table 22.1 (V1)


@dtypes
@pytest.mark.parametrize(("m", "n"), [(16, 16), (40, 16), (5, 16)])
def test_vandermonde_with_distinct_nodes_has_full_rank(m: int, n: int, dtype: Precision) -> None:
    assert formula("vandermonde", m, n).rank() == min(m, n)
    assert certified(dtype, "vandermonde", m, n).rank == min(m, n)


@dtypes
def test_chebyshev_polynomials_are_cosines(dtype: Precision) -> None:
    A, _ = problem(dtype, "chebyshev_vandermonde", 21, 16)
    angle = np.arccos(np.linspace(0, 1, 21))
    assert np.abs(A - np.cos(np.outer(angle, np.arange(16)))).max() < 2 * UNIT_ROUNDOFF[dtype] + 1e-13


@pytest.mark.parametrize("n", [1, 2, 6])
def test_determinants(n: int) -> None:
    def product(values: list[Fraction]) -> Fraction:
        return math.prod(values, start=Fraction(1))

    def gaps(t: list[Fraction]) -> Fraction:
        return product([t[j] - t[i] for j in range(n) for i in range(j)])

    steps = [Fraction(i, max(n - 1, 1)) for i in range(n)]
    whole = [Fraction(i + 1) for i in range(n)]
    # T_j has the leading coefficient 2^(j − 1); for Cauchy's: Higham, section 28.1
    asked = {
        "vandermonde": gaps([1 / t for t in whole]),
        "chebyshev_vandermonde": gaps(steps) * 2 ** ((n - 1) * (n - 2) // 2),
        "cauchy": gaps(whole) ** 2 / product([a + c for a in whole for c in whole]),
        "triw": Fraction(1),
        "pascal": Fraction(1),
        "gfpp": Fraction(2 ** (n - 1)),
    }
    for matrix, determinant in asked.items():
        assert fraction(formula(matrix, n, n).det()) == determinant, matrix
        stored, kappa = rationals(problem("float64", matrix, n, n)[0]), certified("float64", matrix, n, n).kappa
        assert kappa is not None
        assert abs(fraction(stored.det()) / determinant - 1) < 2 * n * 2.0**-53 * kappa.mid, matrix


@dtypes
@pytest.mark.parametrize(("matrix", "m", "n", "rank"), [(name, *facts) for name, facts in DEFICIENT.items()])
def test_deficient_classics_have_their_rank_exactly(matrix: str, m: int, n: int, rank: int, dtype: Precision) -> None:
    A, b = problem(dtype, matrix, m, n)
    truth = EXACT.certify(A, b)
    assert rationals(A).rank() == truth.rank == rank < min(m, n)
    assert float(truth.residual_norm[0]) == 0  # whole numbers: nothing is rounded in b either


def spectrum_polynomial(A: Array) -> list[int]:
    """Return the coefficients of det(x − AᵀA), the constant first."""
    exact = rationals(A)
    return [int(entry.p) for entry in (exact.transpose() * exact).charpoly().coeffs()]


def expanded(roots: list[list[int]]) -> list[int]:
    """Return the coefficients of a product of polynomials."""
    return [int(entry) for entry in math.prod((flint.fmpz_poly(root) for root in roots), start=flint.fmpz_poly([1]))]


@dtypes
def test_bauer_has_the_singular_values_of_golub_and_reinsch(dtype: Precision) -> None:
    A, _ = problem(dtype, "bauer", 8, 5)
    assert spectrum_polynomial(A) == expanded([[-1248, 1], [-400, 1], [-384, 1], [0, 1], [0, 1]])
    for n in (1, 2, 3, 4):
        assert np.array_equal(problem(dtype, "bauer", 8, n)[0], A[:, :n])


@dtypes
def test_rosser_has_the_eigenvalues_of_the_literature(dtype: Precision) -> None:
    # 0, 1020, ±10√10405, 510 ± 100√26 and 1000 twice: MATLAB's manual; of the squares, 510 ± 100√26 are the roots of
    # x² − (1020² − 200)x + 100²
    A, b = problem(dtype, "rosser", 8, 8)
    squares = [[0, 1], [-(1020**2), 1], *[[-1040500, 1]] * 2, [10**4, 200 - 1020**2, 1], *[[-(10**6), 1]] * 2]
    assert spectrum_polynomial(A) == expanded(squares)
    assert np.array_equal(A, A.T)
    truth = EXACT.certify(A, b)
    with mpmath.workdps(40):
        asked = 10 * mpmath.sqrt(10405) / (510 - 100 * mpmath.sqrt(26))
    assert float(truth.kappa or 0) == pytest.approx(float(asked), rel=1e-15)
    assert EXACT.certify(*problem(dtype, "rosser", 8, 7)).rank == 7  # the null vector needs the last column


@dtypes
@pytest.mark.parametrize("m", [4, 8, 12, 16, 64])
def test_magic_squares_are_magic_and_of_rank_three(m: int, dtype: Precision) -> None:
    A, _ = problem(dtype, "magic", m, m)
    whole, total = A.astype(np.int64), m * (m * m + 1) // 2
    assert sorted(whole.flat) == list(range(1, m * m + 1))
    sums = [*whole.sum(axis=0), *whole.sum(axis=1), np.trace(whole), np.trace(whole[::-1])]
    assert set(sums) == {total}
    assert [rationals(A[:, :n]).rank() for n in (1, 2, 3, 4, m)] == [1, 2, 3, 3, 3]


@pytest.mark.parametrize(
    ("matrix", "m", "n", "sentence"),
    [
        ("bauer", 7, 5, "m is 7; accepted is 8."),
        ("bauer", 8, 6, "n is 6; accepted is a whole number from 1 to 5."),
        ("rosser", 8, 9, "n is 9; accepted is a whole number from 1 to 8."),
        ("magic", 6, 3, "m is 6; with matrix=magic accepted is a multiple of 4."),
        ("magic", 68, 3, "m is 68; accepted is a whole number from 4 to 64."),
        ("magic", 4, 5, "n is 5; accepted is a whole number from 1 to 4."),
        ("inverse_hilbert", 13, 3, "m is 13; accepted is a whole number from 1 to 12."),
    ],
)
def test_shapes_that_a_matrix_does_not_have_are_refused(matrix: str, m: int, n: int, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}"):
        problem("float64", matrix, m, n)


@pytest.mark.parametrize("m", [1, 2, 6, 12])
def test_inverse_hilbert_is_the_inverse(m: int) -> None:
    stored, hilbert = rationals(problem("float64", "inverse_hilbert", m, m)[0]), formula("hilbert", m, m)
    assert (hilbert * stored).tolist() == np.eye(m, dtype=int).tolist()


def test_inverse_hilbert_of_golub_is_stored_without_rounding_in_float32_too() -> None:
    A, b = problem("float32", "inverse_hilbert", 6, 5, residual=1.0)
    assert rationals(A) == formula("inverse_hilbert", 6, 5)
    assert rationals(problem("float32", "inverse_hilbert", 7, 7)[0]) != formula("inverse_hilbert", 7, 7)
    kappa = EXACT.certify(A, b).kappa
    assert float(kappa or 0) == pytest.approx(asked_kappa("inverse_hilbert", 6, 5, 0), rel=1e-14)


@pytest.mark.parametrize(("m", "n"), [(10, 9), (12, 12)])
def test_inverse_hilbert_keeps_its_size_where_rounded(m: int, n: int) -> None:
    kappa, asked = certified("float32", "inverse_hilbert", m, n).kappa, asked_kappa("inverse_hilbert", m, n, 0)
    assert asked / 100 < float(kappa or 0) < 100 * asked
    assert certified("float64", "inverse_hilbert", m, n).kappa != kappa


# --- grid -----------------------------------------------------------------------------------------------


@dtypes
def test_grids_stay_small_and_hold_every_matrix(dtype: Precision) -> None:
    small: list[dict[str, Any]] = list(grid("small", dtype))
    assert len(small) <= 18
    assert all(max(params["m"], params["n"]) <= 40 and min(params["m"], params["n"]) <= 32 for params in small)
    assert len(list(grid("standard", dtype))) <= 72 < len(list(grid("full", dtype)))
    for profile in ("small", "standard", "full"):
        assert {params["matrix"] for params in grid(profile, dtype)} == set(MATRICES)


@dtypes
def test_lauchli_is_asked_on_both_sides_of_the_fall_of_its_gram_matrix(dtype: Precision) -> None:
    fallen = []
    listed: list[dict[str, Any]] = list(grid("small", dtype))
    for params in listed:
        if params["matrix"] == "lauchli":
            A, _ = build(dtype, **params)
            fallen.append(bool(np.linalg.matrix_rank((A.T @ A).astype(np.float64)) < A.shape[1]))
    assert fallen == [False, True]


def test_every_matrix_is_named_in_the_words() -> None:
    assert all(matrix in FAMILY.summary and matrix in FAMILY.parameters["matrix"] for matrix in MATRICES)
