"""Edge cases are told by the numbers alone, on either side of where squares over- and underflow, and counted apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lamm_robust.oracles import select
from lamm_robust.reports.grading import is_edge, is_failure, is_graded
from lamm_robust.reports.row import row
from lamm_robust.scoring.edges import edge_of
from lamm_robust.values import Array, Edge, Precision, Verdict
from tests.support.problems import problem_of
from tests.support.records import RECORD


def edge(A: Array, b: Array) -> Edge:
    problem = problem_of(A, b, "float32" if A.dtype == np.float32 else "float64")
    return edge_of(problem, select("exact").certify(problem.A, problem.b))


LIMITS: list[tuple[Precision, int, int]] = [("float32", -63, 63), ("float64", -511, 511)]
"""log₂ of the largest and smallest numbers whose squares are normal numbers."""


@pytest.mark.parametrize(("dtype", "least", "most"), LIMITS)
def test_squares_that_are_normal_numbers_are_no_edge(dtype: Precision, least: int, most: int) -> None:
    one = np.ones((1, 1), dtype)
    for inside, outside in ((least, least - 1), (most, most + 1)):
        for exponents, expected in (((inside, inside), Edge.NONE), ((outside, outside), Edge.SCALE)):
            a, c = (np.ldexp(one, e) for e in exponents)
            assert edge(a, c[0]) is expected  # x★ = 1
        a, c = np.ldexp(one, inside // 2), np.ldexp(one, outside)
        assert edge(a, c[0]) is Edge.SCALE  # b alone
        assert edge(c, a[0]) is Edge.SCALE  # A alone
    # squares between the smallest normal number and half of that, and just below where they overflow
    for exponent, expected in ((least - 0.25, Edge.SCALE), (most + 0.75, Edge.NONE)):
        a = np.array([[2.0**exponent]], dtype)
        assert edge(a, a[0]) is expected


@pytest.mark.parametrize(("dtype", "least", "most"), LIMITS)
def test_the_answer_alone_may_be_extreme(dtype: Precision, least: int, most: int) -> None:
    one = np.ones((1, 1), dtype)
    assert edge(np.ldexp(one, -most // 2), np.ldexp(one, most // 2)[0]) is Edge.NONE  # x★ = 2^most
    assert edge(np.ldexp(one, -most // 2 - 1), np.ldexp(one, most // 2 + 1)[0]) is Edge.SCALE


def test_sums_overflow_before_single_squares_do() -> None:
    single = np.ldexp(np.ones((1, 1)), 511)
    assert edge(single, single[0]) is Edge.NONE
    four = np.ones((4, 1))
    assert edge(np.ldexp(four, 511), np.ones(4)) is Edge.SCALE
    for exponent, expected in ((510, Edge.NONE), (511, Edge.SCALE)):
        assert edge(np.ldexp(four, 100), np.ldexp(four[:, 0], exponent)) is expected  # b alone
        assert edge(np.ldexp(four.T, -200), np.ldexp([1.0], exponent - 198)) is expected  # x★ alone, 2^exponent


def test_the_sign_does_not_count() -> None:
    A = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert edge(A, np.array([-1.0, -2.0])) is Edge.NONE
    assert edge(A, np.array([1.0, -(2.0**600)])) is Edge.SCALE


def test_each_right_hand_side_counts_and_zeros_do_not() -> None:
    A = np.eye(3, 2)
    assert edge(A, np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])) is Edge.NONE
    assert edge(A, np.array([[1.0, 1e-200], [2.0, 0.0], [3.0, 0.0]])) is Edge.SCALE
    assert edge(np.zeros((2, 2)), np.zeros(2)) is Edge.NONE


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_empty_matrices(shape: tuple[int, int]) -> None:
    assert edge(np.zeros(shape), np.ones(shape[0])) is Edge.EMPTY


def test_they_have_a_count_of_their_own() -> None:
    wrong = replace(RECORD, verdict=Verdict.WRONG, edge=Edge.SCALE, scores={"backward_error": 1e9})
    right = replace(RECORD, edge=Edge.EMPTY, kappa=float("nan"), kappa_columns=float("nan"))
    crashed = replace(RECORD, verdict=Verdict.CRASHED, edge=Edge.EMPTY, scores={})
    plain = replace(RECORD, scores={"backward_error": 2.0})
    outside = replace(RECORD, verdict=Verdict.OUT_OF_CONTRACT, edge=Edge.SCALE)
    assert [is_edge(r) for r in (wrong, right, crashed, plain, outside)] == [True, True, True, False, False]
    assert [is_graded(r) for r in (wrong, plain)] == [False, True]
    assert [is_failure(r) for r in (wrong, right, crashed, plain, outside)] == [False, False, True, False, False]
    said = row([plain, wrong, right, crashed, outside], 1.0)
    assert (said.edges_passed, said.edges_total) == (1, 3)
    assert (said.stability, said.silent_failures, said.failures) == ("backward stable", 1, 1)
    assert said.worst_backward_error == 2.0
