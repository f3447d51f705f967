"""Related columns: the relation, the rank and the residual of the stored bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flint
import numpy as np
import pytest

from lamm_robust.generators.columns import PATTERNS, POSITIONS, build, grid
from lamm_robust.generators.parts.integer_designs import (
    MAX_COLUMNS,
    MAX_RESIDUAL,
    MIN_RESIDUAL,
)
from lamm_robust.oracles import select
from lamm_robust.values import PRECISIONS, Array, Precision
from tests.support.problems import fit_ratio

EXACT = select("exact")

RELATED: dict[str, tuple[int, Callable[[Array], bool]]] = {
    "duplicate": (2, lambda c: np.array_equal(c[:, 0], c[:, 1])),
    "affine": (3, lambda c: np.array_equal(c[:, 1], c[:, 0] + 2) and bool(np.all(c[:, 2] == 1))),
    "scaled": (2, lambda c: np.array_equal(c[:, 1], 3 * c[:, 0])),
    "constant": (2, lambda c: bool(np.all(c == [1, 5]))),
    "zero": (1, lambda c: not np.any(c)),
    "dummy": (4, lambda c: bool(np.all(c[:, 0] == 1) and np.all((c == 0) | (c == 1)) and np.all(c.sum(axis=1) == 2))),
    "sum": (3, lambda c: np.array_equal(c[:, 2], c[:, 0] + c[:, 1])),
}
"""How many columns a pattern relates, and how."""


def rank(A: Array) -> int:
    return int(flint.fmpz_mat([[int(entry) for entry in row] for row in A.tolist()]).rank()) if A.size else 0


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_columns_are_related_as_asked_where_asked(pattern: str, position: str) -> None:
    width, is_so = RELATED[pattern]
    for m, n in ((20, 9), (9, 9), (4, 9)):
        A, _ = build("float64", m=m, n=n, pattern=pattern, position=position, residual=0.0, seed=2)
        places = [start for start in range(n - width + 1) if is_so(A[:, start : start + width])]
        assert places == [{"first": 0, "middle": (n - width) // 2, "last": n - width}[position]]


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("profile", ["small", "standard"])
def test_rank_and_residual_of_what_is_stored_are_those_asked(profile: str, dtype: Precision) -> None:
    for params in grid(profile, dtype):
        named: dict[str, Any] = dict(params)
        A, b = build(dtype, **named)
        truth = EXACT.certify(A, b)
        assert truth.rank == min(named["m"], named["n"] - 1)
        assert truth.kappa is not None
        assert 1 < float(truth.kappa) < 2500  # rank deficiency is the only difficulty
        if named["residual"]:
            assert 31 / 32 <= fit_ratio(b, truth) / named["residual"] <= 33 / 32
        else:
            assert truth.residual_norm[0].mid == 0


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("seed", range(10))
def test_one_column_is_too_many_and_only_one(pattern: str, seed: int) -> None:
    width = RELATED[pattern][0]
    for m, n in ((20, width), (20, 8), (8, 8), (5, 8)):
        A, _ = build("float32", m=m, n=n, pattern=pattern, position="first", residual=0.0, seed=seed)
        assert rank(A) == rank(A[:, 1:]) == min(m, n - 1)  # the first of them depends on the others, or is 0
        if m >= n > width:
            assert rank(A[:, :-1]) == n - 2


@pytest.mark.parametrize("residual", [0.0, MIN_RESIDUAL, MAX_RESIDUAL])
@pytest.mark.parametrize(("m", "n"), [(128, MAX_COLUMNS), (1000, MAX_COLUMNS), (4096, 8), (2, 4)])
def test_the_largest_problems_are_whole_numbers_that_float32_holds(m: int, n: int, residual: float) -> None:
    named: dict[str, Any] = {"pattern": "sum", "position": "middle", "seed": 1}
    named["residual"] = residual if m >= n else 0.0
    single, double = (build(dtype, m=m, n=n, **named) for dtype in PRECISIONS)
    for one, two in zip(single, double, strict=True):
        assert (one.dtype.name, two.dtype.name) == ("float32", "float64")
        assert np.array_equal(one.astype(np.float64), two)
        assert np.array_equal(two, np.round(two))
    assert np.abs(double[0]).max() < 300


def test_position_and_residual_change_nothing_else() -> None:
    named: dict[str, Any] = {"m": 20, "n": 7, "pattern": "affine", "seed": 0}
    first, b = build("float64", position="first", residual=1.0, **named)
    last, same = build("float64", position="last", residual=1.0, **named)
    quiet, _ = build("float64", position="first", residual=0.0, **named)
    assert np.array_equal(np.hstack((first[:, 3:], first[:, :3])), last)
    assert np.array_equal(b, same)
    assert np.array_equal(first, quiet)
