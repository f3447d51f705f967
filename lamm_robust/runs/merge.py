"""Several results directories made into one: shards of a plan, or runs of one plan on several machines.

Nothing is written before everything is known to fit: the same suite, versions and code, the same plan, and where two
directories hold the same case, the same answer to the last bit, times apart. What is missing is named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from lamm_robust.runs import results
from lamm_robust.runs.plan import Selection, parse_selection
from lamm_robust.storage.files import refuse_other_versions
from lamm_robust.storage.journal import JOURNAL, check_suite, open_journal, read_header, read_journal, replace_journal
from lamm_robust.values import Record, StoreError

MACHINE = "processor"
"""The one entry of the header that may differ: shards run on whatever machines there are, and the tables name them."""


Notes = Sequence[Mapping[str, Any]]


def merge(directories: Sequence[Path], out: Path, console: Console) -> int:
    """Merge the journals of the directories into that of `out`, write its tables, and return the exit code.

    What `out` already holds stays and must fit too. StoreError if something does not; nothing is then written.
    """
    if out.resolve() in {directory.resolve() for directory in directories}:
        raise StoreError(f"'{out}' is both a source and the target; choose another --out")
    sources = [*directories, *([out] if (out / JOURNAL).exists() else [])]
    with refuse_other_versions(sources[0] / JOURNAL):
        header, runs = common_header(sources), checked(sources)
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


def untimed(record: Record) -> Record:
    """A record without what differs from run to run."""
    return replace(record, seconds=None, min_seconds=None, first_call_seconds=None)


@dataclass(frozen=True)
class Run:
    """What a journal says of the run that wrote it."""

    selection: Selection
    where: Mapping[str, Any]
    ways: Notes
    merged: Sequence[str]
    """Directories that were merged into it before."""
    ended: Mapping[str, Any]
    workers: Notes


def checked(directories: Sequence[Path]) -> list[Run]:
    """The runs of the directories; StoreError unless they are of one plan and agree wherever they overlap."""
    known: dict[str, tuple[bytes, Path]] = {}
    runs = []
    for directory in directories:
        with read_journal(directory) as source, refuse_other_versions(source.path):
            for record in source.records():
                mark = hashlib.blake2b(repr(untimed(record)).encode(), digest_size=16).digest()
                other, where = known.setdefault(record.key, (mark, directory))
                if other != mark:
                    raise StoreError(
                        f"'{where}' and '{directory}' cannot be merged: they hold other answers to '{record.key}'"
                    )
            ran = source.last_note("run")
            workers = [note for note in source.notes if "worker" in note]
            whole = parse_selection(ran["selection"]).whole()
            before = [name for names in source.notes_of("merged") for name in names]
            runs.append(Run(whole, ran["where"], source.notes_of("with"), before, source.last_note("ended"), workers))
        if runs[-1].selection != runs[0].selection:
            raise StoreError(
                f"'{directory}' and '{directories[0]}' cannot be merged: they are of other plans "
                f"({runs[-1].selection.title()}; {runs[0].selection.title()})"
            )
    return runs


def merged_notes(
    directories: Sequence[Path], header: Mapping[str, Any], runs: Sequence[Run]
) -> Iterator[dict[str, Any]]:
    """What the merged journal says of itself: one run of the whole plan, on all the machines."""
    seen: list[Mapping[str, Any]] = []
    for note in (note for run in runs for note in run.workers):
        what = {name: value for name, value in note["worker"].items() if name != "started"}
        if what not in seen:
            seen.append(what)
            yield dict(note)
    first, absent = runs[0], [run.ended.get("absent", {}) for run in runs]
    where = {**first.where, MACHINE: header[MACHINE]}
    yield {"run": {"selection": first.selection.facts(), "where": where}}
    yield from ({"with": ways} for run in runs for ways in run.ways)
    before = [name for run in runs for name in run.merged]
    yield {"merged": list(dict.fromkeys([*before, *map(str, directories)]))}
    everywhere = {name: why for name, why in absent[0].items() if all(name in one for one in absent)}
    refused = {key: why for run in runs for key, why in run.ended.get("refused", {}).items()}
    yield {"ended": {"absent": everywhere, "refused": refused}}
