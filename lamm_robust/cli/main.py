"""The command line: every command, of which those of a few lines are here."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lamm_robust.cli.advise import advise
from lamm_robust.cli.check import check
from lamm_robust.cli.claims import claims
from lamm_robust.cli.compare import compare
from lamm_robust.cli.hunt import hunt
from lamm_robust.cli.lamm import lamm
from lamm_robust.cli.one_line import OneLine
from lamm_robust.cli.options import DEVICE, TOGETHER, from_oracle
from lamm_robust.cli.picture import picture
from lamm_robust.cli.run import run
from lamm_robust.cli.site import site
from lamm_robust.terminal import say, width
from lamm_robust.text import json_text

# "solvers", and the keys of `listing.LISTINGS`, which --help must not import
LISTS = ("solvers", "families", "metrics", "oracles", "profiles")


@click.group(cls=OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lamm-robust")
def main() -> None:
    """Which least-squares solver can you trust? Measured against certified truth."""


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
main.add_command(compare)
main.add_command(hunt)
main.add_command(lamm)
main.add_command(picture)
main.add_command(run)
main.add_command(site)
