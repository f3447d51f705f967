"""Steering an optical mesh towards a target power transmission: one linear least-squares step.

A rectangular mesh of Mach-Zehnder interferometers (Clements, Humphreys, Metcalf, Kolthammer and Walmsley, Optimal
design for universal multiport interferometers, Optica 3 (2016) 1460-1465) turns N optical modes into one another. Its
N(N−1)/2 interferometers have two phases each, T(θ, φ) = [[e^{iφ} cos θ, −sin θ], [e^{iφ} sin θ, cos θ]] (their eq. 1).
What a power meter sees is |U|², whose rows and columns sum to 1.

The columns of A are derivatives of vec |U|² along random directions in the space of the N(N−1) phases, and b is what
is missing to the power transmission of another mesh. Doubly stochastic matrices have (N−1)² degrees of freedom, so A
has full column rank for up to that many directions. Beyond that it is deficient up to the truncation of the difference
quotient and to rounding: the stored matrix has full rank by a hair, as in an experiment. In a complex precision the
columns are derivatives of the field, of vec U itself, and b is what is missing to the field of the other mesh. The mesh
is evaluated in the working precision, real and imaginary parts apart (a complex product may be fused on one machine and
not on the next).
"""

from __future__ import annotations

import numpy as np

from lamm_robust.generators.parts.complex_svd import joined
from lamm_robust.generators.parts.elementary import cos_sin
from lamm_robust.generators.parts.grids import Grid, as_real, cross, grid_as_real, of_profile
from lamm_robust.generators.parts.parameters import MAX_SEED, nonnegative, whole
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.generators.parts.stream import Stream
from lamm_robust.values import COMPLEX, EVERY_PRECISION, REAL_OF, UNIT_ROUNDOFF, Array, Family, Params, Precision

TURN = 6.283185307179586
"""2π, rounded to float64."""
MAX_MODES = 16
MAX_DIRECTIONS = 1024
MAX_STEP = 1.0
"""The largest step in radians, times the length of a direction: a longer one approximates no derivative."""


def pairs(modes: int) -> list[int]:
    """List the upper mode of each interferometer, column by column of the mesh: N(N−1)/2 of them."""
    return [upper for column in range(modes) for upper in range(column % 2, modes - 1, 2)]


def rotations(phases: Array, dtype: Precision) -> tuple[Array, Array]:
    """Return cosines and sines of phases of any shape, each rounded once to the dtype."""
    flat = np.array([cos_sin(float(phase), dtype) for phase in phases.flat], dtype=dtype)
    return flat[:, 0].reshape(phases.shape), flat[:, 1].reshape(phases.shape)


def _delay(mode: Array, cosine: Array, sine: Array) -> Array:
    """Return e^{iφ} times one mode; the first axis of the mode holds its real and imaginary part."""
    real, imaginary = mode
    return np.stack((cosine * real - sine * imaginary, sine * real + cosine * imaginary))


def _couple(upper: Array, lower: Array, cosine: Array, sine: Array) -> tuple[Array, Array]:
    """Return the two modes behind a beam splitter of angle θ, given the modes before it, cos θ and sin θ."""
    return cosine * upper - sine * lower, sine * upper + cosine * lower


def transmission(phases: Array, modes: int, dtype: Precision) -> Array:
    """Return |U|² of several meshes: (meshes, 2, N(N−1)/2) → (meshes, N, N), all in the dtype."""
    U = amplitudes(phases, modes, dtype)
    return np.asarray(U[0] * U[0] + U[1] * U[1])


def amplitudes(phases: Array, modes: int, dtype: Precision) -> Array:
    """Return U of several meshes in parts: (meshes, 2, N(N−1)/2) → (2, meshes, N, N), all in the dtype."""
    cosines, sines = rotations(phases, dtype)
    U = _identity(len(phases), modes, dtype)
    for k, i in enumerate(pairs(modes)):
        upper = _delay(U[:, :, i], cosines[:, 1, k, None], sines[:, 1, k, None])
        U[:, :, i], U[:, :, i + 1] = _couple(upper, U[:, :, i + 1], cosines[:, 0, k, None], sines[:, 0, k, None])
    return U


