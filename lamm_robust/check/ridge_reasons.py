"""Why a solver of ridge problems failed: which other problem its answer solves, if it is one that people solve instead.

Each of those problems is solved in float64, by an SVD. If the answer is a hundred times nearer to that solution than to
the true one, it is said to be that; else the reasons are those of any least-squares problem, here of [A; √λI].
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lamm_robust.check.clues import NEARER, Clues
from lamm_robust.check.endings import ENDED, Reason
from lamm_robust.check.reasons import RIDGE, reason
from lamm_robust.embedding import real_matrix, real_vectors
from lamm_robust.error_free import Doubles
from lamm_robust.scoring.ridge import stacked
from lamm_robust.scoring.truths import Certified
from lamm_robust.scoring.verdicts import is_finite
from lamm_robust.values import Verdict

OTHER_PENALTIES: tuple[tuple[str, float, float, float, float], ...] = (
    ("λ²", 1, 2, 0, 0),  # for λ in place of √λ below A, or as `damp`
    ("√λ", 1, 0.5, 0, 0),
    ("λ·m", 1, 1, 1, 0),  # for ‖Ax − b‖²/m + λ‖x‖², as a mean over rows has it
    ("2λ·m", 2, 1, 1, 0),  # for ‖Ax − b‖²/(2m) + λ‖x‖²
    ("λ/m", 1, 1, -1, 0),
    ("2λ", 2, 1, 0, 0),  # for ½‖Ax − b‖² + λ‖x‖²
    ("λ/2", 0.5, 1, 0, 0),
    ("λ·n", 1, 1, 0, 1),
    ("no penalty", 0, 1, 0, 0),
)
"""What stands in the place of λ in a problem that was solved instead: its name, and c, p, q, r for c·λ^p·m^q·n^r."""


MOST = 0.5
"""The least share of the failed answers that another problem explains, if it is the one that was solved. Measured over
the quick profile: 0.9 or more where it is, 0.02 or less elsewhere."""


def ridge_reason(clues: Clues, lam: float) -> Reason:
    """Why an attempt at a ridge problem failed: how it ended, another problem, or as at any problem."""
    ended = next((one for one in ENDED if one.shows(clues)), None)
    if ended or not _has_answer(clues):
        return ended or reason(clues)
    known = dict(other_problems(clues, lam))
    name = next(iter(known), None) if clues.other is None else clues.other if clues.other in known else None
    return Reason(name, lambda _: True, lambda _: known[name]) if name else _as_at_any_problem(clues, lam)


def _has_answer(clues: Clues) -> bool:
    return clues.record.verdict in (Verdict.WRONG, Verdict.INACCURATE) and is_finite(clues.outcome.x)


def _as_at_any_problem(clues: Clues, lam: float) -> Reason:
    """The reason that the answer fails [A; √λI]x ≈ [b; 0], where a ridge is another λ: λ and what it adds to that."""
    found = reason(clues)
    if found.name != RIDGE:
        return found
    assert clues.gradient
    other = lam + clues.gradient.factor
    return Reason("another λ", lambda _: True, lambda _: f"solves the problem with λ = {other:.3g}, not {lam:.3g}")


def other_of(failures: Sequence[Clues], lam: float) -> str:
    """The other problem that explains most of the failed answers, if it explains half of them; else "".

    At a single problem, such as where m = 2, several are the same.
    """
    known = [dict(other_problems(c, lam)) for c in failures if isinstance(c.certified, Certified) and _has_answer(c)]
    names = [name for one in known for name in one]
    best = max(dict.fromkeys(names), key=names.count, default="")
    return best if names.count(best) >= MOST * len(known) else ""


def other_problems(clues: Clues, lam: float) -> list[tuple[str, str]]:
    """The names of the problems that the answer solves, of those that are known, and the sentences that say so."""
    if not _has_answer(clues):
        return []
    problem = clues.proved.problem
    A, b = real_matrix(problem.A).astype(np.float64), real_vectors(problem.b).astype(np.float64)
    assert clues.outcome.x is not None
    answer = real_vectors(clues.outcome.x).astype(np.float64)
    with np.errstate(all="ignore"):  # the entries of A may be extreme, and so may λ be beside them
        away = float(np.linalg.norm(answer - _solution(A, b, lam)))
        others = _others(A, b, lam, problem.m, problem.n)
        return [(name, says) for name, says, x in others if np.linalg.norm(answer - x) <= NEARER * away]


def _others(A: Doubles, b: Doubles, lam: float, m: int, n: int) -> Iterator[tuple[str, str, Doubles]]:
    """Other problems: a name in a few words, the sentence that says which it is, and its solution."""
    for name, factor, power, rows, columns in OTHER_PENALTIES:
        other = float(factor * np.float64(lam) ** power * max(m, 1.0) ** rows * max(n, 1.0) ** columns)
        if other != lam and np.isfinite(other):
            value = f"{name} = {other:.3g}" if other else name
            says = f"solves the problem with {value} in place of λ = {lam:.3g}"
            yield f"{name} for λ", says, _solution(A, b, other)
    if m:
        centred = _solution(A - A.mean(axis=0), b - b.mean(axis=0), lam)
        yield "an intercept", "solves the problem of columns and b less their means: it fits an intercept", centred
        with_ones = _solution(np.column_stack([np.ones(len(A)), A]), b, lam)[1:]
        yield "a penalised intercept", "solves the problem with a column of ones, penalised like the others", with_ones


def _solution(A: Doubles, b: Doubles, penalty: float) -> Doubles:
    """The solution in float64; zeros where that fails."""
    try:
        return np.linalg.lstsq(*stacked(A, b, penalty), rcond=None)[0].astype(np.float64)
    except np.linalg.LinAlgError:
        return np.zeros((A.shape[1], *b.shape[1:]))
