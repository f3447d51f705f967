"""What a script asks of x: the exact answer, how far x is from it, and the assertion.

It asks less than a verdict does: one correct digit, which no rounding of a good solver takes away.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from lamm_robust.oracles import stored
from lamm_robust.runs.script_end import CALLED
from lamm_robust.runs.script_numbers import LISTED, nearest
from lamm_robust.scoring.evidence import Evidence
from lamm_robust.scoring.limits import NO_CORRECT_DIGIT
from lamm_robust.scoring.metrics import has_digits
from lamm_robust.scoring.truths import Certified, Known
from lamm_robust.scoring.verdicts import promises_the_shortest
from lamm_robust.values import Contract, Regime


def question(certified: Known, contract: Contract, column: int | None) -> list[str]:
    """The lines with the exact answer, how far x (of one right-hand side) is from it, and the assertion."""
    listed = CALLED
    if not isinstance(certified, Certified):
        return [
            listed,
            'print("x", x, "though A or b is not finite, so no x is right")',
            "assert not all(map(math.isfinite, x))",
        ]
    star = stored(certified.truth).reshape(certified.problem.n, -1)[:, column or 0].tolist()
    lines = [f"right = [{', '.join(map(nearest, star))}]", listed, *_error(certified, contract, star, column or 0)]
    return [*lines, 'print("x", x, "right", right, "error", error)', f"assert error < {NO_CORRECT_DIGIT}"]


def _error(certified: Certified, contract: Contract, star: Sequence[Fraction], column: int) -> list[str]:
    """The line that measures what the verdict of a silent failure rests on; see `scoring.verdicts.judge`."""
    limits = certified.limits
    ambiguous = certified.regime is Regime.AMBIGUOUS
    b = certified.problem.b
    if not (b if b.ndim == 1 else b[:, column]).any():
        return ["error = math.inf if any(x) else 0.0  # the shortest x is 0, as b is"]
    if ambiguous or not (limits.unique or promises_the_shortest(contract, limits)):
        size = "[float(entry) for entry in b]" if ambiguous else "image(right)"
        return [
            "image = lambda v: [math.fsum(float(a) * c for a, c in zip(row, v)) for row in A]",
            f"error = math.dist(image(x), image(right)) / math.hypot(*{size})  # of the fit A x",
        ]
    if not any(star):
        return ["error = math.hypot(*x) / math.hypot(*map(float, b)) * abs(A).max()  # the shortest x is 0"]
    lines = ["error = math.dist(x, right) / math.hypot(*right)"]
    sure = sure_entries(certified, column)
    if sure and len(sure) <= LISTED:
        lines.append(f"error = max(error, *(abs(x[j] / right[j] - 1) for j in {sure}))  # digits that QR keeps")
    return lines


def sure_entries(certified: Certified, column: int) -> list[int]:
    """The entries of x★ of which a solver that is stable column by column has a digit: see `metrics.entry_error`."""
    frame = certified.frame.equilibrated
    evidence = Evidence([(frame, column)], frame.x_star[0][:, column][np.newaxis])
    return [int(j) for j in np.flatnonzero(has_digits(evidence)[0])]
