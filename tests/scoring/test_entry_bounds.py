"""How far small changes of A and b can move each entry of x: never farther than the bound, and nearly as far."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lamm_robust.oracles import select
from lamm_robust.scoring.evidence import Evidence
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.metrics import entry_bounds, score
from lamm_robust.values import Array, Problem, Verdict
from tests.scoring.test_columnwise import judged
from tests.scoring.test_metrics_exact import Ruler
from tests.support.problems import problem_of
from tests.support.rational import Vector, product, pseudo_inverse

SHAPES = {
    "tall": (5, 3, 3),
    "square": (3, 3, 3),
    "wide": (2, 4, 2),
    "deficient": (5, 4, 2),
    "wide, deficient": (3, 5, 2),
}
"""m, n and rank."""


def drawn(kind: str, seed: int) -> Problem:
    """Whole numbers of a given rank, the columns (rows, if wide) up to 2^8 times as large as others."""
    m, n, rank = SHAPES[kind]
    generator = np.random.default_rng(seed)
    A = generator.integers(-4, 5, (m, rank)) @ generator.integers(-4, 5, (rank, n)) + 0.0
    if rank == min(m, n):
        sizes = 2.0 ** generator.integers(0, 9, min(m, n))
        A = A * sizes if m >= n else A * sizes[:, np.newaxis]
    return problem_of(A, generator.integers(-9, 10, m) + 0.0)


def frame_of(problem: Problem) -> Frame:
    return Frame(problem, select("exact").certify(problem.A, problem.b)).equilibrated


def bounds_of(problem: Problem) -> tuple[Array, Array]:
    """The bounds and x★ in the frame of columns of one size."""
    frame = frame_of(problem)
    evidence = Evidence([(frame, 0)], np.zeros((1, problem.n)))
    return entry_bounds(evidence)[0], evidence.x_star[0]


def solution(A: list[Vector], b: Vector) -> Vector:
    return [product(row, b) for row in pseudo_inverse(A)]


def fractions(A: Array) -> list[Vector]:
    return [[Fraction(value) for value in row] for row in A.tolist()]


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("seed", range(4))
def test_bounds_are_those_of_rational_arithmetic(kind: str, seed: int) -> None:
    problem = drawn(kind, seed)
    truth = select("exact").certify(problem.A, problem.b)
    ruler = Ruler(problem, truth, 0, np.ones(problem.n), scaled=True)
    found, star = bounds_of(problem)
    sizes = [abs(float(value)) or 1.0 for value in ruler.star]
    expected = [float(bound) / size for bound, size in zip(ruler.entry_bounds(), sizes, strict=True)]
    scale = np.where(star == 0.0, np.nan, np.abs(star))  # powers of two lie between the frame and the ruler
    known = ~np.isnan(scale)
    assert known.any()
    assert (found / scale)[known] == pytest.approx(np.array(expected)[known], rel=1e-9)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("seed", range(3))
def test_no_small_change_moves_an_entry_farther_and_some_nearly_so_far(kind: str, seed: int) -> None:
    """Among changes there are those by one direction of A⁺ for each entry, which are the worst of first order."""
    problem = drawn(kind, seed)
    frame = frame_of(problem)
    bounds, star = bounds_of(problem)
    A, b, change = frame.A, frame.b[:, 0], frame.small * frame.u
    inverse = np.linalg.pinv(A, rcond=1e-12)
    generator = np.random.default_rng(seed)
    reached = np.zeros(problem.n)
    for trial in range(4 + problem.n):
        left, right = generator.standard_normal(problem.m), generator.standard_normal(problem.n)
        if trial >= 4:
            left, right = inverse[trial - 4], np.linalg.pinv(A) @ b
        left, right = left / (np.linalg.norm(left) or 1.0), right / (np.linalg.norm(right) or 1.0)
        near = 0.99 * change * frame.sigma_max  # of the same rank: left and right factors change, and nothing else
        E = np.outer(left, right) * near
        keeps = np.linalg.matrix_rank(A) == min(A.shape)
        moved_A = fractions(A + E) if keeps else same_rank(A, left, near)
        moved_b = b - 0.99 * change * np.linalg.norm(b) * left
        moved = solution(moved_A, [Fraction(value) for value in moved_b.tolist()])
        errors = np.abs([float(one - Fraction(other)) for one, other in zip(moved, star.tolist(), strict=True)])
        rounding = 2.0**-50 * np.abs(star).max()
        assert (errors <= bounds + rounding).all()
        reached = np.maximum(reached, errors / np.where(bounds == 0.0, 1.0, bounds))
    assert reached.max() > 0.1


def same_rank(A: Array, left: Array, size: float) -> list[Vector]:
    """(I + vuᵀ)A for a change of A by at most `size`, which keeps the rank, in rational numbers."""
    exact = fractions(A)
    along = np.random.default_rng(1).standard_normal(len(A))
    u = [Fraction(value) for value in (along / np.linalg.norm(along) * size / np.linalg.norm(A, 2)).tolist()]
    row = [product(u, column) for column in zip(*exact, strict=True)]
    v = [Fraction(value) for value in left.tolist()]
    return [[a + v[i] * r for a, r in zip(line, row, strict=True)] for i, line in enumerate(exact)]


# --- what follows for verdicts ------------------------------------------------------------------------------

PAIR = problem_of(
    [[0.0, 1.0, 1.0], [0.0, 0.0, 2e-10], [1e-21, 0.0, 0.0], [1e-21, 0.0, 0.0]], [0.0, 0.0, 1.00005, -0.99995]
)
"""A column at right angles to a nearly parallel pair, and a residual 2·10⁴ times as long as what the column fits."""


@pytest.mark.parametrize("x", [[0.0, 0.0, 0.0], [-1e19, 0.0, 0.0]])
def test_an_ill_conditioned_pair_elsewhere_excuses_no_entry(x: list[float]) -> None:
    assert judged(PAIR, np.array(x)) is Verdict.WRONG


def test_the_column_beside_the_pair_keeps_as_many_digits_as_its_own_residual_leaves() -> None:
    bounds, star = bounds_of(PAIR)
    assert star[1] == star[2] == 0.0
    # 35u, times 2·10⁴ for the residual, is 8e-11; what float64 leaves of a right angle costs some more
    assert 5e-11 < bounds[0] / abs(star[0]) < 1e-3
    assert judged(PAIR, np.array([5e16, 0.0, 0.0])) is Verdict.COLUMNWISE_STABLE
    assert judged(PAIR, np.array([5e16 * (1 + 1e-11), 0.0, 0.0])) is not Verdict.WRONG


def test_an_entry_in_a_row_of_its_own_is_asked_for_in_wide_systems_too() -> None:
    wide = problem_of([[1.0, 0.0, 0.0, 0.0], [1.0, 4e-13, 0.0, 0.0], [0.0, 0.0, 1e-20, 0.0]], [1.0, 1.0, 5e-22])
    assert judged(wide, np.array([1.0, 0.0, 0.0, 0.0])) is Verdict.WRONG
    assert judged(wide, np.array([1.0, 0.0, 0.05, 0.0])) is Verdict.COLUMNWISE_STABLE


def test_close_means_close_by_columns_where_a_as_stored_is_beyond_the_precision() -> None:
    """Nine per cent of orthogonal columns is no rounding, whatever κ as stored makes of Wedin's bound."""
    problem = problem_of([[1.0, 0.0], [0.0, 1e-20]], [1.0, 1e-20])
    x = np.array([1.09, 0.92])
    assert score(Frame(problem, select("exact").certify(problem.A, problem.b)), x)["forward_error"] < 1
    assert judged(problem, x) is Verdict.INACCURATE
