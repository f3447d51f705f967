"""LAMM beside SciPy's least_squares on a mesh that can only be measured: the table of `docs/lamm.md`.

    JAX_ENABLE_X64=1 python docs/evidence/steering.py [STARTS]

A mesh of four modes is measured with noise of a standard deviation σ for each entry, and steered to a mesh 0.3 radians
away. Counted are measurements until the method ends; how near it came is the true ‖δ‖, without noise. SciPy's
differences are of the size that balances noise and curvature; its tolerances end it at the noise.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from lamm_robust.lamm import apply_delta
from lamm_robust.lamm.mesh import mesh, random_phases

MODES, AWAY = 4, 0.3
PHASES = MODES * (MODES - 1)
NOISES = (0.0, 1e-4, 1e-3)
Method = Callable[[Callable[[Any], Any], Any, Any, float, int], Any]
"""(measurement, start, target, σ, seed) → parameters."""


def lamm(rule: str, directions: int) -> Method:
    """LAMM's loop with that rule and number of directions."""

    def method(measure: Callable[[Any], Any], start: Any, target: Any, noise: float, seed: int) -> Any:
        settings: Any = {"rule": rule, "directions": directions, "noise": noise, "seed": seed}
        return apply_delta(measure, start, target=target, driver="original", solver="numpy-qr", **settings).params

    return method


def scipy(measure: Callable[[Any], Any], start: Any, target: Any, noise: float, _: int) -> Any:
    """SciPy's trust-region method with two-point differences sized for the noise."""

    def left(x: Any) -> Any:
        return (measure(x.reshape(start.shape)) - target).reshape(-1)

    sized: Any = {"diff_step": 2 * noise**0.5} if noise else {}
    tolerance = max(1e-8, noise)
    return least_squares(left, start.reshape(-1), ftol=tolerance, xtol=tolerance, **sized).x.reshape(start.shape)


METHODS: dict[str, Method] = {
    "SciPy, trf": scipy,
    "LAMM damped, k = 12": lamm("damped", PHASES),
    "LAMM capped, k = 12": lamm("capped", PHASES),
    "LAMM damped, k = 6": lamm("damped", PHASES // 2),
}


def main(starts: int) -> None:
    """Steer from every start with every method, and print medians and the worst."""
    F = mesh(MODES)
    print("| σ | method | measurements | true ‖δ‖ at the end | worst |\n| --- | --- | --- | --- | --- |")
    for noise in NOISES:
        for name, method in METHODS.items():
            counts, ends = [], []
            for seed in range(starts):
                draw, count = np.random.default_rng(seed), [0]
                start = np.asarray(random_phases(seed, MODES))
                target = np.asarray(F(start + AWAY * draw.normal(size=start.shape)))

                def measure(params: Any, draw: Any = draw, count: list[int] = count) -> Any:
                    count[0] += 1
                    return np.asarray(F(params)) + noise * draw.normal(size=(MODES, MODES))  # noqa: B023

                found = method(measure, start, target, noise, seed)
                counts.append(count[0])
                ends.append(float(np.linalg.norm(np.asarray(F(found)) - target)))
            print(f"| {noise:g} | {name} | {median(counts):.0f} | {median(ends):.1e} | {max(ends):.1e} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
