"""The one way to write a file: whole or not at all, under another name that is changed when the file is complete."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from lamm_robust.values import HarnessError, StoreError

_TEMPORARY = re.compile(r"\.(?P<name>.+)\.\d+\.\d+\.tmp", re.DOTALL)
"""The names of files that are being written: that of the file to be, the process, and when it began."""


@contextlib.contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """A temporary path to write to: it takes the place of `path` when the block succeeds, and vanishes when it fails.

    A link stays one, and a file keeps its permissions. What is no regular file, such as /dev/stdout, is written to
    itself. What killed writers of the same file have left goes. HarnessError for an OSError in the block or at the end
    of it, such as that of a full disk.
    """
    place = Path(os.path.realpath(path))
    try:
        if place.exists() and not place.is_file():
            yield place
            return
        sweep(place.parent, place.name)
        with temporary_beside(place) as temporary:
            yield temporary
            if place.exists():
                shutil.copymode(place, temporary)
    except OSError as error:
        raise HarnessError(
            f"cannot write '{path}': {error.strerror or error}; nothing is lost of what was there: "
            "make room or choose another place, and give the same command again"
        ) from error


@contextlib.contextmanager
def temporary_beside(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to, renamed to it when the block succeeds, and deleted when it fails; OSError."""
    with _beside(path) as temporary:
        yield temporary
        temporary.replace(path)


def create(path: Path, content: bytes) -> None:
    """Make a file, whole, unless there is one: of several that do so at once, the first does; OSError."""
    with _beside(path) as temporary:
        temporary.write_bytes(content)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        except OSError:  # a file system without such links: then the last one does
            temporary.replace(path)


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A new file beside `path`, which `sweep` leaves alone while the block runs, and which is gone at its end."""
    # in the same directory, for only within a file system is a rename one step
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}.tmp")
    with contextlib.ExitStack() as held:
        lock_new(temporary, held)
        try:
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)


def lock_new(path: Path, held: contextlib.ExitStack) -> None:
    """Make a file, and hold a lock on it that tells `sweep` that its writer lives; the system releases it."""
    while True:
        stream = held.enter_context(path.open("wb"))
        with contextlib.suppress(OSError):  # a file system without locks: then nothing is swept there
            fcntl.flock(stream, fcntl.LOCK_EX)
        if is_at(stream, path):  # and was not swept before it was locked
            return


def is_at(stream: IO[bytes], path: Path) -> bool:
    """Whether an open file is still the one at a path: it may have been deleted or replaced."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except OSError:
        return False


def sweep(directory: Path, name: str | None = None) -> None:
    """Delete what writers that were killed have left in a directory, of one file or, by default, of any."""
    with contextlib.suppress(OSError):
        for left in directory.iterdir():
            found = _TEMPORARY.fullmatch(left.name)
            if found and name in (None, found["name"]):
                with contextlib.suppress(OSError), open_regular(left) as stream:
                    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError: it is being written
                    left.unlink()


def open_regular(path: Path) -> IO[bytes]:
    """A regular file, open for reading; OSError for a link, a pipe, which might be waited for, and all else."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"'{path}' is no regular file")
    return open(descriptor, "rb", buffering=0)  # noqa: PTH123 - a descriptor


def require_place(option: str, path: Path) -> None:
    """ValueError that names the option unless a file may be written there: no directory, and in one that exists."""
    if path.is_dir():
        raise ValueError(f"{option} {path}: this is a directory; expected a file")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"{option} {path}: there is no directory '{path.parent}'")


def write_text(path: Path, text: str) -> None:
    """Replace a file by new text in one step; errors as `replace_file`."""
    with replace_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def refuse_other_versions(path: Path) -> Iterator[None]:
    """StoreError if the block cannot work with what was read from a file or directory.

    The checksums were right, so that nothing is damaged: another version has written it.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise StoreError(f"'{path}' holds what this version of lamm-robust does not write; start over") from error
