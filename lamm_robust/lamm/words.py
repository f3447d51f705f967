"""What choosing a solver changes, in sentences whose numbers come from the runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from operator import attrgetter

from lamm_robust import catalog
from lamm_robust.lamm.digest import (
    LEVELS,
    arrived_words,
    count_arrived,
    final_magnitude,
    group,
    level,
    median,
    per_step,
    reachable,
)
from lamm_robust.lamm.records import Run
from lamm_robust.lamm.rule import TOLERANCE
from lamm_robust.text import number
from lamm_robust.values import Deficiency, Variant


def sentences(runs: Sequence[Run]) -> list[str]:
    """Three sentences on what the study says, as far as it has runs for them."""
    return [*damping(runs), *baseline(runs), *precision(runs)]


def damping(runs: Sequence[Run]) -> Iterator[str]:
    """What damping brings, beside the best and the worst solver with shortened steps, where k ≥ (N−1)²."""
    own = [run for run in reachable(runs) if level(run) != "below"]
    parts = []
    for modes, some in group(own, lambda run: run.modes).items():
        damped = [run for run in some if run.rule == "damped"]
        capped = group((run for run in some if run.rule == "capped"), lambda run: run.member)
        if damped and capped:
            ranked = sorted(capped.items(), key=lambda pair: count_arrived(pair[1]) / len(pair[1]))
            (worst, fewest), (best, most) = ranked[0], ranked[-1]
            others = (
                f"{arrived_words(most)} with the best solver (`{best}`) and {arrived_words(fewest)} with the worst "
                f"(`{worst}`)"
                if best != worst
                else f"{arrived_words(most)} with `{best}`"
            )
            parts.append(f"N = {modes}: {arrived_words(damped)}, beside {others}")
    if parts:
        yield (
            "**How a step is kept short matters more than which solver computes it**: with (N−1)² directions or more, "
            f"damped runs arrive in {'; '.join(parts)}."
        )


def baseline(runs: Sequence[Run]) -> Iterator[str]:
    """What Levenberg and Marquardt's method does with all derivatives, beside the loop with as many directions."""
    parts = []
    for modes, some in group(reachable(runs), lambda run: run.modes).items():
        library = [run for run in some if run.rule == "library"]
        damped = [run for run in some if run.rule == "damped" and run.directions == modes * (modes - 1)]
        if library:
            beside = f", damped LAMM with as many directions {arrived_words(damped)}" if damped else ""
            steps = number(median(run.steps for run in library))
            parts.append(f"N = {modes}: {arrived_words(library)} after {steps} steps in the median{beside}")
    if parts:
        yield (
            "**A library's method with the derivatives of all parameters** (`scipy-trf`) arrives in "
            f"{'; '.join(parts)}."
        )


def words(runs: Sequence[Run]) -> list[str]:
    """The sentences about runs, each on one question; none on a question that no run answers."""
    return [
        sentence for ask in (directions, arrival, promises, endings, accuracy, time, loss) for sentence in ask(runs)
    ]


def _share(runs: Sequence[Run]) -> str:
    return f"{count_arrived(runs)} of {len(runs)}"


def directions(runs: Sequence[Run]) -> Iterator[str]:
    """How many runs arrive with each number of directions."""
    for modes, own in group((run for run in reachable(runs) if run.rule != "library"), lambda run: run.modes).items():
        by_level = group(own, level)
        if len(by_level) > 1:
            parts = [_of_level(name, by_level[name]) for name in LEVELS if name in by_level]
            yield f"**The number of directions**, N = {modes}, all solvers together: {'; '.join(parts)}."


def _of_level(name: str, runs: Sequence[Run]) -> str:
    steps = number(median(run.steps for run in runs))
    return f"{_share(runs)} runs arrived with {runs[0].directions} ({name} (N−1)²), after {steps} steps in the median"


def arrival(runs: Sequence[Run]) -> Iterator[str]:
    """Whether solvers differ in how often they arrive."""
    for (modes, where), own in group(reachable(runs), lambda run: (run.modes, level(run))).items():
        solvers = group(own, lambda run: run.member)
        most_runs = max(map(len, solvers.values()))
        solvers = {solver: some for solver, some in solvers.items() if len(some) == most_runs}  # others: fewer starts
        if len(solvers) < 2:
            continue
        counts = {solver: count_arrived(some) for solver, some in solvers.items()}
        least, most, of = min(counts.values()), max(counts.values()), most_runs
        ends = [final_magnitude(some) for some in solvers.values()]
        head = f"**Arriving**, N = {modes}, {own[0].directions} directions ({where} (N−1)²): "
        spread = f"median ‖δ‖ at the end from {number(min(ends))} to {number(max(ends))}"
        if least == most:
            yield f"{head}every member arrived {most} of {of} times; {spread}."
        else:
            low, high = (", ".join(f"`{s}`" for s, c in counts.items() if c == count) for count in (least, most))
            yield f"{head}from {least} of {of} times ({low}) to {most} ({high}); {spread}."


