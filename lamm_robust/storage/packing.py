"""Arrays, problems and certificates as plain bytes that read back to the same bits; nothing is pickled."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from lamm_robust.values import Array, Ball, Certificate, Problem, ProblemKey, Truncation

TYPES = (b"<f4", b"<f8", b"<i8")
"""Of arrays that can be packed: the two precisions, and exponents."""

_ARRAY = struct.Struct("<3sB3I")
_COUNT = struct.Struct("<I")
_CERTIFICATE = struct.Struct("<IIId?B")


def pack_arrays(*arrays: npt.NDArray[np.generic]) -> bytes:
    """Arrays of at most three dimensions, as type, shape and little-endian bits, one after the other.

    ValueError for arrays of other types than `TYPES`, of any byte order.
    """
    parts = []
    for array in arrays:
        shape = (*array.shape, 1, 1, 1)[:3]
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        kind = little.dtype.str.encode()
        if kind not in TYPES:
            raise ValueError(f"an array of {array.dtype} cannot be packed; accepted: float32, float64, int64")
        if array.ndim > len(shape):
            raise ValueError(f"an array of {array.ndim} dimensions cannot be packed; accepted: at most {len(shape)}")
        parts += [_ARRAY.pack(kind, array.ndim, *shape), little.tobytes()]
    return b"".join(parts)


def unpack_arrays(content: bytes, start: int = 0) -> list[Array]:
    """The inverse of `pack_arrays`, from an offset on; ValueError or struct.error for what is no array."""
    arrays = []
    while start < len(content):
        kind, dimensions, *shape = _ARRAY.unpack_from(content, start)
        size = shape[0] * shape[1] * shape[2]
        if kind not in TYPES or size > len(content):
            raise ValueError(f"{len(content)} bytes do not hold an array of type {kind!r} and shape {shape}")
        dtype = np.dtype(kind.decode())
        start += _ARRAY.size
        bits = np.frombuffer(content, dtype, size, start)
        arrays.append(bits.astype(dtype.newbyteorder("=")).reshape(shape[:dimensions]))
        start += bits.nbytes
    return arrays


def pack_problem(problem: Problem) -> bytes:
    """The bits of A and b."""
    return pack_arrays(problem.A, problem.b)


def unpack_problem(key: ProblemKey, content: bytes) -> Problem:
    """The problem of a key from its bits."""
    A, b = unpack_arrays(content)
    return Problem(key, A, b)


def pack_certificate(certificate: Certificate) -> bytes:
    """Every field of a certificate; rationals as whole numbers of any size."""
    c = certificate
    balls = [*c.residual_norm, c.sigma_max, c.sigma_min, *([c.kappa] if c.kappa else [])]
    fractions = [c.x_radius, *(part for ball in balls for part in (ball.mid, ball.radius))]
    head = _CERTIFICATE.pack(c.m, c.n, c.rank, c.seconds, c.kappa is not None, len(c.residual_norm))
    texts = [c.method.encode(), bytes.fromhex(c.digest)]
    numbers = [_whole(number) for f in fractions for number in (f.numerator, f.denominator)]
    return head + _pieces([*texts, *numbers]) + pack_arrays(c.x, c.exponent)


def pack_truncation(truncation: Truncation) -> bytes:
    """As `pack_certificate`, with σ_{k+1} behind the residual norms."""
    known = truncation.certificate
    return pack_certificate(replace(known, residual_norm=(*known.residual_norm, truncation.sigma_next)))


def unpack_truncation(content: bytes) -> Truncation:
    """The inverse of `pack_truncation`."""
    known = unpack_certificate(content)
    *norms, sigma_next = known.residual_norm
    return Truncation(replace(known, residual_norm=tuple(norms)), sigma_next)


def unpack_certificate(content: bytes) -> Certificate:
    """The inverse of `pack_certificate`; ValueError or struct.error for what is no certificate."""
    m, n, rank, seconds, has_kappa, columns = _CERTIFICATE.unpack_from(content)
    count = 2 + 2 * (1 + 2 * (columns + 2 + has_kappa))
    (method, digest, *numbers), start = _unpieced(content, _CERTIFICATE.size, count)
    whole = [int.from_bytes(number, "little", signed=True) for number in numbers]
    if not all(whole[1::2]):
        raise ValueError("a certificate with a denominator of zero")
    x_radius, *parts = (Fraction(p, q) for p, q in zip(whole[::2], whole[1::2], strict=True))
    balls = [Ball(mid, radius) for mid, radius in zip(parts[::2], parts[1::2], strict=True)]
    x, exponent = unpack_arrays(content, start)
    return Certificate(
        method=method.decode(),
        digest=digest.hex(),
        m=m,
        n=n,
        rank=rank,
        x=x.astype(np.float64),
        exponent=exponent.astype(np.int64),
        x_radius=x_radius,
        residual_norm=tuple(balls[:columns]),
        sigma_max=balls[columns],
        sigma_min=balls[columns + 1],
        kappa=balls[columns + 2] if has_kappa else None,
        seconds=seconds,
    )


def _whole(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)


def _pieces(pieces: Sequence[bytes]) -> bytes:
    return b"".join(_COUNT.pack(len(piece)) + piece for piece in pieces)


def _unpieced(content: bytes, start: int, count: int) -> tuple[list[bytes], int]:
    """That many pieces from an offset on, and the offset after them."""
    pieces = []
    for _ in range(count):
        (length,) = _COUNT.unpack_from(content, start)
        start += _COUNT.size + length
        pieces.append(content[start - length : start])
    return pieces, start
