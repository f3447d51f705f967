"""The command `picture`: what people type at a dozen kinds of problems, as an SVG file."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from lamm_robust.terminal import say
from lamm_robust.values import DEVICES, EVERY_PRECISION, Device, Precision


@click.command(short_help="What people type at a dozen kinds of problems, as an SVG file.")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The SVG file to write.")
@click.option("--precision", type=click.Choice(EVERY_PRECISION), default="float64", show_default=True)
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True)
def picture(directory: Path, out: Path, precision: str, device: str) -> None:
    """Draw what people type at a dozen kinds of problems, from the records of a results DIRECTORY, as an SVG file.

    The same records give the same bytes.
    """
    from lamm_robust.reports.page.picture import asked
    from lamm_robust.reports.page.picture import picture as draw
    from lamm_robust.storage.files import refuse_other_versions, write_text
    from lamm_robust.storage.parquet import Records, read_environment

    at = cast(Precision, precision), cast(Device, device)
    records = Records(directory)
    with refuse_other_versions(directory):
        groups = [own for variant in asked(*at) if (own := records.of(variant))]
        environment = read_environment(directory)
    write_text(out, draw(groups, *at, environment))
    say(f"a picture to look at: {out}")
