"""Experiments with single solves: their time and memory by size, rank and width."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import partial
from inspect import unwrap
from itertools import product
from typing import Any, cast

import jax
import numpy as np

from lamm_robust.claims.bench import Bench, Row, blocking_call, seconds_of, solver, time_in_turns
from lamm_robust.values import Array

SMALL = ((16, 4), (16, 9), (64, 16), (64, 49), (256, 64))
"""Shapes of X for meshes of 4, 8 and 16 modes: N² rows, and up to N(N − 1) or (N − 1)² columns."""


def eager(bench: Bench) -> list[Row]:
    """The seconds of JAX solvers with and without `jit`, by size."""
    rows = []
    for (m, n), algorithm in product(SMALL, ("normal-lu", "pinv")):
        A = bench.matrix(m, n)
        calls = {"eager": bench.on_device(algorithm, A, eager=True), "jit": bench.on_device(algorithm, A)}
        rows.append({"m": m, "n": n, "algorithm": algorithm, **time_in_turns(calls)})
    return rows


def original(bench: Bench) -> list[Row]:
    """The seconds of LAMM's first solver as a Python loop, of the same compiled, and of LAMM's second, by size."""
    rows = []
    for m, n in SMALL:
        A = bench.matrix(m, n)
        calls = {"original": bench.on_host("dropping", A)}
        calls |= {a: bench.on_device(a, A) for a in ("dropping", "lamm-cond", "pinv")}
        rows.append({"m": m, "n": n, **time_in_turns(calls)})
    return rows


def ranks(bench: Bench) -> list[Row]:
    """The seconds of solvers on matrices of one shape and several ranks."""
    m, n = 64, 48
    matrices = {rank: bench.matrix(m, n, rank) for rank in (12, 24, 36, 48)}
    rows = []
    for name, call in (
        ("original", partial(bench.on_host, "dropping")),
        *((algorithm, partial(bench.on_device, algorithm)) for algorithm in ("lamm-cond", "pinv", "qr")),
    ):
        samples = time_in_turns({str(rank): call(A) for rank, A in matrices.items()})
        rows.append({"solver": name, "m": m, "n": n, "by_rank": samples})
    return rows


def deficient(bench: Bench) -> list[Row]:
    """The seconds of LAMM's second solver at full rank, and with one column twice, by size."""
    rows = []
    for m, n in SMALL:
        A = bench.matrix(m, n)
        twice = A.copy()
        twice[:, -1] = twice[:, 0]
        calls = {"full": bench.on_device("lamm-cond", A), "deficient": bench.on_device("lamm-cond", twice)}
        rows.append({"m": m, "n": n, **time_in_turns(calls)})
    return rows


WIDTHS = (32, 64, 128, 256)
"""Numbers of columns; below 32, calls cost more time than the work."""
FIXED_ROWS = 256


def growth(bench: Bench) -> list[Row]:
    """Seconds and bytes of LAMM's two solvers as k grows, for 256 rows and for 2k rows."""
    rows = []
    for shape in ("256×k", "2k×k"):
        for k in WIDTHS:
            A = bench.matrix(FIXED_ROWS if shape == "256×k" else 2 * k, k)
            original = bench.on_host("dropping", A)
            calls, found = {"original": original}, {"original": peak_bytes(original)}
            arrays = bench.put(A), bench.put(bench.vector(len(A)))
            program = jax.jit(unwrap(solver("jax", "lamm-cond").solve)).lower(*arrays).compile()
            calls["compiled"] = blocking_call(program, arrays)
            found["compiled"] = int(cast(Any, program.memory_analysis()).temp_size_in_bytes)
            rows.append({"shape": shape, "k": k, "seconds": time_in_turns(calls), "bytes": found})
    return rows


def peak_bytes(call: Callable[[], object]) -> int:
    """The most bytes that Python and NumPy hold at a time during a call, beyond those before it."""
    call()
    tracemalloc.start()
    call()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


