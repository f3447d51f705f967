"""What can be saved of a damaged journal: every line that is whole, and a copy of the file as it was."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import IO

from lamm_robust.storage.files import refuse_other_versions, replace_file
from lamm_robust.storage.journal import JOURNAL, lock
from lamm_robust.storage.lines import Content, cut_torn_line, keys_of, line_of, parsed_lines
from lamm_robust.values import StoreError

DAMAGED = "journal.damaged-{}.jsonl"
"""The names of copies, one for each repair."""

CHECKSUM = 9
"""Bytes of a line before its text: eight digits and a blank."""

BLOCK = b'{"problem":'
"""What the text of a line with attempts begins with: a damaged line that does is no note, if no other is part of it."""


def repair(directory: Path) -> list[int]:
    """Leave what is damaged or repeats other lines out of a journal, and return the lines; a copy is kept.

    If a note may be among the damaged lines that says on which BLAS and device a worker ran, the attempts of workers
    without such a note are left out, too: with the next ones, on whatever is there now, they would not compare.
    StoreError if the header is damaged: without it nobody can tell what was run.
    """
    path, dropped, seen = directory / JOURNAL, list[int](), set[str]()
    with lock(directory) as stream, refuse_other_versions(path), replace_file(path) as temporary:
        cut_torn_line(stream)
        known = _workers(stream)
        with temporary.open("wb") as whole:
            for number, (line, content) in enumerate(parsed_lines(stream), start=1):
                keys = list(keys_of(content)) if content and "attempts" in content else []
                kept = content if content is None or known is None else _made_by(known, content)
                if content is None or not seen.isdisjoint(keys) or kept != content:
                    dropped.append(number)
                if kept and seen.isdisjoint(keys):
                    whole.write(line + b"\n" if kept == content else line_of(kept))
                seen.update(keys)
        if 1 in dropped:
            raise StoreError(f"'{path}' is damaged in its first line, which says what was run; only --fresh can help")
        if dropped:  # copied before the new file takes its place, so that a kill in between loses nothing
            copies = (path.with_name(DAMAGED.format(number)) for number in itertools.count(1))
            _copy(path, next(copy for copy in copies if not copy.exists()))
    return dropped


def _copy(path: Path, copy: Path) -> None:
    with replace_file(copy) as temporary:
        shutil.copyfile(path, temporary)


def _workers(stream: IO[bytes]) -> set[str] | None:
    """The workers of which a note says what they ran on; None if no such note can be among the damaged lines."""
    found, lost = set[str](), False
    for line, content in parsed_lines(stream):
        if content is None:
            lost |= BLOCK not in line[: len(BLOCK) + CHECKSUM] or b'"note":' in line
        elif "worker" in content.get("note", ()):
            found.add(content["note"]["worker"]["name"])
    return found if lost else None


def _made_by(workers: set[str], content: Content) -> Content | None:
    """A line without the attempts of other workers; None if nothing is left of it."""
    if "attempts" not in content:
        return content
    precision = content["problem"][5]
    made = [one for one in content["attempts"] if f"{one[0]} {precision} {one[2]}" in workers]
    return {**content, "attempts": made} if made else None
