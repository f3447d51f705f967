"""Several results directories made into one: shards of a plan, or runs of one plan on several machines.

Nothing is written before everything is known to fit: the same suite, versions and code, the same plan, and where two
directories hold the same case, the same answer to the last bit, times apart. What is missing is named.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from lamm_robust.runs import results
from lamm_robust.runs.plan import Selection, parse_selection
from lamm_robust.storage.files import refuse_other_versions
from lamm_robust.storage.journal import (
    JOURNAL,
    Notes,
    check_suite,
    holds_twice,
    is_begun,
    open_journal,
    read_header,
    read_lines,
    replace_journal,
)
from lamm_robust.storage.lines import Content, keys_of, line_of, marks_of
from lamm_robust.values import StoreError

MARK_BITS = 128
"""Bits of the mark of an answer in `Owners`."""

MACHINE = "processor"
"""The one entry of the header that may differ: shards run on whatever machines there are, and the tables name them."""


def merge(directories: Sequence[Path], out: Path, console: Console) -> int:
    """Merge the journals of the directories into that of `out`, write its tables, and return the exit code.

    What `out` already holds stays, and must fit, too. StoreError if something does not fit; nothing is then written.
    """
    if out.resolve() in {directory.resolve() for directory in directories}:
        raise StoreError(f"'{out}' is both a source and the target; choose another --out")
    sources = [*directories, *([out] if is_begun(out) else [])]
    with refuse_other_versions(sources[0] / JOURNAL):
        header = common_header(sources)
        runs, owners = read_all(sources)
        with replace_journal(out, header) as merged:
            for number, directory in enumerate(sources):
                merged.copy(own_lines(read_lines(directory, locked=directory == out), directory, number, owners))
            for note in merged_notes(directories, header, runs):
                merged.note(note)
        del owners
        with open_journal(out, header) as journal:
            written = results.write(out, journal)
    return results.finish(written, console)


def common_header(directories: Sequence[Path]) -> dict[str, Any]:
    """The header that the runs share, with all their processors named; StoreError if they share none."""
    headers = [read_header(directory) for directory in directories]
    first = headers[0]
    check_suite(directories[0], first)
    for directory, header in zip(directories, headers, strict=True):
        other = [name for name in {**first, **header} if name != MACHINE and header.get(name) != first.get(name)]
        if other:
            raise StoreError(
                f"'{directory}' and '{directories[0]}' cannot be merged: they were made with other {', '.join(other)}"
            )
    processors = sorted({part for header in headers for part in header[MACHINE].split(" + ")})
    return {**first, MACHINE: " + ".join(processors)}


Owners = dict[bytes, int]
"""A digest of the key of each case → the number of the first directory that has it, and a mark of the answer there.

Keys and answers themselves would take a kilobyte each. Two of 10⁹ cases share a digest, and two answers a mark, with a
probability of 10⁻²⁰."""


def read_all(directories: Sequence[Path]) -> tuple[list[Notes], Owners]:
    """The notes of each journal, and which directory each case is taken from.

    StoreError unless all are of one plan, hold no case twice, and agree where several hold the same.
    """
    owners: Owners = {}
    found: list[Notes] = []
    for number, directory in enumerate(directories):
        notes = Notes()
        with refuse_other_versions(directory / JOURNAL):
            for _, content in read_lines(directory):
                if "note" in content:
                    notes.append(content["note"])
                    continue
                for key, mark in marks_of(content):
                    entry = number << MARK_BITS | int.from_bytes(mark, "big")
                    if (known := owners.setdefault(_digest(key), entry)) is not entry:
                        _check_same(key, known, entry, directories)
            found.append(notes)
            plan, first = whole_plan(notes), whole_plan(found[0])
            if plan != first:
                raise StoreError(
                    f"'{directory}' and '{directories[0]}' cannot be merged: they are of other plans "
                    f"({plan.title()}; {first.title()})"
                )
    return found, owners


def _digest(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=16).digest()


def _check_same(key: str, known: int, entry: int, directories: Sequence[Path]) -> None:
    """StoreError for a case that was met before, in the same directory or with another answer."""
    before, now = directories[known >> MARK_BITS], directories[entry >> MARK_BITS]
    if before == now:
        raise holds_twice(now / JOURNAL, key)
    if (known ^ entry) & ((1 << MARK_BITS) - 1):
        raise StoreError(f"'{before}' and '{now}' cannot be merged: they hold other answers to '{key}'")


def own_lines(lines: Iterable[tuple[bytes, Content]], directory: Path, number: int, owners: Owners) -> Iterator[bytes]:
    """The lines of a directory's journal with the attempts that are taken from it; StoreError if it has changed."""
    for line, content in lines:
        if "note" in content:
            continue
        try:
            own = [owners[_digest(key)] >> MARK_BITS == number for key in keys_of(content)]
        except KeyError:
            raise StoreError(f"'{directory}' was written to in the meantime; give the same command again") from None
        if all(own):
            yield line
        elif any(own):
            kept = list(itertools.compress(content["attempts"], own))
            yield line_of({**content, "attempts": kept}).removesuffix(b"\n")


def whole_plan(notes: Notes) -> Selection:
    """What the latest run of a journal selected; if that was a shard, what it is a shard of."""
    return parse_selection(notes.last("run")["selection"]).whole()


def _named(directory: Path) -> str:
    """A directory as it was given; without what is above it if that may be a home, which is nobody's business."""
    return directory.name if directory.is_absolute() or ".." in directory.parts else str(directory)


def merged_notes(
    directories: Sequence[Path], header: Mapping[str, Any], runs: Sequence[Notes]
) -> Iterator[dict[str, Any]]:
    """The notes of the merged journal: one run of the whole plan, on all the machines."""
    seen: list[Mapping[str, Any]] = []
    for worker in (worker for notes in runs for worker in notes.of("worker")):
        what = {name: value for name, value in worker.items() if name != "started"}
        if what not in seen:
            seen.append(what)
            yield {"worker": worker}
    where = {**runs[0].last("run")["where"], MACHINE: header[MACHINE]}
    yield {"run": {"selection": whole_plan(runs[0]).facts(), "where": where}}
    yield from ({"with": ways} for notes in runs for ways in notes.distinct("with"))
    before = [name for notes in runs for names in notes.of("merged") for name in names]
    yield {"merged": list(dict.fromkeys([*before, *map(_named, directories)]))}
    ended = [notes.last("ended") for notes in runs]
    absent = [one.get("absent", {}) for one in ended]
    everywhere = {name: why for name, why in absent[0].items() if all(name in one for one in absent)}
    refused = {key: why for one in ended for key, why in one.get("refused", {}).items()}
    yield {"ended": {"absent": everywhere, "refused": refused}}
