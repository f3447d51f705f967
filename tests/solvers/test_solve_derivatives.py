"""Derivatives of the recommended solver: beside 60 digits where units differ, and second ones."""

from __future__ import annotations

from functools import cache
from typing import Any

import hypothesis.strategies as st
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings

import lamm_robust
from lamm_robust.values import UNIT_ROUNDOFF, Array, Precision

jax = pytest.importorskip("jax")
jnp = jax.numpy

pytestmark = pytest.mark.usefixtures("precision")

SHAPES = [(12, 4), (4, 12), (5, 5)]


def x(A: Any, b: Any) -> Any:
    return lamm_robust.solve(A, b).x


@cache
def tangent() -> Any:
    """The derivative of x by A in a direction dA, compiled."""
    return jax.jit(lambda A, b, dA: jax.jvp(lambda A: x(A, b), (A,), (dA,))[1])


def exact(A: Array, b: Array, dA: Array) -> tuple[Any, Any]:
    """That derivative at full rank in 60 digits, and the sizes of the terms that it is the sum of."""
    with mpmath.workdps(60):
        M, right, dM = (mpmath.matrix(np.asarray(v, np.float64).tolist()) for v in (A, b, dA))
        if M.rows >= M.cols:
            gram = M.T * M
            found = mpmath.lu_solve(gram, M.T * right)
            terms = [mpmath.lu_solve(gram, dM.T * (right - M * found)), mpmath.lu_solve(gram, -M.T * (dM * found))]
        else:
            gram = M * M.T
            y = mpmath.lu_solve(gram, right)
            terms = [dM.T * y, *(M.T * mpmath.lu_solve(gram, -D * y) for D in (dM * M.T, M * dM.T))]
        return sum(terms[1:], terms[0]), [sum(abs(term[j]) for term in terms) for j in range(M.cols)]


