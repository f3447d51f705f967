"""CuPy: NumPy's interface on NVIDIA GPUs, by cuSOLVER and cuBLAS. None of this has been run yet: no GPU was at hand.

CuPy multiplies float32 matrices in full float32 unless the environment variable CUPY_TF32 is 1.
"""

from __future__ import annotations

from typing import Any

from lamm_robust.solvers import host
from lamm_robust.solvers.arrays import Answer
from lamm_robust.solvers.contracts import full_rank, minimum_norm, share, size_times
from lamm_robust.values import Array, Device, Library, Solver


def lstsq(A: Any, b: Any) -> Answer:
    """`cupy.linalg.lstsq(rcond=None)`: SVD, where None is eps·max(m, n), as in NumPy."""
    import cupy

    x, _, rank, _ = cupy.linalg.lstsq(A, b, rcond=None)
    return x, int(rank)


def pinv(A: Any, b: Any) -> Answer:
    """`cupy.linalg.pinv(A) @ b`, with its default rcond = 1e-15, in float32, too."""
    import cupy

    return cupy.linalg.pinv(A) @ b, None


def qr(A: Any, b: Any) -> Answer:
    """`cupy.linalg.qr`, then `cupyx.scipy.linalg.solve_triangular`."""
    import cupy
    from cupyx.scipy.linalg import solve_triangular

    Q, R = cupy.linalg.qr(A)
    return solve_triangular(R, Q.T @ b), None


def _put(array: Array, device: Device) -> Any:  # noqa: ARG001 - it has no other device than the GPU
    import cupy

    return cupy.array(array)


def _get(array: Any) -> Array:
    import cupy

    found: Array = cupy.asnumpy(array)
    return found


def _wait(result: Any) -> Any:
    import cupy

    cupy.cuda.get_current_stream().synchronize()
    return result


def _device_name(device: Device) -> str:  # noqa: ARG001 - it has no other device than the GPU
    import cupy

    return str(cupy.cuda.runtime.getDeviceProperties(0)["name"].decode())


CUPY = Library(
    name="cupy",
    module="cupy",
    devices=("gpu",),
    environment=host.environment,
    put=_put,
    wait=_wait,
    state=host.state,
    forks=False,  # CUDA cannot be used in a forked process
    get=_get,
    device_name=_device_name,
    solvers=(
        Solver(
            "lstsq",
            "cupy.linalg.lstsq(rcond=None), SVD",
            minimum_norm("σ_i ≤ eps·max(m, n)·σ₁", "LinAlgError", reports_rank=True, cutoff=size_times(1)),
            lstsq,
        ),
        Solver(
            "pinv",
            "cupy.linalg.pinv(A) @ b",
            minimum_norm("σ_i ≤ 1e-15·σ₁", "LinAlgError", cutoff=share(1e-15)),
            pinv,
        ),
        Solver("qr", "cupy.linalg.qr, then solve_triangular", full_rank("LinAlgError"), qr),
    ),
)
