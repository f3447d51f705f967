"""Several results directories made into one: shards of a plan, or runs of one plan on several machines.

Nothing is written before everything is known to fit: the same suite, versions and code, the same plan, and where two
directories hold the same case, the same answer to the last bit, times apart. What is missing is named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
    is_begun,
    open_journal,
    read_header,
    read_journal,
    replace_journal,
)
from lamm_robust.values import Record, StoreError

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
        header, runs = common_header(sources), read_notes(sources)
        with replace_journal(out, header) as merged:
            taken: set[str] = set()
            for directory in sources:
                with read_journal(directory, locked=directory == out) as source:
                    merged.append(record for record in source.records() if record.key not in taken)
                    taken |= source.done
            for note in merged_notes(directories, header, runs):
                merged.note(note)
        with open_journal(out, header) as journal:
            written = results.write(out, journal)
    results.show(written, console)
    return results.conclude(written, console)


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


def read_notes(directories: Sequence[Path]) -> list[Notes]:
    """The notes of each journal; StoreError unless all are of one plan, and agree where they hold the same case."""
    known: dict[str, tuple[bytes, Path]] = {}
    found: list[Notes] = []
    for directory in directories:
        with read_journal(directory) as source, refuse_other_versions(source.path):
            for record in source.records():
                mark = hashlib.blake2b(repr(without_times(record)).encode(), digest_size=16).digest()
                other, where = known.setdefault(record.key, (mark, directory))
                if other != mark:
                    raise StoreError(
                        f"'{where}' and '{directory}' cannot be merged: they hold other answers to '{record.key}'"
                    )
            found.append(source.notes)
            plan, first = whole_plan(source.notes), whole_plan(found[0])
            if plan != first:
                raise StoreError(
                    f"'{directory}' and '{directories[0]}' cannot be merged: they are of other plans "
                    f"({plan.title()}; {first.title()})"
                )
    return found


def without_times(record: Record) -> Record:
    """A record without its times, which differ from run to run."""
    return replace(record, seconds=None, min_seconds=None, first_call_seconds=None)


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
