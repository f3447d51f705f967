"""Matrices given by their entries: what no recipe imagines, and small matrices that each show one thing.

``A=1,2;3,4`` is the matrix with rows (1, 2) and (3, 4), and ``b=1,2`` a right-hand side; ``b=1,2;3,4`` is two of them,
as columns. Entries are decimal, or hexadecimal like 0x1.8p-3, which nobody has to round. An entry is read as a float64
and rounded to the dtype if that is float32. A complex number is 1+2j, its parts read as such numbers are. Python prints
the shortest decimals that give a float64 back (Steele and White, How to print floating-point numbers accurately, PLDI
1990), and they are read as the same bits again: a key is all there is to know of a problem.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from lamm_robust.generators.parts.grids import Grid, of_profile
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.values import COMPLEX as COMPLEX_DTYPES
from lamm_robust.values import EVERY_PRECISION, REAL_OF, Array, Family, Params, Precision, Value

NUMBER = re.compile(r"[+-]?(0x)?[0-9a-f]*\.?[0-9a-f]*([ep][+-]?[0-9]+)?", re.ASCII | re.IGNORECASE)
"""The form of an entry. `float` and `float.fromhex` then refuse what is still no number; without this check they would
accept spaces, underscores and "nan"."""
_PART = r"(?:0x[0-9a-f]*\.?[0-9a-f]*(?:p[+-]?[0-9]+)?|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)"
COMPLEX = re.compile(rf"(?:([+-]?{_PART})(?=[+-]))?([+-]?{_PART})j", re.ASCII | re.IGNORECASE)
"""The form of a complex entry: a real part, which may be missing, and an imaginary one."""
ACCEPTED = "decimal or hexadecimal numbers, ',' between them and ';' between rows, without spaces"
MAX_ENTRIES = 4096
"""The most entries of A or of b: the key is then still a line that can be pasted."""
WHOLE = 2.0**53
"""Whole numbers below this are printed without a point."""


def key_text(rows: Sequence[Sequence[complex]]) -> Value:
    """Write matrix rows as key text ('1,2;3,4'); a 1×1 matrix gives a number, as it does when a key is read."""
    if len(rows) == len(rows[0]) == 1 and not isinstance(rows[0][0], complex):
        only = float(rows[0][0])
        return int(only) if _is_short(only) else only
    return ";".join(",".join(_complex_entry(value) for value in row) for row in rows)


def _is_short(value: float) -> bool:
    return value.is_integer() and abs(value) < WHOLE and math.copysign(1.0, value) == (-1.0 if value < 0 else 1.0)


def _complex_entry(value: complex) -> str:
    if not isinstance(value, complex):
        return _entry(float(value))
    imag = _entry(value.imag)
    return f"{_entry(value.real)}{'' if imag.startswith('-') else '+'}{imag}j"


def _entry(value: float) -> str:
    return str(int(value)) if _is_short(value) else repr(value)


def read_entries(name: str, value: object, dtype: Precision) -> Array:
    """Read rows of entries as a matrix; ``name`` is A or b. Raises ValueError that names a bad entry."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{name} is {value!r}; accepted are {ACCEPTED}.")
    rows = [row.split(",") for row in str(value).split(";")]
    if len({len(row) for row in rows}) > 1:
        lengths = ", ".join(str(len(row)) for row in rows)
        raise ValueError(f"{name} has rows of {lengths} entries; accepted are rows of the same length.")
    if len(rows) * len(rows[0]) > MAX_ENTRIES:
        raise ValueError(f"{name} has {len(rows) * len(rows[0])} entries; accepted are up to {MAX_ENTRIES}.")
    read = [
        [_any_number(f"{name}[{i},{j}]", entry, dtype) for j, entry in enumerate(row)] for i, row in enumerate(rows)
    ]
    return np.array(read, dtype=dtype)


