"""Solvers of a user's own, each broken in one way: targets of `lamm-robust check`, as ``broken.py:NAME``."""

from __future__ import annotations

import os
import signal
import time
import zlib
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lamm_robust.values import Array


def lstsq(A: Array, b: Array, rcond: float | None) -> Any:
    """NumPy's own, with what it returns, of columns (rows, if wide) of one size where that shows full rank."""
    wide, cutoff = A.shape[0] < A.shape[1], max(A.shape) * np.finfo(A.dtype).eps if rcond is None else rcond
    largest = np.abs(A).max(axis=1 if wide else 0, initial=0)
    e = np.frexp(np.where(largest == 0, largest.max(initial=0), largest))[1]
    e = e - e.max(initial=-9999)  # to the size of the largest, which overflows nothing
    across = (slice(None), np.newaxis) if b.ndim == 2 else slice(None)
    scaled, target = (np.ldexp(A, -e[:, np.newaxis]), np.ldexp(b, -e[across])) if wide else (np.ldexp(A, -e), b)
    y, *rest = np.linalg.lstsq(scaled, target, rcond=cutoff)
    if rest[1] < min(A.shape):
        return np.linalg.lstsq(A, b, rcond=cutoff)
    return y if wide else np.ldexp(y, -e[across]), *rest


def good(A: Array, b: Array) -> Any:
    return lstsq(A, b, rcond=None)


class Estimator:
    """In the manner of scikit-learn."""

    def solve(self, A: Array, b: Array) -> Array:
        return x_of(A, b)


estimator = Estimator()


def qr(A: Array, b: Array) -> Array:
    """LAPACK's xGELS, which scales what would overflow."""
    from scipy.linalg import get_lapack_funcs

    (gels,) = get_lapack_funcs(("gels",), (A, b))
    return np.asarray(gels(A, b)[1][: A.shape[1]])


def pinv(A: Array, b: Array) -> Array:
    return np.asarray(np.linalg.pinv(A, rcond=max(A.shape) * np.finfo(A.dtype).eps) @ b)


def x_of(A: Array, b: Array, rcond: float | None = None) -> Array:
    return np.asarray(lstsq(A, b, rcond=rcond)[0])


def scaled(A: Array, b: Array) -> Array:
    factor = 1 + (1e-3 if A.dtype == np.float32 else 1e-9)
    return (x_of(A, b).astype(np.float64) * factor).astype(A.dtype)


def longer(A: Array, b: Array) -> Array:
    """A solution, and a part of what A takes to zero."""
    x, _, rank, _ = lstsq(A, b, rcond=None)
    null = np.linalg.svd(A, full_matrices=A.shape[0] < A.shape[1])[2][rank:].sum(axis=0)
    return np.asarray((x.T + 0.3 * np.linalg.norm(x) * null).T.astype(A.dtype))


def normal_equations(A: Array, b: Array) -> Array:
    return np.asarray(np.linalg.solve(A.T @ A, A.T @ b))


def single(A: Array, b: Array) -> Array:
    return x_of(A.astype(np.float32), b.astype(np.float32), 1e-6).astype(A.dtype)


def sometimes_nan(A: Array, b: Array) -> Array:
    """At one problem in fifty, the same each time."""
    x = x_of(A, b)
    if zlib.crc32(A.tobytes() + b.tobytes()) % 50 == 0:
        x[...] = np.nan
    return x


chance = np.random.default_rng(1)


def random_nan(A: Array, b: Array) -> Array:
    """In one call in fifty."""
    x = x_of(A, b)
    if chance.random() < 0.02:
        x[...] = np.nan
    return x


def no_tolerance(A: Array, b: Array) -> Any:
    return lstsq(A, b, rcond=0.0)


def high_tolerance(A: Array, b: Array) -> Any:
    return lstsq(A, b, rcond=1e-3)


def segfault(A: Array, b: Array) -> Array:
    os.kill(os.getpid(), signal.SIGSEGV)
    return x_of(A, b)


def leave(A: Array, b: Array) -> Array:
    os._exit(7)


def hang(A: Array, b: Array) -> Array:
    time.sleep(600)
    return x_of(A, b)


shapes: set[tuple[int, ...]] = set()


def hangs_at_the_second(A: Array, b: Array) -> Array:
    """Good for arrays of one shape, and without end for any other."""
    shapes.add(A.shape)
    return x_of(A, b) if len(shapes) == 1 else hang(A, b)


hoard: list[Array] = []


def leak(A: Array, b: Array) -> Array:
    hoard.append(np.ones(1 << 20))  # 8 MiB
    return x_of(A, b)


def mutate(A: Array, b: Array) -> Array:
    x = x_of(A, b)
    A += 1 + np.abs(A)
    return x


def in_place(A: Array, b: Array) -> Array:
    """Writes into A, though in the end it holds what it held before."""
    A *= 1.0
    return x_of(A, b)


def memory_order(A: Array, b: Array) -> Array:
    """Reads the memory of A row by row, whatever its order is."""
    return x_of(A.ravel(order="K").reshape(A.shape), b)


