"""Certify a user's own problem: read A and b from an .npz file, check them, and print what is proved.

Every printed number comes with a radius that includes the rounding of its own digits.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from lamm_robust import catalog
from lamm_robust.values import Array, Oracle


def read_problem(path: Path) -> tuple[Array, Array]:
    """A and b of an .npz file; ValueError that names what is missing or wrong and what is accepted."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError(f"'{path}' holds one bare array; accepted is an .npz file with arrays A and b")
            missing = [name for name in "Ab" if name not in archive.files]
            if missing:
                held = ", ".join(archive.files) or "nothing"
                raise ValueError(f"'{path}' has no array '{missing[0]}' (it holds: {held}); needed are A and b")
            return archive["A"], archive["b"]
    except FileNotFoundError:
        raise ValueError(f"there is no file '{path}'; expected an .npz file with arrays A and b") from None
    except IsADirectoryError:
        raise ValueError(f"'{path}' is a directory; expected an .npz file with arrays A and b") from None
    except (EOFError, zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"cannot read '{path}': {error}") from error


def certify_file(path: Path, oracle: Oracle) -> dict[str, Any]:
    """The proved facts about the problem in a file, as plain JSON values (see `catalog.certificate_facts`)."""
    A, b = read_problem(path)
    try:
        catalog.check_problem(A, b)
    except ValueError as error:
        raise ValueError(f"'{path}': {error}") from error
    return catalog.certificate_facts(oracle.certify(A, b))


def text(found: dict[str, Any]) -> str:
    """The same facts for a person to read."""
    rows = found["x"] if found["x"] and isinstance(found["x"][0], list) else [[entry] for entry in found["x"]]
    lines = [
        f"problem        {found['m']}×{found['n']}, certified by '{found['method']}' in {found['seconds']:.3g} s",
        f"exact rank     {found['rank']}",
        f"κ = σ₁/σ_r     {found['kappa']}",
        f"‖b − Ax★‖      {found['residual_norm']}",
        f"x★ = A⁺b, within {found['radius']} of:",
    ]
    return "\n".join([*lines, *("  " + "  ".join(row) for row in rows)])
