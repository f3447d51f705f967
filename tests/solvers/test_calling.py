"""How a function of the user's own is called: whose arrays it gets, alone or among neighbours, and where it raised."""

from __future__ import annotations

import functools
import inspect
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from click.testing import CliRunner

from lamm_robust.check.terms import Terms
from lamm_robust.cli.main import main
from lamm_robust.solvers.calling import BATCHES, Calling
from lamm_robust.solvers.signature import why_not_callable
from lamm_robust.solvers.user import as_solve
from lamm_robust.testing import check_here, check_solver
from lamm_robust.values import Array, Deficiency, FormError, Number

B = np.arange(12.0)


@pytest.mark.parametrize("arrays", ["jax", "torch"])
def test_a_function_gets_the_arrays_that_it_wants(arrays: Any) -> None:
    library = pytest.importorskip(arrays)
    kind = library.Array if arrays == "jax" else library.Tensor
    seen = []

    def solve(A: Any, b: Any) -> Any:
        seen.append((isinstance(A, kind), isinstance(b, kind), tuple(A.shape)))
        return b[: A.shape[1]]

    A = np.asfortranarray(np.ones((12, 3), np.float32))
    x, _ = as_solve(solve, calling=Calling(arrays))(A, B.astype(np.float32))
    assert seen == [(True, True, (12, 3))]
    assert x.tolist() == [0, 1, 2]


class Object:
    """A solver that is an object, or its method."""

    def __call__(self, A: Array, b: Array) -> Array:
        """x."""
        return in_turn(A, b)

    def solve(self, A: Array, b: Array) -> Array:
        """x."""
        return in_turn(A, b)


def of_three(A: Array, b: Array, rcond: float) -> Array:
    """A solver with a third argument that has no default."""
    return in_turn(A, b) * rcond


@functools.wraps(of_three)
def with_the_third(A: Array, b: Array) -> Array:
    """… that is given here, though by its looks this has three, too."""
    return of_three(A, b, 1.0)


def signed(A: Array, b: Array) -> Array:
    """… the same without a trace of what is called; wrapt does so."""
    return with_the_third(A, b)


signed.__signature__ = inspect.signature(of_three)  # type: ignore[attr-defined]

CALLABLE: dict[str, tuple[Any, Number, bool]] = {
    "an object": (Object(), Number.X, False),
    "its method": (Object().solve, Number.X, False),
    "with a default": (np.linalg.lstsq, Number.X, False),
    "any arguments": (lambda *arguments: arguments, Number.X, False),
    "partial": (functools.partial(of_three, rcond=1), Number.X, False),
    "wrapped": (with_the_third, Number.X, False),
    "with the signature of another": (signed, Number.X, False),
    "in C": (max, Number.X, False),
    "with λ": (of_three, Number.X, True),
    "of A": (np.linalg.pinv, Number.PINV, False),
    "of A and b": (of_three, Number.RANK, True),
}


@pytest.mark.parametrize("which", CALLABLE)
def test_what_can_be_called_is_no_fault(which: str) -> None:
    function, returns, ridge = CALLABLE[which]
    assert not why_not_callable("f", function, returns, ridge=ridge)


@pytest.mark.parametrize(
    ("function", "returns", "ridge", "words"),
    [
        (lambda: 0, Number.X, False, "f() cannot be called as f(A, b): too many positional arguments"),
        (of_three, Number.X, False, "f(A, b, rcond) cannot be called as f(A, b): missing a required argument: 'rcond"),
        (of_three, Number.RANK, False, "as f(A) or f(A, b): missing a required argument: 'rcond'"),
        (lambda A, b: A, Number.X, True, "f(A, b) cannot be called as f(A, b, λ): too many positional arguments"),
        (lambda A, *, c: A, Number.X, False, "f(A, *, c) cannot be called as f(A, b): too many positional arguments"),
        (lambda A, b, *, c: A, Number.X, False, "missing a required argument: 'c'"),
        (
            Object.solve,
            Number.X,
            False,
            "f(self, A, b) cannot be called as f(A, b): missing a required argument: 'b'; ",
        ),
    ],
)
def test_why_a_function_cannot_be_called(function: Any, returns: Number, ridge: bool, words: str) -> None:
    assert words in why_not_callable("f", function, returns, ridge=ridge)


def test_check_solver_refuses_what_cannot_be_called() -> None:
    with pytest.raises(
        ValueError, match=r"solver is no function of A and b: of_three\(A, b, rcond\) cannot be called as f\(A, b\)"
    ):
        check_solver(of_three)


FIRST = "x is the first item of the returned tuple, and has shape (), expected (1,)"


def test_the_first_item_of_a_tuple_that_is_not_x_is_named() -> None:
    found = check_here(lambda A, b: (0.0, np.linalg.lstsq(A, b, rcond=None)[0]), Terms(families=("degenerate",)))
    assert FIRST in {failure.why for failure in found.failures}
    usual = check_here(lambda A, b: (np.linalg.lstsq(A, b, rcond=None)[0], 0.0), Terms(families=("degenerate",)))
    assert not usual.failures


