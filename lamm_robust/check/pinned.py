"""A gate that is pinned to a suite: what it asks changes when its owner says so, and not with a new version of this."""

from __future__ import annotations

from lamm_robust.values import SUITE


def require_suite(suite: str | None) -> None:
    """ValueError unless the suite is the one that is installed, or None; a suite is problems and bounds together."""
    if suite not in (None, SUITE):
        raise ValueError(
            f"suite is {suite!r}; accepted is '{SUITE}', which is installed: its problems or bounds are others, and so "
            "may be what this gate says. Look at what it says now, then pin that"
        )
