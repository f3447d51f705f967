"""Contracts that several libraries share, so that the same algorithm is held to the same promise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lamm_robust.values import Contract, Deficiency, Shape

Cutoff = Callable[[int, int, float], float]
"""(m, n, eps) → the share of σ₁ up to which singular values count as zero."""

TALL_OR_SQUARE: tuple[Shape, ...] = ("tall", "square")

NO_RANK_DECISION = "nothing: full rank is assumed"

LAPACK_EPS = 2.0**-53
"""LAPACK's DLAMCH('Epsilon'), half of eps: DGELSD (in DLALSD) uses it if rcond ≤ 0."""


def eps_of_precision(_m: int, _n: int, eps: float) -> float:
    """The cutoff eps, for every size."""
    return eps


def share(cutoff: float) -> Cutoff:
    """The same cutoff for every size and precision."""
    return lambda _m, _n, _eps: cutoff


def size_times(factor: float, eps: float | None = None) -> Cutoff:
    """The cutoff factor·max(m, n)·eps, where eps is that of the precision unless it is given."""
    return lambda m, n, own: factor * max(m, n) * (own if eps is None else eps)


def full_rank(*errors: str, reports_rank: bool = False) -> Contract:
    """The contract of solvers for tall or square A of full column rank; for any other A the answer is undefined."""
    return Contract(Deficiency.FULL_RANK_ONLY, NO_RANK_DECISION, TALL_OR_SQUARE, errors, reports_rank)


def full_rank_any_shape(*errors: str) -> Contract:
    """The contract of solvers for any A of full rank, the shortest solution if A is wide; else x is undefined."""
    return Contract(Deficiency.FULL_RANK_ONLY, NO_RANK_DECISION, errors=errors)


def minimum_norm(
    rank_rule: str,
    *errors: str,
    reports_rank: bool = False,
    cutoff: Cutoff | None = None,
) -> Contract:
    """The contract of solvers that return the shortest least-squares solution, for any shape and rank."""
    return Contract(Deficiency.MINIMUM_NORM, rank_rule, errors=errors, reports_rank=reports_rank, cutoff=cutoff)


def complex_too(contract: Contract) -> Contract:
    """The contract of solvers that promise the same of complex numbers as of real ones."""
    return replace(contract, real_only="")


def real_only(contract: Contract, why: str) -> Contract:
    """The contract of solvers for real numbers only, and why, in words."""
    return replace(contract, real_only=why)


def basic(rank_rule: str, *errors: str, reports_rank: bool = False) -> Contract:
    """The contract of solvers that return some least-squares solution, such as a basic one, for any shape and rank."""
    return Contract(Deficiency.BASIC, rank_rule, errors=errors, reports_rank=reports_rank)