@pytest.mark.parametrize(("returned", "is_named"), [((0.0, B[:1]), True), ([0.0, 1.0], False), (0.0, False)])
@pytest.mark.parametrize("batched", [False, True])
def test_only_of_a_tuple_is_the_first_item_x(returned: Any, is_named: bool, batched: bool) -> None:
    def solve(A: Array, b: Array) -> Any:
        return tuple([one] * len(A) for one in returned) if batched and is_named else returned

    called = as_solve(solve, calling=Calling(batched=batched))
    if is_named:
        with pytest.raises(FormError, match=re.escape(FIRST)):
            called(np.ones((3, 1)), B[:3])
    else:
        called(np.ones((3, 1)), B[:3])


class Pair(NamedTuple):
    """A tuple that has a name for x, as results of PyTorch have."""

    solution: Any
    iterations: int


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ((), "x has shape (0,), expected (1,)"),
        ((None, 3), "x is no array of numbers: None"),
        (None, "x is no array of numbers: None"),
        (Pair(B[:3], 3), "x has shape (3,), expected (1,)"),
    ],
)
@pytest.mark.parametrize("batched", [False, True])
def test_what_has_no_first_item_that_is_x_is_named_as_it_came(returned: Any, said: str, batched: bool) -> None:
    terms = Terms(families=("degenerate",), one_right_side=True, batched=batched)
    found = check_here(lambda A, b: returned, terms)
    assert {failure.why for failure in found.failures if failure.record.n == 1} == {said}


def in_turn(A: Array, b: Array) -> Array:
    """A batched solver that is as good as NumPy's."""
    return np.stack([np.linalg.lstsq(each, right, rcond=None)[0] for each, right in zip(A, b, strict=True)])


def by_one_cutoff(A: Array, b: Array) -> Array:
    """… that takes singular values for zero beside the largest one of the whole batch."""
    U, sigma, V = np.linalg.svd(A, full_matrices=False)
    kept = sigma > np.finfo(A.dtype).eps * max(A.shape[1:]) * sigma.max(initial=0)
    inverse = np.where(kept, 1 / np.where(kept, sigma, 1), 0)
    X = np.swapaxes(V, 1, 2) @ (inverse[..., None] * (np.swapaxes(U, 1, 2) @ b.reshape(*A.shape[:2], -1)))
    return X.reshape(len(A), A.shape[2], *b.shape[2:])


def first_only(A: Array, b: Array) -> Array:
    """… that returns the first answer for all."""
    return np.stack([in_turn(A[:1], b[:1])[0]] * len(A))


def wrong_when_many(A: Array, b: Array) -> Array:
    """… that goes wrong beyond 32 matrices."""
    return in_turn(A, b) * (1.5 if len(A) > 32 else 1)


def mixes_axes(A: Array, b: Array) -> Array:
    """… that has the batch on the last axis."""
    return np.moveaxis(in_turn(A, b), 0, -1)


FAMILIES = ("spectrum", "right_sides", "exact_rank")


def test_a_batched_solver_is_judged_among_neighbours() -> None:
    check_solver(in_turn, families=FAMILIES, batched=True)
    with pytest.raises(AssertionError, match="takes several|x has shape|raised"):
        check_solver(in_turn, families=FAMILIES)  # which it is not if it is called with one matrix


@pytest.mark.parametrize("planted", [by_one_cutoff, first_only, wrong_when_many, mixes_axes])
def test_batched_solvers_that_go_wrong_fail(planted: Any) -> None:
    with pytest.raises(AssertionError, match=planted.__name__):
        check_solver(planted, families=FAMILIES, batched=True)


def test_neighbours_are_of_full_rank_where_that_is_promised() -> None:
    sizes: set[int] = set()
    is_less: set[bool] = set()

    def seen(A: Array, b: Array) -> Array:
        ranks = [np.linalg.matrix_rank(each) for each in A]
        sizes.add(len(A))
        is_less.update(bool(rank < ranks[len(A) // 2]) for rank in ranks)
        return in_turn(A, b)

    terms = Terms(contract=Deficiency.FULL_RANK_ONLY, batched=True, families=("spectrum",))
    check_here(seen, terms)
    assert sizes == set(BATCHES)
    assert is_less == {False}
    check_here(seen, replace(terms, contract=Deficiency.MINIMUM_NORM))
    assert is_less == {False, True}


def test_where_a_function_raised_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("\n\n\ndef solve(A, b):\n    return 1 / int(A[0, 0] - 1)\n")
    done = CliRunner().invoke(main, ["check", "mine.py:solve", "--only", "raw A=1;1 b=1,3 dtype=float64"])
    assert "(mine.py, line 5)" in done.stdout
    missing = CliRunner().invoke(main, ["check", "mine.py:solve", "--batched", "--script", "--only", "raw A=1 b=1"])
    assert missing.exit_code == 2
    assert "--script is of a function of NumPy arrays, of one problem at a time" in missing.stderr
