"""The command `check`: what is asked on the command line, and where the verdict goes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

import click

from lamm_robust.defaults import CASE_MEMORY, CHECK_SECONDS, Exit
from lamm_robust.values import DEVICES, PRECISIONS, PROFILES, REQUIREMENTS, SHAPES, Deficiency, Device, Precision, Shape


@click.command(short_help="A verdict on a solver of your own.")
@click.argument("target")
@click.option(
    "--contract",
    type=click.Choice([contract.value for contract in Deficiency]),
    default="minimum_norm",
    show_default=True,
    help="What it promises.",
)
@click.option("--shapes", metavar="LIST", help="Of tall,wide,square.  [default: all; no wide for full_rank_only]")
@click.option("--precision", type=click.Choice([*PRECISIONS, "all"]), default="float64", show_default=True)
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True, help="`cpu` hides the GPU.")
@click.option("--profile", type=click.Choice([p.name for p in PROFILES[:2]]), default="quick", show_default=True)
@click.option("--family", "families", multiple=True, metavar="GLOB", help="Only these families; repeatable.")
@click.option("--require", type=click.Choice(REQUIREMENTS), help="Exit with 1 unless this holds.")
@click.option("--json", "out", metavar="FILE", help="Write the verdict as JSON too; `-` prints it instead of the page.")
@click.option("--only", metavar="KEY", help="Show one problem in full, by its key.")
@click.option("--case-seconds", type=click.FloatRange(0.001, 1e6), default=CHECK_SECONDS, show_default=True)
@click.option(
    "--case-memory", type=click.IntRange(1, 1 << 24), default=CASE_MEMORY >> 20, show_default=True, help="In MiB."
)
def check(
    target: str,
    contract: str,
    shapes: str | None,
    precision: str,
    device: str,
    profile: str,
    families: tuple[str, ...],
    require: Any,
    out: str | None,
    only: str | None,
    case_seconds: float,
    case_memory: int,
) -> None:
    """A verdict on your own solver TARGET: package.module:function or path/to/file.py:function.

    The function takes NumPy arrays A and b and returns x. Exit code 0 if what is required holds, or nothing is.
    """
    from rich.console import Console

    from lamm_robust.check.judgement import Terms
    from lamm_robust.check.page import facts, page
    from lamm_robust.check.supervised import check_target, only_text
    from lamm_robust.solvers import user

    found_target = user.parse_target(target, Path.cwd())
    if out and out != "-" and (Path(out).is_dir() or not Path(out).absolute().parent.is_dir()):
        raise ValueError(f"--json {out}: expected a file in a directory that exists, or -")
    if only is not None and (out or require):
        raise ValueError("--only shows one problem; leave out --json and --require")
    precisions = PRECISIONS if precision == "all" else (cast(Precision, precision),)
    asked = [
        Terms(
            contract=Deficiency(contract),
            shapes=parse_shapes(shapes),
            precision=one,
            device=cast(Device, device),
            profile=profile,
            families=families,
            require=require,
            case_seconds=case_seconds,
            case_memory=case_memory << 20,
        )
        for one in precisions
    ]
    if only is not None:
        click.echo(only_text(found_target, asked[0], only))
        return
    found = []
    for terms in asked:
        with Console(stderr=True).status(f"checking in {terms.precision}"):
            found.append(check_target(found_target, terms))
        if out != "-":
            click.echo(("\n\n" if len(found) > 1 else "") + page(found[-1]))
    values = [facts(one) for one in found]
    if out:
        text = json.dumps(values if precision == "all" else values[0], indent=2, ensure_ascii=False, allow_nan=False)
        click.echo(text) if out == "-" else Path(out).write_text(text + "\n", encoding="utf-8")
    sys.exit(Exit.DONE if all(one.passed for one in found) else Exit.NOT_HELD)


def parse_shapes(text: str | None) -> tuple[Shape, ...]:
    """The shapes in a text that joins them by commas, or none for None; ValueError for a word that is no shape."""
    if text is None:
        return ()
    words = [word.strip() for word in text.split(",")]
    if bad := [word for word in words if word not in SHAPES]:
        raise ValueError(f"--shapes has '{bad[0]}'; accepted are {', '.join(SHAPES)}, joined by commas")
    return tuple(cast(Shape, word) for word in dict.fromkeys(words))
