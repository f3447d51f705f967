"""The nouns of lamm-robust. Read this file first.

A *family* turns a few named numbers into a *problem*: the stored bits of A and b in min ‖Ax − b‖₂. An
*oracle* proves what is true of those bits and writes it into a *certificate*. A *solver* attempts the
problem under a *contract*; one solver at one precision on one device is a *variant*. How the attempt ended
is an *outcome*; *scores* compare it with the certificate and a *verdict* judges it. One *record* holds it
all in a flat row, and every table is a pure function of records.

Nothing here computes, and NumPy is the only import, so that every room can share these words without
knowing any other room.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
Precision = Literal["float32", "float64"]
Device = Literal["cpu", "gpu"]
Value = int | float | str
Params = Mapping[str, Value]

PRECISIONS: tuple[Precision, ...] = ("float32", "float64")
DEVICES: tuple[Device, ...] = ("cpu", "gpu")

SUITE = "2026.11.4"
"""The suite's own version: families, grids, thresholds. Numbers of different suites are never compared."""

UNIT_ROUNDOFF: Mapping[str, float] = {"float32": 2.0**-24, "float64": 2.0**-53}
"""u of each working precision: half the distance from 1 to the next number (IEEE 754, round to nearest)."""


# --- problems -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProblemKey:
    """What rebuilds a problem bit for bit: ``polynomial points=5 degree=2 seed=0 dtype=float64``."""

    family: str
    params: tuple[tuple[str, Value], ...]
    dtype: Precision

    def __str__(self) -> str:
        named = "".join(f" {name}={value}" for name, value in self.params)
        return f"{self.family}{named} dtype={self.dtype}"


@dataclass(frozen=True, eq=False)
class Problem:
    """One instance of min ‖Ax − b‖₂; A is m×n, b has length m (or is m×k for k right-hand sides).

    The stored bits *are* the problem: A and b are already in the working precision, and every oracle and
    solver sees exactly these numbers.
    """

    key: ProblemKey
    A: Array
    b: Array

    @property
    def m(self) -> int:
        """Number of rows: entries of the target."""
        return int(self.A.shape[0])

    @property
    def n(self) -> int:
        """Number of columns: unknowns."""
        return int(self.A.shape[1])

    @cached_property
    def digest(self) -> str:
        """SHA-256 over shape, dtype and bits: the identity of the problem on every machine."""
        return digest(self.A, self.b)


def digest(A: Array, b: Array) -> str:
    """SHA-256 over the shapes, dtype and little-endian bits of A and b."""
    sha = hashlib.sha256()
    for array in (A, b):
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        sha.update(f"{little.dtype.str}{little.shape}".encode())
        sha.update(little.tobytes())
    return sha.hexdigest()


@dataclass(frozen=True)
class Family:
    """A recipe for problems: a pure function of a few named numbers.

    ``build(dtype, **params)`` returns A and b in that dtype with the same bits on every machine;
    ``grid(profile, dtype)`` lists the parameters that a profile runs; ``strategy(dtype)`` is a Hypothesis
    strategy over the parameters, whose simplest element is the simplest problem of the family.
    """

    name: str
    summary: str
    parameters: Mapping[str, str]
    """Each parameter's name, in the order of the key, and what it means in words."""
    build: Callable[..., tuple[Array, Array]]
    grid: Callable[[str, Precision], Iterable[Params]]
    strategy: Callable[[Precision], Any]
    defined: bool = True
    """Whether its problems have answers: not with NaN or ∞ in A or b."""


# --- truth ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ball:
    """A number known to lie within ``radius`` of ``mid``; both are exact rationals, so no scale is lost."""

    mid: Fraction
    radius: Fraction = Fraction(0)

    def __float__(self) -> float:
        return float(self.mid)


@dataclass(frozen=True, eq=False)
class Certificate:
    """What is proved about a problem with r = rank A: never a float64 answer, never the x used to build b.

    x★ = A⁺b, the minimum-norm solution, is stored as 2**exponent times an unevaluated sum of float64
    arrays: ``x[0] + x[1] + …``, each of the shape of x★ and each about 53 bits below the one before. Every
    entry has an exponent of its own, so that columns of any scale can be stored.
    """

    method: str
    """The oracle that proved it."""
    digest: str
    """The problem that it is about."""
    m: int
    n: int
    rank: int
    x: npt.NDArray[np.float64]
    exponent: npt.NDArray[np.int64]
    x_radius: Fraction
    """‖stored x − x★‖_F is at most this."""
    residual_norm: tuple[Ball, ...]
    """‖b − Ax★‖₂ of each right-hand side."""
    sigma_max: Ball
    """σ₁, the largest singular value (0 when the rank is 0)."""
    sigma_min: Ball
    """σ_r, the smallest non-zero singular value (0 when the rank is 0)."""
    kappa: Ball | None
    """σ₁/σ_r; None when the rank is 0."""
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class Truncation:
    """What is proved of the problem whose singular values after the k-th are zero: what a tolerance makes of it."""

    certificate: Certificate
    """Of A_k and b: the rank is k, σ_r is σ_k, and the residual is b − A·A_k⁺b."""
    sigma_next: Ball
    """σ_{k+1}, the largest that is left out."""


