"""The unit of a derivative's error beside exact derivatives of perturbed problems; and scores of planted errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lamm_robust.oracles.derivatives import differentiate
from lamm_robust.oracles.exact import certify
from lamm_robust.scoring.derivatives import bounds, derivative_scores
from lamm_robust.values import DERIVATIVES, UNIT_ROUNDOFF, Array, Directions, Problem, ProblemKey

KEY = ProblemKey("made", (), "float64")
CASES = [(6, 3, 3), (3, 6, 3), (4, 4, 4), (6, 4, 2), (4, 6, 1), (4, 4, 2)]
"""(m, n, rank): tall, wide, square, and deficient ones."""

STEPS = 2.0**40
"""Whole numbers are multiplied by this and then changed by about its root: near enough to first order, and exact."""


def problem(m: int, n: int, rank: int, seed: int) -> Problem:
    """A problem of small whole numbers, one column of A and one entry of b much larger than the rest."""
    rng = np.random.default_rng([m, n, rank, seed])
    A = rng.integers(-3, 4, (m, rank)) @ rng.integers(-3, 4, (rank, n)) * 1.0
    A[:, 0] *= 8
    assert np.linalg.matrix_rank(A) == rank
    b, db, c = (rng.integers(-9, 10, size) * 1.0 for size in (m, m, n))
    b[0] *= 2.0 ** rng.integers(0, 6)
    dA = rng.integers(-1, 2, (m, m)) @ A + A @ rng.integers(-1, 2, (n, n))
    return Problem(KEY, A, b, Directions(dA, db, c))


def moved(given: Problem, rng: Any) -> tuple[Problem, float]:
    """The problem times `STEPS`, changed without a change of rank, and by how much: in the units of the bound."""
    along, sides = given.directions, [np.eye(size) for size in given.A.shape]
    assert along
    left, right = (
        STEPS**0.5 * side + rng.integers(-1, 2, side.shape) * (rng.random(side.shape) < 0.3) for side in sides
    )
    A = left @ given.A @ right
    others = (given.b, along.dA, along.db, along.c)
    b, dA, db, c = (STEPS * values + 2.0**20 * rng.integers(-2, 3, values.shape) for values in others)
    found = [(A, given.A, 2), (b, given.b, None), (dA, along.dA, 2), (db, along.db, None), (c, along.c, None)]
    share = max(np.linalg.norm(new / STEPS - old, kind) / np.linalg.norm(old, kind) for new, old, kind in found)
    return Problem(KEY, A, b, Directions(dA, db, c)), float(share)


def derivatives(given: Problem) -> Mapping[str, Array]:
    assert given.directions
    return {name: parts[0] for name, parts in differentiate(given.A, given.b, given.directions).values.items()}


def units(given: Problem) -> Mapping[str, float]:
    """The bounds for changes of 1 in place of u."""
    assert given.directions
    exact = differentiate(given.A, given.b, given.directions)
    found = bounds(certify(given.A, given.b), given, exact)
    return {name: bound / UNIT_ROUNDOFF["float64"] for name, bound in found.items()}


@pytest.mark.parametrize(("m", "n", "rank"), CASES)
def test_the_exact_derivative_of_a_perturbed_problem_is_within_the_bound(m: int, n: int, rank: int) -> None:
    """Whatever of it is changed; a number by which all parts are multiplied changes no derivative."""
    rng = np.random.default_rng(0)
    for seed in range(3):
        given = problem(m, n, rank, seed)
        at, unit = derivatives(given), units(given)
        for _ in range(4):
            other, share = moved(given, rng)
            there = derivatives(other)
            for name in DERIVATIVES:
                assert np.linalg.norm(there[name] - at[name]) <= (1 + 1e-3) * share * unit[name]


def _far(at: Array) -> Any:
    return lambda other: np.linalg.norm(other - at)


@pytest.mark.parametrize(("m", "n", "rank"), CASES[:3])
def test_some_perturbation_comes_near_the_bound(m: int, n: int, rank: int) -> None:
    """A bound that were much too wide would let wrong answers pass: of A or dA, along pairs of singular vectors."""
    given, size = problem(m, n, rank, 0), 2.0**-30
    at, unit = derivatives(given), units(given)
    U, sigma, Vt = np.linalg.svd(given.A)
    largest, along = dict.fromkeys(DERIVATIVES, 0.0), given.directions
    assert along
    length = np.linalg.norm(along.dA, 2)
    for u in U.T:
        for v in Vt:
            turn = size * np.outer(u, v)
            other = replace(given, directions=replace(along, dA=along.dA + length * turn))
            there = derivatives(replace(given, A=given.A + sigma[0] * turn))
            there = {**there, "jvp_A": max(there["jvp_A"], derivatives(other)["jvp_A"], key=_far(at["jvp_A"]))}
            for name in DERIVATIVES:
                ratio = np.linalg.norm(there[name] - at[name]) / (size * unit[name])
                largest[name] = max(largest[name], float(ratio))
    assert min(largest[name] for name in ("jvp_A", "vjp_A", "vjp_b")) > 0.1, largest


@pytest.mark.parametrize("rank", [3, 2])
def test_scores_are_errors_in_units_of_the_bounds(rank: int) -> None:
    """Exact derivatives score less than 1, an error of 100 bounds 100, and what is not finite ∞."""
    given = problem(5, 3, rank, 0)
    truth, unit = certify(given.A, given.b), units(given)
    assert given.directions
    exact = differentiate(given.A, given.b, given.directions)
    right = {name: parts[0] for name, parts in exact.values.items()}
    scores = derivative_scores(truth, given, exact, right)
    assert scores.keys() == {"jvp_error", "vjp_error"}
    assert max(scores.values()) < 1

    def scored(name: str, change: Any) -> float:
        return derivative_scores(truth, given, exact, right | {name: right[name] + change})[f"{name[:3]}_error"]

    X = np.linalg.pinv(given.A, rcond=1e-9) @ given.b
    for name in DERIVATIVES:
        off = np.outer(given.A @ X, X) if name == "vjp_A" else np.ones_like(right[name])  # within the tangent space
        off *= 100 * UNIT_ROUNDOFF["float64"] * unit[name] / np.linalg.norm(off)
        assert scored(name, off) == pytest.approx(100, rel=0.05)
        assert scored(name, math.nan) == math.inf
        assert scored(name, math.inf) == math.inf
        assert scored(name, 1e300) == math.inf


def test_what_changes_the_rank_is_not_held_against_a_gradient() -> None:
    """A has no derivative there; at full rank there is no such direction."""
    given = problem(5, 3, 2, 0)
    truth = certify(given.A, given.b)
    assert given.directions
    exact = differentiate(given.A, given.b, given.directions)
    right = {name: parts[0] for name, parts in exact.values.items()}
    U, _, Vt = np.linalg.svd(given.A)
    beyond = 1e-3 * np.outer(U[:, -1], Vt[-1])
    inside = 1e-3 * np.outer(U[:, 0], Vt[-1])
    small = derivative_scores(truth, given, exact, right | {"vjp_A": right["vjp_A"] + beyond})["vjp_error"]
    large = derivative_scores(truth, given, exact, right | {"vjp_A": right["vjp_A"] + inside})["vjp_error"]
    assert small < 1 < 1e6 < large


def test_at_zeros_every_derivative_is_zero_but_the_gradient_by_a_may_be_anything() -> None:
    """0 is the only matrix of its rank."""
    A, b = np.zeros((3, 2)), np.array([1.0, 2.0, 3.0])
    given = Problem(KEY, A, b, Directions(A, b, np.ones(2)))
    assert given.directions
    truth, exact = certify(A, b), differentiate(A, b, given.directions)
    right = {name: parts[0] for name, parts in exact.values.items()}
    assert set(derivative_scores(truth, given, exact, right).values()) == {0.0}
    assert derivative_scores(truth, given, exact, right | {"vjp_A": np.ones((3, 2))})["vjp_error"] == 0.0
    assert derivative_scores(truth, given, exact, right | {"vjp_b": np.ones(3)})["vjp_error"] == math.inf
    assert derivative_scores(truth, given, exact, right | {"jvp_A": np.full(2, np.nan)})["jvp_error"] == math.inf
