"""What the samples of `clock` show: quartiles of times, ratios turn by turn, and whether a promise is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lamm_robust.claims.finding import Finding, Spread, Verdict, quartiles
from lamm_robust.claims.lab import Lab
from lamm_robust.values import Device, Precision

Row = Mapping[str, Any]
"""One line of samples: names of what was measured, and numbers or lists of them."""

RUNS = 3
"""How many runs of an experiment, each in a process of its own, must agree about a claim on times."""

FASTER = 5.0
"""Lower end of the 5–20 times speed-up that the notes promise; more than 20 also keeps the promise."""


def micro(samples: Sequence[float]) -> Spread:
    """Quartiles and median in microseconds, of seconds."""
    return quartiles([1e6 * value for value in samples])


def ratio(above: Sequence[float], below: Sequence[float]) -> Spread:
    """Quartiles and median of the ratios turn by turn."""
    return quartiles([a / b for a, b in zip(above, below, strict=True)])


def size(row: Row) -> str:
    """The size of the matrix as text, "rows×columns"."""
    return f"{row['m']}×{row['n']}"


def where(passes: Mapping[str, bool]) -> tuple[bool, str]:
    """Whether a claim holds everywhere, and, if it holds only somewhere, where that is."""
    names = [name for name, good in passes.items() if good]
    return len(names) == len(passes) > 0, " or ".join(names) if 0 < len(names) < len(passes) else ""


def faster(speedups: Mapping[str, float]) -> tuple[bool, str]:
    """Whether the promise of 5 to 20 times is kept, and where: see `where`."""
    return where({name: value >= FASTER for name, value in speedups.items()})


def pool(runs: Sequence[Any]) -> Any:
    """The samples of several runs as those of one: lists of numbers one after another, the rest as in the first run."""
    first = runs[0]
    if isinstance(first, dict):
        return {name: pool([run[name] for run in runs]) for name in first}
    if isinstance(first, list) and first and isinstance(first[0], dict):
        return [pool(rows) for rows in zip(*runs, strict=True)]
    return [value for run in runs for value in run] if isinstance(first, list) else first


def settle_runs(
    lab: Lab,
    experiment: str,
    judge: Callable[[Any], Finding],
    precision: Precision = "float32",
    device: Device = "cpu",
    together: Callable[[Sequence[Any]], Any] = pool,
) -> Finding:
    """What every run shows alone, in numbers of all of them together; *depends on the machine* if they do not agree."""
    runs = [lab.clock(experiment, precision, device, run) for run in range(RUNS)]
    alone = Counter(judge(run).ruling for run in runs)
    finding = judge(together(runs))
    if len(alone) > 1:
        said = "; ".join(f"{ruling} in {count} of {RUNS} runs" for ruling, count in alone.items())
        return replace(finding, verdict=Verdict.DEPENDS, when=said)
    own = judge(runs[0])
    return replace(finding, verdict=own.verdict, when=own.when)


def beyond(values: Sequence[float], limit: float) -> str:
    """How near the values come to a limit, as text: the nearest one on each side, as a share of the limit."""
    above, below = (sorted(v / limit for v in values if (v >= limit) == side) for side in (True, False))
    sides = [f"{100 * (near - 1):+.0f} %" for near in (*below[-1:], *above[:1])]
    return f"the nearest to the limit {limit:g} are off it by {' and '.join(sides)}"
