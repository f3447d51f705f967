"""Markdown tables that are printed row by row, as the rows are measured, or put into a page."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path


def row(cells: Iterable[object]) -> None:
    """Print one row of a table at once, so that a long measurement shows how far it is."""
    print("|", " | ".join(map(str, cells)), "|", flush=True)


def head(*cells: str) -> None:
    """Print an empty line and the two lines that open a table with these headings."""
    print()
    row(cells)
    row(["---"] * len(cells))


def publish(text: str, page: Path, begin: str, end: str = "") -> None:
    """Print what was measured, or with --write put it into the page: from one mark to another, or to the page's end."""
    print(text)
    if "--write" in sys.argv:
        before, _, rest = page.read_text(encoding="utf-8").partition(begin)
        after = rest.partition(end)[2] if end else ""
        page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")
