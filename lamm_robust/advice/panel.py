"""Which solvers are tried: those that people type in a line or two, each with its text."""

from __future__ import annotations

from collections.abc import Sequence

from lamm_robust import catalog
from lamm_robust.solvers.typed import call_of, code_of
from lamm_robust.values import Precision, Variant

USUAL = (
    *("numpy-lstsq", "numpy-lstsq-scaled", "numpy-pinv", "numpy-qr", "numpy-normal-lu"),
    *("scipy-gelsd", "scipy-gelsy", "scipy-gelss", "scipy-pinv", "scipy-qr", "scipy-lsq-linear"),
    *("scipy-lsqr", "scipy-lsmr"),
    *("jax-solve", "jax-lstsq", "jax-pinv", "jax-qr"),
    *("torch-gelsy", "torch-gels", "torch-gelsd", "torch-pinv", "torch-qr"),
    *("sklearn-linear-regression", "sklearn-linear-regression-eps"),
    *("statsmodels-pinv", "statsmodels-qr"),
    *("lineax-auto", "lineax-qr", "lineax-svd"),
)
"""Library-algorithm of what documentation and tutorials show; the others are studied, and few would type them."""

X64 = 'jax.config.update("jax_enable_x64", True)'
"""Without it, JAX computes in float32 whatever it is given."""


def chosen(only: Sequence[str], precisions: Sequence[Precision]) -> list[Variant]:
    """The variants to try on the CPU: `USUAL`, or those that match any of the globs; ValueError for an unknown one."""
    if only:
        return catalog.select_variants(only, precisions, ("cpu",))
    variants = catalog.select_variants((), precisions, ("cpu",))
    return [v for v in variants if f"{v.library}-{v.algorithm}" in USUAL]


def length(variant: Variant) -> tuple[int, int]:
    """How much there is to type for a variant: lines, and its place in `USUAL`, the most common first."""
    name = f"{variant.library}-{variant.algorithm}"
    lines = code_of(variant.library, variant.algorithm).count("\n") + needs_x64(variant)
    return lines, USUAL.index(name) if name in USUAL else len(USUAL)


def needs_x64(variant: Variant) -> bool:
    """Whether a variant is only that where an option of JAX is set."""
    return variant.library in ("jax", "lineax") and variant.precision == "float64"


def call(variant: Variant, stored: Precision) -> str:
    """What to type for a variant where the numbers are stored in a precision, in one line."""
    typed = call_of(variant.library, variant.algorithm) or f"(no short text: {variant.library}-{variant.algorithm})"
    before = [X64] if needs_x64(variant) else []
    if variant.precision != stored:
        before.append(f'A, b = A.astype("{variant.precision}"), b.astype("{variant.precision}")')
    return "; ".join([*before, typed])
