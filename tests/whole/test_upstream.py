"""Reports that are ready to be filed: each has all that a maintainer asks for, and its script fails, as it says."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PLACE = Path(__file__).parents[2] / "results/upstream"
REPORTS = sorted(path for path in PLACE.glob("*.md") if path.name != "README.md")
SHORT = (
    "numpy-lstsq-rank-of-a-projection",
    "numpy-lstsq-unix-times",
    "scipy-lstsq-default-cond",
    "scipy-lsmr-overwrites-b",
)
"""Those that take no second: the others import JAX, PyTorch or scikit-learn, or wait."""

every_report = pytest.mark.parametrize("report", REPORTS, ids=lambda path: path.stem)


def script(report: Path) -> str:
    (found,) = re.findall(r"^```python\n(.*?)^```", report.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return str(found)


@every_report
def test_a_report_says_what_came_and_what_is_right_and_how_it_is_known(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    parts = re.findall(r"^\*\*([^*]+)\*\*: \S", text, re.MULTILINE)
    assert parts == ["With", "What came", "What is right, and how it is known", "The tracker"]
    assert text.startswith("# ")
    assert len(script(report).splitlines()) <= 20
    assert "lamm_robust" not in script(report)


def test_each_is_in_the_table() -> None:
    table = (PLACE / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[.*\]\((\S+)\.md\) \|", table, re.MULTILINE)
    assert sorted(listed) == [path.stem for path in REPORTS]
    assert len(listed) == 10


@pytest.mark.parametrize(
    "report",
    [pytest.param(path, marks=[] if path.stem in SHORT else [pytest.mark.slow], id=path.stem) for path in REPORTS],
)
def test_a_script_fails_where_the_library_is_wrong(report: Path, tmp_path: Path) -> None:
    """One that does not fail any more says that its library was mended: then the report goes."""
    library = report.stem.partition("-")[0]
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    file = tmp_path / "script.py"
    file.write_text(script(report), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-I", str(file)], capture_output=True, text=True, env=environment, timeout=300
    )
    assert done.returncode == 1
    assert "AssertionError" in done.stderr, done.stderr
