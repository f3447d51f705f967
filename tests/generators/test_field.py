"""Field: the numbers of each report are stored, and their exact answers are those worked out apart from the oracle."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from lamm_robust import catalog, oracles
from lamm_robust.generators.field import NAMES, REPORTS, build, find, grid
from lamm_robust.generators.parts.complex_reports import COMPLEX_REPORTS
from lamm_robust.values import PRECISIONS, PROFILES, UNIT_ROUNDOFF, Array, Precision, ProblemKey

Columns = list[list[Fraction]]
"""One list of unknowns for each right-hand side."""

EXACT = catalog.find_oracle("exact")
CASES = [(report.name, dtype) for report in REPORTS for dtype in report.accepted]

# --- answers --------------------------------------------------------------------------------------------

# report → rank and x★, a line for each right-hand side: what follows from the numbers in both precisions
BY_HAND: dict[str, tuple[int, tuple[str, ...]]] = {
    "krylov-1054": (1, ("3 0",)),
    "torchjd-142": (0, ("0 0",)),
    "numpy-28716": (1, ("1/2 1/2",)),
    "cupy-9085": (1, ("1/4 1/4", "1/4 1/4")),
    "nx-1550": (1, ("13/25 26/25",)),
    "sklearn-32210": (1, ("1/5 2/5",)),
    "sklearn-32210-near": (2, ("1 0",)),
    "torch-114568": (2, ("1/3 1/3 -2/3", "1/3 -1/6 -1/6", "-1/3 1/6 1/6")),
    "scipy-12515": (2, ("5/9 -1/9 -4/9", "-1/9 2/9 -1/9", "-4/9 -1/9 5/9")),
    "torch-88101": (2, ("5/6 1/3 -1/6", "1/3 1/3 1/3", "-1/6 1/3 5/6")),
    "torch-92537": (4, ("0 1 1 1 1",)),
    "jax-11433": (
        8,
        (
            """34505452533697243370/21472087408835682781 -4259401247925220815/21472087408835682781
            650311614771613258775/21472087408835682781 737465944980750504751/1030660195624112773488
            439853575492969885623/343553398541370924496 -58036600376363454410983/128832524453014096686
            726326249263876909/1030660195624112773488 -617709247684375771/3091980586872338320464""",
        ),
    ),
    "jax-13105": (2, ("2020 2020",)),
    "gonum-34": (1, ("3",)),
    "ejml-151": (1, ("85/763 51/1526",)),
    "aardvark-107": (3, ("3 1 2",)),
    "statistics-857": (2, ("2 -199999999",)),
    "statistics-857-minutes": (2, ("-288999861/7 17/700",)),
    "la4j-94": (2, ("9/55 1/10 2/55 -3/110",)),
    "scipy-14028": (3, ("13/405 13/405 41/405",)),
    "julia-1376": (2, ("2/5 -1/55 -1/55",)),
    "numpy-5702": (2, ("4179330871/2786217453 -5789648361494470667/928739151",)),
    "statsmodels-10126": (
        10,
        (
            """1223/4672 -7473/4672 363517/503680 847977/503680 -1032067/503680 -179427/503680 -3741/4672 785/4672
            -4051/4672 4857/4672 534281/602688 549319/602688""",
        ),
    ),
}


def the_line(A: Columns, b: list[Fraction]) -> list[Fraction]:
    """The least-squares line through points, by the textbook: slope S_ty/S_tt about the means."""
    t = [row[1] for row in A]
    t_mean, b_mean = sum(t, Fraction(0)) / len(t), sum(b, Fraction(0)) / len(b)
    covariance = sum(((s - t_mean) * (y - b_mean) for s, y in zip(t, b, strict=True)), Fraction(0))
    slope = covariance / sum(((s - t_mean) ** 2 for s in t), Fraction(0))
    return [b_mean - slope * t_mean, slope]


def determinant(rows: Columns) -> Fraction:
    """Of three rows of three, by Sarrus."""
    (a, b, c), (d, e, f), (g, h, i) = rows
    return a * e * i + b * f * g + c * d * h - c * e * g - b * d * i - a * f * h


def solution(A: Columns, b: list[Fraction]) -> list[Fraction]:
    """Of a regular square system, by the elimination of Gauss and Jordan in rationals."""
    rows = [[*row, y] for row, y in zip(A, b, strict=True)]
    for k in range(len(rows)):
        pivot = next(i for i in range(k, len(rows)) if rows[i][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        for i in range(len(rows)):
            if i != k and rows[i][k]:
                rows[i] = [a - rows[i][k] * p for a, p in zip(rows[i], rows[k], strict=True)]
    return [row[-1] for row in rows]


def the_normal(A: Columns, b: list[Fraction]) -> list[Fraction]:
    """Normal equations, in rationals: for A of full column rank."""
    columns = [list(column) for column in zip(*A, strict=True)]
    return solution([[dot(u, v) for v in columns] for u in columns], [dot(u, b) for u in columns])


def the_tenth(A: Columns, b: list[Fraction]) -> list[Fraction]:
    """(a a 0; a a 0; 0 0 0) x = b, the shortest."""
    half = (b[0] + b[1]) / (4 * A[0][0])
    return [half, half, Fraction(0)]


def the_parabola(A: Columns, b: list[Fraction]) -> list[Fraction]:
    """Normal equations of the last three columns by Cramer's rule; the first column is zero, and so its unknown."""
    used = [row[1:] for row in A]
    gram = [[sum((row[i] * row[j] for row in used), Fraction(0)) for j in range(3)] for i in range(3)]
    right = [sum((row[i] * y for row, y in zip(used, b, strict=True)), Fraction(0)) for i in range(3)]

    def replaced(column: int) -> Columns:
        return [[right[i] if j == column else gram[i][j] for j in range(3)] for i in range(3)]

    return [Fraction(0), *(determinant(replaced(j)) / determinant(gram) for j in range(3))]


