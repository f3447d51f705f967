"""The one place where the rooms meet: families, oracles, solvers and metrics joined into tables by name."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from lamm_robust import generators, oracles
from lamm_robust.generators import nist
from lamm_robust.provenance import TRUTH, code, versions
from lamm_robust.scoring.metrics import METRICS
from lamm_robust.scoring.truncation import Truncate
from lamm_robust.solvers import LIBRARIES, host, user
from lamm_robust.storage import findings
from lamm_robust.storage.cache import Cache, certificate_name, default_directory, problem_name
from lamm_robust.storage.packing import (
    pack_certificate,
    pack_problem,
    pack_truncation,
    unpack_certificate,
    unpack_problem,
    unpack_truncation,
)
from lamm_robust.values import (
    BY,
    DEVICES,
    HUNTED,
    PRECISIONS,
    Array,
    Certificate,
    Device,
    Family,
    Library,
    Metric,
    Oracle,
    Precision,
    Problem,
    ProblemKey,
    Solver,
    Truncation,
    Value,
    Variant,
    digest,
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


def absent(library: Library, device: Device) -> str | None:
    """Why a library's solvers cannot be measured on a device here, or None if they can."""
    if not installed(library.module):
        return f"not measured: {library.module} is not installed"
    if device == "gpu" and not any(Path(node).exists() for node in GPU_NODES):
        return "not measured: no GPU found"
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


SHARED = ("storage/packing.py", "error_free.py")
"""What is in the cache was written by the one, and can be read by it alone; oracles compute with the other."""


def made_by(room: str) -> str:
    """All that decides what a room makes of its input: its code, the packing, and the versions of what it calls."""
    return code(room, *SHARED) + repr(versions(TRUTH))


def cached_build(cache: Cache) -> Callable[[ProblemKey], Problem]:
    """`build_problem`, from the cache where it is there."""
    makers = made_by("generators")

    def build(key: ProblemKey) -> Problem:
        name = problem_name(key, makers)
        return cache.keep(name, lambda: build_problem(key), pack_problem, lambda known: unpack_problem(key, known))

    return build


def cached_oracle(oracle: Oracle, cache: Cache) -> Oracle:
    """An oracle that looks into the cache first."""
    makers, truncate = made_by("oracles"), oracle.truncate

    def certify(A: Array, b: Array) -> Certificate:
        name = certificate_name(digest(A, b), oracle.name, makers)
        return cache.keep(name, lambda: oracle.certify(A, b), pack_certificate, unpack_certificate)

    return replace(oracle, certify=certify, truncate=truncate and cached_truncate(truncate, cache, makers))


def cached_truncate(truncate: Truncate, cache: Cache, makers: str) -> Truncate:
    """The same, from the cache where it is there."""

    def looked_up(A: Array, b: Array, rank: int) -> Truncation:
        name = certificate_name(digest(A, b), f"truncated {rank}", makers)
        return cache.keep(name, lambda: truncate(A, b, rank), pack_truncation, unpack_truncation)

    return looked_up


def kept_oracle(name: str) -> Oracle:
    """The oracle of that name, which looks first into the cache of this user; ValueError as `find_oracle`."""
    return cached_oracle(find_oracle(name), Cache(default_directory()))


@cache
def same_bits(text: str, digest: str) -> ProblemKey:
    """The key of a problem that a hunt has found; ValueError if it makes other bits now, or none."""
    try:
        key = parse_key(text)
        same = build_problem(key).digest == digest
    except ValueError as error:
        raise ValueError(f"{findings.DIRECTORY} holds '{text}', which is no problem now: {error}") from error
    if not same:
        raise ValueError(f"'{text}' in {findings.DIRECTORY} has other bits now than when it was hunted; hunt again")
    return key


def plan(profile: str, precision: Precision, families: Iterable[str]) -> list[ProblemKey]:
    """The keys of a profile's fixed grid, in the order of the families; or of what hunts have found in `worst`."""
    if profile == HUNTED.name:
        hunted = [same_bits(key, digest) for key, digest in findings.problems(findings.DIRECTORY, precision).items()]
        return [key for name in families for key in hunted if key.family == name]
    return [
        ProblemKey(name, tuple(params.items()), precision)
        for name in families
        for params in FAMILIES[name].grid(profile, precision)
    ]


def parse_key(text: str) -> ProblemKey:
    """The inverse of ``str(ProblemKey)``: a family name, then name=value words, among them dtype."""
    family, *words = text.split()
    pairs = [tuple(word.split("=", 1)) for word in words]
    if bad := [word for word, pair in zip(words, pairs, strict=True) if len(pair) != 2]:
        raise ValueError(f"'{bad[0]}' in the key is not of the form name=value")
    named = {pair[0]: pair[1] for pair in pairs}
    asked = named.pop("dtype", "missing")
    precision = next((p for p in PRECISIONS if p == asked), None)
    if precision is None:
        raise ValueError(f"dtype={asked} in the key; accepted: {', '.join(PRECISIONS)}")
    return ProblemKey(family, tuple((k, _value(v)) for k, v in named.items()), precision)


def _value(text: str) -> Value:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def parse_record_key(text: str) -> tuple[ProblemKey, Variant]:
    """A problem key and a variant, joined as in the tables: ``polynomial … dtype=float64 @ numpy-qr-float64-cpu``."""
    problem, separator, name = text.strip().rpartition(BY)
    if not separator:
        raise ValueError(
            f"'{text}' names no solver; expected is 'FAMILY name=value … dtype=…{BY}SOLVER', such as "
            f"'raw A=1,2;3,4 b=5,6 dtype=float64{BY}numpy-lstsq-float64-cpu'"
        )
    key, variant = parse_key(problem), find_variant(name.strip())
    if key.dtype != variant.precision:
        raise ValueError(f"the key's problem is {key.dtype}, but {variant} takes {variant.precision}")
    return key, variant


def find_oracle(name: str) -> Oracle:
    """The oracle of that name, `auto` included; ValueError with the nearest name if there is none."""
    if name not in ORACLES:
        raise unknown("oracle", name, ORACLES)
    return ORACLES[name]


check_problem = oracles.check_problem
certificate_facts = oracles.facts
truncation_facts = oracles.truncation_facts
solve_rational = oracles.solve_rational
decimals = oracles.decimals
YOURS = user.NAME
Target = user.Target
parse_target = user.parse_target
target_library = user.library
target_contract = user.contract
target_answers = user.as_solve
answer_parts = user.parts
TIMER = host.TIMER
stored = oracles.stored
NIST_DATASETS = nist.DATASETS
nist_certified = nist.certified
nist_decimal_design = nist.decimal_design
