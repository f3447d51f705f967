"""Why LAMM's loop arrived more often in float32 than in float64: a cutoff as coarse as float32's does it, too.

    JAX_ENABLE_X64=1 python docs/evidence/lamm_precision.py [STARTS]

A mesh of eight modes is steered to near targets with 49 directions, as many as degrees of freedom. In float64
`jnp.linalg.lstsq` cuts at its own eps and at that of float32, undamped; and damped, with QR.
"""

from __future__ import annotations

import sys
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp

from lamm_robust.lamm import apply_delta
from lamm_robust.lamm.mesh import mesh
from lamm_robust.lamm.result import Ending
from lamm_robust.lamm.targets import TARGETS, problem

MODES, DIRECTIONS, STEPS = 8, 49, 200
TARGET = next(target for target in TARGETS if target.name == "small")
COARSE = MODES * MODES * 2.0**-23
"""The cutoff of lstsq in float32: max(m, n)·eps."""


def coarse(X: Any, delta: Any) -> Any:
    """The shortest α without singular values below float32's cutoff."""
    return jnp.linalg.lstsq(X, delta, rcond=COARSE)[0]


def main(starts: int) -> None:
    """Steer from every start in each way, and print how many arrive and where the median ends."""
    ways: dict[str, dict[str, Any]] = {
        "lstsq": {"solver": "jax-lstsq"},
        "lstsq, cutoff of float32": {"solver": coarse},
        "QR, damped": {"solver": "jax-qr", "rule": "damped"},
    }
    precision = "float64" if jax.config.jax_enable_x64 else "float32"  # type: ignore[attr-defined]
    for name, asked in ways.items():
        found = [
            apply_delta(mesh(MODES), *problem(TARGET, MODES, s), directions=DIRECTIONS, steps=STEPS, seed=s, **asked)
            for s in range(starts)
        ]
        arrived = sum(one.status is Ending.REACHED for one in found)
        print(
            f"{precision}, {name}: {arrived} of {starts}, median ‖δ‖ {median(o.magnitude for o in found):.1e}",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
