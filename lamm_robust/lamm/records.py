"""What a study of LAMM is asked and what it finds, as plain values: no JAX, so that both ends of a pipe know it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lamm_robust.values import Precision

SOLVERS = (
    "numpy-dropping",
    "jax-lamm-cond",
    "jax-normal-lu",
    "jax-normal-cholesky",
    "jax-qr",
    "jax-pinv",
    "jax-lstsq",
    "jax-solve",
)
"""LAMM's own two, the routes that people take instead, and the solver that this project recommends."""

TARGETS = ("small", "random", "sparse", "permutation", "identity", "lossy")
"""By name; what they are is in `targets`."""


@dataclass(frozen=True)
class Size:
    """How much of a mesh is studied."""

    modes: int
    directions: tuple[int, ...]
    starts: int
    """Meshes to start from, each with a target of its own."""
    steps: int
    """Steps at most."""
    keep: int
    """Of the problems met, one of every so many is scored."""


def size(modes: int, starts: int) -> Size:
    """The size with directions below, at and above the (N−1)² dimensions; from 16 modes, below only and few steps."""
    freedom = (modes - 1) ** 2
    if modes < LARGE:
        return Size(modes, (freedom // 2, freedom, modes * (modes - 1)), starts, steps=200, keep=20)
    return Size(modes, (freedom // 2,), 1, steps=20, keep=5)


LARGE = 16
"""From so many modes on, one loop of the slowest solvers takes minutes."""

PROFILES: dict[str, tuple[Size, ...]] = {
    "quick": (size(4, starts=1),),
    "standard": (size(4, starts=5), size(8, starts=2), size(16, starts=1)),
}


@dataclass(frozen=True)
class Course:
    """What a race is over."""

    modes: int
    directions: int
    targets: int
    """For the compiled loop: one after another, and all at once."""
    originals: int
    """For the original loop, one after another: the first of them."""
    steps: int
    """Steps at most."""


COURSES: dict[str, tuple[Course, ...]] = {
    "quick": (Course(4, 9, 100, 5, 20),),
    "standard": (
        Course(4, 4, 100, 20, 20),
        Course(4, 9, 100, 20, 20),
        Course(8, 24, 100, 5, 20),
        Course(8, 49, 100, 5, 20),
        Course(16, 112, 20, 1, 10),
    ),
}
"""Both loops at every size: the fewer targets for the original one, the slower it is; few steps, as in training."""


@dataclass(frozen=True)
class Task:
    """One solver at one size and number of directions: one program, if it is compiled."""

    modes: int
    directions: int
    starts: int
    steps: int
    keep: int
    solver: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """One loop, from one mesh to one target, and what was seen on the way."""

    modes: int
    target: str
    start: int
    solver: str
    driver: str
    precision: Precision
    directions: int
    status: str
    """The name of its ending."""
    magnitude: tuple[float, ...]
    """‖δ‖ before the first step and after each one."""
    accepted: int
    seconds: float
    rank_reported: tuple[int, ...]
    """The least and the greatest that the solver reported; empty if it reports none."""
    rank_seen: tuple[int, ...]
    """The least and the greatest number of singular values of X above max(m, n)·eps·σ₁."""
    kappa: tuple[float, ...]
    """Of the problems that were scored."""
    forward: tuple[float, ...]
    """Their forward errors, in Wedin bounds; ∞ where the solver returned no finite numbers."""
    backward: tuple[float, ...]
    """Their backward errors, in u‖X‖_F."""
    uncertified: int
    """Problems without a proof."""

    @property
    def steps(self) -> int:
        """Steps that were tried."""
        return len(self.magnitude) - 1


@dataclass(frozen=True)
class Race:
    """Times of the compiled loop and the original one, from the same meshes to the same targets."""

    modes: int
    directions: int
    targets: int
    originals: int
    steps: int
    precision: Precision
    solver: str
    """Of the compiled loop."""
    original_seconds: float
    """Of the original loop with dropping, for the targets that it was given."""
    original_steps: int
    compiled_seconds: float
    compiled_steps: int
    batched_seconds: float
    compile_seconds: float
    """Until the first answer of the compiled loop."""
    original_reached: int
    compiled_reached: int
    batched_reached: int
    same_original_seconds: float
    """Of the original loop with the same solver as the compiled one, for as many targets as with dropping."""
    same_original_steps: int


def dump(value: Run | Race) -> str:
    """One line of JSON, with six digits of each number; those that JSON lacks are strings."""
    return json.dumps({"kind": type(value).__name__, **_plain(asdict(value))}, ensure_ascii=False, allow_nan=False)


def load(text: str) -> Run | Race:
    """The inverse of `dump`."""
    found = {name: _read(value) for name, value in json.loads(text).items()}
    kind: type[Run] | type[Race] = {"Run": Run, "Race": Race}[found.pop("kind")]
    return kind(**found)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else str(value)
    return value


NUMBERS = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_read(item) for item in value)
    return NUMBERS.get(value, value) if isinstance(value, str) else value


def tasks(sizes: Sequence[Size], solvers: Sequence[str], targets: Sequence[str]) -> list[Task]:
    """Everything that a study runs at each precision."""
    return [
        Task(size.modes, directions, size.starts, size.steps, size.keep, solver, tuple(targets))
        for size in sizes
        for directions in size.directions
        for solver in solvers
    ]
