"""Why a number other than x is wrong, in words: a table of signs and sentences, of which the first that fits wins.

How an attempt ended is said as for x, see `endings`. A sentence says what the numbers show; where it goes on to guess,
it asks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lamm_robust.check.clues import Clues
from lamm_robust.check.endings import ENDED, LAYOUT, NO_SQUARE, Reason
from lamm_robust.check.other_numbers import other_number, sums_of_squares
from lamm_robust.check.reasons import GROWTH, SQUARED
from lamm_robust.reports.grading import is_full_rank
from lamm_robust.scoring.nonfinite import Undefined
from lamm_robust.scoring.number_scores import ERROR, LOSS
from lamm_robust.scoring.number_truths import exact_number
from lamm_robust.scoring.penrose import CONDITIONS
from lamm_robust.text import number
from lamm_robust.values import OF_A, UNIT_ROUNDOFF, Cause, Number, Status, Verdict

ALIKE = 1e-3
"""Two condition numbers are one and the same if they differ by at most this share: those in other norms differ by
more, but at small matrices."""

LEAST, MOST = 3, 0.6
"""So many failures, and this share of those that can tell, have an error of uκ² if κ was squared. Measured over the
quick profile: 1 for numbers from AᵀA; 0.41 or less for scaled, dropped, squared and rounded ones."""

CLEAR = 0.01
"""uκ² up to which an error of that size is no loss of all digits, which has other causes."""

SQUARING = frozenset({Number.SVDVALS, Number.PINV, Number.COVARIANCE, Number.STANDARD_ERRORS})
"""The numbers that people compute from AᵀA."""

EIGENVALUES = "eigenvalues of AᵀA"

BY_GRAM = (EIGENVALUES, GROWTH)
"""The reasons for which it takes several failures."""

NORMS: tuple[tuple[str, Any], ...] = (("1-norm", 1), ("∞-norm", np.inf), ("Frobenius norm", "fro"))
"""The other norms in which libraries have condition numbers."""


def _value(c: Clues) -> float:
    assert c.outcome.x is not None
    return float(c.outcome.x)


def _is(wanted: Number, shows: Callable[[Clues], bool] = lambda _: True) -> Callable[[Clues], bool]:
    return lambda c: c.returns is wanted and shows(c)


def _norms_of_cond(c: Clues) -> str:
    """The norms in which κ is what was returned, if they are others than 2; of a matrix that is not square, ‖A‖‖A⁺‖."""
    A, names = c.proved.frame.A, []
    for name, p in NORMS:
        with np.errstate(all="ignore"):
            try:
                found = float(np.linalg.norm(A, p) * np.linalg.norm(np.linalg.pinv(A, rcond=0), p))
            except np.linalg.LinAlgError:
                continue
        if np.isfinite(found) and abs(_value(c) - found) <= ALIKE * found:
            names.append(name)
    return " and the ".join(names)


def _both(found: float, right: float) -> tuple[str, str]:
    """A returned number and the true one, with six digits, or as many as show the difference."""
    shown = ((f"{found:.{digits}g}", f"{right:.{digits}g}") for digits in range(6, 18))
    return next((pair for pair in shown if pair[0] != pair[1]), (repr(found), repr(right)))


def _cond(c: Clues) -> str:
    right = exact_number(Number.COND, c.proved)
    said, true = _both(_value(c), float(right))
    return f"says κ = {said} where it is {true}"


def _is_no_rank(c: Clues) -> bool:
    return not 0 <= _value(c) <= min(c.record.m, c.record.n)


def _low_rank(c: Clues) -> str:
    sigmas, found = c.proved.sigmas, int(_value(c))
    share, size = float(sigmas[found] / sigmas[0]), float(sigmas[found])
    return (
        f"says rank {found} of {c.record.rank}: takes {number(share)}·σ₁ = {number(size)} for zero, which "
        f"{c.record.precision} can tell from zero"
    )


def _sigma_at(c: Clues) -> int:
    """The place of the singular value that is furthest from the true one."""
    assert c.outcome.x is not None
    away = [abs(Fraction(v) - s) for v, s in zip(c.outcome.x.tolist(), c.proved.sigmas, strict=True)]
    return away.index(max(away))


def _by_gram(c: Clues) -> bool:
    """Whether the error of a σ is what eigenvalues of AᵀA have: uσ₁²/σ, or √u·σ₁ for what is below that."""
    assert c.outcome.x is not None
    if not np.isfinite(c.outcome.x).all():
        return False
    i, sigmas, u = _sigma_at(c), c.proved.sigmas, UNIT_ROUNDOFF[c.record.precision]
    away, least = abs(float(c.outcome.x[i]) - float(sigmas[i])), float(sigmas[0]) * math.sqrt(u)
    expected = u * float(sigmas[0]) ** 2 / max(float(sigmas[i]), least)
    return SQUARED[0] * expected <= away <= SQUARED[1] * expected


def _svdvals(c: Clues) -> str:
    assert c.outcome.x is not None
    i = _sigma_at(c)
    found, right = float(c.outcome.x[i]), float(c.proved.sigmas[i])
    said, true = _both(found, right)
    return f"says σ_{i + 1} = {said} where it is {true}: off by {number(c.score(ERROR))} uσ₁"


def _squares_kappa(c: Clues) -> bool:
    """Whether the error of A⁺, or of a covariance, is some uκ² of it."""
    unit = UNIT_ROUNDOFF[c.record.precision] * c.kappa**2
    return SQUARED[0] * min(unit, 1.0) <= c.score(LOSS) <= SQUARED[1] * unit


def squares_kappa(failures: Sequence[Clues]) -> bool:
    """Whether most errors of these failed numbers are as large as squaring κ makes them, where that leaves a digit.

    A single one may have that size by accident.
    """
    shows = _by_gram if failures and failures[0].returns is Number.SVDVALS else _squares_kappa
    telling = [c for c in failures if _tells_of_squares(c)]
    return sum(map(shows, telling)) >= max(LEAST, MOST * len(telling))


def _tells_of_squares(c: Clues) -> bool:
    """Whether an error of uκ², as of A⁺ or a covariance, or of √u·σ₁, as of a σ, would be seen as such."""
    if not (c.record.scores.keys() >= {ERROR, LOSS} and c.returns in SQUARING):
        return False
    unit = UNIT_ROUNDOFF[c.record.precision] * c.kappa**2
    clear = c.returns is Number.SVDVALS or (is_full_rank(c.record) and unit <= CLEAR and c.score(ERROR) > c.small)
    return clear and not c.record.edge


def _residual(c: Clues) -> str:
    assert c.outcome.x is not None
    right = [ball.mid**2 for ball in c.proved.truth.residual_norm]
    pairs = zip(c.outcome.x.tolist(), right, strict=True)
    away = [abs(Fraction(v) - s) if math.isfinite(v) else math.inf for v, s in pairs]
    j = away.index(max(away))
    said, true = _both(float(c.outcome.x[j]), float(right[j]))
    return f"says {said} where the residual sum of squares is {true}"


def _depends_on_layout(c: Clues) -> bool:
    """Whether the number is another one for another layout, and rounding in another order is not why.

    ‖b‖² − ‖Ax‖², for one, is nothing but rounding where the residual is small.
    """
    heeded = c.record.cause is Cause.LAYOUT and c.is_steady and c.heeds_layout
    if not heeded or isinstance(c.certified, Undefined):
        return False
    if c.returns is not Number.RESIDUAL:
        return c.returns in OF_A or UNIT_ROUNDOFF[c.record.precision] * c.kappa**2 <= NO_SQUARE
    assert c.outcome.x is not None
    right = [float(ball.mid) ** 2 for ball in c.proved.truth.residual_norm]
    return bool((np.abs(c.outcome.x - right) > NO_SQUARE * sums_of_squares(c)).any())


def _penrose(c: Clues) -> str:
    name = max(CONDITIONS, key=c.score)
    which = dict(zip(CONDITIONS, ("AXA = A", "XAX = X", "(AX)ᵀ = AX", "(XA)ᵀ = XA"), strict=True))
    return f"near A⁺, but {which[name]} holds to {number(c.score(name))} uκ only, where {number(c.small)} is small"


def _far(c: Clues) -> str:
    lost = f", {number(c.score(LOSS))} of it" if c.score(LOSS) else ""
    return (
        f"off by {number(c.score(ERROR))} times what rounding A and b explains once{lost}; {number(c.small)} is small"
    )


def _returned(c: Clues) -> str:
    """How far off the number is, in the words of its kind."""
    return {Number.COND: _cond, Number.SVDVALS: _svdvals, Number.RESIDUAL: _residual}.get(c.returns, _far)(c)


REASONS: tuple[Reason, ...] = (
    Reason(
        "withheld",
        lambda c: c.record.verdict is Verdict.REFUSED and c.record.status is Status.SOLVED,
        lambda c: f"returns an empty array, though A is {c.record.m}×{c.record.n} and of rank {c.record.rank}",
    ),
    *(one for one in ENDED if one.name != LAYOUT),
    Reason(LAYOUT, _depends_on_layout, lambda c: c.record.message),
    Reason(
        "not finite",
        lambda c: c.record.verdict is Verdict.NON_FINITE,
        lambda _: "entries are infinite or not a number",
    ),
    Reason(
        "no rank",
        _is(Number.RANK, _is_no_rank),
        lambda c: f"says rank {_value(c):g} of {c.record.rank}, though A is {c.record.m}×{c.record.n}",
    ),
    Reason(
        "counts rounding errors",
        _is(Number.RANK, lambda c: _value(c) > c.proved.truth.rank),
        lambda c: f"says rank {_value(c):g} of {c.record.rank}: counts a singular value that is rounding error",
    ),
    Reason("drops singular values", _is(Number.RANK), _low_rank),
    Reason(
        "another norm",
        _is(Number.COND, lambda c: bool(_norms_of_cond(c))),
        lambda c: f"{_cond(c)}: it is the condition number in the {_norms_of_cond(c)}",
    ),
    Reason(
        "not in order",
        _is(Number.SVDVALS, lambda c: c.outcome.x is not None and bool((np.diff(c.outcome.x) > 0).any())),
        lambda _: "the singular values do not fall from the first to the last",
    ),
    Reason(
        EIGENVALUES,
        _is(Number.SVDVALS, lambda c: c.squares_kappa and _by_gram(c)),
        lambda c: f"{_svdvals(c)}: from eigenvalues of AᵀA?",
    ),
    Reason("another number", lambda c: other_number(c) is not None, lambda c: f"{_returned(c)}: {other_number(c)}"),
    Reason("wrong κ", _is(Number.COND), _cond),
    Reason("wrong σ", _is(Number.SVDVALS), _svdvals),
    Reason("wrong residual", _is(Number.RESIDUAL), _residual),
    Reason("Penrose", _is(Number.PINV, lambda c: c.score(ERROR) <= c.small), _penrose),
    Reason(
        GROWTH,
        lambda c: c.squares_kappa and _squares_kappa(c),
        lambda c: f"{_far(c)}: an error of uκ² (κ = {number(c.kappa)}): from (AᵀA)⁻¹?",
    ),
    Reason("far off", lambda _: True, _far),
)


def number_reason(clues: Clues) -> Reason:
    """The first of `REASONS` that shows; the last one always does."""
    return next(one for one in REASONS if one.shows(clues))
