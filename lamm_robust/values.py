"""The nouns of lamm-robust. Read this file first.

A *family* turns a few named numbers into a *problem*: the stored bits of A and b in min ‖Ax − b‖₂. An *oracle* proves
what is true of those bits and writes it into a *certificate*. A *solver* attempts the problem under a *contract*; one
solver at one precision on one device is a *variant*, and one variant at one problem is a *case*. How the attempt ended
is an *outcome*; *scores* compare it with the certificate, and a *verdict* judges it. One *record* holds all of that in
a flat row, and every table is a pure function of records.

Nothing here computes, and NumPy is imported only once a problem wants its digest, so that every room can share these
words without knowing any other room, and a command that needs no numbers starts at once. The sections follow the
paragraph above; errors come last.
"""

from __future__ import annotations

import enum
import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.floating[Any]]  # complex ones, too: NumPy has no type for both that its functions take
else:
    Array = Any

SUITE = "2026.11.8"
"""The version of families, grids and thresholds together. Numbers of different suites are never compared."""

Precision = Literal["float32", "float64", "complex64", "complex128"]
PRECISIONS: tuple[Precision, ...] = ("float32", "float64")
"""The real precisions: what is meant where no complex one is asked for by name."""

COMPLEX: tuple[Precision, ...] = ("complex64", "complex128")
"""Precisions of complex numbers, whose real and imaginary parts are of the real precisions, in this order."""

EVERY_PRECISION: tuple[Precision, ...] = get_args(Precision)

REAL_OF: Mapping[Precision, Precision] = {**{p: p for p in PRECISIONS}, **dict(zip(COMPLEX, PRECISIONS, strict=True))}
"""Precision → the real precision of its numbers, or of their real and imaginary parts."""

Device = Literal["cpu", "gpu", "emulated-tf32", "emulated-bf16"]
DEVICES: tuple[Device, ...] = ("cpu", "gpu")
"""The devices that are really there, or are not."""

EMULATED: tuple[Device, ...] = ("emulated-tf32", "emulated-bf16")
"""Devices whose float32 products are emulated on the CPU (`solvers.emulated`): they run only when asked for by name."""

UNIT_ROUNDOFF: Mapping[str, float] = {
    "float32": 2.0**-24,
    "float64": 2.0**-53,
    "complex64": 2.0**-24,
    "complex128": 2.0**-53,
}
"""u of each working precision: half the distance from 1 to the next number (IEEE 754, round to nearest).

Of a complex precision it is that of the parts: it bounds what storing loses of a complex number, relative to its size.
"""


# --- problems -------------------------------------------------------------------------------------------

Value = int | float | str
Params = Mapping[str, Value]


@dataclass(frozen=True)
class ProblemKey:
    """What rebuilds a problem bit for bit; as text, ``polynomial points=5 degree=2 seed=0 dtype=float64``."""

    family: str
    params: tuple[tuple[str, Value], ...]
    dtype: Precision

    def __str__(self) -> str:
        named = "".join(f" {name}={value}" for name, value in self.params)
        return f"{self.family}{named} dtype={self.dtype}"


@dataclass(frozen=True, eq=False)
class Directions:
    """Along what x is to be differentiated: A + t·dA and b + t·db, and c, the derivative of a number by x.

    dA, db and c have the shapes and the precision of A, b and x. dA keeps the rank of A to first order, but for its own
    rounding.
    """

    dA: Array  # noqa: N815 - its name in the formulas
    db: Array
    c: Array


