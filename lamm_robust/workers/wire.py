"""What passes between a run and its worker processes: framed, checksummed, plain bytes.

A frame is its kind (one byte), the length and CRC-32 of its content, and the content. Solvers share their process
with the sending end and may write anything anywhere, so whatever does not check is an error that is known as such, and
nothing is ever unpickled.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator

from lamm_robust.storage.packing import pack_arrays, unpack_arrays
from lamm_robust.values import Outcome, Status

PROBLEM, CASE = b"P", b"C"  # from the run: the arrays A and b; the solver to try on the last problem sent
HELLO, OUTCOME, LAST = b"H", b"O", b"L"  # from the worker; after a last outcome it ends of its own accord

_FRAME = struct.Struct("<cII")
_OUTCOME = struct.Struct("<IBBqddddI")

_STATUSES = tuple(Status)
_WARNED, _REPEATABLE, _RANK, _SECONDS, _LEAST, _FIRST, _X = (1 << bit for bit in range(7))


class WireError(Exception):
    """What arrived is no frame or no outcome."""


def frame(kind: bytes, content: bytes) -> bytes:
    """One frame, ready to be written."""
    return _FRAME.pack(kind, len(content), zlib.crc32(content)) + content


class Frames:
    """Puts frames together again from what pipes deliver in pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, piece: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The frames completed by this piece, as kind and content; WireError as soon as one does not check."""
        self._buffer += piece
        start = 0
        while len(self._buffer) - start >= _FRAME.size:
            kind, length, checksum = _FRAME.unpack_from(self._buffer, start)
            if kind not in (PROBLEM, CASE, HELLO, OUTCOME, LAST):
                raise WireError(f"{bytes(self._buffer[start : start + 40])!r} is no frame")
            end = start + _FRAME.size + length
            if len(self._buffer) < end:
                break
            content = bytes(self._buffer[start + _FRAME.size : end])
            if zlib.crc32(content) != checksum:
                raise WireError(f"{content[:40]!r} does not have the checksum it came with")
            start = end
            yield kind, content
        del self._buffer[:start]


def read_frames(descriptor: int) -> Iterator[tuple[bytes, bytes]]:
    """The frames that arrive on a file descriptor, until its other end is closed."""
    frames = Frames()
    while piece := os.read(descriptor, 1 << 20):
        yield from frames.feed(piece)


def write_all(descriptor: int, data: bytes) -> None:
    """Write everything, however long it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def pack_outcome(number: int, outcome: Outcome) -> bytes:
    """An outcome as bytes, with the number of the case that it is about among those sent to its process."""
    o = outcome
    flags = _WARNED * o.warned | _REPEATABLE * o.repeatable | _X * (o.x is not None)
    flags |= _RANK * (o.rank is not None) | _SECONDS * (o.seconds is not None)
    flags |= _LEAST * (o.min_seconds is not None)
    flags |= _FIRST * (o.first_call_seconds is not None)
    message = o.message.encode(errors="replace")
    numbers = o.rank or 0, o.seconds or 0.0, o.min_seconds or 0.0, o.first_call_seconds or 0.0, o.spent
    head = _OUTCOME.pack(number, _STATUSES.index(o.status), flags, *numbers, len(message))
    return head + message + (b"" if o.x is None else pack_arrays(o.x))


def unpack_outcome(content: bytes) -> tuple[int, Outcome]:
    """The inverse of `pack_outcome`; WireError if the content is no outcome."""
    try:
        number, status, flags, rank, seconds, least, first, spent, length = _OUTCOME.unpack_from(content)
        start = _OUTCOME.size + length
        return number, Outcome(
            status=_STATUSES[status],
            x=unpack_arrays(content, start)[0] if flags & _X else None,
            rank=rank if flags & _RANK else None,
            seconds=seconds if flags & _SECONDS else None,
            min_seconds=least if flags & _LEAST else None,
            first_call_seconds=first if flags & _FIRST else None,
            message=content[_OUTCOME.size : start].decode(),
            warned=bool(flags & _WARNED),
            repeatable=bool(flags & _REPEATABLE),
            spent=spent,
        )
    except (struct.error, IndexError, ValueError) as error:
        raise WireError(f"an outcome that cannot be read: {error}") from error