def the_difference(A: Columns, b: list[Fraction]) -> list[Fraction]:
    """(a 0; a 1) x = b."""
    return [b[0] / A[0][0], b[1] - b[0]]


def the_reciprocal(A: Columns, b: list[Fraction]) -> list[Fraction]:
    """A single entry, the last."""
    return [Fraction(0), Fraction(0), b[0] / A[0][2]]


# report → rank, x★ by a formula in the stored numbers, x★ in decimals: what the rounding of decimals decides
BY_FORMULA: dict[str, tuple[int, Callable[[Columns, list[Fraction]], list[Fraction]], tuple[str, ...]]] = {
    "numpy-7906": (1, the_reciprocal, ("0", "0", "1e14")),
    "numpy-6999": (2, the_difference, ("0.565685426", "-0.2")),
    "statsmodels-9258-0": (2, the_line, ("1.66666667", "-1.66666667e-14")),
    "statsmodels-9258-3": (2, the_line, ("3.16666667", "-1.66666667e-14")),
    "polyfit-3": (2, the_line, ("-73776222350.2", "44.8627313")),
    "linearsolve-531": (3, the_parabola, ("0", "0.967598457", "-1.63179764", "0.567125676")),
    "mljs-213": (2, solution, ("-3.84615385e15", "2.69230769e16")),
    "julia-22672": (2, solution, ("1", "0")),
    "ndarray-7": (2, solution, ("0.379419492", "-0.413267084")),
    "breeze-864": (1, the_tenth, ("2.5", "2.5", "0")),
    "polynomials-579": (3, the_normal, ("0.0264092977", "-0.003201127", "0")),
    "lsqfit-103": (2, the_normal, ("1.36087749e-06", "1.40817649e-05")),
    "tensorflow-79157": (5, solution, ("-363.078982", "350.620162", "-582.21578", "236.157109", "564.300559")),
    "regressionjs-87": (3, the_normal, ("2.47416601", "0.000401120874", "-1.82385764e-09")),
    "regpoly-10": (3, the_normal, ("8131973.78", "-40217.4924", "49.7249174")),
    "sklearn-17654": (
        10,
        solution,
        (
            *("-9.33088857e11", "2.61762393e10", "-321379529", "2270483.69", "-10184.8152", "30.1102093"),
            *("-0.058706845", "7.28270486e-05", "-5.21768923e-08", "1.64533164e-11"),
        ),
    ),
}


def rationals(array: Array) -> Columns:
    """The stored numbers, exactly, as rows."""
    return [[Fraction(float(entry)) for entry in row] for row in array.reshape(len(array), -1)]


def expected(report: str, A: Array, b: Array) -> tuple[int, Columns]:
    if report in BY_HAND:
        rank, lines = BY_HAND[report]
        return rank, [[Fraction(text) for text in line.split()] for line in lines]
    rank, formula, _ = BY_FORMULA[report]
    return rank, [formula(rationals(A), list(column)) for column in zip(*rationals(b), strict=True)]


def test_every_report_has_an_answer() -> None:
    assert sorted([*BY_HAND, *BY_FORMULA]) == sorted(report.name for report in REPORTS)