class AbsentError(Exception):
    """Why something cannot be measured on this machine, in words: raised, or handed on as a value."""

    def __init__(self, why: str, *, worker: str = "", installable: bool = False) -> None:
        """`worker` names the process that did not start, if it is about one."""
        super().__init__(f"no worker for {worker}: {why}" if worker else why)
        self.why = why
        self.installable = installable
        """Whether installing a library would help."""

    @property
    def sentence(self) -> str:
        """The reason as tables and pages show it."""
        return f"not measured: {self}"


class HarnessError(Exception):
    """The harness itself, or the machine under it, is at fault, not a solver."""


class StoreError(Exception):
    """A results directory cannot be used; the message says why and what to do."""


class NotCertifiedError(Exception):
    """An oracle cannot prove what a certificate needs; its message says what and why. It never guesses."""


@dataclass(frozen=True)
class Oracle:
    """A way to the truth: ``certify(A, b)`` proves a certificate or raises NotCertifiedError."""

    name: str
    summary: str
    certify: Callable[[Array, Array], Certificate]
    truncate: Callable[[Array, Array, int], Truncation] | None = None
    """``truncate(A, b, k)`` proves A_k⁺b or raises NotCertifiedError; None if the oracle cannot."""


# --- solvers --------------------------------------------------------------------------------------------

Shape = Literal["tall", "square", "wide"]
SHAPES: tuple[Shape, ...] = ("tall", "square", "wide")

Requirement = Literal["backward-stable", "forward-stable"]
REQUIREMENTS: tuple[Requirement, ...] = ("backward-stable", "forward-stable")
"""What a check may ask of a solver, the strictest first."""


class Deficiency(enum.StrEnum):
    """What a solver claims to return when A does not have full rank; the value is the word in tables."""

    MINIMUM_NORM = "minimum_norm"
    BASIC = "basic"
    FULL_RANK_ONLY = "full_rank_only"


@dataclass(frozen=True)
class Contract:
    """What a solver claims, so that it is judged by its own promise."""

    deficiency: Deficiency
    rank_rule: str
    """Which singular values or columns count as zero, in words."""
    shapes: tuple[Shape, ...] = ("tall", "square", "wide")
    errors: tuple[str, ...] = ()
    """Class names of the exceptions that its documentation announces."""
    reports_rank: bool = False
    cutoff: Callable[[int, int, float], float] | None = None
    """(m, n, eps) → the share of σ₁ up to which singular values count as zero; None where another rule decides."""


Solve = Callable[[Any, Any], tuple[Any, Any]]
"""(A, b) in the library's own arrays → (x, rank), where rank is None if the solver reports none."""


@dataclass(frozen=True)
class Solver:
    """An algorithm in a library: what it is called, what it promises, and the call itself."""

    algorithm: str
    summary: str
    contract: Contract
    solve: Solve
    devices: tuple[Device, ...] = DEVICES
    """Where it runs, among the devices of its library."""


@dataclass(frozen=True)
class Library:
    """Where solvers come from, and how to hand numbers to it and wait for its answer."""

    name: str
    module: str
    """The import that must succeed for its solvers to exist."""
    devices: tuple[Device, ...]
    solvers: tuple[Solver, ...]
    environment: Callable[[Precision, Device], Mapping[str, str]]
    """Environment variables that its worker process needs from the start."""
    put: Callable[[Array, Device], Any]
    """A NumPy array, as the library's array on the device."""
    wait: Callable[[Any], Any]
    """Block until a result is really there, and return it."""
    state: Callable[[], Mapping[str, object]]
    """The process-wide settings that answers depend on: a solver must leave them as it found them."""
    forks: bool
    """Whether a process that has imported it may fork, having no threads: a lost one is then cheap to replace."""
    get: Callable[[Any], Array] = np.asarray
    """The inverse of `put`: one of the library's arrays, wherever it is, as a NumPy array."""
    device_name: Callable[[Device], str] = str
    """What the device calls itself."""


@dataclass(frozen=True)
class Variant:
    """A solver at one precision on one device."""

    library: str
    algorithm: str
    precision: Precision
    device: Device

    def __str__(self) -> str:
        return f"{self.library}-{self.algorithm}-{self.precision}-{self.device}"


# --- attempts -------------------------------------------------------------------------------------------


