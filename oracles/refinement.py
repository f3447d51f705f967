"""Iterative refinement with exact residuals, for stacks of full-rank problems, until a proved bound is small enough.

Tall: x solves min ‖b − Bx‖. The residual r = b − Bx is kept exactly, digit by digit (see `lamm_robust.error_free`), so
g = Bᵀr is the true gradient, rounded once, and x★ − x = (BᵀB)⁻¹g = S G⁻¹ Sᵀg: with W any diagonal scaling of x,

    ‖W(x★ − x)‖ ≤ ‖WS‖ ‖Sᵀg‖/(1 − α),    ‖B(x★ − x)‖ ≤ ‖Sᵀg‖/√(1 − α).

Wide: x = By, the shortest of all with Bᵀx = b. Here f = b − Bᵀx is kept exactly, and so is x itself, hence it stays in
the range of B and x★ − x = B(BᵀB)⁻¹f, of norm at most ‖Sᵀf‖/√(1 − α).

A step adds S C Cᵀ Sᵀg, with the products by S exact: φ and some u of ‖B(x★ − x)‖ are left, whatever κ is, so each step
gains ten digits and more. It is Björck's refinement of the augmented system (BIT 7 (1967) 257; Higham, Accuracy and
Stability, §20.5) with exact residuals in place of twice the working precision; with S in float64 it would leave uκ.
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
"""More than any problem needs that gains a digit per step and is not refused for gaining less."""

PROGRESS = 0.25
"""A step that does not make the bound at least this much smaller is the last: uκ is then near one."""


STEP_PLACES = 6
"""Digits of a step, over 80 bits, from its first that is not zero: each step gains about ten decimal digits."""


@dataclass(frozen=True, eq=False)
class Refined:
    """What is known of one right-hand side of each problem in a stack; ∞ where nothing is."""

    x: Doubles
    """The digits of x, digits × stack × unknowns."""
    radius: Doubles
    """‖W(x★ − x)‖ is at most this."""
    residual: Doubles
    """The digits of b − Bx; of no use in a wide problem."""
    fit: Doubles
    """‖B(x★ − x)‖ is at most this; in a wide problem, the radius once more."""


def refine(planes: Doubles, inverse: Inverse, b: Doubles, weights: Doubles | None) -> Refined:
    """Solve for b; planes are the digits of B, stack × m × digits × n.

    b is stack × m and `weights`, the diagonal of W, stack × n; or else the problem is wide, and b is stack × n. Where b
    or something on the way is not well below 1/2, as exact arithmetic needs it, nothing is proved.
    """
    bits, wide = digit_bits(max(planes.shape[1], planes.shape[3])), weights is None
    scale = np.ones(1) if weights is None else weights
    shrink = UP / np.sqrt(1 - np.where(inverse.proved, inverse.alpha, 0.0))
    stretch = np.ones(1) if weights is None else frobenius(scale[..., np.newaxis] * inverse.S) * shrink * UP
    x, r = np.zeros((1, len(b), planes.shape[1 if wide else 3])), digits(b, bits)
    sound: Mask = inverse.proved & small(b)
    going = sound
    fit = radius = np.full(len(b), np.inf)
    for left in reversed(range(STEPS)):
        g = r if wide else transposed_product(planes, r, bits)
        w = to_doubles(transposed_product(inverse.planes, g, bits)) * inverse.units
        sound = sound & small(g[0]) & small(r[0]) & small(x[0])
        before, fit = radius, np.where(sound, norm(w) * shrink, np.inf)
        radius = fit * stretch * UP
        done: Mask = radius <= GOAL * np.abs(to_doubles(x) * scale).max(axis=-1)
        better: Mask = np.isinf(before) | (radius <= PROGRESS * before)
        going = going & sound & ~done & better
        if not (left and going.any()):  # what is known is known of the latest x
            break
        step = np.where(going[:, np.newaxis], inverse.middle(w), 0.0)
        sound = sound & small(step)
        safe = digits(np.where(sound[:, np.newaxis], step, 0.0), bits)
        moved = shortened(carry(product(inverse.planes, safe), bits))
        sound = sound & small(moved[0])
        if wide:
            moved = carry(product(planes, moved), bits)
            sound = sound & small(moved[0])
        r = subtract(r, transposed_product(planes, moved, bits) if wide else product(planes, moved), bits)
        x = subtract(x, -moved, bits)
    return Refined(x, radius, r, fit)


def shortened(number: Doubles) -> Doubles:
    """The leading digits: a step need not be exact, as long as it is the same for x and for the residual."""
    there = number.any(axis=-1)
    last = np.where(there.any(axis=0), there.argmax(axis=0), 0) + STEP_PLACES  # of each problem, whatever is beside it
    kept = np.arange(len(number))[:, np.newaxis] < last
    return np.where(kept[..., np.newaxis], number, 0.0)[: int(last.max())]


def small(values: Doubles) -> Mask:
    """Where no entry is above 1/2, or not a number."""
    return np.asarray((np.abs(values) <= 0.5).all(axis=-1), dtype=np.bool_)