@pytest.mark.parametrize(("report", "dtype"), CASES)
def test_rank_and_solution_are_those_certified(report: str, dtype: Precision) -> None:
    A, b = build(dtype, report=report)
    rank, columns = expected(report, A, b)
    truth = EXACT.certify(A, b)
    stored = np.array(oracles.stored(truth), dtype=object).reshape(A.shape[1], -1)
    assert stored.shape[1] == len(columns)
    assert truth.rank == rank
    differences = [stored[i, j] - x for j, column in enumerate(columns) for i, x in enumerate(column)]
    size = sum((x * x for column in columns for x in column), Fraction(0))
    assert sum((d * d for d in differences), Fraction(0)) <= truth.x_radius**2
    assert truth.x_radius**2 <= size / 2**300  # six float64 hold every entry that closely


def rank_of(rows: Columns) -> int:
    """Gauss's elimination in rationals."""
    left, rank = [row for row in rows if any(row)], 0
    while left:
        pivot, rank = left[0], rank + 1
        column = next(j for j, entry in enumerate(pivot) if entry)
        cleared = [[a - row[column] / pivot[column] * p for a, p in zip(row, pivot, strict=True)] for row in left[1:]]
        left = [row for row in cleared if any(row)]
    return rank


def dot(u: list[Fraction], v: list[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(u, v, strict=True)), Fraction(0))


@pytest.mark.parametrize(("report", "dtype"), CASES)
def test_expected_answers_are_what_they_are_said_to_be(report: str, dtype: Precision) -> None:
    A, b = build(dtype, report=report)
    rank, columns = expected(report, A, b)
    rows, targets = rationals(A), rationals(b)
    assert rank_of(rows) == rank
    for j, x in enumerate(columns):
        residual = [target[j] - dot(row, x) for row, target in zip(rows, targets, strict=True)]
        assert not any(dot([row[i] for row in rows], residual) for i in range(len(x)))  # a least-squares solution
        assert rank_of([*rows, x]) == rank  # and in the row space: the shortest


@pytest.mark.parametrize("report", BY_FORMULA)
@pytest.mark.parametrize("dtype", PRECISIONS)
def test_formulas_give_the_decimals_of_the_reports(report: str, dtype: Precision) -> None:
    if dtype not in find(report).accepted:
        return
    _, formula, decimals = BY_FORMULA[report]
    A, b = build(dtype, report=report)
    digits = 2e-6 if dtype == "float32" else 1e-8
    x = [float(value) for value in formula(rationals(A), [row[0] for row in rationals(b)])]
    assert x == pytest.approx([float(text) for text in decimals], rel=digits)


# --- numbers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_whole_numbers_are_stored_as_they_are(dtype: Precision) -> None:
    A, b = build(dtype, report="jax-13105")
    assert A.tolist() == [[1, i] for i in range(10_000)]
    assert b.tolist() == [2020 * (i + 1) for i in range(10_000)]
    A, b = build(dtype, report="torch-88101")
    assert A.tolist() == b.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert build(dtype, report="jax-11433")[0].min() == -1547319


def test_lines_of_statsmodels_are_those_that_numpy_spaces() -> None:
    for line in (0, 3):
        A, b = build("float64", report=f"statsmodels-9258-{line}")
        assert np.array_equal(A[:, 1], np.linspace(4e13, 10e13, 10) + line * 3e13)
        assert np.array_equal(A[:, 0], np.ones(10))
        assert np.array_equal(b, np.linspace(1, 0, 10))


def test_their_condition_numbers_are_on_the_two_sides_of_the_cutoff() -> None:
    kappas = [EXACT.certify(*build("float64", report=f"statsmodels-9258-{line}")).kappa for line in (0, 3)]
    assert [round(float(kappa or 0) / 1e14, 1) for kappa in kappas] == [2.8, 13.6]


def test_the_long_line_is_below_a_cutoff_that_grows_with_its_length() -> None:
    def product(rows: int) -> float:
        A, b = build("float32", report="jax-13105")
        kappa = EXACT.certify(A[:rows], b[:rows]).kappa
        return float(kappa or 0) * rows * 2.0**-23  # above 1: σ₂ < eps·max(m, n)·σ₁, and the constant is dropped

    assert product(10_000) == pytest.approx(13.8, abs=0.1)
    assert product(100) < 0.01  # why a shorter line would not do


def test_the_nearly_collinear_columns_are_those_that_addition_makes() -> None:
    near, b = build("float64", report="sklearn-32210-near")
    exact, _ = build("float64", report="sklearn-32210")
    exact[:, 1] += 1e-10
    assert np.array_equal(near, exact)
    assert b.tolist() == near[:, 0].tolist()


def test_decimals_are_rounded_once() -> None:
    for dtype in PRECISIONS:
        A, b = build(dtype, report="linearsolve-531")
        assert A[:, 2].tolist() == (np.arange(1, 11) / 10).astype(dtype).tolist()
        assert A[:, 1].tolist() == [np.array(i * i / 100, dtype).item() for i in range(1, 11)]
        assert not A[:, 0].any()
        assert np.abs(b - np.cos(np.arange(10))).max() <= 2 * UNIT_ROUNDOFF[dtype]


