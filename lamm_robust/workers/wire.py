"""What passes between a run and its worker processes: framed, checksummed, plain bytes.

A frame is its kind (one byte), the length and the CRC-32 of its content, and the content. Solvers share their process
with the sending end and may write anything anywhere. So the checksum starts from a secret number, the *key* of the
process, a frame is no longer than what it may hold, bytes that are not so raise an error of their own, and nothing is
ever unpickled.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import resource
import secrets
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from lamm_robust.storage.packing import pack, unpack
from lamm_robust.values import Cause, Outcome, Status

PROBLEM, CASE = b"P", b"C"
"""Frames for a worker: the arrays A and b, and directions; the name of the solver to try on the last problem sent."""

HELLO, OUTCOME, LAST = b"H", b"O", b"L"
"""Frames from a worker: what it runs on; an outcome; an outcome after which it ends of its own accord."""

_FRAME_KINDS = frozenset((PROBLEM, CASE, HELLO, OUTCOME, LAST))

_FRAME = struct.Struct("<cII")

KEY = struct.Struct("<I")
"""The form of a key. It is the first that is written to a worker, before any frame."""

MOST_BYTES = 2**32 - 1
"""The longest content that a frame can tell the length of."""

HELLO_BYTES, HEAD_BYTES = 1 << 20, 1 << 16
"""The longest greeting, which holds the values of environment variables, and all of an outcome but its x: a message of
2000 characters, each escaped in at most 12 bytes, and a few numbers."""

RANKS = 2**31
"""Reported ranks are below this: no matrix has so many rows or columns."""


class WireError(Exception):
    """What arrived is no frame or no outcome."""


def new_key() -> int:
    """A key that nobody can guess: without it a solver that writes frames of its own into the pipe is not believed."""
    number: int = KEY.unpack(secrets.token_bytes(KEY.size))[0]
    return number


def frame(kind: bytes, content: bytes, key: int = 0) -> bytes:
    """One frame, ready to be written."""
    return _FRAME.pack(kind, len(content), zlib.crc32(content, key)) + content


class Frames:
    """Puts frames together from the pieces that a pipe delivers."""

    def __init__(self, key: int = 0, most: Callable[[bytes], int] = lambda _: MOST_BYTES) -> None:
        """`most` returns the longest content, in bytes, that a frame of a kind can have now."""
        self._buffer = bytearray()
        self._key = key
        self._most = most

    def feed(self, piece: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The frames that this piece completes, as kind and content; WireError at the first that is damaged."""
        self._buffer += piece
        start = 0
        while len(self._buffer) - start >= _FRAME.size:
            kind, length, checksum = _FRAME.unpack_from(self._buffer, start)
            if kind not in _FRAME_KINDS:
                raise WireError(f"{bytes(self._buffer[start : start + 40])!r} is no frame")
            if length > HEAD_BYTES and length > (most := self._most(kind)):  # to ask takes longer than to compare
                raise WireError(f"a frame of {length} bytes, where {most} are the most")
            end = start + _FRAME.size + length
            if len(self._buffer) < end:
                break
            content = bytes(self._buffer[start + _FRAME.size : end])
            if zlib.crc32(content, self._key) != checksum:
                raise WireError(f"{content[:40]!r} does not have the checksum it came with")
            start = end
            yield kind, content
        del self._buffer[:start]


def read_key(descriptor: int) -> int:
    """The key that arrives on a file descriptor before anything else; WireError if its other end is closed before."""
    found = b""
    while len(found) < KEY.size:
        piece = os.read(descriptor, KEY.size - len(found))
        if not piece:
            raise WireError("there is no key")
        found += piece
    number: int = KEY.unpack(found)[0]
    return number


FARTHEST = 1 << 12
"""Descriptors of a worker's pipe are below this number, or below the limit on open files."""


class Pipe:
    """The worker's end of its two pipes: requests come in, frames with its key go out.

    The descriptors are put at places that nobody knows and are not inherited by programs that a solver starts: one that
    writes to 3 and 4, or closes what is below 100, does not meet them. Whoever looks for them finds them.
    """

    def __init__(self, requests: int, replies: int) -> None:
        """Take over two descriptors; WireError if no key arrives on the first."""
        self._key = read_key(requests)
        self._requests, self._replies = (_hide(descriptor) for descriptor in (requests, replies))

    def send(self, kind: bytes, content: bytes) -> None:
        """Write one frame, however long that takes."""
        write_all(self._replies, frame(kind, content, self._key))

    def frames(self) -> Iterator[tuple[bytes, bytes]]:
        """The frames that arrive, until the other end is closed."""
        return read_frames(self._requests)


