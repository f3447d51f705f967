"""Markdown tables that are printed row by row, as the rows are measured."""

from __future__ import annotations

from collections.abc import Iterable


def row(cells: Iterable[object]) -> None:
    """Print one row of a table at once, so that a long measurement shows how far it is."""
    print("|", " | ".join(map(str, cells)), "|", flush=True)


def head(*cells: str) -> None:
    """Print an empty line and the two lines that open a table with these headings."""
    print()
    row(cells)
    row(["---"] * len(cells))
