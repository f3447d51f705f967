"""How numbers and words are written: short figures, tables, and text from outside that can do no harm.

Messages of solvers and names of files come from outside. Before they are shown, `printable` takes their control
characters away, `inert` their Markdown and HTML as well, and `csv_text` what a spreadsheet would take for a formula.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any


def number(value: float) -> str:
    """Two significant digits, and no more ink than needed."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞"
    if value == 0.0 or 0.01 <= abs(value) < 1000:
        return f"{value:.2g}" if abs(value) < 100 else f"{value:.0f}"
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def duration(seconds: float) -> str:
    """Seconds in the unit that reads best."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def share(part: int, whole: int) -> str:
    """“part/whole”, or a dash where there was nothing to count."""
    return f"{part}/{whole}" if whole else "–"


def finite(value: Any) -> Any:
    """A value with null for ∞ and NaN, which JSON lacks, in lists and dictionaries, too; tuples become lists."""
    if isinstance(value, Mapping):
        return {name: finite(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def printable(text: object) -> str:
    """The text in one line, without control characters."""
    return "".join(c if c.isprintable() else " " for c in " ".join(str(text).split()))


def inert(text: object) -> str:
    """One line of text without control characters, with Markdown and HTML markup escaped."""
    line = printable(text)
    for mark, escaped in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("|", "\\|"),
        ("`", "'"),
        ("[", "\\["),
    ):
        line = line.replace(mark, escaped)
    return line


def markdown_table(header: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the cells must already be inert."""
    lines = [header, ["---"] * len(header), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def aligned(header: Sequence[str], body: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns, the first two to the left and the rest to the right; headings may have two lines."""
    heads = [heading.rpartition("\n")[::2] for heading in header]
    lines = [[above for above, _ in heads], [below for _, below in heads], *body]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (
            f"{cell:<{w}}" if i < 2 else f"{cell:>{w}}" for i, (cell, w) in enumerate(zip(line, widths, strict=True))
        )
        yield ("  " + "  ".join(cells)).rstrip()


def csv_text(header: Sequence[str], body: Iterable[Iterable[object]]) -> str:
    """CSV in which no text cell can be taken for a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    for line in body:
        writer.writerow([_formula_free(value) if isinstance(value, str) else value for value in line])
    return stream.getvalue()


def _formula_free(text: str) -> str:
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line
