"""LAMM, local analog matrix mapping: steering a programmable matrix to a target, end to end.

A matrix F(p) depends on parameters p that can be set: the phases of an optical mesh, the voltages of an analog chip,
the weights of a layer. To change it by δ, LAMM repeats three things: directional derivatives along k random directions
(columns X of the matrix, for directions V of the parameters), least squares (α = argmin ‖Xα − δ‖₂), and a step Vα. The
least-squares solver is a part that can be exchanged, and a study shows what that changes.

This room knows the loop, two programmable matrices (`mesh` and `layer`), and studies of them. The loop knows neither
photonics nor the names of solvers, and the room does not know runs, checks and claims.

Begin with `apply`, which users call. `original` is the loop in Python, whose matrix may be hardware; `compiled` is the
same loop in one XLA program, and `queue` many of them; both use `rule`, `damping` and `step`. `baseline` is what they
are compared with. Studies begin in `conduct`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamm_robust.lamm.apply import apply_delta as apply_delta
    from lamm_robust.lamm.apply import apply_deltas as apply_deltas

__all__ = ["apply_delta", "apply_deltas"]


def __getattr__(name: str) -> Any:
    """Import `apply_delta` or `apply_deltas`, and JAX with it, at the first use."""
    if name in ("apply_delta", "apply_deltas"):
        from lamm_robust.lamm import apply

        return getattr(apply, name)
    raise AttributeError(f"module 'lamm_robust.lamm' has no attribute {name!r}")
