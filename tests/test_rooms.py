"""Who may import whom, and that the rooms are ours: the shape of the project, held by its syntax trees."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from lamm_robust import catalog

ROOT = Path(__file__).parents[1]

# room → what of ours it may import besides itself; only the catalog may join the rooms, and a worker knows solvers only
ALLOWED: dict[str, set[str]] = {
    "lamm_robust/values.py": set(),
    "generators": {"lamm_robust.values"},
    "oracles": {"lamm_robust.values", "lamm_robust.accurate"},
    "lamm_robust/solvers": {"lamm_robust.values"},
    "lamm_robust/accurate.py": set(),
    **{  # the optimiser knows neither families nor solvers; whoever runs it finds solvers and truth in the catalog
        f"lamm_robust/lamm/{name}.py": {f"lamm_robust.{known}" for known in ("values", *(f"lamm.{m}" for m in modules))}
        for name, modules in {
            "mesh": (),
            "layer": ("mesh",),
            "step": ("mesh",),
            "result": (),
            "rule": ("result",),
            "options": ("step", "rule"),
            "original": ("mesh", "options", "result", "rule", "step"),
            "compiled": ("mesh", "options", "result", "rule", "step"),
            "records": (),
            "digest": ("records", "result"),
            "plot": ("digest", "records", "rule"),
        }.items()
    },
    "lamm_robust/lamm": {"lamm_robust"}
    | {
        f"lamm_robust.{name}"
        for name in ("catalog", "environment", "evidence", "files", "metrics", "process", "tables", "values", "worker")
    },
    "lamm_robust/evidence.py": {"lamm_robust.values", "lamm_robust.accurate"},
    "lamm_robust/metrics.py": {"lamm_robust.values", "lamm_robust.accurate", "lamm_robust.evidence"},
    "lamm_robust/truncation.py": {"lamm_robust.values", "lamm_robust.evidence"},
    "lamm_robust/verdicts.py": {"lamm_robust.values"},
    "lamm_robust/undefined.py": {"lamm_robust.values", "lamm_robust.verdicts"},
    "lamm_robust/edges.py": {"lamm_robust.values"},
    "lamm_robust/attempt.py": {"lamm_robust.values"},
    "lamm_robust/packing.py": {"lamm_robust.values"},
    "lamm_robust/wire.py": {"lamm_robust.values", "lamm_robust.packing"},
    "lamm_robust/cache.py": {"lamm_robust.values"},
    "lamm_robust/pool.py": {"lamm_robust.values"},
    "lamm_robust/certified.py": {
        f"lamm_robust.{name}" for name in ("values", "edges", "evidence", "truncation", "undefined", "verdicts")
    },
    "lamm_robust/scoring.py": {
        f"lamm_robust.{name}" for name in ("values", "certified", "metrics", "undefined", "verdicts")
    },
    "lamm_robust/run.py": {f"lamm_robust.{name}" for name in ("values", "certified", "scoring", "verdicts", "pool")},
    "lamm_robust/files.py": {"lamm_robust.values"},
    "lamm_robust/journal.py": {"lamm_robust", "lamm_robust.values", "lamm_robust.files"},
    "lamm_robust/store.py": {"lamm_robust.values", "lamm_robust.files"},
    "lamm_robust/grading.py": {"lamm_robust.values"},
    "lamm_robust/summary.py": {"lamm_robust.values", "lamm_robust.grading"},
    "lamm_robust/tables.py": {"lamm_robust.values", "lamm_robust.summary"},
    "lamm_robust/claims": {
        "lamm_robust",
        *(f"lamm_robust.{name}" for name in ("values", "catalog", "cache", "process", "pool", "supervisor")),
        *(f"lamm_robust.{name}" for name in ("certified", "scoring")),
        *(f"lamm_robust.{name}" for name in ("environment", "files", "grading", "tables", "verdicts")),
        *(f"lamm_robust.lamm.{name}" for name in ("apply", "chosen", "mesh", "result")),
    },
    "lamm_robust/reasons.py": {
        f"lamm_robust.{name}"
        for name in ("values", "accurate", "certified", "evidence", "tables", "undefined", "verdicts")
    },
}
OURS = ("lamm_robust", "generators", "oracles")


def imports(path: Path) -> set[str]:
    """Modules of ours that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return {name for name in found if name.split(".")[0] in OURS}


def files(room: str) -> list[Path]:
    place = ROOT / room
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


@pytest.mark.parametrize("room", ALLOWED)
def test_rooms_import_no_sibling(room: str) -> None:
    own = room.removesuffix(".py").replace("/", ".")
    for path in files(room):
        beyond = {name for name in imports(path) if name != own and not name.startswith(f"{own}.")}
        assert beyond <= ALLOWED[room], f"{path.relative_to(ROOT)} imports {beyond - ALLOWED[room]}"


def test_only_the_catalog_joins_the_rooms() -> None:
    doors = {"generators", "oracles", "lamm_robust.solvers"}
    joined = {
        path.relative_to(ROOT).as_posix()
        for path in files("lamm_robust")
        if not path.is_relative_to(ROOT / "lamm_robust/solvers")
        and any(name == door or name.startswith(f"{door}.") for name in imports(path) for door in doors)
    }
    # the package itself opens one door to its users: `lamm_robust.solve`
    assert joined == {"lamm_robust/catalog.py", "lamm_robust/worker.py", "lamm_robust/__init__.py"}


def test_a_worker_knows_no_truth() -> None:
    code = (
        "import sys, lamm_robust.worker\n"
        "rooms = {name.partition('.')[0] for name in sys.modules} & {'oracles', 'generators', 'flint', 'jax'}\n"
        "judges = {f'lamm_robust.{name}' for name in ('catalog', 'verdicts', 'metrics')} & set(sys.modules)\n"
        "print(sorted(rooms | judges))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_the_loop_knows_no_solver_by_name() -> None:
    loop = ("run", "certified", "scoring")
    text = "\n".join((ROOT / f"lamm_robust/{name}.py").read_text(encoding="utf-8") for name in loop)
    names = {solver.algorithm for library in catalog.LIBRARY.values() for solver in library.solvers} | set(
        catalog.FAMILIES
    )
    literals = {n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    assert not names & literals


def test_a_room_from_another_tree_is_refused() -> None:
    stranger = ModuleType("oracles")
    stranger.__file__ = "/elsewhere/oracles/__init__.py"
    with pytest.raises(ImportError, match=r"'oracles' was imported from .*elsewhere.* got in the way"):
        catalog.same_tree(stranger)


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
        "from lamm_robust.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print(sorted({'jax', 'scipy', 'jaxlib', 'lineax', 'sklearn', 'statsmodels', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
