"""Derivatives of any order of A⁺M where the rank of A does not change.

d(A⁺M) = A⁺(dM − dA·A⁺M) + A⁺(A⁺)ᵀ dAᵀ(I − AA⁺)M + (I − A⁺A) dAᵀ(A⁺)ᵀA⁺M (Golub and Pereyra, SIAM J. Numer. Anal. 10
(1973) 413, (4.12)). Each factor on the right is again a function of A with such a rule, so that derivatives can be
taken of derivatives, and nothing is differentiated but products: A is factorised once, and its factors are constants.
At full rank one of the projections is zero; it is exactly zero here, for what rounding errors would leave of it may
exceed the other terms where columns differ in size.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax

from lamm_robust.solvers.factors import Factors
from lamm_robust.solvers.lapack import product
from lamm_robust.solvers.powers import ldexp


class Known(NamedTuple):
    """The factors of A·2**−top, or of its transpose if A is wide, as QW."""

    Q: Any
    W: Factors
    top: Any


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def plus(turned: bool, F: Known, A: Any, M: Any) -> Any:
    """A⁺M, or (A⁺)ᵀM if `turned`, for A scaled to the size of its factors."""
    if turned == is_wide(A):
        return F.W.pinv(product(F.Q.T, M))
    return product(F.Q, F.W.pinv_transposed(M))


@plus.defjvp
def _plus_jvp(turned: bool, primals: tuple[Any, Any, Any], tangents: tuple[Any, Any, Any]) -> tuple[Any, Any]:
    (F, A, M), (_, dA, dM) = primals, tangents
    found = plus(turned, F, A, M)
    return found, change(turned, F, A, M, found, dA, dM)


def change(turned: bool, F: Known, A: Any, M: Any, found: Any, dA: Any, dM: Any) -> Any:
    """The derivative of `found`, which is `plus` of the same arguments."""
    if turned:
        dA = dA.T
    direct = plus(turned, F, A, dM - product(dA, found))
    missed = beyond(turned, F, A, M)
    bent = plus(turned, F, A, plus(not turned, F, A, product(dA.T, missed)))
    return direct + bent + beyond(not turned, F, A, product(dA.T, plus(not turned, F, A, found)))


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def beyond(turned: bool, F: Known, A: Any, M: Any) -> Any:
    """(I − AA⁺)M, or (I − A⁺A)M if `turned`: exactly zero where the rank of A leaves nothing beyond."""
    if turned == is_wide(A):
        return M - product(F.Q, product(F.W.U, product(F.W.U.T, product(F.Q.T, M))))
    return M - product(F.W.V, product(F.W.V.T, M))


@beyond.defjvp
def _beyond_jvp(turned: bool, primals: tuple[Any, Any, Any], tangents: tuple[Any, Any, Any]) -> tuple[Any, Any]:
    (F, A, M), (_, dA, dM) = primals, tangents
    if turned:
        dA = dA.T
    found = beyond(turned, F, A, M)
    moved = plus(not turned, F, A, product(dA.T, found))
    return found, beyond(turned, F, A, dM - product(dA, plus(turned, F, A, M))) - moved


@jax.custom_jvp
def solution(_F: Known, _A: Any, _B: Any, X: Any) -> Any:
    """X, which is A⁺B, as a function of A and B."""
    return X


@solution.defjvp
def _solution_jvp(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    (F, A, B, X), (_, dA, dB, _) = primals, tangents
    X = solution(F, A, B, X)
    A, dA = ldexp(A, -F.top), ldexp(dA, -F.top)
    return X, ldexp(change(False, F, A, B, ldexp(X, F.top), dA, dB), -F.top)


def is_wide(A: Any) -> bool:
    """Whether A has more columns than rows."""
    return bool(A.shape[0] < A.shape[1])
