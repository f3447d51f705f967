"""A problem from a bug report, and short ways to write down its numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from lamm_robust.values import PRECISIONS, Precision

Number = int | str | Fraction
"""An exact number; a string is a decimal number, as in "0.1", or a complex one of two of them, as in "0.1-2j"."""
COMPLEX_TEXT = re.compile(r"([+-]?[0-9.]+(?:e[+-]?[0-9]+)?(?=[+-]))?([+-]?[0-9.]+(?:e[+-]?[0-9]+)?)j")
"""How a complex number is written: the real part, which may be missing, and the imaginary one."""

Numbers = tuple[Number, ...]
Rows = tuple[Numbers, ...]


@dataclass(frozen=True)
class Report:
    """A problem from a bug report, with the library and the addresses of the report."""

    name: str
    library: str
    urls: tuple[str, ...]
    symptom: str
    """What went wrong there, in our words."""
    reported: Precision
    """The precision in which it went wrong."""
    A: Rows
    b: Numbers | Rows
    """One right-hand side, or the rows of b (m×k); b is the identity where the report is about a pseudo-inverse."""
    accepted: tuple[Precision, ...] = PRECISIONS
    """The precisions that store the numbers without losing what the report is about."""
    small: bool = True
    """Whether it is in the small profile: JAX compiles once more for a problem that has a shape of its own."""

    @property
    def size(self) -> int:
        """The number of entries of A."""
        return len(self.A) * len(self.A[0])


def parts_of(number: Number) -> tuple[Fraction, Fraction]:
    """Return the real and the imaginary part of a number, exactly."""
    found = COMPLEX_TEXT.fullmatch(number) if isinstance(number, str) else None
    return (Fraction(found[1] or 0), Fraction(found[2])) if found else (Fraction(number), Fraction(0))


def identity(size: int) -> Rows:
    """Return the rows of the identity matrix of that size."""
    return tuple(tuple(int(i == j) for j in range(size)) for i in range(size))


def decimals(text: str) -> Numbers:
    """Return the decimal numbers in a text, which are separated by spaces."""
    return tuple(text.split())


def line(abscissae: Numbers) -> Rows:
    """Return the matrix of a straight-line fit: row i is (1, t_i) for the abscissae t."""
    return tuple((1, t) for t in abscissae)


def powers(abscissae: Sequence[int | Fraction], degree: int) -> Rows:
    """Return the matrix of a polynomial fit: row i is (1, t_i, …, t_i^degree) for the abscissae t."""
    return tuple(tuple(t**j for j in range(degree + 1)) for t in abscissae)
