"""The exact oracle against hand computation, Gaussian elimination and the defining conditions of A⁺b."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import flint
import numpy as np
import pytest

from lamm_robust.oracles import ORACLES, select, stored
from lamm_robust.oracles.exact import certify
from lamm_robust.oracles.rational import PRIME, solve_rational
from lamm_robust.values import UNIT_ROUNDOFF, Array, digest

Rows = list[list[Fraction]]

# matrices of public bug reports, with answers worked out by hand
REPORTED: list[tuple[str, Rows, Rows, int, Rows]] = [
    (
        "pinv of the counting matrix times itself",
        [
            [Fraction(1), Fraction(2), Fraction(3)],
            [Fraction(4), Fraction(5), Fraction(6)],
            [Fraction(7), Fraction(8), Fraction(9)],
        ],
        [
            [Fraction(1), Fraction(2), Fraction(3)],
            [Fraction(4), Fraction(5), Fraction(6)],
            [Fraction(7), Fraction(8), Fraction(9)],
        ],
        2,
        [
            [Fraction(5, 6), Fraction(1, 3), Fraction(-1, 6)],
            [Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)],
            [Fraction(-1, 6), Fraction(1, 3), Fraction(5, 6)],
        ],
    ),
    (
        "singular with zero row sums",
        [
            [Fraction(0), Fraction(1), Fraction(-1)],
            [Fraction(1), Fraction(-1), Fraction(0)],
            [Fraction(-1), Fraction(1), Fraction(0)],
        ],
        [
            [Fraction(1), Fraction(0), Fraction(0)],
            [Fraction(0), Fraction(1), Fraction(0)],
            [Fraction(0), Fraction(0), Fraction(1)],
        ],
        2,
        [
            [Fraction(1, 3), Fraction(1, 3), Fraction(-1, 3)],
            [Fraction(1, 3), Fraction(-1, 6), Fraction(1, 6)],
            [Fraction(-2, 3), Fraction(-1, 6), Fraction(1, 6)],
        ],
    ),
    (
        "path-graph Laplacian",
        [
            [Fraction(1), Fraction(-1), Fraction(0)],
            [Fraction(-1), Fraction(2), Fraction(-1)],
            [Fraction(0), Fraction(-1), Fraction(1)],
        ],
        [
            [Fraction(1), Fraction(0), Fraction(0)],
            [Fraction(0), Fraction(1), Fraction(0)],
            [Fraction(0), Fraction(0), Fraction(1)],
        ],
        2,
        [
            [Fraction(5, 9), Fraction(-1, 9), Fraction(-4, 9)],
            [Fraction(-1, 9), Fraction(2, 9), Fraction(-1, 9)],
            [Fraction(-4, 9), Fraction(-1, 9), Fraction(5, 9)],
        ],
    ),
    (
        "collinear columns, consistent",
        [
            [Fraction(1), Fraction(2)],
            [Fraction(2), Fraction(4)],
            [Fraction(3), Fraction(6)],
            [Fraction(4), Fraction(8)],
        ],
        [[Fraction(1)], [Fraction(2)], [Fraction(3)], [Fraction(4)]],
        1,
        [[Fraction(1, 5)], [Fraction(2, 5)]],
    ),
    (
        "collinear columns, inconsistent",
        [[Fraction(1), Fraction(2)], [Fraction(2), Fraction(4)]],
        [[Fraction(3)], [Fraction(5)]],
        1,
        [[Fraction(13, 25)], [Fraction(26, 25)]],
    ),
    (
        "zero matrix",
        [[Fraction(0), Fraction(0)], [Fraction(0), Fraction(0)]],
        [[Fraction(1)], [Fraction(1)]],
        0,
        [[Fraction(0)], [Fraction(0)]],
    ),
]


def doubles(rows: Rows) -> Array:
    return np.array([[float(v) for v in row] for row in rows])


def rationals(array: Array) -> Rows:
    return [[Fraction(float(v)) for v in row] for row in array]


def transpose(A: Rows) -> Rows:
    return [list(column) for column in zip(*A, strict=True)]


def times(A: Rows, x: list[Fraction]) -> list[Fraction]:
    return [sum((a * v for a, v in zip(row, x, strict=True)), Fraction(0)) for row in A]


def eliminate(A: Rows) -> tuple[Rows, int]:
    """Gauss–Jordan on Fractions: reduced rows and rank, with no library in between."""
    A, rank = [list(row) for row in A], 0
    for j in range(len(A[0])):
        pivot = next((i for i in range(rank, len(A)) if A[i][j]), None)
        if pivot is None:
            continue
        A[rank], A[pivot] = A[pivot], A[rank]
        A[rank] = [v / A[rank][j] for v in A[rank]]
        for i in range(len(A)):
            if i != rank:
                A[i] = [v - A[i][j] * p for v, p in zip(A[i], A[rank], strict=True)]
        rank += 1
    return A, rank


def normal_equations(A: Rows, b: list[Fraction]) -> list[Fraction]:
    At = transpose(A)
    gram = [times(At, column) for column in transpose(A)]
    rhs = times(At, b)
    reduced, rank = eliminate([[*row, v] for row, v in zip(gram, rhs, strict=True)])
    assert rank == len(gram)
    return [row[-1] for row in reduced[:rank]]


def factors(m: int, n: int, rank: int, seed: int) -> Rows:
    """An m×n matrix of the given rank: a product of integer factors."""
    g = np.random.default_rng(seed)
    product = g.integers(-9, 10, (m, rank)) @ g.integers(-9, 10, (rank, n))
    return [[Fraction(int(v)) for v in row] for row in product]


def norm_squared(values: list[Fraction]) -> Fraction:
    return sum((v * v for v in values), Fraction(0))


@pytest.mark.parametrize(("A", "B", "rank", "X"), [case[1:] for case in REPORTED], ids=[c[0] for c in REPORTED])
def test_reported_matrices(A: Rows, B: Rows, rank: int, X: Rows) -> None:
    for b, expected in zip(transpose(B), transpose(X), strict=True):
        residual = [v - w for v, w in zip(b, times(A, expected), strict=True)]
        assert solve_rational(A, b) == (expected, rank, norm_squared(residual))
    certificate = certify(doubles(A), doubles(B))
    error = norm_squared(list((stored(certificate) - np.array(X)).flat))
    assert certificate.rank == rank
    assert error <= certificate.x_radius**2
    assert certificate.x_radius <= Fraction(1, 10**60)
    assert (certificate.x_radius == 0) == (error == 0)


def test_fields_of_a_small_certificate() -> None:
    A, b = np.array([[1.0, 2.0], [2.0, 4.0]]), np.array([3.0, 5.0])
    certificate = certify(A, b)
    (r,) = certificate.residual_norm
    assert (certificate.method, certificate.m, certificate.n) == ("exact", 2, 2)
    assert certificate.digest == digest(A, b)
    assert certificate.x.shape == (4, 2)
    assert (r.mid - r.radius) ** 2 <= Fraction(1, 5) <= (r.mid + r.radius) ** 2
    assert 0 < r.radius <= r.mid / 10**60
    for sigma, value in ((certificate.sigma_max, 5), (certificate.sigma_min, 5), (certificate.kappa, 1)):
        assert sigma is not None
        assert abs(sigma.mid - value) <= sigma.radius <= Fraction(1, 10**13)
    assert certificate.seconds > 0


def test_zero_matrix() -> None:
    certificate = certify(np.zeros((2, 2)), np.ones(2))
    (r,) = certificate.residual_norm
    assert certificate.rank == 0
    assert certificate.kappa is None
    assert certificate.sigma_max.mid == certificate.sigma_min.mid == 0
    assert not certificate.x.any()
    assert certificate.x_radius == 0
    assert (r.mid - r.radius) ** 2 <= 2 <= (r.mid + r.radius) ** 2


def test_exact_answers_have_radius_zero() -> None:
    certificate = certify(np.array([[4.0], [0.0]]), np.array([1.0, 3.0]))
    assert stored(certificate).tolist() == [Fraction(1, 4)]
    assert certificate.x_radius == 0
    assert certificate.residual_norm[0].mid == 3
    assert certificate.residual_norm[0].radius == 0


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("m", "n"), [(5, 1), (6, 4), (4, 4), (1, 1)])
def test_full_column_rank_against_elimination(m: int, n: int, seed: int) -> None:
    g = np.random.default_rng([m, n, seed])
    A = [[Fraction(int(v), int(d)) for v, d in g.integers(1, 50, (n, 2))] for _ in range(m)]
    b = [Fraction(int(v), 7) for v in g.integers(-50, 50, m)]
    x, rank, rss = solve_rational(A, b)
    assert rank == n
    assert x == normal_equations(A, b)
    assert rss == norm_squared([v - w for v, w in zip(b, times(A, x), strict=True)])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("m", "n", "rank"),
    [(7, 4, 4), (7, 4, 2), (7, 4, 1), (5, 5, 5), (5, 5, 3), (3, 6, 3), (3, 6, 2), (1, 4, 1)],
)
def test_defining_conditions(m: int, n: int, rank: int, seed: int) -> None:
    """x = A⁺b is the only vector with Aᵀ(b − Ax) = 0 and x in the range of Aᵀ."""
    A = factors(m, n, rank, seed)
    b = [Fraction(int(v), 3) for v in np.random.default_rng(seed + 100).integers(-99, 99, m)]
    assert eliminate(A)[1] == rank
    x, found, rss = solve_rational(A, b)
    r = [v - w for v, w in zip(b, times(A, x), strict=True)]
    assert found == rank
    assert rss == norm_squared(r)
    assert not any(times(transpose(A), r))
    assert eliminate([*A, x])[1] == rank


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("m", "n"), [(9, 4), (4, 4), (3, 7)])
def test_certificate_stores_the_rational_answer(m: int, n: int, dtype: str) -> None:
    g = np.random.default_rng([m, n])
    A = (g.standard_normal((m, n)) * 10.0 ** g.integers(-6, 6, (m, n))).astype(dtype)
    b = g.standard_normal((m, 3)).astype(dtype)
    certificate = certify(A, b)
    columns = [solve_rational(rationals(A), [Fraction(float(v)) for v in column]) for column in b.T]
    error = norm_squared(list((stored(certificate) - np.array([x for x, _, _ in columns]).T).flat))
    size = norm_squared([v for x, _, _ in columns for v in x])
    assert certificate.x.shape == (4, n, 3)
    assert 0 < error <= certificate.x_radius**2
    assert certificate.x_radius**2 <= (Fraction(1, 1000) * Fraction(UNIT_ROUNDOFF[dtype])) ** 2 * size / 10**60
    for r, (_, _, rss) in zip(certificate.residual_norm, columns, strict=True):
        assert (r.mid - r.radius) ** 2 <= rss <= (r.mid + r.radius) ** 2
        assert r.radius <= r.mid / 10**60


def test_hilbert() -> None:
    """Rounded Hilbert matrix of order 8, κ ≈ 1.5e10: Gaussian elimination on the stored bits agrees."""
    A = np.array([[1.0 / (i + j + 1) for j in range(8)] for i in range(8)])
    x, rank, rss = solve_rational(rationals(A), [Fraction(1)] * 8)
    assert (rank, rss) == (8, Fraction(0))
    assert x == normal_equations(rationals(A), [Fraction(1)] * 8)
    kappa = certify(A, np.ones(8)).kappa
    assert kappa is not None
    assert 1.5e10 < float(kappa) < 1.6e10


@pytest.mark.parametrize("power", [-900, -1, 900])
@pytest.mark.parametrize("rank", [2, 3])
def test_powers_of_two_scale_everything_exactly(power: int, rank: int) -> None:
    A, b = doubles(factors(5, 3, rank, 1)), np.arange(1.0, 6.0)
    plain, scaled = certify(A, b), certify(A * 2.0**power, b * 2.0**100)
    up, down = Fraction(2) ** power, Fraction(2) ** (100 - power)
    assert np.array_equal(stored(scaled), stored(plain) * down)
    assert scaled.x_radius == plain.x_radius * down
    assert scaled.residual_norm[0].mid == plain.residual_norm[0].mid * 2**100
    assert scaled.sigma_max.mid == plain.sigma_max.mid * up
    assert scaled.sigma_min.radius == plain.sigma_min.radius * up
    assert scaled.kappa == plain.kappa


def test_subnormal_and_largest_numbers() -> None:
    tiny, huge = 5e-324, float(np.finfo(np.float64).max)
    assert stored(certify(np.array([[tiny]]), np.array([1.0]))).tolist() == [Fraction(2) ** 1074]
    assert stored(certify(np.array([[tiny]]), np.array([huge]))).tolist() == [Fraction(huge) * 2**1074]
    both = certify(np.diag([huge, tiny]), np.array([huge, tiny]))
    assert stored(both).tolist() == [1, 1]
    assert both.kappa is not None
    assert both.kappa.mid - both.kappa.radius <= Fraction(huge) / Fraction(tiny) <= both.kappa.mid + both.kappa.radius
    single = certify(np.array([[1e-45]], dtype=np.float32), np.array([1.0], dtype=np.float32))
    assert stored(single).tolist() == [Fraction(2) ** 149]


@pytest.mark.parametrize("A", [[[4.0, 0.0]], [[4.0], [0.0]], [[4.0, 0.0], [0.0, 0.0]], [[0.0, 4.0]]])
def test_matrices_that_are_an_identity_but_for_zeros(A: list[list[float]]) -> None:
    certificate = certify(np.array(A), np.arange(1.0, 1.0 + len(A)))
    assert certificate.rank == 1
    assert stored(certificate).tolist() == [Fraction(1, 4) * (v != 0) for v in A[0]]
    assert certificate.sigma_max.mid == certificate.sigma_min.mid == 4


def test_a_column_below_every_rounding_error_counts() -> None:
    """The rank is of the stored bits: 2⁻⁵² away from a collinear column is full rank."""
    A = np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-52]])
    certificate = certify(A, np.array([0.0, 1.0]))
    assert certificate.rank == 2
    assert stored(certificate).tolist() == [-(2**52), 2**52]


def test_prime_that_divides_the_minors() -> None:
    """Modulo the first prime these have too low a rank."""
    p = Fraction(PRIME)
    assert solve_rational([[p]], [Fraction(1)]) == ([1 / p], 1, Fraction(0))
    A = [
        [p, Fraction(0), Fraction(0)],
        [Fraction(0), Fraction(1), Fraction(0)],
        [Fraction(0), Fraction(1), Fraction(0)],
    ]
    assert solve_rational(A, [Fraction(1), Fraction(2), Fraction(4)]) == (
        [1 / p, Fraction(3), Fraction(0)],
        2,
        Fraction(2),
    )


def test_global_precision_is_untouched() -> None:
    before = flint.ctx.prec
    certify(doubles(factors(6, 3, 2, 0)), np.ones(6))
    assert flint.ctx.prec == before


@pytest.mark.parametrize(
    ("A", "b"),
    [
        ([], []),
        ([[]], [Fraction(1)]),
        ([[Fraction(1)]], [Fraction(1), Fraction(2)]),
        ([[Fraction(1)], [Fraction(1), Fraction(2)]], [Fraction(1), Fraction(2)]),
    ],
)
def test_rational_shapes_are_checked(A: Rows, b: list[Fraction]) -> None:
    with pytest.raises(ValueError, match="equally long rows, as many as b"):
        solve_rational(A, b)


def refused(A: object, b: object, sentence: str) -> object:
    return pytest.param(A, b, sentence, id=sentence)


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda oracle: oracle.name)
@pytest.mark.parametrize(
    ("A", "b", "sentence"),
    [
        refused(np.array([[1.0, np.nan]]), np.ones(1), r"A\[0, 1\] is nan; every entry must be finite"),
        refused(np.ones((2, 1)), np.array([1.0, -np.inf]), r"b\[1\] is -inf; every entry must be finite"),
        refused(
            np.ones((2, 1), complex),
            np.ones(2),
            "b is float64 but A is complex128; both must be float32 or both float64",
        ),
        refused(np.ones((2, 1)), np.ones(2, int), "b is int64; accepted are float32 and float64"),
        refused(np.ones((2, 1)), np.ones(2, np.float32), "b is float32 but A is float64"),
        refused(np.ones((2, 1), np.float16), np.ones(2), "A is float16"),
        refused(np.ones((2, 0)), np.ones(3), "b has 3 rows but A has 2"),
        refused(np.ones((2, 1)), np.ones((2, 0)), r"b has shape \(2, 0\): no right-hand side"),
        refused(np.ones(2), np.ones(2), r"A has 1 dimensions; accepted is a 2-D array"),
        refused(np.ones((2, 1)), np.ones((2, 1, 1)), "b has 3 dimensions"),
        refused(np.ones((2, 1)), np.ones(3), "b has 3 rows but A has 2"),
        refused([[1.0]], np.ones(1), "A is a list"),
    ],
)
def test_bad_input_is_named(oracle: object, A: Array, b: Array, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        oracle.certify(A, b)  # type: ignore[attr-defined]


def test_select() -> None:
    assert [oracle.name for oracle in ORACLES] == ["exact", "verified", "ball", "mpmath"]
    assert select("exact") is ORACLES[0]
    assert select("auto").name == "auto"
    assert select("mpmath").certify(np.ones((1, 1)), np.ones(1)).method == "mpmath"
    with pytest.raises(ValueError, match=r"unknown oracle 'exct'; accepted are auto, exact, verified, ball, mpmath"):
        select("exct")


def test_import_is_light() -> None:
    code = "import sys, oracles; print([name for name in ('scipy', 'jax') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
