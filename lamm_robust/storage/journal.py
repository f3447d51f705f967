"""The journal of a run: every attempt as it is made, in checksummed lines, and what a run resumes from.

The first line is a header: what must agree for numbers to stand side by side. Then come notes, and blocks: the facts of
a problem and a row per attempt at it. Each line carries the CRC-32 of its text and is handed to the operating system
at once, so that killing the run loses nothing that was written, and a line that was being written is made again.
Numbers are written as Python's shortest decimals, which read back to the same bits.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from lamm_robust.storage.files import replacing
from lamm_robust.storage.rows import record_of
from lamm_robust.values import BY, SUITE, HarnessError, Record, StoreError

JOURNAL = "journal.jsonl"
DAMAGED = "journal.damaged-{}.jsonl"
"""The journal as it was, for each repair."""

OF_PROBLEM = (
    *("problem", "digest", "family", "m", "n", "precision"),
    *("oracle", "rank", "kappa", "residual_ratio", "regime", "edge"),
)
"""Fields of a record that are the same for all attempts at a problem."""

OF_ATTEMPT = (
    *("library", "algorithm", "device", "promises", "status", "verdict", "warned", "repeatable", "cause"),
    *("message", "reported_rank", "seconds", "min_seconds", "first_call_seconds"),
)
"""The others, but for the scores, which follow in an object of their own, and the variant's name."""

Content = Mapping[str, Any]
Row = tuple[dict[str, Any], dict[str, float]]

_text = json.JSONEncoder(separators=(",", ":")).encode


def line_of(content: Content) -> bytes:
    """A journal line: the checksum in hexadecimal, a blank, JSON."""
    text = _text(content).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def content_of(line: bytes) -> dict[str, Any] | None:
    """What a journal line holds, or None if its checksum does not match or it holds no object."""
    checksum, _, text = line.removesuffix(b"\n").partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        return None
    content = json.loads(text)
    return content if isinstance(content, dict) else None


def block(records: Sequence[Record]) -> dict[str, Any]:
    """Attempts at one problem as plain JSON values."""
    attempts = [[*(getattr(r, name) for name in OF_ATTEMPT), r.scores] for r in records]
    return {"problem": [getattr(records[0], name) for name in OF_PROBLEM], "attempts": attempts}


def rows_of(content: Content) -> Iterator[Row]:
    """The attempts of a block, each as a row of plain values and its scores."""
    facts = dict(zip(OF_PROBLEM, content["problem"], strict=True))
    for *fields, scores in content["attempts"]:
        attempt = dict(zip(OF_ATTEMPT, fields, strict=True))
        variant = f"{attempt['library']}-{attempt['algorithm']}-{facts['precision']}-{attempt['device']}"
        yield {**facts, **attempt, "variant": variant}, scores


def records_of(content: Content) -> Iterator[Record]:
    """The records that `block` made the content of."""
    return (record_of(row, scores) for row, scores in rows_of(content))


def keys_of(content: Content) -> Iterator[str]:
    """The keys of a block's records, without making the records."""
    problem, precision = content["problem"][0], content["problem"][5]
    for library, algorithm, device, *_ in content["attempts"]:
        yield f"{problem}{BY}{library}-{algorithm}-{precision}-{device}"


def read_lines(path: Path, stream: IO[bytes], *, damaged: list[int] | None = None) -> Iterator[dict[str, Any]]:
    """What the whole lines of a journal hold, one after the other; a torn last line is left out.

    StoreError for the first damaged line, unless there is a list to put the numbers of damaged lines into.
    """
    stream.seek(0)
    for number, line in enumerate(stream, start=1):
        content = content_of(line)
        if content is not None and line.endswith(b"\n"):
            yield content
        elif not line.endswith(b"\n"):
            return
        elif damaged is None:
            raise StoreError(
                f"'{path}' is damaged in line {number}; `lamm-robust run` with --repair keeps the lines that are whole "
                "and makes the other attempts again, with --fresh it starts over"
            )
        else:
            damaged.append(number)


