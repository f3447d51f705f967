"""lamm-robust: which least-squares solver can you trust, measured against certified truth."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamm_robust.solvers.least_squares import solve as solve

__all__ = ["solve"]


def __getattr__(name: str) -> Any:
    """`solve`, the least-squares solver that this project recommends: imported with JAX when it is asked for."""
    if name == "solve":
        try:
            from lamm_robust.solvers.least_squares import solve
        except ModuleNotFoundError as error:
            needed = f"lamm_robust.solve needs JAX: pip install jax ({error})"
            raise ModuleNotFoundError(needed, name=error.name) from error
        return solve
    raise AttributeError(f"module 'lamm_robust' has no attribute {name!r}")
