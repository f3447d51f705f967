"""A float64 stand-in for (BᵀB)⁻¹ and the proof of how good it is, for stacks of tall B.

With R from QR, S ≈ R⁻¹ is only a guess. For Y = BS, G = YᵀY is formed. If ‖G − I‖ ≤ α < 1, then Y and with it B have
full column rank, and from B = YS⁻¹

    (BᵀB)⁻¹ = S G⁻¹ Sᵀ,    ‖G⁻¹‖ ≤ 1/(1 − α).

That is enough to bound errors; the verified linear solvers of Ogita, Rump and Oishi do the same with an approximate
inverse (Rump, Acta Numerica 19 (2010) 287, §10). A product in plain float64 proves it up to κ(B) = 1e11 or so. Beyond,
Y is formed by sliced products (Ozaki, Ogita, Oishi and Rump, Numer. Algorithms 59 (2012) 95).

For σ_min that is too coarse. Of large matrices, `smallest` encloses it by vectors of its own, if they stand apart. Of
all others, Y is formed to ten digits, which takes three to ten products in place of one. Then C, the inverse Cholesky
factor of the computed G, brings φ = ‖CᵀGC − I‖ down to rounding errors: ‖B⁺‖² = ‖S G⁻¹ Sᵀ‖ is ‖SC‖² up to factors
1/(1 ± φ).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from lamm_robust.error_free import fill
from lamm_robust.oracles.bounds import (
    BLOCK,
    UP,
    Doubles,
    U,
    cholesky,
    frobenius,
    gamma,
    gram,
    length_of_digits,
    norm,
    row_blocks,
    row_sum_norm,
    size_norm,
    symmetric_norm,
    upper_inverse,
)

LEVELS = 4
"""The most slices of B and S: four reach κ = 1e15, beyond which QR in float64 finds no S with α < 1 anyway."""

SHARP = 2.0**-32
"""More slices are used until the error of Y is below this, 2e-10: σ_min has the same error, and 1e-9 is allowed."""

ROUGH = 2.0**-3
"""The same for a large B at first: full rank is proved with it, and `smallest` encloses σ_min by its own vectors."""

PANEL = 64
"""Columns of a panel of QR: from 48 to 128, times are the same at n = 400 and 1000."""

TERMS = 3
"""Terms of the Neumann series of G⁻¹: at κ = 1e12 they leave 1e-13 where QR in float64 leaves ‖G − I‖ = 5e-4."""

S_BITS = 53
"""Bits kept of each column of S, counted from its largest entry: dropped bits are below the rounding errors of S."""

HUGE = 2.0**400
"""Entries of S from here on belong to a singular R, and their squares would overflow."""


Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Inverse:
    """The matrices S and C of the module's text, for each matrix of a stack, and what is proved of them."""

    planes: Doubles
    """The digits of S divided by its units, stack × n × digits × n."""
    units: Doubles
    """Powers of two, stack × n: each is above twice the entries of its column of S."""
    S: Doubles
    """Upper triangular, stack × n × n."""
    C: Doubles | None
    """Upper triangular, stack × n × n; None where only full rank was asked for."""
    alpha: Doubles
    """The bound α ≥ ‖G − I‖; ∞ where R was singular."""
    phi: Doubles
    """The bound φ ≥ ‖CᵀGC − I‖; ∞ where α is not below 1, or there is no C."""
    near: Doubles | None = None
    """The computed G − I, stack × n × n, where there is no C."""

    @property
    def proved(self) -> Mask:
        """Mask of the matrices B of which full column rank is proved (stack)."""
        return self.alpha < 1

    def middle(self, w: Doubles) -> Doubles:
        """Return v (stack × n) such that the digits of S times v are nearly (BᵀB)⁻¹g, from w = Sᵀg (stack × n)."""
        inner = w[..., np.newaxis]
        if self.C is not None:
            inner = self.C @ (self.C.swapaxes(-1, -2) @ inner)
        elif self.near is not None:
            term = inner
            for _ in range(TERMS):
                term = -(self.near @ term)
                inner = inner + term
        found: Doubles = inner[..., 0] * self.units
        return found


def invert(B: Doubles, planes: Doubles) -> Inverse:
    """Return the stand-in for (BᵀB)⁻¹, for B (stack × m × n, m ≥ n, entries ≤ 1/2) and its digits in `planes`.

    Of large matrices so much only is proved as is enough for full rank.
    """
    S, usable = guess_inverse(B)
    if B.shape[2] > BLOCK:
        found = prove(B, planes, S, usable, ROUGH)
        assert found.near is not None
        if ((found.alpha < 1) | ~usable | (row_sum_norm(found.near) >= 1)).all():
            return found  # more digits would prove no more
    return prove(B, planes, S, usable, SHARP)


def sharpened(B: Doubles, planes: Doubles, inverse: Inverse) -> Inverse:
    """Return the stand-in with φ that encloses σ_min, if that is not known yet."""
    if B.shape[2] <= BLOCK or np.isfinite(inverse.phi).all():
        return inverse
    return prove(B, planes, inverse.S, np.isfinite(inverse.alpha), SHARP)


