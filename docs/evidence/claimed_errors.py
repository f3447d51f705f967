"""The error that `lamm_robust.solve` claims beside the true one, on the CPU or as a GPU or TPU would multiply.

    python docs/evidence/claimed_errors.py [DEVICE [PRECISION [PROFILE]]]

DEVICE is cpu, emulated-tf32 or emulated-bf16, one per process. At every problem of the profile where `solve` finds the
true rank, ‖x̂ − x★‖ is that of the certified x★, and is compared with what `solve` says of each right-hand side.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import cast

import numpy as np

from lamm_robust import catalog
from lamm_robust.oracles import stored
from lamm_robust.runs.plan import grid
from lamm_robust.scoring.truths import Certified, Truths
from lamm_robust.text import number
from lamm_robust.values import Device, Precision


def asked(profile: str, precision: Precision) -> Iterator[Certified]:
    """The problems that have an answer and entries, with their truths."""
    truths = Truths(catalog.build_problem, catalog.find_oracle("auto"))
    for key in grid(profile, precision, catalog.FAMILIES):
        certified = truths.certify(key)
        if isinstance(certified, Certified) and certified.problem.A.size:
            yield certified


def share(x: Sequence[float], star: Sequence[Fraction], claimed: float) -> float:
    """‖x̂ − x★‖ over what was claimed of it, from exact fractions: no entry is too large or too small for that."""
    if math.isinf(claimed):
        return 0.0
    square = sum(((Fraction(found) - true) ** 2 for found, true in zip(x, star, strict=True)), Fraction(0))
    if not claimed:
        return math.inf if square else 0.0
    return math.sqrt(square / Fraction(claimed) ** 2)


def main() -> None:
    """Count, for the device, precision and profile that are named."""
    device, precision, profile = [*sys.argv[1:], *("cpu", "float32", "small")[len(sys.argv) - 1 :]]
    library = catalog.LIBRARY["jax"]
    os.environ.update(library.environment(cast(Precision, precision), cast(Device, device)))
    library.begin(cast(Device, device))
    import jax

    from lamm_robust import solve

    compiled, other, unknown = jax.jit(solve), 0, 0
    ratios: list[float] = []
    for certified in asked(profile, cast(Precision, precision)):
        x, rank, error = map(np.asarray, compiled(certified.problem.A, certified.problem.b))
        if int(rank) != certified.truth.rank:
            other += 1
            continue
        sides, stars = x.reshape(len(x), -1).T.tolist(), stored(certified.truth).reshape(len(x), -1).T.tolist()
        claimed = np.ravel(error).tolist()
        unknown += sum(map(math.isinf, claimed))
        ratios += map(share, sides, stars, claimed)
    exceeded = sum(not ratio <= 1 for ratio in ratios)
    print(f"{device} {precision} {profile}: {exceeded} of {len(ratios)} claimed errors exceeded, {unknown} of them ∞;")
    print(f"  the largest true error is {number(max(ratios))} of the claimed one; another rank was found {other} times")


if __name__ == "__main__":
    main()
