"""Directions keep the rank of A, have its size, and have the same bits everywhere."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lamm_robust.generators import build_problem
from lamm_robust.generators.parts.directions import with_directions
from lamm_robust.keys import parse_key
from lamm_robust.values import Problem
from tests.support.rational import pseudo_inverse

TEXTS = (
    "exact_rank m=8 n=4 rank=2 log2_cond=4 residual=0.5 seed=0",
    "exact_rank m=4 n=8 rank=1 log2_cond=0 residual=0.5 seed=1",
    "exact_rank m=4 n=4 rank=3 log2_cond=2 residual=0.5 seed=0",
)


def problem(text: str, dtype: str = "float64") -> Problem:
    return with_directions(build_problem(parse_key(f"{text} dtype={dtype}")))


@pytest.mark.parametrize("text", TEXTS)
def test_the_rank_is_kept(text: str) -> None:
    """(I − AA⁺)dA(I − A⁺A) is 0: whole numbers are not rounded."""
    given = problem(text)
    assert given.directions
    A, dA = (np.vectorize(Fraction)(values) for values in (given.A, given.directions.dA))
    plus = np.array(pseudo_inverse(A.tolist()), dtype=object)
    m, n = A.shape
    left, right = np.eye(m, dtype=int) - A @ plus, np.eye(n, dtype=int) - plus @ A
    assert dA.any()
    assert not (left @ dA @ right).any()


@pytest.mark.parametrize("shape", [(), (3,)])
def test_directions_have_the_shapes_the_precision_and_the_size(shape: tuple[int, ...]) -> None:
    b = np.full((8, *shape), 5.0, np.float32)
    given = with_directions(replace(problem(TEXTS[0], "float32"), b=b, directions=None))
    along = given.directions
    assert along
    arrays = (along.dA, along.db, along.c)
    assert [values.shape for values in arrays] == [(8, 4), (8, *shape), (4, *shape)]
    assert {values.dtype.name for values in arrays} == {"float32"}
    assert set(np.abs(along.db).flat) == {4.0}
    assert set(np.abs(along.c).flat) == {1.0}
    assert np.linalg.norm(along.dA) <= 6 * np.linalg.norm(given.A) * np.sqrt(8)
    assert not along.dA.flags.writeable


def test_the_directions_at_nothing_are_none_and_others() -> None:
    """At A = 0 only 0 keeps the rank; where b = 0 it may move."""
    zeros = replace(problem(TEXTS[0]), A=np.zeros((8, 4)), b=np.zeros(8))
    along = with_directions(zeros).directions
    assert along
    assert not along.dA.any()
    assert set(np.abs(along.db)) == {1.0}


@pytest.mark.parametrize(("m", "n", "sides"), [(0, 3, ()), (0, 3, (2,)), (4, 0, ()), (0, 0, ())])
def test_without_entries_there_is_a_direction_for_each_unknown(m: int, n: int, sides: tuple[int, ...]) -> None:
    empty = replace(problem(TEXTS[0]), A=np.zeros((m, n)), b=np.zeros((m, *sides)), directions=None)
    along = with_directions(empty).directions
    assert along
    assert [values.shape for values in (along.dA, along.db, along.c)] == [(m, n), (m, *sides), (n, *sides)]


def test_their_bits_are_the_same_on_every_machine() -> None:
    found = hashlib.sha256()
    for text in TEXTS:
        along = problem(text).directions
        assert along
        for values in (along.dA, along.db, along.c):
            found.update(values.astype("<f8").tobytes())
    assert found.hexdigest()[:16] == "f473d28de9b06432"
