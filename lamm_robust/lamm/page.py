"""A study of LAMM as one Markdown page: in words, then in tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lamm_robust.lamm.digest import endings, ends, final, grouped, is_reached, median, per_step, reachable, reached
from lamm_robust.lamm.records import Race, Run
from lamm_robust.lamm.words import words
from lamm_robust.text import number, share

INTRODUCTION = """\
A mesh of N(N−1)/2 Mach-Zehnder interferometers is steered to a target by LAMM's loop: in each step k random directions,
central differences along them (the columns of X), α = argmin ‖Xα − δ‖₂ by the solver, and the step Vα. A target is
reached when ‖δ‖₂ ≤ 1e-5. Solvers of JAX run in the compiled loop, the others in the original one. Both precisions have
the same starts and targets, and all solvers draw the same directions. Where X is ill-conditioned, a run depends on
every rounding: counts that differ by one or two say nothing. Plots show the first start. docs/lamm.md says more.
"""

COLUMNS = """\
*reached*: of how many starts; *steps* and *‖δ‖* at the end: medians; *backward* (u‖X‖_F) and *forward* error (Wedin
bounds): median / worst over the problems met on the way that were scored against certified truth; *rank*: singular
values of X above max(m, n)·eps·σ₁, and as the solver reported it; *to target*: median over the starts that arrived.
"""


def page(runs: Sequence[Run], races: Sequence[Race], where: Mapping[str, Any], plots: Sequence[str]) -> str:
    """The whole page."""
    lines = ["# LAMM end to end", "", INTRODUCTION]
    lines += [f"Measured on {where['processor']} ({where['device']}), JAX {where['jax']}, NumPy {where['numpy']}.", ""]
    if len(runs) + len(races) < where.get("planned", 0):
        lines += [f"**Stopped early**: {len(runs) + len(races)} of {where['planned']} runs and races were made.", ""]
    lines += ["## What choosing a solver changes", "", *(f"* {sentence}" for sentence in words(runs)), ""]
    lines += ["## How many arrived", "", *overview(runs), ""]
    if races:
        lines += ["## The compiled loop against the original one", "", *raced(races), ""]
    lines += ["## Every run", "", COLUMNS]
    for (modes, target), own in grouped(runs, lambda run: (run.modes, run.target)).items():
        name = f"lamm-{modes}-{target}.svg"
        lines += [f"### N = {modes}: {target}", ""]
        lines += [f"![How ‖δ‖ falls, N = {modes}, {target}]({name})", ""] if name in plots else []
        lines += [*table(own), ""]
    return "\n".join(lines).rstrip() + "\n"


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table; the first columns, up to a solver's name, are words."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'|'.join(' --- ' for _ in header)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def overview(runs: Sequence[Run]) -> Iterator[str]:
    """How many arrived at what can be reached, for each solver."""
    solvers = list(dict.fromkeys(run.solver for run in runs))
    rows = []
    kinds = grouped(reachable(runs), lambda run: (run.modes, run.precision, run.directions))
    for (modes, precision, directions), own in sorted(kinds.items()):
        by_solver = grouped(own, lambda run: run.solver)
        cells = [share(reached(by_solver[s]), len(by_solver[s])) if s in by_solver else "–" for s in solvers]
        rows.append([str(modes), precision, str(directions), *cells])
    return markdown(["N", "precision", "directions", *solvers], rows)


def table(runs: Sequence[Run]) -> Iterator[str]:
    """Every solver at one mesh and target."""
    header = ["precision", "directions", "solver", "reached", "steps", "‖δ‖", "ended", "backward", "forward"]
    header += ["rank", "reported", "µs/step", "ms to target"]
    kinds = grouped(runs, lambda run: (run.precision, run.directions, run.solver))
    return markdown(header, [_row(*key, own) for key, own in kinds.items()])


def _row(precision: str, directions: int, solver: str, own: Sequence[Run]) -> list[str]:
    backward = [score for run in own for score in run.backward]
    forward = [score for run in own for score in run.forward]
    return [
        precision,
        str(directions),
        f"`{solver}`",
        share(reached(own), len(own)),
        number(median(run.steps for run in own)),
        number(final(own)),
        endings(own),
        _spread(backward),
        _spread(forward),
        ends(run.rank_seen for run in own),
        ends(run.rank_reported for run in own),
        number(1e6 * per_step(own)),
        number(1e3 * median(run.seconds for run in own if is_reached(run))),
    ]


def _spread(scores: Sequence[float]) -> str:
    return f"{number(median(scores))} / {number(max(scores))}" if scores else "–"


def raced(races: Sequence[Race]) -> Iterator[str]:
    """Ratios, each of times in one process."""
    first = races[0]
    yield (
        f"Small deltas to ‖δ‖ ≤ 1e-3. *Original*: the loop in Python with `numpy-dropping`, and with `{first.solver}`; "
        f"*compiled*: the whole loop in one program, with `{first.solver}`; *batched*: all targets in one program. "
        "Times are per step and per target. A batch saves the overhead of calls, not arithmetic: LAPACK solves its "
        "problems one after another, and it goes on until its last target is done."
    )
    yield ""
    header = [
        "N",
        "precision",
        "directions",
        "steps at most",
        "original, µs/step",
        "same solver",
        "compiled",
        "compiled is",
    ]
    header += ["original, ms/target", "compiled", "batched", "batched over original", "over compiled", "arrived"]
    yield from markdown(header, [_race(race) for race in races])


def _race(race: Race) -> list[str]:
    original, same, compiled = (
        race.original_seconds / max(race.original_steps, 1),
        race.same_original_seconds / max(race.same_original_steps, 1),
        race.compiled_seconds / max(race.compiled_steps, 1),
    )
    each, alone, batch = (
        race.original_seconds / race.originals,
        race.compiled_seconds / race.targets,
        race.batched_seconds / race.targets,
    )
    return [
        str(race.modes),
        race.precision,
        str(race.directions),
        str(race.steps),
        *(number(1e6 * value) for value in (original, same, compiled)),
        f"{number(original / compiled)}× faster",
        *(number(1e3 * value) for value in (each, alone, batch)),
        f"{number(each / batch)}×",
        f"{number(alone / batch)}×",
        ", ".join(
            share(arrived, of)
            for arrived, of in (
                (race.original_reached, race.originals),
                (race.compiled_reached, race.targets),
                (race.batched_reached, race.targets),
            )
        ),
    ]
