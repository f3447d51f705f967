"""Problems and certificates that are looked up in the cache before they are made, and kept there once they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lamm_robust.provenance import TRUTH, code, versions
from lamm_robust.storage.cache import Cache, certificate_name, problem_name
from lamm_robust.storage.packing import (
    pack_certificate,
    pack_problem,
    pack_truncation,
    unpack_certificate,
    unpack_problem,
    unpack_truncation,
)
from lamm_robust.values import Array, Certificate, Oracle, Problem, ProblemKey, Truncation, digest

SHARED = ("storage/packing.py", "error_free.py")
"""Code that more than one room depends on: a change of `packing` makes cached bytes stale, and oracles compute with
`error_free`."""


def makers(room: str) -> str:
    """All that decides what a room makes of its input: its code, the shared code, and the versions of what it calls."""
    return code(room, *SHARED) + repr(versions(TRUTH))


def cached_build(build: Callable[[ProblemKey], Problem], cache: Cache) -> Callable[[ProblemKey], Problem]:
    """A function that builds problems as `build` does, and looks into the cache first."""
    made_by = makers("generators")

    def look_up(key: ProblemKey) -> Problem:
        name = problem_name(key, made_by)
        return cache.keep(name, lambda: build(key), pack_problem, lambda known: unpack_problem(key, known))

    return look_up


def cached_oracle(oracle: Oracle, cache: Cache) -> Oracle:
    """An oracle that proves what `oracle` does, and looks into the cache first."""
    made_by, truncate = makers("oracles"), oracle.truncate

    def certify(A: Array, b: Array) -> Certificate:
        name = certificate_name(digest(A, b), oracle.name, made_by)
        return cache.keep(name, lambda: oracle.certify(A, b), pack_certificate, unpack_certificate)

    if truncate is None:
        return replace(oracle, certify=certify)
    make = truncate

    def look_up(A: Array, b: Array, rank: int) -> Truncation:
        name = certificate_name(digest(A, b), f"truncated {rank}", made_by)
        return cache.keep(name, lambda: make(A, b, rank), pack_truncation, unpack_truncation)

    return replace(oracle, certify=certify, truncate=look_up)
