"""What is said of the code, the machine and the packages behind a number."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from lamm_robust import provenance


@pytest.mark.parametrize("package", provenance.EXTRAS)
def test_versions_are_recorded_where_there_is_one(package: str) -> None:
    found = provenance.environment()["versions"]
    try:
        version: str | None = metadata.version(package)
    except metadata.PackageNotFoundError:
        version = None
    assert found.get(package) == version
    assert (package in found) == (version is not None)


def test_packages_that_must_be_there_and_are_not_are_called_absent() -> None:
    found = provenance.versions(("numpy", "no-such-package"))
    assert found == {"python": found["python"], "numpy": metadata.version("numpy"), "no-such-package": "absent"}


def test_everything_about_a_process_is_plain() -> None:
    found = provenance.environment()
    assert json.loads(json.dumps(found)) == found
    assert found["cores"] >= 1
    assert found["processor"]


def test_flags_are_what_can_change_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "JAX_ENABLE_X64", "CUDA_VISIBLE_DEVICES", "NVIDIA_API_KEY"):
        monkeypatch.setenv(name, "1")
    assert {"OMP_NUM_THREADS": "1", "JAX_ENABLE_X64": "1"}.items() <= provenance.flags().items()
    assert not {"CUDA_VISIBLE_DEVICES", "NVIDIA_API_KEY"} & set(provenance.flags())


def test_the_digest_of_the_code_sees_every_edit_and_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    linked = tmp_path / "beside"
    for place in (tmp_path / "package", linked):
        place.mkdir()
        (place / "a.py").write_text("1")
    package = tmp_path / "package"
    (package / "linked").symlink_to(linked)
    monkeypatch.setattr(provenance, "PACKAGE", package)
    seen = [provenance.code_digest()]
    (package / "notes.txt").write_text("no code")
    assert provenance.code_digest() == seen[0]
    (linked / "a.py").write_text("2")
    seen.append(provenance.code_digest())
    (package / "a.py").rename(package / "b.py")
    seen.append(provenance.code_digest())
    (package / "data.toml").write_text("x = 1")
    seen.append(provenance.code_digest())
    assert len(set(seen)) == 4
    assert provenance.code_digest("b.py") != provenance.code_digest("linked")


def test_outside_a_checkout_the_commit_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path / "package")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert provenance.commit() == "unknown"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_an_edited_checkout_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    for folder in ("lamm_robust", "generators", "oracles"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.py").write_text("1")
    git("init")
    git("add", "--all")
    git("commit", "--message", "all")
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path / "lamm_robust")
    clean = provenance.commit()
    assert len(clean) == 40
    (tmp_path / "oracles" / "a.py").write_text("2")
    assert provenance.commit() == f"{clean}+changes"
