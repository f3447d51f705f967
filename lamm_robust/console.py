"""Consoles: tables, colours and one progress bar, through which no foreign text gets that a terminal would obey."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.segment import Segment

from lamm_robust.terminal import PAGE_WIDTH
from lamm_robust.text import harmless

REDRAW_SECONDS = 0.1
"""Time between two drawings of a progress bar: to draw it costs more than a case."""


class _Harmless(RenderHook):
    """Lets through to a console what `harmless` lets through; rich itself says with `control` what is to be obeyed."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Rendered(one) for one in renderables]


class _Rendered:
    """What is printed, rendered and then made harmless."""

    def __init__(self, shown: RenderableType) -> None:
        self._shown = shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for text, style, control in console.render(self._shown, options):
            yield Segment(text if control else harmless(text), style, control)


def open_console(*, err: bool = False, width: int | None = None) -> Console:
    """Standard output, or with `err` standard error, for tables, colours and progress."""
    console = Console(stderr=err, width=width)
    console.push_render_hook(_Harmless())
    return console


def standard_output() -> Console:
    """Standard output, as wide as the terminal, or `PAGE_WIDTH` wide where it is no terminal."""
    return open_console(width=None if sys.stdout.isatty() else PAGE_WIDTH)


class _Bar(Progress):
    """A progress bar with something above it, which is made anew whenever the bar is drawn."""

    above: Callable[[], RenderableType] | None = None

    def stop(self) -> None:
        """End the bar; rich would then end its line, too, where there is no terminal and so no bar."""
        self.live.stop()

    def get_renderables(self) -> Iterable[RenderableType]:
        if self.above:
            yield self.above()
        yield from super().get_renderables()


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
    total: float,
    what: str,
    *,
    unit: str = "",
    console: Console | None = None,
    live: bool = True,
    above: Callable[[], RenderableType] | None = None,
) -> Iterator[Steps]:
    """A progress bar of so many steps, on standard error unless another console is given; it vanishes at the end.

    `unit` names the steps, such as "runs", which are then counted; steps without a name, such as seconds, are not. With
    `live` a thread redraws it; without, it is drawn at steps only, and costs nothing between them. `above` returns what
    is drawn above the bar.
    """
    counted = (MofNCompleteColumn(),) if unit else ()
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), *counted, TimeElapsedColumn())
    left = (TextColumn("left"), TimeRemainingColumn())
    where = console or open_console(err=True)
    bar = _Bar(*columns, *left, console=where, transient=True, auto_refresh=live)
    bar.above = above
    with bar:
        yield Steps(bar, total, what, unit)
