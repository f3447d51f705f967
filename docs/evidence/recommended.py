"""The recommended solver beside its rivals: verdicts at every problem of a run, and times side by side.

    python docs/evidence/recommended.py results/reference

Verdicts are read from the records of a run. Times are measured here, in this process, in turns, one call of each after
the other, so that what disturbs one disturbs all; the median of the turns is shown: of single calls, which at small
sizes are mostly what it costs to start a compiled program, and of solves one after another within one program.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lamm_robust import solve
from lamm_robust.storage.parquet import Records
from lamm_robust.text import markdown_table
from lamm_robust.values import PRECISIONS, Record, Status, Verdict

RIVALS = (
    *("jax-lamm-cond", "jax-dropping", "jax-lstsq", "jax-pinv", "jax-qr"),
    *("scipy-gelsd", "scipy-gelsy", "numpy-lstsq"),
)
OURS = "jax-solve"

BEST_FIRST = (
    *(
        Verdict.COLUMNWISE_STABLE,
        Verdict.BACKWARD_STABLE,
        Verdict.FLAGGED,
        Verdict.FORWARD_STABLE,
        Verdict.INACCURATE,
        Verdict.REFUSED,
    ),
    *(Verdict.NON_FINITE, Verdict.BAD_OUTPUT, Verdict.FLAKY, Verdict.TIMED_OUT, Verdict.CRASHED, Verdict.WRONG),
)
"""What a user would rather have; what is recorded out of contract is no rival."""

SIZES = ((16, 9), (64, 16), (256, 64), (1024, 128))
BATCH = (1000, 16, 8)
TURNS = 41
WORK = 2e7
"""m·n² summed over the solves of one program: some 10 ms of QR, so that its start does not count."""


def compared(records: Records, precision: str) -> list[list[str]]:
    """For each rival: problems that both were judged at, where ours is better, as good and worse."""
    ours = {r.problem: r for r in records.of(f"{OURS}-{precision}-cpu")}
    return [[rival, *map(str, _against(ours, records.of(f"{rival}-{precision}-cpu")))] for rival in RIVALS]


def _against(ours: Mapping[str, Record], theirs: list[Record]) -> list[int]:
    order = {verdict: place for place, verdict in enumerate(BEST_FIRST)}
    outcomes: Counter[str] = Counter()
    worse = []
    for their in theirs:
        our = ours.get(their.problem)
        if our is None or their.status == Status.NOT_ATTEMPTED or their.verdict not in order:
            continue
        difference = order[our.verdict] - order[their.verdict]
        outcomes["better" if difference < 0 else "worse" if difference > 0 else "same"] += 1
        if difference > 0:
            worse.append(f"{our.problem}: {our.verdict}, not {their.verdict}")
    for line in worse:
        print(f"  worse: {line}", file=sys.stderr)
    return [outcomes.total(), outcomes["better"], outcomes["same"], outcomes["worse"]]


def repeated(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """So many solves in one program, each of which waits for the one before: 1e-30 of its answer is added to A."""
    import jax

    def program(A: Any, b: Any) -> Any:
        return jax.lax.fori_loop(
            0, count, lambda _, last: function(A + 1e-30 * last, b).reshape(-1)[0], A.reshape(-1)[0]
        )

    return program


def in_turns(functions: Mapping[str, Callable[..., Any]], *arguments: Any) -> dict[str, float]:
    """The median seconds of one call of each function, compiled, called one after the other in TURNS turns."""
    import jax

    compiled = {name: jax.jit(function) for name, function in functions.items()}
    taken: dict[str, list[float]] = {name: [] for name in compiled}
    for turn in range(TURNS + 1):
        for name, function in compiled.items():
            start = time.perf_counter()
            jax.block_until_ready(function(*arguments))  # type: ignore[no-untyped-call]
            if turn:  # the first one compiles
                taken[name].append(time.perf_counter() - start)
    return {name: float(np.median(seconds)) for name, seconds in taken.items()}


def times(precision: str, *, within: bool) -> list[list[str]]:
    """For each size: the times of QR, pinv and lstsq over that of ours, of single calls or within a program."""
    import jax
    import jax.numpy as jnp
    from jax.scipy.linalg import solve_triangular

    def qr(A: Any, b: Any) -> Any:
        Q, R = jnp.linalg.qr(A)
        return solve_triangular(R, Q.T @ b)

    functions = {
        "ours": lambda A, b: solve(A, b).x,
        "QR": qr,
        "pinv": lambda A, b: jnp.linalg.pinv(A) @ b,
        "lstsq": lambda A, b: jnp.linalg.lstsq(A, b)[0],
    }
    batched = {name: jax.vmap(function) for name, function in functions.items()}
    rng = np.random.default_rng(0)

    def row(what: str, chosen: Mapping[str, Callable[..., Any]], shape: tuple[int, ...], *, deficient: bool) -> Any:
        A = rng.standard_normal(shape)
        if deficient:
            A[..., -1] = A[..., 0]
        count = max(1, int(WORK / np.prod([*shape, shape[-1]]))) if within else 1
        programs = {name: repeated(function, count) for name, function in chosen.items()} if within else chosen
        found = in_turns(programs, jnp.asarray(A, precision), jnp.asarray(rng.standard_normal(shape[:-1]), precision))
        ratios = [found["ours"] / found["QR"], found["pinv"] / found["ours"], found["lstsq"] / found["ours"]]
        return [what, f"{1e6 * found['ours'] / count:.3g} µs", *(f"{ratio:.2f}" for ratio in ratios)]

    rows = []
    for deficient in (False, True):
        kind = "last column twice" if deficient else "full rank"
        rows += [row(f"{m}×{n}, {kind}", functions, (m, n), deficient=deficient) for m, n in SIZES]
        rows.append(row(f"{BATCH[0]} times {BATCH[1]}×{BATCH[2]}, {kind}", batched, BATCH, deficient=deficient))
    return rows


def main() -> None:
    """Print the verdicts of the run that was named, then the times."""
    import jax

    records = Records(Path(sys.argv[1]))
    for precision in PRECISIONS:
        print(f"\n{precision}: verdicts of {OURS} at the problems of {records.facts['profile']}\n")
        print(markdown_table(["beside", "problems", "better", "as good", "worse"], compared(records, precision)))
    for precision in PRECISIONS:
        with jax.enable_x64(precision == "float64"):
            for within, what in ((False, "of a single call"), (True, "within a program")):
                print(f"\n{precision}: time of {OURS} {what}, and of others beside it\n")
                header = ["A", "ours", "ours / QR", "pinv / ours", "lstsq / ours"]
                print(markdown_table(header, times(precision, within=within)))


if __name__ == "__main__":
    main()