def derivative(phases: Array, directions: Array, modes: int, dtype: Precision) -> Array:
    """Differentiate |U|² of one mesh along directions: (d, N, N); the arguments are those of `slopes`."""
    U, dU = slopes(phases, directions, modes, dtype)
    return np.asarray(2 * (U[0] * dU[0] + U[1] * dU[1]))


def slopes(phases: Array, directions: Array, modes: int, dtype: Precision) -> tuple[Array, Array]:
    """Differentiate U of one mesh along directions, by the product rule through the mesh (forward mode).

    ``phases`` has shape (2, N(N−1)/2), θ before φ; ``directions`` (d, 2, N(N−1)/2). Returns U (2, 1, N, N) and its
    derivatives (2, d, N, N) in parts.
    """
    cosines, sines = rotations(phases, dtype)
    U = _identity(1, modes, dtype)
    dU = np.zeros((2, len(directions), modes, modes), dtype=dtype)
    for k, i in enumerate(pairs(modes)):
        upper = _delay(U[:, :, i], cosines[1, k], sines[1, k])
        turned = np.stack((-upper[1], upper[0]))  # i e^{iφ}: the derivative of the delay along φ
        d_upper = _delay(dU[:, :, i], cosines[1, k], sines[1, k]) + directions[:, 1, k, None] * turned
        U[:, :, i], U[:, :, i + 1] = _couple(upper, U[:, :, i + 1], cosines[0, k], sines[0, k])
        d_first, d_second = _couple(d_upper, dU[:, :, i + 1], cosines[0, k], sines[0, k])
        dU[:, :, i] = d_first - directions[:, 0, k, None] * U[:, :, i + 1]
        dU[:, :, i + 1] = d_second + directions[:, 0, k, None] * U[:, :, i]
    return U, dU


def _identity(count: int, modes: int, dtype: Precision) -> Array:
    U = np.zeros((2, count, modes, modes), dtype=dtype)
    U[0] = np.eye(modes, dtype=dtype)
    return U


def difference(phases: Array, directions: Array, step: float, modes: int, dtype: Precision) -> Array:
    """Return central differences (|U(p + hd)|² − |U(p − hd)|²)/2h, all in the dtype: (d, N, N)."""
    h = np.asarray(step, dtype=dtype)
    ahead = transmission(phases + h * directions, modes, dtype)
    behind = transmission(phases - h * directions, modes, dtype)
    return np.asarray((ahead - behind) / (2 * h))


def amplitude_difference(phases: Array, directions: Array, step: float, modes: int, dtype: Precision) -> Array:
    """Return central differences of U in parts, all in the dtype: (2, d, N, N)."""
    h = np.asarray(step, dtype=dtype)
    ahead, behind = (amplitudes(phases + side * h * directions, modes, dtype) for side in (1, -1))
    return np.asarray((ahead - behind) / (2 * h))


def random_phases(stream: Stream, modes: int, dtype: Precision) -> Array:
    """Draw θ and φ of every interferometer, uniform in [0, 2π): shape (2, N(N−1)/2)."""
    return (TURN * stream.uniform(modes * (modes - 1))).astype(dtype).reshape(2, -1)


def random_directions(stream: Stream, modes: int, count: int, dtype: Precision) -> Array:
    """Draw directions with roughly normal entries: (count, 2, N(N−1)/2). A smaller count gives the first of them."""
    return stream.bell(count * modes * (modes - 1)).astype(dtype).reshape(count, 2, -1)


