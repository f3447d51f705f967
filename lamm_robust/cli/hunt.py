"""The command `hunt`: who is hunted, for what, and where what is found is kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from lamm_robust.cli.check import parse_list
from lamm_robust.cli.options import SECONDS, from_oracle
from lamm_robust.defaults import CASE_SECONDS, Exit
from lamm_robust.terminal import say
from lamm_robust.values import PRECISIONS, SHAPES, Deficiency, Precision, Shape

if TYPE_CHECKING:
    from lamm_robust.hunt.quarry import Quarry


@click.command(short_help="Search for the problem at which a solver does worst.")
@click.argument("solver")
@click.option("--score", default="silent", show_default=True, help="What to make worst: a score, or silent failures.")
@click.option(
    "--seconds",
    type=SECONDS,
    default=CASE_SECONDS,
    show_default=True,
    help="Time for the search.",
)
@click.option("--family", "families", multiple=True, metavar="GLOB", help="Only these families; repeatable.")
@click.option("--edges", is_flag=True, help="Among empty matrices, extreme scales, NaN and ∞, too.")
@click.option("--contract", type=click.Choice([c.value for c in Deficiency]), help="What your own function promises.")
@click.option("--shapes", metavar="LIST", help="Of tall,wide,square: what your own function takes.")
@click.option("--precision", type=click.Choice(PRECISIONS), help="Of your own function.  [default: float64]")
@click.option("--script", is_flag=True, help="Print the simplest problem as a short script without us, too.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Also write a page.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to keep what is found.  [default: results/worst; nowhere for your own function]",
)
@from_oracle
def hunt(
    solver: str,
    score: str,
    seconds: float,
    families: tuple[str, ...],
    edges: bool,
    contract: str | None,
    shapes: str | None,
    precision: str | None,
    script: bool,
    html: Path | None,
    out: Path | None,
    oracle: str,
) -> None:
    """Search for the problem at which SOLVER does worst, and shrink it.

    SOLVER is a name, such as gelsy or numpy-pinv-float32-cpu, or a function of yours, such as path/to/file.py:function.
    What is found is kept, and `run --profile worst` lets every solver attempt it.
    """
    from lamm_robust import catalog
    from lamm_robust.hunt.hunt import hunt_text
    from lamm_robust.hunt.quarry import known
    from lamm_robust.storage import findings
    from lamm_robust.storage.files import require_place, write_text

    if html:
        require_place("--html", html)
    if is_target(solver):
        quarry, directory = _own(solver, contract, shapes, precision), out
    elif contract or shapes or precision:
        raise ValueError(f"--contract, --shapes and --precision are about a function of yours; '{solver}' is a name")
    else:
        quarry, directory = known(solver), out or findings.DIRECTORY
    cached = catalog.cached_oracle(oracle)
    told = hunt_text(quarry, score, seconds, families, cached, directory, edges=edges, script=script, html=bool(html))
    say(told.text, err=not told.tried)
    if html and told.page:
        write_text(html, told.page)
        say(f"a page to look at: {html}")
    if told.unkept:
        raise told.unkept
    sys.exit(Exit.DONE if told.tried else Exit.NOTHING_RAN)


def is_target(text: str) -> bool:
    """Whether a text names a function, and no solver of the catalog: no name of those has a colon."""
    return ":" in text


def _own(text: str, contract: str | None, shapes: str | None, precision: str | None) -> Quarry:
    """A function of the user's own; ValueError if there is none."""
    from lamm_robust.hunt.quarry import own
    from lamm_robust.solvers import user

    promised = Deficiency(contract or Deficiency.MINIMUM_NORM)
    taken = cast("tuple[Shape, ...]", parse_list("--shapes", shapes, SHAPES)) or user.usual_shapes(promised)
    return own(user.parse_target(text, Path.cwd()), promised, taken, cast(Precision, precision or "float64"))
