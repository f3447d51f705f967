"""Command lines run in this process, each of which must end in a documented exit code and without a traceback."""

from __future__ import annotations

import contextlib
import io
from collections import Counter

from lamm_robust.cli import main as cli
from lamm_robust.defaults import Exit

EXIT_CODES = set(Exit)


def ended(arguments: list[str]) -> tuple[int, str]:
    """The exit code of a command line, and what it printed; whatever else it raises is a failure."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            cli.main(arguments, prog_name="lamm-robust")
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else 0, printed.getvalue()
    return 0, printed.getvalue()


def check(arguments: list[str], codes: Counter[int]) -> None:
    try:
        code, printed = ended(arguments)
    except Exception as error:
        raise AssertionError(f"{arguments} raised {error!r}") from error
    assert code in EXIT_CODES, arguments
    assert "Traceback" not in printed, (arguments, printed)
    assert code == 0 or printed.strip(), f"{arguments} failed without a word"
    codes[code] += 1
