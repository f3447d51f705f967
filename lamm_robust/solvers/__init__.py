"""Solvers: every way people solve min ‖Ax − b‖₂, as they would call it.

A solver is one function taking (A, b) in the library's own arrays and returning (x, rank), and one line in the
literal tuple at the bottom of the library's file, where its contract says what it promises. What is no more than a
call or two is in that file too, longer algorithms are in files by subject. Libraries are imported inside the functions,
so that listing them needs none of them.

The user's two LAMM solvers, `dropping` and `lamm-cond`, are kept as they were described; what is wrong
with them is for the tables to show.
"""

from lamm_robust.solvers.jax_ import JAX
from lamm_robust.solvers.lineax_ import LINEAX
from lamm_robust.solvers.numpy_ import NUMPY
from lamm_robust.solvers.scipy_ import SCIPY
from lamm_robust.solvers.sklearn_ import SKLEARN
from lamm_robust.solvers.statsmodels_ import STATSMODELS
from lamm_robust.solvers.torch_ import TORCH
from lamm_robust.values import Library

LIBRARIES: tuple[Library, ...] = (NUMPY, SCIPY, JAX, LINEAX, SKLEARN, STATSMODELS, TORCH)