def prove(B: Doubles, planes: Doubles, S: Doubles, usable: Mask, goal: float) -> Inverse:
    """Return what is proved with S, rounded to S_BITS, where it is usable, if Y is known to the goal.

    Only if the goal is SHARP, C and φ are among it.
    """
    bits, n = length_of_digits(planes), B.shape[2]
    S = np.triu(S) if n > BLOCK else S  # `upper_product` reads no more of a large S
    units = np.ldexp(1.0, np.frexp(np.abs(S).max(axis=-2, keepdims=True))[1] + 1)  # above twice the entries of a column
    digits_S = np.empty((len(S), n, -(-S_BITS // bits), n))
    S = S - fill(digits_S, S / units, bits) * units
    rows = row_blocks(B.shape[1])
    error = plain_error(B, S) if n > BLOCK else np.full(len(B), np.inf)
    if n > BLOCK and (error[usable] <= goal).all():
        G, G_error = gram(upper_product(B[:, some], S) for some in rows)  # Y itself is not needed
    else:
        Y, error = accurate_product(B, planes, S / units, digits_S, units, usable, goal)
        G, G_error = gram(Y[:, some] for some in rows)
    off = G - np.eye(n)
    near = (symmetric_norm(off) if n <= BLOCK else row_sum_norm(off)) + n * U
    error = G_error + (2 * np.sqrt(1 + near + G_error) * error + error**2) * UP
    alpha = np.where(usable, (near + error) * UP, np.inf)
    if goal > SHARP:
        return Inverse(digits_S, units[:, 0], S, None, alpha, np.full(len(B), np.inf), off)
    L, _ = cholesky(np.where((alpha < 1)[:, np.newaxis, np.newaxis], G, np.eye(n)))
    C = upper_inverse(L.swapaxes(-1, -2))
    phi = np.where(alpha < 1, congruence_error(C, G, error), np.inf)
    return Inverse(digits_S, units[:, 0], S, C, alpha, phi)


def guess_inverse(B: Doubles) -> tuple[Doubles, Mask]:
    """Return S ≈ R⁻¹ for R from QR of B, and a mask of where S is usable; elsewhere S is the identity."""
    R = triangle(B)
    diagonal = np.abs(np.diagonal(R, axis1=-2, axis2=-1))
    usable = np.isfinite(R).all(axis=(-2, -1)) & (diagonal.min(axis=-1) > 0)
    S = upper_inverse(np.where(usable[:, np.newaxis, np.newaxis], R, np.eye(R.shape[-1])))
    usable &= (np.abs(S) < HUGE).all(axis=(-2, -1))
    return np.where(usable[:, np.newaxis, np.newaxis], S, np.eye(R.shape[-1])), usable


def triangle(B: Doubles) -> Doubles:
    """Return R from QR of each B; of large ones by LAPACK's recursive QR, which takes 0.6 of the time."""
    n = B.shape[-1]
    if n <= BLOCK:
        return np.asarray(np.linalg.qr(B, mode="r"), dtype=np.float64)
    from scipy.linalg.lapack import dgeqrt  # slow to load, and not needed for small problems

    return np.array([np.triu(dgeqrt(min(PANEL, n), by_columns(one), overwrite_a=True)[0][:n]) for one in B])


def by_columns(B: Doubles) -> Doubles:
    """Return a copy of B (m×n) with columns one after another, made in blocks that fit into the cache."""
    found = np.empty(B.shape, order="F")
    for first in range(0, len(B), BLOCK):
        found[first : first + BLOCK] = B[first : first + BLOCK]
    return found


def plain_error(B: Doubles, S: Doubles) -> Doubles:
    """Return a bound on the Frobenius norm of the error of BS from float64 products.

    Column j of the error is at most γ_n Σ |s_kj| |b_k|, of norm γ_n Σ |s_kj| ‖b_k‖ at most.
    """
    lengths = norm(B.swapaxes(-1, -2))
    return gamma(B.shape[2]) * norm((lengths[:, np.newaxis] @ np.abs(S))[:, 0]) * UP


def accurate_product(
    B: Doubles, planes: Doubles, S: Doubles, digits_S: Doubles, units: Doubles, usable: Mask, goal: float
) -> tuple[Doubles, Doubles]:
    """Return Y = B·(S·units) and a bound on the Frobenius norm of its error; `digits_S` are those of S."""
    (m, n), bits = B.shape[1:], length_of_digits(planes)
    size = frobenius(units) * (m * n * n) ** 0.5 * UP
    most = min(LEVELS, digits_S.shape[2] + 1)
    levels = next((k for k in range(1, most) if (size * tail(bits, k, n))[usable].max(initial=0) <= goal), most)
    tails = remainders(S, (digits_S[:, :, i] for i in range(levels - 1)))
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
    """Return BS for upper triangular S; of a large S, the zeros are left out."""
    if S.shape[-1] <= BLOCK:
        return B @ S
    from scipy.linalg.blas import dtrmm  # slow to load, and not needed for small problems

    found = [dtrmm(1.0, one.T, other.T, lower=True).T for one, other in zip(S, B, strict=True)]
    return np.array(found) if len(found) > 1 else found[0][np.newaxis]


def congruence_error(C: Doubles, G: Doubles, error: Doubles) -> Doubles:
    """Return a bound φ ≥ ‖CᵀG★C − I‖ for all G★ within `error` of G in the 2-norm."""
    n, sizes = C.shape[-1], np.abs(C)
    P = upper_product(upper_product(G, C).swapaxes(-1, -2), C)  # (GC)ᵀC
    sums = sizes.swapaxes(-1, -2) @ (np.abs(G) @ sizes.sum(axis=-1)[..., np.newaxis])
    rounding = gamma(2 * n + 4) * (sums.max(axis=(-2, -1)) + 1)
    phi: Doubles = (symmetric_norm(P - np.eye(n)) + rounding + error * size_norm(C) ** 2) * UP
    return phi
