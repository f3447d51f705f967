"""What several runs of a study say together."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from lamm_robust.lamm.records import Run
from lamm_robust.lamm.result import Ending

Key = TypeVar("Key")
LEVELS = ("below", "at", "above")
"""Where the number of directions lies to (N−1)²."""
UNREACHABLE = ("lossy",)


def level(run: Run) -> str:
    """Whether a run had fewer directions than there are dimensions, as many, or more."""
    freedom = (run.modes - 1) ** 2
    return LEVELS[(run.directions > freedom) - (run.directions < freedom) + 1]


def grouped(runs: Iterable[Run], key: Callable[[Run], Key]) -> dict[Key, list[Run]]:
    """Runs by a key, in the order in which keys appear."""
    found: dict[Key, list[Run]] = {}
    for run in runs:
        found.setdefault(key(run), []).append(run)
    return found


def is_reached(run: Run) -> bool:
    """Whether it arrived."""
    return run.status == Ending.REACHED.name


def reachable(runs: Iterable[Run]) -> list[Run]:
    """Those to targets that can be reached."""
    return [run for run in runs if run.target not in UNREACHABLE]


def median(values: Iterable[float]) -> float:
    """The median; NaN of nothing."""
    known = list(values)
    return statistics.median(known) if known else math.nan


def reached(runs: Sequence[Run]) -> int:
    """How many arrived."""
    return sum(map(is_reached, runs))


def final(runs: Iterable[Run]) -> float:
    """The median of ‖δ‖ at the end."""
    return median(run.magnitude[-1] for run in runs)


def per_step(runs: Iterable[Run]) -> float:
    """The median of seconds per step."""
    return median(run.seconds / run.steps for run in runs if run.steps)


def endings(runs: Iterable[Run]) -> str:
    """How they ended in a word each, with how often."""
    words = {"REACHED": "reached", "STEP_LIMIT": "step limit", "STALLED": "no nearer", "NO_SOLUTION": "no α"}
    counts = Counter(words.get(run.status, run.status.lower()) for run in runs)
    return ", ".join(word if len(counts) == 1 else f"{count} {word}" for word, count in counts.most_common())


def ends(pairs: Iterable[tuple[int, ...]]) -> str:
    """The least and the greatest of ranks, as text."""
    values = [value for pair in pairs for value in pair]
    return "–" if not values else str(min(values)) if min(values) == max(values) else f"{min(values)}–{max(values)}"
