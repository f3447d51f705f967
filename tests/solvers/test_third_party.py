"""Libraries that are measured where they are installed: that they may be missing, and what is particular to each."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy
import scipy.linalg
from click.testing import CliRunner

from lamm_robust import catalog, provenance
from lamm_robust.cli import listing
from lamm_robust.cli.main import main
from lamm_robust.storage.lookup import code_and_versions
from lamm_robust.values import Device, Library, Precision, Solver, Status
from lamm_robust.workers.attempt import attempt
from lamm_robust.workers.process import THREADS, Kind
from lamm_robust.workers.supervisor import Worker
from tests.solvers.test_solvers import NOT_RELIABLE, PASSING, answer_of, judged, may_vary, usable
from tests.support.problems import problem_of, random_problem
from tests.support.processes import eventually
from tests.support.reduced import loss

__all__ = ["may_vary", "usable"]  # fixtures

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = ("lineax", "sklearn", "statsmodels", "torch")
"""Libraries, each with an extra of the same name."""

ON_GPUS_ALONE = ("cupy",)
"""Libraries with an extra that `all` does not bring, and that no test calls where there is no GPU."""


def solvers(*names: str) -> pytest.MarkDecorator:
    """The test runs for every solver of these libraries."""
    pairs = [(catalog.LIBRARY[name], solver) for name in names for solver in catalog.LIBRARY[name].solvers]
    ids = [f"{library.name}-{solver.algorithm}" for library, solver in pairs]
    return pytest.mark.parametrize(("library", "solver"), pairs, ids=ids)


def present(name: str, device: Device = "cpu") -> Library:
    library = catalog.LIBRARY[name]
    if reason := catalog.absent(library, device):
        pytest.skip(reason.sentence)
    return library


# --- installed or not ------------------------------------------------------------------------------------------------


def test_every_library_beyond_the_dependencies_has_an_extra_and_all_brings_them() -> None:
    required = {line.partition(">")[0] for line in PROJECT["dependencies"]}
    assert {library.name for library in catalog.LIBRARY.values()} - required == {*EXTRAS, *ON_GPUS_ALONE}
    optional = PROJECT["optional-dependencies"]
    assert optional["all"] == [f"lamm-robust[{','.join(EXTRAS)}]"]
    for name in (*EXTRAS, *ON_GPUS_ALONE):
        (requirement,) = optional[name]
        package, at_least, version = requirement.partition(">=")
        assert package in provenance.EXTRAS
        assert at_least
        assert version.replace(".", "").isdigit(), "a lower bound and nothing else"


@pytest.fixture
def none_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    there = catalog.is_installed
    monkeypatch.setattr(catalog, "is_installed", lambda module: module not in EXTRAS and there(module))


@pytest.mark.usefixtures("none_installed")
def test_without_them_the_list_says_what_is_missing() -> None:
    assert CliRunner().invoke(main, ["list", "solvers"]).exit_code == 0
    _, rows = listing.solvers(catalog.variants())
    here = {row[0]: row[-1] for row in rows}
    assert len(here) == len(catalog.variants())
    for variant in catalog.variants():
        if variant.library in EXTRAS:
            assert here[str(variant)] == f"not measured: {variant.library} is not installed"
    assert here["numpy-qr-float64-cpu"] == "can be measured here"


@pytest.mark.usefixtures("none_installed")
def test_without_them_a_run_says_what_is_missing(tmp_path: Path) -> None:
    asked = ["run", "--precision", "float64", "--device", "cpu", "--family", "polynomial", "--out", str(tmp_path)]
    alone = CliRunner().invoke(main, [*asked, "--solver", "torch-*"])
    assert alone.exit_code == 4
    assert "nothing ran: not measured: torch is not installed" in alone.output
    beside = CliRunner().invoke(main, [*asked, "--solver", "torch-qr", "--solver", "numpy-qr"])
    assert beside.exit_code == 0, beside.output
    assert "not measured: torch is not installed: torch-qr-float64-cpu" in beside.output


@pytest.mark.parametrize("name", EXTRAS)
def test_a_worker_says_which_version_it_runs(name: str, precision: Precision) -> None:
    worker = Worker(Kind(present(name), precision, "cpu"))

    def greeted() -> bool:
        worker.pump(0.0)
        return worker.has_greeted

    try:
        eventually(greeted)
        assert worker.hello is not None
        package = {"sklearn": "scikit-learn"}.get(name, name)
        assert worker.hello["versions"][package] == metadata.version(package)
        assert worker.hello["device"] == "cpu"
        assert {pool["num_threads"] for pool in worker.hello["threads"]} == {1}
    finally:
        worker.close()


def test_truth_is_kept_whatever_else_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [code_and_versions(room) for room in ("generators", "oracles")]
    version = metadata.version

    def upgraded(packages: tuple[str, ...]) -> Callable[[str], str]:
        return lambda package: "99" if package in packages else version(package)

    beyond = (*provenance.EXTRAS, "scipy", "jax", "jaxlib", "pyarrow", "hypothesis", "lamm-robust")
    monkeypatch.setattr(metadata, "version", upgraded(beyond))
    assert [code_and_versions(room) for room in ("generators", "oracles")] == before
    for package in provenance.TRUTH:
        monkeypatch.setattr(metadata, "version", upgraded((package,)))
        assert all(
            new != old for new, old in zip(map(code_and_versions, ("generators", "oracles")), before, strict=True)
        )


# --- every solver of theirs ------------------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.usefixtures("may_vary")
@solvers(*EXTRAS)
def test_several_right_hand_sides_are_solved_as_one_by_one(
    usable: Library, solver: Solver, precision: Precision, device: Device
) -> None:
    problem = random_problem(7, 3, 0.5, 0.3, seed=2, dtype=precision)
    both = np.stack([problem.b, problem.b[::-1]], axis=1)
    outcome = attempt(usable, solver, problem_of(problem.A, both, precision), device)
    assert outcome.status is Status.SOLVED, outcome.message
    assert outcome.x is not None
    for k in range(2):
        one = attempt(usable, solver, problem_of(problem.A, both[:, k], precision), device)
        assert one.x is not None
        np.testing.assert_allclose(outcome.x[:, k], one.x, rtol=100 * float(np.finfo(precision).eps))


@pytest.mark.gpu
@solvers(*catalog.LIBRARY)
def test_a_cutoff_is_where_the_contract_says(
    usable: Library, solver: Solver, precision: Precision, device: Device
) -> None:
    """σ = (1, s) with s a tenth above and below the cutoff: A is diagonal, so that no rounding moves s."""
    if solver.contract.cutoff is None:
        pytest.skip("no share of σ₁ is its rule")
    m, n = 12, 2
    for factor, kept in ((1.1, True), (0.9, False)):
        s = factor * solver.contract.cutoff(m, n, float(np.finfo(precision).eps))
        A = np.zeros((m, n))
        A[0, 0], A[1, 1] = 1, s
        outcome = attempt(usable, solver, problem_of(A, np.ones(m), precision), device)
        assert outcome.x is not None, outcome.message
        np.testing.assert_allclose(
            outcome.x, [1, 1 / s if kept else 0], rtol=1e-6 * loss(usable, solver, precision, device)
        )


# --- one library at a time -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("precision")
def test_lineax_chooses_the_solvers_that_the_summaries_name() -> None:
    present("lineax")
    import jax.numpy as jnp
    import lineax

    def chosen(well_posed: bool | None, m: int, n: int) -> type:
        operator = lineax.MatrixLinearOperator(jnp.ones((m, n)))
        return type(lineax.AutoLinearSolver(well_posed=well_posed).select_solver(operator))

    assert {chosen(False, m, n) for m, n in ((3, 2), (2, 2), (2, 3))} == {lineax.SVD}
    assert [chosen(None, m, n) for m, n in ((3, 2), (2, 2), (2, 3))] == [lineax.QR, lineax.LU, lineax.QR]


@pytest.mark.parametrize("algorithm", ["lsmr", "normal-cholesky"])
def test_lineax_where_it_says_that_it_failed_the_answer_is_not_a_number(
    algorithm: str, precision: Precision, device: Device
) -> None:
    library = present("lineax", device)
    solver = next(s for s in library.solvers if s.algorithm == algorithm)
    log10_cond = {"float64": 14.0, "float32": 6.5}[precision]  # as far as the precision sees, and further than they get
    problem = random_problem(30, 20, log10_cond, 0.0, seed=0, dtype=precision)
    x = attempt(library, solver, problem, device).x
    assert x is not None
    assert np.isnan(x).all()


def test_sklearn_cuts_singular_values_that_float64_sees_and_tol_helps(precision: Precision, device: Device) -> None:
    if device != "cpu" or precision != "float64":
        pytest.skip("shown in float64 on the CPU: float32 sees little below 1e-6")
    present("sklearn")
    problem = random_problem(30, 10, 7, 1e-12, seed=1)
    assert answer_of("sklearn", "linear-regression", problem) not in PASSING
    assert answer_of("sklearn", "linear-regression-eps", problem) in PASSING


def test_sklearn_without_a_penalty_falls_back_on_the_svd(precision: Precision, device: Device) -> None:
    """AᵀA is exactly singular, so that Cholesky fails; what is promised is full rank only, and this is more."""
    if device != "cpu":
        pytest.skip("scikit-learn runs on the CPU")
    library = present("sklearn")
    solver = next(s for s in library.solvers if s.algorithm == "ridge-cholesky")
    outcome, _ = judged(library, solver, problem_of([[1, 0], [2, 0], [3, 0]], [1, 2, 3], precision), device)
    assert outcome.x is not None
    np.testing.assert_allclose(outcome.x, [1, 0], rtol=10 * float(np.finfo(precision).eps))


def test_cupy_is_called_as_numpy_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NumPy and SciPy in its place, for CuPy has their interface: what we call of it is called rightly."""
    monkeypatch.setitem(sys.modules, "cupy", np)
    for name, module in (("cupyx", scipy), ("cupyx.scipy", scipy), ("cupyx.scipy.linalg", scipy.linalg)):
        monkeypatch.setitem(sys.modules, name, module)
    problem = random_problem(12, 4, 0.5, 0.3, seed=5)
    for solver in catalog.LIBRARY["cupy"].solvers:
        for b in (problem.b, np.column_stack([problem.b, problem.b[::-1]])):
            x, rank = solver.solve(problem.A, b)
            np.testing.assert_allclose(x, np.linalg.lstsq(problem.A, b)[0], rtol=1e-12)
            assert rank in (None, 4)


