"""How cases are dealt to workers: every one once, whole problems at a time, and none left idle."""

from __future__ import annotations

import os
import select
from collections import deque
from collections.abc import Callable

import pytest

from lamm_robust.values import (
    AbsentError,
    Answer,
    Case,
    Device,
    Outcome,
    Precision,
    Problem,
    ProblemKey,
    Status,
    Variant,
)
from lamm_robust.workers.pool import AHEAD, TICK, Pool
from lamm_robust.workers.second_look import attempt_alone
from tests.support.problems import problem_of

PROBLEM = problem_of([[1.0]], [1.0])


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without waiting for more answers, which these workers always have."""
    monkeypatch.setattr("lamm_robust.workers.pool.GATHER", 0.0)


def case(number: int, algorithm: str = "a", library: str = "one") -> Case:
    return Case(ProblemKey("p", (("n", number),), "float64"), Variant(library, algorithm, "float64", "cpu"))


class Worker:
    """Answers as many cases per look as it is told."""

    def __init__(self, office: Office, library: str) -> None:
        self.office, self.library = office, library
        self.reads, self._end = os.pipe()
        os.write(self._end, b"x")
        self.writes: int | None = None
        self.has_greeted = True
        self.pending: deque[Case] = deque()
        self.most = 0
        self.closed = False

    def ask(self, case: Case, problem: Problem) -> None:
        assert problem is PROBLEM
        self.pending.append(case)
        self.most = max(self.most, len(self.pending))

    def pump(self, seconds: float) -> list[Answer]:
        self.office.waits.append(seconds)
        if self.library in self.office.broken:
            raise AbsentError("broken")
        count = self.office.pace(self.library)
        return [Answer(self.pending.popleft(), Outcome(Status.SOLVED)) for _ in range(min(count, len(self.pending)))]

    def close(self) -> None:
        assert not self.closed
        self.closed = True
        os.close(self.reads)
        os.close(self._end)


class Office:
    def __init__(self, pace: Callable[[str], int] = lambda _: 1, broken: tuple[str, ...] = ()) -> None:
        self.pace, self.broken = pace, broken
        self.workers: list[Worker] = []
        self.waits: list[float] = []
        self.at_once = 0

    def open(self, library: str, precision: Precision, device: Device) -> Worker:
        self.workers.append(Worker(self, library))
        self.at_once = max(self.at_once, sum(not worker.closed for worker in self.workers))
        return self.workers[-1]


def answered(cases: list[Case], office: Office, slots: int = 1) -> list[Case]:
    found = [a.case for batch in Pool(cases, lambda _: PROBLEM, office.open, slots) for a in batch]
    assert all(worker.closed for worker in office.workers)
    return found


@pytest.mark.parametrize("slots", [1, 2, 5])
@pytest.mark.parametrize("pace", [1, 3, 1000])
def test_every_case_is_answered_once(slots: int, pace: int) -> None:
    cases = [case(n, a, lib) for n in range(40) for a in "abc" for lib in ("one", "two", "three")]
    office = Office(lambda _: pace)
    assert sorted(map(str, answered(cases, office, slots))) == sorted(map(str, cases))
    assert office.at_once <= slots


def test_a_worker_is_not_given_more_than_it_needs_to_stay_busy() -> None:
    office = Office(lambda _: 10)
    answered([case(n) for n in range(1000)], office)
    assert office.workers[0].most == AHEAD


def test_a_problem_stays_together() -> None:
    office = Office(lambda _: 1)
    given: list[Case] = []

    def problem(asked: Case) -> Problem:
        given.append(asked)
        return PROBLEM

    next(iter(Pool([case(n, a) for n in range(90) for a in "abcdef"], problem, office.open)))
    assert AHEAD <= len(given) < AHEAD + 6
    assert len(given) % 6 == 0, "its bits are sent once, with all who are to try it"


def test_the_last_cases_are_shared_out() -> None:
    office = Office(lambda _: 1)
    answered([case(n) for n in range(4)], office, slots=2)
    assert [worker.most for worker in office.workers] == [2, 1], "the last goes to who is first to be free"


def test_places_go_to_the_libraries_in_turn() -> None:
    office = Office()
    answered([case(n, "a", lib) for lib in ("one", "two") for n in range(200)], office, slots=2)
    assert [worker.library for worker in office.workers[:2]] == ["one", "two"]


def test_who_is_done_makes_place_for_the_next() -> None:
    office = Office(lambda library: 1 if library == "one" else 100)
    answered([case(n, "a", lib) for lib in ("one", "two") for n in range(150)], office, slots=2)
    assert [worker.library for worker in office.workers] == ["one", "two", "one"]


def test_cases_without_a_problem_are_not_asked() -> None:
    office, cases = Office(), [case(n) for n in range(10)]
    pool = Pool(cases, lambda c: PROBLEM if c in cases[::2] else None, office.open)
    assert [a.case for batch in pool for a in batch] == cases[::2]


def test_a_library_that_cannot_be_had_does_not_hold_up_the_others() -> None:
    office = Office(broken=("two",))
    cases = [case(n, "a", lib) for n in range(5) for lib in ("one", "two")]

    def open_(library: str, precision: Precision, device: Device) -> Worker:
        worker = office.open(library, precision, device)
        worker.has_greeted = library != "two"
        return worker

    pool = Pool(cases, lambda _: PROBLEM, open_, 2)
    assert sorted(str(a.case) for batch in pool for a in batch) == sorted(map(str, cases[::2]))
    assert {v: why.sentence for v, why in pool.absent.items()} == {cases[1].variant: "not measured: broken"}
    assert sorted(map(str, pool.skipped)) == sorted(map(str, cases[1::2]))
    assert all(worker.closed for worker in office.workers)


def test_who_has_worked_and_cannot_go_on_ends_the_run_and_leaves_nobody_behind() -> None:
    office = Office(broken=("one",))
    with pytest.raises(AbsentError, match="broken"):
        list(Pool([case(1)], lambda _: PROBLEM, office.open))
    assert all(worker.closed for worker in office.workers)


def test_the_time_that_this_process_was_busy_is_not_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]

    def later() -> float:
        clock[0] += 500.0
        return clock[0]

    monkeypatch.setattr("lamm_robust.workers.pool.time.monotonic", later)
    office = Office()
    answered([case(1)], office)
    assert max(office.waits) == 2 * TICK


def test_a_worker_is_told_the_time_since_it_was_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(n / 4 for n in range(100, 200))
    monkeypatch.setattr("lamm_robust.workers.pool.time.monotonic", lambda: next(clock))
    office = Office()
    answered([case(n) for n in range(3)], office)
    assert office.waits == [0.25] * 3


@pytest.mark.parametrize(
    ("writes", "event", "gathers"),
    [(None, select.POLLIN, 1), (None, select.POLLHUP, 1), (77, select.POLLOUT, 0), (77, select.POLLIN, 1)],
)
def test_more_answers_are_waited_for_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, writes: int | None, event: int, gathers: int
) -> None:
    asked: list[tuple[int, int]] = []
    waited: list[float] = []
    slept: list[float] = []

    class Poll:
        def register(self, descriptor: int, events: int) -> None:
            asked.append((descriptor, events))

        def poll(self, milliseconds: float) -> list[tuple[int, int]]:
            waited.append(milliseconds)
            return [(9, event)]

    monkeypatch.setattr("lamm_robust.workers.pool.select.poll", Poll)
    monkeypatch.setattr("lamm_robust.workers.pool.time.sleep", slept.append)
    office = Office()

    def open_(library: str, precision: Precision, device: Device) -> Worker:
        worker = office.open(library, precision, device)
        worker.writes = writes
        return worker

    list(Pool([case(1)], lambda _: PROBLEM, open_))
    reads = office.workers[0].reads
    assert asked == [(reads, select.POLLIN), *([] if writes is None else [(writes, select.POLLOUT)])]
    assert waited == [1000 * TICK]
    assert slept == [0.0] * gathers  # as long as `at_once` says


def test_a_second_worker_that_cannot_be_had_is_done_without() -> None:
    """Others of its group have worked, so it says nothing of the library."""
    office = Office(lambda _: 3)

    def open_(library: str, precision: Precision, device: Device) -> Worker:
        worker = office.open(library, precision, device)
        if len(office.workers) == 2:
            worker.library, worker.has_greeted, office.broken = "second", False, ("second",)
        return worker

    cases = [case(n) for n in range(200)]
    pool = Pool(cases, lambda _: PROBLEM, open_, 2)
    assert sorted(str(a.case) for batch in pool for a in batch) == sorted(map(str, cases))
    assert pool.absent == {}
    assert pool.skipped == []
    assert all(worker.closed for worker in office.workers)


def test_who_has_nobody_left_to_do_without_ends_the_run() -> None:
    office = Office(lambda _: 1000)

    class Late(Worker):
        def pump(self, seconds: float) -> list[Answer]:
            if self.office.workers[0].closed:
                raise AbsentError("broken")
            return []

    def open_(library: str, precision: Precision, device: Device) -> Worker:
        if not office.workers:
            return office.open(library, precision, device)
        late = Late(office, library)
        late.has_greeted = False
        office.workers.append(late)
        return late

    found: list[Case] = []
    with pytest.raises(AbsentError, match="broken"):  # noqa: PT012 - after the first batch
        for batch in Pool([case(n) for n in range(4)], lambda _: PROBLEM, open_, 2):
            found += [answer.case for answer in batch]
    assert len(found) == 3, "all but what the second was asked"
    assert len(office.workers) == 3
    assert all(worker.closed for worker in office.workers)


def test_answers_of_one_are_not_lost_when_another_cannot_go_on() -> None:
    office = Office(broken=("two",))
    cases = [case(n, "a", lib) for n in range(2) for lib in ("one", "two")]
    found: list[Case] = []
    with pytest.raises(AbsentError):  # noqa: PT012 - after the first batch
        for batch in Pool(cases, lambda _: PROBLEM, office.open, 2):
            found += [answer.case for answer in batch]
    assert found == [cases[0]]


def test_alone_without_a_process_is_no_verdict() -> None:
    office = Office(broken=("one",))

    def open_(library: str, precision: Precision, device: Device) -> Worker:
        worker = office.open(library, precision, device)
        worker.has_greeted = False
        return worker

    with pytest.raises(AbsentError, match="broken"):
        attempt_alone(case(1), PROBLEM, open_)


def test_more_descriptors_than_select_can_take() -> None:
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        assert answered([case(1)], Office()) == [case(1)]
    finally:
        for descriptor in held:
            os.close(descriptor)
