"""The claims of two documents about least squares, each settled by an experiment.

The documents are the notes that came with the LAMM code (two solvers for one step of an optical mesh: dropping
redundant columns, and a compiled one that takes the normal equations or the pseudo-inverse) and a textbook chapter on
least squares. Some claims are the obvious neighbours of theirs, asked by us.

A claim is one entry of the literal table `table.CLAIMS`: a sentence, where it stands, what is done about it, and one
function that measures and settles it. The functions are in files by subject: `algebra` and `fit` (exact, in rationals);
`dropping`, `pinv`, `rank`, `gram` and `orthogonal` (solvers against certified truth, each number with a replay);
`library` (what NumPy does inside); `timing`, `growth` and `loop` (samples of `clock`, which measures in a process of
its own and judges nothing). They get all they need from a `Lab`, so that a test can hand them a wrong pseudo-inverse,
another solver or other samples, and see the verdict change.
"""
