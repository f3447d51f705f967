"""The command `picture`: what people type at kinds of problems or at what hunts found, or solvers by family, as SVG."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from lamm_robust.terminal import say
from lamm_robust.values import DEVICES, EVERY_PRECISION, HUNTED, Device, Precision


@click.command(short_help="What people type at a dozen kinds of problems, as an SVG file.")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The SVG file to write.")
@click.option("--solver", "solvers", multiple=True, metavar="GLOB", help="These solvers by family, instead.")
@click.option("--precision", type=click.Choice(EVERY_PRECISION), default="float64", show_default=True)
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True)
def picture(directory: Path, out: Path, solvers: tuple[str, ...], precision: str, device: str) -> None:
    """Draw what people type at a dozen kinds of problems, from the records of a results DIRECTORY, as an SVG file.

    With --solver, draw where those solvers fail, by family of problems; of the profile `worst`, draw the errors of what
    people type at each of its problems. The same records give the same bytes.
    """
    from lamm_robust import catalog
    from lamm_robust.reports.page import picture as pictures
    from lamm_robust.storage.files import refuse_other_versions, write_text
    from lamm_robust.storage.parquet import Records, read_environment

    at = cast(Precision, precision), cast(Device, device)
    names = map(str, catalog.select_variants(solvers, at[:1], at[1:])) if solvers else pictures.asked(*at)
    records = Records(directory)
    with refuse_other_versions(directory):
        groups = [own for variant in names if (own := records.of(variant))]
        environment = read_environment(directory)
    if solvers and not groups:
        raise ValueError(f"'{directory}' has no records of {', '.join(solvers)} in {precision} on {device}")
    hunted = environment.get("suite", {}).get("profile") == HUNTED.name
    draw = pictures.by_family if solvers else pictures.by_problem if hunted else pictures.picture
    write_text(out, draw(groups, *at, environment))
    say(f"a picture to look at: {out}")
