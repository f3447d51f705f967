"""A float64 stand-in for (BᵀB)⁻¹ and the proof of how good it is, for stacks of tall B.

With R from QR, S ≈ R⁻¹ is only a guess. But Y = BS is formed by sliced products (Ozaki, Ogita, Oishi and Rump, Numer.
Algorithms 59 (2012) 95), so G = YᵀY is known to ten digits even where κ(B) is 1e12 and BS in plain float64 has no digit
that can be proved. If ‖G − I‖ ≤ α < 1, then Y and with it B have full column rank, and from B = YS⁻¹

    (BᵀB)⁻¹ = S G⁻¹ Sᵀ,    ‖G⁻¹‖ ≤ 1/(1 − α).

That is enough to bound errors; the verified linear solvers of Ogita, Rump and Oishi do the same with an approximate
inverse (Rump, Acta Numerica 19 (2010) 287, §10). For σ_min it is too coarse. So C, the inverse Cholesky factor of the
computed G, brings φ = ‖CᵀGC − I‖ down to rounding errors: ‖B⁺‖² = ‖S G⁻¹ Sᵀ‖ is ‖SC‖² up to factors 1/(1 ± φ).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from lamm_robust.error_free import digit_bits, split
from lamm_robust.oracles.bounds import (
    UP,
    Doubles,
    U,
    cholesky,
    frobenius,
    gamma,
    gram,
    row_blocks,
    size_norm,
    symmetric_norm,
    upper_inverse,
)

LEVELS = 4
"""The most slices of B and S: four reach κ = 1e15, beyond which QR in float64 finds no S with α < 1 anyway."""

SHARP = 2.0**-32
"""More slices are used until the error of Y is below this, 2e-10: σ_min has the same error, and 1e-9 is allowed."""

COLUMNS = 128
"""Columns of a triangular matrix that are multiplied at a time: enough for BLAS to be fast."""

S_BITS = 56
"""Bits kept of each column of S, counted from its largest entry: dropped bits are below the rounding errors of S."""

HUGE = 2.0**400
"""Entries of S from here on belong to a singular R, and their squares would overflow."""


@dataclass(frozen=True, eq=False)
class Inverse:
    """The matrices S and C of the module's text, for each matrix of a stack, and what is proved of them."""

    planes: Doubles
    """The digits of S divided by its units, stack × n × digits × n."""
    units: Doubles
    """Powers of two, stack × n: each is above twice the entries of its column of S."""
    S: Doubles
    """Upper triangular, stack × n × n."""
    C: Doubles
    """Upper triangular, stack × n × n."""
    alpha: Doubles
    """The bound α ≥ ‖G − I‖; ∞ where R was singular."""
    phi: Doubles
    """The bound φ ≥ ‖CᵀGC − I‖; ∞ where α is not below 1."""
    squares: Doubles | None = None
    """BᵀB from `gram` (stack × n × n), where it was needed for S."""

    @property
    def proved(self) -> npt.NDArray[np.bool_]:
        """Mask of the matrices B of which full column rank is proved (stack)."""
        return self.alpha < 1

    def middle(self, w: Doubles) -> Doubles:
        """Return v (stack × n) such that the digits of S times v are nearly (BᵀB)⁻¹g, from w = Sᵀg (stack × n)."""
        inner: Doubles = (self.C @ (self.C.swapaxes(-1, -2) @ w[..., np.newaxis]))[..., 0]
        return inner * self.units


