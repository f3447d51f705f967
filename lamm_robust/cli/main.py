"""The command line: a function for each command, and one place where errors become one line and an exit code."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn, cast

import click

from lamm_robust.cli.advise import advise
from lamm_robust.cli.check import check
from lamm_robust.cli.claims import claims
from lamm_robust.cli.hunt import hunt, is_target
from lamm_robust.cli.lamm import lamm
from lamm_robust.cli.options import SECONDS, from_oracle
from lamm_robust.cli.picture import picture
from lamm_robust.cli.site import site
from lamm_robust.cli.watched import watched
from lamm_robust.defaults import CASE_MEMORY, CASE_SECONDS, Exit
from lamm_robust.terminal import say, width
from lamm_robust.text import json_text, printable
from lamm_robust.values import (
    DEVICES,
    DIFFERENTIATED,
    EMULATED,
    EVERY_PRECISION,
    HUNTED,
    PRECISIONS,
    PROFILES,
    QUICK,
    AbsentError,
    Device,
    HarnessError,
    NotCertifiedError,
    Precision,
    StoreError,
)

PROFILE = click.Choice([profile.name for profile in (QUICK, *PROFILES, HUNTED, DIFFERENTIATED)])
PRECISION = click.Choice([*EVERY_PRECISION, "all"])
TOGETHER: dict[str, tuple[Device, ...]] = {"all": DEVICES, "emulated": ("cpu", *EMULATED)}
"""Names of several devices; an emulated one is best seen beside the CPU."""
DEVICE = click.Choice([*DEVICES, *EMULATED, *TOGETHER])
GATE = click.Choice(["verdict", "accuracy", "time"])
MEBIBYTES = click.IntRange(1, 1 << 24)

# "solvers", and the keys of `listing.LISTINGS`, which --help must not import
LISTS = ("solvers", "families", "metrics", "oracles", "profiles")

IS_HELP = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""The error of a group without a command, by which click prints its help; click before 8.2 has none, and prints it."""

HINT = re.compile(r"\. \(?Did you mean (?:one of: )?([^?]*\?)\)?$")
"""How click says what is near to a wrong word, behind a sentence about it."""


