"""A study of LAMM as two Markdown pages: three sentences, a table and the figures, and beside it every number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lamm_robust.lamm.digest import (
    arrived_words,
    count_arrived,
    endings,
    final_magnitude,
    group,
    has_arrived,
    median,
    per_step,
    rank_range,
    reachable,
)
from lamm_robust.lamm.records import Race, Run
from lamm_robust.lamm.words import sentences, words
from lamm_robust.text import markdown_table, number, share

INTRODUCTION = """\
A mesh of N(N−1)/2 Mach-Zehnder interferometers is steered to a target by LAMM's loop: in each step k random directions,
differences along them (the columns of X), α = argmin ‖Xα − δ‖₂ by the solver, and the step Vα, which is shortened
where it is too long, or *damped*: α = argmin ‖Xα − δ‖² + λ‖α‖². `scipy-trf` is SciPy's trust-region form of Levenberg
and Marquardt's method, with the derivatives of all parameters. A run arrives when ‖δ‖₂ ≤ 1e-5. All members start at the
same phases, to the same targets, and draw the same directions. [docs/lamm.md](../../docs/lamm.md) explains it,
[runs.md](runs.md) has every number, and a command that makes any one run again.
"""

FIGURES = """\
Lines are medians of ‖δ‖ over all starts, shades the whole range; a run that has ended stays where it is. Under each
plot: how runs ended (coloured: arrived; grey: no nearer for 20 steps, or no α; white: step limit). Members whose
medians lie on each other have one line, and the plot names them.
"""

COLUMNS = """\
*reached*: of how many starts; *steps* and *‖δ‖* at the end: medians; *backward* (u‖X‖_F) and *forward* error (Wedin
bounds): median / worst over the problems met on the way from the first start, scored against certified truth; *rank*:
singular values of X above max(m, n)·eps·σ₁, and as the solver reported it; *to target*: median over the starts that
arrived.
"""

AGAIN = """\
Any run can be made again, with every step, such as

```sh
lamm-robust lamm --repeat "{words}"
```

On another processor rounding differs, and where X is ill-conditioned the run does, too.
"""


def page(runs: Sequence[Run], where: Mapping[str, Any], plots: Sequence[str]) -> str:
    """The page of a study: `plots` are the names of the plots that it may show."""
    lines = ["# LAMM end to end", "", *(f"{sentence}\n" for sentence in sentences(runs))]
    lines += ["## How many arrived", "", "Of starts to targets that can be reached; in brackets 95 % intervals.", ""]
    lines += [overview(runs), INTRODUCTION]
    lines += [f"Measured on {where['processor']} ({where['device']}), JAX {where['jax']}, NumPy {where['numpy']}.", ""]
    if where.get("planned", 0) > where.get("made", where.get("planned", 0)):
        lines += [f"**Stopped early**: {where['made']} of {where['planned']} runs and races were made.", ""]
    lines += ["## How ‖δ‖ falls", "", FIGURES]
    for modes, target in group(runs, lambda run: (run.modes, run.target)):
        name = f"lamm-{modes}-{target}.svg"
        lines += [f"![How ‖δ‖ falls, N = {modes}, {target}]({name})", ""] if name in plots else []
    return "\n".join(lines).rstrip() + "\n"


def rest(runs: Sequence[Run], races: Sequence[Race]) -> str:
    """The page of every number."""
    lines = ["# LAMM end to end: every number", "", "The short page is [lamm.md](lamm.md).", ""]
    lines += [AGAIN.format(words=runs[0].words)] if runs else []
    lines += ["## What choosing a solver changes", "", *(f"* {sentence}" for sentence in words(runs)), ""]
    if races:
        lines += ["## The compiled loop against the original one", "", race_table(races)]
    lines += ["## Every run", "", COLUMNS]
    for (modes, target), own in group(runs, lambda run: (run.modes, run.target)).items():
        lines += [f"### N = {modes}: {target}", "", run_table(own)]
    return "\n".join(lines).rstrip() + "\n"


def overview(runs: Sequence[Run]) -> str:
    """The table of how many runs arrived, of those to targets that can be reached, for each member."""
    members = list(dict.fromkeys(run.member for run in runs))
    rows = []
    kinds = group(reachable(runs), lambda run: (run.modes, run.directions, run.precision))
    for (modes, directions, precision), own in sorted(kinds.items()):
        by_member = group(own, lambda run: run.member)
        cells = [arrived_words(by_member[m]) if m in by_member else "–" for m in members]
        rows.append([str(modes), str(directions), precision, *cells])
    return markdown_table(["N", "directions", "precision", *members], rows)


def run_table(runs: Sequence[Run]) -> str:
    """The table of all runs to one target of one mesh."""
    header = ["precision", "directions", "solver", "reached", "steps", "‖δ‖", "ended", "backward", "forward"]
    header += ["rank", "reported", "µs/step", "ms to target"]
    kinds = group(runs, lambda run: (run.precision, run.directions, run.member))
    return markdown_table(header, [_row(*key, own) for key, own in kinds.items()])


def _row(precision: str, directions: int, member: str, own: Sequence[Run]) -> list[str]:
    backward = [score for run in own for score in run.backward]
    forward = [score for run in own for score in run.forward]
    return [
        precision,
        str(directions),
        f"`{member}`",
        share(count_arrived(own), len(own)),
        number(median(run.steps for run in own)),
        number(final_magnitude(own)),
        endings(own),
        _spread(backward),
        _spread(forward),
        rank_range(run.rank_seen for run in own),
        rank_range(run.rank_reported for run in own),
        number(1e6 * per_step(own)),
        number(1e3 * median(run.seconds for run in own if has_arrived(run))),
    ]


def _spread(scores: Sequence[float]) -> str:
    return f"{number(median(scores))} / {number(max(scores))}" if scores else "–"


def race_table(races: Sequence[Race]) -> str:
    """The table of races, with times and ratios of times in one process, and what it shows."""
    first = races[0]
    words = (
        f"Small deltas to ‖δ‖ ≤ 1e-3. *Original*: the loop in Python with `numpy-dropping`, and with `{first.solver}`; "
        f"*compiled*: the whole loop in one program, with `{first.solver}`; *batched*: all targets in one program, in "
        "a queue, with damped steps along random signs and derivatives for differences. Times are per step and per "
        "target."
    )
    header = ["N", "precision", "directions", "steps at most"]
    header += ["original, µs/step", "same solver", "compiled", "compiled is"]
    header += ["original, ms/target", "compiled", "batched", "batched over original", "over compiled", "arrived"]
    return f"{words}\n\n{markdown_table(header, [_race(race) for race in races])}"


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
