"""Directions along which solutions are differentiated: a function of A and b, with the same bits on every machine.

The derivative of x★ = A⁺b exists along matrices of the rank of A only. EA + AF is tangent to them for any E and F, and
where A has full rank every direction is of this form.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lamm_robust.generators.parts.stream import Floats, Stream
from lamm_robust.values import COMPLEX, PRECISIONS, Array, Directions, Problem

SPARSE = 3
"""Entries of E and F other than 0, in each row: EA + AF is a sum of six rows and columns of A at most, so that its size
is that of A, and whole numbers in A need few bits more in it."""


def with_directions(problem: Problem) -> Problem:
    """Return the problem with directions dA = EA + AF, db and c.

    E and F have entries −1, 0 and 1; db and c have entries −1 and 1, but db is as large as b where b is not 0. Raises
    ValueError for complex numbers, whose derivatives nobody has proved here.
    """
    A, b = problem.A, problem.b
    if problem.key.dtype in COMPLEX:
        raise ValueError(f"derivatives are not proved in {problem.key.dtype}; accepted are {' and '.join(PRECISIONS)}")
    stream = Stream("directions", *A.shape, *b.shape)
    left = _combined(stream, A.astype(np.float64))
    right = _combined(stream, A.T.astype(np.float64)).T
    size = 2.0 ** int(np.frexp(np.abs(b).max(initial=0.0))[1] - 1) if b.any() else 1.0
    db = size * stream.signs(b.size).reshape(b.shape)
    c = stream.signs(problem.n * problem.sides).reshape(problem.n, *b.shape[1:])
    arrays = [_frozen(values.astype(A.dtype)) for values in (left + right, db, c)]
    return replace(problem, directions=Directions(*arrays))


def _combined(stream: Stream, rows: Floats) -> Floats:
    """Return EM for M = `rows`, with `SPARSE` signs in each row of E, added one after the other."""
    found = np.zeros_like(rows)
    if not rows.size:
        return found
    for _ in range(SPARSE):
        chosen = stream.integers(len(rows), 0, len(rows) - 1)
        found = found + stream.signs(len(rows))[:, np.newaxis] * rows[chosen]
    return found


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array
