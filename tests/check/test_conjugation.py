"""Mistakes with conjugates: each is named by its own sentence, and other mistakes by none of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
import pytest
import scipy.linalg

from lamm_robust import catalog
from lamm_robust.check.command import replay_line
from lamm_robust.check.conjugation import LEAST, MISTAKES, mistake_of, mistakes_in
from lamm_robust.check.judgement import Judgement
from lamm_robust.check.reasons import CONJUGATE
from lamm_robust.check.terms import Terms
from lamm_robust.testing import check_here
from lamm_robust.values import Array, Deficiency, Precision

Function = Callable[[Array, Array], Array]

FAMILIES = ("spectrum", "lamm", "raw")


def right(A: Array, b: Array) -> Array:
    return np.asarray(np.linalg.lstsq(A, b, rcond=None)[0])


def gram(A: Array, b: Array) -> Array:
    return np.asarray(np.linalg.solve(A.T @ A, A.T @ b))


def gram_alone(A: Array, b: Array) -> Array:
    return np.asarray(np.linalg.solve(A.T @ A, A.conj().T @ b))


def by_cholesky(A: Array, b: Array) -> Array:
    """The right Gram matrix, and Aᵀb beside it."""
    factors = scipy.linalg.cho_factor(A.conj().T @ A)
    return np.asarray(scipy.linalg.cho_solve(factors, A.T @ b))


def by_qr(A: Array, b: Array) -> Array:
    Q, R = scipy.linalg.qr(A, mode="economic")
    return np.asarray(scipy.linalg.solve_triangular(R, Q.T @ b))


TRANSPOSES = "transposes without conjugating: "

GUILTY: Mapping[Function, str] = {
    gram: TRANSPOSES + "Aᵀ in the place of Aᴴ",
    gram_alone: TRANSPOSES + "AᵀA in the place of AᴴA (AAᵀ, if wide)",
    by_cholesky: TRANSPOSES + "Aᵀb in the place of Aᴴb (Aᵀy, if wide)",
    by_qr: TRANSPOSES + "Qᵀb in the place of Qᴴb",
    lambda A, b: right(A, b).conj(): "x is the conjugate of the answer",
    lambda A, b: right(A.conj(), b): "solves the problem with the conjugate of A",
    lambda A, b: right(A, b.conj()): "solves the problem with the conjugate of b",
    lambda A, b: right(A, b).real.astype(A.dtype): "x is the real part of the answer",
    lambda A, b: right(A.real, b).astype(A.dtype): "solves the problem with the real part of A",
    lambda A, b: right(A, b.real): "solves the problem with the real part of b",
}
"""Each → what is said of it."""


def twice(A: Array, b: Array) -> Array:
    """What dropping Im A returns at one problem of these."""
    return 2 * right(A, b)


def turned(A: Array, b: Array) -> Array:
    return np.asarray(1j * right(A, b), A.dtype)


def parts_apart(A: Array, b: Array) -> Array:
    return (right(A.real, b.real) + 1j * right(A.imag, b.imag)).astype(A.dtype)


def cholesky(A: Array, b: Array) -> Array:
    """Normal equations as they should be, which lose digits."""
    factors = scipy.linalg.cho_factor(A.conj().T @ A)
    return np.asarray(scipy.linalg.cho_solve(factors, A.conj().T @ b))


def ridge(A: Array, b: Array) -> Array:
    gram = A.conj().T @ A
    return np.asarray(np.linalg.solve(gram + A.dtype.type(1e-3) * np.eye(len(gram)), A.conj().T @ b)).astype(A.dtype)


def fewer_bits(A: Array, b: Array) -> Array:
    return right(np.round(A * 2.0**10) / 2.0**10, b).astype(A.dtype)


truths = lru_cache(catalog.truths)
"""The same truths for all, since proving them takes most of the time."""


@pytest.fixture
def checked(precision: Precision, monkeypatch: pytest.MonkeyPatch) -> Callable[[Function], Judgement]:
    """A function that judges solvers at the same problems."""
    monkeypatch.setattr(catalog, "truths", truths)
    terms = Terms(Deficiency.FULL_RANK_ONLY, precision=precision, profile="quick", families=FAMILIES)
    return lambda function: check_here(function, terms)


@pytest.mark.complex
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::scipy.linalg.LinAlgWarning")
@pytest.mark.parametrize("function", GUILTY, ids=list(GUILTY.values()))
def test_a_mistake_is_named(function: Function, checked: Callable[[Function], Judgement]) -> None:
    found = checked(function)
    named = [failure for failure in found.failures if failure.reason.name == CONJUGATE]
    assert Counter(failure.why for failure in named).keys() == {GUILTY[function]}
    assert len(named) >= LEAST
    assert replay_line(found, named[0]).count("--only") >= LEAST


@pytest.mark.complex
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::scipy.linalg.LinAlgWarning")
@pytest.mark.parametrize("function", [right, twice, turned, parts_apart, cholesky, ridge, fewer_bits])
def test_nothing_else_is_named_so(function: Function, checked: Callable[[Function], Judgement]) -> None:
    reasons = Counter(failure.reason.name for failure in checked(function).failures)
    assert bool(reasons) == (function is not right)
    assert CONJUGATE not in reasons


def test_every_mistake_makes_another_x() -> None:
    chance = np.random.default_rng(0)
    A, b = (chance.standard_normal((2, *size)) for size in ((5, 3), (5,)))
    A, b = (np.asarray(parts[0] + 1j * parts[1]) for parts in (A, b))
    star = right(A, b)
    for says, solve in MISTAKES:
        x = solve(A, b)
        away = float(np.linalg.norm(x - star))
        assert away > 0.1
        assert mistakes_in(A, b, x, away) == {says}
    assert not mistakes_in(A, b, star + 1e-8, 1e-8)


def test_the_mistake_of_a_wide_matrix() -> None:
    chance = np.random.default_rng(1)
    A, b = (chance.standard_normal((2, *size)) for size in ((3, 5), (3,)))
    A, b = (np.asarray(parts[0] + 1j * parts[1]) for parts in (A, b))
    x = A.T @ np.linalg.solve(A @ A.T, b)
    assert mistakes_in(A, b, x, float(np.linalg.norm(x - right(A, b)))) == {TRANSPOSES + "Aᵀ in the place of Aᴴ"}


def test_it_takes_several_failures_and_nearly_all() -> None:
    one, other = frozenset({MISTAKES[0][0]}), frozenset({MISTAKES[-1][0]})
    assert mistake_of([one, one, None]) is None
    assert mistake_of([one, one, one, None]) == MISTAKES[0][0]
    assert mistake_of([one] * 5 + [other]) is None
    assert mistake_of([]) is None
