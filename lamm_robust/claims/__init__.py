"""The claims of two documents about least squares, each tested by an experiment.

The documents are the notes of the LAMM code (two solvers for one step of an optical mesh: one drops redundant columns,
a compiled one takes the normal equations or the pseudo-inverse) and a textbook chapter. We added related claims.

This room knows sentences, experiments and verdicts on sentences. It knows neither how solvers work inside nor result
tables: a claim gets problems, attempts, exact pseudo-inverses and times from a `Lab`. So a test can replace any of
them, and see the verdict change.

A claim is one entry at the bottom of the file whose function tests it: `algebra`, `bowl` and `fit` in exact arithmetic;
`dropping`, `pinv`, `rank`, `gram`, `orthogonal` and `library` by solvers against certified truth; `timing`, `programs`,
`growth`, `loop` and `loop_speed` by samples of `clock`, which measures in a process of its own and judges nothing.

Begin with `finding`, the data types, then `fit`. `table` lists all claims, `settle` tests them, `page` shows them.
"""
