"""Default limits and exit codes, for the command line and for Python alike."""

from __future__ import annotations

import enum

CASE_SECONDS = 60.0
"""Time limit of a case in a run: a thousand times what the slowest solver takes for the largest problem."""

CHECK_SECONDS = 10.0
"""Time limit of a case in a check or a hunt: a hundred times what the largest one takes, with compilation."""

FIRST_SECONDS = 60.0
"""Time limit of the first call of a process in a check: Numba compiles for ten seconds, longer beside other work."""

CASE_MEMORY = 4 << 30
"""Bytes that a worker may allocate beyond what it starts with: a hundred times what the largest problem needs."""


class Exit(enum.IntEnum):
    """The exit codes of every command."""

    DONE = 0
    NOT_HELD = 1
    """A gate of `compare` failed, or what a check requires does not hold."""
    USAGE = 2
    """The input is wrong, or an oracle cannot prove what was asked."""
    HARNESS = 3
    """The harness failed, or the machine under it."""
    NOTHING_RAN = 4
    """Nothing ran, or something that was planned was not done."""
    INTERRUPTED = 130
    """The run was stopped; the same command resumes it."""