def invert(B: Doubles, planes: Doubles) -> Inverse:
    """Return the stand-in for (BᵀB)⁻¹, for B (stack × m × n, m ≥ n, entries ≤ 1/2) and its digits in `planes`."""
    bits, n = digit_bits(max(B.shape[1:])), B.shape[2]
    S, usable = guess_inverse(B)
    units = np.ldexp(1.0, np.frexp(np.abs(S).max(axis=-2, keepdims=True))[1] + 1)  # above twice the entries of a column
    slices, rest = split(S / units, bits, -(-S_BITS // bits))
    S = S - rest * units
    Y, error = accurate_product(B, planes, S / units, slices, units, usable)
    G, G_error = gram(Y[:, rows] for rows in row_blocks(B.shape[1]))
    near = symmetric_norm(G - np.eye(n)) + n * U
    error = G_error + (2 * np.sqrt(1 + near + G_error) * error + error**2) * UP
    alpha = np.where(usable, (near + error) * UP, np.inf)
    L, _ = cholesky(np.where((alpha < 1)[:, np.newaxis, np.newaxis], G, np.eye(n)))
    C = upper_inverse(L.swapaxes(-1, -2))
    phi = np.where(alpha < 1, congruence_error(C, G, error), np.inf)
    return Inverse(np.moveaxis(slices, 0, 2).copy(), units[:, 0], S, C, alpha, phi)


def guess_inverse(B: Doubles) -> tuple[Doubles, npt.NDArray[np.bool_]]:
    """Return S ≈ R⁻¹ for R from QR of B, and a mask of where S is usable; elsewhere S is the identity."""
    R: Doubles = np.linalg.qr(B, mode="r")  # type: ignore[assignment]
    diagonal = np.abs(np.diagonal(R, axis1=-2, axis2=-1))
    usable = np.isfinite(R).all(axis=(-2, -1)) & (diagonal.min(axis=-1) > 0)
    S = upper_inverse(np.where(usable[:, np.newaxis, np.newaxis], R, np.eye(R.shape[-1])))
    usable &= (np.abs(S) < HUGE).all(axis=(-2, -1))
    return np.where(usable[:, np.newaxis, np.newaxis], S, np.eye(R.shape[-1])), usable


def accurate_product(
    B: Doubles, planes: Doubles, S: Doubles, slices: Doubles, units: Doubles, usable: npt.NDArray[np.bool_]
) -> tuple[Doubles, Doubles]:
    """Return Y = B·(S·units) and a bound on the Frobenius norm of its error; `slices` are the leading digits of S."""
    (m, n), bits = B.shape[1:], digit_bits(max(B.shape[1:]))
    size = frobenius(units) * (m * n * n) ** 0.5 * UP
    most = min(LEVELS, len(slices) + 1)
    levels = next((k for k in range(1, most) if (size * tail(bits, k, n))[usable].max(initial=0) <= SHARP), most)
    tails = remainders(S, slices[: levels - 1])
    Y = np.empty_like(B)
    for rows in row_blocks(m):
        Y[:, rows] = sliced_product(B[:, rows], planes[:, rows], tails, levels) * units
    sums = levels * U * (frobenius(Y) + levels**2 * size * 2.0 ** (-2 * bits - 2))
    return Y, (size * tail(bits, levels, n) + sums) * UP


def tail(bits: int, levels: int, n: int) -> float:
    """Return the factor of √(mn)√n in the bound of the error of rounded products in a column of `sliced_product`.

    The k-th remainder of B or S is at most 2^(−k·bits − 1). So each of the rounded products, as many as levels, has the
    size ‖|·||·|‖ ≤ √(mn)·√n·2^(−(levels − 1)·bits − 2), and γ_(n + levels) of that is lost.
    """
    return levels * gamma(n + levels) * 2.0 ** (-(levels - 1) * bits - 2)


def remainders(values: Doubles, slices: Iterable[Doubles]) -> list[Doubles]:
    """Return the values, and what is left of them after each slice: exactly, as slices are leading digits."""
    left = [values]
    for part in slices:
        left.append(left[-1] - part)
    return left


def sliced_product(B: Doubles, planes: Doubles, tails: list[Doubles], levels: int) -> Doubles:
    """Return BS, added from the largest products to the smallest, so that what cancels is exact.

    `planes` are the digits of B, and `tails` the remainders of S. Level by level, the sum of the products of digits i
    and k with i + k = level is exact (see `error_free`); the products with the remainders are not. From the second
    level on a sum is Y less what follows it, at most levels²·√(mn)√n·2^(−2·bits − 2) per column, and rounded once.
    """
    count = min(levels - 1, planes.shape[2])
    kept = [planes[:, :, i] for i in range(count)]
    slices = [above - below for above, below in pairwise(tails)]
    total = np.zeros(B.shape)
    for level in range(levels - 1):
        total += sum(upper_product(kept[i], slices[level - i]) for i in range(count) if 0 <= level - i < len(slices))
    rest = upper_product(remainders(B, kept)[-1], tails[0])
    for i in range(count):
        if levels - 1 - i < len(tails):
            rest += upper_product(kept[i], tails[levels - 1 - i])
    total += rest
    return total


def upper_product(B: Doubles, S: Doubles) -> Doubles:
    """Return BS for upper triangular S; zeros in whole blocks of COLUMNS are left out."""
    product = np.empty((*B.shape[:-1], S.shape[-1]))
    for first in range(0, S.shape[-1], COLUMNS):
        last = first + COLUMNS
        np.matmul(B[..., :last], S[..., :last, first:last], out=product[..., first:last])
    return product


def congruence_error(C: Doubles, G: Doubles, error: Doubles) -> Doubles:
    """Return a bound φ ≥ ‖CᵀG★C − I‖ for all G★ within `error` of G in the 2-norm."""
    n, sizes = C.shape[-1], np.abs(C)
    P = upper_product(upper_product(G, C).swapaxes(-1, -2), C)  # (GC)ᵀC
    sums = sizes.swapaxes(-1, -2) @ (np.abs(G) @ sizes.sum(axis=-1)[..., np.newaxis])
    rounding = gamma(2 * n + 4) * (sums.max(axis=(-2, -1)) + 1)
    phi: Doubles = (symmetric_norm(P - np.eye(n)) + rounding + error * size_norm(C) ** 2) * UP
    return phi
