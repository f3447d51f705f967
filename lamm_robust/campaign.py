"""One run of a profile: plan, resume, sweep with a progress bar, and write everything a reader needs.

The results directory then holds `journal.jsonl` (what the run resumes from), `records.parquet` (one row per
attempt), `leaderboard.md` and `.csv`, `failures.md`, `environment.json` and `manifest.sha256`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
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

from lamm_robust import SUITE, catalog, store, tables
from lamm_robust.environment import environment, versions
from lamm_robust.run import Case, Tables, Truths, sweep
from lamm_robust.summary import leaderboard, silent_failures
from lamm_robust.supervisor import Worker, WorkerStartError
from lamm_robust.values import Device, Precision, Record, Variant

DONE, NOTHING_RAN, INTERRUPTED = 0, 4, 130


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

    def header(self) -> dict[str, Any]:
        """What a journal must agree with to be resumed: numbers under other headers are not comparable."""
        return {"suite": SUITE, "profile": self.profile, "oracle": self.oracle, "versions": versions()}

    def variants(self) -> list[Variant]:
        """The variants asked for; ValueError if a glob matches none."""
        allowed = [v for v in catalog.variants() if v.precision in self.precisions and v.device in self.devices]
        return catalog.select_variants(self.solvers, allowed)

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


def absent_variants(variants: Sequence[Variant]) -> dict[Variant, str]:
    """Each variant that cannot be measured here, with the reason."""
    reasons: dict[Variant, str] = {}
    failed: dict[tuple[str, Precision, Device], str | None] = {}
    for variant in variants:
        group = variant.library, variant.precision, variant.device
        if group not in failed:
            failed[group] = _why_absent(*group)
        if reason := failed[group]:
            reasons[variant] = reason
    return reasons


def _why_absent(name: str, precision: Precision, device: Device) -> str | None:
    library = catalog.LIBRARY[name]
    reason = catalog.absent(library, device)
    if reason is None and device == "gpu":  # a driver is there, but only a start shows whether the library can use it
        try:
            with Worker(library, precision, device):
                return None
        except WorkerStartError as error:
            return f"not measured: {error}"
    return reason


def run(campaign: Campaign, console: Console) -> int:
    """Run what is not yet done, write the tables, and return the exit code."""
    variants = campaign.variants()
    absent = absent_variants(variants)
    cases = campaign.cases([v for v in variants if v not in absent])
    if not cases:
        why = next(iter(absent.values()), "the selection is empty")
        console.print(f"[bold red]nothing to run[/]: {why}", highlight=False)
        return NOTHING_RAN
    truths = Truths(catalog.build_problem, catalog.ORACLES[campaign.oracle])
    workers: dict[str, Any] = {}
    started = time.perf_counter()
    with store.open_journal(campaign.out, campaign.header(), fresh=campaign.fresh) as journal:
        done = {f"{r.problem} @ {r.variant}" for r in journal.records}
        todo = [case for case in cases if str(case) not in done]
        if len(todo) < len(cases):
            console.print(f"resuming {campaign.out}: {len(cases) - len(todo)} of {len(cases)} attempts are done")
        finished = not todo or _sweep(todo, truths, journal, workers, console)
        records = journal.records
        facts = {"suite": SUITE, "profile": campaign.profile, "oracle": campaign.oracle}
        if records:
            write(campaign.out, records, facts, {str(v): why for v, why in absent.items()}, workers)
    elapsed = time.perf_counter() - started
    _report(campaign, records, truths, absent, console)
    planned = {str(case) for case in cases}
    missing = len(planned) - len(planned & {f"{r.problem} @ {r.variant}" for r in records})
    return _conclude(finished, missing, len(planned), elapsed, console)


def _sweep(
    todo: Sequence[Case], truths: Truths, journal: store.Journal, workers: dict[str, Any], console: Console
) -> bool:
    """Run the cases into the journal under a progress bar; False when interrupted."""

    def worker(name: str, precision: Precision, device: Device) -> Worker:
        opened = Worker(catalog.LIBRARY[name], precision, device)
        workers[f"{name} {precision} {device}"] = opened.hello  # filled in when it starts
        return opened

    doors = Tables(catalog.find_solver, worker)
    bar = (TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn())
    clocks = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*bar, *clocks, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=len(todo))
        try:
            for case, record in sweep(todo, doors, truths):
                if record:
                    journal.append(record)
                    what = f"{record.family} {record.m}×{record.n}"
                    progress.update(task, description=f"{case.variant} · {what}".ljust(52))
                progress.advance(task)
        except KeyboardInterrupt:
            return False
    return True


def write(
    out: Path,
    records: Sequence[Record],
    facts: Mapping[str, str],
    absent: Mapping[str, str],
    workers: Mapping[str, Any],
) -> None:
    """All files of a results directory but the journal, each replaced in one step, the manifest last."""
    rows = leaderboard(records)
    title = f"Least-squares solvers: the {facts['profile']} profile"
    where = environment() | {
        "suite": facts,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "workers": workers,
        "not measured": absent,
    }
    store.write_text(out / "environment.json", json.dumps(where, indent=2, ensure_ascii=False) + "\n")
    store.write_records(out / store.RECORDS, records, catalog.SCORES, facts)
    store.write_text(out / "leaderboard.md", tables.leaderboard_markdown(title, rows, records, absent))
    store.write_text(out / "leaderboard.csv", tables.leaderboard_csv(rows))
    store.write_text(out / "failures.md", tables.failures_markdown(records))
    store.write_manifest(out)


def _report(
    campaign: Campaign,
    records: Sequence[Record],
    truths: Truths,
    absent: Mapping[Variant, str],
    console: Console,
) -> None:
    for table in tables.terminal_tables(leaderboard(records), console.width):
        console.print(table)
    for reason in dict.fromkeys(absent.values()):
        names = ", ".join(str(v) for v, why in absent.items() if why == reason)
        console.print(f"{tables.inert(reason)}: {names}", style="yellow", highlight=False, markup=False)
    for key, why in truths.refused.items():
        console.print(f"not certified by {campaign.oracle}: {key}: {why}", style="red", highlight=False, markup=False)
    if wrong := silent_failures(records):
        console.print(f"{len(wrong)} silent failures among {len(records)} attempts; see {campaign.out / 'failures.md'}")
    console.print(f"read {campaign.out / 'leaderboard.md'}; how to read it: results/README.md")


def _conclude(finished: bool, missing: int, planned: int, elapsed: float, console: Console) -> int:
    if not finished:
        console.print(f"[bold]stopped[/] with {missing} of {planned} attempts to go; the same command resumes")
        return INTERRUPTED
    if missing:
        console.print(f"[bold red]incomplete[/]: {missing} of {planned} attempts have no record")
        return NOTHING_RAN
    console.print(f"all {planned} attempts done in {tables.duration(elapsed)}")
    return DONE
