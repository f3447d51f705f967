"""Which rank a cutoff selects, with proofs by hand: every strict inequality on both sides of it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lamm_robust.oracles import select
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.truncation import surely_above, surely_below, truncated_frame
from lamm_robust.values import Array, Ball, NotCertifiedError, Truncation
from tests.support.problems import by_hand, problem_of


def ball(mid: float, radius: float = 0.0) -> Ball:
    return Ball(Fraction(mid), Fraction(radius))


def test_above_and_below_hold_for_every_number_in_the_balls() -> None:
    half = Fraction(1, 2)
    assert surely_above(ball(2.25, 0.125), ball(4, 0.125), half)  # 2.125 > 4.125/2
    assert not surely_above(ball(2.25, 0.125), ball(4, 0.25), half)  # 2.125 = 4.25/2
    assert not surely_above(ball(2.25, 0.25), ball(4, 0.125), half)
    assert surely_below(ball(1.75, 0.125), ball(4, 0.125), half)  # 1.875 < 3.875/2
    assert not surely_below(ball(1.75, 0.125), ball(4, 0.25), half)  # 1.875 = 3.75/2
    assert not surely_below(ball(1.75, 0.25), ball(4, 0.125), half)


PROBLEM = problem_of(np.diag([8.0, 4.0, 1.0, 0.5]), np.ones(4))
"""σ₂ is half of σ₁ in every arithmetic: a cutoff of ½ leaves one, and float64 cannot know that it is right."""

Claims = dict[int, tuple[float, float, float]]
"""Rank → σ₁, the least σ that is kept, and the first that is not, as an oracle may prove them."""


def selected(cutoff: float, claims: Claims, sigma_min: Ball | None = None) -> tuple[int | None, list[int]]:
    """The rank that is selected, and those of which a proof was asked, in that order; without claims none has one."""
    asked: list[int] = []

    def truncate(A: Array, b: Array, rank: int) -> Truncation:
        assert A is PROBLEM.A
        assert b is PROBLEM.b
        asked.append(rank)
        if rank not in claims:
            raise NotCertifiedError("no gap")
        largest, least, following = claims[rank]
        return Truncation(by_hand(PROBLEM, rank, [1.0, 1.0, 1.0, 1.0], 1.0, largest, least), ball(following))

    truth = by_hand(PROBLEM, 4, [0.125, 0.25, 1.0, 2.0], 0.0, 8.0, 0.5)
    if sigma_min:
        object.__setattr__(truth, "sigma_min", sigma_min)
    frame = Frame(PROBLEM, truth)
    found = truncated_frame(PROBLEM, frame, cutoff, truncate)
    assert found is None or (found is frame) == (found.truth.rank == 4)
    return (None if found is None else found.truth.rank), asked


TRUE: Claims = {1: (8, 8, 4), 2: (8, 4, 1), 3: (8, 1, 0.5)}


@pytest.mark.parametrize(
    ("cutoff", "claims", "rank", "asked"),
    [
        (0.75, TRUE, 1, [1]),
        (0.25, TRUE, 2, [2]),
        (0.1, TRUE, 3, [3]),
        (0.05, TRUE, 4, []),
        # at σ₂ = ½·σ₁ exactly there is a doubt on both sides
        (0.5, TRUE, None, [1, 2]),
        (0.5, {1: (8, 8, 3.5), 2: (8, 4.5, 1)}, 1, [1]),  # the nearest rank first,
        (0.5, {2: (8, 4.5, 1)}, 2, [1, 2]),  # then the next larger one,
        (0.25, {1: (8, 8, 1)}, 1, [2, 3, 1]),  # then the next smaller one
        (0.25, {1: (8, 8, 1), 3: (8, 2.5, 1.5)}, 3, [2, 3]),
        (0.25, {}, None, [2, 3, 1]),
        (0.25, {2: (8, 2, 1)}, None, [2, 3, 1]),  # the least that is kept is not above the cutoff
        (0.25, {2: (8, 4, 2)}, None, [2, 3, 1]),  # the first that is not kept is not below it
        (1.0, TRUE, None, [1]),  # nothing is left, of which no truth is asked; nor is σ₁ above itself
    ],
)
def test_a_rank_is_selected_where_nothing_is_in_doubt(
    cutoff: float, claims: Claims, rank: int | None, asked: list[int]
) -> None:
    assert selected(cutoff, claims) == (rank, asked)


def test_the_whole_problem_is_left_only_where_its_least_singular_value_is_surely_kept() -> None:
    # float64 is one off: it sees four above the cutoff, and the proof says that the least is at it
    assert selected(0.05, {}, ball(0.4)) == (None, [3])
    assert selected(0.05, {3: (8, 1, 0.25)}, ball(0.4)) == (3, [3])
    assert selected(0.1, {}, ball(0.9)) == (4, [3])  # and here three, where the proof says four


def test_the_certificate_of_what_is_left_is_that_of_the_oracle() -> None:
    A, b = np.diag([8.0, 1e-9]), np.array([8.0, 1.0])
    problem = problem_of(A, b)
    frame = Frame(problem, select("exact").certify(problem.A, problem.b))
    truncate = select("auto").truncate
    assert truncate is not None
    found = truncated_frame(problem, frame, 1e-8, truncate)
    assert found is not None
    assert (found.truth.rank, float(found.truth.residual_norm[0])) == (1, 1.0)
    assert found.problem is problem
