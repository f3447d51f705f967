"""The terminal: the door to it for lines of text, which lets none through that it would obey; see `console`."""

from __future__ import annotations

import click

from lamm_robust.text import harmless


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text, harmless, on standard output or, with `err`, on standard error; `nl` ends the line."""
    click.echo(harmless(text), err=err, nl=nl)