@dataclass(frozen=True, eq=False)
class Problem:
    """One instance of min ‖Ax − b‖₂: A is m×n, b has length m, or is m×k for k right-hand sides.

    The stored bits *are* the problem: A and b are in the working precision, and every oracle and solver sees exactly
    these numbers.
    """

    key: ProblemKey
    A: Array
    b: Array
    directions: Directions | None = None
    """Given where solvers are to be differentiated, too."""

    @property
    def m(self) -> int:
        """Number of rows of A, which is the number of entries of each right-hand side."""
        return int(self.A.shape[0])

    @property
    def n(self) -> int:
        """Number of columns of A, which is the number of unknowns."""
        return int(self.A.shape[1])

    @property
    def sides(self) -> int:
        """Number of right-hand sides, also where b has no rows, and so no entries."""
        return int(self.b.shape[1]) if self.b.ndim == 2 else 1

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the shapes, dtype and bits of A and b: the identity of the problem on every machine."""
        return digest(self.A, self.b)


def digest(A: Array, b: Array) -> str:
    """SHA-256 in hexadecimal over the shapes, dtype and little-endian bits of A and b; see `Problem.digest`."""
    import numpy as np

    sha = hashlib.sha256()
    for array in (A, b):
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        sha.update(f"{little.dtype.str}{little.shape}".encode())
        sha.update(little.data)
    return sha.hexdigest()


@dataclass(frozen=True)
class Family:
    """A recipe for problems: a pure function of a few named numbers."""

    name: str
    summary: str
    parameters: Mapping[str, str]
    """Each parameter's name, in the order of the key, and what it means in words."""
    build: Callable[..., tuple[Array, Array]]
    """``build(dtype, **params)`` returns A and b in that dtype, with the same bits on every machine."""
    grid: Callable[[str, Precision], Iterable[Params]]
    """``grid(profile, dtype)`` lists the parameters that a profile runs."""
    strategy: Callable[[Precision], Any]
    """``strategy(dtype)`` draws parameters with Hypothesis; its simplest draw is the simplest problem."""
    defined: bool = True
    """Whether its problems have answers; problems with NaN or ∞ in A or b have none."""
    precisions: tuple[Precision, ...] = PRECISIONS
    """The precisions that it builds problems in."""


@dataclass(frozen=True)
class Profile:
    """A named choice of problems and solvers; its summary says how long it takes."""

    name: str
    summary: str


PROFILES: Sequence[Profile] = (
    Profile("small", "a few problems of every kind: what `check` asks"),
    Profile("standard", "all solvers at the grid behind the committed tables: half an hour on two cores"),
    Profile("full", "every axis of every family, finely: hours"),
)

QUICK = Profile("quick", "a first look: the core solvers at the `small` problems of few shapes, a minute on two cores")

DIFFERENTIATED = Profile(
    "derivatives", "JVP and VJP of x in JAX, Lineax and PyTorch, at a grid of its own: ten minutes on two cores"
)

HUNTED = Profile("worst", "the problems that hunts have left in results/worst: no grid, and no sample of anything")


# --- truth ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ball:
    """A number known to lie within ``radius`` of ``mid``; both are exact rationals, so no scale is lost."""

    mid: Fraction
    radius: Fraction = Fraction(0)

    def __float__(self) -> float:
        return float(self.mid)


@dataclass(frozen=True, eq=False)
class Equilibrated:
    """What is proved about A·2^−exponents, A with its columns (its rows, if it is wide) of one size.

    A is of full rank, but for columns of zeros where it is not wide.

    Scaling columns, or the rows of a wide system, by powers of two changes no bit of a fraction and no answer but by
    these powers. So whether an answer is right need not depend on how large the columns are beside each other.
    """

    exponents: npt.NDArray[np.int64]
    """The norm of each column (row, if wide) is in [1/2, 1) times 2 to this power, roughly, unless it is 0.

    Of a complex problem, those of the real matrix that stands for it, see `embedding`: 2n (2m) of them.
    """
    sigma_max: Ball
    sigma_min: Ball
    kappa: Ball
    """σ₁/σ_min of the scaled matrix: at most √n times the least that any scaling of its columns gives (van der Sluis,
    Numer. Math. 14 (1969) 14), but for the factor 2 that powers of two leave open."""


