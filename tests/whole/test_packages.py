"""Every way to install the package, tried without a network in an environment of its own, from an empty folder.

Dependencies are those of the environment that runs the tests: the last place where the new one looks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGED = ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "lamm_robust", "generators", "oracles")
"""All that a build reads."""

HERE = sysconfig.get_path("purelib")
ALONE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"PYTHONDONTWRITEBYTECODE": "1"}
PIP = (
    *("install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--no-cache-dir", "--no-compile"),
    "--ignore-installed",  # the environment that runs the tests has this very version, and is on the path
)

for module in ("pip", "hatchling"):
    pytest.importorskip(module, reason=f"{module} is not installed: it comes with the extra 'test'")


def run(*command: object, cwd: Path, **variables: str) -> str:
    """What a command prints; whatever it says where it fails."""
    done = subprocess.run([*map(str, command)], cwd=cwd, env=ALONE | variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is packaged, links as links, so that nobody builds in the folder of another."""
    place = tmp_path_factory.mktemp("packages") / "checkout"
    place.mkdir()
    for name in PACKAGED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, place)
    assert (place / "lamm_robust" / "generators").is_symlink()
    return place


@pytest.fixture(scope="module")
def built(checkout: Path) -> dict[str, Path]:
    """The wheel and the source distribution of the checkout."""
    place = checkout.parent / "built"
    run(sys.executable, "-m", "hatchling", "build", "-d", place, cwd=checkout)
    (wheel,), (source,) = place.glob("*.whl"), place.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": source}


def repository(checkout: Path) -> str:
    """The address of a repository whose only commit is the checkout."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    place = checkout.parent / "repository"
    shutil.copytree(checkout, place, symlinks=True)
    who = ("-c", "user.name=test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false")
    for command in (["init"], ["add", "--all"], [*who, "commit", "--message", "all"]):
        run("git", *command, cwd=place)
    return f"git+{place.as_uri()}"


@pytest.mark.parametrize("way", ["wheel", "sdist", "folder", "editable", "git"])
def test_it_is_installed_and_found_from_an_empty_folder(
    way: str, checkout: Path, built: dict[str, Path], tmp_path: Path
) -> None:
    environment, empty = tmp_path / "environment", tmp_path / "empty"
    empty.mkdir()
    what: tuple[object, ...] = {
        **{name: (path,) for name, path in built.items()},
        "folder": (checkout,),
        "editable": ("--editable", checkout),
    }.get(way) or (repository(checkout),)
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=empty)
    python, bare = environment / "bin" / "python", content(environment)
    run(sys.executable, "-m", "pip", "--python", python, *PIP, *what, cwd=empty, PYTHONPATH=HERE)
    landed = {name for name in content(environment) - bare if not name.endswith(".dist-info")}
    assert landed == ({"_lamm_robust.pth"} if way == "editable" else {"lamm_robust"})

    (site_packages(environment) / "zz_dependencies.pth").write_text(HERE)
    others = tmp_path / "others"
    for name in ("generators", "oracles"):  # packages of other people, which come first on the path
        (others / name).mkdir(parents=True)
        (others / name / "__init__.py").write_text("raise ImportError('another package of this name')")
    program = (
        "import lamm_robust.generators as g, lamm_robust.oracles as o, lamm_robust as l\n"
        "from importlib.metadata import distribution\n"
        "(plugin,) = distribution('lamm-robust').entry_points.select(group='pytest11')\n"
        "print(l.__file__, len(g.FAMILIES), o.AUTO.name, plugin.load().MARKER)"
    )
    file, families, oracle, marker = run(python, "-c", program, cwd=empty, PYTHONPATH=str(others)).split()
    assert Path(file).is_relative_to(checkout if way == "editable" else environment)
    assert (int(families) > 10, oracle, marker) == (True, "auto", "lamm_robust")
    assert "Usage: lamm-robust" in run(environment / "bin" / "lamm-robust", "--help", cwd=empty)


def site_packages(environment: Path) -> Path:
    (found,) = environment.glob("lib/python*/site-packages")
    return found


def content(environment: Path) -> set[str]:
    return {path.name for path in site_packages(environment).iterdir()}


def test_the_source_distribution_holds_both_folders_and_no_links(checkout: Path, built: dict[str, Path]) -> None:
    with tarfile.open(built["sdist"]) as archive:
        members = archive.getmembers()
    assert all(member.isfile() for member in members)
    names = {member.name.partition("/")[2] for member in members}
    assert names - {"PKG-INFO"} == files(checkout)


def test_the_wheel_holds_every_file_once_and_below_one_name(checkout: Path, built: dict[str, Path]) -> None:
    with zipfile.ZipFile(built["wheel"]) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    assert len(set(names)) == len(names)
    ours = {name for name in files(checkout) if "/" in name}
    assert set(names) == {name if name.startswith("lamm_robust/") else f"lamm_robust/{name}" for name in ours}


def files(checkout: Path) -> set[str]:
    """What lies in a checkout, once: `rglob` does not follow links."""
    return {str(path.relative_to(checkout)) for path in checkout.rglob("*") if path.is_file()}
