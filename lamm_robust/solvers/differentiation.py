"""How JAX and PyTorch differentiate a solver: forward mode, reverse mode, and reverse mode in a batch.

Each way is a function (A, b, dA, db, c) → (by A, by b), see `values.Differentiate`. x is differentiated by A and by b
apart, with the other one constant, as users do: that is another path through many libraries than both at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from lamm_robust.values import Deficiency, Differentiate, Solver

Solution = Callable[[Any, Any], Any]
"""(A, b) → x, in a library's own arrays."""

PLACE = 1
"""The place of the problem in the batch of `vmapped_vjp`."""


@cache
def by_jax(solver: Solver) -> Mapping[str, Differentiate]:
    """The ways of JAX for a solver, each as one program that is compiled once for each shape."""
    import jax

    ways = jax_ways(lambda A, b: solver.solve(A, b)[0], solver.contract.deficiency)
    return {name: jax.jit(way) for name, way in ways.items()}


def jax_ways(x: Solution, promised: Deficiency) -> Mapping[str, Differentiate]:
    """The ways of JAX: `jax.jvp`, `jax.vjp`, and the latter under `jax.vmap`. NumPy arrays become its own.

    In the batch there are matrices of other ranks, too, unless a full rank is all that is promised something of.
    """
    import jax
    import jax.numpy as jnp

    def jvp(A: Any, b: Any, dA: Any, db: Any, _: Any) -> tuple[Any, Any]:
        A, b, dA, db = map(jnp.asarray, (A, b, dA, db))
        by_A = jax.jvp(lambda A: x(A, b), (A,), (dA,))[1]
        return by_A, jax.jvp(lambda b: x(A, b), (b,), (db,))[1]

    def vjp(A: Any, b: Any, _dA: Any, _db: Any, c: Any) -> tuple[Any, Any]:
        A, b, c = map(jnp.asarray, (A, b, c))
        (by_A,) = jax.vjp(lambda A: x(A, b), A)[1](c)
        (by_b,) = jax.vjp(lambda b: x(A, b), b)[1](c)
        return by_A, by_b

    def vmapped_vjp(A: Any, b: Any, dA: Any, db: Any, c: Any) -> tuple[Any, Any]:
        A, b, dA, db, c = map(jnp.asarray, (A, b, dA, db, c))
        others = [A / 2] if promised is Deficiency.FULL_RANK_ONLY else [jnp.zeros_like(A), jnp.ones_like(A)]
        matrices = jnp.stack([-A, A, *others])
        by_A, by_b = jax.vmap(lambda A: vjp(A, b, dA, db, c))(matrices)
        return by_A[PLACE], by_b[PLACE]

    return {"jvp": jvp, "vjp": vjp, "vmapped_vjp": vmapped_vjp}


def compiled_where_possible(ways: Mapping[str, Differentiate]) -> Mapping[str, Differentiate]:
    """The ways of JAX, each compiled as one program, or called as it is where that raises an exception."""
    import jax

    def tried(way: Differentiate) -> Differentiate:
        program = jax.jit(way)

        def differentiate(*arrays: Any) -> tuple[Any, Any]:
            try:
                found: tuple[Any, Any] = program(*arrays)
            except Exception:
                found = way(*arrays)
            return found

        return differentiate

    return {name: tried(way) for name, way in ways.items()}


def by_torch(solver: Solver) -> Mapping[str, Differentiate]:
    """The ways of PyTorch for a solver, but for `vmapped_vjp`: its `vmap` refuses who returns the rank as an int."""
    ways = torch_ways(lambda A, b: solver.solve(A, b)[0], solver.contract.deficiency)
    return {name: ways[name] for name in ("jvp", "vjp")}


def torch_ways(x: Solution, promised: Deficiency) -> Mapping[str, Differentiate]:
    """The ways of PyTorch: `torch.autograd.forward_ad`, `torch.autograd.grad`, and `torch.func.vjp` under its `vmap`.

    NumPy arrays become its tensors. The batch is that of `jax_ways`.
    """
    import torch
    from torch.autograd import forward_ad

    def jvp(A: Any, b: Any, dA: Any, db: Any, _: Any) -> tuple[Any, Any]:
        A, b, dA, db = map(torch.as_tensor, (A, b, dA, db))
        with forward_ad.dual_level():
            by_A = forward_ad.unpack_dual(x(forward_ad.make_dual(A, dA), b)).tangent
            by_b = forward_ad.unpack_dual(x(A, forward_ad.make_dual(b, db))).tangent
        for name, tangent in (("A", by_A), ("b", by_b)):
            if tangent is None:
                raise RuntimeError(f"x does not depend on {name}, as far as PyTorch sees")
        return by_A, by_b

    def vjp(A: Any, b: Any, _dA: Any, _db: Any, c: Any) -> tuple[Any, Any]:
        A, b, c = map(torch.as_tensor, (A, b, c))
        A, b = (values.detach().clone().requires_grad_() for values in (A, b))
        (by_A,) = torch.autograd.grad(x(A, b.detach()), A, c)
        (by_b,) = torch.autograd.grad(x(A.detach(), b), b, c)
        return by_A, by_b

    def vmapped_vjp(A: Any, b: Any, _dA: Any, _db: Any, c: Any) -> tuple[Any, Any]:
        A, b, c = map(torch.as_tensor, (A, b, c))

        def one(A: Any) -> tuple[Any, Any]:
            (by_A,) = torch.func.vjp(lambda A: x(A, b), A)[1](c)
            (by_b,) = torch.func.vjp(lambda b: x(A, b), b)[1](c)
            return by_A, by_b

        others = [A / 2] if promised is Deficiency.FULL_RANK_ONLY else [torch.zeros_like(A), torch.ones_like(A)]
        by_A, by_b = torch.func.vmap(one)(torch.stack([-A, A, *others]))
        return by_A[PLACE], by_b[PLACE]

    return {"jvp": jvp, "vjp": vjp, "vmapped_vjp": vmapped_vjp}
