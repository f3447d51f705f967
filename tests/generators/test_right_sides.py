"""Several right-hand sides: each column is what it is said to be, exactly, whatever stands beside it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lamm_robust.generators.right_sides import (
    KINDS,
    MAX_LOG2_SPAN,
    build,
    coordinates,
    entry_bits,
    exponent,
    grid,
    kind,
    recipe,
)
from lamm_robust.oracles import select, stored
from lamm_robust.values import PRECISIONS, Precision

EXACT = select("exact")
PLACE: dict[str, Any] = {"m": 30, "n": 10, "rank": 7, "log2_cond": 4, "k": 8, "log2_span": 80, "seed": 0}


def test_every_kind_is_there_huge_and_tiny() -> None:
    assert [kind(j) for j in range(5)] == ["both", "range", "orthogonal", "zero", "both"]
    assert {(kind(j), exponent(j, 80)) for j in range(8)} == {(name, size) for name in KINDS for size in (40, -40)}
    assert [exponent(j, 0) for j in range(8)] == [0] * 8


def known_solution(
    m: int, n: int, rank: int, log2_cond: int, k: int, log2_span: int, seed: int
) -> list[list[Fraction]]:
    """x★ = A⁺b of the stored problem, exactly, as n rows of k rationals."""
    behind, (y, _) = recipe(m, n, rank, log2_cond, seed), coordinates(m, n, rank, k, seed)
    columns = [replace(behind, y=column).solution() for column in y.T.tolist()]
    scales = [Fraction(2) ** exponent(j, log2_span) for j in range(k)]
    return [[scale * entry for scale, entry in zip(scales, row, strict=True)] for row in zip(*columns, strict=True)]


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("profile", ["small", "standard"])
def test_rank_condition_number_and_solutions_of_what_is_stored(profile: str, dtype: Precision) -> None:
    for params in grid(profile, dtype):
        named: dict[str, Any] = dict(params)
        A, b = build(dtype, **named)
        assert b.shape == (named["m"], named["k"])
        truth = EXACT.certify(A, b)
        assert truth.rank == named["rank"]
        assert truth.kappa is not None
        kappa = 2 ** named["log2_cond"]
        assert abs(truth.kappa.mid - kappa) <= truth.kappa.radius <= Fraction(kappa, 10**8)
        assert truth.x_radius == 0
        assert stored(truth).tolist() == known_solution(**named)


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("profile", ["small", "standard"])
def test_columns_are_in_the_range_orthogonal_to_it_both_or_zero(profile: str, dtype: Precision) -> None:
    for params in grid(profile, dtype):
        named: dict[str, Any] = dict(params)
        A, b = build(dtype, **named)
        truth, room = EXACT.certify(A, b), named["rank"] < named["m"]
        for j, (x, r) in enumerate(zip(stored(truth).T.tolist(), truth.residual_norm, strict=True)):
            assert any(x) == (kind(j) in ("both", "range"))
            assert (r.mid > 0) == (room and kind(j) in ("both", "orthogonal"))
            assert np.any(b[:, j]) == (kind(j) in ("both", "range") or (room and kind(j) == "orthogonal"))
            if kind(j) == "orthogonal":  # in integers: no rounding hides anything
                whole = np.ldexp(b[:, j].astype(np.float64), -exponent(j, named["log2_span"])).astype(np.int64)
                assert not np.any(A.astype(np.int64).T @ whole)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_sizes_are_powers_of_two_apart(dtype: Precision) -> None:
    A, b = build(dtype, **PLACE)
    B, c = build(dtype, **(PLACE | {"log2_span": 0}))
    assert np.array_equal(A, B)
    assert np.array_equal(c, np.round(c))
    assert np.array_equal(np.ldexp(c.astype(np.float64), [exponent(j, 80) for j in range(8)]), b.astype(np.float64))
    largest = np.abs(b).max(axis=0)
    assert 2.0**74 < largest[0] / largest[1] < 2.0**86
    squares = largest[largest > 0] ** 2
    assert np.finfo(np.float32).tiny < squares.min() < 1e-15
    assert 1e20 < squares.max() < np.finfo(np.float32).max


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_columns_do_not_depend_on_how_many_there_are(dtype: Precision) -> None:
    many = build(dtype, **PLACE)[1]
    for k in range(1, 8):
        assert np.array_equal(build(dtype, **(PLACE | {"k": k}))[1], many[:, :k])
    assert not np.array_equal(np.ldexp(many[:, 4].astype(np.float64), 80), many[:, 0])


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize(("m", "n", "rank"), [(30, 10, 7), (10, 30, 5), (16, 16, 16), (2, 2, 2), (100, 50, 49)])
def test_the_largest_condition_number_is_stored_exactly(m: int, n: int, rank: int, dtype: Precision) -> None:
    bits = {"float32": 24, "float64": 53}[dtype]
    limit = max(cond for cond in range(bits) if entry_bits(m, n, rank, cond) <= bits)
    named: dict[str, Any] = {"m": m, "n": n, "rank": rank, "k": 4, "log2_span": MAX_LOG2_SPAN, "seed": 1}
    for log2_cond in (0, limit):
        A, b = build(dtype, **named, log2_cond=log2_cond)
        wide, c = build("float64", **named, log2_cond=log2_cond)
        assert np.abs(A).max() < 2**bits
        assert np.array_equal(A.astype(np.float64), wide)
        assert np.array_equal(b.astype(np.float64), c)
        truth = EXACT.certify(A, b)
        assert truth.rank == rank
        assert stored(truth).tolist() == known_solution(**named, log2_cond=log2_cond)
    with pytest.raises(ValueError, match=f"^log2_cond is {limit + 1}; accepted is a whole number from 0 to {limit}"):
        build(dtype, **named, log2_cond=limit + 1)
