"""A run spread over a Dask cluster: whole shards are sent out, their journals come back and are merged.

A shard is an ordinary run in a process of its own on the machine of a Dask worker, with one solver at a time. The
machines need no common file system: the journal travels. When a Dask worker is lost, Dask gives its shards to another;
when this process is lost, the same command fetches the shards that are missing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from lamm_robust.console import progress
from lamm_robust.defaults import Exit
from lamm_robust.provenance import environment
from lamm_robust.runs import results
from lamm_robust.runs.campaign import Campaign
from lamm_robust.runs.merge import MACHINE, merge
from lamm_robust.runs.plan import Shard
from lamm_robust.storage.files import replace_file, write_text
from lamm_robust.storage.journal import JOURNAL, is_begun, lock, read_header, read_journal
from lamm_robust.values import AbsentError, HarnessError, StoreError

if TYPE_CHECKING:
    from distributed import Client

PER_THREAD = 2
"""Shards per thread of the cluster: shards take unequal times, and a few seconds each to start their workers."""

PLAN = "command.txt"
"""The file beside the shards that says which campaign they are shards of."""

DONE = "shards.merged"
"""What the directory of the shards is called while it is deleted."""

RETRIES = 3
"""How often a shard is sent out again when its Dask worker is lost, beyond what Dask itself allows."""

CONNECT_SECONDS = 10

# what a Dask worker starts: a process that dies with it, and becomes the command line
PROGRAM = """
import sys
from lamm_robust.workers.child import die_with
die_with(int(sys.argv.pop(1)))
from lamm_robust.cli.main import main
main()
"""


def shard_command(campaign: Campaign, shard: Shard) -> list[str]:
    """The arguments of `lamm-robust` that run a shard of a campaign, without --out."""
    chosen = campaign.selection
    precision, device = ("all" if len(values) > 1 else values[0] for values in (chosen.precisions, chosen.devices))
    return [
        *("run", "--profile", chosen.profile, "--precision", precision, "--device", device),
        *(word for glob in chosen.solvers for word in ("--solver", glob)),
        *(word for glob in chosen.families for word in ("--family", glob)),
        *("--oracle", campaign.oracle, "--shard", str(shard), "--workers", "1"),
        *("--case-seconds", repr(campaign.case_seconds), "--case-memory", str(campaign.case_memory >> 20)),
    ]


def run_shard(command: Sequence[str]) -> tuple[int, str, bytes]:
    """Run a shard on this machine; returns its exit code, the end of its output, and its journal."""
    with tempfile.TemporaryDirectory(prefix="lamm-robust-") as out:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(os.getpid()), *command, "--out", out],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        path = Path(out) / JOURNAL
        return done.returncode, done.stdout[-2000:].strip(), path.read_bytes() if path.exists() else b""


@contextmanager
def connect(address: str) -> Iterator[Client]:
    """A client of the Dask scheduler at an address; AbsentError if Dask or the scheduler is not there."""
    try:
        from distributed import Client
    except ImportError as error:
        raise AbsentError("--dask needs dask.distributed: pip install 'lamm-robust[dask]'") from error
    try:
        client = Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        expected = "expected an address such as tcp://host:8786"
        raise AbsentError(f"no Dask scheduler answers at '{address}' ({error}); {expected}") from error
    with client:
        yield client


def run(address: str, campaign: Campaign, console: Console) -> int:
    """Run a campaign on the cluster, merge what comes back into its directory, and return the exit code."""
    shards = campaign.out / "shards"
    shutil.rmtree(campaign.out / DONE, ignore_errors=True)
    with connect(address) as client:
        if campaign.fresh:
            start_over(campaign.out)
        if not shards.exists() and is_complete(campaign):
            return results.write_again(campaign.out, console)
        check_plan(campaign, shards)
        count = earlier_count(shards) or PER_THREAD * max(1, sum(client.nthreads().values()))
        parts = campaign.selection.parts(count)
        missing = [part for part in parts if not (shard_directory(shards, part) / JOURNAL).exists()]
        _fetch(client, campaign, missing, shards, console)
    code = merge([shard_directory(shards, part) for part in parts], campaign.out, console)
    if code == Exit.DONE:
        # in one step, for the rest of the shards would be run again
        shutil.rmtree(shards.rename(campaign.out / DONE))
    return code


def is_complete(campaign: Campaign) -> bool:
    """Whether a directory has a record of every case, made with what is here: to make them again would change nothing.

    Solvers that do not repeat their answers would even give others, which do not go together with those there.
    """
    if not is_begun(campaign.out):
        return False
    there, here = read_header(campaign.out), campaign.header(environment())
    if any(there.get(name) != here[name] for name in here if name != MACHINE):
        return False
    with read_journal(campaign.out) as journal:
        return all(str(case) in journal.done for case in campaign.selection.cases())


def keep_shard(directory: Path, journal: bytes) -> None:
    """Keep the journal of a shard that has come back."""
    directory.mkdir(parents=True, exist_ok=True)
    with replace_file(directory / JOURNAL) as temporary:
        temporary.write_bytes(journal)


def start_over(out: Path) -> None:
    """Delete the journal and the shards of a directory; StoreError if a run holds it."""
    if (out / JOURNAL).exists():
        with lock(out):  # and nothing is read: it may be damaged
            (out / JOURNAL).unlink()
    shutil.rmtree(out / "shards", ignore_errors=True)


def check_plan(campaign: Campaign, shards: Path) -> None:
    """Write down which campaign the shards are of; StoreError if shards of another campaign are there."""
    command, path = " ".join(shard_command(campaign, Shard())), shards / PLAN
    if path.exists() and path.read_text(encoding="utf-8") != command:
        raise StoreError(
            f"'{shards}' holds shards of another command ({path.read_text(encoding='utf-8')}); "
            "finish that, or use --fresh or another --out"
        )
    shards.mkdir(parents=True, exist_ok=True)
    write_text(path, command)


def shard_directory(shards: Path, part: Shard) -> Path:
    """The directory that keeps the journal of a shard until all shards are there."""
    return shards / f"{part.number}-of-{part.of}"


def earlier_count(shards: Path) -> int:
    """The number of shards into which an earlier run has split the plan; 0 if there was no such run."""
    names = (re.fullmatch(r"\d+-of-(\d+)", path.name) for path in shards.glob("*"))
    return next((int(name[1]) for name in names if name), 0)


def _fetch(client: Client, campaign: Campaign, parts: Sequence[Shard], shards: Path, console: Console) -> None:
    """Send the shards out, and keep each journal as it comes; HarnessError if a shard fails."""
    from distributed import as_completed

    waiting = {
        client.submit(run_shard, shard_command(campaign, part), pure=False, retries=RETRIES): part for part in parts
    }
    with progress(
        len(parts), f"shards on {client.scheduler_info()['address']}", unit="shards", console=console
    ) as steps:
        for future in as_completed(waiting):
            part = waiting[future]
            try:
                code, words, journal = future.result()
            except Exception as error:  # Dask has given the shard up
                raise HarnessError(f"shard {part} was lost: {error}; the same command goes on") from error
            if code not in (Exit.DONE, Exit.NOTHING_RAN) or not journal:
                raise HarnessError(f"shard {part} ended with exit code {code}: {words}")
            keep_shard(shard_directory(shards, part), journal)
            steps.add(1)
