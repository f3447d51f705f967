"""lamm-robust: which least-squares solver can you trust, measured against certified truth."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamm_robust.solvers.least_squares import solve as solve

__all__ = ["solve"]


def __getattr__(name: str) -> Any:
    """`solve`, the least-squares solver that this project recommends: imported with JAX when it is asked for."""
    if name == "solve":
        from lamm_robust.solvers.least_squares import solve

        return solve
    raise AttributeError(f"module 'lamm_robust' has no attribute {name!r}")
