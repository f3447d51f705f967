"""The one place where the rooms meet: families, oracles, solvers and metrics joined into tables by name."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache

from lamm_robust.keys import parse_case_key
from lamm_robust.scoring.derivatives import WAYS
from lamm_robust.scoring.metrics import METRICS
from lamm_robust.scoring.ridge import proved_with
from lamm_robust.scoring.truths import Truths, proved
from lamm_robust.solvers import LIBRARIES
from lamm_robust.solvers.gpus import missing_gpu
from lamm_robust.storage import lookup
from lamm_robust.storage.cache import Cache, default_directory
from lamm_robust.values import (
    DEVICES,
    EMULATED,
    EVERY_PRECISION,
    PRECISIONS,
    AbsentError,
    Case,
    Device,
    Family,
    Library,
    Metric,
    Oracle,
    Precision,
    Problem,
    ProblemKey,
    Solver,
    Variant,
)

try:
    from lamm_robust import generators, oracles
    from lamm_robust.generators.parts.directions import with_directions
except ImportError as error:
    raise ImportError(
        "lamm_robust/generators and lamm_robust/oracles are no links to the folders beside lamm_robust in this copy (a "
        "checkout without symbolic links, or an unpacked archive): install it with `pip install .`"
    ) from error

FAMILIES: Mapping[str, Family] = {family.name: family for family in generators.FAMILIES}
ORACLES: Mapping[str, Oracle] = {oracle.name: oracle for oracle in (oracles.AUTO, *oracles.ORACLES)}
LIBRARY: Mapping[str, Library] = {library.name: library for library in LIBRARIES}
METRIC: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}
SCORES: tuple[str, ...] = (*METRIC, "rank_error", "truncated_error", *WAYS)
"""Every score a record can hold: the metrics of x̂, reported minus exact rank, distance to the truncated truth, and
errors of derivatives."""

CORE = (
    *("numpy-lstsq", "numpy-pinv", "numpy-qr", "numpy-normal-lu", "numpy-normal-cholesky", "numpy-dropping"),
    *("scipy-gelsd", "scipy-gelsy", "scipy-gelss", "scipy-pinv", "scipy-qr"),
    *("scipy-normal-lu", "scipy-normal-cholesky"),
    *("jax-solve", "jax-lstsq", "jax-pinv", "jax-qr", "jax-normal-lu", "jax-normal-cholesky"),
    *("jax-lamm-cond", "jax-dropping"),
)
"""The solvers of the quick profile: what most people call, and LAMM's own two, so that a first look takes a minute."""

SHORT_LIST = 12
"""Names that an error message lists at most: nobody reads more."""

LISTED = {"solver": "solvers", "family": "families", "oracle": "oracles", "metric": "metrics"}
"""Kind of name → what ``lamm-robust list`` calls the list of them."""


def unknown(kind: str, name: str, known: Iterable[str]) -> ValueError:
    """The error for a name that is not among the known ones; it suggests the nearest, or lists them."""
    names = list(known)
    near = difflib.get_close_matches(name.strip("*?-"), names, n=1)
    listed = ", ".join(names) if len(names) <= SHORT_LIST else f"see `lamm-robust list {LISTED[kind]}`"
    hint = f"did you mean '{near[0]}'?" if near else f"known: {listed}"
    return ValueError(f"unknown {kind} '{name}'; {hint}")


def is_installed(module: str) -> bool:
    """Whether a module can be imported, without importing it."""
    return importlib.util.find_spec(module) is not None


def absent(library: Library, device: Device) -> AbsentError | None:
    """Why the solvers of a library cannot be measured on a device of this machine, or None if they can."""
    if not is_installed(library.module):
        return AbsentError(f"{library.module} is not installed", installable=True)
    if device in EMULATED and device not in library.devices:
        return AbsentError(f"{library.name} is not emulated")
    return missing_gpu(library.module) if device == "gpu" else None


def variants() -> tuple[Variant, ...]:
    """Every solver at every precision on every device that it runs on, installed or not.

    Only float32 on emulated devices: float64 is as on the CPU there. Complex ones if its contract takes them.
    """
    return tuple(
        Variant(library.name, solver.algorithm, precision, device)
        for device in (*DEVICES, *EMULATED)
        for precision in (("float32",) if device in EMULATED else EVERY_PRECISION)
        for library in LIBRARIES
        for solver in library.solvers
        if precision in PRECISIONS or not solver.contract.real_only
        if device in library.devices and device in solver.devices
    )


