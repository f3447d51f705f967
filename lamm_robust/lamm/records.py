"""The tasks and the results of a study of LAMM, as plain values without JAX: both ends of a pipe know them."""

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
"""The solvers of a study: LAMM's own two, those that people take instead, and the one that this project recommends."""

TARGETS = ("small", "random", "sparse", "permutation", "identity", "lossy")
"""The names of the targets of a study; `targets` makes them."""


@dataclass(frozen=True)
class Size:
    """How much of a mesh of one size is studied."""

    modes: int
    directions: tuple[int, ...]
    starts: int
    """The number of meshes to start from, each with a target of its own."""
    steps: int
    """The most steps of a loop."""
    keep: int
    """One of every so many least-squares problems is scored."""


def freedom(modes: int) -> int:
    """(N−1)²: the dimension of the N×N matrices whose rows and columns sum to 1, as |U|² of a mesh."""
    return (modes - 1) ** 2


LARGE = 16
"""The number of modes from which on one loop of the slowest solvers takes minutes."""


def size(modes: int, starts: int) -> Size:
    """The size with directions below, at and above (N−1)²; from `LARGE` modes on, below only and few steps."""
    own = freedom(modes)
    if modes < LARGE:
        return Size(modes, (own // 2, own, modes * (modes - 1)), starts, steps=200, keep=20)
    return Size(modes, (own // 2,), 1, steps=20, keep=5)


PROFILES: dict[str, tuple[Size, ...]] = {
    "quick": (size(4, starts=1),),
    "standard": (size(4, starts=5), size(8, starts=2), size(16, starts=1)),
}


@dataclass(frozen=True)
class Course:
    """The mesh, targets and steps of a race."""

    modes: int
    directions: int
    targets: int
    """The number of targets of the compiled loop: one after another, and all at once."""
    originals: int
    """The number of targets of the original loop, one after another: the first of them."""
    steps: int
    """The most steps of a loop."""


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
"""The races at every size: fewer targets for the original loop where it is slow, and few steps, as in training."""


@dataclass(frozen=True)
class Task:
    """The runs of one solver at one size and number of directions: one program, if it is compiled."""

    modes: int
    directions: int
    starts: int
    steps: int
    keep: int
    solver: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """One loop from one mesh to one target, and what happened on the way."""

    modes: int
    target: str
    start: int
    solver: str
    driver: str
    precision: Precision
    directions: int
    status: str
    """The name of its `Ending`."""
    magnitude: tuple[float, ...]
    """‖δ‖ before the first step and after each one."""
    accepted: int
    seconds: float
    rank_reported: tuple[int, ...]
    """The least and the greatest rank that the solver reported; empty if it reports none."""
    rank_seen: tuple[int, ...]
    """The least and the greatest number of singular values of X above max(m, n)·eps·σ₁."""
    kappa: tuple[float, ...]
    """κ of the problems that were scored."""
    forward: tuple[float, ...]
    """The forward errors of their answers, in Wedin bounds; ∞ where the solver returned no finite numbers."""
    backward: tuple[float, ...]
    """The backward errors of their answers, in u‖X‖_F."""
    uncertified: int
    """The number of problems that could not be certified."""

    @property
    def steps(self) -> int:
        """The number of steps that were tried."""
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
    """The solver of the compiled loop."""
    original_seconds: float
    """The time of the original loop with dropping, for its targets."""
    original_steps: int
    compiled_seconds: float
    compiled_steps: int
    batched_seconds: float
    compile_seconds: float
    """The time until the first result of the compiled loop."""
    original_reached: int
    compiled_reached: int
    batched_reached: int
    same_original_seconds: float
    """The time of the original loop with the solver of the compiled one, for as many targets as with dropping."""
    same_original_steps: int


def dump(value: Run | Race) -> str:
    """One line of JSON with six digits of each number; ∞ and NaN, which JSON lacks, are strings."""
    return json.dumps({"kind": type(value).__name__, **_to_json(asdict(value))}, ensure_ascii=False, allow_nan=False)


def load(text: str) -> Run | Race:
    """The run or race of a line of `dump`."""
    found = {name: _from_json(value) for name, value in json.loads(text).items()}
    kind: type[Run] | type[Race] = {"Run": Run, "Race": Race}[found.pop("kind")]
    return kind(**found)


def _to_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _to_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else str(value)
    return value


NUMBERS = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


def _from_json(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_from_json(item) for item in value)
    return NUMBERS.get(value, value) if isinstance(value, str) else value


def tasks(sizes: Sequence[Size], solvers: Sequence[str], targets: Sequence[str]) -> list[Task]:
    """The tasks of a study, which are the same at each precision."""
    return [
        Task(size.modes, directions, size.starts, size.steps, size.keep, solver, tuple(targets))
        for size in sizes
        for directions in size.directions
        for solver in solvers
    ]
