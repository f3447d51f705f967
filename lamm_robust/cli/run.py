"""The command `run`: which problems, which solvers, and where the results go."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import cast

import click

from lamm_robust.cli.options import DEVICE, SECONDS, TOGETHER, from_oracle
from lamm_robust.defaults import CASE_MEMORY, CASE_SECONDS
from lamm_robust.values import (
    DIFFERENTIATED,
    EMULATED,
    EVERY_PRECISION,
    HUNTED,
    PRECISIONS,
    PROFILES,
    QUICK,
    Device,
    Precision,
)

PROFILE = click.Choice([profile.name for profile in (QUICK, *PROFILES, HUNTED, DIFFERENTIATED)])
PRECISION = click.Choice([*EVERY_PRECISION, "all"])
MEBIBYTES = click.IntRange(1, 1 << 24)


def _precisions(precision: str, device: str) -> tuple[Precision, ...]:
    """The precisions that an option names; `all` are those in which the device has any variants."""
    if precision != "all":
        return (cast(Precision, precision),)
    return ("float32",) if device in (*EMULATED, "emulated") else PRECISIONS


@click.command()
@click.option("--profile", type=PROFILE, default=QUICK.name, show_default=True, help="How much: see `list profiles`.")
@click.option(
    "--precision",
    type=PRECISION,
    default="all",
    show_default=True,
    help="What the numbers are stored in; `all` is both real ones.",
)
@click.option(
    "--device", type=DEVICE, default="all", show_default=True, help="`all` is what this machine has, not emulated."
)
@click.option(
    "--solver",
    "solvers",
    multiple=True,
    metavar="GLOB",
    help="Only these: a library, an algorithm, or a variant, e.g. numpy, gelsy, 'jax-*-float32-*'; repeatable.  "
    "[default: the core ones for quick, else all]",
)
@click.option("--family", "families", multiple=True, metavar="GLOB", help="Only these families; repeatable.")
@from_oracle
@click.option("--out", type=click.Path(path_type=Path), help="Results directory.  [default: results/PROFILE]")
@click.option("--fresh", is_flag=True, help="Start over instead of resuming what is in the directory.")
@click.option("--repair", is_flag=True, help="Resume from a damaged journal: drop its damaged lines, keep a copy.")
@click.option("--workers", type=click.IntRange(1, 512), help="Solvers at a time.  [default: half of the cores]")
@click.option(
    "--case-seconds", type=SECONDS, default=CASE_SECONDS, show_default=True, help="Time limit of one attempt."
)
@click.option(
    "--case-memory",
    type=MEBIBYTES,
    default=CASE_MEMORY >> 20,
    show_default=True,
    help="Memory beyond what a worker starts with, in MiB.",
)
@click.option("--shard", default="1/1", show_default=True, metavar="K/N", help="Only part K of N of the problems.")
@click.option("--dask", metavar="ADDRESS", help="Run it as shards on this Dask cluster, such as tcp://host:8786.")
def run(
    profile: str,
    precision: str,
    device: str,
    solvers: tuple[str, ...],
    families: tuple[str, ...],
    oracle: str,
    out: Path | None,
    fresh: bool,
    repair: bool,
    workers: int | None,
    case_seconds: float,
    case_memory: int,
    shard: str,
    dask: str | None,
) -> None:
    """Run a profile and write its tables; an interrupted run resumes."""
    from lamm_robust import catalog
    from lamm_robust.console import standard_output
    from lamm_robust.runs import campaign, plan

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # Ctrl-C, and what batch systems and terminals send
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup and shells ask for some to be ignored
            signal.signal(number, campaign.interrupt)
    selection = plan.Selection(
        profile=profile,
        precisions=_precisions(precision, device),
        devices=TOGETHER.get(device) or (cast(Device, device),),
        solvers=solvers,
        families=families,
        shard=plan.parse_shard(shard),
    )
    console = standard_output()
    chosen = campaign.Campaign(
        selection=selection,
        oracle=catalog.find_oracle(oracle).name,
        out=out or Path("results") / selection.directory(),
        fresh=fresh,
        repair=repair,
        workers=workers or campaign.default_workers(),
        case_seconds=case_seconds,
        case_memory=case_memory << 20,
    )
    if dask is not None:
        from lamm_robust.runs import cluster

        if selection.shard.of > 1:
            raise ValueError("--dask makes shards of its own; leave out --shard")
        if profile == HUNTED.name:
            raise ValueError("--dask runs grids, which all machines know; what hunts have found is on this one")
        sys.exit(cluster.run(dask, chosen, console))
    sys.exit(campaign.run(chosen, console))
