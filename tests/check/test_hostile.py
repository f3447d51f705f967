"""250 solvers that attack their check: each is judged, none passes where it is wrong, none touches another's case."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lamm_robust import catalog
from lamm_robust.check import attempts
from lamm_robust.check.judgement import judge_solver
from lamm_robust.check.terms import Terms
from lamm_robust.reports.grading import PASSES
from lamm_robust.reports.stability import STABILITY_ORDER
from lamm_robust.scoring.truths import Truths
from lamm_robust.solvers import user
from lamm_robust.values import Answer, Case, Device, Library, Outcome, Precision, ProblemKey, Variant
from lamm_robust.workers import supervisor
from lamm_robust.workers.pool import Open, Pool
from lamm_robust.workers.process import Kind
from lamm_robust.workers.scratch import PREFIX
from lamm_robust.workers.supervisor import Worker
from tests.support.hostile import MOMENTS, STRIKES, Hostile, hostile
from tests.support.processes import descendants, eventually

TERMS = Terms(case_seconds=1.0, first_seconds=2.0, case_memory=1 << 30)
KEYS = [
    ProblemKey("polynomial", (("points", m), ("degree", 1), ("abscissae", "integers"), ("seed", 0)), "float64")
    for m in (4, 5, 6, 7)
]
"""Four problems, of which every second has an odd number of rows: there a hostile solver returns a wrong x."""

INNOCENT = "innocent"
BATCH = 10

SAMPLE = [
    *(
        Hostile(strike, "called")
        for strike in ("forge_without_key", "kill_its_parent", "stop_itself", "close_everything")
    ),
    *(Hostile(strike, "imported") for strike in ("greet_with_key", "greet_in_depth", "stop_the_clock")),
    *(Hostile(strike, "later") for strike in ("forge_that_it_declined", "raise_an_interrupt")),
]
"""Some of each kind and moment, which take no longer than they must."""


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Tells solvers which world is not theirs, and looks for what they have left in it."""
    monkeypatch.setenv("HOSTILE_WORLD", os.readlink("/proc/self/ns/pid"))  # noqa: PTH115 - it is no path
    monkeypatch.setattr(attempts, "SECOND_LOOKS", 1)
    monkeypatch.setattr(supervisor, "START_SECONDS", 30.0)  # an import without end is an absence, sooner or later
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    before = set(descendants(os.getpid()))
    yield
    eventually(lambda: not set(descendants(os.getpid())) - before)
    assert not list(place.glob(f"{PREFIX}*"))


def solvers_of(attackers: Sequence[Hostile], directory: Path) -> dict[str, Library]:
    """The library of each attacker by its name, and an innocent one's."""
    good = (
        Hostile("sleep", "called").source.replace("moment()\n    return", "return").replace(" * (1 + len(A) % 2)", "")
    )
    sources = {INNOCENT: good, **{one.name: one.source for one in attackers}}
    libraries = {}
    for name, source in sources.items():
        (directory / f"{name}.py").write_text(source, encoding="utf-8")
        target = user.parse_target(f"{name}.py:solve", directory)
        libraries[name] = attempts.library_of(target, TERMS)
    return libraries


def attack(attackers: Sequence[Hostile], directory: Path, module: str = Kind.module) -> None:
    """Let them attack beside an innocent solver; AssertionError unless all is as it must be.

    `module` is what their processes run.
    """
    libraries = solvers_of(attackers, directory)
    truths = Truths(catalog.build_problem, catalog.find_oracle("exact"))
    rounds = 1 + len(attackers)
    planned = [(INNOCENT, key) for key in KEYS for _ in range(rounds)] + [(a.name, k) for a in attackers for k in KEYS]
    cases = [Case(key, Variant(name, "solve", "float64", "cpu")) for name, key in planned]

    def open_worker(library: str, precision: Precision, device: Device) -> Worker:
        kind = Kind(libraries[library], precision, device, TERMS.case_memory, module)
        return Worker(kind, case_seconds=TERMS.case_seconds, first_seconds=TERMS.first_seconds)

    pool = Pool(cases, lambda case: truths.problem(case.key), open_worker, slots=3)
    answers = [answer for heard in pool for answer in heard]
    innocent = [answer for answer in answers if answer.case.variant.library == INNOCENT]
    assert len(innocent) == rounds * len(KEYS)
    verdicts = [verdict_of(libraries[INNOCENT], answer.case, answer.outcome, truths) for answer in innocent]
    assert set(verdicts) <= PASSES
    assert not any(answer.inconclusive for answer in innocent)
    for attacker in attackers:
        mine = {answer.case: answer for answer in answers if answer.case.variant.library == attacker.name}
        absent = [why for variant, why in pool.absent.items() if variant.library == attacker.name]
        assert len(mine) == len(KEYS) or absent, f"{attacker.name} is not judged"
        judge(attacker, mine, libraries[attacker.name], truths, open_worker)


def judge(attacker: Hostile, answers: dict[Case, Answer], library: Library, truths: Truths, open_worker: Open) -> None:
    """AssertionError unless there is a judgement of what has answered, in which no wrong x passes."""
    if not answers:  # it cannot be imported, which is said
        assert attacker.moment == "imported", attacker.name
        return
    outcomes = attempts.look_again(answers, truths, open_worker)
    found = judge_solver(attacker.name, library.solvers[0], TERMS, truths, outcomes, len(KEYS))
    assert found.row.stability in STABILITY_ORDER, attacker.name
    wrong = [record for record in found.records if record.m % 2 and record.verdict in PASSES]
    assert not wrong, f"{attacker.name}: {wrong[0].verdict}"


def verdict_of(library: Library, case: Case, outcome: Outcome, truths: Truths) -> str:
    """The verdict on one outcome."""
    found = judge_solver("", library.solvers[0], TERMS, truths, {case: outcome}, 1)
    return found.records[0].verdict


def test_there_are_as_many_as_was_said() -> None:
    attackers = list(hostile())
    assert len({one.name for one in attackers}) == len(attackers) == len(STRIKES) * len(MOMENTS) >= 200
    for one in attackers:
        compile(one.source, one.name, "exec")


def test_a_few_attacks(tmp_path: Path) -> None:
    attack(SAMPLE, tmp_path)


def test_attacks_on_those_above_where_there_are_no_namespaces(tmp_path: Path) -> None:
    strikes = ("kill_its_parent", "stop_its_parent", "kill_its_group")
    attack([Hostile(strike, "called") for strike in strikes], tmp_path, "tests.support.unenclosed")


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("first", range(0, len(STRIKES) * len(MOMENTS), BATCH))
def test_every_attack(first: int, tmp_path: Path) -> None:
    attack(list(hostile())[first : first + BATCH], tmp_path)
