"""Where numbers come from: versions, processor, flags, code and commit of this process, as plain values."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent
"""The directory of this package; in a checkout `generators` and `oracles` in it are links to the folders beside it."""

TRUTH = ("numpy", "mpmath", "gmpy2", "python-flint")
"""The packages that problems and certificates are computed with."""

MEASURED = ("numpy", "scipy", "jax", "jaxlib")
"""The packages that every installation measures."""

EXTRAS = ("lineax", "equinox", "scikit-learn", "statsmodels", "torch", "cupy-cuda12x")
"""The packages that are measured where they are installed; equinox decides how lineax reports failures."""

PACKAGES = ("lamm-robust", *MEASURED, "mpmath", "gmpy2", "python-flint", "pyarrow", "hypothesis")
"""The packages that every installation has, by the names under which they are distributed."""


def installed_versions(packages: Iterable[str]) -> dict[str, str]:
    """The versions of the packages, by name, without those that are not installed."""
    from importlib import metadata  # takes a tenth of the time of `list`, which needs none

    found = {}
    for package in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """The versions of Python and of the packages, by name; "absent" for a package that is not installed."""
    packages = tuple(packages)
    return {"python": platform.python_version(), **dict.fromkeys(packages, "absent"), **installed_versions(packages)}


def processor() -> str:
    """The processor's own name, or "unknown"."""
    with contextlib.suppress(OSError):  # only Linux has the file
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def commit() -> str:
    """The git commit of this code, with "+changes" if it was edited since; "unknown" outside a checkout."""

    def git(*arguments: str) -> str:
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "lamm_robust", "generators", "oracles")
        return git("rev-parse", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def code_digest(*parts: str) -> str:
    """SHA-256 over the code and data of this package, or of these files and folders in it, paths included.

    Code that was edited may compute other numbers, so the digest stands beside whatever it computed.
    """
    sha = hashlib.sha256()
    for path in sorted(path for part in parts or ("",) for path in _sources(PACKAGE / part)):
        sha.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return sha.hexdigest()


def _sources(place: Path) -> Iterator[Path]:
    """The file itself, or the .py and .toml files below a folder, hidden ones left out; links are followed."""
    if place.is_file():
        yield place
    for folder, _, names in os.walk(place, followlinks=True):
        yield from (Path(folder, name) for name in names if name.endswith((".py", ".toml")) and name[0] != ".")


def flags() -> dict[str, str]:
    """The environment variables of this process that can change a number, in alphabetical order; see `variables`."""
    from lamm_robust.variables import recorded  # compiles forms of many values

    return recorded(os.environ)


def environment() -> dict[str, Any]:
    """Everything about this process and its machine that a reader of the numbers may ask for, as JSON values."""
    return {
        "versions": versions() | installed_versions(EXTRAS),
        "system": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "flags": flags(),
        "code": code_digest(),
        "commit": commit(),
    }
