"""Iterative refinement with exact residuals, for stacks of full-rank problems, until a proved bound is small enough.

Tall: x solves min ‖b − Bx‖. The residual r = b − Bx is kept exactly, digit by digit (see `lamm_robust.error_free`). So
g = Bᵀr is the true gradient, rounded once, and x★ − x = (BᵀB)⁻¹g = S G⁻¹ Sᵀg: with W any diagonal scaling of x,

    ‖W(x★ − x)‖ ≤ ‖WS‖ ‖Sᵀg‖/(1 − α),    ‖B(x★ − x)‖ ≤ ‖Sᵀg‖/√(1 − α).

Wide: x = By is the shortest solution of Bᵀx = b. Here f = b − Bᵀx is kept exactly, and so is x itself. Hence x stays in
the range of B and x★ − x = B(BᵀB)⁻¹f, of norm at most ‖Sᵀf‖/√(1 − α).

A step adds S M Sᵀg, with exact products by S and M ≈ G⁻¹ from float64. What is left of ‖B(x★ − x)‖ is ‖I − MG‖ and some
u of it: φ where M = CCᵀ, so that each step gains ten digits and more, whatever κ is; and the error of G where that is
from plain products, 4e-7 at κ = 1e10. It is Björck's refinement of the augmented system (BIT 7 (1967) 257; Higham,
Accuracy and Stability, §20.5) with exact residuals in place of twice the working precision; with products by S in
float64 a step would leave uκ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lamm_robust.error_free import carry, digits, product, subtract, to_doubles, transposed_product
from lamm_robust.oracles.bounds import UP, Doubles, frobenius, length_of_digits, norm
from lamm_robust.oracles.inverse import Inverse

Mask = npt.NDArray[np.bool_]

GOAL = 2.0**-72
"""The relative radius at which to stop, 2e-22: a certificate that says 1e-20 is then never refused for a rounded
bound."""

STEPS = 40
"""The most steps: a problem that gains a digit per step needs fewer, and one that gains less is refused."""

PROGRESS = 0.25
"""Refinement ends after a step that leaves more than this share of the bound: uκ is then near 1."""

STEP_PLACES = 6
"""Digits kept of a step, from the first that is not 0, over 80 bits: a step gains about ten decimal digits."""


@dataclass(frozen=True, eq=False)
class Refined:
    """The refined answers to one right-hand side of each problem in a stack; bounds are ∞ where nothing is proved."""

    x: Doubles
    """The digits of x, digits × stack × unknowns."""
    radius: Doubles
    """The bound of ‖W(x★ − x)‖ (stack)."""
    residual: Doubles
    """The digits of b − Bx, digits × stack × m; not used in wide problems."""
    fit: Doubles
    """The bound of ‖B(x★ − x)‖ (stack); in wide problems it is equal to `radius`."""


def refine(planes: Doubles, inverse: Inverse, b: Doubles, weights: Doubles | None) -> Refined:
    """Solve one problem of each matrix of a stack; planes are the digits of B, stack × m × digits × n.

    In tall problems b is stack × m, and `weights`, the diagonal of W, stack × n. In wide problems b is stack × n, and
    there are no weights. Where b or something on the way is above 1/2, too large for exact arithmetic, nothing is
    proved.
    """
    bits, wide = length_of_digits(planes), weights is None
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
    """Return the leading digits of a step; it may be inexact as long as x and the residual take the same step."""
    there = number.any(axis=-1)
    last = np.where(there.any(axis=0), there.argmax(axis=0), 0) + STEP_PLACES  # of each problem, whatever is beside it
    kept = np.arange(len(number))[:, np.newaxis] < last
    return np.where(kept[..., np.newaxis], number, 0.0)[: int(last.max())]


def is_small(values: Doubles) -> Mask:
    """Return a mask of the vectors (last axis) whose entries are all at most 1/2 in size, and not NaN."""
    return np.asarray((np.abs(values) <= 0.5).all(axis=-1), dtype=np.bool_)
