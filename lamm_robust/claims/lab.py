"""What experiments use: certified problems, attempts in supervised workers, exact A⁺, and a clock.

The same workers attempt problems and the same code scores answers as in `lamm-robust run`: what a claim says of a case,
`lamm-robust replay` shows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from flint import fmpq, fmpq_mat

from lamm_robust import catalog
from lamm_robust.keys import parse_key
from lamm_robust.oracles.rational import solve_rational
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import Certified, Truths
from lamm_robust.values import AbsentError, Array, Case, Device, HarnessError, Outcome, Precision, Problem, Record
from lamm_robust.workers.opening import Workers
from lamm_robust.workers.pool import Group, group_of
from lamm_robust.workers.process import THREADS
from lamm_robust.workers.second_look import ask
from lamm_robust.workers.supervisor import Worker

CLOCK_SECONDS = 3000
"""The time limit of an experiment with the clock: the longest takes minutes, and on a busy machine many."""

SPECTRA = "geometric", "one_large", "one_small"
"""How the singular values lie between 1 and 1/κ: evenly, at the small end but for one, at the large end but for one."""
SEEDS = 20
"""The number of random problems of each kind."""


@dataclass(frozen=True)
class Lab:
    """What a claim may use. Tests replace parts of it, to see that a wrong answer changes the verdict."""

    truths: Truths
    attempt: Callable[[Case, Problem], Outcome]
    pinv: Callable[[fmpq_mat], fmpq_mat]
    """A → A⁺, in rationals."""
    clock: Callable[[str, Precision, Device, int], Any]
    """(experiment of `clock`, precision, device, number of the run) → its samples; AbsentError without the device."""
    spectra: tuple[str, ...] = SPECTRA
    """The modes of the problems of the family `spectrum`."""
    seeds: int = SEEDS
    """The number of seeds of problems, which are 0, 1, …"""

    def problem(self, key: str) -> Problem:
        """The problem of a key of the catalog."""
        return self.truths.problem(parse_key(key))

    def certified(self, key: str) -> Certified:
        """The problem of a key of the catalog with its truth; ValueError if there is none."""
        known = self.truths.certify(parse_key(key))
        if not isinstance(known, Certified):
            raise ValueError(f"'{key}' has no certified answer")
        return known

    def outcome(self, case: str) -> Outcome:
        """How a solver's attempt ended: the one that ``lamm-robust replay`` makes."""
        found = catalog.find_case(case)
        return self.attempt(found, self.truths.problem(found.key))

    def answer(self, case: str) -> Array:
        """x̂ of an attempt; ValueError if there is none."""
        outcome = self.outcome(case)
        if outcome.x is None:
            raise ValueError(f"'{case}' has no answer: {outcome.status} {outcome.message}")
        return outcome.x

    def record(self, case: str) -> Record:
        """The record of an attempt, which ``lamm-robust replay`` shows: its verdict and every score."""
        found = catalog.find_case(case)
        known = self.truths.certify(found.key)
        if known is None:
            raise ValueError(f"'{found.key}' is not certified: {self.truths.refused[found.key]}")
        return record(found, known, catalog.find_solver(found.variant), self.outcome(case))


@contextmanager
def open_lab() -> Iterator[Lab]:
    """A laboratory whose workers live as long as it is open."""
    with ExitStack() as held:
        opener = held.enter_context(Workers(catalog.LIBRARY))
        workers: dict[Group, Worker] = {}
        known: dict[Case, Outcome] = {}

        def attempt(case: Case, problem: Problem) -> Outcome:
            if case in known:  # several claims look at the same answers
                return known[case]
            group = group_of(case)
            if group not in workers:
                workers[group] = opener.open(*group)
                held.callback(workers[group].close)
            known[case] = ask(workers[group], case, problem, opener.open)
            return known[case]

        yield Lab(catalog.truths(), attempt, rational_pinv, cache(clocked))


def rational_pinv(A: fmpq_mat) -> fmpq_mat:
    """A⁺ by the exact oracle: its j-th column solves min ‖Ax − e_j‖₂ with the shortest x."""
    rows = [[Fraction(int(v.p), int(v.q)) for v in row] for row in A.tolist()]
    units = [[Fraction(int(i == j)) for i in range(A.nrows())] for j in range(A.nrows())]
    columns = [solve_rational(rows, unit)[0] for unit in units]
    return fmpq_mat([[fmpq(v.numerator, v.denominator) for v in column] for column in columns]).transpose()


def clocked(experiment: str, precision: Precision, device: Device, _run: int = 0) -> Any:
    """Run an experiment of `clock` in a process of its own, with one BLAS thread and JAX as a worker has it.

    The number of the run only tells it from others, which are processes of their own.

    AbsentError without the device or if the process fails on a GPU, HarnessError if it fails on the CPU.
    """
    library = catalog.LIBRARY["jax"]
    if reason := catalog.absent(library, device):
        raise reason
    done = subprocess.run(
        [sys.executable, "-m", "lamm_robust.claims.clock", experiment, precision, device],
        capture_output=True,
        text=True,
        timeout=CLOCK_SECONDS,
        env=os.environ | THREADS | dict(library.environment(precision, device)),
        cwd=Path(__file__).parents[2],
    )
    if done.returncode:
        words = " / ".join(done.stderr.strip().splitlines()[-3:]) or "it said nothing"
        failed = f"the experiment '{experiment}' in {precision} on the {device} failed: {words}"
        # a GPU that JAX cannot use, as with JAX for the CPU, must not cost what the CPU has to say
        raise AbsentError(failed) if device == "gpu" else HarnessError(failed)
    return json.loads(done.stdout.splitlines()[-1])
