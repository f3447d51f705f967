"""The one place where the rooms meet: families, oracles, solvers and metrics joined into tables by name."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from lamm_robust import generators, oracles
from lamm_robust.keys import parse_case_key
from lamm_robust.scoring.metrics import METRICS
from lamm_robust.scoring.truths import Truths
from lamm_robust.solvers import LIBRARIES
from lamm_robust.storage.cache import Cache, default_directory
from lamm_robust.storage.lookup import cached_build, cached_oracle
from lamm_robust.values import (
    DEVICES,
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

GPU_NODES = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg")
"""Device files of NVIDIA's driver (the last under WSL): without one of them JAX's CUDA plugin finds no GPU."""


FAMILIES: Mapping[str, Family] = {family.name: family for family in generators.FAMILIES}
ORACLES: Mapping[str, Oracle] = {oracle.name: oracle for oracle in (oracles.AUTO, *oracles.ORACLES)}
LIBRARY: Mapping[str, Library] = {library.name: library for library in LIBRARIES}
METRIC: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}
SCORES: tuple[str, ...] = (*METRIC, "rank_error", "truncated_error")
"""Every score a record can hold: the metrics of x̂, reported minus exact rank, and distance to the truncated truth."""


CORE = (
    "numpy-lstsq",
    "numpy-pinv",
    "numpy-qr",
    "numpy-normal-lu",
    "numpy-normal-cholesky",
    "numpy-dropping",
    "scipy-gelsd",
    "scipy-gelsy",
    "scipy-gelss",
    "scipy-pinv",
    "scipy-qr",
    "scipy-normal-lu",
    "scipy-normal-cholesky",
    "jax-solve",
    "jax-lstsq",
    "jax-pinv",
    "jax-qr",
    "jax-normal-lu",
    "jax-normal-cholesky",
    "jax-lamm-cond",
    "jax-dropping",
)
"""What most people call, and LAMM's own two: the solvers of the quick profile, so that a first look takes a minute."""


SHORT_LIST = 12
"""More names than this are not read in an error message."""

LISTED = {"solver": "solvers", "family": "families", "oracle": "oracles", "metric": "metrics"}


def unknown(kind: str, name: str, known: Iterable[str]) -> ValueError:
    """The error for a name that is not in a table: it suggests the nearest, or lists what there is."""
    names = list(known)
    near = difflib.get_close_matches(name.strip("*?-"), names, n=1)
    listed = ", ".join(names) if len(names) <= SHORT_LIST else f"see `lamm-robust list {LISTED[kind]}`"
    hint = f"did you mean '{near[0]}'?" if near else f"known: {listed}"
    return ValueError(f"unknown {kind} '{name}'; {hint}")


def installed(module: str) -> bool:
    """Whether a module can be imported, without importing it."""
    return importlib.util.find_spec(module) is not None


def absent(library: Library, device: Device) -> AbsentError | None:
    """Why a library's solvers cannot be measured on a device here, or None if they can."""
    if not installed(library.module):
        return AbsentError(f"{library.module} is not installed", installable=True)
    if device == "gpu" and not any(Path(node).exists() for node in GPU_NODES):
        return AbsentError("no GPU found")
    return None


def variants() -> tuple[Variant, ...]:
    """Every solver at every precision on every device that it or its library knows, installed or not."""
    return tuple(
        Variant(library.name, solver.algorithm, precision, device)
        for device in DEVICES
        for precision in PRECISIONS
        for library in LIBRARIES
        for solver in library.solvers
        if device in library.devices and device in solver.devices
    )


def find_variant(name: str) -> Variant:
    """The variant of that name; ValueError with the nearest name if there is none."""
    table = {str(variant): variant for variant in variants()}
    if name not in table:
        raise unknown("solver", name, table)
    return table[name]


@cache
def find_solver(variant: Variant) -> Solver:
    """The solver behind a variant."""
    return next(s for s in LIBRARY[variant.library].solvers if s.algorithm == variant.algorithm)


def select(kind: str, patterns: Sequence[str], known: Mapping[str, Sequence[str]]) -> list[str]:
    """The keys of `known` of which a name matches any of the globs (all keys, if there are no globs).

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
    """The variants of the precisions and devices that match any of the globs, or all if there are none.

    A glob is held against the library, the algorithm, library-algorithm, and the full name. ValueError for one that
    matches nothing, or only variants of another precision or device.
    """
    names = {str(v): (v.library, v.algorithm, f"{v.library}-{v.algorithm}", str(v)) for v in variants()}
    chosen = set(select("solver", patterns, names))
    allowed = [v for v in variants() if v.precision in precisions and v.device in devices and str(v) in chosen]
    if not allowed:
        asked = f"{' or '.join(precisions)} on {' or '.join(devices)}"
        raise ValueError(f"no variant of {', '.join(patterns)} is {asked}; widen --solver, --precision or --device")
    return allowed


def select_families(patterns: Sequence[str]) -> list[str]:
    """The family names that match any of the globs."""
    return select("family", patterns, {name: (name,) for name in FAMILIES})


def build_problem(key: ProblemKey) -> Problem:
    """The problem of a key, bit for bit; ValueError that names an unknown family, parameter or value."""
    if key.family not in FAMILIES:
        raise unknown("family", key.family, FAMILIES)
    return generators.build_problem(key)


def find_case(text: str) -> Case:
    """The case that a line of the tables names, ``polynomial … dtype=float64 @ numpy-qr-float64-cpu``.

    ValueError for text of another form, an unknown solver, or a problem of another precision.
    """
    key, name = parse_case_key(text)
    variant = find_variant(name)
    if key.dtype != variant.precision:
        raise ValueError(f"the key's problem is {key.dtype}, but {variant} takes {variant.precision}")
    return Case(key, variant)


def find_oracle(name: str) -> Oracle:
    """The oracle of that name, `auto` included; ValueError with the nearest name if there is none."""
    if name not in ORACLES:
        raise unknown("oracle", name, ORACLES)
    return ORACLES[name]


def kept_oracle(name: str, cache: Cache | None = None) -> Oracle:
    """The oracle of that name, which looks into a cache first, by default this user's; errors as `find_oracle`."""
    return cached_oracle(find_oracle(name), Cache(default_directory()) if cache is None else cache)


def truths(oracle: str = "auto", cache: Cache | None = None) -> Truths:
    """Every problem by its key, with its certificate by the oracle of that name; both are kept in the cache.

    Without a cache it is that of this user. ValueError as `find_oracle`.
    """
    cache = Cache(default_directory()) if cache is None else cache
    return Truths(cached_build(build_problem, cache), kept_oracle(oracle, cache))
