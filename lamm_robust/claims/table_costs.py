"""Claims about time and space: what is said, where, what is done about it, and by which function.

Sentences are the documents' claims in our words. Claims of no document are neighbours of theirs: what a reader asks
next.
"""

from __future__ import annotations

from lamm_robust.claims import growth, loop, timing
from lamm_robust.claims.finding import Claim, Source

NOTES, OURS = Source.NOTES, Source.NEIGHBOUR

COSTS: tuple[Claim, ...] = (
    Claim(
        "JIT: 5–20×, one solve",
        "Compiling with JAX makes one solve 5 to 20 times as fast.",
        NOTES,
        "The same JAX solver with and without `jit`, in turns, by size, float32, one CPU: is pinv 5 times as fast?",
        timing.jit_alone,
    ),
    Claim(
        "JIT: 5–20×, one solve, GPU",
        "The same on a GPU.",
        NOTES,
        "The same on a GPU.",
        timing.jit_alone_on_gpu,
    ),
    Claim(
        "5–20× from the original solve",
        "LAMM's compiled solver is 5 to 20 times as fast as the original.",
        NOTES,
        "NumPy's dropping, the same algorithm compiled, and the compiled solver with `lax.cond`, in turns, by size, "
        "float32: what does compiling bring, and what the other algorithm? More than 20 times is no breach, here and "
        "below.",
        timing.original_to_compiled,
    ),
    Claim(
        "5–20× from the original solve, GPU",
        "The same with the compiled solver on a GPU.",
        NOTES,
        "The same with the compiled solvers on a GPU.",
        timing.original_to_gpu,
    ),
    Claim(
        "JIT: 5–20×, one step",
        "A step of the compiled loop is 5 to 20 times as fast as one of the original.",
        NOTES,
        "Loops of eight steps on meshes of 4, 8 and 16 modes, in turns: the original, the Python loop with the "
        "compiled solver, and all compiled.",
        loop.step_speed,
    ),
    Claim(
        "JIT: 5–20×, one step, GPU",
        "The same with the compiled loop on a GPU.",
        NOTES,
        "The same on a GPU.",
        loop.step_speed_on_gpu,
    ),
    Claim(
        "JIT: 5–20×, the whole loop",
        "The compiled loop reaches its target 5 to 20 times as fast.",
        NOTES,
        "Both loops to near targets (‖δ‖ ≤ 1e-3) on meshes of 4 and 8 modes, 20 seeds, after a first loop that "
        "compiles: times to the targets that both reach.",
        loop.loop_speed,
    ),
    Claim(
        "predictable execution time",
        "The compiled solver's time is predictable.",
        NOTES,
        "Times on 64×48 matrices of four ranks, in turns, float32: predictable means quartiles within half of the "
        "median, and medians within a quarter from rank to rank.",
        timing.predictable,
    ),
    Claim(
        "slightly slower when deficient",
        "The compiled solver is only slightly more expensive when A is rank-deficient.",
        NOTES,
        "Its time at full rank and with one column twice, in turns, by size; slightly means by a quarter, in three of "
        "four turns.",
        timing.deficient_costs,
    ),
    Claim(
        "one program for every rank",
        "With static shapes, one compiled program serves every rank; dropping columns would need one for each.",
        NOTES,
        "Compilations counted on 64×16 matrices of every rank from 1 to 16, and how many calls pay for one; beside it "
        "dropping by a mask, and normal equations of the columns that are kept.",
        timing.static_shapes,
    ),
    Claim(
        "lax.cond runs one branch",
        "`lax.cond` computes only the branch that is needed.",
        NOTES,
        "Conditional instructions in the compiled program, alone and under `vmap`, and the times beside those of the "
        "branches.",
        timing.cond_under_vmap,
    ),
    Claim(
        "original: O(k³) time",
        "The original solver takes O(k³) time for k directions.",
        NOTES,
        "Its time for k = 32 to 256 with 256 rows and with 2k rows: is the fitted exponent at most 3.5 for 256 rows, "
        "and do twice the rows take no more time?",
        growth.original_time,
    ),
    Claim(
        "original: O(k²) space",
        "The original solver takes O(k²) space.",
        NOTES,
        "The most memory that it holds beyond A and b, by tracemalloc (which does not see LAPACK's own), for the same "
        "sizes: is the fitted exponent at most 2.5, and do twice the rows take no more?",
        growth.original_space,
    ),
    Claim(
        "compiled grows more slowly",
        "The compiled solver's time grows more slowly with k, in memory of the same order.",
        OURS,
        "Time in turns with the original's for the same sizes, and the memory that XLA reserves for temporaries.",
        growth.compiled_is_cheaper,
    ),
)
