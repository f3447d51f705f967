"""The command `lamm`: what is asked on the command line, and where the results go."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from lamm_robust.lamm.records import PROFILES
from lamm_robust.terminal import say
from lamm_robust.values import DEVICES, PRECISIONS, Device, Precision


@click.command(short_help="Steer a mesh to targets, with one solver after another.")
@click.option("--profile", type=click.Choice(list(PROFILES)), default="quick", show_default=True, help="How much.")
@click.option("--modes", type=int, multiple=True, metavar="N", help="Only meshes of so many modes; repeatable.")
@click.option("--target", "targets", multiple=True, metavar="NAME", help="Only this kind of target; repeatable.")
@click.option("--solver", "solvers", multiple=True, metavar="NAME", help="Only this, such as jax-solve; repeatable.")
@click.option("--precision", type=click.Choice([*PRECISIONS, "all"]), default="all", show_default=True)
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True, help="Where JAX computes.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write.  [default: results/lamm-PROFILE]")
@click.option("--repeat", metavar="RUN", help="Make one run of a study once more, as its page names it; write nothing.")
@click.option("--again", is_flag=True, help="Write page and plots once more from what was measured; run nothing.")
def lamm(
    profile: str,
    modes: tuple[int, ...],
    targets: tuple[str, ...],
    solvers: tuple[str, ...],
    precision: str,
    device: str,
    out: Path | None,
    repeat: str | None,
    again: bool,
) -> None:
    """Steer an optical mesh to targets by LAMM's loop with one least-squares solver after another.

    Prints what that changes, and writes lamm.md, runs.md, a plot for each target, and every run as a line of JSON.
    """
    from rich.markdown import Markdown

    from lamm_robust.console import open_console, progress
    from lamm_robust.lamm import conduct
    from lamm_robust.lamm.page import overview
    from lamm_robust.lamm.result import Ending
    from lamm_robust.lamm.words import sentences

    if repeat is not None:
        one = conduct.repeat(repeat)
        say("\n".join(f"{step:4} {value:.6g}" for step, value in enumerate(one.magnitude)))
        say(f"{Ending[one.status]}: ‖δ‖ = {one.magnitude[-1]:.3g} after {one.steps} steps, {one.seconds:.3g} s")
        return
    directory = out or Path("results") / f"lamm-{profile}"
    if again:
        conduct.rewrite(directory)
        say(f"{directory / 'lamm.md'}")
        return
    precisions = PRECISIONS if precision == "all" else (cast(Precision, precision),)
    asked = conduct.study(profile, modes, targets, solvers, precisions, cast(Device, device))
    with progress(asked.planned(), "steering", unit="runs") as steps:
        runs, _ = conduct.conduct(asked, directory, lambda: steps.add(1))
    found = "\n".join([overview(runs), *(f"* {sentence}" for sentence in sentences(runs))])
    console = open_console()
    if console.is_terminal:
        console.print(Markdown(found))
    else:
        say(found)
    say(f"\n{directory / 'lamm.md'}")
