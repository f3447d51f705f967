"""What several runs of a study show together: counts, medians, and words for them."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from lamm_robust.lamm.records import Run, freedom
from lamm_robust.lamm.result import Ending

T = TypeVar("T")
Key = TypeVar("Key")
LEVELS = ("below", "at", "above")
"""Where the number of directions may lie beside (N−1)²."""
UNREACHABLE = ("lossy",)


def level(run: Run) -> str:
    """The one of `LEVELS` that says whether a run had fewer directions than (N−1)², as many, or more."""
    own = freedom(run.modes)
    return LEVELS[(run.directions > own) - (run.directions < own) + 1]


def group(items: Iterable[T], key: Callable[[T], Key]) -> dict[Key, list[T]]:
    """The items by a key, in the order in which the keys appear."""
    found: dict[Key, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def has_arrived(run: Run) -> bool:
    """Whether a run reached its target."""
    return run.status == Ending.REACHED.name


def reachable(runs: Iterable[Run]) -> list[Run]:
    """The runs to targets that can be reached."""
    return [run for run in runs if run.target not in UNREACHABLE]


def median(values: Iterable[float]) -> float:
    """The median, or NaN if there are no values."""
    known = list(values)
    return statistics.median(known) if known else math.nan


def count_arrived(runs: Sequence[Run]) -> int:
    """The number of runs that reached their target."""
    return sum(map(has_arrived, runs))


def interval(part: int, whole: int) -> tuple[float, float]:
    """The interval of Wilson for a probability at 95 %: of `part` of `whole` that arrived (whole at least 1)."""
    z, share = 1.96, part / whole
    middle, half = share + z * z / (2 * whole), z * math.sqrt(share * (1 - share) / whole + (z / (2 * whole)) ** 2)
    scale = 1 + z * z / whole
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def arrived_words(runs: Sequence[Run]) -> str:
    """How many runs arrived, with the interval of 95 % for their share."""
    low, high = interval(count_arrived(runs), len(runs))
    return f"{count_arrived(runs)}/{len(runs)} ({100 * low:.0f}–{100 * high:.0f} %)"


def final_magnitude(runs: Iterable[Run]) -> float:
    """The median of ‖δ‖ at the end of the runs."""
    return median(run.magnitude[-1] for run in runs)


def per_step(runs: Iterable[Run]) -> float:
    """The median of the seconds per step of the runs."""
    return median(run.seconds / run.steps for run in runs if run.steps)


def endings(runs: Iterable[Run]) -> str:
    """How the runs ended, as text: the number of runs for each ending."""
    words = {"REACHED": "reached", "STEP_LIMIT": "step limit", "STALLED": "no nearer", "NO_SOLUTION": "no α"}
    counts = Counter(words.get(run.status, run.status.lower()) for run in runs)
    return ", ".join(word if len(counts) == 1 else f"{count} {word}" for word, count in counts.most_common())


def rank_range(pairs: Iterable[tuple[int, ...]]) -> str:
    """The range min–max of all ranks in the tuples, as text; a dash if there are none."""
    values = [value for pair in pairs for value in pair]
    return "–" if not values else str(min(values)) if min(values) == max(values) else f"{min(values)}–{max(values)}"
