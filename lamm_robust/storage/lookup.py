"""Problems and certificates that are looked up in the cache, and made and kept there if it does not have them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from lamm_robust.embedding import folds
from lamm_robust.provenance import TRUTH, code_digest, versions
from lamm_robust.storage import packing
from lamm_robust.storage.cache import Cache, certificate_name, problem_name
from lamm_robust.values import (
    Array,
    Certificate,
    NotCertifiedError,
    Oracle,
    Problem,
    ProblemKey,
    Truncation,
    digest,
)

SHARED = ("storage/packing.py", "error_free.py", "row_sums.py", "embedding.py")
"""Code that `generators` and `oracles` both depend on: `packing` writes and reads the cache's format, so that a change
of it makes cached blobs stale, and oracles compute with `error_free` and `row_sums`, and by `embedding` if a problem is
complex."""


def code_and_versions(room: str) -> str:
    """All that decides what a room makes of its input: its code, the shared code, and the versions of what it calls."""
    return code_digest(room, *SHARED) + repr(versions(TRUTH))


def cached_build(build: Callable[[ProblemKey], Problem], cache: Cache) -> Callable[[ProblemKey], Problem]:
    """A function that builds problems as `build` does, and looks into the cache first."""
    code = code_and_versions("generators")

    def look_up(key: ProblemKey) -> Problem:
        name = problem_name(key, code)
        return cache.keep(name, lambda: build(key), packing.pack_problem, lambda b: _fitting_problem(key, b))

    return look_up


def _fitting_problem(key: ProblemKey, content: bytes) -> Problem:
    """The problem in a blob; ValueError unless it is one of this key's precision and shape."""
    found, asked = packing.unpack_problem(key, content), dict(key.params)
    shape = found.A.shape
    if (
        {found.A.dtype.name, found.b.dtype.name} != {key.dtype}
        or len(shape) != 2
        or found.b.shape[:1] != shape[:1]
        or any(asked.get(name, size) != size for name, size in zip("mn", shape, strict=True))
    ):
        raise ValueError(f"the blob holds no problem of {key}")
    return found


def _fitting_certificate(problem: str, A: Array, b: Array, found: Certificate) -> Certificate:
    """The certificate of a blob; ValueError unless it is one of this problem, whose digest is given."""
    (m, n), entries = A.shape, folds(A) * A.shape[1]
    if (
        found.digest != problem
        or (found.m, found.n) != (m, n)
        or found.x.shape[1:] != (entries, *b.shape[1:])
        or found.exponent.shape != (entries, *b.shape[1:])
        or not 0 <= found.rank <= min(m, n)
        or len(found.residual_norm) != math.prod(b.shape[1:])
    ):
        raise ValueError(f"the blob holds no certificate of {problem}")
    return found


def _attempted(
    prove: Callable[[Array, Array, int], Truncation], A: Array, b: Array, rank: int
) -> Truncation | NotCertifiedError:
    """What `prove` returns or raises; the error is kept like a proof, for it may take seconds to find out."""
    try:
        return prove(A, b, rank)
    except NotCertifiedError as error:
        return error


def cached_oracle(oracle: Oracle, cache: Cache) -> Oracle:
    """An oracle that proves what `oracle` does, and looks into the cache first."""
    code, prove, penalise = code_and_versions("oracles"), oracle.truncate, oracle.ridge

    def certify(A: Array, b: Array) -> Certificate:
        problem = digest(A, b)

        def unpack(content: bytes) -> Certificate:
            return _fitting_certificate(problem, A, b, packing.unpack_certificate(content))

        name = certificate_name(problem, oracle.name, code)
        return cache.keep(name, lambda: oracle.certify(A, b), packing.pack_certificate, unpack)

    def truncate(A: Array, b: Array, rank: int) -> Truncation:
        assert prove
        problem = digest(A, b)

        def unpack(content: bytes) -> Truncation | NotCertifiedError:
            found = packing.unpack_truncation(content)
            if isinstance(found, NotCertifiedError):
                return found
            return replace(found, certificate=_fitting_certificate(problem, A, b, found.certificate))

        name = certificate_name(problem, f"truncated {rank}", code)
        found = cache.keep(name, lambda: _attempted(prove, A, b, rank), packing.pack_truncation, unpack)
        if isinstance(found, NotCertifiedError):
            raise found
        return found

    def ridge(A: Array, b: Array, penalty: Fraction) -> Certificate:
        assert penalise
        problem = digest(A, b)
        below = [(0, A.shape[1]), (0, 0)]  # a row for each column: a ridge problem is one of m + n rows

        def unpack(content: bytes) -> Certificate:
            rows = np.pad(A, below), np.pad(b, below[: b.ndim])
            return _fitting_certificate(problem, *rows, packing.unpack_certificate(content))

        name = certificate_name(problem, f"ridge {penalty}", code)
        return cache.keep(name, lambda: penalise(A, b, penalty), packing.pack_certificate, unpack)

    return replace(oracle, certify=certify, truncate=truncate if prove else None, ridge=ridge if penalise else None)
