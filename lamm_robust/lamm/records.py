"""The tasks and the results of a study of LAMM, as plain values without JAX: both ends of a pipe know them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from lamm_robust.values import PRECISIONS, Precision

SOLVERS = (
    "numpy-dropping",
    "jax-lamm-cond",
    "jax-normal-lu",
    "jax-qr",
    "jax-pinv",
    "jax-solve",
)
"""The solvers of a study: LAMM's own two, those that people take instead, and the one that this project recommends."""

BASELINE = "scipy-trf"
"""SciPy's trust-region method (see `baseline`)."""

Member = tuple[str, str]
"""(solver, rule of steps); the rule of the baseline is "library"."""

MEMBERS: tuple[Member, ...] = (*((s, "capped") for s in SOLVERS), ("jax-qr", "damped"), (BASELINE, "library"))
"""What a study compares: every solver with shortened steps, the damped step with one, and the baseline."""


def member_name(solver: str, rule: str) -> str:
    """The name of a member: its solver, and *damped* with it."""
    return f"{solver} damped" if rule == "damped" else solver


TARGETS: tuple[str, ...] = ("small", "random", "sparse", "permutation", "identity", "lossy")
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
    """One of every so many least-squares problems of the first start is scored."""
    slow: int = 0
    """The number of starts of members in the original loop, if that is fewer."""
    targets: tuple[str, ...] = TARGETS
    members: tuple[Member, ...] = MEMBERS


def freedom(modes: int) -> int:
    """(N−1)²: the dimension of the N×N matrices whose rows and columns sum to 1, as |U|² of a mesh."""
    return (modes - 1) ** 2


def around(modes: int) -> tuple[int, ...]:
    """Numbers of directions below, at and above (N−1)²."""
    own = freedom(modes)
    return own // 2, own, modes * (modes - 1)


MAIN: tuple[Member, ...] = tuple(m for m in MEMBERS if m[0] not in ("jax-normal-lu", "jax-pinv"))
"""The members of larger meshes: without those that do as others do."""
FEW: tuple[Member, ...] = (("jax-qr", "capped"), ("jax-qr", "damped"), (BASELINE, "library"))
"""The members of the largest mesh, of which one run takes seconds to minutes."""

NEAR_AND_FAR = "small", "random"
"""The targets of the standard profile, so that there is time for twenty starts."""

PROFILES: dict[str, tuple[Size, ...]] = {
    "quick": (Size(4, around(4), starts=2, steps=200, keep=20),),
    "standard": (
        Size(4, around(4), starts=20, steps=200, keep=20, targets=(*NEAR_AND_FAR, "lossy")),
        Size(8, around(8), starts=20, steps=200, keep=100, slow=4, targets=NEAR_AND_FAR, members=MAIN),
        # steps enough to arrive: the loop needs several hundred
        Size(16, (225,), starts=2, steps=1000, keep=500, targets=NEAR_AND_FAR, members=FEW),
    ),
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
    rule: str = "capped"
    first: int = 0
    """The number of the first start."""


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
    rule: str = "capped"
    """How steps were kept short: see `MEMBERS`."""

    @property
    def member(self) -> str:
        """The name of the solver with its rule."""
        return member_name(self.solver, self.rule)

    @property
    def words(self) -> str:
        """What `lamm-robust lamm --repeat` takes to make the run once more."""
        names = ("modes", "target", "start", "solver", "rule", "precision", "directions")
        return " ".join(f"{name}={getattr(self, name)}" for name in names)

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


def tasks(sizes: Sequence[Size], members: Sequence[Member] | None, targets: Sequence[str]) -> list[Task]:
    """The tasks of a study, which are the same at each precision; `members` None stands for those of each size."""
    found = []
    for size in sizes:
        chosen = tuple(target for target in size.targets if target in targets)
        for solver, rule in size.members if members is None else members:
            compiled = solver.partition("-")[0] in COMPILED or solver == BASELINE
            starts = size.starts if compiled or not size.slow else min(size.slow, size.starts)
            every = (modes_all(size.modes),) if solver == BASELINE else size.directions
            found += [
                Task(size.modes, directions, starts, size.steps, size.keep, solver, chosen, rule)
                for directions in every
            ]
    return found


COMPILED = ("jax", "lineax")
"""The libraries whose solvers run in the compiled loop."""


def modes_all(modes: int) -> int:
    """N(N−1): the number of phases of a mesh, along all of which the baseline differentiates."""
    return modes * (modes - 1)


def parse_run(words: str) -> tuple[Task, Precision]:
    """The task of one run, with no more starts, and its precision, from what `Run.words` says.

    Raises ValueError for words that are missing or unknown, with what is accepted.
    """
    given = dict(word.partition("=")[::2] for word in words.split())
    names = ("modes", "target", "start", "solver", "rule", "precision", "directions")
    if set(given) != set(names):
        raise ValueError(f"'{words}' names no run; expected is {' '.join(f'{name}=…' for name in names)}")
    numbers = {name: int(given[name]) for name in ("modes", "start", "directions") if given[name].isdecimal()}
    if len(numbers) < 3 or numbers["modes"] < 2 or numbers["directions"] < 1:
        raise ValueError(f"'{words}': modes (from 2), start and directions (from 1) are whole numbers")
    known: Mapping[str, Sequence[str]] = {"target": TARGETS, "precision": PRECISIONS, "rule": RULES}
    for name, accepted in known.items():
        if given[name] not in accepted:
            raise ValueError(f"{name}={given[name]}: accepted are {', '.join(accepted)}")
    if (given["solver"] == BASELINE) != (given["rule"] == "library"):
        raise ValueError(f"rule=library is that of solver={BASELINE}, and of no other")
    sizes = [size for size in PROFILES["standard"] if size.modes == numbers["modes"]]
    steps = sizes[0].steps if sizes else 200
    task = Task(
        *(numbers["modes"], numbers["directions"], 1, steps, steps, given["solver"], (given["target"],)),
        rule=given["rule"],
        first=numbers["start"],
    )
    return task, cast(Precision, given["precision"])


RULES = ("capped", "damped", "library")
"""Every rule of steps."""
