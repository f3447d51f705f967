"""What is said of a machine whose GPU a library cannot use."""

from __future__ import annotations

import importlib.util
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from lamm_robust.solvers import gpus
from lamm_robust.solvers.gpus import missing_gpu


def machine(root: Path, *nodes: str) -> Path:
    for node in nodes:
        (root / node).parent.mkdir(parents=True, exist_ok=True)
        (root / node).touch()
    return root


def installed(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name in modules else None)


@pytest.mark.parametrize(
    ("node", "system", "vendor"),
    [
        ("dev/kfd", "linux", "an AMD GPU (ROCm)"),
        ("dev/accel0", "linux", "a TPU"),
        ("dev/vfio/0", "linux", "a TPU, or"),
        ("dev/null", "darwin", "Apple's (Metal)"),
    ],
)
def test_another_vendor_is_named_and_a_solver_of_the_users_may_go_there(
    tmp_path: Path, node: str, system: str, vendor: str
) -> None:
    machine(tmp_path, node)
    for module in gpus.OURS:
        found = missing_gpu(module, tmp_path, system)
        assert found is not None
        assert found.why.startswith(f"no NVIDIA GPU, but {vendor}")
        assert "lamm-robust check MODULE:FUNCTION --device gpu" in found.why
        assert not found.installable
    assert missing_gpu("numpy", tmp_path, system) is None


@pytest.mark.parametrize("module", [*gpus.OURS, "numpy"])
def test_where_there_is_none_that_is_all_that_is_said(tmp_path: Path, module: str) -> None:
    found = missing_gpu(module, tmp_path, "linux")
    assert found is not None
    assert found.why == "no GPU found"


@pytest.mark.parametrize("node", gpus.NVIDIA)
@pytest.mark.parametrize("module", ["jax", "lineax"])
def test_jax_needs_a_plugin_for_an_nvidia_gpu(
    tmp_path: Path, node: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(tmp_path, node)
    installed(monkeypatch)
    found = missing_gpu(module, tmp_path, "linux")
    assert found is not None
    assert found.installable
    assert "lamm-robust[cuda12]" in found.why
    installed(monkeypatch, "jax_cuda13_plugin")
    assert missing_gpu(module, tmp_path, "linux") is None


def test_a_jetson_is_not_told_to_install_packages_that_there_are_none_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch)
    found = missing_gpu("jax", machine(tmp_path, gpus.JETSON), "linux")
    assert found is not None
    assert "Jetson" in found.why
    assert not found.installable


@pytest.mark.parametrize(("version", "works"), [("2.13.0+cpu", False), ("2.13.0", True), ("2.13.0+cu128", True)])
def test_torch_may_be_without_cuda(tmp_path: Path, version: str, works: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {"torch": version}
    monkeypatch.setattr(metadata, "version", names.__getitem__)
    found = missing_gpu("torch", machine(tmp_path, "dev/nvidia0"), "linux")
    assert (found is None) == works
