"""Files that are whole or not there: written under another name, and renamed when they are complete."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from lamm_robust.values import HarnessError, StoreError


@contextlib.contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """A temporary path to write to: it takes the place of `path` when the block succeeds, and vanishes when it fails.

    HarnessError for an OSError in the block or at the end of it, such as that of a full disk.
    """
    # in the same directory, for only within a file system is a rename one step
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise HarnessError(
            f"cannot write '{path}': {error.strerror or error}; the journal has everything: "
            "make room, and the same command goes on from there"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


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
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise StoreError(f"'{path}' holds what this version of lamm-robust does not write; start over") from error
