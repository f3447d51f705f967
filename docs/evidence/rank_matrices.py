"""The matrices on which rank rules are counted (`rank_rules.py`): drawn by number, and rebuilt by name.

A name is the key of a problem, or, for what no family holds, one of

    KEY * units=SPAN     the matrix of KEY with columns (rows, if wide) times powers of two from 2^−SPAN/2 to 2^SPAN/2
    long m=… n=… kind=… lacks=… seed=… dtype=…     whole numbers in up to 10⁶ rows

"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import log10
from typing import Any

import numpy as np

from lamm_robust.catalog import FAMILIES
from lamm_robust.generators.parts.elementary import SIGNIFICAND
from lamm_robust.generators.parts.known_svd import bits_needed
from lamm_robust.generators.parts.stream import Integers, Stream
from lamm_robust.generators.spectrum import MODES
from lamm_robust.keys import parse_key
from lamm_robust.scoring.limits import threshold
from lamm_robust.values import UNIT_ROUNDOFF, Array, Precision, ProblemKey

Shape = tuple[int, int]
Params = dict[str, Any]

ASPECTS: Mapping[str, Sequence[Shape]] = {
    "1:3": ((2, 5), (4, 16), (10, 30), (16, 64)),
    "1:1": ((2, 2), (4, 4), (8, 8), (16, 16), (28, 28), (32, 32), (64, 64)),
    "3:1": ((4, 2), (8, 3), (16, 5), (30, 10), (64, 16), (84, 28)),
    "100:1": ((200, 2), (400, 4), (1000, 8)),
    "1000:1 and more": ((4_000, 4), (10_000, 4), (100_000, 4), (1_000_000, 4)),
}
"""Rows to columns → shapes, the smallest first: 26 to 31 columns are those for which xGELSD makes noise larger."""

LONG = "1000:1 and more"
LONG_COUNTS: Mapping[int, int] = {4_000: 400, 10_000: 400, 100_000: 200, 1_000_000: 50}
"""Rows → how many long matrices are drawn in each precision: a million rows take seconds."""

COUNT = 700
"""How many matrices of a kind, shape and precision are drawn: 10⁵ in all."""
LARGE, FEWER = 1024, 4
"""Entries from which on a quarter as many are drawn."""
SLOW, MOST, FEWEST = ("gap", "far", "power"), 300, 8
"""Kinds that are built in Python's integers, of up to so many entries, and an eighth as many."""
STACK = 128
"""Names that are handled together."""


# --- what is drawn --------------------------------------------------------------------------------------------


def even(draw: Stream, low: int, high: int) -> int:
    """A whole number from low to high."""
    return int(draw.integers(1, low, max(low, high))[0])


def one_of(draw: Stream, values: Sequence[Any]) -> Any:
    """One of the values."""
    return values[even(draw, 0, len(values) - 1)]


def lost_beyond(precision: Precision, m: int, n: int) -> float:
    """The largest κ of which the precision is asked to see the rank: see `resolves`."""
    return 0.1 / (threshold(precision, m, n) * UNIT_ROUNDOFF[precision])


def deficient(precision: Precision, m: int, n: int, draw: Stream) -> Params:
    """An `exact_rank` of less than full rank, with singular values over as many bits as the precision holds."""
    rank = even(draw, 1, min(m, n) - 1)
    spare = SIGNIFICAND[precision] - bits_needed(m, n, rank, 0, 0.0)
    return {"rank": rank, "log2_cond": even(draw, 0, spare) if rank > 1 else 0, "residual": 0.0}


def related(_: Precision, _m: int, n: int, draw: Stream) -> Params:
    """A `columns`: a regression with one column too many."""
    patterns = ("duplicate", "affine", "scaled", "constant", "zero", "dummy", "sum")[: None if n > 3 else 1]
    return {"pattern": one_of(draw, patterns), "position": one_of(draw, ("first", "middle", "last")), "residual": 0.0}


