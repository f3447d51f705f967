"""Which cases a run is about: a pure function of names and globs, so that every machine makes the same plan.

A shard is every N-th problem of the plan with all its solvers, so that each problem is certified in one place only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from lamm_robust import catalog
from lamm_robust.values import HUNTED, PROFILES, Case, Device, Precision, Variant

QUICK = PROFILES[0].name
"""The profile that runs the core solvers only, unless others are asked for."""


@dataclass(frozen=True)
class Shard:
    """Part K of N of a plan: the problems whose place in it is K−1 modulo N."""

    number: int = 1
    of: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise ValueError(f"there is no shard {self}; expected K/N with 1 ≤ K ≤ N, such as 1/4")

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def parse_shard(text: str) -> Shard:
    """The inverse of ``str(Shard)``; ValueError for anything else."""
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
        """What the tables are about, filters included."""
        filters = [*self.solvers, *self.families]
        only = f", only {', '.join(filters)}" if filters else ""
        part = f", shard {self.shard}" if self.shard.of > 1 else ""
        return f"Least-squares solvers: the {self.profile} profile{only}{part}"

    def directory(self) -> str:
        """Where its results go, unless told otherwise: shards beside each other, and apart from what hunts found."""
        part = f"-shard-{self.shard.number}-of-{self.shard.of}" if self.shard.of > 1 else ""
        return self.profile + ("/run" if self.profile == HUNTED.name else "") + part

    def variants(self) -> list[Variant]:
        """The variants asked for (by default all, or the core of them for quick); ValueError if a glob matches none."""
        globs = self.solvers or (catalog.CORE if self.profile == QUICK else ())
        return catalog.select_variants(globs, self.precisions, self.devices)

    def cases(self, variants: Sequence[Variant]) -> list[Case]:
        """Every one of the variants at every problem of the grid at its precision, problem by problem."""
        families = catalog.select_families(self.families)
        keys = [key for p in self.precisions for key in catalog.plan(self.profile, p, families)]
        mine = keys[self.shard.number - 1 :: self.shard.of]
        return [Case(key, variant) for key in mine for variant in variants if variant.precision == key.dtype]

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