class Journal:
    """An open journal, which knows what is done and takes more."""

    def __init__(self, path: Path, header: Content, stream: IO[bytes], contents: Iterable[Content]) -> None:
        self.path = path
        self.header = header
        self.done: set[str] = set()
        """The keys of the records that were there when it was opened: a long run's own would fill the memory."""
        self.notes: list[dict[str, Any]] = []
        self._stream = stream
        for content in contents:
            if "note" in content:
                self.notes.append(content["note"])
            else:
                self._know(list(keys_of(content)))

    def _know(self, keys: Sequence[str]) -> None:
        if doubled := [key for key in keys if key in self.done]:
            raise StoreError(
                f"'{self.path}' holds '{doubled[0]}' twice; `lamm-robust run` with --repair keeps the first of them, "
                "with --fresh it starts over"
            )
        self.done.update(keys)

    def note(self, content: dict[str, Any]) -> None:
        """Write down plain JSON values that belong to the records around them."""
        self.notes.append(content)
        _write(self.path, self._stream, line_of({"note": content}))

    def append(self, records: Iterable[Record]) -> None:
        """Write records down and hand them to the operating system, so that killing this process loses nothing."""
        blocks = (block(list(members)) for _, members in itertools.groupby(records, key=lambda r: r.problem))
        _write(self.path, self._stream, b"".join(map(line_of, blocks)))

    def rows(self) -> Iterator[Row]:
        """All attempts as rows, read from the file again: a long run's do not fit in memory."""
        with self.path.open("rb") as stream, understood(self.path):
            for content in read_lines(self.path, stream):
                if "problem" in content:
                    yield from rows_of(content)

    def records(self) -> Iterator[Record]:
        """All records, read from the file again."""
        with understood(self.path):
            yield from (record_of(row, scores) for row, scores in self.rows())

    def written(self) -> Iterator[str]:
        """The keys of all records, read from the file again."""
        with self.path.open("rb") as stream, understood(self.path):
            for content in read_lines(self.path, stream):
                if "problem" in content:
                    yield from keys_of(content)

    def all(self, kind: str) -> list[dict[str, Any]]:
        """The notes of a kind, each once."""
        found: list[dict[str, Any]] = []
        for note in self.notes:
            if kind in note and note[kind] not in found:
                found.append(note[kind])
        return found

    def last(self, kind: str) -> dict[str, Any]:
        """The latest note of a kind, or an empty one."""
        return next((note[kind] for note in reversed(self.notes) if kind in note), {})


@contextlib.contextmanager
def understood(path: Path) -> Iterator[None]:
    """StoreError if what is done with a file fails: its checksums are right, so another version wrote it."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise StoreError(f"'{path}' holds what this version of lamm-robust does not write; start over") from error


@contextlib.contextmanager
def reading(directory: Path, *, held: bool = False) -> Iterator[Journal]:
    """The journal of a results directory, to be read only, and held against runs that would write to it.

    If it is already held by this process, `held` says so.

    StoreError if there is none, or it is damaged, held by a run, or of another version.
    """
    path = directory / JOURNAL
    with _opened(path) as stream:
        try:
            if not held:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"'{directory}' is held by a run; wait for it") from None
        yield _known(path, stream, read_header(directory))


def read_header(directory: Path) -> dict[str, Any]:
    """The header of the journal in a results directory; StoreError if there is none."""
    path = directory / JOURNAL
    with _opened(path) as stream:
        header = next(read_lines(path, stream), None)
    if header is None:
        raise StoreError(f"'{path}' is empty; expected the journal of a run")
    return header


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise StoreError(f"cannot read '{path}': {error.strerror}; expected the directory of a run") from error


def check_suite(directory: Path, header: Content) -> None:
    """StoreError unless a journal was made with this version's problems and thresholds."""
    if header.get("suite") != SUITE:
        raise StoreError(
            f"'{directory}' holds a run of suite {header.get('suite')}, and this is suite {SUITE}: "
            "its plan and its verdicts are others; use the version that made it"
        )


