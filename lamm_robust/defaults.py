"""What holds unless told otherwise, and the exit codes: stated once, for the command line and for Python."""

from __future__ import annotations

import enum

CASE_SECONDS = 60.0
"""A case of a run is timed out after so long: a thousand times what the largest problem takes the slowest solver."""

CHECK_SECONDS = 10.0
"""The same in a check or a hunt: a hundred times what the largest of their problems takes, compilation included."""

CASE_MEMORY = 4 << 30
"""Bytes a worker may allocate beyond what it starts with: a hundred times what the largest problem needs."""


class Exit(enum.IntEnum):
    """Exit codes of every command."""

    DONE = 0
    NOT_HELD = 1
    """A gate of `compare` failed, or what a check requires does not hold."""
    USAGE = 2
    """Bad input, or a truth that cannot be proved."""
    HARNESS = 3
    """The harness failed, or the machine under it."""
    NOTHING_RAN = 4
    """Nothing ran, or something that was planned was not done."""
    INTERRUPTED = 130
    """Stopped; the same command goes on."""
