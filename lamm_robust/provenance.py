"""Where numbers were measured: versions, BLAS and threads, processor, GPU, flags and commit, as plain values."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

TRUTH = ("numpy", "mpmath", "gmpy2", "python-flint")
"""What problems and certificates are computed with."""

MEASURED = ("numpy", "scipy", "jax", "jaxlib")
"""What every installation measures."""

EXTRAS = ("lineax", "equinox", "scikit-learn", "statsmodels", "torch")
"""What is measured where it is installed; equinox decides how lineax reports failures."""

PACKAGES = ("lamm-robust", *MEASURED, "mpmath", "gmpy2", "python-flint", "pyarrow", "hypothesis")

FLAGS = (
    *("JAX_", "XLA_", "EQX_"),
    *("OPENBLAS_", "OMP_", "KMP_", "MKL_", "NPY_"),
    *("TORCH_", "PYTORCH_", "ATEN_", "SCIPY_", "SKLEARN_"),
    *("CUDA_", "CUBLAS_", "NVIDIA_"),
)
ROOMS = ("generators", "lamm_robust", "oracles")


def installed(packages: Iterable[str]) -> dict[str, str]:
    """Versions of those packages that are installed."""
    found = {}
    for package in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Versions of Python and of the packages, "absent" for one that is not installed."""
    packages = tuple(packages)
    return {"python": platform.python_version(), **dict.fromkeys(packages, "absent"), **installed(packages)}


def processor() -> str:
    """The processor's own name, where the system tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def commit() -> str:
    """The commit that this code was at, "+changes" if it was edited since, "unknown" outside a checkout."""
    here = Path(__file__).parents[1]

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=here, capture_output=True, text=True, check=True)  # noqa: S607
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", *ROOMS)
        return git("rev-parse", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def code(*rooms: str) -> str:
    """SHA-256 over code and data of packages or files of this project: edited, they make other numbers."""
    home = Path(__file__).parents[1]
    sha = hashlib.sha256()
    for place in (home / room for room in rooms):
        files = [place] if place.is_file() else place.rglob("[!.]*")
        for path in sorted(p for p in files if p.suffix in (".py", ".toml") and p.is_file()):
            sha.update(path.relative_to(home).as_posix().encode() + b"\0" + path.read_bytes())
    return sha.hexdigest()


PLACES = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES")
"""Which of several devices is meant: other for each worker of a cluster, and named by the device itself."""


def flags() -> dict[str, str]:
    """The environment variables of this process that can change a number."""
    found = sorted(os.environ.items())
    return {name: value for name, value in found if name.startswith(FLAGS) and name not in PLACES}


def environment() -> dict[str, Any]:
    """Everything about this machine that a reader of the numbers may ask for."""
    return {
        "versions": versions() | installed(EXTRAS),
        "system": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "flags": flags(),
        "code": code(*ROOMS),
        "commit": commit(),
    }
