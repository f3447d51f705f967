"""The terminal: the door to it for lines of text, which lets none through that it would obey; see `console`."""

from __future__ import annotations

import shutil
import sys

import click

from lamm_robust.text import harmless

PAGE_WIDTH = 150
"""Characters of a line in pipes and logs, which have no width of their own: wide enough for the leaderboard."""


def width() -> int:
    """Return how many characters a line of standard output has."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else PAGE_WIDTH


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text, harmless, on standard output or, with `err`, on standard error; `nl` ends the line."""
    click.echo(harmless(text), err=err, nl=nl)