@contextlib.contextmanager
def open_journal(directory: Path, header: Content, *, fresh: bool = False) -> Iterator[Journal]:
    """Open or create the journal of a run, and hold its directory for the time being.

    StoreError if the directory cannot be written, is held by another run, holds damage, or holds a run under another
    header (suite, oracle, library versions), whose numbers must not be mixed with new ones.
    """
    path = directory / JOURNAL
    with _held(directory) as stream:
        if fresh:
            stream.truncate(0)
        _cut_torn_line(stream)
        if stream.seek(0, os.SEEK_END) == 0:
            _write(path, stream, line_of(header))
        yield _known(path, stream, header)
        os.fsync(stream.fileno())


@contextlib.contextmanager
def rewritten(directory: Path, header: Content) -> Iterator[Journal]:
    """A new journal that takes the place of what a directory holds, in one step, when the block succeeds.

    StoreError if the directory cannot be written or is held by a run.
    """
    path = directory / JOURNAL
    with _held(directory):
        try:
            with replacing(path) as temporary, temporary.open("w+b", buffering=0) as stream:
                _write(temporary, stream, line_of(header))
                yield Journal(temporary, header, stream, ())
                os.fsync(stream.fileno())
        finally:
            if path.stat().st_size == 0:  # there was none before, and there is none now
                path.unlink()


@contextlib.contextmanager
def _held(directory: Path) -> Iterator[IO[bytes]]:
    """The stream of the journal in a directory, which nobody else may write to for the time being."""
    path = directory / JOURNAL
    try:
        directory.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+b", buffering=0)
    except OSError as error:
        raise StoreError(f"cannot write to '{directory}': {error.strerror}; choose another --out") from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"'{directory}' is held by another run; wait for it or choose another --out") from None
        yield stream


def _known(path: Path, stream: IO[bytes], header: Content) -> Journal:
    """The journal of a stream that has this header."""
    with understood(path):
        return Journal(path, header, stream, _resumed(path, stream, header))


def _resumed(path: Path, stream: IO[bytes], header: Content) -> Iterator[Content]:
    """What is there after the header, which must be the one expected."""
    contents = read_lines(path, stream)
    found = next(contents)
    if found != header:
        changed = [name for name in header if found.get(name) != header[name]]
        raise StoreError(f"'{path.parent}' holds a run with other {', '.join(changed)}; use --fresh or another --out")
    yield from contents


def _cut_torn_line(stream: IO[bytes]) -> None:
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


def repair(directory: Path) -> list[int]:
    """Leave out of a journal the lines that are damaged or repeat others, and return their numbers; a copy is kept.

    StoreError if the header is among them: without it nobody can tell what the others are.
    """
    path, damaged, number, seen = directory / JOURNAL, list[int](), 0, set[str]()
    with _held(directory) as stream, understood(path), replacing(path) as temporary:
        _cut_torn_line(stream)
        with temporary.open("wb") as whole:
            for content in read_lines(path, stream, damaged=damaged):
                number = _next_whole(number, damaged)
                keys = list(keys_of(content)) if "attempts" in content else []
                if seen.isdisjoint(keys):
                    whole.write(line_of(content))
                else:
                    damaged.append(number)
                seen.update(keys)
        if 1 in damaged:
            raise StoreError(f"'{path}' is damaged in its first line, which says what was run; only --fresh can help")
        if damaged:
            copies = (path.with_name(DAMAGED.format(number)) for number in itertools.count(1))
            shutil.copyfile(path, next(copy for copy in copies if not copy.exists()))
    return sorted(damaged)


def _next_whole(number: int, damaged: Sequence[int]) -> int:
    """The first number after this one that is not among the damaged."""
    return next(following for following in itertools.count(number + 1) if following not in damaged)


def _write(path: Path, stream: IO[bytes], lines: bytes) -> None:
    """Append all of the lines, or none. HarnessError if the disk does not take them."""
    end = stream.seek(0, os.SEEK_END)
    try:
        view = memoryview(lines)
        while view:
            view = view[stream.write(view) :]
    except OSError as error:
        with contextlib.suppress(OSError):
            stream.truncate(end)
        raise HarnessError(
            f"cannot write to '{path}': {error.strerror}; what was written is safe: "
            "make room, and the same command goes on from there"
        ) from error
