"""What can be saved of a damaged journal: every line that is whole, and a copy of the file as it was."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

from lamm_robust.storage.files import refuse_other_versions, replace_file
from lamm_robust.storage.journal import JOURNAL, lock
from lamm_robust.storage.lines import cut_torn_line, keys_of, line_of, number_lines
from lamm_robust.values import StoreError

DAMAGED = "journal.damaged-{}.jsonl"
"""The names of copies, one for each repair."""


def repair(directory: Path) -> list[int]:
    """Leave the lines that are damaged or repeat others out of a journal, and return their numbers; a copy is kept.

    StoreError if the header is among them: without it nobody can tell what was run.
    """
    path, dropped, seen = directory / JOURNAL, list[int](), set[str]()
    with lock(directory) as stream, refuse_other_versions(path), replace_file(path) as temporary:
        cut_torn_line(stream)
        with temporary.open("wb") as whole:
            for number, content in number_lines(stream):
                keys = list(keys_of(content)) if content and "attempts" in content else []
                if content is None or not seen.isdisjoint(keys):
                    dropped.append(number)
                else:
                    whole.write(line_of(content))
                seen.update(keys)
        if 1 in dropped:
            raise StoreError(f"'{path}' is damaged in its first line, which says what was run; only --fresh can help")
        if dropped:  # copied before the new file takes its place, so that a kill in between loses nothing
            copies = (path.with_name(DAMAGED.format(number)) for number in itertools.count(1))
            shutil.copyfile(path, next(copy for copy in copies if not copy.exists()))
    return dropped