def _hide(descriptor: int) -> int:
    """Move a descriptor to a random place; programs that this process starts do not get it."""
    limit = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0] % 2**31 or FARTHEST, FARTHEST)  # % for no limit, -1
    try:
        hidden = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, limit // 8 + secrets.randbelow(3 * limit // 4))
    except OSError:  # there is no room
        os.set_inheritable(descriptor, False)
        return descriptor
    os.close(descriptor)
    return hidden


def read_frames(descriptor: int, key: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """The frames that arrive on a file descriptor, until its other end is closed."""
    frames = Frames(key)
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
    head |= {"message": message, "number": number, "derivatives": list(outcome.derivatives)}
    return pack(head, *([] if outcome.x is None else [outcome.x]), *outcome.derivatives.values())


def unpack_outcome(content: bytes) -> tuple[int, Outcome]:
    """The inverse of `pack_outcome`; WireError for other bytes."""
    try:
        head, arrays = unpack(content)
        for name, kinds in _KINDS.items():
            if type(head[name]) not in kinds:
                raise ValueError(f"{name} is {head[name]!r}")
        for name in _TIMES:
            if not 0.0 <= (head[name] or 0.0) < math.inf:
                raise ValueError(f"{name} is {head[name]}")
        head["message"].encode()  # half a surrogate pair is no text
        if not 0 <= (head["rank"] or 0) < RANKS:
            raise ValueError(f"the rank is {head['rank']}")
        names = head.pop("derivatives")
        if any(type(name) is not str for name in names):
            raise ValueError(f"derivatives are named {names!r}")
        first = len(arrays) - len(names)
        (x,) = arrays[:first] or (None,)
        status, cause = _STATUS[head.pop("status")], _CAUSE[head.pop("cause")]
        derivatives = dict(zip(names, arrays[first:], strict=True))
        return head.pop("number"), Outcome(status=status, cause=cause, x=x, derivatives=derivatives, **head)
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"an outcome that cannot be read: {error}") from error


_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("status", "cause", "message"), (str,)),
    **dict.fromkeys(("warned", "repeatable"), (bool,)),
    **dict.fromkeys(("seconds", "min_seconds", "first_call_seconds"), (float, type(None))),
    "rank": (int, type(None)),
    "spent": (float,),
    "number": (int,),
    "derivatives": (list,),
}
"""Entry of a packed outcome → the types that it may have; others are there if a solver has written into the bytes."""

_STATUS, _CAUSE = {status.value: status for status in Status}, {cause.value: cause for cause in Cause}
"""Word → status, and → cause: to look it up takes a fifth of the time that the enumeration does."""

_TIMES = ("seconds", "min_seconds", "first_call_seconds", "spent")
"""The entries of a packed outcome that are seconds."""


def pack_greeting(hello: dict[str, Any]) -> bytes:
    """What a process says that it runs on, as bytes."""
    return json.dumps(hello).encode()


def unpack_greeting(content: bytes) -> dict[str, Any]:
    """The inverse of `pack_greeting`; WireError for other bytes."""
    try:
        hello = json.loads(content)
        is_one = type(hello) is dict and hello.keys() == {"versions", "device", "flags", "threads"}
        is_one = is_one and type(hello["device"]) is str and all(_names_words(hello[n]) for n in ("versions", "flags"))
        if not (is_one and type(hello["threads"]) is list and all(map(_is_pool, hello["threads"]))):
            raise ValueError("it has another form")
        json.dumps(hello, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise WireError(f"a greeting that cannot be read: {error}") from error
    found: dict[str, Any] = hello
    return found


def _names_words(value: Any) -> bool:
    """Whether a value of JSON is an object of texts, some of which may be null."""
    return type(value) is dict and all(word is None or type(word) is str for word in value.values())


def _is_pool(value: Any) -> bool:
    """Whether a value of JSON describes a library that computes in threads."""
    if not (type(value) is dict and type(value.get("num_threads")) is int):
        return False
    return type(value.get("internal_api")) is str and all(type(v) in (str, int, type(None)) for v in value.values())
