"""Why a library finds no GPU in this machine, by device files and installed packages; nothing is imported for that."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path

from lamm_robust.values import AbsentError

NVIDIA = ("dev/nvidiactl", "dev/nvidia0", "dev/dxg")
"""Device files of NVIDIA's driver (the last under WSL): without one of them JAX's CUDA plugin finds no GPU."""

OTHERS: Mapping[str, str] = {
    "dev/kfd": "an AMD GPU (ROCm)",
    "dev/accel0": "a TPU",
    "dev/vfio/0": "a TPU, or a device that is passed through",
}
"""Device files of what else computes → what it is."""

JETSON = "etc/nv_tegra_release"
"""A file that NVIDIA's Linux for Jetson brings."""

OURS = ("jax", "lineax", "torch", "cupy")
"""The modules of libraries whose solvers run on NVIDIA GPUs; where a user's own solver runs is for it to say."""

WITH_CUDA: Mapping[str, tuple[str, ...]] = {
    "jax": ("jax_cuda12_plugin", "jax_cuda13_plugin"),
    "lineax": ("jax_cuda12_plugin", "jax_cuda13_plugin"),
}
"""Library → the modules of which it needs one for an NVIDIA GPU."""

YOURS = "`lamm-robust check MODULE:FUNCTION --device gpu` measures your own solver there"


def missing_gpu(module: str, root: Path = Path("/"), system: str = sys.platform) -> AbsentError | None:
    """Why a library finds no GPU that it can use, with the vendor and a way out; None if it may find one."""
    is_jetson = (root / JETSON).exists()
    if not is_jetson and not any((root / node).exists() for node in NVIDIA):
        other = _other(root, system)
        if not other:
            return AbsentError("no GPU found")
        return AbsentError(f"no NVIDIA GPU, but {other}: {YOURS}") if module in OURS else None
    plugins = WITH_CUDA.get(module, ())
    if plugins and not any(importlib.util.find_spec(plugin) for plugin in plugins):
        if is_jetson:
            return AbsentError(f"an NVIDIA Jetson, for which JAX has no packages with CUDA: {YOURS}")
        way = "pip install 'lamm-robust[cuda12]', or [cuda13]"
        return AbsentError(f"an NVIDIA GPU, but JAX without CUDA: {way}", installable=True)
    if module == "torch" and _version(module).endswith("+cpu"):
        way = "install it from the index that pytorch.org names for your CUDA"
        return AbsentError(f"an NVIDIA GPU, but PyTorch without CUDA: {way}", installable=True)
    return None


def _other(root: Path, system: str) -> str:
    """What else than an NVIDIA GPU computes in this machine, or ""."""
    if system == "darwin":
        return "Apple's (Metal)"
    return next((what for node, what in OTHERS.items() if (root / node).exists()), "")


def _version(package: str) -> str:
    from importlib import metadata  # takes a tenth of the time of `list`

    return metadata.version(package)
