"""Several workers at once, fed from one list of cases, in one thread that waits for whichever has something to say.

Cases are grouped by the process they need. A worker takes the cases of one problem at a time, some ahead of what it is
doing, and when its group is empty it ends and one for the next group takes its place.
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
"""What one process serves: library, precision, device."""

AHEAD = 64
"""Cases that a worker may be given ahead: tens of milliseconds of work, while this process certifies or scores. Near
the end it is no more than a fair share of what is left, so that no worker runs dry while another has a queue."""

TICK = 0.5
"""Seconds between looks at the clock: time-outs are exact to this."""

GATHER = 0.005
"""Seconds that this process sleeps when there is an answer, for more to come: waking up for each costs more."""


class Asks(Protocol):
    """What the pool needs of a worker; see `supervisor.Worker`."""

    @property
    def reads(self) -> int:
        """The descriptor on which answers arrive."""

    @property
    def writes(self) -> int | None:
        """The descriptor on which requests wait to be written, if any do."""

    @property
    def greeted(self) -> bool:
        """Whether it has ever said what it runs on."""

    @property
    def asked(self) -> Sequence[Case]:
        """The cases asked and not answered."""

    def ask(self, case: Case, problem: Problem) -> None:
        """Ask for an attempt."""

    def pump(self, seconds: float) -> list[Answer]:
        """The answers that are there, after that much more waiting."""

    def close(self) -> None:
        """End the process."""


Open = Callable[[str, Precision, Device], Asks]


@dataclass(eq=False)
class Slot:
    """A place for one worker at a time."""

    group: Group
    worker: Asks
    looked: float
    """When it was last listened to."""


def group_of(case: Case) -> Group:
    """The process that a case needs."""
    return case.variant.library, case.variant.precision, case.variant.device


class Pool:
    """The workers at work on some cases; iterate to get answers as they come, in lists."""

    def __init__(
        self, cases: Iterable[Case], problem: Callable[[Case], Problem | None], open_worker: Open, slots: int = 1
    ) -> None:
        """`problem` gives what to send for a case, or None for one that no worker is to be asked about."""
        self._waiting: dict[Group, deque[Case]] = {}
        for case in cases:
            self._waiting.setdefault(group_of(case), deque()).append(case)
        self._problem = problem
        self._open = open_worker
        self._most = slots
        self._slots: list[Slot] = []
        self.absent: dict[Variant, AbsentError] = {}
        """Variants whose worker could not be started, with the reason."""
        self.skipped: list[Case] = []
        """Their cases."""
        self.proven: set[Group] = set()
        """Groups of which a worker has said what it runs on."""

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
        for slot in [s for s in self._slots if not s.worker.asked and not self._waiting[s.group]]:
            slot.worker.close()
            self._slots.remove(slot)
        while len(self._slots) < self._most and (group := self._next_group()):
            self._slots.append(Slot(group, self._open(*group), time.monotonic()))
        return bool(self._slots)

    def _next_group(self) -> Group | None:
        """The group with work for which the fewest workers are there; the first of the plan among equals."""
        groups = [group for group, cases in self._waiting.items() if cases]
        return min(groups, key=lambda group: sum(s.group == group for s in self._slots), default=None)

    def _feed(self, slot: Slot) -> None:
        waiting = self._waiting[slot.group]
        while waiting and len(slot.worker.asked) < min(AHEAD, 1 + len(waiting) // len(self._slots)):
            key = waiting[0].key
            while waiting and waiting[0].key == key:  # all cases of a problem: its bits are sent once
                case = waiting.popleft()
                problem = self._problem(case)
                if problem is not None:
                    slot.worker.ask(case, problem)

    def _wait(self) -> None:
        """Until a worker can be read from or written to, or the clock needs a look."""
        ready = select.poll()
        for slot in self._slots:
            ready.register(slot.worker.reads, select.POLLIN)
            if slot.worker.writes is not None:
                ready.register(slot.worker.writes, select.POLLOUT)
        if any(event & ~select.POLLOUT for _, event in ready.poll(TICK * 1000)):
            time.sleep(GATHER)

    def _listen(self, slot: Slot) -> list[Answer]:
        now = time.monotonic()
        # while this process was busy or suspended itself it could not hear the worker, which is not the worker's fault
        seconds, slot.looked = min(now - slot.looked, 2 * TICK), now
        try:
            answers = slot.worker.pump(seconds)
        except AbsentError as error:
            if slot.worker.greeted:  # it worked before: something happened to this machine
                raise
            if slot.group not in self.proven:
                self._give_up(slot, error)
            elif not self._do_without(slot):
                raise
            return []
        if slot.worker.greeted:
            self.proven.add(slot.group)
        return answers

    def _do_without(self, slot: Slot) -> bool:
        """Go on with one worker less; False if there is none left. Others of its group have worked."""
        self._waiting[slot.group].extendleft(reversed(slot.worker.asked))
        slot.worker.close()
        self._slots.remove(slot)
        self._most -= 1
        return self._most > 0

    def _give_up(self, slot: Slot, why: AbsentError) -> None:
        """No worker of this group can be had: none of its cases can be asked."""
        cases = [*slot.worker.asked, *self._waiting[slot.group]]
        self._waiting[slot.group].clear()
        slot.worker.close()
        self._slots.remove(slot)
        self.absent |= dict.fromkeys((case.variant for case in cases), why)
        self.skipped += cases
