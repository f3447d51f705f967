"""Truth on real input: the two oracles agree on the families, and on matrices from public bug reports."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lamm_robust import catalog
from lamm_robust.oracles import stored
from lamm_robust.runs.plan import grid
from lamm_robust.values import PRECISIONS, Certificate, NotCertifiedError, Precision
from tests.support.problems import problem_of

EXACT, MPMATH = catalog.ORACLES["exact"], catalog.ORACLES["mpmath"]

LARGEST = {False: 50_000, True: 500_000}
"""m·n² up to which mpmath takes a second, and with --slow, seconds; a hundred thousand rows take it a minute."""


def check_agreement(exact: Certificate, other: Certificate) -> None:
    """The radii of the reference must cover the difference, and be small."""
    assert exact.rank == other.rank
    difference = sum(((p - q) ** 2 for p, q in zip(stored(exact).flat, stored(other).flat, strict=True)), Fraction(0))
    assert difference <= (exact.x_radius + other.x_radius) ** 2
    pairs = [(exact.sigma_max, other.sigma_max), (exact.sigma_min, other.sigma_min)]
    pairs += zip(exact.residual_norm, other.residual_norm, strict=True)
    for one, two in pairs:
        assert abs(one.mid - two.mid) <= one.radius + two.radius


@pytest.mark.parametrize("family", [name for name, family in catalog.FAMILIES.items() if family.defined])
def test_the_oracles_agree_on_the_problems_of_the_quick_profile(
    family: str, precision: Precision, request: pytest.FixtureRequest
) -> None:
    """Every fourth problem in each precision, for the two are certified by the same code."""
    first = PRECISIONS.index(precision)
    problems = [catalog.build_problem(key) for key in grid("small", precision, [family])[2 * first :: 4]]
    most = LARGEST[request.config.getoption("--slow")]
    small = [problem for problem in problems if problem.A.size * min(problem.A.shape) <= most and problem.m <= 20_000]
    assert len(small) >= 2 * len(problems) // 3
    for problem in small:
        exact, refusal = EXACT.certify(problem.A, problem.b), ""
        try:
            check_agreement(exact, MPMATH.certify(problem.A, problem.b))
        except NotCertifiedError as error:
            refusal = str(error)
        if refusal:  # no number of digits tells a zero that is computed from a small number
            assert "it may be zero" in refusal
            assert not np.all(np.any(stored(exact) != 0, axis=0)), "some x★ is zero"


REPORTS: tuple[tuple[str, Precision, object, object, int, object], ...] = (
    (
        "https://github.com/pytorch/pytorch/issues/88101",
        "float32",
        [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
        [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
        2,
        [["5/6", "1/3", "-1/6"], ["1/3", "1/3", "1/3"], ["-1/6", "1/3", "5/6"]],
    ),
    (
        "https://github.com/pytorch/pytorch/issues/114568",
        "float32",
        [[0, 1, -1], [1, -1, 0], [-1, 1, 0]],
        np.eye(3),
        2,
        [["1/3", "1/3", "-1/3"], ["1/3", "-1/6", "1/6"], ["-2/3", "-1/6", "1/6"]],
    ),
    (
        "https://github.com/pytorch/pytorch/issues/92537",
        "float32",
        np.diag([0, 1, 1, 1, 1]),
        [1, 1, 1, 1, 1],
        4,
        ["0", "1", "1", "1", "1"],
    ),
    (
        "https://github.com/SimplexLab/TorchJD/issues/142",
        "float32",
        [[0, 0], [0, 0]],
        [1, 1],
        0,
        ["0", "0"],
    ),
    (
        "https://github.com/jax-ml/jax/issues/11433",
        "float32",
        [
            [122, 1141, 1, 0, 0, 0, 0, 0],
            [0, 0, 0, 122, 1141, 1, -156536, -1459977],
            [686, 1209, 1, 0, 0, 0, -493286, -869838],
            [0, 0, 0, 686, 1209, 1, -877486, -1547319],
            [626, 2, 1, 0, 0, 0, -450148, -1812],
            [0, 0, 0, 626, 2, 1, 0, 0],
            [23, 339, 1, 0, 0, 0, 0, 0],
            [0, 0, 0, 23, 339, 1, 0, 0],
        ],
        [0, 1279, 719, 1279, 719, 0, 0, 0],
        8,
        [
            "34505452533697243370/21472087408835682781",
            "-4259401247925220815/21472087408835682781",
            "650311614771613258775/21472087408835682781",
            "737465944980750504751/1030660195624112773488",
            "439853575492969885623/343553398541370924496",
            "-58036600376363454410983/128832524453014096686",
            "726326249263876909/1030660195624112773488",
            "-617709247684375771/3091980586872338320464",
        ],
    ),
    (
        "https://github.com/scipy/scipy/issues/12515",
        "float64",
        [[1, -1, 0], [-1, 2, -1], [0, -1, 1]],
        np.eye(3),
        2,
        [["5/9", "-1/9", "-4/9"], ["-1/9", "2/9", "-1/9"], ["-4/9", "-1/9", "5/9"]],
    ),
    (
        "https://github.com/scikit-learn/scikit-learn/issues/32210",
        "float64",
        [[1, 2], [2, 4], [3, 6], [4, 8]],
        [1, 2, 3, 4],
        1,
        ["1/5", "2/5"],
    ),
    ("https://github.com/elixir-nx/nx/pull/1550", "float64", [[1, 2], [2, 4]], [3, 5], 1, ["13/25", "26/25"]),
    ("https://github.com/JuliaSmoothOptimizers/Krylov.jl/issues/1054", "float64", [[-1, 0]], [-3], 1, ["3", "0"]),
    (
        "https://github.com/numpy/numpy/issues/6999",
        "float64",
        [[0.70710678, 0.0], [0.70710678, 1.0]],
        [0.4, 0.2],
        2,
        ["3602879701896397/6369051661838303", "-3602879701896397/18014398509481984"],
    ),
    ("https://github.com/cupy/cupy/issues/9085", "float64", [[1, 1], [1, 1]], [1, 0], 1, ["1/4", "1/4"]),
    ("https://github.com/numpy/numpy/issues/28716", "float64", [[1, 1], [1, 1]], [1, 1], 1, ["1/2", "1/2"]),
    (
        "https://github.com/numpy/numpy/issues/7906",
        "float64",
        [[0, 0, 1e-14]],
        [1],
        1,
        ["0", "0", "633825300114114700748351602688/6338253001141147"],
    ),
)
"""Where it was reported, A, b, the exact rank of the stored matrix and its exact minimum-norm solution."""


@pytest.mark.parametrize(("url", "dtype", "A", "b", "rank", "x"), REPORTS, ids=[row[0] for row in REPORTS])
def test_matrices_of_public_bug_reports(url: str, dtype: Precision, A: object, b: object, rank: int, x: object) -> None:
    assert url.startswith("https://")
    problem = problem_of(np.array(A), np.array(b), dtype)
    truth = EXACT.certify(problem.A, problem.b)
    assert truth.rank == rank
    expected = np.vectorize(Fraction, otypes=[object])(np.array(x))
    found = stored(truth)
    assert found.shape == expected.shape
    largest = max(abs(value) for value in expected.flat)
    difference = sum(((p - q) ** 2 for p, q in zip(found.flat, expected.flat, strict=True)), Fraction(0))
    assert difference <= truth.x_radius**2
    assert truth.x_radius <= largest / 10**60