factors: dict[tuple[int, ...], Array] = {}


def stale(A: Array, b: Array) -> Array:
    """Keeps a pseudo-inverse for each shape, as if there were one matrix of each."""
    if A.shape not in factors:
        factors[A.shape] = np.linalg.pinv(A, rcond=max(A.shape) * np.finfo(A.dtype).eps)
    return np.asarray(factors[A.shape] @ b)


def restless(A: Array, b: Array) -> Array:
    return np.asarray(x_of(A, b) * (1 + 1e-3 * chance.random())).astype(A.dtype)


seen: set[bytes] = set()


def first_only(A: Array, b: Array) -> Array:
    """Right at the first call with an input, and never again."""
    if (key := A.tobytes() + b.tobytes()) in seen:
        return np.ones_like(x_of(A, b))
    seen.add(key)
    return x_of(A, b)


outputs: dict[tuple[int, ...], Array] = {}


def same_memory(A: Array, b: Array) -> Array:
    """Good answers, all of one shape in the same array."""
    x = x_of(A, b)
    out = outputs.setdefault(x.shape, np.empty_like(x))
    out[...] = x
    return out


def later(A: Array, b: Array) -> Array:
    """Zeros at the first call with an input and a good answer at every other, in the same array."""
    out = same_memory(A, b)
    if (key := A.tobytes() + b.tobytes()) not in seen:
        seen.add(key)
        out[...] = 0
    return out


def boasts(A: Array, b: Array) -> Any:
    """A good answer with a rank that is none."""
    return x_of(A, b), None, 999, None


def settings(A: Array, b: Array) -> Array:
    np.seterr(all="raise")
    return x_of(A, b)


def chatter(A: Array, b: Array) -> Array:
    print('{"digest": "0"}', flush=True)
    return x_of(A, b)


def column(A: Array, b: Array) -> Array:
    return x_of(A, b)[..., np.newaxis]


def half(A: Array, b: Array) -> Array:
    return x_of(A, b).astype(np.float16)


def raises(A: Array, b: Array) -> Array:
    raise IndexError("list index out of range")


def refuses_wide(A: Array, b: Array) -> Array:
    if A.shape[0] < A.shape[1]:
        raise np.linalg.LinAlgError("wide matrices")
    return x_of(A, b)


def lines_only(A: Array, b: Array) -> Array:
    if A.shape[1] != 2 or b.ndim > 1:
        raise NotImplementedError("anything but lines")
    return x_of(A, b)


def one_side(A: Array, b: Array) -> Array:
    """Right for one right-hand side; of several, it knows the first only."""
    return x_of(A, b) if b.ndim == 1 else np.tile(x_of(A, b[:, :1]), b.shape[1])


class OwnError(ArithmeticError):
    """One that no library has."""


def divides(A: Array, b: Array) -> Array:
    """Raises an error of its own, of a kind that the user names, where the rank is deficient."""
    x, _, rank, _ = lstsq(A, b, rcond=None)
    if rank < A.shape[1]:
        raise OwnError("a pivot is zero")
    return np.asarray(x)


def listed(A: Array, b: Array) -> Any:
    return x_of(A, b).tolist()


def fractions(A: Array, b: Array) -> Any:
    """Exact numbers, as arrays of Python objects; in the place of what is none, the float."""
    x = x_of(A, b)
    return np.array([Fraction(v) if np.isfinite(v) else v for v in x.ravel().tolist()], object).reshape(x.shape)


def foreign(A: Array, b: Array) -> Array:
    """Numbers in the byte order of other machines."""
    return x_of(A, b).astype(A.dtype.newbyteorder(">"))


def matrix(A: Array, b: Array) -> Any:
    """A NumPy matrix, which has two dimensions always."""
    x = x_of(A, b)
    return x.reshape(-1 if b.ndim > 1 else 1, x.shape[-1]).view(np.matrix)


def long_double(A: Array, b: Array) -> Any:
    return {"x": x_of(A, b).astype(np.longdouble)}


def double(A: Array, b: Array) -> Array:
    """Computes in float64, whatever it is given, and says so in its dtype."""
    return x_of(A.astype(np.float64), b.astype(np.float64))


def zero(A: Array, b: Array) -> Array:
    return np.zeros((A.shape[1], *b.shape[1:]), A.dtype)


def refuses_empty(A: Array, b: Array) -> Array:
    if not A.size:
        raise IndexError("no entries")
    return x_of(A, b)


def dies_of_empty(A: Array, b: Array) -> Array:
    return x_of(A, b) if A.size else leave(A, b)


def forgives(A: Array, b: Array) -> Array:
    """Takes what is no number, or infinite, for zero."""
    return x_of(np.nan_to_num(A, posinf=0, neginf=0), np.nan_to_num(b, posinf=0, neginf=0))


class Result(NamedTuple):
    solution: Array
    residuals: Array
    rank: int


def named(A: Array, b: Array) -> Result:
    x, residuals, rank, _ = lstsq(A, b, rcond=None)
    return Result(x, residuals, int(rank))


not_callable = 3
