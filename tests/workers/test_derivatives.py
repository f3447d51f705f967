"""Derivatives that a library returns, refuses, or returns in another form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lamm_robust.storage.packing import pack_problem, unpack_problem
from lamm_robust.values import Differentiate, Directions, Library, Outcome, Problem, Status
from lamm_robust.workers.derivatives import derivatives_fault, most_bytes, with_derivatives
from lamm_robust.workers.wire import WireError, pack_outcome, unpack_outcome
from tests.support.planted import PLANTED, SOLVERS
from tests.support.problems import problem_of

SOLVED = Outcome(Status.SOLVED, x=np.ones(2), message="before", spent=1.0)


def asked() -> Problem:
    given = problem_of([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]], [1.0, 2.0, 3.0])
    return replace(given, directions=Directions(given.A + 1, given.b + 1, np.array([1.0, -1.0])))


def library(**ways: Differentiate) -> Library:
    return replace(PLANTED, differentiate=lambda _: ways)


def derived(problem: Problem | None = None, outcome: Outcome = SOLVED, **ways: Any) -> Outcome:
    return with_derivatives(outcome, library(**ways), SOLVERS["lstsq"], problem or asked(), "cpu")


def returns(*shapes: tuple[int, ...], dtype: str = "float64") -> Callable[..., Any]:
    return lambda *_: tuple(np.ones(shape, dtype) for shape in shapes)


def test_each_way_is_called_with_the_problem_and_its_directions() -> None:
    seen: list[Any] = []

    def vjp(*arrays: Any) -> tuple[Any, Any]:
        seen[:] = arrays
        return arrays[0] * 2, arrays[1] * 3

    given = asked()
    found = derived(given, vjp=vjp, jvp=returns((2,), (2,)))
    assert given.directions
    expected = (given.A, given.b, given.directions.dA, given.directions.db, given.directions.c)
    assert all(map(np.array_equal, seen, expected))
    assert set(found.derivatives) == {"vjp_A", "vjp_b", "jvp_A", "jvp_b"}
    assert np.array_equal(found.derivatives["vjp_A"], 2 * given.A)
    assert (found.x is SOLVED.x, found.message) == (True, "before")
    assert found.spent > SOLVED.spent


def raises(*_: Any) -> Any:
    raise NotImplementedError("no rule\nfor geqp3")


@pytest.mark.parametrize(
    ("vjp", "said"),
    [
        (raises, "no vjp: NotImplementedError: no rule for geqp3"),
        (returns((3, 2), (2,)), "no vjp: vjp_b has shape (2,) in float64, expected (3,)"),
        (returns((3, 2), (3,), dtype="float32"), "no vjp: vjp_A has shape (3, 2) in float32, expected (3, 2)"),
        (lambda *_: (None, None), "no vjp: "),
    ],
)
def test_what_is_no_derivative_is_left_out_and_said(vjp: Differentiate, said: str) -> None:
    found = derived(vjp=vjp, jvp=returns((2,), (2,)))
    assert set(found.derivatives) == {"jvp_A", "jvp_b"}
    assert found.message.startswith(f"before; {said}")
    assert found.status is Status.SOLVED


def test_nobody_is_differentiated_who_was_not_asked_or_has_no_answer() -> None:
    crashed = Outcome(Status.CRASHED)
    assert derived(replace(asked(), directions=None), vjp=raises) is SOLVED
    assert derived(outcome=crashed, vjp=raises) is crashed
    assert with_derivatives(SOLVED, PLANTED, SOLVERS["lstsq"], asked(), "cpu") is SOLVED


def test_memory_that_is_exhausted_is_no_missing_derivative() -> None:
    def takes_all(*_: Any) -> Any:
        raise MemoryError

    with pytest.raises(MemoryError):
        derived(vjp=takes_all)


# --- the wire -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [None, np.ones(2)])
def test_derivatives_cross_the_wire_by_name(x: Any) -> None:
    values = {"vjp_A": np.array([[1.0, np.nan], [-0.0, np.inf]]), "jvp_b": np.array([2.0, 3.0])}
    _, found = unpack_outcome(pack_outcome(7, replace(SOLVED, x=x, derivatives=values)))
    assert list(found.derivatives) == ["vjp_A", "jvp_b"]
    assert all(found.derivatives[name].tobytes() == values[name].tobytes() for name in values)
    assert (found.x is None) == (x is None)


def test_names_and_arrays_that_do_not_fit_are_no_outcome() -> None:
    from lamm_robust.storage.packing import pack, unpack

    head, arrays = unpack(pack_outcome(7, replace(SOLVED, x=None, derivatives={"jvp_A": np.ones(2)})))
    for names in ([], ["jvp_A", "jvp_b"], [1], "jvp_A", None):
        with pytest.raises(WireError):
            unpack_outcome(pack({**head, "derivatives": names}, *arrays, *([np.ones(2)] if not names else [])))


def test_problems_cross_with_their_directions() -> None:
    given = asked()
    again = unpack_problem(given.key, pack_problem(given))
    assert given.directions
    assert again.directions
    for name in ("dA", "db", "c"):
        assert np.array_equal(getattr(given.directions, name), getattr(again.directions, name))
    plain = replace(given, directions=None)
    assert unpack_problem(given.key, pack_problem(plain)).directions is None


def test_the_parent_knows_what_it_asked_for() -> None:
    given = asked()
    assert derivatives_fault(given, {"vjp_A": np.ones((3, 2))}) == ""
    assert derivatives_fault(given, {"vjp_C": np.ones((3, 2))}) == "a derivative called 'vjp_C'"
    unasked = replace(given, directions=None)
    assert derivatives_fault(unasked, {"vjp_A": np.ones((3, 2))}) == "derivatives that nobody asked for"
    assert most_bytes(unasked) == 0
    assert most_bytes(given) == 8 * (2 + 2 + 2 * (6 + 3))
