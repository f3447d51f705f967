"""The plan of a run, which is the cases it is about: a function of names and globs, and so the same on every machine.

A shard is every N-th problem of the plan with all its solvers, so that each problem is certified in one place only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

from lamm_robust import catalog
from lamm_robust.keys import parse_key
from lamm_robust.runs.derivatives import derivatives_grid
from lamm_robust.storage import findings
from lamm_robust.values import DIFFERENTIATED, HUNTED, QUICK, Case, Device, Precision, ProblemKey, Variant

QUICK_SHAPES: Sequence[tuple[int, ...]] = (
    *((2, 2), (16, 7), (16, 8), (16, 9), (21, 6), (30, 10), (36, 2), (65, 33), (1024, 4)),
    *((16, 16), (10, 30)),
    *((30, 10, 8), (16, 16, 4)),
)
"""(m, n), or (m, n, k) for k right-hand sides, of the problems in `quick`. Every family has some of them.

JAX compiles each solver once for each shape: four fifths of a first look are compilation. The other shapes of `small`,
twice as many, have a quarter of the problems.
"""


def grid(profile: str, precision: Precision, families: Iterable[str]) -> list[ProblemKey]:
    """The keys of a profile's fixed grid, in the order of the families; for `worst`, those that hunts have found."""
    if profile == QUICK.name:
        return [key for key in grid("small", precision, families) if shape_of(key) in QUICK_SHAPES]
    if profile == DIFFERENTIATED.name:
        return [key for name in families for key in derivatives_grid(precision) if key.family == name]
    if profile == HUNTED.name:
        found = findings.problems(findings.DIRECTORY, precision)
        hunted = [hunted_key(key, digest) for key, digest in found.items()]
        return [key for name in families for key in hunted if key.family == name]
    return [
        ProblemKey(name, tuple(params.items()), precision)
        for name in families
        if precision in catalog.FAMILIES[name].precisions
        for params in catalog.FAMILIES[name].grid(profile, precision)
    ]


@cache
def shape_of(key: ProblemKey) -> tuple[int, ...]:
    """The shape of the A of a problem, and the number of its right-hand sides if b is a matrix.

    The problem is built only if its parameters do not say them.
    """
    params = dict(key.params)
    if "m" in params and "n" in params:
        return tuple(int(params[name]) for name in ("m", "n", "k") if name in params)
    problem = catalog.build_problem(key)
    return (*problem.A.shape, *problem.b.shape[1:])


@cache
def hunted_key(text: str, digest: str) -> ProblemKey:
    """The key of a problem that a hunt has found; ValueError if it builds other bits now, or no problem."""
    try:
        key = parse_key(text)
        same = catalog.build_problem(key).digest == digest
    except ValueError as error:
        raise ValueError(f"{findings.DIRECTORY} holds '{text}', which is no problem now: {error}") from error
    if not same:
        raise ValueError(f"'{text}' in {findings.DIRECTORY} has other bits now than when it was hunted; hunt again")
    return key


@dataclass(frozen=True)
class Shard:
    """Part K of N of a plan: the problems whose place in the plan, counted from 0, is K−1 modulo N."""

    number: int = 1
    of: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise ValueError(f"there is no shard {self}; expected K/N with 1 ≤ K ≤ N, such as 1/4")

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def parse_shard(text: str) -> Shard:
    """The inverse of ``str(Shard)``; ValueError for other text."""
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip(), re.ASCII)
    if not found:
        raise ValueError(f"'{text}' is no shard; expected K/N with 1 ≤ K ≤ N, such as 1/4")
    return Shard(int(found[1]), int(found[2]))


@dataclass(frozen=True)
class Selection:
    """What to run, with every name already checked."""

    profile: str
    precisions: tuple[Precision, ...]
    devices: tuple[Device, ...]
    solvers: tuple[str, ...] = ()
    """Globs over variant names; none means all."""
    families: tuple[str, ...] = ()
    """Globs over family names; none means all."""
    shard: Shard = Shard()

    def title(self) -> str:
        """The title of the tables, which names the profile, the filters and the shard."""
        filters = [*self.solvers, *self.families]
        only = f", only {', '.join(filters)}" if filters else ""
        part = f", shard {self.shard}" if self.shard.of > 1 else ""
        return f"Least-squares solvers: the {self.profile} profile{only}{part}"

    def directory(self) -> str:
        """The default directory of its results: shards lie beside each other, and apart from what hunts found."""
        part = f"-shard-{self.shard.number}-of-{self.shard.of}" if self.shard.of > 1 else ""
        return self.profile + ("/run" if self.profile == HUNTED.name else "") + part

    def variants(self) -> list[Variant]:
        """The selected variants; ValueError if a glob matches none.

        By default they are all, the core of them for quick, or those that can be differentiated for `derivatives`,
        without those in a batch, since every solver is differentiated in a batch, too.
        """
        globs = self.solvers or (catalog.CORE if self.profile == QUICK.name else ())
        if self.profile != DIFFERENTIATED.name or self.solvers:
            return catalog.select_variants(globs, self.precisions, self.devices)
        globs = tuple(f"{library.name}-*" for library in catalog.LIBRARY.values() if library.differentiate)
        found = catalog.select_variants(globs, self.precisions, self.devices)
        return [variant for variant in found if not variant.algorithm.endswith("-vmap")]

    def problems(self) -> list[ProblemKey]:
        """The keys of the problems, in the order of the plan, which is that of the shard."""
        families = catalog.select_families(self.families)
        keys = [key for precision in self.precisions for key in grid(self.profile, precision, families)]
        return keys[self.shard.number - 1 :: self.shard.of]

    def cases(self) -> list[Case]:
        """Every variant at every problem of its precision, problem by problem, measurable here or not."""
        variants = self.variants()
        return [Case(key, variant) for key in self.problems() for variant in variants if variant.precision == key.dtype]

    def parts(self, count: int) -> list[Shard]:
        """The shards of `count` that have any case: there may be fewer problems than shards."""
        precisions = {variant.precision for variant in self.variants()}
        numbers = {place % count for place, key in enumerate(self.problems()) if key.dtype in precisions}
        return [Shard(number + 1, count) for number in sorted(numbers)]

    def whole(self) -> Selection:
        """The selection that this is a shard of."""
        return replace(self, shard=Shard())

    def facts(self) -> dict[str, Any]:
        """The selection as plain JSON values."""
        return asdict(self) | {"shard": str(self.shard)}


def parse_selection(facts: Mapping[str, Any]) -> Selection:
    """The inverse of `Selection.facts`."""
    lists = {name: tuple(value) for name, value in facts.items() if isinstance(value, (list, tuple))}
    return Selection(**{**facts, **lists, "shard": parse_shard(facts["shard"])})