def test_cupy_is_listed_and_not_measured_without_a_gpu() -> None:
    assert {v.device for v in catalog.variants() if v.library == "cupy"} == {"gpu"}
    assert catalog.absent(catalog.LIBRARY["cupy"], "gpu") is not None or catalog.is_installed("cupy")


@pytest.mark.gpu
def test_torch_puts_gets_and_says_where_it_is(precision: Precision, device: Device) -> None:
    library = present("torch", device)
    given = np.arange(6, dtype=precision).reshape(2, 3)
    tensor = library.put(given, device)
    assert tensor.device.type == {"cpu": "cpu", "gpu": "cuda"}[device]
    assert library.wait(tensor) is tensor
    back = library.get(tensor)
    assert back.dtype == precision
    assert (back == given).all()
    tensor[0, 0] = 7
    assert given[0, 0] == 0, "a copy of its own"
    assert (library.device_name(device) == "cpu") == (device == "cpu")


def test_torch_has_only_gels_among_the_drivers_on_a_gpu() -> None:
    listed = {
        d: {v.algorithm for v in catalog.variants() if v.library == "torch" and v.device == d} for d in ("cpu", "gpu")
    }
    assert listed["cpu"] - listed["gpu"] == {"gelsy", "gelsd", "gelss"}
    assert "gels" in listed["gpu"] < listed["cpu"]


