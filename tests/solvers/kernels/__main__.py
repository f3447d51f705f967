"""Write both golden files: ``python -m tests.solvers.kernels``."""

import jax

from lamm_robust.values import PRECISIONS
from tests.solvers.kernels import golden, table

for precision in PRECISIONS:
    jax.config.update("jax_enable_x64", precision == "float64")  # type: ignore[no-untyped-call]
    golden(precision).write_text(table(precision), encoding="utf-8")
    print(f"{golden(precision)} is written: read its diff")
