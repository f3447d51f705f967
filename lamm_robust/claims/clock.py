"""Experiments with a clock, each in a process of its own: ``python -m lamm_robust.claims.clock NAME PRECISION DEVICE``.

They print samples as one line of JSON and judge nothing. Calls that are compared take turns, so that other programs
slow all of them down alike. Solvers are those of the catalog, called as its workers call them. The process has one BLAS
thread, and JAX the given precision (see `lab.clocked`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, cast

from lamm_robust.claims import sampled_loops, sampled_solves
from lamm_robust.claims.bench import Bench
from lamm_robust.values import Device, Precision

EXPERIMENTS: Mapping[str, Callable[[Bench], Any]] = {
    "eager": sampled_solves.eager,
    "original": sampled_solves.original,
    "ranks": sampled_solves.ranks,
    "deficient": sampled_solves.deficient,
    "growth": sampled_solves.growth,
    "gram": sampled_solves.gram,
    "vmap": sampled_solves.vmap,
    "shapes": sampled_solves.shapes,
    "magnitudes": sampled_loops.magnitudes,
    "loops": sampled_loops.loops,
    "arrivals": sampled_loops.arrivals,
    "steps": sampled_loops.steps,
}


def main(name: str, precision: str, device: str) -> None:
    """Make one experiment, and print its samples."""
    bench = Bench(cast(Precision, precision), cast(Device, device))
    print(json.dumps(EXPERIMENTS[name](bench)))


if __name__ == "__main__":
    main(*sys.argv[1:])
