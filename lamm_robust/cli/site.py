"""The command `site`: a folder of static pages from results, hunts, claims and studies."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from lamm_robust.terminal import say


@click.command(short_help="A folder of static pages from committed results.")
@click.argument("directories", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="DIR...")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("site"), show_default=True)
def site(directories: tuple[Path, ...], out: Path) -> None:
    """Make a folder of static pages from each DIR: results, hunts, claims, or a study, such as results/lamm.

    One page for every solver, family and public report, and an index that can be searched; no server is needed. Pages
    of the same name are written over, and nothing is deleted.
    """
    from lamm_robust.reports.page.frame import slug
    from lamm_robust.site.pages import pages
    from lamm_robust.site.sources import read
    from lamm_robust.site.studies import MARKDOWN
    from lamm_robust.storage.files import write_text

    sources = read(directories)
    count = 0
    for path, page in pages(sources):
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        write_text(out / path, page)
        count += 1
    for name, files in sources.copied.items():
        (out / slug(name)).mkdir(parents=True, exist_ok=True)
        for file in (file for file in files if file.suffix != MARKDOWN):
            shutil.copyfile(file, out / slug(name) / slug(file.name))
    say(f"{count} pages")
    say(f"a page to look at: {out / 'index.html'}")
