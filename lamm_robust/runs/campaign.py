"""One run of a profile: plan, resume, sweep with a progress bar, and have everything written that a reader needs.

The results directory then holds `journal.jsonl` (what the run resumes from), `records.parquet` (one row per
attempt), `leaderboard.md` and `.csv`, `failures.md`, `environment.json` and `manifest.sha256`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from lamm_robust import catalog
from lamm_robust.provenance import environment
from lamm_robust.runs import results
from lamm_robust.runs.plan import Selection
from lamm_robust.runs.sweep import sweep
from lamm_robust.scoring.records import Done
from lamm_robust.scoring.truths import Truths
from lamm_robust.storage import findings
from lamm_robust.storage.cache import Cache, default_directory
from lamm_robust.storage.journal import Journal, open_journal, repair
from lamm_robust.text import duration, inert
from lamm_robust.values import (
    HUNTED,
    SUITE,
    AbsentError,
    Answer,
    Case,
    Device,
    Outcome,
    Precision,
    Status,
    StoreError,
    Variant,
)
from lamm_robust.workers.process import CASE_MEMORY, Kind, Templates
from lamm_robust.workers.supervisor import CASE_SECONDS, Worker

INTERRUPTED = 130

REDRAWN = 0.1  # seconds between two drawings of the progress bar: one costs more than a case


def default_workers() -> int:
    """Half of the cores that this process may use: the other half is for this process and for undisturbed times."""
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

    def header(self, where: Mapping[str, Any]) -> dict[str, Any]:
        """What a journal must agree with to be resumed: numbers made under other headers are not comparable."""
        made = {name: where[name] for name in ("versions", "code", "processor", "flags")}
        limits = {"case seconds": self.case_seconds, "case memory": self.case_memory}
        return {"suite": SUITE, "profile": self.selection.profile, "oracle": self.oracle, **made, "limits": limits}


def run(campaign: Campaign, console: Console) -> int:
    """Run what is not yet done, write the tables, and return the exit code."""
    variants = campaign.selection.variants()
    reasons = {v: catalog.absent(catalog.LIBRARY[v.library], v.device) for v in variants}
    absent = {variant: reason for variant, reason in reasons.items() if reason}
    cases = campaign.selection.cases([v for v in variants if v not in absent])
    if not cases:
        all_absent = len(absent) == len(variants)
        return _nothing(next(iter(absent.values())) if all_absent else _empty(campaign.selection), console)
    where, started = environment(), time.perf_counter()
    if campaign.repair:
        _repair(campaign.out, console)
    with open_journal(campaign.out, campaign.header(where), fresh=campaign.fresh) as journal:
        journal.note({"run": {"selection": campaign.selection.facts(), "where": where}})
        todo = [case for case in cases if str(case) not in journal.done]
        if 0 < len(todo) < len(cases):
            done = f"{len(cases) - len(todo)} of {len(cases)} attempts are done"
            console.print(f"resuming {campaign.out}: {done}", markup=False)
        if todo:
            journal.note({"with": {"workers": campaign.workers}})
        finished = not todo or _sweep(campaign, todo, absent, journal, console)
        planned = results.planned_keys(campaign.selection, {str(variant): "" for variant in absent})
        if not any(key in planned for key in journal.written()):
            return _nothing(next(iter(absent.values()), "no attempt was made"), console, interrupted=not finished)
        written = results.write(campaign.out, journal)
    results.show(written, console)
    if not todo:
        console.print(f"nothing was left to do: all {written.planned} attempts are done")
        return results.DONE
    return _conclude(written, finished, time.perf_counter() - started, console)


def _repair(out: Path, console: Console) -> None:
    dropped = repair(out)
    lines = ", ".join(map(str, dropped[: results.FEW])) + (", …" if len(dropped) > results.FEW else "")
    said = f"{len(dropped)} lines left out ({lines}), a copy is kept" if dropped else "nothing was damaged"
    console.print(f"repaired {out}: {said}", markup=False, highlight=False)


def _empty(selection: Selection) -> str:
    hunted = f"hunts have left nothing of that kind in {findings.DIRECTORY}"
    return hunted if selection.profile == HUNTED.name else "the selection is empty"


def _nothing(why: str, console: Console, *, interrupted: bool = False) -> int:
    if interrupted:
        console.print("stopped before the first attempt was written down; the same command goes on", style="bold")
        return INTERRUPTED
    how = "; docs/setup.md says how to add it" if "is not installed" in why else ""
    console.print(f"nothing ran: {inert(why)}{how}", style="bold red", highlight=False, markup=False)
    return results.NOTHING_RAN


def _sweep(
    campaign: Campaign, todo: Sequence[Case], absent: dict[Variant, str], journal: Journal, console: Console
) -> bool:
    """Run the cases into the journal under a progress bar; False when interrupted."""
    cache = Cache(default_directory())
    oracle = catalog.cached_oracle(catalog.ORACLES[campaign.oracle], cache)
    truths = Truths(catalog.cached_build(cache), oracle)
    suspects = _suspects(todo, journal)
    doubted = {answer.case for answer in suspects}
    with Templates() as templates:

        def worker(name: str, precision: Precision, device: Device) -> Worker:
            kind = Kind(catalog.LIBRARY[name], precision, device, campaign.case_memory)
            return Worker(kind, templates.get, campaign.case_seconds, greeter(f"{name} {precision} {device}", journal))

        done = sweep(
            [case for case in todo if case not in doubted],
            catalog.find_solver,
            truths,
            worker,
            slots=campaign.workers,
            suspects=suspects,
            on_suspect=lambda answer: journal.note({"suspect": _suspect(answer)}),
            absent=absent,
        )
        try:
            _watch(done, len(todo), journal, console)
        except KeyboardInterrupt:
            return False
        except AbsentError as error:  # a worker that had to be replaced did not start again
            console.print(inert(error), style="bold red", highlight=False, markup=False)
            return False
        finally:
            reasons = {str(variant): why for variant, why in absent.items()}
            refused = {str(key): why for key, why in truths.refused.items()}
            journal.note({"ended": {"absent": reasons, "refused": refused}})
            cache.trim()
    if cache.directory:
        console.print(f"truth is kept in {cache}", markup=False, highlight=False, soft_wrap=True)
    return True


interrupted: list[int] = []
"""The signals that asked this process to stop."""


def interrupt(number: int, _frame: object) -> None:
    """The handler of such a signal: stop at once, and if compiled code swallows that, after the next batch."""
    interrupted.append(number)
    raise KeyboardInterrupt


def _watch(done: Iterable[list[Done]], total: int, journal: Journal, console: Console) -> None:
    """Write down what comes, and show how far it is."""
    bar = (TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn())
    clocks = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    count, said, drawn = 0, 0, 0.0
    with Progress(*bar, *clocks, console=console, transient=True, auto_refresh=False) as progress:
        task = progress.add_task("starting", total=total)
        for batch in done:
            if interrupted:
                raise KeyboardInterrupt
            records = [record for _, record in batch if record]
            journal.append(records)
            count += len(batch)
            if records and time.monotonic() - drawn > REDRAWN:
                drawn, last = time.monotonic(), records[-1]
                what = f"{last.variant} · {last.family} {last.m}×{last.n}"
                progress.update(task, completed=count, description=what.ljust(52), refresh=True)
            if records and not console.is_terminal and count * 10 // total > said:
                said = count * 10 // total
                console.print(f"{count} of {total} attempts, now {records[-1].variant}", highlight=False)


def _suspect(answer: Answer) -> dict[str, Any]:
    outcome = answer.outcome
    return {
        "case": str(answer.case),
        "status": outcome.status,
        "message": outcome.message,
        "inconclusive": answer.inconclusive,
    }


def _suspects(todo: Sequence[Case], journal: Journal) -> list[Answer]:
    """Crashes and time-outs of an earlier run that was stopped before it could look again."""
    notes = {note["suspect"]["case"]: note["suspect"] for note in journal.notes if "suspect" in note}
    found = [(case, notes[str(case)]) for case in todo if str(case) in notes]
    return [Answer(c, Outcome(Status(n["status"]), message=n["message"]), n["inconclusive"]) for c, n in found]


def greeter(worker: str, journal: Journal) -> Callable[[Mapping[str, Any]], None]:
    """What to do when a worker says what it runs on: write it down once, and refuse if the journal knows otherwise.

    StoreError if a worker of that name once said that it ran on something else (BLAS, device).
    """

    def greet(hello: Mapping[str, Any]) -> None:
        known = [note["worker"] for note in journal.notes if "worker" in note and note["worker"]["name"] == worker]
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
        return INTERRUPTED
    if not written.missing:
        console.print(f"all {written.summary.cases} attempts done in {duration(elapsed)}")
    return results.conclude(written, console)
