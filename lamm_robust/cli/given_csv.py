"""A table in a CSV file as a least-squares problem: one column is b, the others that hold numbers are A.

Nothing is guessed without being said: columns of text or dates are left out by name, missing values stay missing, and a
word among numbers is refused with its place.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lamm_robust.advice.data import Data
from lamm_robust.error_free import Doubles
from lamm_robust.text import printable

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "?", "#n/a"})
"""What stands for a missing value, in small letters: what spreadsheets and statistics programs write."""

DELIMITERS = ",;\t"

DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}:\d{2}")
"""How a date or a time of day begins."""


def read_csv(path: Path, target: str | None) -> Data:
    """The problem in a CSV file, in float64; ValueError that names what is wrong by column and row.

    The first line names the columns, if any of them is no number; rows count from 1, as a spreadsheet counts them.
    """
    source = f"'{path}'"
    names, rows, first = _table(source, path)
    if target is None:
        raise ValueError(f"{source} needs --target COLUMN, the column to be fitted; there are: {_listed(names)}")
    if target not in names:
        raise ValueError(f"{source} has no column '{printable(target)}'; there are: {_listed(names)}")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    numbers: dict[str, Doubles] = {}
    left_out: dict[str, str] = {}
    for name, entries in columns.items():
        found = _numbers(source, name, entries, first)
        if isinstance(found, str):
            left_out[name] = found
        else:
            numbers[name] = found
    if target not in numbers:
        raise ValueError(f"{source}: the target {left_out[target]}; expected are numbers")
    b = numbers.pop(target)
    if not numbers:
        raise ValueError(f"{source} has no column of numbers beside '{printable(target)}'")
    return Data(source, np.column_stack(list(numbers.values())), b, tuple(numbers), first, tuple(left_out.values()))


def _table(source: str, path: Path) -> tuple[list[str], list[list[str]], int]:
    """The names of the columns, the rows, and the number of the first row."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ValueError(f"there is no file {source}") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise ValueError(f"{source} cannot be read: {why}") from None
    line = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=line.count)
    try:
        lines = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if row]
    except csv.Error as error:
        raise ValueError(f"{source} is no CSV table: {error}") from None
    if not lines:
        raise ValueError(f"{source} is empty; expected is a line of names, and rows of numbers")
    headed = not all(_is_number(entry) for entry in lines[0])
    names = [entry.strip() for entry in lines[0]] if headed else [f"column {j + 1}" for j in range(len(lines[0]))]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{source} has two columns '{printable(twice[0])}'; expected are different names")
    rows, first = lines[headed:], 1 + headed
    for i, row in enumerate(rows):
        if len(row) != len(names):
            raise ValueError(f"{source}: row {i + first} has {len(row)} entries, and there are {len(names)} columns")
    if not rows:
        raise ValueError(f"{source} has names of columns and no row")
    return names, rows, first


def _numbers(source: str, name: str, entries: Sequence[str], first: int) -> Doubles | str:
    """The numbers of a column, NaN where they are missing; or a sentence that says why it is left out."""
    try:
        return np.array(entries, dtype=object).astype(np.float64)
    except ValueError:
        pass
    words = [(i, entry) for i, entry in enumerate(entries) if not _is_number(entry) and not _is_missing(entry)]
    if not words:
        return np.array([np.nan if _is_missing(entry) else float(entry) for entry in entries])
    i, entry = words[0]
    place = f"'{printable(entry)[:40]}' in row {i + first}"
    if 2 * len(words) < len(entries):
        raise ValueError(
            f"{source}: column '{printable(name)}' has {place} among its numbers; expected is a number, or nothing"
        )
    kind = "dates" if DATE.match(entry.strip()) else "text"
    return f"column '{printable(name)}' is left out: it holds {kind} ({place}); turn it into numbers to use it"


def _is_number(entry: str) -> bool:
    try:
        float(entry)
    except ValueError:
        return False
    return True


def _is_missing(entry: str) -> bool:
    return entry.strip().lower() in MISSING


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(printable(name)[:40] for name in names[:12])
    return shown + (f" and {len(names) - 12} more" if len(names) > 12 else "")
