"""Empty directories in which a user's own solver is called: what it writes under a bare name replaces nobody's file."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "lamm-robust-scratch-"


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """An empty directory that is deleted at the end of the block, with whatever is in it then."""
    directory = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        with _locked(directory):
            yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def sweep() -> None:
    """Delete the directories whose owner was killed."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), _locked(left):  # BlockingIOError: its owner lives
            shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Hold a lock on a directory, which the system releases at the end of this process; OSError if another has it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
