"""lamm-robust: which least-squares solver can you trust, measured against certified truth."""

SUITE = "2026.11.4"
"""The suite's own version: families, grids, thresholds. Numbers of different suites are never compared."""
