"""Complex arrays through an attempt, the pipe, and every layout; answers of another kind are bad output."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lamm_robust.storage.packing import pack_problem, unpack_problem
from lamm_robust.values import COMPLEX, Cause, Outcome, Precision, Problem, Status
from lamm_robust.workers.attempt import attempt
from lamm_robust.workers.layouts import LAYOUTS
from lamm_robust.workers.wire import pack_outcome, unpack_outcome
from tests.support.planted import PLANTED, SOLVERS
from tests.support.problems import problem_of


def small(dtype: Precision = "complex128") -> Problem:
    return problem_of([[1, 1j], [2j, 3], [1 + 1j, 0]], [1, 2j, 3 - 1j], dtype)


def by(answer: Any, dtype: Precision = "complex128") -> Outcome:
    """The attempt of a solver that returns what this function makes of the right answer."""

    def solve(A: Any, b: Any) -> tuple[Any, None]:
        return answer(np.linalg.lstsq(A, b)[0]), None

    return attempt(PLANTED, replace(SOLVERS["lstsq"], solve=solve), small(dtype), "cpu")


@pytest.mark.parametrize("dtype", COMPLEX)
def test_a_good_answer_comes_back_as_it_is(dtype: Precision) -> None:
    outcome = by(lambda x: x, dtype)
    assert (outcome.status, outcome.cause, outcome.repeatable) == (Status.SOLVED, Cause.NONE, True)
    number, sent = unpack_outcome(pack_outcome(3, outcome))
    assert number == 3
    assert outcome.x is not None
    assert sent.x is not None
    assert (sent.x.dtype.name, sent.x.tobytes()) == (dtype, outcome.x.tobytes())
    again = unpack_problem(small(dtype).key, pack_problem(small(dtype)))
    assert again.digest == small(dtype).digest


def test_answers_of_another_kind_are_bad_output() -> None:
    real = by(lambda x: x.real)
    assert (real.status, real.message) == (Status.BAD_OUTPUT, "x is float64, expected complex128")
    assert real.cause is Cause.NONE
    single = by(lambda x: x.astype("complex64"))
    assert (single.status, single.cause) == (Status.BAD_OUTPUT, Cause.FLOAT32)
    double = by(lambda x: x.astype("complex128"), "complex64")
    assert (double.status, double.message) == (Status.BAD_OUTPUT, "x is complex128, expected complex64")
    split = by(lambda x: np.stack([x.real, x.imag]))
    assert split.message == "x has shape (2, 2), expected (2,)"


def test_twice_the_digits_are_rounded_where_the_contract_allows_it() -> None:
    loose = replace(SOLVERS["lstsq"], contract=replace(SOLVERS["lstsq"].contract, exact_dtype=False))

    def solve(A: Any, b: Any) -> tuple[Any, None]:
        return np.linalg.lstsq(A.astype("complex128"), b.astype("complex128"))[0], None

    outcome = attempt(PLANTED, replace(loose, solve=solve), small("complex64"), "cpu")
    assert (outcome.status, outcome.cause) == (Status.SOLVED, Cause.FLOAT64)
    assert outcome.x is not None
    assert outcome.x.dtype.name == "complex64"


def test_layouts_are_of_the_same_complex_numbers() -> None:
    for layout in LAYOUTS:
        for array in (small().A, small().b):
            assert np.array_equal(layout.copy(array), array)
    strided = LAYOUTS[1].copy(small().A)
    assert strided.base is not None
    assert np.isnan(strided.base).any()

    def conjugates_strided(A: Any, b: Any) -> tuple[Any, None]:
        x = np.linalg.lstsq(A, b)[0]
        return (x if A.flags.c_contiguous or A.flags.f_contiguous else x.conj()), None

    outcome = attempt(PLANTED, replace(SOLVERS["lstsq"], solve=conjugates_strided), small(), "cpu")
    assert outcome.cause is Cause.LAYOUT
    assert "for strided arrays" in outcome.message