@dataclass(frozen=True, eq=False)
class Certificate:
    """What is proved about a problem with r = rank A: never a float64 answer, never the x used to build b.

    x★ = A⁺b, the minimum-norm solution, is stored as 2**exponent times an unevaluated sum of float64 arrays,
    ``x[0] + x[1] + …``, each of the shape of x★ and each about 53 bits below the one before. The exponents are an
    array of that shape, too, so that columns of any scale can be stored.
    """

    method: str
    """The oracle that proved it."""
    digest: str
    """`Problem.digest` of the problem."""
    m: int
    n: int
    rank: int
    x: npt.NDArray[np.float64]
    """The parts of x★; of a complex problem, its n real parts and then its n imaginary ones: 2n rows."""
    exponent: npt.NDArray[np.int64]
    x_radius: Fraction
    """A bound on ‖stored x − x★‖_F."""
    residual_norm: tuple[Ball, ...]
    """‖b − Ax★‖₂ of each right-hand side."""
    sigma_max: Ball
    """σ₁, the largest singular value (0 when the rank is 0)."""
    sigma_min: Ball
    """σ_r, the smallest non-zero singular value (0 when the rank is 0)."""
    kappa: Ball | None
    """σ₁/σ_r; None when the rank is 0."""
    equilibrated: Equilibrated | None = None
    """None where the rank is not full but for columns of zeros, and where all columns (rows, if wide) have one size."""
    seconds: float = 0.0

    @property
    def is_complex(self) -> bool:
        """Whether x★ is a vector of complex numbers, stored in real and imaginary parts."""
        return bool(self.x.shape[1] != self.n)

    @property
    def kappa_columns(self) -> Ball | None:
        """κ of A with its columns (rows, if wide) of one size; κ of A as it is where the rank is not full."""
        return self.equilibrated.kappa if self.equilibrated else self.kappa


@dataclass(frozen=True, eq=False)
class Truncation:
    """What is proved about A_k and b, where A_k is A with all singular values after the k-th set to zero."""

    certificate: Certificate
    """The certificate of A_k and b: its rank is k, its σ_r is σ_k, and its residual is b − A·A_k⁺b."""
    sigma_next: Ball
    """σ_{k+1}, the largest singular value that is set to zero."""


@dataclass(frozen=True, eq=False)
class Derivatives:
    """The exact derivatives of x★ = A⁺b along directions, for matrices of the rank of A; see `oracles.derivatives`."""

    values: Mapping[str, npt.NDArray[np.float64]]
    """Name of a derivative (`DERIVATIVES`) → it, as an unevaluated sum of two float64 arrays (2 × its shape)."""
    norms: Mapping[str, float]
    """Name of a vector or matrix in the formulas → its Frobenius norm, rounded to float64."""


DERIVATIVES = ("jvp_A", "jvp_b", "vjp_A", "vjp_b")
"""The derivatives of x by A and by b: along dA and db (of the shape of x), and those of cᵀx (of A's and of b's)."""


@dataclass(frozen=True)
class Oracle:
    """A way to the truth."""

    name: str
    summary: str
    certify: Callable[[Array, Array], Certificate]
    """``certify(A, b)`` proves a certificate or raises NotCertifiedError."""
    truncate: Callable[[Array, Array, int], Truncation] | None = None
    """``truncate(A, b, k)`` proves a truncation or raises NotCertifiedError; None if the oracle has no such proof."""
    sigmas: Callable[[Array], Sequence[Ball]] | None = None
    """``sigmas(A)`` proves the singular values of A that are not 0, the largest first; None if it cannot."""
    regression: Callable[[Array, Array], Any] | None = None
    """``regression(A, b)`` proves what a regression reports, see `oracles.covariance`; None if it cannot."""
    differentiate: Callable[[Array, Array, Directions], Derivatives] | None = None
    """``differentiate(A, b, directions)`` is exact or raises NotCertifiedError; None if the oracle cannot."""
    ridge: Callable[[Array, Array, Fraction], Certificate] | None = None
    """``ridge(A, b, λ)`` proves min ‖Ax − b‖² + λ‖x‖², as one of m + n rows; None if the oracle cannot."""


# --- solvers --------------------------------------------------------------------------------------------

Shape = Literal["tall", "square", "wide"]
SHAPES: tuple[Shape, ...] = get_args(Shape)

Requirement = Literal["column-wise-stable", "backward-stable", "forward-stable"]
REQUIREMENTS: tuple[Requirement, ...] = get_args(Requirement)
"""What may be asked of an answer, the strictest first."""

ClassRequirement = Requirement | Literal["conditionally-stable"]
CLASS_REQUIREMENTS: tuple[ClassRequirement, ...] = (*REQUIREMENTS, "conditionally-stable")
"""What a check may ask of a solver, the strictest first."""


