"""Which solvers have the digits that columns of very different size leave: QR and `solve` do, an SVD does not."""

from __future__ import annotations

import pytest

from lamm_robust import catalog
from lamm_robust.keys import parse_key
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import Certified, Truths
from lamm_robust.values import Case, Precision, Variant, Verdict
from tests.support.solving import named, tried

FITS: dict[Precision, tuple[str, ...]] = {
    "float64": (
        "polynomial points=36 degree=1 abscissae=unix seed=0",
        "polynomial points=16 degree=6 abscissae=wavelengths seed=0",
        "offset m=36 regressors=1 offset=1700000000 step=0.0009765625 seed=0",
    ),
    "float32": (
        "raw A=1,4096;1,4097;1,4098;1,4100 b=1,2,4,5",
        "raw A=1,16384;1,16385;1,16387;1,16388 b=2,3,3,5",
        "raw A=1e-6,3000;2e-6,-1000;-1e-6,2500;3e-6,200 b=1,2,2,-1",
    ),
}
"""Fits with κ small once columns are of one size, and beyond the precision as they are stored."""

BY_COLUMNS = ("numpy-qr", "scipy-qr", "scipy-gels", "jax-qr", "jax-solve", "numpy-lstsq-scaled")
AS_A_WHOLE = ("scipy-gelsd", "scipy-gelss", "scipy-pinv", "jax-lstsq", "jax-pinv")
IN_FLOAT64 = ("numpy-lstsq", "numpy-pinv")
"""As a whole in float64; in float32 NumPy computes in float64, too, and so has the digits."""


@pytest.fixture(scope="module")
def fits(precision: Precision) -> list[Certified]:
    truths = Truths(catalog.build_problem, catalog.find_oracle("auto"))
    found = [truths.certify(parse_key(f"{text} dtype={precision}")) for text in FITS[precision]]
    return [one for one in found if isinstance(one, Certified)]


def verdicts(name: str, fits: list[Certified]) -> set[Verdict]:
    library, _, algorithm = name.partition("-")
    cases = [(Case(one.problem.key, Variant(library, algorithm, one.problem.key.dtype, "cpu")), one) for one in fits]
    return {record(case, one, named(name), tried(name, one.problem)).verdict for case, one in cases}


def test_the_fits_are_resolvable_by_columns_only(fits: list[Certified]) -> None:
    assert len(fits) == 3
    for one in fits:
        assert one.regime == "resolvable"
        assert one.limits.small * one.frame.u * one.frame.kappa > 0.1


@pytest.mark.parametrize("name", BY_COLUMNS)
def test_these_are_stable_column_by_column(name: str, fits: list[Certified]) -> None:
    assert verdicts(name, fits) == {Verdict.COLUMNWISE_STABLE}


@pytest.mark.parametrize("name", AS_A_WHOLE)
def test_these_are_not(name: str, fits: list[Certified]) -> None:
    assert Verdict.WRONG in verdicts(name, fits)


@pytest.mark.parametrize("name", IN_FLOAT64)
def test_numpy_is_in_float32_only(name: str, fits: list[Certified], precision: Precision) -> None:
    assert (Verdict.WRONG in verdicts(name, fits)) == (precision == "float64")
