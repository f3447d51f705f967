"""One run of a profile: plan, resume, sweep with a progress bar, and write everything that a reader needs.

The results directory then holds `journal.jsonl` (what the run resumes from), `records.parquet` (one row per
attempt), `leaderboard.md` and `.csv`, `failures.md`, `report.html`, `environment.json` and `manifest.sha256`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from lamm_robust import catalog
from lamm_robust.console import progress
from lamm_robust.defaults import CASE_MEMORY, CASE_SECONDS, Exit
from lamm_robust.provenance import environment
from lamm_robust.runs import results
from lamm_robust.runs.plan import Selection
from lamm_robust.runs.standings import Standings
from lamm_robust.runs.sweep import sweep
from lamm_robust.scoring.records import Done, Undone
from lamm_robust.storage import findings
from lamm_robust.storage.cache import Cache, default_directory
from lamm_robust.storage.journal import Journal, open_journal
from lamm_robust.storage.repair import repair
from lamm_robust.text import duration, inert
from lamm_robust.values import (
    DIFFERENTIATED,
    HUNTED,
    SUITE,
    AbsentError,
    Answer,
    Case,
    Outcome,
    Status,
    StoreError,
    Variant,
)
from lamm_robust.workers.derivatives import WAYS
from lamm_robust.workers.opening import Hello, Workers


def default_workers() -> int:
    """Half of the cores that this process may use: the other half is for itself, and for undisturbed times."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, cores // 2)


@dataclass(frozen=True)
class Campaign:
    """What to run, how, and where to keep it."""

    selection: Selection
    oracle: str
    out: Path
    fresh: bool = False
    repair: bool = False
    workers: int = 1
    case_seconds: float = CASE_SECONDS
    case_memory: int = CASE_MEMORY

    @property
    def differentiates(self) -> bool:
        """Whether solvers are differentiated, too."""
        return self.selection.profile == DIFFERENTIATED.name

    def header(self, where: Mapping[str, Any]) -> dict[str, Any]:
        """The header of the journal: only a run with an equal header can resume it, since numbers would not compare."""
        made = {name: where[name] for name in ("versions", "code", "processor", "flags")}
        limits = {"case seconds": self.case_seconds, "case memory": self.case_memory}
        return {"suite": SUITE, "profile": self.selection.profile, "oracle": self.oracle, **made, "limits": limits}


def run(campaign: Campaign, console: Console) -> int:
    """Run what is not yet done, write the tables, and return the exit code."""
    cases = campaign.selection.cases()
    absent = _absent(dict.fromkeys(case.variant for case in cases))
    possible = [case for case in cases if case.variant not in absent]
    if not possible:
        return _say_nothing_ran(_first_reason(absent, [], _empty(campaign.selection)), console)
    where, started = environment(), time.perf_counter()
    if campaign.repair:
        _repair(campaign.out, console)
    undone: list[Undone] = []
    with open_journal(campaign.out, campaign.header(where), fresh=campaign.fresh) as journal:
        journal.note({"run": {"selection": campaign.selection.facts(), "where": where}})
        todo = [case for case in possible if str(case) not in journal.done]
        if 0 < len(todo) < len(possible):
            done = f"{len(possible) - len(todo)} of {len(possible)} attempts are done"
            console.print(f"resuming {campaign.out}: {done}", markup=False)
        if todo:
            journal.note({"with": {"workers": campaign.workers}})
        else:  # what an earlier run lacked is not what this selection lacks
            _note_end(absent, undone, journal)
        finished = not todo or _sweep(campaign, todo, absent, undone, journal, console)
        lost = {one.case.variant for one in undone if one.absent}  # whose records, if any, are of an earlier run
        if {str(case) for case in possible if case.variant not in lost}.isdisjoint(journal.case_keys()):
            if finished:
                return _say_nothing_ran(_first_reason(absent, undone, "no attempt was made"), console)
            console.print("stopped before the first attempt was written down; the same command goes on", style="bold")
            return Exit.INTERRUPTED
        written = results.write(campaign.out, journal, cases)
    results.show(written, console)
    code: int = Exit.DONE
    if todo:
        code = _conclude(written, finished, time.perf_counter() - started, console)
    else:
        console.print(f"nothing was left to do: all {written.planned} attempts are done")
    results.show_page(written, console)
    return code


def _absent(variants: Iterable[Variant]) -> dict[Variant, AbsentError]:
    """The variants that cannot be measured here, with the reason."""
    reasons = {variant: catalog.absent(catalog.LIBRARY[variant.library], variant.device) for variant in variants}
    return {variant: why for variant, why in reasons.items() if why}


def _first_reason(absent: Mapping[Variant, AbsentError], undone: Sequence[Undone], otherwise: str) -> str:
    """Why nothing ran, in words: what is absent, with what would help, or else `otherwise`."""
    for why in absent.values():
        return why.sentence + ("; docs/setup.md says how to add it" if why.installable else "")
    return next((one.why for one in undone if one.absent), otherwise)


def _repair(out: Path, console: Console) -> None:
    dropped = repair(out)
    lines = ", ".join(map(str, dropped[: results.FEW])) + (", …" if len(dropped) > results.FEW else "")
    said = f"{len(dropped)} lines left out ({lines}), a copy is kept" if dropped else "nothing was damaged"
    console.print(f"repaired {out}: {said}", markup=False, highlight=False)


