"""Contracts that several libraries share, so that the same algorithm is held to the same promise."""

from __future__ import annotations

from collections.abc import Callable

from lamm_robust.values import Contract, Deficiency, Shape

TALL_OR_SQUARE: tuple[Shape, ...] = ("tall", "square")

NO_RANK_DECISION = "nothing: full rank is assumed"

LAPACK_EPS = 2.0**-53
"""LAPACK's DLAMCH('Epsilon'), half of eps, which DGELSD (in DLALSD) takes for rcond ≤ 0."""


def eps_of_precision(_m: int, _n: int, eps: float) -> float:
    """eps, whatever the size."""
    return eps


def share(of_largest: float) -> Callable[[int, int, float], float]:
    """The same share of σ₁ whatever the size and the precision."""
    return lambda _m, _n, _eps: of_largest


def size_times(factor: float, eps: float | None = None) -> Callable[[int, int, float], float]:
    """factor·max(m, n)·eps, with the eps of the precision if none is given."""
    return lambda m, n, own: factor * max(m, n) * (own if eps is None else eps)


def full_rank(*errors: str, reports_rank: bool = False) -> Contract:
    """Tall or square A of full column rank; what is returned otherwise is undefined."""
    return Contract(Deficiency.FULL_RANK_ONLY, NO_RANK_DECISION, TALL_OR_SQUARE, errors, reports_rank)


def full_rank_any_shape(*errors: str) -> Contract:
    """Any shape of full rank, the shortest solution where A is wide; what is returned otherwise is undefined."""
    return Contract(Deficiency.FULL_RANK_ONLY, NO_RANK_DECISION, errors=errors)


def minimum_norm(
    rank_rule: str,
    *errors: str,
    reports_rank: bool = False,
    cutoff: Callable[[int, int, float], float] | None = None,
) -> Contract:
    """Any shape and rank; the shortest of the least-squares solutions."""
    return Contract(Deficiency.MINIMUM_NORM, rank_rule, errors=errors, reports_rank=reports_rank, cutoff=cutoff)


def damped(penalty: str) -> Contract:
    """Any shape and rank: Tikhonov's solution, which stands in for the shortest and tends to it as λ → 0."""
    return minimum_norm(f"nothing: singular values far below √λ are damped, {penalty}", "LinAlgError")


def basic(rank_rule: str, *errors: str, reports_rank: bool = False) -> Contract:
    """Any shape and rank; some least-squares solution, such as one with zeros for columns that were left out."""
    return Contract(Deficiency.BASIC, rank_rule, errors=errors, reports_rank=reports_rank)