Arrays = Literal["numpy", "jax", "torch"]
ARRAYS: tuple[Arrays, ...] = get_args(Arrays)
"""Whose arrays a user's own function may take."""


class Deficiency(enum.StrEnum):
    """What a solver promises to return where A does not have full rank; the value is the word in tables."""

    MINIMUM_NORM = "minimum_norm"
    BASIC = "basic"
    FULL_RANK_ONLY = "full_rank_only"


class Number(enum.StrEnum):
    """What a function returns; the value is the word of ``check --contract`` for what is not x."""

    X = "x"
    PINV = "pinv"
    RANK = "rank"
    COND = "cond"
    SVDVALS = "svdvals"
    RESIDUAL = "residual"
    STANDARD_ERRORS = "standard_errors"
    COVARIANCE = "covariance"


NUMBERS: tuple[Number, ...] = tuple(number for number in Number if number is not Number.X)
"""What else than x a function may be asked for."""

OF_A: frozenset[Number] = frozenset({Number.PINV, Number.RANK, Number.COND, Number.SVDVALS})
"""The numbers that depend on A alone."""

RIDGE = "ridge"
"""The word of ``check --contract`` for min ‖Ax − b‖² + λ‖x‖²."""

NUMBER_REQUIREMENTS: tuple[ClassRequirement, ...] = ("forward-stable", "conditionally-stable")
"""What may be required of a number other than x, which has no backward error."""

OF_REGRESSION: frozenset[Number] = frozenset({Number.STANDARD_ERRORS, Number.COVARIANCE})
"""The numbers that need full column rank, more rows than columns, and one right-hand side."""


@dataclass(frozen=True)
class Contract:
    """What a solver promises, so that it is judged by its own promise."""

    deficiency: Deficiency
    rank_rule: str
    """Which singular values or columns count as zero, in words."""
    shapes: tuple[Shape, ...] = SHAPES
    errors: tuple[str, ...] = ()
    """Class names of the exceptions, or of their bases, by which its documentation says that it refuses a problem."""
    reports_rank: bool = False
    cutoff: Callable[[int, int, float], float] | None = None
    """(m, n, eps) → rcond, the share of σ₁ up to which singular values count as zero; None for another rule."""
    one_right_side: bool = False
    """Whether it takes b of length m only, and not m×k."""
    columns: int | None = None
    """The number of columns of A that it takes; None means any."""
    exact_dtype: bool = True
    """Whether x must be of the dtype of A; else float64 for float32 is rounded, and judged."""
    returns: Number = Number.X
    """What it returns: x, or another number, which stands in the place of x in outcomes."""
    real_only: str = "it is written for real numbers"
    """Why the solver takes no complex A and b; empty if it takes them."""
    penalty: float | None = None
    """λ, if it solves min ‖Ax − b‖² + λ‖x‖²; None if it solves min ‖Ax − b‖."""


Solve = Callable[[Any, Any], tuple[Any, Any]]
"""(A, b) in the library's own arrays → (x, rank), where rank is None if the solver reports none."""


@dataclass(frozen=True)
class Solver:
    """An algorithm in a library: what it is called, what it promises, and the call itself."""

    algorithm: str
    summary: str
    contract: Contract
    solve: Solve
    devices: tuple[Device, ...] = (*DEVICES, *EMULATED)
    """The devices that it runs on, where its library does."""


def as_numpy(values: Any) -> Array:
    """The values as a NumPy array: those of most libraries say themselves how they become one."""
    import numpy as np

    return np.asarray(values)


Differentiate = Callable[[Any, Any, Any, Any, Any], tuple[Any, Any]]
"""(A, b, dA, db, c) in the library's own arrays → a derivative of x by A and the same by b."""


