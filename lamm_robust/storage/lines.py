"""The lines of a journal: JSON behind its checksum, and blocks of attempts as JSON.

A line is the CRC-32 of its text in hexadecimal, a blank, and the text. A block holds the facts of a problem once and a
row for each attempt at it. Numbers are written as Python's shortest decimals, which read back to the same bits.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import operator
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from lamm_robust.storage.rows import FIELDS, TIMES, WORDS
from lamm_robust.values import BY, HarnessError, Record, StoreError

OF_PROBLEM = (
    *("problem", "digest", "family", "m", "n", "precision"),
    *("oracle", "rank", "kappa", "kappa_columns", "column_ratio", "residual_ratio", "regime", "edge"),
)
"""The fields of a record that all attempts at a problem share."""

OF_ATTEMPT = (
    *("library", "algorithm", "device", "promises", "status", "verdict", "warned", "repeatable", "cause"),
    *("message", "reported_rank", *TIMES),
)
"""The fields of a record that each attempt has of its own; the scores follow them, and the variant's name is left out,
since other fields make it up."""

Content = Mapping[str, Any]
"""What a line holds: plain JSON values by name."""

Row = tuple[dict[str, Any], dict[str, float]]
"""The fields of a record, and its scores."""

CHUNK = 1 << 20
"""Bytes that are read at a time: some thousand attempts, for a thousandth of what it takes to parse them."""

LONGEST = 64
"""Chunks in the longest line: a thousand times what the attempts at one problem take."""

_encode = json.JSONEncoder(separators=(",", ":")).encode


def line_of(content: Content) -> bytes:
    """The journal line that holds a content."""
    text = _encode(content).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def content_of(line: bytes) -> dict[str, Any] | None:
    """The content of a journal line, without its end; None if its checksum does not match or it holds no object."""
    checksum, _, text = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):  # no JSON, or deeper than anything that we write
        return None
    return content if isinstance(content, dict) else None


def block(records: Sequence[Record]) -> dict[str, Any]:
    """The content that holds attempts at one problem."""
    attempts = [[*(getattr(r, name) for name in OF_ATTEMPT), r.scores] for r in records]
    return {"problem": [getattr(records[0], name) for name in OF_PROBLEM], "attempts": attempts}


def rows_of(content: Content) -> Iterator[Row]:
    """The attempts of a block as rows of plain values."""
    facts = dict(zip(OF_PROBLEM, content["problem"], strict=True))
    for *fields, scores in content["attempts"]:
        attempt = dict(zip(OF_ATTEMPT, fields, strict=True))
        variant = f"{attempt['library']}-{attempt['algorithm']}-{facts['precision']}-{attempt['device']}"
        yield {**facts, **attempt, "variant": variant}, scores


def records_of(content: Content) -> Iterator[Record]:
    """The records that `block` made a content of; LookupError or ValueError if it is of another version.

    Fields are put into their order by their places: by their names it would take twice as long.
    """
    problem, precision = _with_members(content["problem"], _PROBLEM), content["problem"][5]
    for *fields, scores in content["attempts"]:
        library, algorithm, device, *_ = fields
        variant = f"{library}-{algorithm}-{precision}-{device}"
        yield _record(*_in_order((*problem, *_with_members(fields, _ATTEMPT), variant)), scores)


_Members = tuple[int, list[tuple[int, dict[str, Any]]]]
"""The number of some fields, and the places among them that hold words of an enumeration, with its members by word."""


def _members(names: Sequence[str]) -> _Members:
    kinds = {name: kind for name, kind in WORDS.items() if name in names}
    return len(names), [(names.index(name), dict(kind._value2member_map_)) for name, kind in kinds.items()]


def _with_members(values: Sequence[Any], members: _Members) -> list[Any]:
    """The values, with members of enumerations in the place of their words."""
    count, kinds = members
    if len(values) != count:
        raise ValueError(f"there are {len(values)} fields instead of {count}")
    found = list(values)
    for place, by_word in kinds:
        found[place] = by_word[values[place]]
    return found


_PROBLEM, _ATTEMPT = _members(OF_PROBLEM), _members(OF_ATTEMPT)
_WRITTEN = (*OF_PROBLEM, *OF_ATTEMPT, "variant")
_record: Callable[..., Record] = Record
_in_order = operator.itemgetter(*(_WRITTEN.index(field.name) for field in FIELDS))


def keys_of(content: Content) -> Iterator[str]:
    """The keys of the records in a block, without making the records."""
    problem, precision = content["problem"][0], content["problem"][5]
    for library, algorithm, device, *_ in content["attempts"]:
        yield f"{problem}{BY}{library}-{algorithm}-{precision}-{device}"


def marks_of(content: Content) -> Iterator[tuple[str, bytes]]:
    """The keys of the records in a block, each with a digest of all that it says but times, which differ each time."""
    problem = hashlib.blake2b(repr(content["problem"]).encode(), digest_size=16)
    for key, (*fields, scores) in zip(keys_of(content), content["attempts"], strict=True):
        mark = problem.copy()
        mark.update(repr((fields[: -len(TIMES)], scores)).encode())
        yield key, mark.digest()


def parsed_lines(stream: IO[bytes]) -> Iterator[tuple[bytes, dict[str, Any] | None]]:
    """Each line of a journal, and its content, or None if it is damaged; a torn last line is left out."""
    return ((line, content_of(line)) for line in whole_lines(stream))


def whole_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """The lines of a journal from its beginning, without their ends; a torn last line is left out.

    The stream may have no buffer: a line at a time, it would be read by as many system calls as it has bytes.
    """
    stream.seek(0)
    parts: list[bytes] = []
    while chunk := stream.read(CHUNK):
        first, *others = chunk.split(b"\n")
        parts = [*parts, first] if len(parts) < LONGEST else [b""]  # which has no checksum, and so is damaged
        if others:
            yield b"".join(parts)
            *whole, last = others
            yield from whole
            parts = [last]


def read(path: Path, stream: IO[bytes]) -> Iterator[dict[str, Any]]:
    """The contents of the lines of a journal, a torn last line left out; StoreError for the first damaged line."""
    return (content for _, content in read_lines(path, stream))


def read_lines(path: Path, stream: IO[bytes]) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """The lines of a journal with their contents; as `read`."""
    for number, (line, content) in enumerate(parsed_lines(stream), start=1):
        if content is None:
            raise StoreError(
                f"'{path}' is damaged in line {number}; `lamm-robust run` with --repair keeps the lines that are whole "
                "and makes the other attempts again, with --fresh it starts over"
            )
        yield line, content


def append(path: Path, stream: IO[bytes], lines: bytes) -> None:
    """Write all of the lines at the end of a journal, or none of them; HarnessError if the disk does not take them."""
    end = stream.seek(0, os.SEEK_END)
    try:
        view = memoryview(lines)
        while view:  # an unbuffered stream may take a part only
            view = view[stream.write(view) :]
    except OSError as error:
        with contextlib.suppress(OSError):
            stream.truncate(end)
        raise HarnessError(
            f"cannot write to '{path}': {error.strerror}; what was written is safe: "
            "make room, and the same command goes on from there"
        ) from error


def cut_torn_line(stream: IO[bytes]) -> None:
    """Cut off what follows the last line end: the run was killed while writing it, and its attempts are made again."""
    end = stream.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - (1 << 16))
        stream.seek(start)
        newline = stream.read(end - start).rfind(b"\n")
        if newline >= 0:
            stream.truncate(start + newline + 1)
            return
        end = start
    stream.truncate(0)
