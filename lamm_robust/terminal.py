"""The terminal: where pages are printed, and one progress bar for everything that takes long."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

PAGE_WIDTH = 150
"""Characters of a line in pipes and logs, which have no width of their own: wide enough for the leaderboard."""

REDRAW_SECONDS = 0.1
"""Time between two drawings of a progress bar: to draw it costs more than a case."""


def standard_output() -> Console:
    """Standard output, as wide as the terminal, or `PAGE_WIDTH` wide where it is no terminal."""
    return Console() if sys.stdout.isatty() else Console(width=PAGE_WIDTH)


class Steps:
    """How many steps of something are done, shown by a bar; `progress` makes it."""

    def __init__(self, bar: Progress, total: float, what: str, unit: str) -> None:
        self._bar = bar
        self._task = bar.add_task(what, total=total)
        self._total = total
        self._unit = unit
        self._done = 0.0
        self._drawn = 0.0

    def add(self, steps: float, now: str = "") -> None:
        """Count so many more steps as done; `now` says in a few words what is at work."""
        self.reach(self._done + steps, now)

    def reach(self, steps: float, now: str = "") -> None:
        """Set the number of steps that are done. Without a terminal, a line for every tenth replaces the bar."""
        before, self._done = self._done, steps
        if not self._bar.console.is_terminal:
            if self._unit and int(self._done * 10 // self._total) > int(before * 10 // self._total):
                line = f"{self._done:.0f} of {self._total:.0f} {self._unit}" + (f", now {now.strip()}" if now else "")
                self._bar.console.print(line, highlight=False, markup=False)
        elif time.monotonic() - self._drawn > REDRAW_SECONDS:
            self._drawn = time.monotonic()
            self._bar.update(self._task, completed=self._done, description=now or None, refresh=True)


@contextmanager
def progress(
    total: float, what: str, *, unit: str = "", console: Console | None = None, live: bool = True
) -> Iterator[Steps]:
    """A progress bar of so many steps, on standard error unless another console is given; it vanishes at the end.

    `unit` names the steps, such as "runs", which are then counted; steps without a name, such as seconds, are not. With
    `live` a thread redraws it; without, it is drawn at steps only, and costs nothing between them.
    """
    counted = (MofNCompleteColumn(),) if unit else ()
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), *counted, TimeElapsedColumn())
    left = (TextColumn("left"), TimeRemainingColumn())
    where = console or Console(stderr=True)
    with Progress(*columns, *left, console=where, transient=True, auto_refresh=live) as bar:
        yield Steps(bar, total, what, unit)
