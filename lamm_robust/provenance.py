"""Where numbers were measured: versions, BLAS and threads, processor, GPU, flags and commit, as plain values."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import subprocess
from collections.abc import Iterable, Iterator
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


PACKAGE = Path(__file__).parent
"""The directory of this package; in a checkout `generators` and `oracles` in it are links to the folders beside it."""


def commit() -> str:
    """The commit that this code was at, "+changes" if it was edited since, "unknown" outside a checkout."""

    def git(*arguments: str) -> str:
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "lamm_robust", "generators", "oracles")
        return git("rev-parse", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def code(*parts: str) -> str:
    """SHA-256 over code and data of this package, or of files and folders in it: edited, they make other numbers."""
    sha = hashlib.sha256()
    for path in sorted(path for part in parts or ("",) for path in _sources(PACKAGE / part)):
        sha.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return sha.hexdigest()


def _sources(place: Path) -> Iterator[Path]:
    """A file, or the .py and .toml files below a folder, links followed; hidden ones left out."""
    if place.is_file():
        yield place
    for folder, _, names in os.walk(place, followlinks=True):
        yield from (Path(folder, name) for name in names if name.endswith((".py", ".toml")) and name[0] != ".")


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
        "code": code(),
        "commit": commit(),
    }
