"""Files that are whole or not there: written under another name, and renamed when they are complete."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from lamm_robust.values import HarnessError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block succeeds, and vanishes when not.

    HarnessError if the disk does not take it.
    """
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
    """Replace a file by new text in one step."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