def test_torch_runs_on_one_thread() -> None:
    present("torch")
    code = "import torch; print(torch.get_num_threads())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | THREADS
    )
    assert done.stdout.strip() == "1"


CHANGES: tuple[Callable[[Any], object], ...] = (
    lambda torch: torch.set_default_dtype(torch.float64),
    lambda torch: torch.set_default_device("meta"),
    lambda torch: torch.set_num_threads(torch.get_num_threads() + 1),
    lambda torch: torch.use_deterministic_algorithms(True),
    lambda torch: torch.set_float32_matmul_precision("medium"),
    lambda torch: torch.set_grad_enabled(False),
)


def test_torch_settings_that_a_solver_changes_are_seen() -> None:
    present("torch")
    code = (
        "import torch\n"
        "from lamm_robust.solvers.torch_ import TORCH\n"
        "from lamm_robust.workers.child import changed_settings\n"
        "from tests.solvers.test_third_party import CHANGES\n"
        "for change in CHANGES:\n"
        "    before = TORCH.state()\n"
        "    print(len(changed_settings(before, TORCH.state())), end=' ')\n"
        "    change(torch)\n"
        "    print(len(changed_settings(before, TORCH.state())))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.splitlines() == ["0 1"] * len(CHANGES)


def test_what_is_not_reliable_is_there() -> None:
    assert set(NOT_RELIABLE) <= {f"{v.library}-{v.algorithm}" for v in catalog.variants()}
