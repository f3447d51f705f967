"""What passes between a run and its worker processes: framed, checksummed, plain bytes.

A frame is its kind (one byte), the length and the CRC-32 of its content, and the content. Solvers share their process
with the sending end and may write anything anywhere. So bytes that do not have their checksum raise an error of their
own, and nothing is ever unpickled.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator

from lamm_robust.storage.packing import pack, unpack
from lamm_robust.values import Cause, Outcome, Status

PROBLEM, CASE = b"P", b"C"
"""Frames for a worker: the arrays A and b; the name of the solver to try on the last problem sent."""

HELLO, OUTCOME, LAST = b"H", b"O", b"L"
"""Frames from a worker: what it runs on; an outcome; an outcome after which it ends of its own accord."""

_FRAME = struct.Struct("<cII")

RANKS = 2**31
"""Reported ranks are below this: no matrix has so many rows or columns."""


class WireError(Exception):
    """What arrived is no frame or no outcome."""


def frame(kind: bytes, content: bytes) -> bytes:
    """One frame, ready to be written."""
    return _FRAME.pack(kind, len(content), zlib.crc32(content)) + content


class Frames:
    """Puts frames together from the pieces that a pipe delivers."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, piece: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The frames that this piece completes, as kind and content; WireError at the first that is damaged."""
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
    """Write all of the data, however long that takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def pack_outcome(number: int, outcome: Outcome) -> bytes:
    """An outcome as bytes; `number` counts the outcomes of the process, from 0."""
    head = {name: value for name, value in vars(outcome).items() if name != "x"}
    message = outcome.message.encode(errors="replace").decode()  # a solver's words may hold half a surrogate pair
    return pack({**head, "message": message, "number": number}, *([] if outcome.x is None else [outcome.x]))


def unpack_outcome(content: bytes) -> tuple[int, Outcome]:
    """The inverse of `pack_outcome`; WireError for other bytes."""
    try:
        head, arrays = unpack(content)
        for name, kinds in _KINDS.items():
            if type(head[name]) not in kinds:
                raise ValueError(f"{name} is {head[name]!r}")
        head["message"].encode()  # half a surrogate pair is no text
        if not 0 <= (head["rank"] or 0) < RANKS:
            raise ValueError(f"the rank is {head['rank']}")
        (x,) = arrays or (None,)
        status, cause = Status(head.pop("status")), Cause(head.pop("cause"))
        return head.pop("number"), Outcome(status=status, cause=cause, x=x, **head)
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"an outcome that cannot be read: {error}") from error


_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("status", "cause", "message"), (str,)),
    **dict.fromkeys(("warned", "repeatable"), (bool,)),
    **dict.fromkeys(("seconds", "min_seconds", "first_call_seconds"), (float, type(None))),
    "rank": (int, type(None)),
    "spent": (float,),
    "number": (int,),
}
"""Entry of a packed outcome → the types that it may have; others are there if a solver has written into the bytes."""
