"""The journal of a run: every attempt as it is made, and what a run resumes from.

The first line is a header: what must agree for numbers to stand side by side. Then come notes and blocks of attempts;
`lines` says what they look like. Each line is handed to the operating system at once, so that killing the run loses
nothing that was written, and whatever was being written is made again.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar

from lamm_robust.storage import lines
from lamm_robust.storage.files import is_at, refuse_other_versions, replace_file, sweep
from lamm_robust.storage.lines import Content, Row
from lamm_robust.values import SUITE, HarnessError, Record, StoreError

T = TypeVar("T")

JOURNAL = "journal.jsonl"


class Notes(list[dict[str, Any]]):
    """The notes of a journal in their order, each a dictionary with its kind as the key of plain JSON values."""

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The values of all notes of a kind."""
        return [note[kind] for note in self if kind in note]

    def distinct(self, kind: str) -> list[dict[str, Any]]:
        """The values of the notes of a kind, equal ones once."""
        found: list[dict[str, Any]] = []
        for value in self.of(kind):
            if value not in found:
                found.append(value)
        return found

    def last(self, kind: str) -> dict[str, Any]:
        """The value of the latest note of a kind; empty if there is none."""
        return next(reversed(self.of(kind)), {})


class Journal:
    """An open journal, which knows what is done and takes more."""

    def __init__(self, path: Path, header: Content, stream: IO[bytes], contents: Iterable[Content]) -> None:
        """`contents` are those of the lines that follow the header."""
        self.path = path
        self.header = header
        self.done: set[str] = set()
        """The keys of the records that were there when it was opened: a long run's own would fill the memory."""
        self.notes = Notes()
        self._stream = stream
        self._grown = False
        for content in contents:
            if "note" in content:
                self.notes.append(content["note"])
                continue
            keys = list(lines.keys_of(content))
            if doubled := [key for key in keys if key in self.done]:
                raise holds_twice(path, doubled[0])
            self.done.update(keys)

    def note(self, content: dict[str, Any]) -> None:
        """Write down plain JSON values that belong to the records around them."""
        self.notes.append(content)
        self._write(lines.line_of({"note": content}))

    def append(self, records: Iterable[Record]) -> None:
        """Write records down and hand them to the operating system, so that killing this process loses nothing."""
        self._grown = True
        blocks = (lines.block(list(members)) for _, members in itertools.groupby(records, key=lambda r: r.problem))
        self._write(b"".join(map(lines.line_of, blocks)))

    def _write(self, text: bytes) -> None:
        """Write lines at the end; HarnessError if the file is not where it was, for nobody would find what is written.

        Someone has deleted or replaced it: it is looked at each time, so that a run does not go on for nothing.
        """
        if not is_at(self._stream, self.path):
            raise HarnessError(
                f"'{self.path}' was deleted or replaced by another process while this one wrote to it; "
                "the same command goes on from what is there"
            )
        lines.append(self.path, self._stream, text)

    def copy(self, written: Iterable[bytes]) -> None:
        """Write lines of another journal down as they are, some mebibytes at a time."""
        self._grown = True
        waiting, size = list[bytes](), 0
        for line in written:
            waiting += line, b"\n"
            size += len(line)
            if size > lines.CHUNK:
                self._write(b"".join(waiting))
                waiting, size = [], 0
        self._write(b"".join(waiting))

    def rows(self) -> Iterator[Row]:
        """All attempts as rows of plain values."""
        return self._read(lines.rows_of)

    def records(self) -> Iterator[Record]:
        """All attempts as records."""
        return self._read(lines.records_of)

    def case_keys(self) -> Iterator[str]:
        """The keys of all attempts."""
        return self._read(lines.keys_of)

    def keys(self) -> set[str]:
        """The keys of all attempts, in memory: those of when it was opened, unless it has grown since."""
        return set(self.case_keys()) if self._grown else self.done

    def _read(self, parse: Callable[[Content], Iterator[T]]) -> Iterator[T]:
        """What `parse` makes of every block; the file is read again, for a long run's records do not fit in memory."""
        with self.path.open("rb") as stream, refuse_other_versions(self.path):
            for content in lines.read(self.path, stream):
                if "problem" in content:
                    yield from parse(content)


def holds_twice(path: Path, key: str) -> StoreError:
    """The error for a journal with two records of the same case."""
    return StoreError(
        f"'{path}' holds '{key}' twice; `lamm-robust run` with --repair keeps the first of them, "
        "with --fresh it starts over"
    )


@contextlib.contextmanager
def open_journal(directory: Path, header: Content, *, fresh: bool = False) -> Iterator[Journal]:
    """Open or create the journal of a run, and keep other runs out of its directory as long as it is open.

    StoreError if the directory cannot be written, is held by another run, holds damage, or holds a run under another
    header (suite, oracle, library versions), whose numbers must not be mixed with new ones.
    """
    path = directory / JOURNAL
    with lock(directory) as stream:
        if fresh:
            stream.truncate(0)
        lines.cut_torn_line(stream)
        if stream.seek(0, os.SEEK_END) == 0:
            lines.append(path, stream, lines.line_of(header))
        yield _resume(path, stream, header)
        os.fsync(stream.fileno())  # the lines survive a kill of this process anyway; now they survive a power cut


