"""Search for the worst problem among a family's parameters, and for a simpler one that is as bad.

Two searches share the time. Hypothesis climbs with `target()` over all parameters, in small steps and with what broke
other code in mind; differential evolution (Storn and Price, J. Global Optim. 11 (1997) 341; SciPy) is for continuous
parameters, such as conditioning and residual. Neither knows what it searches: severity is a number, the larger the
worse.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import product
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings, target
from hypothesis import strategies as st
from scipy.optimize import differential_evolution

from lamm_robust.values import Family, Precision, ProblemKey, Value

Severity = Callable[[ProblemKey], float]
"""How badly a solver does at a problem; −∞ where that says nothing, such as for parameters that make no problem."""

LOWEST = -400.0
"""The number for −∞ where a search needs a finite one: below the logarithm of every positive double."""

EVER = 10**9
"""More examples or generations than any budget allows."""

POPULATION = 8
"""Members per parameter of the evolving population: about half of SciPy's default, for budgets of seconds."""


class OutOfTimeError(BaseException):
    """The time is over. It is no Exception, so that no search takes it for a failure of what it searches."""


def with_deadline(severity: Severity, deadline: float) -> Severity:
    """`severity`, which raises OutOfTimeError from the deadline on (by `time.monotonic`)."""

    def timed(key: ProblemKey) -> float:
        if time.monotonic() > deadline:
            raise OutOfTimeError
        return severity(key)

    return timed


def climb(families: Sequence[Family], dtype: Precision, severity: Severity) -> None:
    """Let Hypothesis look for the largest severity in these families, until that raises OutOfTimeError."""

    @settings(
        max_examples=EVER,
        phases=(Phase.generate, Phase.target),
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def look(data: st.DataObject) -> None:
        family = data.draw(st.sampled_from(families))
        params = data.draw(family.strategy(dtype))
        target(max(severity(ProblemKey(family.name, tuple(params.items()), dtype)), LOWEST), label=family.name)

    with suppress(OutOfTimeError):
        while True:  # one round may end early, when Hypothesis thinks that it has seen everything
            look()


def ranges(family: Family, dtype: Precision) -> Mapping[str, Sequence[Value]]:
    """For each parameter, what a search may choose: [least, largest] for numbers, and every value if some are words.

    The values are those of the family's `standard` grid.
    """
    grid = list(family.grid("standard", dtype))
    values: dict[str, list[Any]] = {
        name: list(dict.fromkeys(params[name] for params in grid)) for name in family.parameters
    }
    return {name: seen if are_words(seen) else [min(seen), max(seen)] for name, seen in values.items()}


def are_words(values: Sequence[Value]) -> bool:
    """Whether some of the values are words, so that they have to be chosen from and cannot be interpolated."""
    return any(isinstance(value, str) for value in values)


def evolve(family: Family, dtype: Precision, severity: Severity, seed: int = 0) -> None:
    """Differential evolution over the parameters of a family, until severity raises OutOfTimeError or it converges."""
    choices = ranges(family, dtype)
    names = [name for name, seen in choices.items() if seen[0] != seen[-1]]
    fixed = {name: seen[0] for name, seen in choices.items() if name not in names}
    words = {name: seen for name, seen in choices.items() if are_words(seen)}
    bounds = [(0, len(choices[name]) - 1) if name in words else tuple(choices[name]) for name in names]
    whole = [name in words or all(isinstance(value, int) for value in choices[name]) for name in names]

    def key(point: Sequence[float]) -> ProblemKey:
        found: dict[str, Value] = dict(fixed)
        for name, value, is_whole in zip(names, point, whole, strict=True):
            number = round(value) if is_whole else float(value)
            found[name] = words[name][int(number)] if name in words else number
        return ProblemKey(family.name, tuple((name, found[name]) for name in family.parameters), dtype)

    if not names:
        severity(key([]))
        return
    with suppress(OutOfTimeError):
        differential_evolution(
            lambda point: -max(severity(key(point)), LOWEST),
            bounds,
            integrality=whole,
            popsize=POPULATION,
            maxiter=EVER,
            polish=False,
            rng=seed,
        )


SEEDS = 12
"""The number of seeds tried for each small shape: a failure that rounding causes comes and goes with the seed."""


def smaller_problems(key: ProblemKey) -> Iterator[ProblemKey]:
    """Problems of the same family with fewer entries, the smallest shapes first, of every rank and with `SEEDS` seeds.

    There are none for families without parameters m and n.
    """
    params = dict(key.params)
    if not {"m", "n"} <= params.keys():
        return
    m, n = int(params["m"]), int(params["n"])
    for rows, columns in sorted(product(range(1, m + 1), range(1, n + 1)), key=lambda shape: shape[0] * shape[1]):
        ranks = range(1, min(rows, columns) + 1) if "rank" in params else (0,)
        for rank, seed in product(ranks, range(SEEDS if "seed" in params else 1)):
            asked = params | {"m": rows, "n": columns, "rank": rank, "seed": seed}
            if rows * columns < m * n:
                yield ProblemKey(key.family, tuple((name, asked[name]) for name in params), key.dtype)


def shrink(key: ProblemKey, accept: Callable[[ProblemKey], bool], family: Family) -> ProblemKey:
    """The simplest problem that is still accepted and can be reached by making one parameter simpler at a time."""
    choices = next(iter(family.grid("standard", key.dtype)))
    simpler = True
    while simpler:
        simpler = False
        for name in family.parameters:
            for value in simplifications(dict(key.params)[name], choices[name]):
                tried = ProblemKey(key.family, tuple((n, value if n == name else v) for n, v in key.params), key.dtype)
                if accept(tried):
                    key, simpler = tried, True
                    break
    return key


def simplifications(value: Value, usual: Value) -> Iterator[Value]:
    """Values of a parameter that are simpler than this one, the simplest first; `usual` is the simplest word."""
    if isinstance(value, str):
        if value != usual:
            yield usual
    elif isinstance(value, int):
        yield from dict.fromkeys(v for v in (0, 1, 2, value // 2, value - value // 4, value - 1) if 0 <= v < value)
        if value < 0:
            yield from (0, value + (-value + 1) // 2)
    else:
        power = 10.0 ** math.floor(math.log10(abs(value))) if value else 0.0
        yield from dict.fromkeys(v for v in (0.0, 1.0, power) if abs(v) < abs(value))