def _empty(selection: Selection) -> str:
    hunted = f"hunts have left nothing of that kind in {findings.DIRECTORY}"
    return hunted if selection.profile == HUNTED.name else "the selection is empty"


def _say_nothing_ran(why: str, console: Console) -> int:
    console.print(f"nothing ran: {inert(why)}", style="bold red", highlight=False, markup=False)
    return Exit.NOTHING_RAN


def _sweep(
    campaign: Campaign,
    todo: Sequence[Case],
    absent: Mapping[Variant, AbsentError],
    undone: list[Undone],
    journal: Journal,
    console: Console,
) -> bool:
    """Run the cases into the journal under a progress bar, and add to `undone`; False if it was stopped."""
    cache = Cache(default_directory())
    suspects = _suspects(todo, journal)
    doubted = {answer.case for answer in suspects}
    seconds, memory, differentiated = campaign.case_seconds, campaign.case_memory, campaign.differentiates
    if differentiated:  # a case is so many calls more, each of which may compile
        seconds *= 1 + len(WAYS)
    with Workers(catalog.LIBRARY, case_seconds=seconds, case_memory=memory, on_hello=greeter(journal)) as workers:
        batches = sweep(
            [case for case in todo if case not in doubted],
            catalog.find_solver,
            catalog.truths(campaign.oracle, cache, directions=differentiated),
            workers.open,
            slots=campaign.workers,
            suspects=suspects,
            on_suspect=lambda answer: journal.note(_suspect(answer)),
        )
        try:
            _watch(batches, Standings.planned(todo), undone, journal, console)
        except KeyboardInterrupt:
            return False
        except AbsentError as error:  # a worker that had to be replaced has not started again
            console.print(inert(error), style="bold red", highlight=False, markup=False)
            return False
        finally:
            _note_end(absent, undone, journal)
            cache.trim()
    if cache.directory:
        console.print(f"truth is kept in {cache}", markup=False, highlight=False, soft_wrap=True)
    return True


def _note_end(absent: Mapping[Variant, AbsentError], undone: Sequence[Undone], journal: Journal) -> None:
    """Write down which variants could not be measured and which problems not certified, with the reasons."""
    missing = {str(variant): why.sentence for variant, why in absent.items()}
    missing |= {str(one.case.variant): one.why for one in undone if one.absent}
    refused = {str(one.case.key): one.why for one in undone if not one.absent}
    journal.note({"ended": {"absent": missing, "refused": refused}})


stop_signals: list[int] = []
"""The signals that have asked this process to stop."""


def interrupt(number: int, _frame: object) -> None:
    """Stop when a signal arrives: a handler for `signal.signal`."""
    stop_signals.append(number)  # compiled code may swallow the exception: then the run stops after the next batch
    raise KeyboardInterrupt


def _watch(
    batches: Iterable[list[Done | Undone]],
    standings: Standings,
    undone: list[Undone],
    journal: Journal,
    console: Console,
) -> None:
    """Write the records down as they come, add to `undone`, and show how far the run is, and how solvers do."""
    total = sum(standing.planned for standing in standings.of.values())
    above = partial(standings.table, console.height)
    with progress(total, "starting", unit="attempts", console=console, live=False, above=above) as steps:
        for batch in batches:
            if stop_signals:
                raise KeyboardInterrupt
            records = [one.record for one in batch if isinstance(one, Done)]
            undone += [one for one in batch if isinstance(one, Undone)]
            journal.append(records)
            standings.add(batch)
            for line in standings.ended():
                if not console.is_terminal:
                    console.print(line, highlight=False, markup=False)
            last = records[-1] if records else None
            steps.add(len(batch), f"{last.variant} · {last.family} {last.m}×{last.n}".ljust(52) if last else "")


def _suspect(answer: Answer) -> dict[str, Any]:
    """The note of an answer that needs a second look; `_suspects` reads it."""
    ended = {"status": answer.outcome.status, "message": answer.outcome.message}
    return {"suspect": {"case": str(answer.case), **ended, "inconclusive": answer.inconclusive}}


def _suspects(todo: Sequence[Case], journal: Journal) -> list[Answer]:
    """The answers that an earlier run was stopped before it could give a second look, from its notes."""
    notes = {note["case"]: note for note in journal.notes.of("suspect")}
    found = [(case, notes[str(case)]) for case in todo if str(case) in notes]
    return [Answer(c, Outcome(Status(n["status"]), message=n["message"]), n["inconclusive"]) for c, n in found]


def greeter(journal: Journal) -> Hello:
    """A function that writes down what a worker says that it runs on, once for each worker.

    It raises StoreError if a worker of that name has said in the same journal that it ran on another BLAS or device.
    """

    def greet(worker: str, hello: Mapping[str, Any]) -> None:
        known = [note for note in journal.notes.of("worker") if note["name"] == worker]
        if any(note.get(name) != value for note in known for name, value in hello.items()):
            raise StoreError(
                f"the results were begun with another BLAS or device for {worker}; use --fresh or another --out"
            )
        if not known:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            journal.note({"worker": {"name": worker, "started": now, **hello}})

    return greet


def _conclude(written: results.Report, finished: bool, elapsed: float, console: Console) -> int:
    if not finished:
        to_go = f"stopped with {len(written.missing)} of {written.planned} attempts to go"
        console.print(f"{to_go}; the same command resumes", style="bold")
        return Exit.INTERRUPTED
    if not written.missing:
        console.print(f"all {written.summary.cases} attempts done in {duration(elapsed)}")
    return results.conclude(written, console)
