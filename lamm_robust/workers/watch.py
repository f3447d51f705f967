"""What the system says of a process and of those below it, by Linux's /proc: no answer of their own is needed.

Elsewhere, and of a process that is gone, it says nothing: no process is stopped then, and none uses anything.
"""

from __future__ import annotations

import os
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped, by a signal such as SIGSTOP or by a debugger: it computes nothing meanwhile."""
    return _read(pid, "stat").rpartition(")")[2].split()[:1] in (["T"], ["t"])


def children(pid: int) -> list[int]:
    """The processes that the first thread of a process has started, and those that it has taken over, oldest first."""
    return [int(word) for word in _read(pid, f"task/{pid}/children").split()]


def served_by(pid: int) -> int:
    """The process in which a solver runs: the given one, or if that is outside an enclosure the second one in there.

    Only the first process in an enclosure can have a number of its own there, 1.
    """
    inside = children(pid)[:1]
    if inside and _read(inside[0], "status").partition("NSpid:")[2].partition("\n")[0].split()[1:] == ["1"]:
        return (children(inside[0]) or [pid])[0]
    return pid


def main_seconds(pid: int) -> float:
    """The processor time of the first thread of a process; of several threads the others may do as much each."""
    words = _read(pid, f"task/{pid}/schedstat").split()
    return int(words[0]) * 1e-9 if words else 0.0


def tree(pid: int) -> list[int]:
    """A process and all below it, breadth first; a process that a thread has started may be missing."""
    found = [pid]
    for one in found:
        found += children(one)
    return found


def resident_bytes(pid: int) -> int:
    """The memory of a process that is in RAM, what it shares with others included."""
    words = _read(pid, "statm").split()
    return int(words[1]) * PAGE if len(words) > 1 else 0


def proportional_bytes(pid: int) -> int:
    """The memory of a process that is in RAM, where each page that several share counts in parts."""
    words = _read(pid, "smaps_rollup").partition("\nPss:")[2].split()
    return int(words[0]) * 1024 if words else resident_bytes(pid)