def _any_number(name: str, entry: str, dtype: Precision) -> complex:
    """Read a real number, or in a complex dtype one such as 1+2j. Raises ValueError as `read_entries`."""
    found = COMPLEX.fullmatch(entry) if dtype in COMPLEX_DTYPES else None
    if found is None:
        return _number(name, entry, dtype)
    real, imag = (_number(name, part, REAL_OF[dtype]) for part in (found[1] or "0", found[2]))
    return complex(real, imag)


def _number(name: str, entry: str, dtype: Precision) -> float:
    try:
        value = float.fromhex(entry) if "x" in entry.lower() else float(entry)
        with np.errstate(over="ignore"):
            finite = NUMBER.fullmatch(entry) is not None and bool(np.isfinite(np.dtype(dtype).type(value)))
    except (ValueError, OverflowError):
        finite = False
    if not finite:
        raise ValueError(f"{name} is {entry!r}; accepted are finite numbers of {dtype}: {ACCEPTED}.")
    return 0.0 if entry == "-0" else value  # as a single "-0" in a key, which is read as the whole number 0


def build(dtype: Precision, *, A: Value, b: Value) -> tuple[Array, Array]:
    """Build A (m×n) and b (length m, or m×k where ``b`` has several rows) from their entries.

    Raises ValueError for text that cannot be read, and where A and b have different numbers of rows.
    """
    matrix, target = read_entries("A", A, dtype), read_entries("b", b, dtype)
    target = target[0] if len(target) == 1 else target
    if len(target) != len(matrix):
        raise ValueError(f"b has {len(target)} entries but A has {len(matrix)} rows; accepted is the same number.")
    return matrix, target


TINY: dict[Precision, str] = {"float32": "1e-45", "float64": "5e-324"}
"""The smallest subnormal number of a dtype."""
LARGEST: dict[Precision, str] = {"float32": "3.4028234663852886e+38", "float64": "1.7976931348623157e+308"}
"""The largest finite number of a dtype."""
ABOVE_ONE: dict[Precision, str] = {"float32": "0x1.000002p0", "float64": "0x1.0000000000001p0"}
"""The next number above 1 in each dtype."""
ROOT: dict[Precision, str] = {"float32": "0x1p-13", "float64": "0x1p-27"}
"""A number μ of each dtype so small that 1 + μ² is rounded to 1."""


def literals(dtype: Precision) -> dict[str, tuple[Value, Value]]:
    """Return small problems, as what the problem shows → key texts of A and b."""
    tiny, largest, after, root = TINY[dtype], LARGEST[dtype], ABOVE_ONE[dtype], ROOT[dtype]
    return {
        "a division": (3, 1),
        "a vector of zeros": ("0;0", "1,2"),
        "b is orthogonal to the range: x★ = 0": ("1;1", "1,-1"),
        "nobody's problem": ("1,2;3,4", "5,6"),
        "rank one, exactly": ("1,2;2,4", "1,1"),
        "rank two by one unit in the last place": (f"1,1;1,{after}", "1,2"),
        "Läuchli: AᵀA is singular once it is rounded": (f"1,1;{root},0;0,{root}", "2,1,-1"),
        "a row: the solution of minimum norm": ("3,4", 1),
        "the squares of the largest number overflow": (f"{largest},0;0,{largest}", f"{largest},{largest}"),
        "the smallest number there is": (float(tiny), float(tiny)),
        "a division by zero, of which x★ is 0": (0, 1),
        "a mean: the residual is not zero": ("1;1", "1,2"),
        "b is zero": ("1,2;3,4;5,6", "0,0,0"),
        "rank two by one unit in the last place, and a residual": (f"1,1;1,{after};1,1", "1,2,3"),
        "two units: pivoting and scaling of columns decide": ("1,1e-30;1,-1e-30;0,1e-30", "1,2,3"),
        "two weights: the first row is nearly a constraint": ("1e15,1e15;1,0;0,1", "1e15,2,3"),
        "no pivot in the first place": ("0,1;1,0", "1,2"),
        "a rotation by a right angle, and a zero row": ("0,-1;1,0;0,0", "1,2,3"),
        "a row of very different entries": ("1e20,1", 1),
        "more unknowns than equations, with rank one": ("1,2,3;2,4,6", "1,2"),
        "three right-hand sides, of which one is zero": ("1,1;1,2;1,3", "1,0,2;2,0,1;3,0,3"),
        "a row of the identity three times": ("1,0;1,0;1,0", "1,2,4"),
        "upper triangular, with a small last pivot": ("1,-1,-1;0,1,-1;0,0,1e-6", "1,1,1"),
        "cancellation: a difference of neighbours is all that is left": ("1000000,999999;999999,999998", "1,1"),
    }


