"""The targets of a study: by name, the matrix of transmitted power to which a mesh is steered.

A mesh of N(N−1)/2 interferometers can take the modulus squared of every unitary matrix (Clements et al. 2016), so all
but the last of these can be reached, though a loop may not get there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamm_robust.lamm.mesh import mesh, random_phases
from lamm_robust.values import Array

NEARBY = 0.05
"""How far, in radians in the mean square, the phases of a small target are: as in one step of training."""

Doubles = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Target:
    """A kind of target."""

    name: str
    summary: str
    make: Callable[[np.random.Generator, Array, int], Doubles]
    """(generator, phases at the start, N) → the wanted matrix (N×N)."""
    reachable: bool = True


def _unitary(generator: np.random.Generator, modes: int) -> Any:
    """A random unitary matrix, by QR of complex normal entries (its phases do not matter here)."""
    return np.linalg.qr(generator.normal(size=(modes, modes)) + 1j * generator.normal(size=(modes, modes)))[0]


def _random(generator: np.random.Generator, _: Array, modes: int) -> Doubles:
    P: Doubles = np.abs(_unitary(generator, modes)) ** 2
    return P


def _permutation(generator: np.random.Generator, _: Array, modes: int) -> Doubles:
    return np.eye(modes)[generator.permutation(modes)]


def _identity(_: np.random.Generator, __: Array, modes: int) -> Doubles:
    return np.eye(modes)


def _small(generator: np.random.Generator, phases: Array, modes: int) -> Doubles:
    moved = phases + NEARBY * generator.normal(size=phases.shape)
    return np.asarray(mesh(modes)(moved.astype(phases.dtype)), np.float64)


def _sparse(generator: np.random.Generator, _: Array, modes: int) -> Doubles:
    """A matrix with two entries in each row that are not zero: pairs of modes share their power, in random places."""
    P = np.eye(modes)
    for first in range(0, modes - 1, 2):
        share = generator.uniform(0.2, 0.8)
        P[first : first + 2, first : first + 2] = [[share, 1 - share], [1 - share, share]]
    return P[generator.permutation(modes)][:, generator.permutation(modes)]


def _lossy(generator: np.random.Generator, phases: Array, modes: int) -> Doubles:
    return _random(generator, phases, modes) / 2


TARGETS: tuple[Target, ...] = (
    Target("small", "a mesh whose phases are 0.05 radians away", _small),
    Target("random", "|U|² of a random unitary matrix U", _random),
    Target("sparse", "two entries in each row and column", _sparse),
    Target("permutation", "each input to one output", _permutation),
    Target("identity", "each input to its own output", _identity),
    Target("lossy", "half of the power of a random one: out of reach, by 1/2 at least", _lossy, reachable=False),
)


def problem(target: Target, modes: int, seed: int) -> tuple[Array, Array]:
    """The start phases and the wanted change of |U|² for a target and seed, in JAX's default precision."""
    phases = np.asarray(random_phases(seed, modes))
    generator = np.random.default_rng([seed, modes, [t.name for t in TARGETS].index(target.name)])
    wanted = target.make(generator, phases, modes)
    return phases, (wanted - np.asarray(mesh(modes)(phases), np.float64)).astype(phases.dtype)
