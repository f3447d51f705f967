"""One solver by name at one problem: how the attempt ended, and its scores against the exact truth."""

from __future__ import annotations

import numpy as np

from lamm_robust import catalog
from lamm_robust.oracles import select
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.metrics import score
from lamm_robust.values import Array, Outcome, Problem, Solver, Status
from lamm_robust.workers.attempt import attempt

Scores = dict[str, float]


def named(name: str) -> Solver:
    """The solver ``library-algorithm``."""
    library, _, algorithm = name.partition("-")
    return next(solver for solver in catalog.LIBRARY[library].solvers if solver.algorithm == algorithm)


def tried(name: str, problem: Problem) -> Outcome:
    """How its attempt ended, in this process on the CPU."""
    return attempt(catalog.LIBRARY[name.partition("-")[0]], named(name), problem, "cpu")


def answer(name: str, problem: Problem) -> Array:
    """What it returns for arrays by rows: of an attempt, x may be that for another layout, with other last bits."""
    outcome = tried(name, problem)
    assert outcome.status is Status.SOLVED, f"{name}: {outcome.message}"
    library, solver = catalog.LIBRARY[name.partition("-")[0]], named(name)
    x, _ = library.wait(solver.solve(library.put(problem.A, "cpu"), library.put(problem.b, "cpu")))
    return np.array(library.get(x))


def scores(problem: Problem, *names: str) -> list[Scores]:
    """The scores of each solver's answer; infinite where it refused or did not return numbers."""
    frame = Frame(problem, select("exact").certify(problem.A, problem.b))
    found = []
    for name in names:
        outcome = tried(name, problem)
        if outcome.x is not None and np.isfinite(outcome.x).all():
            found.append(score(frame, outcome.x))
        else:
            found.append({"backward_error": np.inf, "forward_error": np.inf, "relative_error": np.inf})
    return found