PROMISES = {
    Deficiency.MINIMUM_NORM: "take small singular values for zero and return the shortest α",
    Deficiency.BASIC: "leave out columns",
    Deficiency.FULL_RANK_ONLY: "take X to have full rank",
}


def promises(runs: Sequence[Run]) -> Iterator[str]:
    """How often runs arrive by what their solvers do about rank deficiency, where X may be deficient."""
    own = [run for run in reachable(runs) if level(run) != "below" and run.rule == "capped"]
    for modes, some in group(own, lambda run: run.modes).items():
        kinds = group(some, lambda run: deficiency_of(run.solver))
        if len(kinds) > 1:
            parts = [
                f"{_share(kinds[kind])} runs of solvers that {PROMISES[kind]} ({_each(kinds[kind])})"
                for kind in PROMISES
                if kind in kinds
            ]
            yield f"**Seeing the rank**, N = {modes}, with (N−1)² directions or more: {'; '.join(parts)} arrived."


def _each(runs: Sequence[Run]) -> str:
    return ", ".join(f"`{solver}` {count_arrived(own)}" for solver, own in group(runs, lambda run: run.solver).items())


def deficiency_of(solver: str) -> Deficiency:
    """What the contract of a solver says of rank deficiency."""
    library, _, algorithm = solver.partition("-")
    return catalog.find_solver(Variant(library, algorithm, "float64", "cpu")).contract.deficiency


def endings(runs: Sequence[Run]) -> Iterator[str]:
    """Which solvers ended runs because they returned no finite numbers."""
    failed = {
        solver: [run for run in own if run.status == "NO_SOLUTION"]
        for solver, own in group(runs, lambda run: run.member).items()
    }
    parts = [
        f"`{solver}` in {len(some)} of its runs (" + "; ".join(_places(some)) + ")"
        for solver, some in failed.items()
        if some
    ]
    if parts:
        yield f"**No answer at all**, step after step, to any target: {'; '.join(parts)}. No other solver ended so."
    else:
        yield "**No answer at all**: no solver ended so."


def _places(runs: Sequence[Run]) -> list[str]:
    return [
        f"{len(some)} with N = {modes}, {directions} directions, {precision}"
        for (modes, directions, precision), some in group(runs, attrgetter("modes", "directions", "precision")).items()
    ]


def accuracy(runs: Sequence[Run]) -> Iterator[str]:
    """How well each solver solved the problems of its runs."""
    undamped = [run for run in runs if run.rule == "capped"]  # a damped α solves another problem
    parts = []
    for solver, own in group(undamped, lambda run: run.solver).items():
        scores = [score for run in own for score in run.backward]
        finite = [score for score in scores if score < math.inf]
        if finite:
            without = len(scores) - len(finite)
            refused = f", and none at all {without} times" if without else ""
            parts.append(f"`{solver}` {number(median(scores))} and {number(max(finite))}{refused}")
    kappas = [kappa for run in undamped for kappa in run.kappa]
    if parts:
        kappa = f"κ from {number(min(kappas))} to {number(max(kappas))}"
        yield (
            f"**Accuracy of the {len(kappas)} problems scored**, {kappa}: "
            f"backward error in u‖X‖_F, median and worst: {'; '.join(parts)}."
        )


def time(runs: Sequence[Run]) -> Iterator[str]:
    """How long a step takes with each solver."""
    for modes, own in group(runs, lambda run: run.modes).items():
        costs = {solver: per_step(some) for solver, some in group(own, lambda run: run.member).items()}
        if len(costs) > 1:
            listed = ", ".join(f"`{s}` {number(1e6 * c)}" for s, c in sorted(costs.items(), key=lambda pair: pair[1]))
            yield f"**Time of a step**, N = {modes}, in µs, the median over all runs: {listed}."


def precision(runs: Sequence[Run]) -> Iterator[str]:
    """How many runs arrive in each precision, with shortened and with damped steps."""
    own = [run for run in reachable(runs) if run.rule != "library" and level(run) != "below"]
    if len({run.precision for run in own}) < 2:
        return
    parts = []
    for rule, some in group(own, lambda run: run.rule).items():
        each = (f"{arrived_words(each)} in {name}" for name, each in group(some, lambda run: run.precision).items())
        parts.append(f"{rule} {' and '.join(each)}")
    yield (
        f"**Precision**, with (N−1)² directions or more and the tolerance {number(TOLERANCE)} for both: "
        f"{'; '.join(parts)}. docs/lamm.md says "
        "why they differ."
    )


def loss(runs: Sequence[Run]) -> Iterator[str]:
    """How runs ended whose target cannot be reached."""
    own = [run for run in runs if run.target == "lossy"]
    if own:
        least = min(run.magnitude[-1] for run in own)
        odd = sum(not math.isfinite(value) for run in own for value in run.magnitude)
        yield (
            f"**Out of reach**: of {len(own)} runs to half of the power, {count_arrived(own)} claimed to arrive; the "
            f"nearest came to {least:.6f} (no mesh can come nearer than 0.5), and {odd} numbers were not finite."
        )
