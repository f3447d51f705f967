"""The precision and device under test: one per pytest process, because JAX fixes them when it is imported."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path
from typing import cast

import pytest
from hypothesis import settings

from lamm_robust.values import DEVICES, PRECISIONS, Device, Precision
from lamm_robust.workers.process import THREADS

settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--precision", choices=PRECISIONS, default="float64", help="working precision under test")
    parser.addoption("--device", choices=DEVICES, default="cpu", help="device under test")
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too, at their full size")


def pytest_configure(config: pytest.Config) -> None:
    from lamm_robust import catalog

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


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Benchmarks take minutes and prove nothing: they are collected when asked for, and then alone."""
    if collection_path.is_dir() or not collection_path.name.startswith("test_"):
        return None
    is_benchmark = collection_path.name.startswith("test_benchmarks")
    return True if is_benchmark != bool(config.getoption("benchmark_only")) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="takes minutes; run it with --slow"))


def chosen(config: pytest.Config) -> tuple[Precision, Device]:
    return cast(Precision, config.getoption("--precision")), cast(Device, config.getoption("--device"))


@pytest.fixture(scope="session")
def precision(pytestconfig: pytest.Config) -> Precision:
    return chosen(pytestconfig)[0]


@pytest.fixture(scope="session")
def device(pytestconfig: pytest.Config) -> Device:
    return chosen(pytestconfig)[1]
