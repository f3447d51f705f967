"""Why an x is wrong, in words: a table of signs and sentences, of which the first that fits wins.

A sentence says what the numbers show. Where it goes on to guess at the algorithm, it asks.
"""

from __future__ import annotations

import math

from lamm_robust.check.clues import SINGLE, Clues
from lamm_robust.check.endings import ENDED, Reason, has_verdict
from lamm_robust.check.trend import DECADE, LOW_KAPPA
from lamm_robust.reports.grading import has_one_answer, is_full_rank
from lamm_robust.scoring.limits import NO_CORRECT_DIGIT
from lamm_robust.scoring.shortfalls import longer
from lamm_robust.text import number, scaled_lines, two_digits
from lamm_robust.values import UNIT_ROUNDOFF, Deficiency, Record, Regime, Verdict

MUCH_LONGER = 1e3
"""An answer so many times as long as x★, or as uκ²x★ if that is longer, is noise: a basic solution of a small,
well-scaled problem is tens of times as long, and where κ is large, its residual enters it by uκ²."""

ALMOST_ALL = 0.99
"""The least share of noise that is in the null space: what solves another problem may be as long, but has directions of
all kinds, at random 0.91 of them in the null space of the least rank of the suite, 5 of 30 columns."""

SQUARED = (0.01, 100.0)
"""The least and the largest relative error, in uκ², of a single answer that squaring κ explains: most are 0.02 to 0.5,
and an explicit inverse loses a little more."""

GROWTH = "squares κ"
"""The name of a reason for which it takes several problems."""

RIDGE = "ridge"
"""The name of another reason for which it takes several."""

CONJUGATE = "a conjugate wrong"
"""The name of the third of these."""

BY_SVD = 4.0
"""Backward errors up to so many times what is small may come from LAPACK's SVD: see `scoring.limits.STABLE`."""


def _computes_in_float32(c: Clues) -> bool:
    return c.has_singles and (c.looks_single or (c.all_single and c.needs_single and c.kappa * SINGLE >= 1))


def _single(c: Clues) -> str:
    if c.kappa * SINGLE < 1:
        return "right to float32 only: computes in float32"
    return f"computes in float32, for which κ = {two_digits(c.kappa)} is too much"


def _ridge(c: Clues) -> str:
    assert c.ridge is not None
    return c.ridge.words


def _is_mistaken(c: Clues) -> bool:
    return c.is_steady and c.mistake is not None and c.mistake in (c.mistakes or ())


def _scaled(c: Clues) -> str:
    assert c.factor is not None
    if abs(1 + c.factor) < 0.1:
        return f"x is {number(1 + c.factor)} times the answer"
    places = max(1, -int(f"{abs(c.factor):.0e}".partition("e")[2]))  # up to the first digit of the difference
    return f"x is {1 + c.factor:.{places}f} times the answer"


def _is_shortest_promised(c: Clues) -> bool:
    return not c.certified.limits.unique and c.record.promises != Deficiency.BASIC


def _keeps_noise(c: Clues) -> bool:
    if c.certified.regime is not Regime.DEFICIENT:
        return False
    # who may return any solution is only wrong to be long where that costs the fit
    if not _is_shortest_promised(c) and not (_loses_the_fit(c) and c.score("norm_excess") >= 1):
        return False
    reported, outside = c.record.reported_rank, c.score("null_component") * c.certified.limits.unit
    least = MUCH_LONGER * max(1.0, UNIT_ROUNDOFF[c.record.precision] * c.kappa**2)
    noise = c.is_steady and least <= c.score("norm_excess") < math.inf and outside > ALMOST_ALL
    # exact for a matrix near A, which has a higher rank, while a basic solution fits A itself
    noise = noise and c.score("backward_error") <= c.small and _loses_the_fit(c)
    return noise or (reported is not None and reported > c.proved.truth.rank)


