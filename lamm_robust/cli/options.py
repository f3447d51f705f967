"""Options that several commands have."""

from __future__ import annotations

import click

SECONDS = click.FloatRange(0.001, 1e6)

ORACLES_HELP = "Where the truth comes from: auto, exact, verified, ball or mpmath."
from_oracle = click.option("--oracle", default="auto", show_default=True, help=ORACLES_HELP)
