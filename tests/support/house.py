"""The house: which room each file is in, which rooms each room may import, and a drawing of what they do import.

``python -m tests.support.house`` prints the drawing, and with ``--write`` puts it into CONTRIBUTING.md.
"""

from __future__ import annotations

import ast
import graphlib
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "lamm_robust"
OURS = ("lamm_robust", "generators", "oracles", "tests", "run")

GROUND = (
    "values",
    "error_free",
    "row_sums",
    "embedding",
    "provenance",
    "variables",
    "text",
    "keys",
    "defaults",
    "terminal",
    "console",
)
"""Words, arithmetic, where numbers come from: files at the top of the package, which everyone may import."""

DOORS = ("__init__", "__main__", "pytest_plugin")
"""What users import or start, besides `strategies` and `testing`."""

SECOND = {"generators", "oracles", "solvers", "scoring", "storage"}
"""The rooms on the second floor, which know the ground and nothing else."""

# room: the rooms that its files may import, besides the ground and their own
ROOMS: dict[str, set[str]] = {
    "ground": set(),
    **{room: set() for room in SECOND},
    "catalog": SECOND,
    "workers": {"solvers", "storage"},
    "reports": {"scoring", "storage"},
    "runs": {"catalog", "oracles", "solvers", "scoring", "workers", "storage", "reports"},
    "lamm": {"catalog", "solvers", "scoring", "workers", "storage"},
    "check": {"catalog", "solvers", "scoring", "workers", "storage", "reports", "runs"},
    "advice": {"catalog", "solvers", "scoring", "workers", "storage", "reports", "runs"},
    "hunt": {"catalog", "solvers", "scoring", "workers", "storage", "reports", "runs"},
    "claims": {"catalog", "oracles", "scoring", "workers", "storage", "reports", "runs", "lamm"},
    "site": {"catalog", "generators", "reports", "runs", "storage"},
    "strategies": {"catalog", "scoring"},
    "cli": {*SECOND, "catalog", "reports", "runs", "lamm", "check", "hunt", "advice", "claims", "site", "workers"},
    "testing": {"catalog", "solvers", "workers", "check", "strategies"},
    "doors": {"solvers", "cli", "strategies", "testing"},
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
    """The modules of this repository that a file imports, wherever in it: `from package import module` is the module.

    A name that is handed to a function such as `import_module` counts, too.
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            found |= {str(node.args[0].value)} & MODULES
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "no relative imports: the name of a module says its room"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else str(node.module) for name in names}
    return {name for name in found if name.partition(".")[0] in OURS}


def beyond(module: str, source: str) -> set[str]:
    """What a file imports though its room may not."""
    room = room_of(module)
    allowed = ROOMS[room] | {"ground", room}
    found = imports(source)
    bare = {name for name in found if not name.startswith("lamm_robust")}  # which a wheel does not have
    return bare | {name for name in found - bare if room_of(name) not in allowed}


def floors() -> dict[str, int]:
    """Room → one more than the highest that it may import; CycleError if they go in circles."""
    found: dict[str, int] = {}
    rooms = {room: known for room, known in ROOMS.items() if room != "doors"}
    for room in graphlib.TopologicalSorter(rooms).static_order():
        below = {"ground"} | ROOMS[room] if room != "ground" else set()
        found[room] = 1 + max((found[other] for other in below), default=0)
    return found


def arrows() -> dict[str, set[str]]:
    """Room → the rooms that its files import."""
    found: dict[str, set[str]] = {room: set() for room in ROOMS}
    for path in files():
        room = room_of(module_of(path))
        found[room] |= {room_of(name) for name in imports(path.read_text(encoding="utf-8"))} - {room}
    return found


def drawing() -> str:
    """The rooms from the top floor down, and behind each the rooms that it imports besides the ground."""
    known, width = arrows(), max(map(len, ROOMS))
    lines, above = [], 0
    for room, floor in sorted(floors().items(), key=lambda pair: (-pair[1], pair[0])):
        number = str(floor) if floor != above else " "
        above = floor
        below = ", ".join(sorted(known[room] - {"ground"}))
        lines.append(f"{number}  {room.ljust(width)}  {f'→ {below}' if below else ''}".rstrip())
    return "\n".join(lines)


BEGIN, END = "<!-- rooms -->\n", "<!-- /rooms -->"
PAGE = ROOT / "CONTRIBUTING.md"


def page_with(drawn: str) -> str:
    """CONTRIBUTING.md with a drawing between its two marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}\n```text\n{drawn}\n```\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page_with(drawing()), encoding="utf-8")
    print(drawing())
