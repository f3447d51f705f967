"""The command `truth`: read A and b of a user's own problem from an .npz file, and tell what is proved about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lamm_robust import catalog
from lamm_robust.oracles.plain_values import facts, truncation_facts
from lamm_robust.oracles.validation import check_problem
from lamm_robust.values import Array, Oracle

EXPECTED = "expected an .npz file with numerical arrays A and b, as numpy.savez(file, A=A, b=b) writes it"


def read_problem(path: Path) -> tuple[Array, Array]:
    """A and b of an .npz file; ValueError for another file, or one without them, which says what is expected."""
    arrays = _load(path)
    for name in "Ab":
        if name not in arrays:
            held = ", ".join(arrays) or "nothing"
            raise ValueError(f"'{path}' has no array '{name}' (it holds: {held}); needed are A and b")
    return arrays["A"], arrays["b"]


def _load(path: Path) -> dict[str, Array]:
    if path.is_dir():
        raise ValueError(f"'{path}' is a directory; {EXPECTED}")
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] if name in ("A", "b") else np.empty(0) for name in archive.files}
    except FileNotFoundError:
        raise ValueError(f"there is no file '{path}'; {EXPECTED}") from None
    except Exception:  # a damaged archive or header makes NumPy and what lies below it raise almost anything
        raise ValueError(f"cannot read '{path}'; {EXPECTED}") from None


def certify_file(path: Path, oracle: Oracle, rank: int | None = None) -> dict[str, Any]:
    """The proved facts about the problem in a file, as plain JSON values; see `oracles.plain_values.facts`.

    With a rank k, they are about A_k, which is A with its singular values after the k-th set to zero, and b; the first
    of these values is among them. ValueError for a file that holds no problem, NotCertifiedError if nothing is proved.
    """
    A, b = read_problem(path)
    try:
        check_problem(A, b)
    except ValueError as error:
        raise ValueError(f"'{path}': {error}") from error
    if rank is None:
        return facts(oracle.certify(A, b))
    if oracle.truncate is None:
        able = ", ".join(name for name, other in catalog.ORACLES.items() if other.truncate)
        raise ValueError(f"oracle '{oracle.name}' does not truncate; those that do: {able}")
    try:
        return truncation_facts(oracle.truncate(A, b, rank))
    except ValueError as error:
        raise ValueError(f"'{path}': {error}") from error


def text(found: dict[str, Any]) -> str:
    """The facts that `certify_file` returns, in lines for people."""
    rows = found["x"] if found["x"] and isinstance(found["x"][0], list) else [[entry] for entry in found["x"]]
    known = "estimated" if found["method"] == "mpmath" else "certified"
    rank, answer = [f"exact rank     {found['rank']}"], "x★ = A⁺b"
    if "sigma_next" in found:
        left = "zeros only" if found["sigma_next"] == "0" else f"{found['sigma_next']} and smaller singular values"
        rank, answer = [f"rank           {found['rank']}, as asked", f"counted as 0   {left}"], f"A_{found['rank']}⁺b"
    lines = [
        f"problem        {found['m']}×{found['n']}, {known} by '{found['method']}' in {found['seconds']:.3g} s",
        *rank,
        f"κ = σ₁/σ_r     {found['kappa']}",
        f"‖b − Ax‖       {found['residual_norm']}",
        f"{answer}, exactly:" if found["radius"] == "0" else f"{answer}, within {found['radius']} (2-norm) of:",
    ]
    return "\n".join(
        [*lines, *("  " + "  ".join(row) for row in rows or [["(A has no columns, so x has no entries)"]])]
    )
