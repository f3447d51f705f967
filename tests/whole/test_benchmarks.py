"""How long each variant takes at the sizes of LAMM and beyond, and whether what it returns is right.

``pytest --benchmark-only`` (with ``--precision`` and ``--device``). Problems are grouped by size, so that
solvers stand side by side; the verdict and the backward error (in u‖A‖_F) are in the printed name, and all scores
in ``extra_info``, so that a fast wrong solver is seen to be wrong. κ is 1e7 in float64, where solvers
that square it are seen to be wrong at every size, and 1e3 in float32, which has no room for more at the largest.
"""

from __future__ import annotations

import math
from functools import cache

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from lamm_robust import catalog
from lamm_robust.scoring.records import scores_of
from lamm_robust.scoring.truths import Certified, Truths
from lamm_robust.scoring.verdicts import judge_all
from lamm_robust.text import number
from lamm_robust.values import Device, Outcome, Precision, ProblemKey, Status, Variant
from tests.conftest import chosen

SIZES = ((16, 4), (64, 16), (256, 64), (1024, 128))
LOG10_COND = {"float32": 3, "float64": 7}
RESIDUAL = {"float32": 1e-4, "float64": 1e-9}
SLOW = {"dropping": 64 * 16}
"""Largest m·n for solvers whose time grows with n SVDs: at 1024×128 one call takes seconds."""


@cache
def truths() -> Truths:
    return Truths(catalog.build_problem, catalog.find_oracle("auto"))


def certified(m: int, n: int, precision: Precision) -> Certified:
    """The benchmark problem of a size: a small residual and a geometric spectrum, certified."""
    spectrum = (("mode", "geometric"), ("log10_cond", LOG10_COND[precision]), ("residual", RESIDUAL[precision]))
    key = ProblemKey("spectrum", (("m", m), ("n", n), *spectrum, ("direction", "random"), ("seed", 0)), precision)
    found = truths().certify(key)
    assert isinstance(found, Certified)
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every variant of the precision and device asked for, at every size."""
    if "variant" in metafunc.fixturenames:
        under_test = chosen(metafunc.config)
        variants = [v for v in catalog.variants() if (v.precision, v.device) == under_test]
        metafunc.parametrize("variant", variants, ids=str)
        metafunc.parametrize(("m", "n"), SIZES, ids=[f"{m}x{n}" for m, n in SIZES])


@pytest.mark.filterwarnings("ignore")  # what a solver warns of is not what is timed; the verdict says what came of it
def test_solve(benchmark: BenchmarkFixture, variant: Variant, m: int, n: int, device: Device) -> None:
    """Time the steady state of one variant; compilation is in the warm-up call."""
    if m * n > SLOW.get(variant.algorithm, m * n):
        pytest.skip(f"{variant.algorithm} is too slow for {m}×{n}")
    library, solver = catalog.LIBRARY[variant.library], catalog.find_solver(variant)
    if reason := catalog.absent(library, device):
        pytest.skip(reason.sentence)
    problem = certified(m, n, variant.precision)
    A, b = library.put(problem.problem.A, device), library.put(problem.problem.b, device)
    library.wait(solver.solve(A, b))
    benchmark.group = f"{m}×{n} {variant.precision} {device}"
    x, rank = benchmark(lambda: library.wait(solver.solve(A, b)))
    outcome = Outcome(Status.SOLVED, x=library.get(x), rank=None if rank is None else int(rank))
    ((scores, columns),) = scores_of([(problem, outcome)], [solver.contract])
    verdict = judge_all(solver.contract, problem.limits, outcome, columns)
    benchmark.extra_info.update(verdict=verdict, **scores)
    assert benchmark.stats is not None
    size = number(scores.get("backward_error", math.nan))
    benchmark.stats.name = f"{variant.library}-{variant.algorithm}: {verdict}, {size} u"
