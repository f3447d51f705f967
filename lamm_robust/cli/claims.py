"""The command `claims`: settle the claims of two documents, and write what was found."""

from __future__ import annotations

import sys
from pathlib import Path

import click

PAGE_WIDTH = 150  # of pipes and logs, as in `cli`


@click.command(short_help="Settle every claim of the LAMM notes and of a textbook chapter.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Directory for claims.md and claims.json.",
)
@click.option("--only", "numbers", type=int, multiple=True, metavar="N", help="Show claim N in full; write nothing.")
def claims(out: Path, numbers: tuple[int, ...]) -> None:
    """Settle claims about least squares by experiment: each holds, holds only when …, or does not hold.

    Takes about three minutes, most of them with a clock: leave the machine alone.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from lamm_robust.claims import page
    from lamm_robust.claims.lab import open_lab
    from lamm_robust.claims.settle import MARKDOWN, select_numbers, settle, write

    asked = select_numbers(numbers)
    if not numbers and out.exists() and not out.is_dir():
        raise ValueError(f"--out {out}: expected a directory")
    bar = (BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with open_lab() as lab, Progress(*bar, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(asked), completed=-1)
        found = settle(lab, asked, lambda title: progress.update(task, description=title, advance=1))
    console = Console() if sys.stdout.isatty() else Console(width=PAGE_WIDTH)
    if numbers:
        for one in found:
            click.echo(f"\n{one.number}. {one.claim.title}\n{one.claim.sentence}\n{one.claim.experiment}\n")
            console.print(page.numbers(one.finding.table), highlight=False, markup=False)
            click.echo(f"\n{one.finding.ruling}: {one.finding.decisive}")
            click.echo("".join(f"  {page.as_command(line)}\n" for line in one.finding.replay), nl=False)
        return
    write(found, out)
    console.print(page.terminal(found), highlight=False)
    click.echo(f"\nall numbers, and how to see each again: {out / MARKDOWN}")
