"""What the source of a user's own function imports: it is read and not imported, which a worker process alone does."""

from __future__ import annotations

import ast
from importlib.machinery import PathFinder
from pathlib import Path

from lamm_robust.solvers.user import Target


def imported(target: Target) -> list[str]:
    """The modules that the source of the user's function imports, in order; none if it cannot be read."""
    source = target.path or _source(target)
    try:
        tree = ast.parse(source.read_bytes()) if source else ast.Module([], [])
    except (OSError, SyntaxError, ValueError):
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
    return found


def _source(target: Target) -> Path | None:
    """The file of the user's module, beside the user or installed; None if it is not found without an import."""
    first, *rest = target.place.split(".")
    spec = PathFinder.find_spec(first)
    roots = [target.home, *(Path(root).parent for root in (spec and spec.submodule_search_locations) or ())]
    stems = [root.joinpath(first, *rest) for root in roots]
    places = [place for stem in stems for place in (stem.with_suffix(".py"), stem / "__init__.py")]
    return next((place for place in places if place.is_file()), None)
