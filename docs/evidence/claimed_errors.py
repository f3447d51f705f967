"""The error that `lamm_robust.solve` claims beside the true one, on the CPU or as a GPU or TPU would multiply.

    python docs/evidence/claimed_errors.py [DEVICE [PRECISION [PROFILE]]]

DEVICE is cpu, emulated-tf32 or emulated-bf16, one per process. At every problem of the profile where `solve` finds the
true rank, ‖x̂ − x★‖ is that of the certified x★, and is compared with what `solve` says of each right-hand side.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import cast

import numpy as np

from lamm_robust import catalog
from lamm_robust.runs.plan import grid
from lamm_robust.scoring.frame import norm
from lamm_robust.scoring.truths import Certified, Truths
from lamm_robust.text import number
from lamm_robust.values import Array, Device, Precision


def asked(profile: str, precision: Precision) -> Iterator[Certified]:
    """The problems that have an answer and entries, with their truths."""
    truths = Truths(catalog.build_problem, catalog.find_oracle("auto"))
    for key in grid(profile, precision, catalog.FAMILIES):
        certified = truths.certify(key)
        if isinstance(certified, Certified) and certified.problem.A.size:
            yield certified


def compared(x: Array, error: Array, certified: Certified) -> Iterator[tuple[float, float]]:
    """‖x̂ − x★‖ of each right-hand side and what was claimed of it, in a power of two: neither can overflow."""
    high, power = certified.truth.x[0], certified.truth.exponent
    unit = int(power[high != 0].max(initial=0))
    off = np.ldexp(x.astype(np.float64), -unit).reshape(high.shape) - np.ldexp(high, power - unit)
    claimed = np.ldexp(np.ravel(error).astype(np.float64), -unit)
    yield from zip(norm(off.reshape(len(off), -1).T), claimed, strict=True)


def main() -> None:
    """Count, for the device, precision and profile that are named."""
    device, precision, profile = [*sys.argv[1:], *("cpu", "float32", "small")[len(sys.argv) - 1 :]]
    library = catalog.LIBRARY["jax"]
    os.environ.update(library.environment(cast(Precision, precision), cast(Device, device)))
    library.begin(cast(Device, device))
    import jax

    from lamm_robust import solve

    compiled, ratios, other, unknown = jax.jit(solve), [], 0, 0
    for certified in asked(profile, cast(Precision, precision)):
        x, rank, error = map(np.asarray, compiled(certified.problem.A, certified.problem.b))
        if int(rank) != certified.truth.rank:
            other += 1
            continue
        for actual, said in compared(x, error, certified):
            unknown += np.isinf(said)
            ratios.append(0.0 if actual == 0 else actual / said if said else np.inf)
    exceeded = sum(not ratio <= 1 for ratio in ratios)
    print(f"{device} {precision} {profile}: {exceeded} of {len(ratios)} claimed errors exceeded, {unknown} of them ∞;")
    print(f"  the largest true error is {number(max(ratios))} of the claimed one; another rank was found {other} times")


if __name__ == "__main__":
    main()
