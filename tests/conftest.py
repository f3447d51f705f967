"""The precision and device under test: one per pytest process, because JAX fixes them when it is imported.

A test uses them by the fixtures `precision` and `device`. What uses neither gives the same answer in every process, and
runs once: ``pytest`` runs everything in float64, ``pytest --precision P`` what uses them, ``pytest --once`` the rest.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, settings

from lamm_robust.values import COMPLEX, DEVICES, EMULATED, EVERY_PRECISION, Device, Precision
from lamm_robust.workers.process import THREADS

# nothing here is timed: a machine that does other things, too, is no fault
settings.register_profile("reproducible", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("reproducible")

UNDER_TEST = frozenset({"precision", "device"})
LEFT_OUT = pytest.StashKey[int]()
"""How many of the tests that were asked for were left out."""

OLD_KERNELS = "--xla_cpu_use_fusion_emitters=false"
"""Lets XLA make kernels for the CPU as it did until 2025, by LLVM alone: MLIR takes more than half of compilation."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--precision", choices=EVERY_PRECISION, help="run what uses the precision or the device, in this one"
    )
    places = (*DEVICES, *EMULATED)
    parser.addoption("--device", choices=places, help="run what uses the precision or the device, on this one")
    parser.addoption("--once", action="store_true", help="run what uses neither the precision nor the device")
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too, at their full size")


def pytest_configure(config: pytest.Config) -> None:
    from lamm_robust import catalog

    if config.getoption("--once") and (config.getoption("--precision") or config.getoption("--device")):
        raise pytest.UsageError("--once is for what uses neither: leave out --precision and --device")
    precision, device = chosen(config)
    library = catalog.LIBRARY["jax"]
    if reason := catalog.absent(library, device):
        pytest.exit(f"--device {device}: {reason}", returncode=4)
    place = tempfile.TemporaryDirectory(prefix="lamm-robust-tests-")  # not the cache of whoever runs the tests
    config.add_cleanup(place.cleanup)
    os.environ["LAMM_ROBUST_CACHE"] = place.name
    # a shell starts its background jobs with Ctrl-C ignored, and what we start would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(THREADS | dict(library.environment(precision, device)))
    if os.environ.get("JAX_DISABLE_MOST_OPTIMIZATIONS"):
        compile_sooner()
    library.begin(device)


def compile_sooner() -> None:
    """Set the flag `OLD_KERNELS`, if this XLA knows it: at one that it does not know it ends the process."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} {OLD_KERNELS}".strip()
    command = [sys.executable, "-c", "import jax; jax.devices()"]
    if subprocess.run(command, env=os.environ | {"XLA_FLAGS": flags}, capture_output=True).returncode == 0:
        os.environ["XLA_FLAGS"] = flags


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Benchmarks take minutes and prove nothing: they are collected when asked for, and then alone."""
    if collection_path.is_dir() or not collection_path.name.startswith("test_"):
        return None
    is_benchmark = collection_path.name.startswith("test_benchmarks")
    return True if is_benchmark != bool(config.getoption("benchmark_only")) else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if is_partial(config):
        leave_out(config, items)
    else:
        items[:] = [item for item in items if "complex" not in item.keywords]
    if not config.getoption("--slow"):
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="takes minutes; run it with --slow"))


def is_partial(config: pytest.Config) -> bool:
    """Whether one of the two parts was asked for, and not everything."""
    return any(config.getoption(name) for name in ("--once", "--precision", "--device"))


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what uses the precision or the device, or with --once the rest; of a complex precision what is marked so."""
    parts: dict[bool, list[pytest.Item]] = {True: [], False: []}
    is_complex = chosen(config)[0] in COMPLEX
    for item in items:
        uses = not UNDER_TEST.isdisjoint(getattr(item, "fixturenames", ()))
        fits = is_complex == ("complex" in item.keywords) or not uses
        parts[fits and uses != config.getoption("--once")].append(item)
    items[:], out = parts[True], parts[False]
    config.hook.pytest_deselected(items=out)
    config.stash[LEFT_OUT] = len(out)


def pytest_report_collectionfinish(config: pytest.Config) -> str:
    if not (count := config.stash.get(LEFT_OUT, 0)):
        return ""
    if config.getoption("--once"):
        return f"{count} tests left out: they use the precision or the device, and run with --precision P"
    return f"{count} tests left out: they use neither the precision nor the device, and run with --once"


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where all that was asked for belongs to the other part, that is no failure."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.stash.get(LEFT_OUT, 0):
        session.exitstatus = pytest.ExitCode.OK


def chosen(config: pytest.Config) -> tuple[Precision, Device]:
    asked = config.getoption("--precision") or "float64", config.getoption("--device") or "cpu"
    return cast(Precision, asked[0]), cast(Device, asked[1])


@pytest.fixture(scope="session")
def precision(pytestconfig: pytest.Config) -> Precision:
    return chosen(pytestconfig)[0]


@pytest.fixture
def in_float64_only(precision: Precision) -> None:
    """For tests that take seconds and run the same code in both precisions."""
    if precision == "float32":
        pytest.skip("as in float64")


@pytest.fixture
def on_cpus_in_float64_only(precision: Precision, device: Device) -> None:
    """For tests that compile for seconds and run the same code in both precisions, but other kernels on a GPU."""
    if (precision, device) == ("float32", "cpu"):
        pytest.skip("as in float64")


@pytest.fixture(scope="session")
def device(pytestconfig: pytest.Config) -> Device:
    return chosen(pytestconfig)[1]


@pytest.fixture(autouse=True, scope="module")
def compiled() -> Iterator[None]:
    """What JAX compiled for the tests of a file goes with them: kept to the end, it is four gigabytes."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