def _noise(c: Clues) -> str:
    reported, rank = c.record.reported_rank, c.proved.truth.rank
    ranks = f" (reports rank {reported} of {rank})" if reported is not None and reported != rank else ""
    excess = c.score("norm_excess")
    length = longer(excess, c.proved.frame) if excess >= 1 else "not the shortest"
    cost = "" if _is_shortest_promised(c) else f", so long that {_off(c)}"
    return f"{length}{ranks}{cost}: keeps a singular value that is rounding error?"


def _loses_the_fit(c: Clues) -> bool:
    """Whether Ax̂ is further from the best fit than rounding explains."""
    return c.score("residual_excess") > c.certified.limits.fit


def _off(c: Clues) -> str:
    return f"Ax is {number(c.score('residual_excess'))}‖b‖ away from the best fit"


def _is_longer_solution(c: Clues) -> bool:
    return not _loses_the_fit(c) and _is_shortest_promised(c) and c.score("null_component") > c.small


def _squares_kappa(c: Clues) -> bool:
    full_rank = c.record.rank == min(c.record.m, c.record.n) and has_one_answer(c.record)  # resolvable or not
    inaccurate = full_rank and c.record.verdict != Verdict.FORWARD_STABLE
    if not (c.squares_kappa and c.is_steady and inaccurate and c.kappa > LOW_KAPPA):
        return False
    unit = UNIT_ROUNDOFF[c.record.precision] * c.kappa**2
    error = max(c.score("relative_error"), c.score("entry_error"))
    return SQUARED[0] * min(unit, 1.0) <= error and (error <= SQUARED[1] * unit or unit >= NO_CORRECT_DIGIT)


def _not_by_columns(c: Clues) -> str:
    lines = "row by row" if c.record.m < c.record.n else "column by column"
    found = f"{lines} (backward error {number(c.score('columnwise_backward_error'))} u)"
    wide = c.record.m < c.record.n
    remedy = ": scale rows to one size, or use LQ" if wide else ": scale columns to one size, or use QR"
    scaling = remedy if c.kappa >= DECADE * c.record.kappa_columns else ""
    return f"exact for a matrix near A as a whole, but for none that is near it {found}{scaling}"


def _no_near_matrix(c: Clues) -> str:
    error, length = c.score("backward_error"), c.record.scores.get("null_backward_error", 0.0)
    # a large residual moves x by uκ²‖r★‖, which may be more than x
    near = "near the answer"
    if c.score("relative_error") >= NO_CORRECT_DIGIT:
        near = "as near the answer as rounding allows"
    if error <= c.small < length:
        return f"{near}, but the shortest solution of no matrix near A (by {number(length)} u‖A‖)"
    guess = c.small * BY_SVD < error <= c.kappa  # an inverse costs uκ‖A‖; LAPACK's SVD may cost a few units more
    inverse = ": an explicit inverse, pseudo-inverse or Gram matrix?" if guess else ""
    return f"{near}, but exact for no matrix near A (backward error {number(error)} u‖A‖){inverse}"


def _few_digits(c: Clues) -> bool:
    low = is_full_rank(c.record) and c.kappa <= LOW_KAPPA and c.score("relative_error") < NO_CORRECT_DIGIT
    low = low and has_one_answer(c.record)  # elsewhere the digits of x★ are not asked for
    return low and c.record.verdict is not Verdict.WRONG  # which it is for an entry without a digit


def _wrong(c: Clues) -> str:
    if not has_one_answer(c.record):
        return f"no solution: {_off(c)}, though κ = {two_digits(c.kappa)}"
    if c.score("relative_error") >= NO_CORRECT_DIGIT:
        return f"not one digit is right where κ = {_kappa(c)}"
    return f"an entry of x has no right digit, though κ = {_kappa(c)}"


def _inaccurate(c: Clues) -> str:
    """Both errors beside what is small; of who may return any solution, the distance to x★ is not asked."""
    backward = f"backward {number(c.score('backward_error'))} u‖A‖"
    if has_one_answer(c.record):
        forward = f"forward {number(c.score('forward_error'))} Wedin bounds"
        return f"errors are beyond rounding: {backward}, {forward}, where {number(c.small)} is small"
    fit = number(c.certified.limits.fit)
    return f"errors are beyond rounding: {backward}, where {number(c.small)} is small, and {_off(c)}, where {fit} is"


