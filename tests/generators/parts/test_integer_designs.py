"""Integer designs: odd leading minors, and rows that stand twice."""

from __future__ import annotations

import flint
import pytest

from lamm_robust.generators.parts.integer_designs import independent_columns, pair_count, repeated_rows
from lamm_robust.generators.parts.stream import Stream


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (7, 7), (20, 6), (6, 20)])
@pytest.mark.parametrize("seed", range(5))
def test_leading_minors_are_odd(rows: int, columns: int, seed: int) -> None:
    B = independent_columns(Stream("designs", rows, columns, seed), rows, columns)
    assert B.shape == (rows, columns)
    assert B.min() >= -100
    assert B.max() <= 99
    for k in range(1, min(rows, columns) + 1):
        assert int(flint.fmpz_mat(B[:k, :k].tolist()).det()) % 2 == 1


@pytest.mark.parametrize(("m", "rank", "pairs"), [(30, 9, 15), (16, 9, 7), (9, 9, 0), (7, 0, 3), (1, 0, 0), (2, 1, 1)])
def test_rows_stand_twice_where_there_is_room(m: int, rank: int, pairs: int) -> None:
    rows, signs = repeated_rows(m, rank)
    assert pair_count(m, rank) == pairs
    assert len(rows) == len(signs) == m
    assert len(set(rows.tolist())) == m - pairs >= rank
    for row in range(m - pairs):
        there = signs[rows == row].tolist()
        assert there == ([1, -1] if row < pairs else [0])
