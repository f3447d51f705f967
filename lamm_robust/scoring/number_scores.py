"""How far what functions return beside x is from the truth, in units of what rounding A and b explains.

`number_error` is the smallest multiple e of u such that a change of A by e·u‖A‖₂ and of b by e·u‖b‖, to first order,
and rounding the number itself as often, explain what was returned; up to `limits.threshold` it is rounding error, as
for x. With r = b − Ax★, S = ‖r‖², δ = ‖b‖ + σ₁‖x★‖ and G = (AᵀA)⁻¹, such a change moves

* *svdvals*: every σ by σ₁ at most, times e·u (Weyl; Golub and Van Loan, Matrix Computations, 4th ed., Corollary 8.6.2);
* *rank*: to any k below it for σ_{k+1} (Eckart and Young; there Theorem 2.4.8), but never visibly above it;
* *cond*: 1/κ = σ_n/σ₁ by 1 + 1/κ, from Weyl for both; κ itself by a share of κ, to ∞ where κ is beyond the precision;
* *pinv*: A⁺ by μκ‖A⁺‖ with μ < 2, for a change that keeps the rank (Wedin, BIT 13 (1973) 217, Theorem 4.1);
* *residual*: ‖r‖ by δ, since x★ fits the changed data as well but for that; and a computed x̂, in whose error A leaves
  δ + κ‖r‖ (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., Theorem 20.1), adds the square of it to S;
* *standard_errors*, *covariance*: row j of A⁺, whose length is √G_jj, by 2κ times that length, as the derivative of A⁺
  is −A⁺EA⁺ + GEᵀ(I − AA⁺) (there eq. 20.12), so that G_ij moves by 4κ√(G_ii·G_jj); and S as above.

A number rounded correctly to the working precision is within 1 (A⁺ within √r), its neighbours are within three times
that. `number_loss` is the relative error where the precision shows a digit, else 0. Everything is computed from exact
rationals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import numpy as np

from lamm_robust.scoring import penrose
from lamm_robust.scoring.limits import NO_CORRECT_DIGIT
from lamm_robust.scoring.number_truths import quotient, regime, root
from lamm_robust.scoring.truths import Certified
from lamm_robust.values import UNIT_ROUNDOFF, Array, Number, Regime

ERROR, LOSS = "number_error", "number_loss"
"""The names of the two scores that every number has."""

SUBNORMAL = {"float32": Fraction(1, 2**149), "float64": Fraction(1, 2**1074)}
"""The smallest positive number of each precision (IEEE 754): no number is known better than to one or two of these."""

UNITS = {
    ERROR: "perturbation bounds",
    LOSS: "relative, where the precision shows a digit",
    **dict(zip(penrose.CONDITIONS, ("uκ‖A‖", "uκ‖A⁺‖", "uκ", "uκ"), strict=True)),
}
"""Score → its unit."""

Scores = dict[str, float]


def _svdvals(certified: Certified, x: Array) -> Scores:
    sigmas, u = certified.sigmas, _unit(certified)
    away = [_away(value, sigma, certified) for value, sigma in zip(x.tolist(), sigmas, strict=True)]
    if not sigmas or not sigmas[0]:
        return _scores(math.inf if any(away) else 0.0, 1.0 if any(away) else 0.0)
    seen = sigmas[0] * u * Fraction(certified.limits.small / NO_CORRECT_DIGIT)
    loss = [quotient(d, sigma) for d, sigma in zip(away, sigmas, strict=True) if sigma >= seen]
    return _scores(max(quotient(d, sigmas[0] * u) for d in away), max(loss, default=0.0))


def _rank(certified: Certified, x: Array) -> Scores:
    """A rank below the exact one drops a σ that the precision shows if σ is ten times what is rounding error."""
    found, truth = float(x), certified.truth
    if found == truth.rank:
        return _scores(0.0, 0.0)
    if not 0 <= found <= min(truth.m, truth.n):
        return _scores(math.inf, 1.0)
    if found > truth.rank:
        wrong = regime(certified) is Regime.DEFICIENT
        return _scores(math.inf if wrong else 0.0, float(wrong))
    sigmas = certified.sigmas
    error = NO_CORRECT_DIGIT * float(sigmas[int(found)] / sigmas[0] / _unit(certified))
    return _scores(error, float(error > certified.limits.small))


def _cond(certified: Certified, x: Array) -> Scores:
    sigmas, u, value = certified.sigmas, _unit(certified), float(x)
    inverse = Fraction(0) if math.isinf(value) else 1 / Fraction(value) if value > 0 else Fraction(-1)
    right = sigmas[-1] / sigmas[0]
    error = quotient(abs(inverse - right), u * (1 + right))
    rounding = Fraction(certified.limits.small) * u
    if rounding <= Fraction(NO_CORRECT_DIGIT) * right:
        loss = abs(right / inverse - 1) if inverse else Fraction(1)
    else:  # no digit can be asked, but that κ is large
        loss = Fraction(int(inverse < 0 or inverse * Fraction(NO_CORRECT_DIGIT) > max(rounding, right)))
    return _scores(error, float(loss))


def _pinv(certified: Certified, x: Array) -> Scores:
    if not np.isfinite(x).all():
        return _scores(math.inf, 1.0)
    error, loss = penrose.distance(certified, x)
    return _scores(error, loss) | penrose.conditions(certified, x)


def _residual(certified: Certified, x: Array) -> Scores:
    found = []
    for j, (value, ball) in enumerate(zip(x.tolist(), certified.truth.residual_norm, strict=True)):
        S, slack = ball.mid**2, ball.radius * (2 * ball.mid + ball.radius)
        away = _away(value, S, certified)
        away = away if away == math.inf else max(Fraction(0), Fraction(away) - slack)
        found.append(_scores(_multiple(certified, away, j), quotient(away, _visible(certified, S, j))))
    return {name: max(one[name] for one in found) for name in (ERROR, LOSS)}


def _standard_errors(certified: Certified, x: Array) -> Scores:
    G, S, freedom = certified.regression
    errors, losses = [], []
    tiny = 2 * SUBNORMAL[certified.problem.key.dtype]
    for j, value in enumerate(x.tolist()):
        if math.isinf(value) or value < 0:
            return _scores(math.inf, 1.0)
        low, high = max(Fraction(0), Fraction(value) - tiny) ** 2, (Fraction(value) + tiny) ** 2
        square = S / freedom * G[j][j]
        away = max(Fraction(0), low - square, square - high) * freedom / G[j][j]
        errors.append(_multiple(certified, away, 0, gram=True))
        losses.append(quotient(away, 2 * _visible(certified, S, 0)))
    return _scores(max(errors), max(losses))


def _covariance(certified: Certified, x: Array) -> Scores:
    G, S, freedom = certified.regression
    lengths = [root(row[j]) for j, row in enumerate(G)]
    errors, losses = [], []
    for i, row in enumerate(x.tolist()):
        for j, value in enumerate(row):
            away = _away(value, S / freedom * G[i][j], certified)
            away = away if away == math.inf else Fraction(away) * freedom / (lengths[i] * lengths[j])
            errors.append(_multiple(certified, away, 0, gram=True))
            losses.append(quotient(away, _visible(certified, S, 0)))
    return _scores(max(errors), max(losses))


MEASURES: Mapping[Number, Callable[[Certified, Array], Scores]] = {
    Number.PINV: _pinv,
    Number.RANK: _rank,
    Number.COND: _cond,
    Number.SVDVALS: _svdvals,
    Number.RESIDUAL: _residual,
    Number.STANDARD_ERRORS: _standard_errors,
    Number.COVARIANCE: _covariance,
}
"""Number → its scores."""


def _multiple(certified: Certified, away: Fraction | float, j: int, *, gram: bool = False) -> float:
    """The e at which changes of A and b by e·u move S, for right-hand side j, so far; with `gram`, G moves, too.

    The root of 2‖r‖uδe + (uδ + uκ‖r‖)²e² + uSe = away, and 4uκSe more for G.
    """
    if not away or away == math.inf:
        return float(away)
    truth, u = certified.truth, _unit(certified)
    r, kappa = truth.residual_norm[j].mid, truth.kappa.mid if truth.kappa else Fraction(1)
    move = u * (_norm(_column(certified.problem.b, j)) + truth.sigma_max.mid * _norm(_answer(certified, j)))
    first = 2 * r * move + u * r**2 * (1 + (4 * kappa if gram else 0))
    second = (move + u * kappa * r) ** 2
    return quotient(2 * Fraction(away), first + root(first**2 + 4 * second * Fraction(away)))


def _visible(certified: Certified, S: Fraction, j: int) -> Fraction:
    """What a wrong digit of S is measured against: S, or u‖b‖² if that is more, which is a fit to half the digits."""
    return max(S, _unit(certified) * _norm(_column(certified.problem.b, j)) ** 2)


def _away(value: float, right: Fraction, certified: Certified) -> Fraction | float:
    """The distance of a returned number from the true one, less two of the smallest numbers; ∞ beyond all numbers.

    ∞ is right where the true number is beyond the largest, or rounds to that.
    """
    precision = certified.problem.key.dtype
    if math.isinf(value):
        largest = Fraction(float(np.finfo(precision).max))
        return Fraction(0) if value > 0 and right * (1 + 4 * _unit(certified)) >= largest else math.inf
    return max(Fraction(0), abs(Fraction(value) - right) - 2 * SUBNORMAL[precision])


def _unit(certified: Certified) -> Fraction:
    return Fraction(UNIT_ROUNDOFF[certified.problem.key.dtype])


def _column(b: Array, j: int) -> list[Fraction]:
    return [Fraction(value) for value in (b if b.ndim == 1 else b[:, j]).tolist()]


def _answer(certified: Certified, j: int) -> list[Fraction]:
    """Column j of x★, to the digits of one double: it scales a bound."""
    truth, sides = certified.truth, len(certified.truth.residual_norm)
    x, exponent = (array.reshape(truth.n, sides)[:, j].tolist() for array in (truth.x[0], truth.exponent))
    return [Fraction(value) * Fraction(2) ** e for value, e in zip(x, exponent, strict=True)]


def _norm(values: Sequence[Fraction]) -> Fraction:
    return root(sum((v * v for v in values), Fraction(0)))


def _scores(error: float, loss: float) -> Scores:
    return {ERROR: error, LOSS: loss}
