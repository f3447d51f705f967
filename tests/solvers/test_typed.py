"""What people type for each solver returns what the solver returns, bit for bit where nothing is compiled anew."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from lamm_robust import catalog
from lamm_robust.solvers import LIBRARIES
from lamm_robust.solvers.typed import CODE, call_of, code_of, imports_of
from lamm_robust.values import Precision

TEXTS = [(library, algorithm) for library, codes in CODE.items() for algorithm in codes]

ROUNDED = {"jax", "lineax", "torch"}
"""Libraries whose programs are compiled apart from the solver's, or whose answers vary with the place in memory."""


def test_every_text_is_of_a_solver() -> None:
    known = {(library.name, solver.algorithm) for library in LIBRARIES for solver in library.solvers}
    assert set(TEXTS) <= known


def test_a_call_is_one_line() -> None:
    assert call_of("numpy", "lstsq") == "numpy.linalg.lstsq(A, b)[0]"
    assert call_of("numpy", "qr") == "Q, R = numpy.linalg.qr(A); x = numpy.linalg.solve(R, Q.T @ b)"
    assert call_of("numpy", "tsqr") == ""


def test_imports_are_the_modules_that_are_named() -> None:
    assert imports_of("x = scipy.linalg.lstsq(A, b, cond=numpy.finfo(A.dtype).eps)[0]") == ["numpy", "scipy.linalg"]
    assert imports_of("x = jax.numpy.linalg.pinv(A) @ b") == ["jax", "jax.numpy"]


@pytest.mark.usefixtures("in_float64_only")
@pytest.mark.filterwarnings("ignore")  # what a library says of a wide A is not the point
@pytest.mark.parametrize(("library", "algorithm"), TEXTS)
def test_a_text_returns_what_its_solver_returns(library: str, algorithm: str, precision: Precision) -> None:
    lib = catalog.LIBRARY[library]
    pytest.importorskip(lib.module)
    solver = next(s for s in lib.solvers if s.algorithm == algorithm)
    rng = np.random.default_rng(3)
    shapes = [(8, 3), (3, 5)] if "wide" in solver.contract.shapes else [(8, 3)]
    for m, n in shapes:
        A, b = rng.standard_normal((m, n)).astype(precision), rng.standard_normal(m).astype(precision)
        code = code_of(library, algorithm)
        names = {"A": lib.put(A, "cpu"), "b": lib.put(b, "cpu")}
        for module in imports_of(code):
            importlib.import_module(module)
            names[module.partition(".")[0]] = importlib.import_module(module.partition(".")[0])
        exec(code, names)
        expected = lib.get(lib.wait(solver.solve(lib.put(A, "cpu"), lib.put(b, "cpu")))[0])
        x = lib.get(names["x"])
        if library in ROUNDED:
            np.testing.assert_allclose(x, expected, rtol=1e3 * float(np.finfo(precision).eps))
        else:
            np.testing.assert_array_equal(x, expected)
        assert x.dtype == A.dtype or library == "sklearn"
