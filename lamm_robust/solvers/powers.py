"""Powers of two, which scale without rounding, and norms that do not overflow: arrays of JAX, read by their bits."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

OF_ZERO = -(2**20)
"""The exponent that stands for 0: below that of every other number."""


def room_of(dtype: Any) -> int:
    """A third of the range of exponents: the rest is for the growth of numbers in a solve."""
    return int(np.finfo(dtype).maxexp) // 3


def scale_columns(M: Any, target: Any = 0) -> tuple[Any, Any]:
    """(S, exponent) with M = S · 2**exponent for each column: its largest entry is near 2**target, or 0.

    Nothing is rounded, but entries that are no normal numbers beside the largest entry of their column become 0. A
    column of zeros has the exponent `OF_ZERO`; `target` is an integer for all columns, or one for each.
    """
    about = np.finfo(M.dtype)
    M, lift, largest = readable(M)
    shift = target + int(about.maxexp) - _exponent(largest, about)
    half = shift >> 1
    exponent = jnp.where(largest > 0, -shift - lift, OF_ZERO)
    return M * _power(half, M.dtype) * _power(shift - half, M.dtype), exponent[0]


def scale_targets(B: Any, e: Any) -> tuple[Any, Any]:
    """(T, shift) with B = T · 2**(e + shift), e for each row: the largest entry of each column of T is near 2**room.

    They are made that large because small entries may belong to small rows of A, and must not underflow.
    """
    about = np.finfo(B.dtype)
    M, lift, _ = readable(B)
    exponents = _exponent(_bits(jnp.abs(M)), about) - int(about.maxexp) - e[:, None]
    exponent = jnp.max(jnp.where(M == 0, OF_ZERO, exponents), axis=0) - room_of(B.dtype)
    return ldexp(M, -e[:, None] - exponent[None, :]), exponent - lift[0]


def readable(M: Any) -> tuple[Any, Any, Any]:
    """(M · 2**lift, lift, the bits of the largest entry), a row of each: without subnormal numbers.

    XLA flushes them to zero, so they are read by their bits; the lift of most columns is 0.
    """
    about = np.finfo(M.dtype)
    bits = _bits(M)
    magnitude = bits & np.array(2 ** (about.bits - 1) - 1, bits.dtype)
    largest = jnp.max(magnitude, axis=0, keepdims=True)
    is_low = _exponent(largest, about) < int(about.maxexp) - 1 - _lift(about)
    lifted = jnp.where(bits < 0, -_lifted(magnitude, about), _lifted(magnitude, about))
    largest = jnp.where(is_low, _bits(_lifted(largest, about)), largest)
    return jnp.where(is_low, lifted, M), jnp.where(is_low, np.int32(_lift(about)), np.int32(0)), largest


def _lift(about: Any) -> int:
    """What brings the smallest subnormal number up to a normal one."""
    return int(about.nmant) + 1


def _bits(M: Any) -> Any:
    return jax.lax.bitcast_convert_type(M, f"int{np.finfo(M.dtype).bits}")


def _exponent(bits: Any, about: Any) -> Any:
    """The exponent of positive numbers as stored, given by their bits: 0 for zero and for subnormal numbers."""
    return (bits >> np.array(about.nmant, bits.dtype)).astype(np.int32)


def _lifted(magnitude: Any, about: Any) -> Any:
    """|x| · 2**lift for numbers given by the bits of |x|: a subnormal number counts the smallest one."""
    is_normal = _exponent(magnitude, about) > 0
    counted = magnitude.astype(about.dtype) * np.array(2 * about.tiny, about.dtype)
    value = jax.lax.bitcast_convert_type(magnitude, about.dtype)
    return jnp.where(is_normal, value * np.array(2.0 ** _lift(about), about.dtype), counted)


def _power(exponent: Any, dtype: Any) -> Any:
    """2**exponent, where it is a normal number."""
    about = np.finfo(dtype)
    bits = (exponent + (int(about.maxexp) - 1)).astype(f"int{about.bits}") << about.nmant
    return jax.lax.bitcast_convert_type(bits, about.dtype)


def ldexp(M: Any, exponent: Any) -> Any:
    """M · 2**exponent in three steps, no factor of which overflows: linear in M, as `jnp.ldexp` is not.

    `exponent` has as many axes as M, or none. The result is exact, unless it is too small for a normal number: XLA
    makes it zero.
    """
    most = int(np.finfo(M.dtype).maxexp) - 2
    for _ in range(3):  # beyond three times the most, all numbers over- or underflow, and 0 stays 0
        step = jnp.minimum(jnp.maximum(exponent, -most), most)
        M, exponent = M * _power(step, M.dtype), exponent - step
    return M


def norms(M: Any) -> Any:
    """The 2-norms of the columns of a scaled M, where a square that over- or underflows does not matter."""
    return jnp.sqrt(jnp.sum(M * M, axis=0))


def lengths(M: Any) -> Any:
    """The 2-norms of the columns of any M, computed without overflow."""
    largest = jnp.max(jnp.abs(M), axis=0, initial=0)
    size = jnp.where(largest > 0, largest, 1)
    return jnp.where(largest < jnp.inf, size * jnp.sqrt(jnp.sum(jnp.square(M / size[None]), axis=0)), largest)


def frobenius(M: Any) -> Any:
    """The Frobenius norm ‖M‖_F of a scaled M."""
    return jnp.sqrt(jnp.sum(M * M))