def build(dtype: Precision, *, modes: int, directions: int, step: float, seed: int) -> tuple[Array, Array]:
    """Build A (modes² × directions) and b (modes²), the modes of the output before those of the input.

    With ``step`` 0 the derivatives are those of forward mode. Raises ValueError for bad parameters.
    """
    whole("modes", modes, 2, MAX_MODES)
    whole("directions", directions, 1, MAX_DIRECTIONS)
    whole("seed", seed, 0, MAX_SEED)
    found, dtype = dtype, REAL_OF[dtype]
    if 0 < nonnegative("step", step, MAX_STEP) < (u := UNIT_ROUNDOFF[dtype]):
        raise ValueError(f"step is {step}; in {dtype} accepted is 0 or from {u:g} to {MAX_STEP:g}.")
    phases, target = (random_phases(Stream("lamm", mesh, modes, seed), modes, dtype) for mesh in ("mesh", "target"))
    along = random_directions(Stream("lamm", "directions", modes, seed), modes, directions, dtype)
    if found in COMPLEX:
        parts = (
            amplitude_difference(phases, along, step, modes, dtype) if step else slopes(phases, along, modes, dtype)[1]
        )
        U = amplitudes(np.stack((phases, target)), modes, dtype)
        A = parts.reshape(2, directions, -1).transpose(0, 2, 1)
        return joined(A, found), joined((U[:, 1] - U[:, 0]).reshape(2, -1), found)
    columns = difference(phases, along, step, modes, dtype) if step else derivative(phases, along, modes, dtype)
    now, wanted = transmission(np.stack((phases, target)), modes, dtype)
    return columns.reshape(directions, -1).T.copy(), (wanted - now).reshape(-1)


STEPS: dict[Precision, tuple[float, ...]] = {"float32": (0.0, 2.0**-8), "float64": (0.0, 2.0**-17)}
"""Steps h in grids: 0 for forward mode, or about the cube root of u, where truncation h² and rounding u/h balance."""
FULL_STEPS: dict[Precision, tuple[float, ...]] = {
    "float32": (*STEPS["float32"], 2.0**-4, 2.0**-12),
    "float64": (*STEPS["float64"], 2.0**-8, 2.0**-26),
}

Sizes = dict[int, tuple[int, ...]]
SMALL: Sizes = {4: (7, 9, 16)}
STANDARD: Sizes = {4: (4, 7, 9, 12, 16), 6: (10, 25, 30), 8: (16, 49, 56)}
FULL: Sizes = {**STANDARD, 2: (1, 2), 3: (2, 4, 6), 5: (8, 16, 20)}
"""Numbers of modes N, each with numbers of directions below, at and above the (N−1)² degrees of freedom."""


def grid(profile: str, dtype: Precision) -> Grid:
    """List the problems of a profile; raises ValueError for an unknown one."""
    sizes = of_profile(profile, {"small": SMALL, "standard": STANDARD, "full": FULL})
    steps = FULL_STEPS[dtype] if profile == "full" else STEPS[dtype]
    seeds = of_profile(profile, {"small": (0,), "standard": (0, 1), "full": (0, 1, 2)})
    for modes, directions in sizes.items():
        yield from cross(modes=(modes,), directions=directions, step=steps, seed=seeds)


@search_strategy
def strategy(draw: Draw, dtype: Precision) -> Params:
    """Draw up to 5 modes and 24 directions; the simplest problem is one direction of one interferometer, step 0."""
    return {
        "modes": draw.whole(2, 5),
        "directions": draw.whole(1, 24),
        "step": draw.one_of(FULL_STEPS[dtype]),
        "seed": draw.seed(),
    }


FAMILY = Family(
    name="lamm",
    summary="steering the power transmission of a mesh of N(N−1)/2 Mach-Zehnder interferometers",
    parameters={
        "modes": "optical modes N: A has N² rows",
        "directions": "random directions in the space of phases: columns of A",
        "step": "step of the central differences in radians, 0 for exact derivatives",
        "seed": "number of the random stream",
    },
    build=build,
    grid=grid_as_real(grid),
    strategy=as_real(strategy),
    precisions=EVERY_PRECISION,
)