def find_variant(name: str, precision: Precision = "float64") -> Variant:
    """The variant of that name; ValueError with the nearest name, short or full, if there is none.

    A short name, as `select_variants` takes it but without wildcards, is that of the variant in this precision on the
    CPU: "gelsy" is scipy-gelsy-float64-cpu, the first in the order of `lamm-robust list solvers`.
    """
    table = {str(variant): variant for variant in variants()}
    if name in table:
        return table[name]
    for v in table.values():
        short = v.algorithm, f"{v.library}-{v.algorithm}", f"{v.library}-{v.algorithm}-{v.precision}"
        if name in short and v.device == "cpu" and (v.precision == precision or name == short[2]):
            return v
    typed = (word for v in table.values() for word in (f"{v.library}-{v.algorithm}", v.algorithm))
    raise unknown("solver", name, (*dict.fromkeys(typed), *table))


@cache
def find_solver(variant: Variant) -> Solver:
    """The solver of a variant."""
    return next(s for s in LIBRARY[variant.library].solvers if s.algorithm == variant.algorithm)


def select(kind: str, patterns: Sequence[str], known: Mapping[str, Sequence[str]]) -> list[str]:
    """The keys of `known` that have a name which matches any of the globs; all keys if there are no globs.

    ValueError for a glob that matches nothing, with the nearest of all the names.
    """

    def matches(key: str, pattern: str) -> bool:
        return any(fnmatchcase(name, pattern) for name in known[key])

    for pattern in patterns:
        if not any(matches(key, pattern) for key in known):
            raise unknown(kind, pattern, dict.fromkeys(name for names in known.values() for name in names))
    return [key for key in known if not patterns or any(matches(key, pattern) for pattern in patterns)]


def select_variants(
    patterns: Sequence[str], precisions: Sequence[Precision], devices: Sequence[Device]
) -> list[Variant]:
    """The variants of the precisions and devices that match any of the globs; all of them if there are no globs.

    A glob may match the library, the algorithm, library-algorithm, or the full name. ValueError for a glob that matches
    nothing, and if only variants of other precisions or devices match.
    """
    names = {str(v): (v.library, v.algorithm, f"{v.library}-{v.algorithm}", str(v)) for v in variants()}
    chosen = set(select("solver", patterns, names))
    allowed = [v for v in variants() if v.precision in precisions and v.device in devices and str(v) in chosen]
    if not allowed:
        asked = f"{' or '.join(precisions)} on {' or '.join(devices)}"
        of = f" of {', '.join(patterns)}" if patterns else ""
        raise ValueError(f"no variant{of} is {asked}; widen --solver, --precision or --device")
    return allowed


def select_families(patterns: Sequence[str]) -> list[str]:
    """The names of the families that match any of the globs; errors as `select`."""
    return select("family", patterns, {name: (name,) for name in FAMILIES})


def build_problem(key: ProblemKey) -> Problem:
    """The problem of a key, bit for bit; ValueError for an unknown family, parameter or value, which it names."""
    if key.family not in FAMILIES:
        raise unknown("family", key.family, FAMILIES)
    return generators.build_problem(key)


def build_with_directions(key: ProblemKey) -> Problem:
    """The problem of a key with directions along which solvers are differentiated; errors as `build_problem`."""
    return with_directions(build_problem(key))


def find_case(text: str) -> Case:
    """The case of a key, ``polynomial … dtype=float64 @ numpy-qr-float64-cpu``, as the tables print it.

    ValueError for text of another form, an unknown solver, or a problem of another precision.
    """
    key, name = parse_case_key(text)
    variant = find_variant(name, key.dtype)
    if key.dtype != variant.precision:
        raise ValueError(f"the key's problem is {key.dtype}, but {variant} takes {variant.precision}")
    return Case(key, variant)


def find_oracle(name: str) -> Oracle:
    """The oracle of that name, `auto` included; ValueError with the nearest name if there is none."""
    if name not in ORACLES:
        raise unknown("oracle", name, ORACLES)
    return ORACLES[name]


def cached_oracle(name: str, cache: Cache | None = None) -> Oracle:
    """The oracle of that name, which looks into a cache first, by default this user's; errors as `find_oracle`."""
    return lookup.cached_oracle(find_oracle(name), cache or Cache(default_directory()))


def truths(
    oracle: str = "auto", cache: Cache | None = None, *, directions: bool = False, penalty: float | None = None
) -> Truths:
    """Problems by their keys, and their certificates by the oracle of that name, both looked up in a cache first.

    The cache is this user's by default. With `directions`, solvers are to be differentiated at each problem, too;
    with a `penalty` λ, the truth is that of min ‖Ax − b‖² + λ‖x‖². ValueError as `find_oracle`.
    """
    cache = cache or Cache(default_directory())
    build = lookup.cached_build(build_problem, cache)
    prove = proved if penalty is None else proved_with(penalty)
    building = (lambda key: with_directions(build(key))) if directions else build
    return Truths(building, cached_oracle(oracle, cache), prove)