TALL = ((1024, 64), (2048, 64), (4096, 64), (4096, 128), (4096, 256))
"""Shapes in which first rows and then columns grow, so large that calls cost nothing beside the work."""


def gram(bench: Bench) -> list[Row]:
    """The seconds of AᵀA alone, of the normal equations, and of QR and SVD, by size."""
    rows = []
    for m, n in TALL:
        A = bench.matrix(m, n)
        calls: dict[str, Callable[[], object]] = {"AᵀA": partial(np.matmul, A.T, A)}
        calls |= {a: bench.on_host(a, A) for a in ("normal-cholesky", "qr")}
        calls["gels"] = bench.on_host("gels", A, "scipy")
        if n <= 64:
            calls["lstsq"] = bench.on_host("lstsq", A)
        rows.append({"m": m, "n": n, "operations": count_operations(A), **time_in_turns(calls)})
    return rows


def count_operations(A: Array) -> float:
    """The floating-point operations of AᵀA in its compiled program, as XLA counts them."""
    counts: Any = jax.jit(lambda A: A.T @ A).lower(A).compile().cost_analysis()
    return float(counts["flops"])


BATCH = 32


def vmap(bench: Bench) -> dict[str, Any]:
    """What `lax.cond` becomes under `vmap`: conditionals in the compiled program, and its time beside the branches."""
    m, n = 64, 16
    A = np.stack([bench.matrix(m, n) for _ in range(BATCH)])
    b = np.stack([bench.vector(m)] * BATCH)
    found: dict[str, Any] = {"batch": BATCH, "m": m, "n": n}
    calls = {}
    for algorithm in ("lamm-cond", "normal-lu", "pinv"):
        solve = unwrap(solver("jax", algorithm).solve)
        for name, program, arrays in (
            (algorithm, jax.jit(solve), (A[0], b[0])),
            (f"{algorithm}, vmap", jax.jit(jax.vmap(solve)), (A, b)),
        ):
            found[f"conditionals of {name}"] = count_conditionals(program, *arrays)
            calls[name] = blocking_call(program, tuple(map(bench.put, arrays)))
    return found | time_in_turns(calls)


def count_conditionals(program: Any, A: Array, b: Array) -> int:
    """The number of conditional instructions in the compiled program."""
    return cast(str, program.lower(A, b).compile().as_text()).count(" conditional(")


KEPT = "normal equations of the columns kept"


def shapes(bench: Bench) -> list[Row]:
    """The number of compilations for matrices of every rank from 1 to n, and the seconds of first and later calls."""
    m, n = 64, 16
    b = bench.put(bench.vector(m))
    rows = []
    for name, algorithm in (("lamm-cond", "lamm-cond"), ("dropping", "dropping"), (KEPT, "normal-lu")):
        matrices = [bench.matrix(m, r) if name == KEPT else bench.matrix(m, n, r) for r in range(1, n + 1)]
        program, traced = count_compilations(unwrap(solver("jax", algorithm).solve))
        calls = [blocking_call(program, (bench.put(A), b)) for A in matrices]
        first = [seconds_of(call) for call in calls]
        steady = time_in_turns({"steady": calls[-1]})["steady"]
        rows.append({"solver": name, "ranks": n, "compiled": len(traced), "first": first, "steady": steady})
    steady = time_in_turns({"steady": bench.on_host("dropping", bench.matrix(m, n))})["steady"]
    return [*rows, {"solver": "original", "ranks": n, "compiled": 0, "first": [], "steady": steady}]


def count_compilations(solve: Callable[[Any, Any], Any]) -> tuple[Any, list[Any]]:
    """The solver as one compiled program, and a list that gets an entry for each compilation."""
    traced: list[Any] = []

    def counted(A: Any, b: Any) -> Any:
        traced.append(A.shape)
        return solve(A, b)[0]

    return jax.jit(counted), traced