class OneLine(click.Group):
    """A command group whose foreseeable errors end in one line and the right exit code."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command that a shell has asked for; one that calls foreign code, in a process that is watched."""
        if sys.argv[1:2] == [check.name] or (sys.argv[1:2] == [hunt.name] and any(map(is_target, sys.argv[2:]))):
            watched(sys.argv[1])
        return super().__call__(*args, **kwargs)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the words before the name of the command; what is wrong with them ends it as in `invoke`."""
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            _refuse(error)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; foreseeable errors end it with one line on standard error."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            _refuse(error)
        except (ValueError, StoreError, NotCertifiedError) as error:
            _end(error, Exit.USAGE)
        except (HarnessError, AbsentError, ImportError, OSError) as error:
            _end(error, Exit.HARNESS)
        except KeyboardInterrupt:
            _end("stopped", Exit.INTERRUPTED)


def _refuse(error: click.UsageError) -> NoReturn:
    """End for words that are no usage, in one line that names the help; without any words, the help is printed."""
    if isinstance(error, IS_HELP):
        raise error
    line = HINT.sub(r"; did you mean \1", error.format_message()).removesuffix(".")
    see = f" (see `{error.ctx.command_path} --help`)" if error.ctx else ""
    _end(f"{line[:1].lower()}{line[1:]}{see}", Exit.USAGE)


def _end(error: object, code: int) -> NoReturn:
    say(f"lamm-robust: {printable(error)}", err=True)
    sys.exit(code)


@click.group(cls=OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lamm-robust")
def main() -> None:
    """Which least-squares solver can you trust? Measured against certified truth."""


def _precisions(precision: str, device: str) -> tuple[Precision, ...]:
    """The precisions that an option names; `all` are those in which the device has any variants."""
    if precision != "all":
        return (cast(Precision, precision),)
    return ("float32",) if device in (*EMULATED, "emulated") else PRECISIONS


@main.command()
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


@main.command(short_help="Make the files of a results directory again from its journal.")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--lean", is_flag=True, help="Keep four digits of scores and times: a third of the size, to commit.")
def tables(directory: Path, lean: bool) -> None:
    """Make the files of a results DIRECTORY again from its journal: records, leaderboard, failures, page, manifest.

    Where there is no journal, as in the repository, from its records.
    """
    from lamm_robust.console import standard_output
    from lamm_robust.runs import results

    sys.exit(results.write_again(directory, standard_output(), lean=lean))


@main.command(short_help="Make one results directory of several, such as the shards of a plan.")
@click.argument("directories", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="DIR...")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The directory to make or add to.")
def merge(directories: tuple[Path, ...], out: Path) -> None:
    """Make one results directory of several runs DIR... of one plan, such as its shards.

    Refuses directories that hold different answers to the same case, and names what is missing.
    """
    from lamm_robust.console import standard_output
    from lamm_robust.runs.merge import merge as merge_runs

    sys.exit(merge_runs(directories, out, standard_output()))


@main.command(short_help="What changed between two runs, and gates on it.")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--fail-on", "gates", type=GATE, multiple=True, help="Exit with 1 if this got worse; repeatable.")
@click.option("--expected", type=click.Path(path_type=Path), metavar="TOML", help="Failures to expect, with reasons.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of Markdown.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Also write a page.")
def compare(
    old: Path, new: Path, gates: tuple[str, ...], expected: Path | None, as_json: bool, html: Path | None
) -> None:
    """What changed from the results directory OLD to NEW: verdicts, accuracy, time; as Markdown or JSON."""
    from lamm_robust.reports import compare_facts, compare_page, gate
    from lamm_robust.reports.compare import compare as compare_runs

    if expected and not gates:
        raise ValueError("--expected is about gates; say which with --fail-on")
    expectations = gate.read_expected(expected) if expected else []
    found = compare_runs(old, new)
    if not found.cases:
        say("lamm-robust: the runs have no attempt in common", err=True)
        sys.exit(Exit.NOTHING_RAN)
    results = [gate.settle(name, found, expectations) for name in dict.fromkeys(gates)]
    if html:
        from lamm_robust.reports.page.difference import difference_html
        from lamm_robust.storage.files import write_text

        write_text(html, difference_html(old, new, found, results))
    if as_json:
        say(json_text(compare_facts.facts(old, new, found, results)))
    else:
        say(compare_page.markdown(old, new, found, results), nl=False)
    sys.exit(Exit.DONE if all(result.passed for result in results) else Exit.NOT_HELD)


@main.command("list")
@click.argument("what", metavar=f"{{{'|'.join(LISTS)}}}")
@click.argument("globs", nargs=-1, metavar="[GLOB]...")
@click.option("--device", type=DEVICE, default="all", help="Of solvers: those of a device, and their kernels on `gpu`.")
def list_(what: str, globs: tuple[str, ...], device: str) -> None:
    """Show what there is: names, and each in a sentence; of the solvers that a GLOB names, everything."""
    from lamm_robust import catalog
    from lamm_robust.cli import listing

    if what not in LISTS:
        raise catalog.unknown("list", what, LISTS)
    if what != "solvers" and (globs or device != "all"):
        raise ValueError(f"`list {what}` takes no names and no --device; `list solvers` does")
    if globs and device != "all":
        raise ValueError("`list solvers` takes names or --device, not both")
    if what == "solvers" and device == "all":
        from lamm_robust.cli.solver_list import brief, whole

        say("\n".join(whole(globs, width()) if globs else brief(width())))
        return
    header, rows = listing.LISTINGS[what]() if device == "all" else listing.solvers_on(TOGETHER.get(device) or [device])
    from rich.table import Table

    from lamm_robust.console import standard_output

    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(header):
        table.add_column(column, overflow="fold", no_wrap=index == 0)  # names are there to be copied
    for row in rows:
        table.add_row(*row)
    standard_output().print(table, highlight=False, markup=False)


@main.command(short_help="Rebuild one row of the tables from its key.")
@click.argument("key")
@from_oracle
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option("--script", is_flag=True, help="Print it as a short script that needs the library alone.")
@click.option("--derivative", is_flag=True, help="Differentiate the solver, too: JAX's, Lineax's and PyTorch's.")
def replay(key: str, oracle: str, as_json: bool, script: bool, derivative: bool) -> None:
    """Rebuild one row from its KEY, as printed in the tables, and show problem, truth, answer and scores."""
    from lamm_robust.cli.replay import replay_facts, replay_text

    if script and (as_json or derivative):
        raise ValueError(f"--script and --{'json' if as_json else 'derivative'} do not go together")
    if script:
        from lamm_robust.runs.script import replay_scripts, that_fails

        say(that_fails(replay_scripts(key, oracle), Path.cwd()), nl=False)
    elif as_json:
        say(json_text(replay_facts(key, oracle, derivative=derivative)))
    else:
        say(replay_text(key, oracle, derivative=derivative))


@main.command(short_help="Certify your own problem: a file, or text.")
@click.argument("problem")
@from_oracle
@click.option("--rank", type=int, metavar="K", help="Count the singular values after the K-th as zero: certify A_K⁺b.")
@click.option("--pinv", is_flag=True, help="Certify the pseudo-inverse A⁺ instead of x; no b is needed.")
@click.option("--cov", is_flag=True, help="Also certify covariance, standard errors, s and R² of the regression.")
@click.option("--ridge", type=float, metavar="LAMBDA", help="Certify the x of min ‖Ax − b‖² + LAMBDA·‖x‖².")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def truth(
    problem: str, oracle: str, rank: int | None, pinv: bool, cov: bool, ridge: float | None, as_json: bool
) -> None:
    """Certify your own PROBLEM: an .npz or .json file with A (m×n) and b (m or m×k), or text 'A=1,2;3,4 b=5,6'.

    X and y are other names of A and b; w or sigma are weights of the rows, C and d constraints Cx = d. Without b (also
    in an .npy file, which is A) you get rank, κ and singular values. Numbers are float32, float64, or whole.
    """
    from lamm_robust import catalog
    from lamm_robust.cli.truth import certify_given
    from lamm_robust.cli.truth_page import text

    facts = certify_given(problem, catalog.cached_oracle(oracle), rank, pinv=pinv, cov=cov, ridge=ridge)
    say(json_text(facts) if as_json else text(facts))


@main.command(short_help="Check the oracle against NIST's certified values.")
def nist() -> None:
    """Check the oracle against NIST's certified regressions, and show what rounding the data costs."""
    from lamm_robust.cli.nist import agreement_table
    from lamm_robust.console import standard_output

    standard_output().print(agreement_table())


main.add_command(advise)
main.add_command(check)
main.add_command(claims)
main.add_command(hunt)
main.add_command(lamm)
main.add_command(picture)
main.add_command(site)
