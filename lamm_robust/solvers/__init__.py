"""Solvers: every way people solve min ‖Ax − b‖₂, called as they would call it.

This room knows libraries, algorithms and what each solver promises. It knows no truth, no score and no process: what
an answer is worth is judged in `scoring`, and a solver is called in `workers`.

A solver is one function (A, b) → (x, rank or None) in the library's own arrays, and one entry with its contract in the
literal tuple at the bottom of the library's file. Algorithms of a call or two are in that file, longer ones in files by
subject. Libraries are imported inside the functions, so that a list of all solvers needs none of them. LAMM's two
solvers, `dropping` and `lamm-cond`, are as their notes describe them: the tables show what is wrong with them.

Begin with `numpy_` and `contracts`. `least_squares` is the solver that this project recommends, and `user` is the
user's own solver.
"""

from lamm_robust.solvers.cupy_ import CUPY
from lamm_robust.solvers.jax_ import JAX
from lamm_robust.solvers.lineax_ import LINEAX
from lamm_robust.solvers.numpy_ import NUMPY
from lamm_robust.solvers.scipy_ import SCIPY
from lamm_robust.solvers.sklearn_ import SKLEARN
from lamm_robust.solvers.statsmodels_ import STATSMODELS
from lamm_robust.solvers.torch_ import TORCH
from lamm_robust.values import Library

LIBRARIES: tuple[Library, ...] = (NUMPY, SCIPY, JAX, LINEAX, SKLEARN, STATSMODELS, TORCH, CUPY)