# --- table ----------------------------------------------------------------------------------------------


def test_reports_are_listed_with_their_sources() -> None:
    assert len(set(NAMES)) == len(NAMES) == 48
    assert len(REPORTS) == 39
    for report in (*REPORTS, *COMPLEX_REPORTS):
        assert report.library
        assert report.symptom
        assert report.urls
        number = report.name.split("-")[1]
        assert report.urls[0].startswith("https://github.com/")
        assert report.urls[0].endswith(f"/{number}")
        assert report.reported in report.accepted
        assert find(report.name) is report


def test_sizes_grow() -> None:
    sizes = [build(report.reported, report=report.name)[0].size for report in REPORTS]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (2, 20_000)
    assert sizes == [report.size for report in REPORTS]


def test_reports_with_several_right_hand_sides() -> None:
    several = {report.name for report in REPORTS if build(report.reported, report=report.name)[1].ndim == 2}
    first = {"cupy-9085", "torch-114568", "scipy-12515", "torch-88101"}
    assert several == first | {"mljs-213", "julia-22672", "ndarray-7", "breeze-864", "tensorflow-79157"}


FLOAT64_ONLY = (
    *("sklearn-32210-near", "statsmodels-9258-0", "statsmodels-9258-3", "polyfit-3", "statistics-857"),
    *("statistics-857-minutes", "numpy-5702", "regpoly-10", "sklearn-17654"),
)


def test_what_float32_cannot_hold_is_refused_there() -> None:
    assert {report.name for report in REPORTS if "float32" not in report.accepted} == set(FLOAT64_ONLY)
    for name in FLOAT64_ONLY:
        with pytest.raises(ValueError, match=rf"^dtype is 'float32'; for report={name} accepted is float64\.$"):
            build("float32", report=name)


def test_what_is_refused_would_be_another_problem() -> None:
    near, _ = build("float64", report="sklearn-32210-near")
    assert np.array_equal(near.astype("float32"), build("float32", report="sklearn-32210")[0])
    times, _ = build("float64", report="polyfit-3")
    assert len(set(times[:, 1].astype("float32").tolist())) == 2
    for name, column in (("statistics-857", 0), ("statistics-857-minutes", 1), ("numpy-5702", 0)):
        times, _ = build("float64", report=name)
        assert len(set(times[:, column].astype("float32").tolist())) < len(times)
    for name in ("regpoly-10", "sklearn-17654"):  # no digit is left in float32, whatever the size of columns
        A, _ = build("float64", report=name)
        assert np.linalg.cond(A / np.linalg.norm(A, axis=0)) > 2.0**24


def test_unknown_reports_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"^report is 'torch-1'; accepted is one of krylov-1054, numpy-7906"):
        build("float64", report="torch-1")


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_every_profile_has_all_that_the_precision_can_hold(dtype: Precision) -> None:
    accepted = [report.name for report in REPORTS if dtype in report.accepted]
    for profile in PROFILES:
        listed = [params["report"] for params in grid(profile.name, dtype)]
        assert listed == [name for name in accepted if profile.name != "small" or find(name).small]


def test_reports_on_what_no_other_family_has_are_in_quick() -> None:
    names = (
        *("gonum-34", "mljs-213", "julia-22672", "ejml-151", "breeze-864", "aardvark-107"),
        "statistics-857-minutes",
    )
    assert all(find(name).small for name in names)
    assert sum(report.small for report in REPORTS) == 19 + len(names)


def test_numbers_of_the_later_reports() -> None:
    A, _ = build("float64", report="statsmodels-10126")
    assert not A.sum(axis=1).any()  # only differences of nodes
    assert (A != 0).sum(axis=1).tolist() == [2] * 16
    A, _ = build("float64", report="regpoly-10")
    assert A[0].tolist() == [1.0, 404.26220703125, 163427.93203377724]
    assert A[-1].tolist() == [1.0, 404.58120703125, 163685.95308286318]
    A, b = build("float64", report="numpy-5702")
    assert (A[0, 0], A[-1, 0], b.sum()) == (4155915305.0, 4155923029.0, 232453.0)
    A, _ = build("float64", report="sklearn-17654")
    assert A[:, 9].max() == 520.0**9
    A, _ = build("float32", report="tensorflow-79157")
    assert (float(A[0, 0]), float(A[4, 4])) == (0.3745401203632355, 0.4560699760913849)


def test_a_key_builds_through_the_catalog() -> None:
    problem = catalog.build_problem(ProblemKey("field", (("report", "torch-88101"),), "float32"))
    assert str(problem.key) == "field report=torch-88101 dtype=float32"
    assert problem.b.shape == (3, 3)
