"""The claims of two documents about least squares, each settled by an experiment.

The documents are the notes that came with the LAMM code (two solvers for one step of an optical mesh: one drops
redundant columns, and a compiled one takes the normal equations or the pseudo-inverse) and a textbook chapter on least
squares. Claims that these lead to are asked by us.

This room knows sentences, experiments and verdicts on sentences. It knows no solver from inside, and nothing of tables
of solvers: a claim gets problems, attempts, exact pseudo-inverses and times from a `Lab`. So a test can replace any of
them, and see the verdict change.

A claim is one entry at the bottom of the file whose function settles it: `algebra` and `fit` in exact arithmetic;
`dropping`, `pinv`, `rank`, `gram`, `orthogonal` and `library` by solvers against certified truth; `timing`, `programs`,
`growth`, `loop` and `loop_speed` by samples of `clock`, which measures in a process of its own and judges nothing.

Begin with `finding`, the nouns, then read `fit`. `table` joins the claims by their numbers, `settle` settles them, and
`page` shows what was found.
"""
