"""A group of commands whose foreseeable errors end in one line on standard error and the right exit code."""

from __future__ import annotations

import re
import sys
from typing import Any, NoReturn

import click

from lamm_robust.cli.check import check
from lamm_robust.cli.hunt import hunt, is_target
from lamm_robust.cli.watched import watched
from lamm_robust.defaults import Exit
from lamm_robust.terminal import say
from lamm_robust.text import printable
from lamm_robust.values import AbsentError, HarnessError, NotCertifiedError, StoreError

IS_HELP = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""The error of a group without a command, by which click prints its help; click before 8.2 has none, and prints it."""

HINT = re.compile(r"\. \(?Did you mean (?:one of: )?([^?]*\?)\)?$")
"""How click says what is near to a wrong word, behind a sentence about it."""


class OneLine(click.Group):
    """A command group whose foreseeable errors end in one line and the right exit code."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command that a shell has asked for; one that calls foreign code, in a process that is watched."""
        if sys.argv[1:2] == [check.name] or (sys.argv[1:2] == [hunt.name] and any(map(is_target, sys.argv[2:]))):
            watched(sys.argv[1])
        return super().__call__(*args, **kwargs)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the words before the name of the command; what is wrong with them ends it as in `invoke`."""
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            _refuse(error)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; foreseeable errors end it with one line on standard error."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            _refuse(error)
        except (ValueError, StoreError, NotCertifiedError) as error:
            _end(error, Exit.USAGE)
        except (HarnessError, AbsentError, ImportError, OSError) as error:
            _end(error, Exit.HARNESS)
        except KeyboardInterrupt:
            _end("stopped", Exit.INTERRUPTED)


def _refuse(error: click.UsageError) -> NoReturn:
    """End for words that are no usage, in one line that names the help; without any words, the help is printed."""
    if isinstance(error, IS_HELP):
        raise error
    line = HINT.sub(r"; did you mean \1", error.format_message()).removesuffix(".")
    see = f" (see `{error.ctx.command_path} --help`)" if error.ctx else ""
    _end(f"{line[:1].lower()}{line[1:]}{see}", Exit.USAGE)


def _end(error: object, code: int) -> NoReturn:
    say(f"lamm-robust: {printable(error)}", err=True)
    sys.exit(code)
