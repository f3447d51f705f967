"""Iterative refinement with exact residuals, for stacks of full-rank problems, until a proved bound is small enough.

Tall: x solves min ‖b − Bx‖. The residual r = b − Bx is kept exactly, digit by digit (see `lamm_robust.error_free`). So
g = Bᵀr is the true gradient, rounded once, and x★ − x = (BᵀB)⁻¹g = S G⁻¹ Sᵀg: with W any diagonal scaling of x,

    ‖W(x★ − x)‖ ≤ ‖WS‖ ‖Sᵀg‖/(1 − α),    ‖B(x★ − x)‖ ≤ ‖Sᵀg‖/√(1 − α).

Wide: x = By is the shortest solution of Bᵀx = b. Here f = b − Bᵀx is kept exactly, and so is x itself. Hence x stays in
the range of B and x★ − x = B(BᵀB)⁻¹f, of norm at most ‖Sᵀf‖/√(1 − α).

A step adds S C Cᵀ Sᵀg, with exact products by S. What is left of ‖B(x★ − x)‖ is φ and some u of it, whatever κ is, so
each step gains ten digits and more. It is Björck's refinement of the augmented system (BIT 7 (1967) 257; Higham,
Accuracy and Stability, §20.5) with exact residuals in place of twice the working precision; with products by S in
float64 a step would leave uκ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lamm_robust.error_free import carry, digit_bits, digits, product, subtract, to_doubles, transposed_product
from lamm_robust.oracles.bounds import UP, Doubles, frobenius, norm
from lamm_robust.oracles.inverse import Inverse

Mask = npt.NDArray[np.bool_]

GOAL = 2.0**-72
"""The relative radius at which to stop, 2e-22: a certificate that says 1e-20 is then never refused for a rounded
bound."""

STEPS = 40
"""The most steps: a problem that gains a digit per step needs fewer, and one that gains less is refused."""

PROGRESS = 0.25
"""A step after which the bound is more than this share of the one before is the last: uκ is then near one."""

STEP_PLACES = 6
"""Digits of a step after its first that is not zero, over 80 bits: each step gains about ten decimal digits."""


@dataclass(frozen=True, eq=False)
class Refined:
    """What is known of one right-hand side of each problem in a stack; ∞ where nothing is."""

    x: Doubles
    """The digits of x, digits × stack × unknowns."""
    radius: Doubles
    """The bound of ‖W(x★ − x)‖ (stack)."""
    residual: Doubles
    """The digits of b − Bx, digits × stack × m; of no use in a wide problem."""
    fit: Doubles
    """The bound of ‖B(x★ − x)‖ (stack); in a wide problem, the radius once more."""


def refine(planes: Doubles, inverse: Inverse, b: Doubles, weights: Doubles | None) -> Refined:
    """Solve one problem of each matrix of a stack; planes are the digits of B, stack × m × digits × n.

    In tall problems b is stack × m, and `weights`, the diagonal of W, stack × n. In wide problems b is stack × n, and
    there are no weights. Where b or something on the way is above 1/2, too large for exact arithmetic, nothing is
    proved.
    """
    bits, wide = digit_bits(max(planes.shape[1], planes.shape[3])), weights is None
    scale = np.ones(1) if weights is None else weights
    shrink = UP / np.sqrt(1 - np.where(inverse.proved, inverse.alpha, 0.0))
    stretch = np.ones(1) if weights is None else frobenius(scale[..., np.newaxis] * inverse.S) * shrink * UP
    x, r = np.zeros((1, len(b), planes.shape[1 if wide else 3])), digits(b, bits)
    sound: Mask = inverse.proved & is_small(b)
    going = sound
    fit = radius = np.full(len(b), np.inf)
    for left in reversed(range(STEPS)):
        g = r if wide else transposed_product(planes, r, bits)
        w = to_doubles(transposed_product(inverse.planes, g, bits)) * inverse.units
        sound = sound & is_small(g[0]) & is_small(r[0]) & is_small(x[0])
        before, fit = radius, np.where(sound, norm(w) * shrink, np.inf)
        radius = fit * stretch * UP
        done: Mask = radius <= GOAL * np.abs(to_doubles(x) * scale).max(axis=-1)
        better: Mask = np.isinf(before) | (radius <= PROGRESS * before)
        going = going & sound & ~done & better
        if not (left and going.any()):  # so the bounds are those of the latest x
            break
        step = np.where(going[:, np.newaxis], inverse.middle(w), 0.0)
        sound = sound & is_small(step)
        safe = digits(np.where(sound[:, np.newaxis], step, 0.0), bits)
        moved = leading_digits(carry(product(inverse.planes, safe), bits))
        sound = sound & is_small(moved[0])
        if wide:
            moved = carry(product(planes, moved), bits)
            sound = sound & is_small(moved[0])
        r = subtract(r, transposed_product(planes, moved, bits) if wide else product(planes, moved), bits)
        x = subtract(x, -moved, bits)
    return Refined(x, radius, r, fit)


def leading_digits(number: Doubles) -> Doubles:
    """Return the leading digits of a step, which need not be exact as long as x and the residual take the same step."""
    there = number.any(axis=-1)
    last = np.where(there.any(axis=0), there.argmax(axis=0), 0) + STEP_PLACES  # of each problem, whatever is beside it
    kept = np.arange(len(number))[:, np.newaxis] < last
    return np.where(kept[..., np.newaxis], number, 0.0)[: int(last.max())]


def is_small(values: Doubles) -> Mask:
    """Tell which vectors (last axis) have no entry that is above 1/2 in size, or not a number."""
    return np.asarray((np.abs(values) <= 0.5).all(axis=-1), dtype=np.bool_)
