"""One run of a profile: plan, resume, sweep with a progress bar, and write everything a reader needs.

The results directory then holds `journal.jsonl` (what the run resumes from), `records.parquet` (one row per
attempt), `leaderboard.md` and `.csv`, `failures.md`, `environment.json` and `manifest.sha256`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
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

from lamm_robust import SUITE, catalog, store, tables
from lamm_robust.environment import environment
from lamm_robust.run import Case, Tables, Truths, sweep
from lamm_robust.summary import Row, leaderboard, silent_failures
from lamm_robust.supervisor import Worker
from lamm_robust.values import AbsentError, Device, Precision, Record, Variant

DONE, NOTHING_RAN, INTERRUPTED = 0, 4, 130
FEW = 4  # names that are read at the end of a run; more are counted


@dataclass(frozen=True)
class Campaign:
    """What to run, with every name already checked."""

    profile: str
    precisions: tuple[Precision, ...]
    devices: tuple[Device, ...]
    solvers: tuple[str, ...]
    """Globs over variant names; none means all."""
    families: tuple[str, ...]
    """Globs over family names; none means all."""
    oracle: str
    out: Path
    fresh: bool = False

    def header(self, where: Mapping[str, Any]) -> dict[str, Any]:
        """What a journal must agree with to be resumed: numbers made under other headers are not comparable."""
        made = {name: where[name] for name in ("versions", "code", "processor", "flags")}
        return {"suite": SUITE, "profile": self.profile, "oracle": self.oracle, **made}

    def title(self) -> str:
        """What the tables are about, filters included."""
        filters = [*self.solvers, *self.families]
        only = f", only {', '.join(filters)}" if filters else ""
        return f"Least-squares solvers: the {self.profile} profile{only}"

    def variants(self) -> list[Variant]:
        """The variants asked for; ValueError if a glob matches none."""
        return catalog.select_variants(self.solvers, self.precisions, self.devices)

    def cases(self, variants: Sequence[Variant]) -> list[Case]:
        """Every variant at every problem of the grid at its precision, problem by problem."""
        families = catalog.select_families(self.families)
        return [
            Case(key, variant)
            for precision in self.precisions
            for key in catalog.plan(self.profile, precision, families)
            for variant in variants
            if variant.precision == precision
        ]


@dataclass(eq=False)
class Progressed:
    """What a run has to show, finished or not."""

    planned: list[Case]
    absent: dict[Variant, str]
    """Variants that cannot be measured here, with the reason."""
    truths: Truths
    records: list[Record]
    """Of planned cases only: a journal may hold more from runs with other filters."""
    workers: list[dict[str, Any]]
    """What each worker process said it ran on."""

    @cached_property
    def rows(self) -> list[Row]:
        """The leaderboard; ask when all records are in."""
        return leaderboard(self.records)

    @property
    def missing(self) -> int:
        """Planned cases of measurable variants that have no record."""
        planned = {str(case) for case in self.planned if case.variant not in self.absent}
        return len(planned - {r.key for r in self.records})


def run(campaign: Campaign, console: Console) -> int:
    """Run what is not yet done, write the tables, and return the exit code."""
    variants = campaign.variants()
    reasons = {v: catalog.absent(catalog.LIBRARY[v.library], v.device) for v in variants}
    absent = {variant: reason for variant, reason in reasons.items() if reason}
    cases = campaign.cases([v for v in variants if v not in absent])
    truths = Truths(catalog.build_problem, catalog.ORACLES[campaign.oracle])
    finished, started, where = True, time.perf_counter(), environment()
    shown = Progressed(cases, absent, truths, [], [])
    if cases:
        with store.open_journal(campaign.out, campaign.header(where), fresh=campaign.fresh) as journal:
            done = {r.key for r in journal.records}
            todo = [case for case in cases if str(case) not in done]
            if len(todo) < len(cases):
                console.print(
                    f"resuming {campaign.out}: {len(cases) - len(todo)} of {len(cases)} attempts are done", markup=False
                )
            finished = not todo or _sweep(todo, shown, journal, console)
            planned = {str(case) for case in cases}
            shown.records = [r for r in journal.records if r.key in planned]
            shown.workers = journal.notes
            if shown.records:
                write(campaign, shown, where)
    if not shown.records:
        why = next(iter(absent.values()), "no attempt was made" if cases else "the selection is empty")
        console.print(f"nothing ran: {tables.inert(why)}", style="bold red", highlight=False, markup=False)
        return NOTHING_RAN if finished else INTERRUPTED
    _report(campaign, shown, console)
    return _conclude(finished, shown, time.perf_counter() - started, console)


def _sweep(todo: Sequence[Case], shown: Progressed, journal: store.Journal, console: Console) -> bool:
    """Run the cases into the journal under a progress bar; False when interrupted."""

    @contextmanager
    def worker(name: str, precision: Precision, device: Device) -> Iterator[Worker]:
        with Worker(catalog.LIBRARY[name], precision, device) as opened:
            check_same_machine(f"{name} {precision} {device}", opened.hello, journal.notes)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            journal.note({"worker": f"{name} {precision} {device}", "started": now, **opened.hello})
            yield opened

    bar = (TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn())
    clocks = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    done = sweep(todo, Tables(catalog.find_solver, worker), shown.truths, shown.absent)
    with Progress(*bar, *clocks, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=len(todo))
        try:
            for count, (case, record) in enumerate(done, start=1):
                if record:
                    journal.append(record)
                    what = f"{record.family} {record.m}×{record.n}"
                    progress.update(task, description=f"{case.variant} · {what}".ljust(52))
                progress.advance(task)
                if record and not console.is_terminal and count % max(1, len(todo) // 10) == 0:
                    console.print(f"{count} of {len(todo)} attempts, now {case.variant}", highlight=False)
        except KeyboardInterrupt:
            return False
        except AbsentError as error:  # a worker that had to be replaced did not start again
            console.print(tables.inert(error), style="bold red", highlight=False, markup=False)
            return False
    return True


def check_same_machine(worker: str, hello: Mapping[str, Any], notes: Sequence[Mapping[str, Any]]) -> None:
    """StoreError if a worker of that name once said in the journal that it ran on something else (BLAS, device)."""
    for note in notes:
        if note["worker"] == worker and any(note.get(name) != value for name, value in hello.items()):
            raise store.StoreError(
                f"the results were begun with another BLAS or device for {worker}; use --fresh or another --out"
            )


def write(campaign: Campaign, shown: Progressed, where: Mapping[str, Any]) -> None:
    """All files of a results directory but the journal, each replaced in one step, the manifest last."""
    out, records, rows = campaign.out, shown.records, shown.rows
    facts = {"suite": SUITE, "profile": campaign.profile, "oracle": campaign.oracle}
    absent = {str(variant): why for variant, why in shown.absent.items()}
    where = {**where, "suite": facts, "workers": shown.workers, "not measured": absent}
    title = campaign.title() + (f" (unfinished: {shown.missing} attempts missing)" if shown.missing else "")
    store.write_text(out / "environment.json", json.dumps(where, indent=2, ensure_ascii=False) + "\n")
    store.write_records(out / store.RECORDS, records, catalog.SCORES, facts)
    store.write_text(out / "leaderboard.md", tables.leaderboard_markdown(title, rows, records, absent))
    store.write_text(out / "leaderboard.csv", tables.leaderboard_csv(rows))
    store.write_text(out / "failures.md", tables.failures_markdown(records))
    store.write_manifest(out)


def _report(campaign: Campaign, shown: Progressed, console: Console) -> None:
    for table in tables.terminal_tables(shown.rows, console.width):
        console.print(table)
    for reason in dict.fromkeys(shown.absent.values()):
        names = [str(variant) for variant, why in shown.absent.items() if why == reason]
        listed = ", ".join(names) if len(names) <= FEW else f"{len(names)} variants, such as {names[0]}"
        console.print(f"{tables.inert(reason)}: {listed}", style="yellow", highlight=False, markup=False)
    for key, why in shown.truths.refused.items():
        console.print(f"not certified by {campaign.oracle}: {key}: {why}", style="red", highlight=False, markup=False)
    if wrong := silent_failures(shown.records):
        counts = f"{len(wrong)} silent failures among {len(shown.records)} attempts"
        console.print(f"{counts}; each can be replayed from {campaign.out / 'failures.md'}", markup=False)
    console.print(f"all tables, with what they mean: {campaign.out / 'leaderboard.md'}", markup=False)


def _conclude(finished: bool, shown: Progressed, elapsed: float, console: Console) -> int:
    planned = len(shown.planned)
    if not finished:
        console.print(
            f"stopped with {shown.missing} of {planned} attempts to go; the same command resumes", style="bold"
        )
        return INTERRUPTED
    if shown.missing:
        console.print(f"incomplete: {shown.missing} of {planned} attempts have no record", style="bold red")
        return NOTHING_RAN
    console.print(f"all {len(shown.records)} attempts done in {tables.duration(elapsed)}")
    return DONE
