"""Options that several commands have."""

from __future__ import annotations

import click

from lamm_robust.values import DEVICES, EMULATED, Device

TOGETHER: dict[str, tuple[Device, ...]] = {"all": DEVICES, "emulated": ("cpu", *EMULATED)}
"""Names of several devices; an emulated one is best seen beside the CPU."""
DEVICE = click.Choice([*DEVICES, *EMULATED, *TOGETHER])

SECONDS = click.FloatRange(0.001, 1e6)

ORACLES_HELP = "Where the truth comes from: auto, exact, verified, ball or mpmath."
from_oracle = click.option("--oracle", default="auto", show_default=True, help=ORACLES_HELP)