@dataclass(frozen=True)
class Library:
    """Where solvers come from, how to hand it numbers, and how to wait for its answer."""

    name: str
    module: str
    """The module whose import must succeed for the solvers to exist."""
    devices: tuple[Device, ...]
    solvers: tuple[Solver, ...]
    environment: Callable[[Precision, Device], Mapping[str, str]]
    """Returns the environment variables that its worker process needs from the start."""
    put: Callable[[Array, Device], Any]
    """Turns a NumPy array into the library's array on the device."""
    wait: Callable[[Any], Any]
    """Blocks until a result is really there, and returns it."""
    state: Callable[[], Mapping[str, object]]
    """Returns the process-wide settings that answers depend on: a solver must leave them as it found them."""
    forks: bool
    """Whether a process that has imported it may fork, having no threads: a lost worker is then cheap to replace."""
    get: Callable[[Any], Array] = as_numpy
    """The inverse of `put`: turns one of the library's arrays, on whatever device, into a NumPy array."""
    begin: Callable[[Device], None] = lambda _: None
    """Called once in each process that computes on the device, before all else there."""
    device_name: Callable[[Device], str] = str
    """Returns what the device calls itself."""
    foreign: bool = False
    """Whether its solvers are a user's own: their process is kept from others, and they may remember their inputs."""
    place_of: Callable[[BaseException], str] = lambda _: ""
    """Returns the file and the line of a user's own code that led to an exception, in words."""
    differentiate: Callable[[Solver], Mapping[str, Differentiate]] | None = None
    """Returns the ways in which the library differentiates one of its solvers, by name: *jvp* (forward), *vjp*
    (reverse), *vmapped_vjp* (in a batch); None if it differentiates nothing."""


@dataclass(frozen=True)
class Variant:
    """One solver at one precision on one device; as text, ``numpy-lstsq-float64-cpu``."""

    library: str
    algorithm: str
    precision: Precision
    device: Device

    def __str__(self) -> str:
        return f"{self.library}-{self.algorithm}-{self.precision}-{self.device}"


# --- attempts -------------------------------------------------------------------------------------------

BY = " @ "
"""What stands between the problem and the variant in the key of a case."""


@dataclass(frozen=True)
class Case:
    """One variant at one problem: the unit of planning, resuming and replaying; as text, its key."""

    key: ProblemKey
    variant: Variant

    def __str__(self) -> str:
        return f"{self.key}{BY}{self.variant}"


class Status(enum.StrEnum):
    """How an attempt ended, before anyone looks at the numbers; the value is the word in tables.

    *Flaky*: it crashed or timed out once, and did not in a second attempt, alone in a fresh process.
    """

    SOLVED = "solved"
    REFUSED = "refused"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    FLAKY = "flaky"
    BAD_OUTPUT = "bad output"
    NOT_ATTEMPTED = "not attempted"


class Cause(enum.StrEnum):
    """Why an attempt has no answer, or a doubtful one, where its status does not tell.

    Code decides by causes, never by messages.
    """

    NONE = ""
    OUT_OF_MEMORY = "out of memory"
    PROCESS_LOST = "process lost"
    FLOAT32 = "float32 for float64"
    LAYOUT = "depends on the layout"
    """The answer fits far worse if A and b lie in memory in another way; where κ is large, rounding can do that."""
    LAYOUT_REFUSED = "refuses a layout"
    """The answer is that for arrays by rows; for another layout the solver raised an exception."""
    FLOAT64 = "float64 for float32"
    """It has an answer, which was rounded: a contract without `exact_dtype` allows that."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """How an attempt ended. A crash is a result, never an accident."""

    status: Status
    x: Array | None = None
    """The answer, of length n or n×k; None if there is none."""
    rank: int | None = None
    """The rank that the solver reported, if it reports one."""
    seconds: float | None = None
    """Median time of the steady-state calls."""
    min_seconds: float | None = None
    """Time of the shortest steady-state call, which other work on the machine disturbs least."""
    first_call_seconds: float | None = None
    """Time of the first call on a shape in a process, compilation included; None on a shape seen before."""
    cause: Cause = Cause.NONE
    message: str = ""
    warned: bool = False
    repeatable: bool = True
    """Whether a repeated call returned the same bits."""
    spent: float = 0.0
    """Seconds in all calls together."""
    derivatives: Mapping[str, Array] = field(default_factory=dict)
    """Way of differentiating, with _A or _b → the derivative of x; those that the solver gives, where it was asked."""


@dataclass(frozen=True, eq=False)
class Answer:
    """A worker's answer to a case: the outcome of one attempt, which may be nobody's fault."""

    case: Case
    outcome: Outcome
    inconclusive: bool = False
    """Whether this says nothing about the solver: its process was killed from outside, or filled by other attempts."""
    elapsed: float = 0.0
    """Seconds since the answer before, by the parent's clock: a mean over answers that came together."""
    computed: float = 0.0
    """Seconds that the first thread of the process computed meanwhile, by the system; 0 where it is not asked."""


