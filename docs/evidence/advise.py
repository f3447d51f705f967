"""Whether the call that `lamm-robust advise` recommends is the best, on matrices of every family.

    python docs/evidence/advise.py 200

Draws so many problems from the grid of the profile `standard`, as many from each family as from another, lets every
usual call attempt each in the stored precision and in the next one up, and has the advice choose. Then digits are
counted anew, from the exact answer in rational arithmetic, and every other call is compared: one that has over a digit
more must be named by the reason that the page gives.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lamm_robust import catalog
from lamm_robust.advice.advise import ONE_DIGIT, in_precision, recommend
from lamm_robust.advice.panel import chosen
from lamm_robust.advice.trial import Tried, attempts, tried
from lamm_robust.oracles import stored
from lamm_robust.scoring.truths import Certified, proved
from lamm_robust.values import PRECISIONS, Array, NotCertifiedError, Precision, Problem, ProblemKey, Variant

SEED = 0
ENTRIES = 4096
"""Entries of A up to which a problem is drawn, for exact sums of fractions take time: the smallest with many rows."""

Calls = dict[str, list[tuple[Tried, Certified]]]
"""The key of a problem → what was tried at it, and the truth in the precision of each attempt."""

BELIEVED = 15.0
"""Digits beyond which a difference is luck: float64 has 15.95."""


def drawn(count: int) -> list[Problem]:
    """So many problems with an answer, of every family as many as of another, in both precisions."""
    generator = np.random.default_rng(SEED)
    names = [name for name, family in catalog.FAMILIES.items() if family.defined]
    found: list[Problem] = []
    seen: set[tuple[str, Any]] = set()
    for place in range(10 * count):
        family = catalog.FAMILIES[names[place % len(names)]]
        precision: Precision = PRECISIONS[place // len(names) % 2]
        grid = list(family.grid("standard", precision))
        if not grid:
            continue
        params = grid[int(generator.integers(len(grid)))]
        name = (family.name, tuple(params.items()))
        problem = catalog.build_problem(ProblemKey(*name, precision))
        if name not in seen and 0 < problem.A.size <= ENTRIES and problem.b.size:
            found.append(problem)
            seen.add(name)  # in the other precision it would have the key of this one, one precision up
        if len(found) == count:
            break
    return found


def exact_digits(certified: Certified, x: Array) -> tuple[float, float]:
    """Right digits of x̂ and of Ax̂, in rational arithmetic from the stored answer; NaN if that is 0.

    Of several right-hand sides, those of the worst.
    """
    n = certified.problem.n
    stars = stored(certified.truth).reshape(n, -1).T.tolist()
    rows = [[Fraction(float(a)) for a in row] for row in certified.problem.A]
    found = [_digits(rows, *pair) for pair in zip(x.reshape(n, -1).T.tolist(), stars, strict=True)]
    of_x, of_fit = ([digits for digits in kind if not math.isnan(digits)] for kind in zip(*found, strict=True))
    return min(of_x, default=math.nan), min(of_fit, default=math.nan)


def _digits(rows: list[list[Fraction]], x: Iterable[float], star: list[Fraction]) -> tuple[float, float]:
    error = [Fraction(a) - b for a, b in zip(x, star, strict=True)]

    def length(vector: Iterable[Fraction]) -> Fraction:
        return sum((entry * entry for entry in vector), Fraction(0))

    def image(vector: list[Fraction]) -> list[Fraction]:
        return [sum((a * v for a, v in zip(row, vector, strict=True)), Fraction(0)) for row in rows]

    def digits(away: Fraction, size: Fraction) -> float:
        if size == 0:
            return math.nan
        return min(max(-0.5 * math.log10(away / size), 0.0), BELIEVED) if away else BELIEVED

    return digits(length(error), length(star)), digits(length(image(error)), length(image(star)))


def main() -> None:
    """Print how often the recommended call is beaten by more than a digit, and what the page says then."""
    for line in report(tried_at(drawn(int(sys.argv[1])))):
        print(line)


def tried_at(problems: Sequence[Problem], only: Sequence[str] = ()) -> Calls:
    """Every usual call, or those that match the globs, at each problem, by its key."""
    of: dict[Problem, Certified] = {}
    home: dict[Problem, str] = {}
    asked: list[tuple[Variant, Problem]] = []
    for problem in problems:
        try:
            certified = proved(problem, catalog.cached_oracle("auto"))
        except NotCertifiedError as error:
            print(f"not certified: {problem.key}: {error}")
            continue
        for precision in PRECISIONS[PRECISIONS.index(problem.key.dtype) :]:
            one = certified if precision == problem.key.dtype else in_precision(certified, precision)
            of[one.problem], home[one.problem] = one, str(problem.key)
            asked += [(variant, one.problem) for variant in chosen(only, (precision,))]
    calls: Calls = defaultdict(list)
    for variant, problem, outcome in attempts(asked, {}):
        calls[home[problem]].append((tried(of[problem], variant, outcome), of[problem]))
    return calls


def report(calls: Calls) -> list[str]:
    """A line for each problem at which another call has more than a digit more, unsaid by the page, and the counts."""
    lines: list[str] = []
    counts: dict[str, int] = defaultdict(int)
    for key, found in calls.items():
        best, why = recommend([one for one, _ in found])
        if best is None:
            counts["no call has a finite answer"] += 1
            continue
        digits = {
            one: exact_digits(certified, one.outcome.x)
            for one, certified in found
            if one.answered and one.outcome.x is not None
        }
        mine = digits[best]
        beaten = [
            one
            for one, theirs in digits.items()
            if any(t > m + ONE_DIGIT + 0.05 for t, m in zip(theirs, mine, strict=True))
        ]
        said = why.startswith("no call is best in both")
        counts["not beaten" if not beaten else "beaten, and the page says why" if said else "beaten, unsaid"] += 1
        if beaten and not said:
            lines.append(f"{key}: {best.variant} {mine}, but {beaten[0].variant} {digits[beaten[0]]}: {why}")
    return [*lines, *(f"{what}: {count}" for what, count in sorted(counts.items()))]


if __name__ == "__main__":
    main()
