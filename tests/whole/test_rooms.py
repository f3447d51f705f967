"""Who may import whom, and that the rooms are ours: the shape of the project, held by its syntax trees."""

from __future__ import annotations

import ast
import graphlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lamm_robust import catalog

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "lamm_robust"

GROUND = ("values", "error_free", "provenance", "text")
"""Words, arithmetic, where numbers come from: files at the top of the package, which everyone may import."""

DOORS = ("__init__", "__main__")
"""What users import or start, besides `strategies` and `testing`."""

# room: the rooms that its files may import, besides the ground and their own
ROOMS: dict[str, set[str]] = {
    "ground": set(),
    "generators": set(),
    "oracles": set(),
    "solvers": set(),
    "scoring": set(),
    "storage": set(),
    "catalog": {"generators", "oracles", "solvers", "scoring", "storage"},
    "workers": {"solvers", "storage"},
    "reports": {"scoring", "storage"},
    "runs": {"catalog", "scoring", "workers", "storage", "reports"},
    "lamm": {"catalog", "scoring", "workers", "storage", "reports"},
    "check": {"catalog", "scoring", "workers", "storage", "reports", "runs"},
    "hunt": {"catalog", "scoring", "workers", "storage", "reports", "runs"},
    "claims": {"catalog", "scoring", "workers", "storage", "reports", "lamm"},
    "strategies": {"catalog", "scoring"},
    "cli": {"catalog", "scoring", "storage", "reports", "runs", "lamm", "check", "hunt", "claims"},
    "testing": {"catalog", "scoring", "workers", "reports", "check", "strategies"},
    "doors": {"solvers", "cli"},
}

FLOORS = 6
"""From the ground to the command line; the doors are outside."""


def files() -> list[Path]:
    """Every file of the package; `generators` and `oracles` are links in a checkout."""
    found = (Path(folder, name) for folder, _, names in os.walk(PACKAGE, followlinks=True) for name in names)
    return sorted(path for path in found if path.suffix == ".py")


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path) for path in files()}


def room_of(module: str) -> str:
    """The room of a module of ours; KeyError if it is in none."""
    name = module.partition(".")[2].partition(".")[0] or "__init__"
    return {**dict.fromkeys(GROUND, "ground"), **dict.fromkeys(DOORS, "doors")}.get(name) or {r: r for r in ROOMS}[name]


def imports(source: str) -> set[str]:
    """The modules of ours that a file imports, wherever in the file: `from package import module` is the module."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "no relative imports: the name of a module says its room"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else str(node.module) for name in names}
    return {name for name in found if name.partition(".")[0] == "lamm_robust"}


def beyond(module: str, source: str) -> set[str]:
    """What a file imports though its room may not."""
    room = room_of(module)
    allowed = ROOMS[room] | {"ground", room}
    return {name for name in imports(source) if room_of(name) not in allowed}


@pytest.mark.parametrize("path", files(), ids=module_of)
def test_a_room_imports_only_what_its_row_allows(path: Path) -> None:
    assert beyond(module_of(path), path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("module", "planted"),
    [
        ("lamm_robust.values", "from lamm_robust import catalog"),
        ("lamm_robust.generators.raw", "from lamm_robust import oracles"),
        ("lamm_robust.oracles.auto", "from lamm_robust.scoring.verdicts import limits"),
        ("lamm_robust.solvers.jax_", "import lamm_robust.generators.parts.stream"),
        ("lamm_robust.scoring.metrics", "from lamm_robust import journal"),
        ("lamm_robust.storage.journal", "from lamm_robust import catalog"),
        ("lamm_robust.catalog", "def later():\n    from lamm_robust.runs import sweep"),
        ("lamm_robust.workers.supervisor", "from lamm_robust import verdicts"),
        ("lamm_robust.reports.summary", "from lamm_robust import replay"),
        ("lamm_robust.runs.replay", "from lamm_robust.check.judgement import Terms"),
        ("lamm_robust.hunt.hunt", "from lamm_robust.check.judgement import Terms"),
        ("lamm_robust.lamm.mesh", "from lamm_robust.claims import page"),
        ("lamm_robust.strategies", "from lamm_robust.cli.main import main"),
    ],
)
def test_a_planted_import_of_a_higher_or_a_sibling_room_is_seen(module: str, planted: str) -> None:
    assert module in MODULES
    assert beyond(module, planted)


def test_no_room_and_no_file_is_in_a_circle() -> None:
    graph = {module_of(path): imports(path.read_text(encoding="utf-8")) - {module_of(path)} for path in files()}
    packages = {name for name in graph if any(other.startswith(f"{name}.") for other in graph)}
    for (
        name,
        known,
    ) in graph.items():  # a package's own __init__ joins its files; that it is imported with them is no circle
        graph[name] = known - packages if name not in packages else known
    list(graphlib.TopologicalSorter(graph).static_order())
    assert max(floors().values()) <= FLOORS


def floors() -> dict[str, int]:
    """Room → one more than the highest that it may import; CycleError if they go in circles."""
    found: dict[str, int] = {}
    rooms = {room: known for room, known in ROOMS.items() if room != "doors"}
    for room in graphlib.TopologicalSorter(rooms).static_order():
        below = {"ground"} | ROOMS[room] if room != "ground" else set()
        found[room] = 1 + max((found[other] for other in below), default=0)
    return found


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
def test_help_and_lists_import_neither_jax_nor_scipy(arguments: list[str]) -> None:
    code = (
        "import sys; sys.argv = ['lamm-robust', *sys.argv[1:]]\n"
        "from lamm_robust.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print(sorted({'jax', 'scipy', 'jaxlib', 'lineax', 'sklearn', 'statsmodels', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
