"""The recommended solver: the same compiled and batched, differentiable, with a rank rule and an error as it says."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

import lamm_robust
from lamm_robust import catalog
from lamm_robust.oracles import select, stored
from lamm_robust.runs.plan import grid
from lamm_robust.strategies import problem
from lamm_robust.values import UNIT_ROUNDOFF, Precision

jax = pytest.importorskip("jax")
jnp = jax.numpy

# JAX computes in its default type, which the precision decides
pytestmark = [pytest.mark.gpu, pytest.mark.usefixtures("precision")]

SHAPES = [(30, 10), (10, 30)]
"""Tall, as which square ones are solved, and wide: each takes seconds to compile, and the tests below share these.
They are shapes of the small grid, which has square ones, too."""


def random(shape: tuple[int, ...], precision: Precision, seed: int = 0) -> Any:
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), precision)


def deficient(m: int, n: int, precision: Precision) -> Any:
    """Small whole numbers of rank 3, exactly."""
    rng = np.random.default_rng(1)
    return jnp.asarray(rng.integers(-4, 5, (m, 3)) @ rng.integers(-4, 5, (3, n)), precision)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("is_deficient", [False, True])
def test_compiled_batched_and_alone_are_the_same(
    shape: tuple[int, int], is_deficient: bool, precision: Precision
) -> None:
    A = deficient(*shape, precision) if is_deficient else random(shape, precision)
    B = random((7, shape[0]), precision, seed=2)
    alone = [jax.device_get(lamm_robust.solve(A, b)) for b in B]
    compiled = [jax.device_get(jax.jit(lamm_robust.solve)(A, b)) for b in B]
    batched = jax.device_get(jax.vmap(lamm_robust.solve)(jnp.stack([A] * 7), B))
    block = jax.device_get(lamm_robust.solve(A, B.T))
    tolerance = 2000 * UNIT_ROUNDOFF[precision]
    for j, single in enumerate(alone):
        assert single.rank == compiled[j].rank == batched.rank[j] == block.rank == (3 if is_deficient else min(shape))
        for other in (compiled[j].x, batched.x[j], block.x[:, j]):
            assert np.linalg.norm(other - single.x) <= tolerance * np.linalg.norm(single.x)
        for error in (compiled[j].error, batched.error[j], block.error[j]):
            assert error == pytest.approx(float(single.error), rel=0.1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("is_deficient", [False, True])
def test_derivatives_at_constant_rank(shape: tuple[int, int], is_deficient: bool, precision: Precision) -> None:
    if precision == "float32":
        pytest.skip("differences of float32 have too few digits to compare with")
    m, n = shape
    rank = 3 if is_deficient else min(shape)
    left, right, b = random((m, rank), precision), random((rank, n), precision, 1), random((m,), precision, 2)
    directions = random((m, rank), precision, 3), random((rank, n), precision, 4), random((m,), precision, 5)

    def x(left: Any, right: Any, b: Any) -> Any:  # the product has this rank whatever the factors
        return lamm_robust.solve(left @ right, b, rcond=1e-9).x

    step = 1e-5
    moved = [[v + sign * step * d for v, d in zip((left, right, b), directions, strict=True)] for sign in (1, -1)]
    expected = (x(*moved[0]) - x(*moved[1])) / (2 * step)
    _, forward = jax.jvp(x, (left, right, b), directions)
    np.testing.assert_allclose(forward, expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())
    weight = random((n,), precision, 6)
    gradient = jax.grad(lambda *arguments: weight @ x(*arguments), argnums=(0, 1, 2))(left, right, b)
    reverse = sum(jnp.vdot(g, d) for g, d in zip(gradient, directions, strict=True))
    assert float(reverse) == pytest.approx(float(weight @ forward), rel=1e-9)


@pytest.mark.parametrize("m", [30, 3000])
@pytest.mark.parametrize("value", [0.3, 0.7, 1.1, 1.3])
def test_the_error_covers_sums_whose_rounding_errors_add_up(m: int, value: float, precision: Precision) -> None:
    ones, b = np.ones((m, 1), precision), np.full(m, value, precision)
    x, _, error = lamm_robust.solve(ones, b)
    assert abs(float(x[0]) - float(b[0])) <= error
    shared, rank, error = lamm_robust.solve(np.hstack([ones, ones]), b)
    assert rank == 1
    assert np.linalg.norm(np.asarray(shared, np.float64) - float(b[0]) / 2) <= error


def test_the_error_is_of_use_for_long_columns(precision: Precision) -> None:
    m = 200_000
    A = np.column_stack([np.ones(m), np.arange(m)]).astype(precision)
    b = (1.3 + 0.7 * np.arange(m) + 1e3 * np.random.default_rng(0).standard_normal(m)).astype(precision)
    truth = np.linalg.lstsq(A.astype(np.float64), b.astype(np.float64), rcond=None)[0]
    x, _, error = lamm_robust.solve(A, b)
    if precision == "float32":  # else the truth above is no better
        actual = np.linalg.norm(np.asarray(x, np.float64) - truth)
        assert actual <= error <= 5000 * actual
    assert error <= 1e9 * UNIT_ROUNDOFF[precision]
    for value in (0.3, 0.7, 1.1):
        ones = np.ones((m, 1), precision)
        x, _, error = lamm_robust.solve(ones, np.full(m, value, precision))
        assert abs(float(x[0]) - float(np.asarray(value, precision))) <= error


def test_where_rounding_errors_hide_a_singular_value_the_error_is_infinite(precision: Precision) -> None:
    small = 2.0**-40 if precision == "float32" else 2.0**-70  # beside two equal columns of size 1
    A = np.array([[1, 1, 1], [1, 1, -1], [1, 1, 2], [1, 1, 0]], precision) * np.asarray([1, 1, small], precision)
    found = lamm_robust.solve(A, np.array([2, 0, 3, 1], precision))
    assert found.rank == 2
    assert np.isinf(found.error)


def test_a_column_that_is_lost_beside_another_makes_no_nan(precision: Precision) -> None:
    large = 1e20 if precision == "float32" else 1e160
    A = np.eye(4, 3, dtype=precision) * np.asarray([large, 1 / large, 0], precision)
    found = lamm_robust.solve(A, np.asarray([large, 1 / large, 0, 0], precision))
    assert np.isfinite(found.x).all()
    assert found.x[0] == 1
    assert np.isinf(found.error)


def large(precision: Precision) -> float:
    return 2.0**66 if precision == "float32" else 2.0**530  # its square is no number


@pytest.mark.parametrize(
    ("A", "b", "x"),
    [  # powers of L, as exponents; None is 0
        ([[1, None], [None, -1]], [0, 0], [-1, 1]),
        ([[1, None], [None, -1]], [1, -1], [0, 0]),
        ([[1, None], [None, -1]], [0, -1], [-1, 0]),
        ([[1, None, None], [None, -1, None]], [0, 0], [-1, 1, None]),
        ([[1, None, None], [None, -1, None]], [1, -1], [0, 0, None]),
        ([[1, None], [None, -1], [None, None]], [0, 0, None], [-1, 1]),
    ],
)
def test_columns_and_rows_over_the_whole_range(A: Any, b: Any, x: Any, precision: Precision) -> None:
    powers = {None: 0.0, 0: 1.0, 1: large(precision), -1: 1 / large(precision)}
    matrix, right, expected = (np.array(np.vectorize(powers.get)(v), precision) for v in (A, b, x))
    found = lamm_robust.solve(matrix, right)
    assert found.rank == 2
    np.testing.assert_allclose(found.x, expected, rtol=8 * UNIT_ROUNDOFF[precision])
    assert not np.isnan(found.error)


def test_small_entries_of_b_are_kept_for_small_rows_of_a_wide_matrix(precision: Precision) -> None:
    big, small = large(precision), 1 / large(precision)
    A = np.array([[big, big, 0], [0, small, small]], precision)
    found = lamm_robust.solve(A, np.array([big, small], precision))
    np.testing.assert_allclose(found.x, [1 / 3, 2 / 3, 1 / 3], rtol=16 * UNIT_ROUNDOFF[precision])
    assert found.error < 64 * UNIT_ROUNDOFF[precision]


@pytest.mark.parametrize("shape", [(5, 3), (3, 5)])
@pytest.mark.parametrize("rank", [2, 3])
def test_an_error_below_the_smallest_number_is_no_claim_of_exactness(
    shape: tuple[int, int], rank: int, precision: Precision
) -> None:
    rng, (m, n), least = np.random.default_rng(5), shape, float(np.finfo(precision).tiny)
    A = (rng.integers(1, 5, (m, rank)) @ rng.integers(1, 5, (rank, n))).astype(precision)
    b = rng.integers(1, 9, m).astype(precision)
    found = lamm_robust.solve(A / least ** np.asarray(0.5, precision), b * np.asarray(8 * least**0.5, precision))
    assert found.rank == rank
    assert found.error == least
    assert lamm_robust.solve(A, 0 * b).error == 0


def test_a_column_of_zeros_does_not_decide_the_scale(precision: Precision) -> None:
    tiny = np.asarray(1e-30 if precision == "float32" else 1e-200, precision)
    found = lamm_robust.solve(
        np.array([[1, 0], [2, 0], [1, 0]], precision) * tiny, np.array([1, 2, 1], precision) * tiny
    )
    np.testing.assert_allclose(found.x, [1, 0], rtol=4 * UNIT_ROUNDOFF[precision])
    assert 0 < found.error < 1e3 * UNIT_ROUNDOFF[precision]


gradient = jax.jit(jax.grad(lambda A, b: lamm_robust.solve(A, b).x.sum()))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("is_deficient", [False, True])
def test_derivatives_do_not_depend_on_units(shape: tuple[int, int], is_deficient: bool, precision: Precision) -> None:
    A, b = (
        (deficient if is_deficient else lambda m, n, p: random((m, n), p))(*shape, precision),
        random(shape[:1], precision),
    )
    expected = gradient(A, b)
    for scale in (2.0**70, 2.0**-80) if precision == "float32" else (2.0**600, 2.0**-700):
        found = gradient(A * scale, b * scale) * scale
        assert np.abs(found - expected).max() <= 1e4 * UNIT_ROUNDOFF[precision] * np.abs(expected).max()


def test_a_batch_of_batches_has_one_choice(precision: Precision) -> None:
    """In a batch of full rank nobody waits for the other branch: there is one choice for all, however it is batched."""
    A, b = random((6, 3), precision), random((6,), precision)
    for solve, wrap in ((jax.vmap(lamm_robust.solve), 1), (jax.vmap(jax.vmap(lamm_robust.solve)), 2)):
        program = str(
            jax.make_jaxpr(solve)(
                jnp.broadcast_to(A, (2,) * wrap + A.shape), jnp.broadcast_to(b, (2,) * wrap + b.shape)
            )
        )
        assert "cond[" in program


def test_rcond_decides_the_rank(precision: Precision) -> None:
    draw = np.random.default_rng(0)
    A = np.linalg.qr(draw.standard_normal((9, 3)))[0] * [1.0, 1e-2, 1e-4] @ draw.standard_normal((3, 3))
    b = draw.standard_normal(9)
    ranks = [lamm_robust.solve(A.astype(precision), b.astype(precision), rcond).rank for rcond in (0.0, 1e-3, 0.1)]
    assert ranks == [3, 2, 1]


def test_the_slope_of_a_long_straight_line_is_kept(precision: Precision) -> None:
    report = problem(f"field report=jax-13105 dtype={precision}")
    x, rank, _ = lamm_robust.solve(report.A, report.b)
    assert rank == 2
    assert np.linalg.norm(x - report.x) <= 0.01 * np.linalg.norm(report.x)


def test_the_error_is_neither_exceeded_nor_far_too_large(precision: Precision) -> None:
    keys = grid("small", precision, ["spectrum", "exact_rank", "polynomial", "columns", "offset", "lamm"])
    problems = [catalog.build_problem(key) for key in keys]
    shapes = Counter(asked.A.shape for asked in problems).most_common(5)  # the other four have 18 of 130 problems
    compiled, ratios = jax.jit(lamm_robust.solve), []
    for asked in (asked for asked in problems if asked.A.shape in dict(shapes)):
        truth = select("exact").certify(asked.A, asked.b)
        x, rank, error = compiled(jnp.asarray(asked.A), jnp.asarray(asked.b))
        kappa = float(truth.kappa) if truth.kappa else 1.0
        if rank != truth.rank or kappa * UNIT_ROUNDOFF[precision] * np.sqrt(asked.A.size) > 0.1 or error == 0:
            continue
        actual = np.linalg.norm(np.asarray(x, np.float64) - stored(truth).astype(np.float64))
        ratios.append(float(actual / error))
    assert len(ratios) > 60
    assert max(ratios) <= 1
    assert np.median(ratios) >= 1e-4


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_comes_out_as_nan(bad: float, precision: Precision) -> None:
    A, b = random(SHAPES[0], precision), random(SHAPES[0][:1], precision)
    for spoiled in ((A.at[2, 1].set(bad), b), (A, b.at[0].set(bad))):
        found = jax.jit(lamm_robust.solve)(*spoiled)
        assert np.isnan(found.x).all()
        assert np.isnan(found.error)


def test_zero_has_rank_zero(precision: Precision) -> None:
    x, rank, error = lamm_robust.solve(jnp.zeros((3, 2), precision), jnp.ones(3, precision))
    assert not np.any(x)
    assert rank == 0
    assert error == 0


@pytest.mark.parametrize(("shape", "columns"), [((0, 3), ()), ((3, 0), (2,)), ((0, 0), ()), ((4, 3), (0,))])
def test_without_entries_x_is_zero(shape: tuple[int, int], columns: tuple[int, ...], precision: Precision) -> None:
    m, n = shape
    x, rank, error = lamm_robust.solve(jnp.ones(shape, precision), jnp.ones((m, *columns), precision))
    assert x.shape == (n, *columns)
    assert error.shape == columns
    assert not np.any(x)
    assert rank == min(m, n, 1)


@pytest.mark.parametrize(
    ("A", "b", "rcond", "sentence"),
    [
        ((3,), (3,), None, r"A has shape \(3,\) and b \(3,\); accepted are \(m, n\) with \(m,\) or \(m, k\)"),
        ((3, 2), (2,), None, r"A has shape \(3, 2\) and b \(2,\)"),
        ((3, 2), (3,), -1.0, "rcond is -1.0; accepted is a Python number from 0 to less than 1, or None"),
        ((3, 2), (3,), float("nan"), "rcond is nan"),
        ((3, 2), (3,), "1e-3", r"rcond is 1e-3 \(of type str\); accepted is a Python number"),
        ((3, 2, 2), (3,), None, "accepted are .* for several A, use jax.vmap"),
    ],
)
def test_bad_input_is_named(A: tuple[int, ...], b: tuple[int, ...], rcond: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        lamm_robust.solve(jnp.ones(A), jnp.ones(b), rcond)


@pytest.mark.parametrize(
    ("A", "kind"), [("A", "str"), (np.array([["a"]]), "<U1"), (np.ones((3, 2), object), "object"), ({}, "dict")]
)
def test_what_is_no_array_of_numbers_is_named(A: Any, kind: str) -> None:
    with pytest.raises(ValueError, match=f"A is {kind}; accepted are arrays of float32 or float64"):
        lamm_robust.solve(A, jnp.ones(3))


def test_a_traced_rcond_is_named() -> None:
    with pytest.raises(ValueError, match="under jit it has to be static"):
        jax.jit(lamm_robust.solve)(jnp.ones((3, 2)), jnp.ones(3), rcond=1e-3)


def test_types_must_agree(precision: Precision) -> None:
    with pytest.raises(ValueError, match="A is int32 and b is float"):
        lamm_robust.solve(jnp.ones((3, 2), "int32"), jnp.ones(3, precision))


def test_it_is_imported_only_when_asked_for() -> None:
    with pytest.raises(AttributeError, match="no attribute 'solver'"):
        lamm_robust.solver  # noqa: B018


def test_calls_outside_of_jit_compile_once_for_each_shape(
    precision: Precision, caplog: pytest.LogCaptureFixture
) -> None:
    A, b = random(SHAPES[0], precision), random(SHAPES[0][:1], precision)
    lamm_robust.solve(A, b)
    with jax.log_compiles():
        lamm_robust.solve(A + 1, b)
        assert not [line for line in caplog.messages if "_of_full_rank" in line]
        lamm_robust.solve(A[1:], b[1:])
        assert [line for line in caplog.messages if "_of_full_rank" in line]
        assert not [line for line in caplog.messages if "_compiled" in line]  # which no deficient matrix has asked for


def test_subnormal_numbers_are_no_zeros(precision: Precision) -> None:
    """XLA takes them for zero, and their quotients are ordinary numbers."""
    tiny = np.finfo(precision).smallest_subnormal
    A, b = np.array([[1, 2], [3, -1], [-5, 8]], dtype=precision), np.array([3, 4, 5], dtype=precision)
    expected = lamm_robust.solve(A, b).x
    found = lamm_robust.solve(A * tiny, b * tiny)
    assert found.rank == 2
    assert np.linalg.norm(found.x - expected) <= 20 * UNIT_ROUNDOFF[precision] * np.linalg.norm(expected)
