"""A problem as people have it: in an .npz, .npy or .json file, or as text on the command line.

Nothing is rounded without being said: whole numbers are converted exactly or refused, decimals are read as the nearest
number of the precision, as Python and NumPy do. Nothing is left unread, either: what else a file holds (a penalty, a
bound) might belong to the problem, so it is refused by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from lamm_robust.generators.raw import read_entries
from lamm_robust.values import COMPLEX, EVERY_PRECISION, PRECISIONS, REAL_OF, Array, Precision

EXPECTED = (
    "expected an .npz or .json file with A and b (or X and y), an .npy file with A, or text such as 'A=1,2;3,4 b=5,6'"
)

NAMES: Mapping[str, tuple[str, ...]] = {
    "A": ("A", "X"),
    "b": ("b", "y"),
    "weights": ("w", "sigma"),
    "C": ("C",),
    "d": ("d",),
}
"""What a problem consists of, and the names that each part may have: A is m×n, b and w or sigma have m rows, C is p×n
and d has p rows."""

KNOWN = {name for group in NAMES.values() for name in group}

ACCEPTED = "A (or X), b (or y), weights of the rows as w or sigma, and constraints Cx = d as C and d"

INLINE = re.compile(r"\s*(raw\s+)?\w+\s*=")
"""How text that is a problem begins: with a name and an equals sign, behind the word raw in the keys of problems."""

WHOLE = re.compile(r"[+-]?[0-9]+", re.ASCII)


@dataclass(frozen=True, eq=False)
class Given:
    """A problem that somebody has given, converted to one precision."""

    source: str
    """What it was read from, as messages name it."""
    A: Array
    b: Array | None
    weights: tuple[Fraction, ...] = ()
    """The exact weight of each row: w, or 1/sigma²; none for equal weights."""
    weighted_by: str = ""
    """The name of the weights in the source, w or sigma; empty if there are none."""
    notes: tuple[str, ...] = ()
    """What was converted, in words."""
    constraints: tuple[Array, Array] | None = None
    """C and d of the constraints Cx = d; None if there are none."""


def read(text: str) -> Given:
    """The problem that a path or inline text names; ValueError in one line that says what is wrong and accepted."""
    is_inline = INLINE.match(text) is not None and not _is_file(text)
    source = "the problem" if is_inline else f"'{text}'"
    arrays = _of_text(text) if is_inline else _of_file(Path(text))
    named = {part: _one(source, part, arrays) for part in NAMES}
    A, b, notes = _in_one_precision(source, arrays[named["A"]], arrays.get(named["b"]))
    by = named["weights"]
    weights = _weights(source, by, arrays[by], len(A) if A.ndim else 0) if by else ()
    return Given(source, A, b, weights, by, notes, _constraints(source, arrays, A.dtype.name))


def _is_file(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long for a name, or no name at all
        return False


def check_names(source: str, names: Iterable[str]) -> None:
    """Raise ValueError if there is a name that is no part of a least-squares problem."""
    if strange := [repr(name) for name in names if name not in KNOWN]:
        raise ValueError(
            f"{source} holds {', '.join(strange)}, so it may be another problem than min ‖Ax − b‖; accepted: {ACCEPTED}"
        )


def _one(source: str, part: str, arrays: Mapping[str, Any]) -> str:
    """The name by which a part of the problem is there, or "" if it is not; A has to be there."""
    found = [name for name in NAMES[part] if name in arrays]
    if len(found) > 1:
        raise ValueError(f"{source} holds {' and '.join(found)}; accepted is one of them")
    if part == "A" and not found:
        held = ", ".join(arrays) or "nothing"
        raise ValueError(f"{source} has no array 'A' or 'X' (it holds: {held}); accepted: {ACCEPTED}")
    return found[0] if found else ""


# --- files ------------------------------------------------------------------------------------------------------


def _of_file(path: Path) -> dict[str, Array]:
    """The arrays of a file by their names; an array without a name is A."""
    try:
        with path.open("rb") as stream:
            content = json.load(stream) if path.suffix == ".json" else _loaded(stream)
    except FileNotFoundError:
        raise ValueError(f"there is no file '{path}'; {EXPECTED}") from None
    except IsADirectoryError:
        raise ValueError(f"'{path}' is a directory; {EXPECTED}") from None
    except Exception:  # a damaged archive or header makes NumPy and what lies below it raise almost anything
        raise ValueError(f"cannot read '{path}'; {EXPECTED}") from None
    if isinstance(content, dict):
        check_names(f"'{path}'", content)
        return {name: _array(f"'{path}'", name, value) for name, value in content.items()}
    return {"A": _array(f"'{path}'", "A", content)}


def _loaded(stream: Any) -> Any:
    """The array of an .npy file, or a dictionary of those of an .npz file, without those whose names are refused."""
    found = np.load(stream, allow_pickle=False)
    if isinstance(found, np.ndarray):
        return found
    return {name: found[name] if name in KNOWN else np.empty(0) for name in found.files}


def _array(source: str, name: str, value: Any) -> Array:
    """Numbers in lists (rows of equal length) as an array: of whole numbers as objects, until they are converted."""
    if isinstance(value, np.ndarray):
        return value
    if not isinstance(value, list):
        raise ValueError(f"{source}: {name} is a {type(value).__name__}; accepted are lists of numbers")
    rows = value if value and isinstance(value[0], list) else [value]
    for i, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(rows[0]):
            raise ValueError(f"{source}: row {i} of {name} is unlike row 0; accepted are rows of the same length")
        for j, entry in enumerate(row):
            if isinstance(entry, bool) or not isinstance(entry, int | float):
                raise ValueError(f"{source}: {name}[{i}, {j}] is {_short(entry)}; accepted are numbers")
    table = np.array(rows, dtype=object).reshape(len(rows), len(rows[0]))
    return table if rows is value else table[0]


def _short(entry: Any) -> str:
    """A value of a JSON file in a message: of what holds others only the kind, for it may be deep."""
    return f"a {type(entry).__name__}" if isinstance(entry, (list, dict)) else f"{json.dumps(entry):.40}"


# --- text -------------------------------------------------------------------------------------------------------


def _of_text(text: str) -> dict[str, Array]:
    """The arrays of ``A=1,2;3,4 b=5,6``, which may have ``dtype=float32``, as the keys of the family `raw` do."""
    parts = re.sub(r"^\s*raw\s", "", text).split()
    pairs = [part.partition("=") for part in parts]
    if bad := [
        part for part, (name, equals, value) in zip(parts, pairs, strict=True) if not (name and equals and value)
    ]:
        raise ValueError(f"'{bad[0]:.40}' is not of the form name=numbers; {EXPECTED}")
    found = {name: value for name, _, value in pairs}
    if len(found) < len(pairs):
        raise ValueError("the problem names one array twice; accepted is each once")
    usual: Precision = "complex128" if any("j" in value for value in found.values()) else "float64"
    asked = found.pop("dtype", usual)
    dtype = next((precision for precision in EVERY_PRECISION if precision == asked), None)
    if dtype is None:
        raise ValueError(f"dtype={asked:.40}; accepted are {', '.join(EVERY_PRECISION)}")
    check_names("the problem", found)
    real = REAL_OF[dtype]
    return {name: _read_text(name, value, real if name in NAMES["weights"] else dtype) for name, value in found.items()}


def _read_text(name: str, value: str, dtype: Precision) -> Array:
    """The numbers of one name, with whole numbers that the dtype does not hold refused; one row is a vector, but A."""
    table = read_entries(name, value, dtype)
    entries = value.replace(";", ",").split(",")
    for entry, number in zip(entries, table.ravel().tolist(), strict=True):
        if WHOLE.fullmatch(entry) and int(entry) != number:
            raise ValueError(f"{name} holds {entry}, which no {dtype} is exactly; write {entry}.0 to have it rounded")
    return table[0] if len(table) == 1 and name not in (*NAMES["A"], *NAMES["C"]) else table


# --- one precision ----------------------------------------------------------------------------------------------


def _in_one_precision(source: str, A: Array, b: Array | None) -> tuple[Array, Array | None, tuple[str, ...]]:
    """A and b with whole numbers converted to the precision of the other, or to float64; and what was converted.

    Beside a complex array, real numbers of its parts' precision become complex ones, too.
    """
    both = [A] if b is None else [A, b]
    floats = {array.dtype.name for array in both if array.dtype.name in EVERY_PRECISION}
    complex_ = [precision for precision in COMPLEX if precision in floats]
    if len(complex_) == 1 and floats <= {complex_[0], REAL_OF[complex_[0]]}:
        floats = {complex_[0]}
    dtype = floats.pop() if len(floats) == 1 else "float64"
    notes, converted = [], []
    for name, array in zip("Ab", both, strict=False):
        converted.append(exactly(f"{source}: {name}", array, dtype))
        if array.dtype.kind in "iub" or (array.dtype.kind == "f" and dtype in COMPLEX):
            notes.append(f"{name} as {dtype}, exactly ({array.dtype} in the file)")
    return converted[0], converted[1] if b is not None else None, tuple(notes)


def exactly(name: str, array: Array, dtype: str) -> Array:
    """The array with whole numbers converted to the dtype; floats stay as they are, in this machine's byte order.

    ValueError, which begins with the name, for a whole number that the dtype does not hold.
    """
    if array.dtype.kind == "f" and dtype in COMPLEX:
        array = array.astype(dtype)
    if array.dtype.kind in "fc":
        return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")) if array.ndim else array
    if array.dtype.kind not in "iubO":
        return array  # refused by the oracles, which say why
    numbers, places = array.ravel().tolist(), np.ndindex(array.shape)
    converted = np.empty(len(numbers), dtype=dtype)
    for i, (number, place) in enumerate(zip(numbers, places, strict=True)):
        try:
            with np.errstate(over="ignore"):
                converted[i] = float(number)
        except OverflowError:
            converted[i] = np.inf
        if isinstance(number, int) and not (np.isfinite(converted[i]) and int(converted[i].real) == number):
            where = ", ".join(map(str, place))
            raise ValueError(f"{name}[{where}] is {number}, which no {dtype} is exactly; round it first")
    return converted.reshape(array.shape)


def _constraints(source: str, arrays: Mapping[str, Any], dtype: str) -> tuple[Array, Array] | None:
    """C and d, with whole numbers converted exactly to the precision of A; None if there are neither."""
    there = [name for name in ("C", "d") if name in arrays]
    if len(there) == 1:
        missing = "d" if there == ["C"] else "C"
        raise ValueError(f"{source} holds '{there[0]}' and no '{missing}'; constraints Cx = d need both")
    if not there:
        return None
    return exactly(f"{source}: C", arrays["C"], dtype), exactly(f"{source}: d", arrays["d"], dtype)


def _weights(source: str, name: str, array: Array, m: int) -> tuple[Fraction, ...]:
    """The weights of m rows, exactly: w itself, or 1/sigma²."""
    accepted = "w ≥ 0" if name == "w" else "sigma > 0"
    if array.shape != (m,):
        raise ValueError(f"{source}: {name} has shape {array.shape}; accepted is one number for each of {m} rows of A")
    if array.dtype.kind not in "iubO" and array.dtype.name not in PRECISIONS:
        raise ValueError(f"{source}: {name} is {array.dtype}; accepted are float32, float64 and whole numbers")
    found = []
    for i, number in enumerate(array.tolist()):
        if not (0 < number < float("inf") or (number == 0 and name == "w")):
            raise ValueError(f"{source}: {name}[{i}] is {number}; accepted are finite numbers, {accepted}")
        found.append(Fraction(number) if name == "w" else 1 / Fraction(number) ** 2)
    return tuple(found)
