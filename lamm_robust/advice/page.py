"""The page of `advise`: which call, and why, in lines for people; and the same as plain JSON values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from lamm_robust.advice.advise import ONE_DIGIT, Advice, Measured, fastest
from lamm_robust.advice.columns import Columns, Dependence
from lamm_robust.advice.trial import Tried
from lamm_robust.solvers.typed import call_of
from lamm_robust.text import count_of, duration, finite, printable, scaled_lines
from lamm_robust.values import Regime

SHOWN = 6
"""Columns that a line names at most, and dependences that are shown."""

CALLS = ("digits of x", "of the fit", "‖b − Ax‖", "time", "verdict", "call")
HELPS = ("digits of x", "of the fit", "what")

Section = tuple[str, list[str]]
"""A heading, and lines below it."""


def text(advice: Advice) -> str:
    """The page in lines for people."""
    parts = [headline(advice)]
    for heading, lines in sections(advice):
        parts += ["", heading, *(f"  {line}" for line in lines)]
    return "\n".join(parts)


def headline(advice: Advice) -> str:
    """What was read, and how its answer is known."""
    m, n = advice.data.A.shape
    truth = advice.certified.truth
    return (
        f"{printable(advice.data.source)}: {m}×{n} in {advice.stored}, "
        f"answer proved by '{truth.method}'; all in {advice.seconds:.1f} s"
    )


def sections(advice: Advice) -> list[Section]:
    """The sections of the page."""
    found = [
        ("What it is", list(_facts(advice))),
        ("Which call, and why", list(_recommended(advice))),
        ("All calls that were tried", _calls(advice)),
        ("What would help, tried", list(_helps(advice))),
        ("What nobody can know", list(_unknown(advice))),
    ]
    return [(heading, lines) for heading, lines in found if lines]


# --- what it is -------------------------------------------------------------------------------------------


def _facts(advice: Advice) -> Iterator[str]:
    truth, (m, n) = advice.certified.truth, advice.data.A.shape
    for note in advice.data.notes:
        yield f"note      {printable(note)}"
    yield f"rank      {truth.rank}" + (", which is full" if truth.rank == min(m, n) else f" of at most {min(m, n)}")
    yield f"κ         {_kappa(advice)}"
    yield f"residual  ‖b − Ax‖ is {max(map(float, truth.residual_norm)):.6g} at least"
    if m < n:
        yield f"wide      {n} columns in {m} rows: many x fit exactly, and the calls return the shortest or another"
    yield from _columns(advice)


def _kappa(advice: Advice) -> str:
    truth = advice.certified.truth
    if truth.kappa is None:
        return "none: A is zero"
    kappa, equal = float(truth.kappa), float(truth.kappa_columns or truth.kappa)
    lines = scaled_lines(truth.m, truth.n)
    same = f"{kappa:.2g}" == f"{equal:.2g}"
    return f"{kappa:.2g}" + ("" if same else f" as stored; {equal:.2g} with {lines} of one size")


def _columns(advice: Advice) -> Iterator[str]:
    columns, names = advice.columns, advice.data.names
    if columns.zero:
        yield f"zero      {_named(names, columns.zero)}"
    if columns.constant is None and advice.certified.truth.m > advice.certified.truth.n:
        yield "constant  there is no constant column: the fit goes through 0 (--constant adds one)"
    for j in columns.far[:SHOWN]:
        times = abs(float(columns.means[j])) / float(columns.spreads[j])
        yield f"far       {_name(names, j)}: mean {columns.means[j]:.3g} is {times:.2g} times its spread"
    if columns.dwarfing:
        yield f"dwarfs    {_sizes(columns, names, columns.dwarfing)} times as long as the median column"
    if columns.dwarfed:
        yield f"dwarfed   {_sizes(columns, names, columns.dwarfed)} times as long as the median column"
    for one in columns.dependences[:SHOWN]:
        yield f"depends   {_dependence(one, names)}"
    if len(columns.dependences) > SHOWN:
        yield f"          and {len(columns.dependences) - SHOWN} more"


def _sizes(columns: Columns, names: tuple[str, ...], chosen: list[int]) -> str:
    ratios = (f"{_name(names, j)} {float(columns.lengths[j]) / columns.median:.2g}" for j in chosen[:SHOWN])
    return ", ".join(ratios) + (f" and {len(chosen) - SHOWN} more" if len(chosen) > SHOWN else "")


def _dependence(one: Dependence, names: tuple[str, ...]) -> str:
    """A column as the combination of others that it nearly is: "c ≈ 2·a − 0.5·b, but for 3e-07 of its length"."""
    shown = one.terms[:SHOWN]
    terms = " + ".join(f"{factor:.4g}·{_name(names, j)}" for j, factor in shown).replace("+ -", "− ")
    more = f" + {len(one.terms) - SHOWN} more" if len(one.terms) > SHOWN else ""
    apart = f"but for {one.distance:.1g} of its length" if one.distance > 1e-15 else "to the last digit of float64"
    return f"{_name(names, one.column)} ≈ {terms}{more}, {apart}"


def _name(names: tuple[str, ...], j: int) -> str:
    return printable(names[j])[:40]


def _named(names: tuple[str, ...], chosen: list[int]) -> str:
    more = f" and {len(chosen) - SHOWN} more" if len(chosen) > SHOWN else ""
    return ", ".join(_name(names, j) for j in chosen[:SHOWN]) + more


# --- which call -------------------------------------------------------------------------------------------


def _recommended(advice: Advice) -> Iterator[str]:
    best = advice.recommended
    if best is None:
        yield advice.why
        return
    yield from advice.call(best).split("; ")
    yield f"{best.digits_x:.1f} digits of x and {best.digits_fit:.1f} of the fit are right; {advice.why}"
    if best.variant.precision != advice.stored:
        alike = [one for one in advice.calls if one.variant.precision == advice.stored and one.answered]
        if alike:
            one = max(alike, key=lambda one: (round(one.digits_x), round(one.digits_fit)))
            yield (
                f"staying in {advice.stored}: {advice.call(one)}, "
                f"with {one.digits_x:.1f} digits of x and {one.digits_fit:.1f} of the fit"
            )
    yield from _enough(advice, best)
    if advice.certified.truth.rank < advice.data.A.shape[1]:
        yield "many x fit equally well; digits of x are those of the shortest, which not every call looks for"


def _enough(advice: Advice, best: Tried) -> Iterator[str]:
    """The call that has a digit more than mean anything, of x and of the fit, where the best one has that, too."""
    open_ = advice.unknowable
    if open_ is None:
        return
    of_x, of_fit = open_.digits_x + ONE_DIGIT, open_.digits_fit + ONE_DIGIT
    enough = [one for one in advice.calls if one.digits_x >= of_x and one.digits_fit >= of_fit]
    if best not in enough:
        return
    one = fastest(enough)
    if one is not best:
        yield (
            f"rounding to {advice.stored} has left {open_.digits_x:.1f} digits of x and {open_.digits_fit:.1f} of the "
            f"fit: {len(enough)} calls have one more, the shortest to type of the fastest is {advice.call(one)}"
        )


def _calls(advice: Advice) -> list[str]:
    mark = {advice.recommended: "  ← recommended"}
    rows = [[*_row(one), _short_call(advice, one) + mark.get(one, "")] for one in advice.calls]
    absent = [f"not tried: {library} ({printable(why)})" for library, why in advice.absent.items()]
    return [*_table(CALLS, rows, left=2), *absent]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """The lines of a table, the last `left` columns to the left and the others to the right."""
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    right = len(header) - left
    return [
        "  ".join(
            cell.rjust(width) if i < right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def _short_call(advice: Advice, one: Tried) -> str:
    """A call as the table shows it: the line itself, after the precision if that is not the stored one."""
    typed = call_of(one.variant.library, one.variant.algorithm) or str(one.variant)
    return typed if one.variant.precision == advice.stored else f"in {one.variant.precision}: {typed}"


def _row(one: Tried) -> list[str]:
    time = duration(one.outcome.seconds if one.outcome.seconds is not None else math.nan)
    if not one.answered:
        return ["–", "–", "–", time, one.judged]
    return [f"{one.digits_x:.1f}", f"{one.digits_fit:.1f}", f"{one.residual:.6g}", time, one.judged]


# --- what would help, and what nobody can know --------------------------------------------------------------


def _helps(advice: Advice) -> Iterator[str]:
    found = advice.remedies
    if len(found) < 2:
        yield "nothing was worth trying: columns are of like size, not far from 0, and none nearly depends on others"
        return
    rows = [[_digits(one.digits_x), _digits(one.digits_fit), one.what] for one in found]
    yield f"scipy.linalg.lstsq(A, b) in {advice.stored}, which computes in the precision of A:"
    yield from _table(HELPS, rows, left=1)


def _digits(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.1f}"


def _unknown(advice: Advice) -> Iterator[str]:
    truth, open_, n = advice.certified.truth, advice.unknowable, advice.data.A.shape[1]
    if truth.rank < n:
        away = n - truth.rank
        yield (
            f"x itself: {count_of(away, 'direction')} of x {'does' if away == 1 else 'do'} not change the fit, "
            "so no data of this kind can tell the coefficients of columns that depend on each other apart"
        )
    if open_ is None:
        return
    yield (
        f"more than {open_.digits_x:.1f} digits of x and {open_.digits_fit:.1f} of the fit, if the numbers were "
        f"rounded to {advice.stored}: moving each within its last digit moves the rest"
    )
    if open_.other is not None:
        rank, apart, residual = open_.other
        yield (
            f"the rank, in {advice.stored}: it is {truth.rank}, but the smallest singular value is within rounding; "
            f"with rank {rank}, x is off by {apart:.2g} of its length, and ‖b − Ax‖ is {residual:.6g}"
        )


# --- JSON ---------------------------------------------------------------------------------------------------


def facts(advice: Advice) -> dict[str, Any]:
    """The advice as plain JSON values; null stands for what there is not, and for ∞."""
    truth, (m, n), best = advice.certified.truth, advice.data.A.shape, advice.recommended
    open_ = advice.unknowable
    values: dict[str, Any] = finite(
        {
            "m": m,
            "n": n,
            "dtype": advice.stored,
            "rank": truth.rank,
            "kappa": None if truth.kappa is None else float(truth.kappa),
            "kappa_columns": None if truth.kappa_columns is None else float(truth.kappa_columns),
            "residual_norm": max(map(float, truth.residual_norm)),
            "notes": list(advice.data.notes),
            "far_from_zero": [advice.data.names[j] for j in advice.columns.far],
            "dwarfing": [advice.data.names[j] for j in advice.columns.dwarfing],
            "depends": [
                {
                    "column": advice.data.names[one.column],
                    "distance": one.distance,
                    "on": {advice.data.names[j]: factor for j, factor in one.terms},
                }
                for one in advice.columns.dependences
            ],
            "recommended": None if best is None else {"solver": str(best.variant), "call": advice.call(best)},
            "why": advice.why,
            "calls": [_call_facts(advice, one) for one in advice.calls],
            "advice": [_advice_facts(one) for one in advice.remedies],
            "rank_is_certain": advice.certified.regime is not Regime.AMBIGUOUS,
            "digits_decided": None if open_ is None else {"x": open_.digits_x, "fit": open_.digits_fit},
            "absent": advice.absent,
            "seconds": advice.seconds,
        }
    )
    return values


def _call_facts(advice: Advice, one: Tried) -> dict[str, Any]:
    return {
        "solver": str(one.variant),
        "call": advice.call(one),
        "digits_x": one.digits_x,
        "digits_fit": one.digits_fit,
        "residual": one.residual,
        "seconds": one.outcome.seconds,
        "verdict": one.judged,
    }


def _advice_facts(one: Measured) -> dict[str, Any]:
    return {"what": one.what, "digits_x": one.digits_x, "digits_fit": one.digits_fit}
