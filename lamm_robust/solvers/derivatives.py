"""X = A⁺B as a function of A and B that JAX can differentiate, where the rank of A does not change.

X is part of the solution of the linear equations

    r + AX = B,    Aᵀr = 0,    w − Aq = 0,    X − Aᵀw = 0,

with r the residual. `jax.lax.custom_linear_solve` differentiates such equations in any mode and order, by their left
sides, which depend on A, and by a way to solve them for any right-hand sides, for which the factors of A are constants.
Where A lacks rank the equations have no unique solution, and `Known.solve` says which is meant. With it, dX is

    A⁺(dB − dA·X) + A⁺(A⁺)ᵀ dAᵀr + (I − A⁺A) dAᵀw

(Golub and Pereyra, SIAM J. Numer. Anal. 10 (1973) 413, (4.12)), and the same holds for the other parts, so that second
derivatives are right, too. At full rank one of r and I − A⁺A is zero; it is exactly zero here, for what rounding errors
would leave of it may exceed the other terms where columns differ in size.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from lamm_robust.solvers.factors import Factors
from lamm_robust.solvers.lapack import product
from lamm_robust.solvers.powers import ldexp

Four = tuple[Any, Any, Any, Any]
"""r (m×k), X (n×k), w (m×k) and q (n×k), or the right-hand sides of the equations, which have these shapes, too."""


class Known(NamedTuple):
    """The factors of A·2**−top, or of its transpose if A is wide, as QW."""

    Q: Any
    W: Factors
    top: Any

    def plus(self, M: Any, *, turned: bool, wide: bool) -> Any:
        """A⁺M, or (A⁺)ᵀM if `turned`."""
        if turned == wide:
            return self.W.pinv(product(self.Q.T, M))
        return product(self.Q, self.W.pinv_transposed(M))

    def beyond(self, M: Any, *, turned: bool, wide: bool) -> Any:
        """(I − AA⁺)M, or (I − A⁺A)M if `turned`: exactly zero where the rank of A leaves nothing beyond."""
        if turned == wide:
            return M - product(self.Q, product(self.W.U, product(self.W.U.T, product(self.Q.T, M))))
        return M - product(self.W.V, product(self.W.V.T, M))

    def solve(self, right: Four, *, wide: bool) -> Four:
        """The solution of the equations above for any right-hand sides."""
        of_b, of_r, of_w, of_x = right
        r = self.beyond(of_b, turned=False, wide=wide) + self.plus(of_r, turned=True, wide=wide)
        straight = of_b - self.plus(of_r, turned=True, wide=wide)
        X = self.plus(straight, turned=False, wide=wide) + self.beyond(of_x, turned=True, wide=wide)
        w = self.plus(X - of_x, turned=True, wide=wide) + self.beyond(of_w, turned=False, wide=wide)
        return r, X, w, self.plus(w - of_w, turned=False, wide=wide)


def solution(F: Known, A: Any, B: Any, X: Any) -> Any:
    """X, which is A⁺B, as a function of A and B; F and X are constants."""
    return _valued(X, ldexp(_differentiable(F, ldexp(A, -F.top), B), -F.top))


def _differentiable(F: Known, A: Any, B: Any) -> Any:
    """A⁺B for A scaled to the size of its factors."""
    wide = is_wide(A)

    def left_sides(parts: Four) -> Four:
        r, X, w, q = parts
        return r + product(A, X), product(A.T, r), w - product(A, q), X - product(A.T, w)

    def solve(_: Any, right: Four) -> Four:
        return F.solve(right, wide=wide)

    def solve_transposed(_: Any, right: Four) -> Four:
        found: tuple[Four] = jax.linear_transpose(lambda given: F.solve(given, wide=wide), right)(right)
        return found[0]

    of_r = product(A.T, B)
    nothing = _zeros_of(of_r)
    right = (B, nothing, _zeros_of(product(A, of_r)), nothing)
    return jax.lax.custom_linear_solve(left_sides, right, solve, solve_transposed)[1]


def _zeros_of(M: Any) -> Any:
    """Zeros in the place of M that JAX takes for a linear function of whatever M is one of.

    Where B alone is differentiated, JAX transposes the solve only if that holds for every right-hand side.
    """
    return jnp.where(jnp.zeros(M.shape, bool), M, 0)


@jax.custom_jvp
def _valued(X: Any, _same_value: Any) -> Any:
    """X, with the derivatives of the other: X is right also where numbers on the way to the other overflow."""
    return X


@_valued.defjvp
def _valued_jvp(primals: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
    return _valued(*primals), tangents[1]


def is_wide(A: Any) -> bool:
    """Whether A has more columns than rows."""
    return bool(A.shape[0] < A.shape[1])