# --- verdicts and records -------------------------------------------------------------------------------


class Regime(enum.StrEnum):
    """What the working precision can be asked to see, decided by the truth alone; see `scoring.verdicts`.

    *Undefined*: A or b holds NaN or ∞, so there is no answer.
    """

    RESOLVABLE = "resolvable"
    DEFICIENT = "deficient"
    AMBIGUOUS = "ambiguous"
    UNDEFINED = "undefined"


class Edge(enum.StrEnum):
    """What else than conditioning makes a problem hard, decided by the truth alone; see `scoring.edges`."""

    NONE = ""
    EMPTY = "empty"
    SCALE = "scale"


class Verdict(enum.StrEnum):
    """The judgement of an attempt; the value is the word in tables.

    *Column-wise stable*: a small change of each column of A, beside that column, explains the answer. *Backward
    stable*: a small change of A as a whole does. *Flagged*: where there is no answer, it refused, or returned an x that
    is not finite.
    """

    COLUMNWISE_STABLE = "column-wise stable"
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
    """A score of x̂: its unit, what it says in words, and how it is computed."""

    name: str
    unit: str
    summary: str
    compute: Callable[[Any], npt.NDArray[np.float64]]
    """Returns the score of each attempt of a stack, from a `scoring.evidence.Evidence`."""
    equilibrated: bool = False
    """Whether it is computed of the problem with columns (rows, if wide) of one size, where the rank is full."""
    full_rank: bool = False
    """Whether it is computed where the rank is full (but for zero columns), and only there."""
    is_fit: bool = False
    """Whether it measures the fit: with rows of one size, where A is wide, of full rank and resolvable."""


@dataclass(frozen=True)
class Record:
    """One flat row of the tables: one attempt of one variant at one problem, scored and judged."""

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
    """What the solver's contract promises for rank-deficient A."""
    oracle: str
    """The name of the oracle, or "none" where there is no answer."""
    rank: int | None
    """The exact rank; None where there is no answer."""
    kappa: float
    """σ₁/σ_r; NaN where the rank is 0, and where there is no answer."""
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
    cause: Cause = Cause.NONE
    kappa_columns: float = math.nan
    """κ of A with its columns (rows, if wide) of one size, where the rank is full; else as `kappa`."""
    column_ratio: float = math.nan
    """The largest norm of a column (row, if wide) over the smallest, to a power of two, where the rank is full; else 1,
    as the shortest solution depends on the sizes; NaN where there is no answer."""
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key of the case, which ``lamm-robust replay`` takes; equals ``str(Case)``."""
        return f"{self.problem}{BY}{self.variant}"


# --- errors ---------------------------------------------------------------------------------------------


class AbsentError(Exception):
    """Why something cannot be measured on this machine, in words: raised, or handed on as a value."""

    def __init__(self, why: str, *, worker: str = "", installable: bool = False) -> None:
        """`worker` names the process that did not start, if any; `installable`: installing a library would help."""
        super().__init__(f"no worker for {worker}: {why}" if worker else why)
        self.why = why
        self.installable = installable

    @property
    def sentence(self) -> str:
        """The reason as tables and pages show it."""
        return f"not measured: {self}"


class FormError(Exception):
    """Why what a function returned has not the form of an answer, in words: raised in the place of the answer."""


class HarnessError(Exception):
    """The harness itself, or the machine under it, is at fault, not a solver."""


class StoreError(Exception):
    """A results directory cannot be used; the message says why and what to do."""


class NotCertifiedError(Exception):
    """An oracle cannot prove what a certificate needs; the message says what and why. An oracle never guesses."""
