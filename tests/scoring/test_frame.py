"""The scale in which answers are measured: by exact powers of two, and so that nothing over- or underflows."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from lamm_robust.oracles import select
from lamm_robust.scoring.frame import Frame, add_fits, norm
from lamm_robust.scoring.metrics import score
from lamm_robust.values import NotCertifiedError
from tests.support.problems import by_hand, problem_of

TALL = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
X = np.array([[3.0, 0.0, -1.0], [0.5, 0.0, 1.0]])
ROWS = np.array([[1.0, 0.0, 2.0], [3.0, 1.0, 0.0]])


def frame_of(A: npt.ArrayLike, b: npt.ArrayLike) -> Frame:
    problem = problem_of(A, b)
    return Frame(problem, select("exact").certify(problem.A, problem.b))


def largest(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = np.abs(values).max(axis=0)
    return found


def assert_one_scale(frame: Frame, sizes_of_b: list[bool]) -> None:
    """Largest entries in [1/4, 1/2), of b where it is not zero; Ax★ = b, as the problem is consistent."""
    assert 0.25 <= np.abs(frame.A).max() < 0.5
    assert [0.25 <= size < 0.5 for size in largest(frame.b)] == sizes_of_b
    assert np.array_equal(frame.A @ frame.x_star.sum(axis=0), frame.b)


@pytest.mark.parametrize("a", [-1000, 0, 1000])
@pytest.mark.parametrize("b", [-900, 0, 900])
@pytest.mark.parametrize("columns", [[0, 0], [0, 20], [9, -9]])
def test_largest_entries_are_in_one_place_and_zeros_do_not_count(a: int, b: int, columns: list[int]) -> None:
    A = np.ldexp(TALL, a + np.array(columns))
    frame = frame_of(A, np.ldexp(TALL @ X, b + np.array([0, 0, 60])))
    assert_one_scale(frame, [True, False, True])
    assert_one_scale(frame.equilibrated, [True, False, True])
    assert (frame.equilibrated is frame) == (columns == [0, 0])
    assert largest(frame.equilibrated.A).tolist() == [0.25, 0.25]


@pytest.mark.parametrize("rows", [[0, 0], [0, 20], [9, -9]])
def test_rows_of_wide_systems_are_brought_to_one_size(rows: list[int]) -> None:
    A = np.ldexp(ROWS, np.array(rows)[:, np.newaxis])
    frame = frame_of(A, A @ np.ldexp(ROWS.T, [0, 500]))
    for one in (frame, frame.equilibrated):
        assert 0.25 <= np.abs(one.A).max() < 0.5
        assert all((largest(one.b) >= 0.25) & (largest(one.b) < 0.5))
        assert one.A @ one.x_star[0] == pytest.approx(one.b, rel=1e-15)
    ratio = np.abs(frame.equilibrated.A).max(axis=1)
    assert 0.5 <= ratio[0] / ratio[1] <= 2


def test_a_zero_matrix_and_a_zero_right_hand_side_have_the_exponent_one() -> None:
    frame = frame_of(np.zeros((3, 2)), np.zeros((3, 2)))
    assert frame.a_exponent == 1
    assert frame.b_exponents.tolist() == [1, 1]
    assert frame.x_shifts.tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("scale", [-900, 900])
def test_scores_of_a_matrix_with_zeros_do_not_depend_on_its_scale(scale: int) -> None:
    A, b, x = np.array([[1.0, 0.0], [0.0, 3.0], [1.0, 0.0]]), np.array([1.0, 2.0, 4.0]), np.array([2.0, 1.0])
    assert score(frame_of(np.ldexp(A, scale), b), np.ldexp(x, -scale)) == score(frame_of(A, b), x)


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        ([3e-320, 4e-320], 5e-320),
        ([0.0, 0.0], 0.0),
        ([3e300, -4e300], 5e300),
        ([1.7e308, 1.7e308], math.inf),
        ([-math.inf, 1e200, 0.0], math.inf),
        ([math.nan, 1.0], math.nan),
    ],
)
def test_a_norm_over_the_whole_range_warns_of_nothing(vector: list[float], expected: float) -> None:
    assert float(norm(np.array(vector))) == pytest.approx(expected, rel=1e-3, abs=0, nan_ok=True)


def test_a_norm_has_the_same_bits_wherever_its_vectors_lie() -> None:
    vectors = np.random.default_rng(1).standard_normal((5, 1000))
    expected = [norm(vector) for vector in vectors]
    for laid in (vectors, np.asfortranarray(vectors), np.repeat(vectors, 2, axis=1)[:, ::2]):
        assert norm(laid).tolist() == expected


def test_fits_have_the_same_bits_in_a_stack_and_alone_and_are_exact_to_every_part() -> None:
    generator = np.random.default_rng(2)
    B = generator.standard_normal((7, 2))
    matrices = [generator.standard_normal((7, 3)) * size for size in (1.0, 1e-30, [1.0, 0.25, 2.0])]
    matrices += [np.linalg.matrix_power(np.eye(7) / 3, 3)[:, :3]]
    stacked, alone = ([frame_of(A, B * A[0, 0]) for A in matrices] for _ in range(2))
    assert len({frame.layout for frame in stacked}) == 1
    add_fits([*stacked, *stacked])
    for one, other in zip(stacked, alone, strict=True):
        assert "fit_star" in vars(one)
        assert one.fit_star.tobytes() == other.fit_star.tobytes()
        for j in range(2):
            x = [sum(map(Fraction, parts), Fraction(0)) for parts in one.x_star[:, :, j].T.tolist()]
            for row, parts in zip(one.A.tolist(), one.fit_star[:, :, j].T.tolist(), strict=True):
                right = sum((Fraction(a) * v for a, v in zip(row, x, strict=True)), Fraction(0))
                assert abs(sum(map(Fraction, parts), Fraction(0)) - right) <= Fraction(1, 2**180) * max(map(abs, x))


def test_the_largest_condition_number_that_a_frame_takes_is_2_to_the_900() -> None:
    problem = problem_of(np.diag([2.0**450, 2.0**-450]), [2.0**450, 2.0**-450])
    assert Frame(problem, by_hand(problem, 2, [1.0, 1.0], 0.0, 2.0**450, 2.0**-450)).kappa == 2.0**900
    with pytest.raises(NotCertifiedError, match="beyond 2"):
        Frame(problem, by_hand(problem, 2, [1.0, 1.0], 0.0, 2.0**450 * (1 + 2.0**-52), 2.0**-450))
