"""Why a solver of ridge problems failed: which other problem its answer solves, if it is one that people solve instead.

Each of those problems is solved in float64, by an SVD. If the answer is a hundred times nearer to that solution than to
the true one, it is said to be that; else the reasons are those of any least-squares problem, here of [A; √λI].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from lamm_robust.check.clues import NEARER, Clues
from lamm_robust.check.reasons import ENDED, Reason, reason
from lamm_robust.embedding import real_matrix, real_vectors
from lamm_robust.error_free import Doubles
from lamm_robust.scoring.ridge import stacked
from lamm_robust.scoring.verdicts import is_finite
from lamm_robust.text import number
from lamm_robust.values import Verdict

OTHER_PENALTIES: tuple[tuple[str, Callable[[float, int, int], float]], ...] = (
    ("λ²", lambda lam, m, n: lam * lam),  # for λ in place of √λ below A, or as `damp`
    ("√λ", lambda lam, m, n: lam**0.5),
    ("λ·m", lambda lam, m, n: lam * m),  # for ‖Ax − b‖²/m + λ‖x‖², as a mean over rows has it
    ("2λ·m", lambda lam, m, n: 2 * lam * m),  # for ‖Ax − b‖²/(2m) + λ‖x‖²
    ("λ/m", lambda lam, m, n: lam / m),
    ("2λ", lambda lam, m, n: 2 * lam),  # for ½‖Ax − b‖² + λ‖x‖²
    ("λ/2", lambda lam, m, n: lam / 2),
    ("λ·n", lambda lam, m, n: lam * n),
    ("0·λ", lambda lam, m, n: 0.0),  # for no penalty at all
)
"""What stands in the place of λ in a problem that was solved instead, and its value."""


def ridge_reason(clues: Clues, lam: float) -> Reason:
    """Why an attempt at a ridge problem failed: how it ended, another problem, or as at any problem."""
    ended = next((one for one in ENDED if one.shows(clues)), None)
    if ended or clues.record.verdict not in (Verdict.WRONG, Verdict.INACCURATE) or not is_finite(clues.outcome.x):
        return ended or reason(clues)
    return _other_problem(clues, lam) or reason(clues)


def _other_problem(clues: Clues, lam: float) -> Reason | None:
    """The reason that names the problem which the answer solves, if it is one of those that are known."""
    problem = clues.proved.problem
    A, b = real_matrix(problem.A).astype(np.float64), real_vectors(problem.b).astype(np.float64)
    answer = real_vectors(clues.outcome.x).astype(np.float64)
    with np.errstate(all="ignore"):  # the entries of A may be extreme, and so may λ be beside them
        away = float(np.linalg.norm(answer - _solution(A, b, lam)))
        for name, says, x in _others(A, b, lam, problem.m):
            if np.linalg.norm(answer - x) <= NEARER * away:
                return Reason(name, lambda _: True, lambda _, says=says: says)  # type: ignore[misc]
    return None


def _others(A: Doubles, b: Doubles, lam: float, m: int) -> Iterator[tuple[str, str, Doubles]]:
    """Other problems: a name in a few words, the sentence that says which it is, and its solution."""
    for name, penalty in OTHER_PENALTIES:
        other = penalty(lam, max(m, 1), A.shape[1])
        if other != lam and np.isfinite(other):
            says = f"solves the problem with {name} = {number(other)} in place of λ = {number(lam)}"
            yield f"{name} for λ", says, _solution(A, b, other)
    if m:
        centred = _solution(A - A.mean(axis=0), b - b.mean(axis=0), lam)
        yield "an intercept", "solves the problem of columns and b less their means: it fits an intercept", centred
        with_ones = _solution(np.column_stack([np.ones(len(A)), A]), b, lam)[1:]
        yield "a penalised intercept", "solves the problem with a column of ones, penalised like the others", with_ones


def _solution(A: Doubles, b: Doubles, penalty: float) -> Doubles:
    """The solution in float64; zeros where that fails."""
    try:
        x: Doubles = np.linalg.lstsq(*stacked(A, b, penalty), rcond=None)[0]
    except np.linalg.LinAlgError:
        return np.zeros((A.shape[1], *b.shape[1:]))
    return x