def complex_literals(dtype: Precision) -> dict[str, tuple[Value, Value]]:
    """Return small complex problems, as what the problem shows → key texts of A and b."""
    real = REAL_OF[dtype]
    tiny, largest, after = TINY[real], LARGEST[real], ABOVE_ONE[real]
    return {
        "a division by i": ("1j", 1),
        "a column of phases: aᵀa = 0, and only aᴴa is not": ("1;1j", "2,4j"),
        "a row of phases: the shortest solution has their conjugates": ("1,1j", 1),
        "b is at right angles to the range, and bᵀa is not 0: x★ = 0": ("1;1j", "1,-1j"),
        "rank one, exactly: one row is i times the other": ("1,1j;1j,-1", "1,1j"),
        "AᵀA = 0 of full column rank": ("1,0;1j,0;0,1;0,1j", "1,2,3j,4"),
        "Hermitian": ("2,1j;-1j,2", "1,1j"),
        "symmetric, and not Hermitian": ("1,1j;1j,1", "1,1"),
        "real numbers": ("1,2;3,4", "5,6"),
        "the size of a number overflows, not its parts": (f"{largest}+{largest}j", f"{largest}-{largest}j"),
        "rank two by one unit in the last place of an imaginary part": (f"1,1;1j,{after}j", "1,2"),
        "the smallest numbers there are": (f"{tiny}+{tiny}j", f"{tiny}-{tiny}j"),
        "a tiny imaginary part decides": ("1,1+1e-6j;1,1", "1,1"),
        "a mean: the residual is not zero": ("1;1", "1+1j,2-1j"),
        "three right-hand sides, of which one is zero": ("1,1j;1,2;1j,3", "1,0,2j;2,0,1;3j,0,3"),
        "more unknowns than equations, with rank one": ("1,2j,3;2,4j,6", "1j,2"),
    }


SMALL = 10
"""Number of problems in the small profile: the first ones of `literals`."""


def grid(profile: str, dtype: Precision) -> Grid:
    """List the problems of a profile; raises ValueError for an unknown one."""
    listed = complex_literals(dtype) if dtype in COMPLEX_DTYPES else literals(dtype)
    every = [{"A": A, "b": b} for A, b in listed.values()]
    return iter(every[: of_profile(profile, {"small": SMALL, "standard": len(every), "full": len(every)})])


MOST_ROWS, MOST_COLUMNS = 6, 4


@search_strategy
def strategy(draw: Draw, dtype: Precision) -> Params:
    """Draw up to 6×4 entries of any size, among small whole numbers; the simplest problem is A = 0 and b = 0."""
    m, n = draw.whole(1, MOST_ROWS), draw.whole(1, MOST_COLUMNS)
    real = REAL_OF[dtype]
    rows: list[list[complex]] = [[draw.entry(real) for _ in range(MOST_COLUMNS + 1)] for _ in range(MOST_ROWS)]
    if dtype in COMPLEX_DTYPES:
        rows = [[complex(value, draw.entry(real)) for value in row] for row in rows]
    return {"A": key_text([row[:n] for row in rows[:m]]), "b": key_text([[row[-1] for row in rows[:m]]])}


FAMILY = Family(
    name="raw",
    summary="small matrices given by their entries",
    parameters={
        "A": "its entries: ',' between them and ';' between rows",
        "b": "its entries: ',' between them, and ';' between rows of several right-hand sides",
    },
    build=build,
    grid=grid,
    strategy=strategy,
    precisions=EVERY_PRECISION,
)
