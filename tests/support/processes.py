"""What runs below a process, as the system tells it."""

from __future__ import annotations

from pathlib import Path


def parents() -> dict[int, int]:
    """Process → its parent, for all that are alive (zombies are not)."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text(encoding="utf-8", errors="replace")
        except OSError:  # it ended meanwhile
            continue
        state, parent = text.rpartition(")")[2].split()[:2]
        if state != "Z":
            found[int(stat.parent.name)] = int(parent)
    return found


def descendants(pid: int) -> list[int]:
    """All processes below one, children of children included."""
    above = parents()
    found = [pid]
    for one in found:
        found += [child for child, parent in above.items() if parent == one]
    return found[1:]