@given(
    st.sampled_from(SHAPES),
    st.integers(0, 2**32 - 1),
    st.lists(st.floats(-8, 8), min_size=5, max_size=5),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_derivatives_by_a_are_right_where_columns_or_rows_differ_in_size(
    precision: Precision, shape: tuple[int, int], seed: int, powers: list[float], moves_alike: bool
) -> None:
    """Each component to some units in the last place of the terms it is the sum of, whatever the units."""
    rng, (m, n) = np.random.default_rng(seed), shape
    sizes = 10.0 ** (np.array(powers[: min(m, n)]) / (1 if precision == "float64" else 2))
    A, dA, b = rng.standard_normal((m, n)), rng.standard_normal((m, n)), rng.standard_normal(m)
    if m >= n:
        A, dA = A * sizes, dA * (sizes if moves_alike else 1)
    else:
        A, dA, b = (A.T * sizes).T, (dA.T * sizes).T, b * sizes
    A, dA, b = (v.astype(precision) for v in (A, dA, b))
    scaled = A / np.linalg.norm(A, axis=0) if m >= n else (A.T / np.linalg.norm(A, axis=1)).T
    kappa = np.linalg.cond(scaled.astype(np.float64))
    expected, terms = exact(A, b, dA)
    found = tangent()(A, b, dA)
    largest = max(terms) if m < n else None  # in a wide A all components of x are of one kind
    for value, correct, size in zip(found, expected, terms, strict=True):
        assert abs(float(value) - correct) <= 50 * kappa**2 * UNIT_ROUNDOFF[precision] * (largest or size)


@pytest.mark.usefixtures("on_cpus_in_float64_only")
@pytest.mark.parametrize("shape", [(12, 4), (4, 12)])
@pytest.mark.parametrize("rank", [0, 1, 4])
def test_the_gradient_by_b_alone_is_the_transpose_of_the_pseudo_inverse(
    shape: tuple[int, int], rank: int, precision: Precision
) -> None:
    """With A constant, in and outside of jit: JAX then transposes a solve of which one right-hand side depends on b."""
    rng, (m, n) = np.random.default_rng(4), shape
    A = (rng.integers(-4, 5, (m, rank)) @ rng.integers(-4, 5, (rank, n))).astype(precision)
    b, c = rng.integers(-4, 5, m).astype(precision), rng.integers(-4, 5, n).astype(precision)
    assert lamm_robust.solve(A, b).rank == np.linalg.matrix_rank(A)
    expected = np.linalg.pinv(A.astype(np.float64), rcond=1e-9).T @ c

    def by_b(A: Any, b: Any, c: Any) -> Any:
        return jax.vjp(lambda b: x(A, b), b)[1](c)[0]

    for found in (by_b(A, b, c), jax.jit(by_b)(A, b, c)):
        np.testing.assert_allclose(found, expected, atol=1e3 * UNIT_ROUNDOFF[precision] * np.abs(expected).max())


@pytest.mark.usefixtures("on_cpus_in_float64_only")
@pytest.mark.parametrize("shape", SHAPES)
def test_derivatives_at_zeros_are_zero_in_both_modes(shape: tuple[int, int], precision: Precision) -> None:
    """0 is the only matrix of rank 0; its columns have no size by which they could be scaled."""
    A, b = jnp.zeros(shape, precision), jnp.arange(1, shape[0] + 1, dtype=precision)
    for jacobian in (jax.jacfwd, jax.jacrev):
        for by in jax.jit(jacobian(x, argnums=(0, 1)))(A, b):
            assert np.isfinite(by).all()
        assert not jacobian(x, argnums=1)(A, b).any()


def curve(t: Any, A: Any, b: Any, E: Any, F: Any, c: Any) -> Any:
    """x along a curve on which the rank of A does not change."""
    m, n = A.shape
    moved = jnp.matmul(jnp.matmul(jnp.eye(m) + t * E, A), jnp.eye(n) + t * F)
    return lamm_robust.solve(moved, b + t * c, 1e-9).x


@pytest.mark.parametrize("shape", [(12, 4), (4, 12)])
def test_second_derivatives_at_constant_rank(shape: tuple[int, int], precision: Precision) -> None:
    """Beside differences of the first ones, and forward over reverse beside forward over forward."""
    if precision == "float32":
        pytest.skip("differences of float32 have too few digits to compare with")
    m, n = shape
    first = jax.jit(jax.jacfwd(curve))
    second = jax.jit(jax.jacfwd(jax.jacfwd(curve)))
    rng = np.random.default_rng(3)
    E, F, b, c = rng.standard_normal((m, m)), rng.standard_normal((n, n)), *rng.standard_normal((2, m))
    for rank in (2, 4):
        A = rng.integers(-4, 5, (m, rank)) @ rng.integers(-4, 5, (rank, n)) * 1.0
        assert lamm_robust.solve(A, b).rank == rank
        step = 1e-5
        expected = (first(step, A, b, E, F, c) - first(-step, A, b, E, F, c)) / (2 * step)
        found = second(0.0, A, b, E, F, c)
        np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


@pytest.mark.usefixtures("on_cpus_in_float64_only")
@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("jacfwd", "jacrev"),  # which is jax.hessian
        pytest.param("jacfwd", "jacfwd", marks=pytest.mark.slow),
        pytest.param("jacrev", "jacfwd", marks=pytest.mark.slow),
        pytest.param("jacrev", "jacrev", marks=pytest.mark.slow),
    ],
)
def test_second_derivatives_in_every_mode(outer: str, inner: str, precision: Precision) -> None:
    """Of rank 2 alone and as a factor, so that JAX can differentiate the inverse of the normal equations beside it."""
    left = jnp.asarray([[1, 2], [2, 4], [1, 0], [0, 2]], precision)
    right = jnp.asarray([[1, 0, 1], [0, 1, 1]], precision)
    b = jnp.asarray([1, -1, 2, 3], precision)
    assert lamm_robust.solve(left @ right, b).rank == 2

    def fitted(L: Any) -> Any:
        return jnp.linalg.inv(L.T @ L) @ (L.T @ b)

    pairs = [
        (lambda L: x(L, b), fitted),
        (lambda L: x(L @ right, b), lambda L: right.T @ jnp.linalg.inv(right @ right.T) @ fitted(L)),
    ]
    for ours, theirs in pairs:
        found = getattr(jax, outer)(getattr(jax, inner)(lambda L, f=ours: jnp.sum(f(L) ** 2)))(left)
        expected = jax.hessian(lambda L, f=theirs: jnp.sum(f(L) ** 2))(left)
        assert np.abs(found - expected).max() <= 2000 * UNIT_ROUNDOFF[precision] * np.abs(expected).max()
