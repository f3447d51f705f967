"""Devices that are emulated on the CPU: JAX with float32 products whose inputs are rounded as accelerators round them.

NVIDIA GPUs from Ampere on multiply float32 matrices in TF32 by default, with 10 bits of fraction in place of 23; TPUs
in bfloat16, with 7. Sums are in float32 there and here. `begin` makes JAX lower every such product with its inputs
rounded, in the whole process: in eager calls, compiled programs, derivatives and library functions alike. A product
that asks for more precision is as it was.

It is an upper bound and no GPU: a GPU rounds what its matrix units multiply, which products of a matrix and a vector
may not be; and its factorisations are other kernels than LAPACK's (`lowering` names them).

The means are JAX's public modules `jax.extend` and `jax.interpreters.mlir`, which it documents without a promise to
keep them: tried with JAX 0.10.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from lamm_robust.values import Device

BITS: Mapping[Device, int] = {"emulated-tf32": 10, "emulated-bf16": 7}
"""The bits of fraction that inputs of products keep, beside the sign and the 8 bits of exponent that all have."""

LOW: Mapping[Device, tuple[str, ...]] = {"emulated-tf32": ("DEFAULT", "HIGH"), "emulated-bf16": ("DEFAULT",)}
"""The precisions of JAX (`jax.lax.Precision`) that mean so few bits: on GPUs HIGH is TF32; on TPUs it is 3 products."""


@cache
def begin(device: Device) -> None:
    """Make this process compute as the device; to be called before JAX compiles anything, for one device only."""
    if device not in BITS:
        return
    from jax.extend.core.primitives import dot_general_p
    from jax.interpreters import mlir

    mlir.register_lowering(dot_general_p, _lowering(BITS[device], LOW[device]), platform="cpu")


def _lowering(bits: int, low: tuple[str, ...]) -> Any:
    """The rule by which JAX writes `dot_general` in StableHLO, with inputs of few bits where it asks for no more."""
    from jax.extend.mlir import ir
    from jax.extend.mlir.dialects import stablehlo
    from jax.interpreters import mlir

    def lower(context: Any, lhs: Any, rhs: Any, *, dimension_numbers: Any, precision: Any, **_: Any) -> list[Any]:
        (out,) = context.avals_out
        if all(aval.dtype == np.float32 for aval in context.avals_in) and _is_low(precision, low):
            lhs, rhs = (stablehlo.reduce_precision(v, exponent_bits=8, mantissa_bits=bits) for v in (lhs, rhs))
        (of_lhs, of_rhs), (batch_of_lhs, batch_of_rhs) = dimension_numbers
        numbers = stablehlo.DotDimensionNumbers.get(
            lhs_batching_dimensions=list(batch_of_lhs),
            rhs_batching_dimensions=list(batch_of_rhs),
            lhs_contracting_dimensions=list(of_lhs),
            rhs_contracting_dimensions=list(of_rhs),
        )
        kind = ir.RankedTensorType.get(out.shape, mlir.dtype_to_ir_type(out.dtype))
        return [stablehlo.dot_general(kind, lhs, rhs, numbers)]

    return lower


def _is_low(precision: Any, low: tuple[str, ...]) -> bool:
    """Whether a product asks for few bits only: by None, by one of these names, or by a pair of such."""
    asked = precision if isinstance(precision, tuple) else (precision,)
    return all(one is None or getattr(one, "name", "") in low for one in asked)