class Status(enum.StrEnum):
    """How one attempt ended, before anyone looks at the numbers; the value is the word in tables.

    *Flaky*: it crashed or timed out in one run and not in a second one, alone in a fresh process.
    """

    SOLVED = "solved"
    REFUSED = "refused"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    FLAKY = "flaky"
    BAD_OUTPUT = "bad output"
    NOT_ATTEMPTED = "not attempted"


class Cause(enum.StrEnum):
    """Why an attempt ended without an answer, where its status does not tell; the message only puts it into words."""

    NONE = ""
    OUT_OF_MEMORY = "out of memory"
    PROCESS_LOST = "process lost"
    FLOAT32 = "float32 for float64"


@dataclass(frozen=True, eq=False)
class Outcome:
    """How one attempt ended. A crash is a result, never an accident."""

    status: Status
    x: Array | None = None
    rank: int | None = None
    seconds: float | None = None
    """Median of the steady-state calls."""
    min_seconds: float | None = None
    """The shortest of them, which other work on the machine disturbs least."""
    first_call_seconds: float | None = None
    """The first call on a shape in a process, compilation included; None on a shape seen before."""
    cause: Cause = Cause.NONE
    message: str = ""
    warned: bool = False
    repeatable: bool = True
    """Whether a repeated call returned the same bits."""
    spent: float = 0.0
    """Seconds in all calls together."""


BY = " @ "
"""Between a problem's key and a variant's name, in the key of a case."""


@dataclass(frozen=True)
class Case:
    """One variant at one problem: the unit of planning, resuming and replaying."""

    key: ProblemKey
    variant: Variant

    def __str__(self) -> str:
        return f"{self.key}{BY}{self.variant}"


@dataclass(frozen=True, eq=False)
class Answer:
    """How one attempt ended, and whether it was the attempt that ended it."""

    case: Case
    outcome: Outcome
    inconclusive: bool = False
    """Its process was killed from outside, or had been filled by others: this says nothing of the solver."""


class Regime(enum.StrEnum):
    """What the working precision can be asked to see, decided by the truth alone.

    *Undefined*: with NaN or ∞ in A or b there is no answer, and no truth but that.
    """

    RESOLVABLE = "resolvable"
    DEFICIENT = "deficient"
    AMBIGUOUS = "ambiguous"
    UNDEFINED = "undefined"


class Edge(enum.StrEnum):
    """What else than conditioning makes a problem hard, decided by the truth alone; see `edges`."""

    NONE = ""
    EMPTY = "empty"
    SCALE = "scale"


class Verdict(enum.StrEnum):
    """The judgement of one attempt; the value is the word in the tables.

    *Flagged*: it refused, or returned an x that is not finite, where there is no answer.
    """

    BACKWARD_STABLE = "backward stable"
    FORWARD_STABLE = "forward stable"
    FLAGGED = "flagged"
    INACCURATE = "inaccurate"
    WRONG = "wrong"
    REFUSED = "refused"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    FLAKY = "flaky"
    NON_FINITE = "non-finite"
    BAD_OUTPUT = "bad output"
    OUT_OF_CONTRACT = "out of contract"


@dataclass(frozen=True)
class Metric:
    """A score: its unit, what it says in words, and how it is computed from the evidence of a stack of attempts."""

    name: str
    unit: str
    summary: str
    compute: Callable[[Any], npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Record:
    """One flat row: one attempt of one variant at one problem, scored and judged."""

    problem: str
    digest: str
    family: str
    m: int
    n: int
    variant: str
    library: str
    algorithm: str
    precision: Precision
    device: Device
    promises: Deficiency
    """What its contract says of rank deficiency."""
    oracle: str
    """Its name, or "none" where there is no answer."""
    rank: int | None
    """None where there is no answer."""
    kappa: float
    """NaN where the rank is 0, and where there is no answer."""
    residual_ratio: float
    """‖r★‖/‖b‖ (0 when b = 0, NaN where there is no answer): normal equations look perfect at 1."""
    regime: Regime
    status: Status
    verdict: Verdict
    warned: bool
    repeatable: bool
    message: str
    reported_rank: int | None
    seconds: float | None
    min_seconds: float | None
    first_call_seconds: float | None
    edge: Edge = Edge.NONE
    """Which edge case the problem is, if any."""
    cause: Cause = Cause.NONE
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key of the case, which `lamm-robust replay` takes."""
        return f"{self.problem}{BY}{self.variant}"


@dataclass(frozen=True)
class Profile:
    """A named choice of grid, with the time it is meant to take."""

    name: str
    summary: str


PROFILES: Sequence[Profile] = (
    Profile("quick", "the core solvers at a few problems of every kind: under three minutes on two cores"),
    Profile("standard", "all solvers at the grid behind the committed tables: half an hour on two cores"),
    Profile("full", "every axis of every family, finely: hours"),
)

HUNTED = Profile("worst", "the problems that hunts have left in results/worst: no grid, and no sample of anything")
