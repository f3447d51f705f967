"""The command `claims`: settle the claims of two documents, and write down how each was settled."""

from __future__ import annotations

from pathlib import Path

import click

from lamm_robust.terminal import say


@click.command(short_help="Settle claims of the LAMM notes and of a textbook chapter.")
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

    Takes a quarter of an hour, most of it with a clock. Claims on times are settled if several runs agree.
    """
    from lamm_robust.claims import page
    from lamm_robust.claims.lab import open_lab
    from lamm_robust.claims.settle import MARKDOWN, select_numbers, settle, write
    from lamm_robust.console import progress, standard_output

    asked = select_numbers(numbers)
    if not numbers and out.exists() and not out.is_dir():
        raise ValueError(f"--out {out}: expected a directory")
    with open_lab() as lab, progress(len(asked), "", unit="claims") as steps:
        found = settle(lab, asked, lambda title: steps.add(1, title))
    console = standard_output()
    if numbers:
        for one in found:
            say(f"\n{one.number}. {one.claim.title}\n{one.claim.sentence}\n{one.claim.experiment}\n")
            console.print(page.numbers(one.finding.table), highlight=False, markup=False)
            say(f"\n{one.finding.ruling}: {one.finding.decisive}")
            say("".join(f"  {page.as_command(line)}\n" for line in one.finding.replay), nl=False)
        return
    write(found, out)
    console.print(page.terminal(found), highlight=False)
    say(f"\nall numbers, and how to see each again: {out / MARKDOWN}")