def decaying(precision: Precision, m: int, n: int, draw: Stream) -> Params:
    """A `spectrum` with κ up to ten times what the precision sees."""
    exponent = even(draw, 0, round(10 * log10(10 * lost_beyond(precision, m, n)))) / 10
    return {"mode": one_of(draw, MODES), "log10_cond": exponent, "residual": 0.0, "direction": "random"}


def gap(precision: Precision, m: int, n: int, draw: Stream) -> Params:
    """A `near_rank` with a gap of any width."""
    gap_bits = even(draw, 0, SIGNIFICAND[precision])
    return {"rank": even(draw, 1, min(m, n) - 1), "gap_bits": gap_bits, "log2_cond": 0, "residual": 0.0}


def graded(_: Precision, m: int, n: int, draw: Stream) -> Params:
    """A `weighted` with units over up to 2⁴⁰ (of rows, if wide)."""
    axis, order = "rows" if m < n else "columns", one_of(draw, ("descending", "ascending", "shuffled"))
    return {"log2_span": even(draw, 0, 40), "order": order, "axis": axis, "residual": 0.0}


def far(_: Precision, _m: int, n: int, draw: Stream) -> Params:
    """An `offset`: variables far from 0."""
    return {"regressors": n - 1, "offset": 10 ** even(draw, 0, 12), "step": one_of(draw, (1.0, 60.0, 3600.0))}


def power(_: Precision, m: int, n: int, draw: Stream) -> Params:
    """A `polynomial`."""
    kinds = ("integers", "unit", "centred", "wavelengths", *(("unix",) if n <= 5 else ()))
    return {"points": m, "degree": n - 1, "abscissae": one_of(draw, kinds)}


KINDS: Mapping[str, tuple[Callable[[Precision, int, int, Stream], Params], str]] = {
    "deficient": (deficient, "exact_rank"),
    "deficient, units": (deficient, "exact_rank"),
    "related": (related, "columns"),
    "related, units": (related, "columns"),
    "decaying": (decaying, "spectrum"),
    "gap": (gap, "near_rank"),
    "graded": (graded, "weighted"),
    "far": (far, "offset"),
    "power": (power, "polynomial"),
}
"""Kind → how its parameters are drawn, and its family."""

POLYNOMIAL_COLUMNS, OFFSET_COLUMNS = 13, 9
"""The most columns that these families have; they are tall."""
MIXED = 4
"""The least side of an `exact_rank` that is no permutation of a diagonal matrix."""


def kinds_of(m: int, n: int) -> list[str]:
    """The kinds that there are in this shape."""
    possible = {
        "deficient": min(m, n) >= MIXED,
        "deficient, units": min(m, n) >= MIXED,
        "gap": m * n <= MOST,
        "far": m * n <= MOST and m > n and n <= OFFSET_COLUMNS,
        "power": m * n <= MOST and m > n and n <= POLYNOMIAL_COLUMNS,
    }
    return [kind for kind in KINDS if possible.get(kind, True)]


def key_of(kind: str, precision: Precision, shape: Shape, number: int) -> str:
    """The name of the matrix of that number."""
    m, n = shape
    draw = Stream("rank rules", kind, precision, m, n, number)
    drawn, family = KINDS[kind][0](precision, m, n, draw), KINDS[kind][1]
    sizes = {"m": m, "n": n} if family not in ("offset", "polynomial") else {"m": m} if family == "offset" else {}
    order = FAMILIES[family].parameters
    params = {**sizes, **drawn, "seed": number}
    key = ProblemKey(family, tuple((name, params[name]) for name in order), precision)
    return f"{key} * units={2 * even(draw, 1, 10)}" if kind.endswith("units") else str(key)


