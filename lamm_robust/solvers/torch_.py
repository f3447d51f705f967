"""PyTorch: LAPACK's drivers by `torch.linalg.lstsq`, and the direct routes of `torch.linalg`, on the CPU or a GPU.

On the CPU it brings its own LAPACK (MKL, in the wheels for x86), and the environment variables of every worker limit
its threads. On a GPU only the driver `gels` exists.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

from lamm_robust.solvers import host
from lamm_robust.solvers.arrays import Answer
from lamm_robust.solvers.contracts import complex_too, full_rank, full_rank_any_shape, minimum_norm, size_times
from lamm_robust.solvers.differentiation import by_torch
from lamm_robust.values import Array, Device, Library, Solver

REFUSAL = "_LinAlgError"
"""The `__name__` of the class that is documented as `torch.linalg.LinAlgError`."""


def lstsq(A: Any, b: Any, driver: Literal["gelsy", "gelsd", "gelss"]) -> Answer:
    """`torch.linalg.lstsq` with a driver that decides on a rank, and its default rcond = eps·max(m, n).

    At least up to PyTorch 2.13, the JPVT that LAPACK's xGELSY gets is memory that nobody has set, where anything but
    zero moves a column to the front before pivoting. So x and the rank vary from call to call
    (https://github.com/pytorch/pytorch/issues/71222, and 187411).
    """
    import torch

    x, _, rank, _ = torch.linalg.lstsq(A, b, driver=driver)
    return x, int(rank)


def gels(A: Any, b: Any) -> Answer:
    """LAPACK xGELS, by `torch.linalg.lstsq`: Householder QR, or LQ where A is wide; the default on a GPU."""
    import torch

    return torch.linalg.lstsq(A, b, driver="gels").solution, None


def pinv(A: Any, b: Any) -> Answer:
    """The explicit pseudo-inverse times b, by `torch.linalg.pinv` with its default rtol = eps·max(m, n)."""
    import torch

    return torch.linalg.pinv(A) @ b, None


def qr(A: Any, b: Any) -> Answer:
    """Householder QR and a triangular solve, which takes right-hand sides only as columns."""
    import torch

    Q, R = torch.linalg.qr(A)
    x = torch.linalg.solve_triangular(R, Q.mH @ _columns(b), upper=True)
    return x.reshape(A.shape[1:] + b.shape[1:]), None


def normal_cholesky(A: Any, b: Any) -> Answer:
    """AᵀA x = Aᵀb by Cholesky, and two triangular solves with its factor."""
    import torch

    x = torch.cholesky_solve(A.mH @ _columns(b), torch.linalg.cholesky(A.mH @ A))
    return x.reshape(A.shape[1:] + b.shape[1:]), None


def _columns(b: Any) -> Any:
    return b.reshape(len(b), -1)


ON: dict[Device, str] = {"cpu": "cpu", "gpu": "cuda"}


def _put(array: Array, device: Device) -> Any:
    import torch

    return torch.from_numpy(array.copy()).to(ON[device])


def _get(tensor: Any) -> Array:
    array: Array = tensor.numpy(force=True)
    return array


def _wait(result: Any) -> Any:
    import torch

    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return result


def _state() -> dict[str, object]:
    import torch

    return {
        **host.state(),
        "the default dtype (torch.set_default_dtype)": torch.get_default_dtype(),
        "the default device (torch.set_default_device)": torch.get_default_device(),
        "the number of threads (torch.set_num_threads)": torch.get_num_threads(),
        "deterministic algorithms (torch.use_deterministic_algorithms)": torch.are_deterministic_algorithms_enabled(),
        "the precision of float32 products (torch.set_float32_matmul_precision)": (
            torch.get_float32_matmul_precision()
        ),
        "whether gradients are recorded (torch.set_grad_enabled)": torch.is_grad_enabled(),
        "the linear algebra on a GPU (torch.backends.cuda.preferred_linalg_library)": (
            torch.backends.cuda.preferred_linalg_library()
        ),
    }


def _device_name(device: Device) -> str:
    import torch

    return device if device == "cpu" else str(torch.cuda.get_device_name())


BY_SVD = complex_too(minimum_norm("σ_i ≤ eps·max(m, n)·σ₁", REFUSAL, reports_rank=True, cutoff=size_times(1)))

TORCH = Library(
    name="torch",
    module="torch",
    devices=("cpu", "gpu"),
    environment=host.environment,
    put=_put,
    wait=_wait,
    state=_state,
    forks=False,  # CUDA cannot be used in a forked process
    get=_get,
    device_name=_device_name,
    differentiate=by_torch,
    solvers=(
        Solver(
            "gels",
            'torch.linalg.lstsq(driver="gels"), QR; the default on a GPU',
            complex_too(full_rank_any_shape(REFUSAL)),
            gels,
        ),
        Solver(
            "gelsy",
            'torch.linalg.lstsq(driver="gelsy"), QR with column pivoting; the default on the CPU',
            complex_too(
                minimum_norm(
                    "columns beyond the leading block of R with estimated condition below 1/(eps·max(m, n))",
                    REFUSAL,
                    reports_rank=True,
                )
            ),
            partial(lstsq, driver="gelsy"),
            devices=("cpu",),
        ),
        Solver(
            "gelsd",
            'torch.linalg.lstsq(driver="gelsd"), divide-and-conquer SVD',
            BY_SVD,
            partial(lstsq, driver="gelsd"),
            devices=("cpu",),
        ),
        Solver(
            "gelss",
            'torch.linalg.lstsq(driver="gelss"), QR-iteration SVD',
            BY_SVD,
            partial(lstsq, driver="gelss"),
            devices=("cpu",),
        ),
        Solver(
            "pinv",
            "torch.linalg.pinv(A) @ b",
            complex_too(minimum_norm("σ_i ≤ eps·max(m, n)·σ₁", REFUSAL, cutoff=size_times(1))),
            pinv,
        ),
        Solver("qr", "torch.linalg.qr, then solve_triangular", complex_too(full_rank(REFUSAL)), qr),
        Solver(
            "normal-cholesky", "cholesky_solve(Aᵀb, cholesky(AᵀA))", complex_too(full_rank(REFUSAL)), normal_cholesky
        ),
    ),
)