@contextlib.contextmanager
def read_journal(directory: Path, *, locked: bool = False) -> Iterator[Journal]:
    """The journal of a results directory, to be read only; no run can write to it as long as it is open.

    `locked` says that this process holds the lock already: by another descriptor, which would keep this one out.
    StoreError if there is no journal, or it is damaged, held by a run, or of another version.
    """
    with _shared(directory, locked=locked) as stream:
        yield _resume(directory / JOURNAL, stream, read_header(directory))


def read_lines(directory: Path, *, locked: bool = False) -> Iterator[tuple[bytes, Content]]:
    """The lines of the journal in a directory after the first, with their contents; as `read_journal`.

    Nothing of it is kept in memory, and what it may hold twice is not noticed.
    """
    with _shared(directory, locked=locked) as stream:
        yield from itertools.islice(lines.read_lines(directory / JOURNAL, stream), 1, None)


@contextlib.contextmanager
def _shared(directory: Path, *, locked: bool) -> Iterator[IO[bytes]]:
    """The stream of the journal in a directory, to be read; no run can write to it in the meantime."""
    with _open_existing(directory / JOURNAL) as stream:
        try:
            if not locked:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"'{directory}' is held by a run; wait for it") from None
        yield stream


@contextlib.contextmanager
def replace_journal(directory: Path, header: Content) -> Iterator[Journal]:
    """A new journal that takes the place of what a directory holds, in one step, when the block succeeds.

    StoreError if the directory cannot be written or is held by a run.
    """
    path = directory / JOURNAL
    with lock(directory):
        try:
            with replace_file(path) as temporary, temporary.open("w+b", buffering=0) as stream:
                lines.append(temporary, stream, lines.line_of(header))
                yield Journal(temporary, header, stream, ())
                os.fsync(stream.fileno())  # before the rename, which may reach the disk earlier than what it names
        finally:
            if not is_begun(directory):  # there was no journal: locking has made an empty one
                path.unlink(missing_ok=True)


def is_begun(directory: Path) -> bool:
    """Whether a directory has a journal with a first line: one without was left by a process that was killed before."""
    path = directory / JOURNAL
    if not path.exists():
        return False
    with _open_existing(path) as stream:
        return next(lines.whole_lines(stream), None) is not None


def read_header(directory: Path) -> dict[str, Any]:
    """The header of the journal in a results directory; StoreError if there is none."""
    path = directory / JOURNAL
    with _open_existing(path) as stream:
        header = next(lines.read(path, stream), None)
    if header is None:
        raise StoreError(f"'{path}' is empty; expected the journal of a run")
    return header


def check_suite(directory: Path, header: Content) -> None:
    """StoreError unless a journal was made with this version's problems and thresholds."""
    if header.get("suite") != SUITE:
        raise StoreError(
            f"'{directory}' holds a run of suite {header.get('suite')}, and this is suite {SUITE}: "
            "its plan and its verdicts are others; use the version that made it"
        )


@contextlib.contextmanager
def lock(directory: Path) -> Iterator[IO[bytes]]:
    """The stream of the journal in a directory, made if need be; nobody else can open the journal in the meantime.

    StoreError if the directory cannot be written or is held by another run. The system releases the lock of a process
    that is killed.
    """
    path = directory / JOURNAL
    while True:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            stream = path.open("a+b", buffering=0)  # does not empty it: only whoever has the lock may do that
        except OSError as error:
            raise StoreError(f"cannot write to '{directory}': {error.strerror}; choose another --out") from error
        with stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreError(f"'{directory}' is held by another run; wait for it or choose another --out") from None
            if not is_at(stream, path):  # a merge or a repair has put a new file there since it was opened
                continue
            if not path.is_file():
                raise StoreError(f"'{path}' is no regular file; choose another --out")
            sweep(directory)
            yield stream
            return


def _open_existing(path: Path) -> IO[bytes]:
    try:
        if path.exists() and not path.is_file():  # to open a pipe might take for ever
            raise StoreError(f"'{path}' is no regular file; expected the directory of a run")
        return path.open("rb")
    except OSError as error:
        raise StoreError(f"cannot read '{path}': {error.strerror}; expected the directory of a run") from error


def _resume(path: Path, stream: IO[bytes], header: Content) -> Journal:
    """The journal in a stream, which must begin with this header."""
    with refuse_other_versions(path):
        contents = lines.read(path, stream)
        found = next(contents)
        if found != header:
            changed = [name for name in header if found.get(name) != header[name]]
            raise StoreError(
                f"'{path.parent}' holds a run with other {', '.join(changed)}; use --fresh or another --out"
            )
        return Journal(path, header, stream, contents)
