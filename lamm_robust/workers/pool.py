"""Several workers at once, fed from one list of cases by one thread, which waits for whichever has something to say.

Cases are grouped by the process that they need. A worker gets the cases of one problem at a time, and some ahead of
what it is doing. When its group has no cases left it ends, and a worker for the next group takes its place.
"""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from lamm_robust.values import AbsentError, Answer, Case, Device, Precision, Problem, Variant

Group = tuple[str, Precision, Device]
"""What one process serves: the solvers of a library at a precision on a device."""

AHEAD = 64
"""Cases that a worker may have ahead: tens of milliseconds of work, while this process certifies or scores. Near the
end it has no more than a fair share of what is left, so that no worker runs dry while another has a queue."""

TICK = 0.5
"""Seconds between looks at the clock, and so the precision of time-outs."""

GATHER = 0.005
"""Seconds that this process sleeps once there is an answer, for more to come: to wake up for each costs more."""


class AnyWorker(Protocol):
    """What the pool needs of a worker; `supervisor.Worker` is one, and tests have others."""

    @property
    def reads(self) -> int:
        """The descriptor on which answers arrive."""

    @property
    def writes(self) -> int | None:
        """The descriptor on which requests wait to be written, if any do."""

    @property
    def has_greeted(self) -> bool:
        """Whether it has ever said what it runs on."""

    @property
    def pending(self) -> Sequence[Case]:
        """The cases that it was asked and has not answered."""

    def ask(self, case: Case, problem: Problem) -> None:
        """Ask for an attempt of the case's solver at its problem."""

    def pump(self, seconds: float) -> list[Answer]:
        """Write and read what can be without waiting; `seconds` went by since the last call."""

    def close(self) -> None:
        """End the process."""


Open = Callable[[str, Precision, Device], AnyWorker]
"""Opens a worker for a group."""


@dataclass(eq=False)
class Slot:
    """A worker and the group that it serves."""

    group: Group
    worker: AnyWorker
    heard: float
    """When the pool last listened to the worker, by the monotonic clock."""


def group_of(case: Case) -> Group:
    """The group of a case, which says what process it needs."""
    return case.variant.library, case.variant.precision, case.variant.device


class Pool:
    """The workers at work on some cases; iterating yields answers as they come, in lists."""

    def __init__(
        self,
        cases: Iterable[Case],
        problem: Callable[[Case], Problem | None],
        open_worker: Open,
        slots: int = 1,
        group: Callable[[Case], Group] = group_of,
    ) -> None:
        """`problem` returns the problem of a case, or None if no worker is to be asked.

        `open_worker` starts the worker of a `group`, and at most `slots` workers live at a time.
        """
        self._waiting: dict[Group, deque[Case]] = {}
        for case in cases:
            self._waiting.setdefault(group(case), deque()).append(case)
        self._problem = problem
        self._open = open_worker
        self._most = slots
        self._slots: list[Slot] = []
        self.absent: dict[Variant, AbsentError] = {}
        """The variants whose worker could not be started, with the reason."""
        self.skipped: list[Case] = []
        """The cases of these variants."""
        self.proven: set[Group] = set()
        """The groups of which a worker has said what it runs on."""

    def __iter__(self) -> Iterator[list[Answer]]:
        try:
            while self._staff():
                for slot in self._slots:
                    self._feed(slot)
                self._wait()
                for slot in list(self._slots):
                    yield self._listen(slot)
        finally:
            for slot in self._slots:
                slot.worker.close()

    def _staff(self) -> bool:
        """End workers that have nothing to do, start others while there is work; False when all is done."""
        for slot in [s for s in self._slots if not s.worker.pending and not self._waiting[s.group]]:
            slot.worker.close()
            self._slots.remove(slot)
        while len(self._slots) < self._most and (group := self._next_group()):
            self._slots.append(Slot(group, self._open(*group), time.monotonic()))
        return bool(self._slots)

    def _next_group(self) -> Group | None:
        """The group with cases left that has the fewest workers; the first of the plan among equals."""
        groups = [group for group, cases in self._waiting.items() if cases]
        return min(groups, key=lambda group: sum(s.group == group for s in self._slots), default=None)

    def _feed(self, slot: Slot) -> None:
        waiting = self._waiting[slot.group]
        while waiting and len(slot.worker.pending) < min(AHEAD, 1 + len(waiting) // len(self._slots)):
            key = waiting[0].key
            while waiting and waiting[0].key == key:  # all cases of a problem: its bits are sent once
                case = waiting.popleft()
                problem = self._problem(case)
                if problem is not None:
                    slot.worker.ask(case, problem)

    def _wait(self) -> None:
        """Wait until a worker can be read from or written to, or the clock needs a look."""
        ready = select.poll()  # `select.select` cannot take descriptors above 1023
        for slot in self._slots:
            ready.register(slot.worker.reads, select.POLLIN)
            if slot.worker.writes is not None:
                ready.register(slot.worker.writes, select.POLLOUT)
        if any(event & ~select.POLLOUT for _, event in ready.poll(TICK * 1000)):
            time.sleep(GATHER)

    def _listen(self, slot: Slot) -> list[Answer]:
        now = time.monotonic()
        # while this process was busy or suspended itself it could not hear the worker, which is not the worker's fault
        seconds, slot.heard = min(now - slot.heard, 2 * TICK), now
        try:
            answers = slot.worker.pump(seconds)
        except AbsentError as error:
            if slot.worker.has_greeted:  # it has worked before: something has happened to this machine
                raise
            if slot.group not in self.proven:
                self._give_up(slot, error)
            elif not self._do_without(slot):
                raise
            return []
        if slot.worker.has_greeted:
            self.proven.add(slot.group)
        return answers

    def _do_without(self, slot: Slot) -> bool:
        """Go on with one worker less, since others of its group have worked; False if no worker is left."""
        self._waiting[slot.group].extendleft(reversed(slot.worker.pending))
        slot.worker.close()
        self._slots.remove(slot)
        self._most -= 1
        return self._most > 0

    def _give_up(self, slot: Slot, why: AbsentError) -> None:
        """Skip all cases of a group, for no worker of it can be started."""
        cases = [*slot.worker.pending, *self._waiting[slot.group]]
        self._waiting[slot.group].clear()
        slot.worker.close()
        self._slots.remove(slot)
        self.absent |= dict.fromkeys((case.variant for case in cases), why)
        self.skipped += cases
