"""What `truth` proves, in lines for people, none longer than `WIDTH` unless a single number is."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from lamm_robust.oracles.plain_values import AT_MOST, shorter
from lamm_robust.text import count_of, scaled_lines

WIDTH = 100
"""Columns of the page: those of a wide terminal, and of the other pages."""

SHORT = 16
"""Digits of an entry where all `DIGITS` do not fit: as many as float64 has."""

Table = list[list[str]]


def text(found: dict[str, Any]) -> str:
    """The facts that `cli.truth.certify_given` returns, in lines for people."""
    return "\n".join(
        [
            *_problem(found),
            *_rank(found),
            f"κ = σ₁/σ_r     {_kappa(found)}",
            *_sigmas(found),
            *_answer(found),
            *_regression(found),
        ]
    )


def _problem(found: dict[str, Any]) -> Iterator[str]:
    known = "estimated" if found["method"] == "mpmath" else "certified"
    yield f"problem        {found['m']}×{found['n']}, {known} by '{found['method']}' in {found['seconds']:.3g} s"
    for note in found.get("notes", []):
        yield f"note           {note}"
    if by := found.get("weighted_by"):
        factor = "√w" if by == "w" else "1/sigma"
        yield f"weights        rows of A and b times {factor}, exactly; all numbers are of that weighted problem"
    if penalty := found.get("ridge"):
        yield f"penalty        λ = {penalty}; rank, κ and residual are those of [A; √λI] and [b; 0], exactly"
    if "constraints" in found:
        yield f"constraints    Cx = d, {count_of(found['constraints'], 'row')}, κ(C) = {found['kappa_constraints']}"
        yield "note           κ is that of A where Cx = 0"


def _rank(found: dict[str, Any]) -> list[str]:
    if "sigma_next" not in found:
        proved = "rank          " if found["method"] == "mpmath" else "exact rank    "
        both = " (of A and C together)" if "constraints" in found else ""
        return [f"{proved} {found['rank']}{both}"]
    left = "zeros only" if found["sigma_next"] == "0" else f"{found['sigma_next']} and smaller singular values"
    return [f"rank           {found['rank']}, as asked", f"counted as 0   {left}"]


def _kappa(found: dict[str, Any]) -> str:
    """κ, and what it is with columns of one size if that is another number."""
    kappa, equal = _power(found["kappa"]), _power(found["kappa_columns"])
    lines = scaled_lines(found["m"], found["n"])
    return kappa if equal == kappa else f"{kappa}; {equal} with {lines} of one size"


def _power(figure: str) -> str:
    """A figure of `SHORT` digits or more before the point with its power of ten, and with all its digits."""
    return f"{Decimal(figure):E}" if len(figure.partition(".")[0]) >= SHORT and figure[0].isdigit() else figure


def _sigmas(found: dict[str, Any]) -> list[str]:
    if "sigma" in found:
        if not found["sigma"]:
            return ["no singular value is other than zero"]
        return ["all singular values that are not zero:", *(f"  {sigma}" for sigma in found["sigma"])]
    if "sigma_max" in found:
        return [f"σ₁             {found['sigma_max']}", f"σ_r            {found['sigma_min']}"]
    return []


def _answer(found: dict[str, Any]) -> list[str]:
    """‖b − Ax‖ and x, or A⁺, or nothing where there is no b."""
    k = f"_{found['rank']}" if "sigma_next" in found else ""
    if "pinv" in found:
        return _matrix(
            f"A{k}⁺", found["pinv"], found["radius"], f"(A{k}⁺ is {found['n']}×{found['m']}, without entries)"
        )
    if "x" not in found:
        return []
    norm, rows = found["residual_norm"], found["x"]
    unknown = " (no digit is known)" if norm.startswith(AT_MOST) else ""
    rows = rows if rows and isinstance(rows[0], list) else [[entry] for entry in rows]
    name = f"A{k}⁺b" if k else "x★ = A⁺b"
    label = "‖b − Ax‖"
    if "constraints" in found:
        name = "x★" if found["rank"] == found["n"] else "x★, the shortest of many"
    if "ridge" in found:
        name, label = "x(λ)", "residual"
    lines = [f"{label}       {norm}{unknown}"]
    return lines + _matrix(name, rows, found["radius"], "(A has no columns, so x has no entries)")


def _regression(found: dict[str, Any]) -> Iterator[str]:
    """What a regression reports beside x, where it was asked for."""
    if "covariance" not in found:
        return
    counted = "rows with weight" if "weighted_by" in found else "rows"
    yield f"freedom        {found['degrees_of_freedom']} degrees: {counted} less columns"
    yield f"‖b − Ax‖²      {found['residual_sum_of_squares']}"
    yield f"s              {found['residual_deviation']} = √(‖b − Ax‖²/freedom)"
    about = "the mean" if found["about_mean"] else "0: A spans no constant"
    yield f"R²             {found['r_squared']}, about {about}"
    yield "standard errors of x:"
    yield from (f"  {error}" for error in found["standard_errors"])
    rows = found["covariance"]
    rows = rows if _width(rows) <= WIDTH else shorter(rows, "0", SHORT)[0]
    gram = "AᵀWA" if "weighted_by" in found else "AᵀA"
    yield f"covariance of x = s²({gram})⁻¹, each entry correctly rounded:"
    yield from _blocks(rows)


def _matrix(name: str, rows: Table, radius: str, empty: str) -> list[str]:
    """A heading with the radius, and a table, in blocks of columns where it is too wide."""
    if _width(rows) > WIDTH and len(rows[0]) > 1:
        rows, radius = shorter(rows, radius, SHORT)
    norm = "2-norm" if rows and len(rows[0]) == 1 else "Frobenius norm"
    how = "exactly" if radius == "0" else f"within {radius} ({norm}) of"
    return [f"{name}, {how}:", *(_blocks(rows) if rows and rows[0] else [f"  {empty}"])]


def _width(rows: Table) -> int:
    return sum(2 + max(map(len, column)) for column in zip(*rows, strict=True))


def _blocks(rows: Table) -> Iterator[str]:
    """The lines of a table, so many columns at a time as fit."""
    columns = [[entry.ljust(max(map(len, column))) for entry in column] for column in zip(*rows, strict=True)]
    first = 0
    while first < len(columns):
        last = first + 1
        while last < len(columns) and sum(2 + len(column[0]) for column in columns[first : last + 1]) <= WIDTH:
            last += 1
        if last - first < len(columns):
            yield f"  columns {first + 1} to {last}:" if last > first + 1 else f"  column {last}:"
        yield from (("  " + "  ".join(row)).rstrip() for row in zip(*columns[first:last], strict=True))
        first = last