def batches(precision: Precision, *, first: int, share: float = 1.0) -> Iterator[tuple[str, Shape, list[str]]]:
    """All names: the rows to columns, the shape, and up to `STACK` names of one kind. Numbers begin at `first`."""
    for aspect, shapes in ASPECTS.items():
        for m, n in shapes:
            if aspect == LONG:
                count = max(1, round(share * LONG_COUNTS[m]))
                yield aspect, (m, n), [long_name(precision, m, n, first + i) for i in range(count)]
                continue
            for kind in kinds_of(m, n):
                count = max(1, round(share * COUNT / (FEWEST if kind in SLOW else FEWER if m * n >= LARGE else 1)))
                for start in range(0, count, STACK):
                    numbers = range(first + start, first + min(start + STACK, count))
                    yield aspect, (m, n), [key_of(kind, precision, (m, n), i) for i in numbers]


# --- long matrices --------------------------------------------------------------------------------------------

LACKING: Mapping[str, Sequence[int]] = {"nothing": (), "duplicate": (1,), "sum": (1, 1), "affine": (1, 2)}
"""What a long matrix lacks → the last column, by its coefficients in the columns before it, the last of these first."""
LARGEST = 99


def long_name(precision: Precision, m: int, n: int, number: int) -> str:
    """The name of a long matrix: of every kind, and lacking nothing in half of them."""
    draw = Stream("rank rules", "long", precision, m, n, number)
    kind, lacks = one_of(draw, ("counts", "dummies", "trend")), one_of(draw, ("nothing",) * 3 + tuple(LACKING)[1:])
    return f"long m={m} n={even(draw, 2, n)} kind={kind} lacks={lacks} seed={number} dtype={precision}"


def long_integers(m: int, n: int, kind: str, lacks: str, seed: int) -> Integers:
    """The whole numbers of a long matrix (m×n), below 2²⁴ so that float32 holds them.

    *counts* are drawn from −99 to 99. *dummies* are an intercept and columns that are 1 but in few rows, 1 to m/100.
    A *trend* is an intercept, and numbers that rise by 1 from row to row, from somewhere on, then counts.
    """
    draw, free = Stream("rank rules", kind, m, n, seed), n - bool(LACKING[lacks])
    A = draw.integers(m * free, -LARGEST, LARGEST).reshape(m, free)
    if kind != "counts":
        A[:, 0] = 1
    if kind == "dummies":
        for j in range(1, free):
            few = min(2 ** even(draw, 0, m.bit_length()), m // 100)
            A[:, j] = 1
            A[even(draw, 0, m - 1) + np.arange(few) - m, j] = 0  # rows that may go round the end
    if kind == "trend" and free > 1:
        A[:, 1] = np.arange(m) + 2 ** even(draw, 0, 22)
    if LACKING[lacks]:
        last = [(j, c) for j, c in zip(range(free - 1, -1, -1), LACKING[lacks], strict=False)]
        A = np.column_stack([A, sum(c * A[:, j] for j, c in last)])
    return A


# --- by name ---------------------------------------------------------------------------------------------------


def build(name: str) -> Array:
    """The matrix of a name."""
    if name.startswith("long "):
        values = dict(re.findall(r"(\w+)=(\w+)", name))
        m, n, seed = (int(values[word]) for word in ("m", "n", "seed"))
        return long_integers(m, n, values["kind"], values["lacks"], seed).astype(values["dtype"])
    text, _, units = name.partition(" * units=")
    key = parse_key(text)
    A: Array = FAMILIES[key.family].build(key.dtype, **dict(key.params))[0]
    if not units:
        return A
    shifts = Stream("rank rules", "units", text).integers(min(A.shape), -int(units) // 2, int(units) // 2)
    return scaled_by(A, shifts)


def scaled_by(A: Array, exponents: Integers) -> Array:
    """A with its columns (rows, if wide) times powers of two."""
    powers: Any = exponents[:, np.newaxis] if A.shape[0] < A.shape[1] else exponents
    scaled: Array = np.ldexp(A, powers)
    return scaled
