"""Random words that are the same on every machine, and the numbers that families draw from them.

Only the raw 64-bit words of Philox are used, the one part of numpy.random whose stream is promised to stay as it is.
A library's normal variates, shuffles and choices change with its version, with the C library and with the vector
instructions of the processor. Everything made of the words here is exact: integers, or multiples of a power of two.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LARGEST_COEFFICIENT = 3
"""Largest absolute value of `Stream.coefficients`. Solutions are ±1, ±2 and ±3, so that Ax needs few bits."""

LARGEST_PIECE = 2**21 - 1
"""The largest 21-bit number: a 64-bit word holds three, whose sum is one number of `Stream.bell`."""


class Stream:
    """An endless sequence of random words, named by ``words``: ``Stream("spectrum", 30, 10, 0, "left")``.

    The 128-bit key of Philox4x64-10 (Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as
    1, 2, 3, SC 2011) is the start of the SHA-256 of the name, so that two names give unrelated streams.
    """

    def __init__(self, *words: int | float | str) -> None:
        name = " ".join(str(word) for word in words)
        key = hashlib.sha256(name.encode()).digest()[:16]
        self._philox = np.random.Philox(key=int.from_bytes(key, "little"))

    def raw(self, count: int) -> npt.NDArray[np.uint64]:
        """Return the next ``count`` random 64-bit words."""
        return self._philox.random_raw(count)

    def uniform(self, count: int) -> Floats:
        """Return ``count`` uniform numbers in [0, 1): multiples of 2⁻⁵³, exactly."""
        return (self.raw(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def signs(self, count: int) -> Integers:
        """Return ``count`` random signs, −1 or +1."""
        return 1 - 2 * (self.raw(count) >> np.uint64(63)).astype(np.int64)

    def integers(self, count: int, low: int, high: int) -> Integers:
        """Return ``count`` whole numbers from ``low`` to ``high``, both included.

        The remainder of a 64-bit word favours the small numbers by less than (high − low + 1)/2⁶⁴.
        """
        return (self.raw(count) % np.uint64(high - low + 1)).astype(np.int64) + low

    def nonzero(self, count: int, largest: int) -> Integers:
        """Return ``count`` whole numbers from −largest to largest, but never 0."""
        return self.signs(count) * self.integers(count, 1, largest)

    def coefficients(self, count: int) -> list[int]:
        """Return ``count`` coefficients of a solution: ±1, ±2 or ±3."""
        drawn: list[int] = self.nonzero(count, LARGEST_COEFFICIENT).tolist()
        return drawn

    def permutation(self, size: int) -> Integers:
        """Return the numbers 0 … size − 1 in random order."""
        return np.argsort(self.raw(size), kind="stable").astype(np.int64)

    def bell(self, count: int) -> Floats:
        """Return ``count`` roughly standard normal numbers: odd multiples of 2⁻²¹ in (−3, 3), exactly, and so never 0.

        Each is the sum of three uniform numbers of (−1, 1) (Irwin-Hall), made of 21 bits of one word each. The
        distribution is symmetric, has variance 1 − 2⁻⁴², and kurtosis 2.6 where the normal distribution has 3.
        """
        words = self.raw(count)
        pieces = [(words >> np.uint64(shift) & np.uint64(LARGEST_PIECE)).astype(np.int64) for shift in (0, 21, 42)]
        odd = 2 * (pieces[0] + pieces[1] + pieces[2]) - 3 * LARGEST_PIECE
        return odd.astype(np.float64) * 2.0**-21