def _kappa(c: Clues) -> str:
    """κ of A as it is stored, or with columns (rows, if wide) of one size, if only that can be resolved."""
    lines = scaled_lines(c.record.m, c.record.n)
    by_columns = c.certified.limits.only_columns or c.score("relative_error") < NO_CORRECT_DIGIT
    return f"{two_digits(c.record.kappa_columns)} with {lines} of one size" if by_columns else two_digits(c.kappa)


def both_kappas(record: Record) -> str:
    """κ of A as stored, and that with columns (rows, if wide) of one size."""
    lines = scaled_lines(record.m, record.n)
    return f"{two_digits(record.kappa)} ({two_digits(record.kappa_columns)} with {lines} of one size)"


def _beyond(c: Clues) -> str:
    """κ of A as stored, and that with columns (rows, if wide) of one size, which decides, if it differs."""
    stored = two_digits(c.kappa)
    return stored if stored == two_digits(c.record.kappa_columns) else both_kappas(c.record)


REASONS: tuple[Reason, ...] = (
    *ENDED,
    Reason("not finite", has_verdict(Verdict.NON_FINITE), lambda _: "x has entries that are infinite or not a number"),
    # a finite answer: from here on there are scores
    Reason(
        "not column by column",
        has_verdict(Verdict.BACKWARD_STABLE),
        _not_by_columns,
    ),
    Reason("zero", lambda c: not c.x.any() and c.score("relative_error") == 1.0, lambda _: "x is zero"),
    Reason("copied", lambda c: c.is_copied, lambda c: f"all {c.x.shape[1]} right-hand sides have the same x"),
    Reason(RIDGE, lambda c: c.is_steady and c.ridge is not None and c.ridge.explains(c.gradient), _ridge),
    Reason(CONJUGATE, _is_mistaken, lambda c: c.mistake or ""),
    Reason("float32", _computes_in_float32, _single),
    Reason("scaled", lambda c: c.factor is not None, _scaled),
    Reason("keeps rounding errors", _keeps_noise, _noise),
    Reason(
        "not the shortest",
        _is_longer_solution,
        lambda c: (
            f"not the shortest solution: {number(c.score('null_component') * c.certified.limits.unit)} of x "
            "is outside the row space"
        ),
    ),
    Reason(
        "drops singular values",
        lambda c: c.is_steady and c.has_cutoff and c.cut is not None,
        lambda c: f"the answer as if singular values from {number(c.cut or 0.0)}·σ₁ down were zero: they are not",
    ),
    Reason(
        GROWTH,
        _squares_kappa,
        lambda c: f"error grows like κ² (κ = {two_digits(c.kappa)}): normal equations, or Gram–Schmidt with Qᵀb?",
    ),
    Reason(
        "no near matrix",
        has_verdict(Verdict.FORWARD_STABLE),
        _no_near_matrix,
    ),
    Reason(
        "few digits",
        _few_digits,
        lambda c: (
            f"only {-math.log10(c.score('relative_error')):.0f} digits are right where κ = {two_digits(c.kappa)}: "
            "lower precision inside, or another problem solved?"
        ),
    ),
    Reason(
        "fits nothing",
        lambda c: c.record.verdict is Verdict.WRONG and c.certified.regime is Regime.AMBIGUOUS,
        lambda c: (
            f"fits nothing: {_off(c)}, which no rounding explains, though κ = {_beyond(c)} is beyond the precision"
        ),
    ),
    Reason("wrong", has_verdict(Verdict.WRONG), _wrong),
    Reason(
        "inaccurate",
        lambda _: True,
        _inaccurate,
    ),
)


def reason(clues: Clues) -> Reason:
    """The first of `REASONS` that shows; the last one always does."""
    return next(one for one in REASONS if one.shows(clues))
