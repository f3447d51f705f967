"""What one failure may show by accident, and several do not: that a complex problem was solved with a conjugate wrong.

Of a real A the transpose is all there is, so that code which transposes where it should conjugate passes every real
test. What such code returns is computed here in complex128. A mistake is named if its answer is a hundred times nearer
to the one that was returned than x★ is, at nearly all failures at which rounding errors do not hide that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lamm_robust.values import Array

Solution = Callable[[Any, Any], Any]
"""(A, b) → x, or a product of A and b, in complex128, which `Array` does not name."""

NEARER = 0.01
"""A mistake explains an answer if what it returns is at most so far from it, relative to the distance of x★."""

VISIBLE = 1e3
"""A failure tells of mistakes if its relative error, or 1 if that is less, is at least so many uκ², which is what
squaring κ may leave: then rounding errors are less than `NEARER` of the error."""

LEAST = 3
"""The least number of failures with one mistake that are no accident: at a single one, twice the answer may be what
dropping Im A returns, as at [[1, i], [i, −1]]."""

MOST = 0.9
"""The least share of the telling failures that a mistake explains; of one that was made, it is all."""


def _gram(left: Solution, right: Solution, solve: Solution) -> Solution:
    """The normal equations (AAᴴy = b, x = Aᴴy, if A is wide) with other products in the place of AᴴA and of Aᴴb."""

    def solution(A: Any, b: Any) -> Any:
        if A.shape[0] < A.shape[1]:
            return right(A, solve(left(A.T, A.T).T, b))
        return solve(left(A, A), right(A, b))

    return solution


def _transposed(A: Any, B: Any) -> Any:
    return A.T @ B


def _conjugated(A: Any, B: Any) -> Any:
    return A.conj().T @ B


def _solve(A: Any, b: Any) -> Any:
    return np.linalg.solve(A, b)


def _shortest(A: Any, b: Any) -> Any:
    return np.linalg.lstsq(A, b, rcond=None)[0]


def _by_qr(A: Any, b: Any) -> Any:
    """R⁻¹Qᵀb, for the Q of LAPACK, whose R has a real diagonal; not a number if A is wide."""
    if A.shape[0] < A.shape[1]:
        return np.full((A.shape[1], *b.shape[1:]), np.nan)
    Q, R = np.linalg.qr(A)
    return _solve(R, Q.T @ b)


CONJUGATED = "transposes without conjugating"

GRAMS = (
    ("Aᵀ in the place of Aᴴ", (_transposed, _transposed)),
    ("AᵀA in the place of AᴴA (AAᵀ, if wide)", (_transposed, _conjugated)),
    ("Aᵀb in the place of Aᴴb (Aᵀy, if wide)", (_conjugated, _transposed)),
)

MISTAKES: Sequence[tuple[str, Solution]] = (
    *((f"{CONJUGATED}: {says}", _gram(*products, by)) for says, products in GRAMS for by in (_solve, _shortest)),
    (f"{CONJUGATED}: Qᵀb in the place of Qᴴb", _by_qr),
    ("x is the conjugate of the answer", lambda A, b: _shortest(A, b).conj()),
    ("solves the problem with the conjugate of A", lambda A, b: _shortest(A.conj(), b)),
    ("solves the problem with the conjugate of b", lambda A, b: _shortest(A, b.conj())),
    ("x is the real part of the answer", lambda A, b: _shortest(A, b).real),
    ("solves the problem with the real part of A", lambda A, b: _shortest(A.real, b)),
    ("solves the problem with the real part of b", lambda A, b: _shortest(A, b.real)),
)
"""What is said of a mistake, and the x that it makes of A (m×n, complex) and b; where two do the same, the first is
said."""


def mistakes_in(A: Array, b: Array, x: Array, away: float) -> frozenset[str]:
    """The mistakes that explain an answer x, whose distance from x★ is `away`, to a problem of complex numbers."""
    problem = A.astype(np.complex128), b.astype(np.complex128)
    return frozenset(says for says, solve in MISTAKES if _distance(solve, problem, x) <= NEARER * away)


def _distance(solve: Solution, problem: tuple[Any, Any], x: Array) -> float:
    """How far x is from what a mistake makes of A and b; not a number where that fails."""
    with np.errstate(all="ignore"):
        try:
            return float(np.linalg.norm(solve(*problem) - x))
        except (np.linalg.LinAlgError, ValueError):
            return float(np.nan)


def mistake_of(found: Sequence[frozenset[str] | None]) -> str | None:
    """The mistake that explains nearly all of the failures that tell of any, by those that explain each; or None."""
    telling = [one for one in found if one is not None]
    counts = [(sum(says in one for one in telling), says) for says, _ in MISTAKES]
    most, says = max(counts, key=lambda pair: pair[0])  # the first of the best
    return says if most >= max(LEAST, MOST * len(telling)) else None
