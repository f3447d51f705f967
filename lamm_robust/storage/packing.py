"""Arrays, problems and certificates as bytes that read back to the same bits; nothing is pickled.

The format is one line of JSON, whose entry "arrays" holds types and shapes, and then the bits of these arrays, one
after the other, little-endian. Fractions are pairs of whole numbers in hexadecimal, of any size.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from lamm_robust.values import (
    Array,
    Ball,
    Certificate,
    Directions,
    Equilibrated,
    NotCertifiedError,
    Problem,
    ProblemKey,
    Truncation,
)

TYPES = ("<f4", "<f8", "<c8", "<c16", "<i8")
"""NumPy's names of the types that can be packed: those of the precisions, and of exponents."""

_encode = json.JSONEncoder(separators=(",", ":")).encode


def pack(head: Mapping[str, Any], *arrays: npt.NDArray[np.generic]) -> bytes:
    """A dictionary of plain JSON values and arrays of any shape and byte order, as bytes.

    ValueError for an array whose type is not in `TYPES`.
    """
    little = [np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")) for array in arrays]
    for array in little:
        if array.dtype.str not in TYPES:
            raise ValueError(
                f"an array of {array.dtype} cannot be packed; accepted: float32, float64, complex64, complex128, int64"
            )
    layout = [(bits.dtype.str, array.shape) for bits, array in zip(little, arrays, strict=True)]
    return b"".join([_encode({**head, "arrays": layout}).encode(), b"\n", *(bits.tobytes() for bits in little)])


def unpack(content: bytes) -> tuple[dict[str, Any], list[Array]]:
    """The inverse of `pack`: the dictionary and the arrays; ValueError or TypeError for other bytes."""
    end = content.find(b"\n")  # and not `partition`, which would copy the arrays
    line, start, arrays = content[: max(end, 0)], end + 1, []
    try:
        head: dict[str, Any] = json.loads(line)
        for kind, shape in head.pop("arrays"):
            if kind not in TYPES or any(type(length) is not int or length < 0 for length in shape):
                raise ValueError(f"no array has type {kind!r} and shape {shape!r}")
            bits = np.frombuffer(content, kind, math.prod(shape), start)
            arrays.append(bits.astype(bits.dtype.newbyteorder("=")).reshape(shape))
            start += bits.nbytes
    except (AttributeError, LookupError, OverflowError, RecursionError) as error:
        raise ValueError(f"what was packed has another form: {error}") from error
    if start != len(content):
        raise ValueError(f"{len(content) - start} bytes are left over")
    return head, arrays


def pack_problem(problem: Problem) -> bytes:
    """A, b and the directions, if there are any, as bytes; the key of the problem is not among them."""
    along = problem.directions
    return pack({}, problem.A, problem.b, *((along.dA, along.db, along.c) if along else ()))


def unpack_problem(key: ProblemKey, content: bytes) -> Problem:
    """The inverse of `pack_problem`, for a problem of this key; ValueError or TypeError for other bytes."""
    _, (A, b, *along) = unpack(content)
    if len(along) not in (0, 3):
        raise ValueError(f"a problem has A and b, and three arrays of directions or none, not {len(along)}")
    return Problem(key, A, b, Directions(*along) if along else None)


def pack_certificate(certificate: Certificate) -> bytes:
    """Every field of a certificate, as bytes."""
    c = certificate
    head = {
        **{name: getattr(c, name) for name in _PLAIN},
        "x_radius": _hex(c.x_radius),
        "balls": list(map(_pair, (c.sigma_max, c.sigma_min, *c.residual_norm))),
        "kappa": c.kappa and _pair(c.kappa),
        "equilibrated": c.equilibrated and list(map(_pair, _spectrum(c.equilibrated))),
    }
    sizes = [c.equilibrated.exponents] if c.equilibrated else []
    return pack(head, c.x, c.exponent, *sizes)


def unpack_certificate(content: bytes) -> Certificate:
    """The inverse of `pack_certificate`; ValueError or TypeError for other bytes."""
    head, (x, exponent, *sizes) = unpack(content)
    try:
        sigma_max, sigma_min, *residual_norm = (_ball(pair) for pair in head["balls"])
        return Certificate(
            **{name: head[name] for name in _PLAIN},
            x=x.astype(np.float64),
            exponent=exponent.astype(np.int64),
            x_radius=_fraction(head["x_radius"]),
            residual_norm=tuple(residual_norm),
            sigma_max=sigma_max,
            sigma_min=sigma_min,
            kappa=head["kappa"] and _ball(head["kappa"]),
            equilibrated=_equilibrated(head["equilibrated"], *sizes),
        )
    except (AttributeError, LookupError, ZeroDivisionError) as error:
        raise ValueError(f"what was packed is no certificate: {error}") from error


def _equilibrated(pairs: list[tuple[str, str]] | None, *sizes: Array) -> Equilibrated | None:
    """What was proved of the scaled matrix, from its packed balls and exponents; ValueError if only one is there."""
    if not pairs and not sizes:
        return None
    (exponents,), balls = sizes, map(_ball, pairs or [])
    return Equilibrated(exponents.astype(np.int64), *balls)


def _spectrum(scaled: Equilibrated) -> tuple[Ball, Ball, Ball]:
    return scaled.sigma_max, scaled.sigma_min, scaled.kappa


_PLAIN = ("method", "digest", "m", "n", "rank", "seconds")
"""The fields of a certificate that JSON holds as they are."""


_REFUSED = "refused"
"""The entry that holds why there is no proof."""


def pack_truncation(truncation: Truncation | NotCertifiedError) -> bytes:
    """Every field of a truncation, as bytes: its certificate, with σ_{k+1} as one more residual norm.

    Or the message that says why there is no proof of one.
    """
    if isinstance(truncation, NotCertifiedError):
        return pack({_REFUSED: str(truncation)})
    known = truncation.certificate
    return pack_certificate(replace(known, residual_norm=(*known.residual_norm, truncation.sigma_next)))


def unpack_truncation(content: bytes) -> Truncation | NotCertifiedError:
    """The inverse of `pack_truncation`; ValueError or TypeError for other bytes."""
    head, _ = unpack(content)
    if head.keys() == {_REFUSED}:
        return NotCertifiedError(str(head[_REFUSED]))
    known = unpack_certificate(content)
    *norms, sigma_next = known.residual_norm
    return Truncation(replace(known, residual_norm=tuple(norms)), sigma_next)


def _pair(ball: Ball) -> tuple[str, str]:
    return _hex(ball.mid), _hex(ball.radius)


def _hex(value: Fraction) -> str:
    # decimals of so many digits would be slow, and Python limits them
    return f"{value.numerator:x}/{value.denominator:x}"


def _fraction(text: str) -> Fraction:
    numerator, denominator = text.split("/")
    return Fraction(int(numerator, 16), int(denominator, 16))


def _ball(pair: tuple[str, str]) -> Ball:
    mid, radius = pair
    return Ball(_fraction(mid), _fraction(radius))
