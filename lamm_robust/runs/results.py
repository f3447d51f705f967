"""The files of a results directory, made from its journal and from nothing else: records, tables, a page to look at.

They can be made again at any time, on the same machine or another; the manifest comes last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from lamm_robust import catalog
from lamm_robust.defaults import Exit
from lamm_robust.reports import derivatives, failures, leaderboard
from lamm_robust.reports.page.portraits import Gallery
from lamm_robust.reports.page.report import Meanings, report_html
from lamm_robust.reports.summary import Summary, summarise
from lamm_robust.runs.plan import parse_selection
from lamm_robust.storage import parquet
from lamm_robust.storage.files import refuse_other_versions, write_text
from lamm_robust.storage.journal import JOURNAL, Journal, check_suite, open_journal, read_header
from lamm_robust.text import inert
from lamm_robust.values import BY, Case, Record, StoreError

FEW = 4
"""Names that the end of a run lists at most; more are counted."""


@dataclass(frozen=True, eq=False)
class Report:
    """What a run has to show, finished or not."""

    directory: Path
    summary: Summary
    planned: int
    """The number of planned cases that could be measured."""
    absent: Mapping[str, str]
    """The variants that could not be measured, with the reason."""
    refused: Mapping[str, str]
    """The keys of problems that could not be certified, with the reason."""
    missing: frozenset[str]
    """The keys of planned cases that have no record."""
    beyond: int
    """The number of records in the journal that the latest run did not plan."""


def write(directory: Path, journal: Journal, cases: Sequence[Case] | None = None, *, lean: bool = False) -> Report:
    """Write all files, for the cases that the latest run planned: a journal may hold more, from other filters.

    `cases` are the planned ones; they are planned again if they are not at hand. If `lean`, four digits of a score are
    kept, in the records and in what is made of them.
    """
    ran, ended = journal.notes.last("run"), journal.notes.last("ended")
    selection = parse_selection(ran["selection"])
    absent, refused = ({str(k): str(v) for k, v in ended.get(name, {}).items()} for name in ("absent", "refused"))
    cases = selection.cases() if cases is None else cases
    written, missing, count = journal.keys(), set[str](), 0
    for case in cases:  # a key at a time: those of a million cases are as many megabytes as all columns of the tables
        if (key := str(case)) in written:  # an absent library may have been there before
            count += 1
        elif str(case.variant) not in absent:
            missing.add(key)
    beyond, rows = len(written) - count, journal.rows()
    if beyond:
        planned = set(map(str, cases))
        rows = (row for row in rows if f"{row[0]['problem']}{BY}{row[0]['variant']}" in planned)
    del cases, written
    facts = {name: journal.header[name] for name in ("suite", "profile", "oracle")}
    parquet.write_records(directory / parquet.RECORDS, rows, catalog.SCORES, facts, lean=lean)
    parquet.write_manifest(directory, (parquet.RECORDS,))  # the tables on disk are older: nothing may vouch for them
    title = selection.title() + (f" (unfinished: {len(missing)} attempts missing)" if missing else "")
    where = {
        **ran["where"],
        "title": title,
        "suite": facts,
        "missing": len(missing),
        "limits": journal.header["limits"],
        "run with": journal.notes.distinct("with"),
        "merged": journal.notes.distinct("merged"),
        "workers": journal.notes.distinct("worker"),
        "not measured": absent,
    }
    write_text(directory / parquet.ENVIRONMENT, json.dumps(where, indent=2, ensure_ascii=False) + "\n")
    summary = write_tables(directory, title, where)
    return Report(directory, summary, count + len(missing), absent, refused, frozenset(missing), beyond)


def write_tables(directory: Path, title: str, where: Mapping[str, Any]) -> Summary:
    """Write all files that follow from the records and their environment `where`, and the manifest."""
    gallery, differentiated = Gallery(), derivatives.Table()

    def also(records: Sequence[Record]) -> None:
        gallery.add(records)
        differentiated.add(records)

    summary = summarise(parquet.Records(directory), also=also)
    absent = where["not measured"]
    write_text(directory / "leaderboard.md", leaderboard.leaderboard_markdown(title, summary, absent))
    write_text(directory / "leaderboard.csv", leaderboard.leaderboard_csv(summary.rows))
    write_text(directory / "failures.md", failures.index_markdown(summary))
    write_text(directory / failures.ALL, failures.all_markdown(summary))
    if page := differentiated.markdown():
        write_text(directory / derivatives.PAGE, page)
    write_text(directory / parquet.PAGE, report_html(title, summary, gallery, where, meanings()))
    parquet.write_manifest(directory)
    return summary


def written_title(directory: Path) -> str:
    """The title of tables made before `environment.json` had it, from the leaderboard; StoreError if there is none."""
    path = directory / "leaderboard.md"
    try:
        first = path.read_text(encoding="utf-8").partition("\n")[0]
    except OSError as error:
        raise StoreError(f"cannot read '{path}': {error.strerror}") from error
    return first.removeprefix("# ")


def meanings() -> Meanings:
    """What the names of families and solvers mean, as lists show it."""
    return Meanings(
        families={family.name: family.summary for family in catalog.FAMILIES.values()},
        solvers={
            f"{library.name}-{solver.algorithm}": solver.summary
            for library in catalog.LIBRARY.values()
            for solver in library.solvers
        },
    )


def write_again(directory: Path, console: Console, *, lean: bool = False) -> int:
    """Write all files of a results directory again from its journal, as `write` does, and return the exit code.

    Where there are records and no journal, as in the repository, all files are made that follow from the records.
    """
    if (directory / parquet.RECORDS).is_file() and not (directory / JOURNAL).exists():
        if lean:
            raise StoreError(f"'{directory}' has no journal, of which --lean makes records; leave --lean out")
        return _write_from_records(directory, console)
    header = read_header(directory)
    check_suite(directory, header)
    with open_journal(directory, header) as journal, refuse_other_versions(journal.path):
        if not journal.done:
            raise StoreError(f"'{journal.path}' holds no attempts")
        report = write(directory, journal, lean=lean)
    return finish(report, console)


def _write_from_records(directory: Path, console: Console) -> int:
    with refuse_other_versions(directory):
        where = parquet.read_environment(directory)
        summary = write_tables(directory, where.get("title") or written_title(directory), where)
        lacking = int(where["missing"])
        report = Report(directory, summary, summary.cases + lacking, where["not measured"], {}, frozenset(), beyond=0)
    show(report, console)
    if lacking:
        console.print(f"incomplete: {lacking} of {report.planned} attempts have no record", style="bold red")
    show_page(report, console)
    return Exit.NOTHING_RAN if lacking else Exit.DONE


def finish(report: Report, console: Console) -> int:
    """Show a report of which nothing else is to be said, and return the exit code."""
    show(report, console)
    code = conclude(report, console)
    show_page(report, console)
    return code


def conclude(report: Report, console: Console) -> int:
    """Say how much of what was planned is missing, if anything is, and return the exit code."""
    if not report.missing:
        return Exit.DONE
    counts = f"incomplete: {len(report.missing)} of {report.planned} attempts have no record"
    first = f"{counts}; the first is {min(report.missing)}"
    console.print(first, style="bold red", markup=False, highlight=False, soft_wrap=True)  # a key is there to be copied
    return Exit.NOTHING_RAN


def show(report: Report, console: Console) -> None:
    """Print the leaderboard, and what could not be measured or proved."""
    if report.missing:
        missing = f"{len(report.missing)} of {report.planned} attempts are missing"
        console.print(f"unfinished: {missing}, so classes may change", style="bold red")
    for table in leaderboard.terminal_tables(report.summary.rows, console.width):
        console.print(table)
    for reason in dict.fromkeys(report.absent.values()):
        names = [variant for variant, why in report.absent.items() if why == reason]
        listed = ", ".join(names) if len(names) <= FEW else f"{len(names)} variants, such as {names[0]}"
        console.print(f"{inert(reason)}: {listed}", style="yellow", highlight=False, markup=False)
    for key, why in report.refused.items():
        console.print(f"not certified: {key}: {inert(why)}", style="red", highlight=False, markup=False)
    console.print(report.summary.asked_to_fit, markup=False)
    if wrong := report.summary.silent:
        counts = f"{len(wrong)} silent failures among {report.summary.cases} attempts"
        console.print(f"{counts}; each can be replayed from {report.directory / failures.ALL}", markup=False)
    if report.beyond:
        beyond = f"the journal also holds {report.beyond} attempts that were not asked for now"
        console.print(f"{beyond}; the tables leave them out, and have them again after a run that asks for all")
    console.print(f"all tables, with what they mean: {report.directory / 'leaderboard.md'}", markup=False)


def show_page(report: Report, console: Console) -> None:
    """Print where the page is: the last line, so that it is there to be clicked."""
    where = f"a page to look at: {report.directory / parquet.PAGE}"
    console.print(where, markup=False, highlight=False, soft_wrap=True)
