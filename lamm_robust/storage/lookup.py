"""Problems and certificates that are looked up in the cache, and made and kept there if it does not have them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lamm_robust.provenance import TRUTH, code_digest, versions
from lamm_robust.storage import packing
from lamm_robust.storage.cache import Cache, certificate_name, problem_name
from lamm_robust.values import Array, Certificate, Oracle, Problem, ProblemKey, Truncation, digest

SHARED = ("storage/packing.py", "error_free.py")
"""Code that `generators` and `oracles` both depend on: `packing` writes and reads the cache's format, so that a change
of it makes cached blobs stale, and oracles compute with `error_free`."""


def code_and_versions(room: str) -> str:
    """All that decides what a room makes of its input: its code, the shared code, and the versions of what it calls."""
    return code_digest(room, *SHARED) + repr(versions(TRUTH))


def cached_build(build: Callable[[ProblemKey], Problem], cache: Cache) -> Callable[[ProblemKey], Problem]:
    """A function that builds problems as `build` does, and looks into the cache first."""
    code = code_and_versions("generators")

    def look_up(key: ProblemKey) -> Problem:
        name = problem_name(key, code)
        return cache.keep(name, lambda: build(key), packing.pack_problem, lambda b: packing.unpack_problem(key, b))

    return look_up


def cached_oracle(oracle: Oracle, cache: Cache) -> Oracle:
    """An oracle that proves what `oracle` does, and looks into the cache first."""
    code, prove = code_and_versions("oracles"), oracle.truncate

    def certify(A: Array, b: Array) -> Certificate:
        name = certificate_name(digest(A, b), oracle.name, code)
        return cache.keep(name, lambda: oracle.certify(A, b), packing.pack_certificate, packing.unpack_certificate)

    def truncate(A: Array, b: Array, rank: int) -> Truncation:
        assert prove
        name = certificate_name(digest(A, b), f"truncated {rank}", code)
        return cache.keep(name, lambda: prove(A, b, rank), packing.pack_truncation, packing.unpack_truncation)

    return replace(oracle, certify=certify, truncate=truncate if prove else None)
