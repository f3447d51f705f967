"""Who may import whom, and that the rooms are ours: the shape of the project, held by its syntax trees."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

from lamm_robust import catalog
from tests.support.house import (
    FLOORS,
    MODULES,
    PAGE,
    ROOMS,
    ROOT,
    beyond,
    drawing,
    files,
    floors,
    imports,
    module_of,
    page_with,
    room_of,
)


@pytest.mark.parametrize("path", files(), ids=module_of)
def test_a_room_imports_only_what_its_row_allows(path: Path) -> None:
    assert beyond(module_of(path), path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("module", "planted", "seen"),
    [
        ("values", "from lamm_robust import catalog", "catalog"),
        ("generators.raw", "from lamm_robust import oracles", "oracles"),
        ("oracles.auto", "from lamm_robust.scoring.verdicts import limits", "scoring.verdicts"),
        ("solvers.jax_", "import lamm_robust.generators.parts.stream", "generators.parts.stream"),
        ("scoring.metrics", "from lamm_robust.storage import journal", "storage.journal"),
        ("storage.journal", "from lamm_robust import catalog as known", "catalog"),
        ("catalog", "def later():\n    from lamm_robust.runs import sweep", "runs.sweep"),
        ("workers.supervisor", "if TYPE_CHECKING:\n    from lamm_robust.scoring import verdicts", "scoring.verdicts"),
        ("reports.summary", "from lamm_robust.runs import plan, replay", "runs.replay"),
        ("runs.replay", "from lamm_robust.check.judgement import Terms", "check.judgement"),
        ("hunt.hunt", "from lamm_robust.check import judgement", "check.judgement"),
        ("lamm.mesh", "from lamm_robust.claims import page", "claims.page"),
        ("strategies", "import lamm_robust.cli.main", "cli.main"),
        ("testing", "from lamm_robust import solve", ""),
        ("storage.journal", "importlib.import_module('lamm_robust.catalog')", "catalog"),
    ],
)
def test_a_planted_import_of_a_higher_or_a_sibling_room_is_seen(module: str, planted: str, seen: str) -> None:
    assert f"lamm_robust.{module}" in MODULES
    assert f"lamm_robust.{seen}".removesuffix(".") in beyond(f"lamm_robust.{module}", planted)


@pytest.mark.parametrize(
    "planted", ["from generators.raw import FAMILY", "import oracles", "from tests.support import foils"]
)
def test_what_only_a_checkout_has_is_refused(planted: str) -> None:
    assert beyond("lamm_robust.catalog", planted)


@pytest.mark.parametrize("room", sorted(set(ROOMS) - {"doors"}))
def test_every_room_that_is_not_in_the_row_is_refused(room: str) -> None:
    module = next(name for name in sorted(MODULES) if room_of(name) == room)
    for other in sorted(MODULES):
        allowed = room_of(other) in {"ground", room, *ROOMS[room]}
        assert beyond(module, f"import {other}") == (set() if allowed else {other})


def test_a_file_that_is_in_no_room_is_refused() -> None:
    with pytest.raises(KeyError):
        room_of("lamm_robust.attic.box")


def test_no_room_and_no_file_is_in_a_circle() -> None:
    graph = {module_of(path): imports(path.read_text(encoding="utf-8")) - {module_of(path)} for path in files()}
    rooms = {name for name in graph if any(other.startswith(f"{name}.") for other in graph)}
    for name in graph.keys() - rooms:  # the __init__ of a room may join its files, which import it with their names
        graph[name] -= rooms
    list(graphlib.TopologicalSorter(graph).static_order())


def test_the_house_has_so_many_floors_and_no_more() -> None:
    assert max(floors().values()) == FLOORS


def test_a_worker_knows_no_truth() -> None:
    code = (
        "import sys, lamm_robust.workers.child\n"
        "rooms = {f'lamm_robust.{name}' for name in ('catalog', 'scoring', 'generators', 'oracles')}\n"
        "print(sorted((rooms | {'flint', 'jax'}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_the_loop_knows_no_solver_by_name() -> None:
    loop = ("runs/sweep", "scoring/truths", "scoring/records")
    text = "\n".join((ROOT / f"lamm_robust/{name}.py").read_text(encoding="utf-8") for name in loop)
    names = {solver.algorithm for library in catalog.LIBRARY.values() for solver in library.solvers} | set(
        catalog.FAMILIES
    )
    literals = {n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    assert not names & literals


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["lamm", "--help"],
        *(["list", what] for what in ("solvers", "families", "metrics", "oracles", "profiles")),
    ],
)
def test_help_and_lists_import_no_large_library(arguments: list[str]) -> None:
    code = (
        "import sys; sys.argv = ['lamm-robust', *sys.argv[1:]]\n"
        "from lamm_robust.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "slow = {'jax', 'scipy', 'jaxlib', 'lineax', 'sklearn', 'statsmodels', 'torch', 'flint', 'mpmath'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_drawing_is_that_of_the_code() -> None:
    assert page_with(drawing()) == PAGE.read_text(encoding="utf-8"), "run python -m tests.support.house --write"
