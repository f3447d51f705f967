"""How numbers and words are written: short figures, tables, and text from outside that can do no harm.

Messages of solvers and names of files come from outside. Before they are shown, `printable` removes their control
characters, `inert` escapes their Markdown and HTML as well, and `csv_text` what a spreadsheet would take for a formula.
Whatever goes to a terminal passes `harmless` once more, in `terminal` or `console`, and JSON is written by `json_text`
only.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any


def number(value: float) -> str:
    """A short figure: two or three digits, or one and an exponent below 0.01 and from 1000 on; "–" for NaN."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞"
    if value == 0.0 or 0.01 <= abs(value) < 1000:
        return f"{value:.2g}" if abs(value) < 100 else f"{value:.0f}"
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def two_digits(value: float) -> str:
    """A figure with two digits, so that figures a tenth apart differ: "1e3" and "1.5e3"; otherwise as `number`."""
    if math.isnan(value) or math.isinf(value):
        return number(value)
    mantissa, exponent = f"{value:.1e}".split("e")
    rounded = float(f"{mantissa}e{exponent}")
    if rounded == 0.0 or 0.01 <= abs(rounded) < 1000:
        return f"{rounded:g}"
    return f"{float(mantissa):g}e{int(exponent)}"


LONG = 120.0
"""Seconds from which on minutes are said, and minutes from which on hours are: fewer are read as they are."""


def duration(seconds: float) -> str:
    """Seconds with three digits, in s, ms or µs; whole minutes or hours with a tenth if long; "–" for NaN."""
    if math.isnan(seconds):
        return "–"
    if seconds >= LONG * 60:
        return f"{seconds / 3600:.1f} h"
    if seconds >= LONG:
        return f"{seconds / 60:.0f} min"
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def opening(text: str, letters: int) -> str:
    """What a text begins with, up to a colon and so many letters: of an exception, its class."""
    return text.partition(":")[0].strip()[:letters]


def count_of(number: int, thing: str) -> str:
    """The number and the thing, with an s unless it is one: "2 problems"."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def share(part: int, whole: int) -> str:
    """The text part/whole, or "–" if the whole is 0."""
    return f"{part}/{whole}" if whole else "–"


def finite(value: Any) -> Any:
    """The value for JSON, which has no ∞ and NaN: None in their place, in lists and dictionaries, too."""
    if isinstance(value, Mapping):
        return {name: finite(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def scaled_lines(m: int, n: int) -> str:
    """The lines of an m×n matrix that are brought to one size, in a word: columns, or rows if it is wide."""
    return "rows" if m < n else "columns"


def printable(text: object) -> str:
    """The text on one line, without control characters."""
    return "".join(c if c.isprintable() else " " for c in " ".join(str(text).split()))


def harmless(text: str) -> str:
    """The text with spaces for characters that a terminal would obey or that hide others; its lines stay."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() else " " for c in text)


def json_text(values: Any) -> str:
    """The values as JSON to read, in which every character that a terminal would obey is escaped.

    ValueError for ∞ and NaN: `finite` takes their place.
    """
    text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)
    return "".join(c if c == "\n" or c.isprintable() else json.dumps(c)[1:-1] for c in text)


MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "\\|", "`": "'", "[": "\\["})
"""The characters that mean something in Markdown and HTML, and what is written for them."""


def inert(text: object) -> str:
    """The text on one line, without control characters, and with Markdown and HTML markup escaped."""
    return printable(text).translate(MARKUP)


def markdown_table(header: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all cells must already be inert."""
    lines = [header, ["---"] * len(header), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def text_table(header: Sequence[str], body: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table, two columns to the left and the others to the right; a heading may have two lines."""
    heads = [heading.rpartition("\n")[::2] for heading in header]
    lines = [[above for above, _ in heads], [below for _, below in heads], *body]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = enumerate(zip(line, widths, strict=True))
        padded = (cell.ljust(width) if index < 2 else cell.rjust(width) for index, (cell, width) in cells)
        yield ("  " + "  ".join(padded)).rstrip()


def csv_text(header: Sequence[str], body: Iterable[Iterable[object]]) -> str:
    """CSV in which no text cell can be taken for a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    for line in body:
        writer.writerow([_formula_free(value) if isinstance(value, str) else value for value in line])
    return stream.getvalue()


def _formula_free(text: str) -> str:
    """The text on one line, after an apostrophe if a spreadsheet would take it for a formula."""
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line
