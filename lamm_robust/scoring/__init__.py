"""What an answer shows beside the truth: scores, and the verdict on them.

This room knows problems, certificates and outcomes. It knows no solver, no file and no process: the same answer gets
the same verdict wherever it comes from. Nothing here decides what is true; oracles do that.

Begin with `metrics`, where each score is one formula with its source, and `verdicts`, where scores become a word.
`frame` brings a problem and its truth to one scale, where `evidence` computes what the formulas need; `truths` holds
each problem with its certificate; `nonfinite` stands in for problems without one; `edges` and `truncation` name the
special cases; `records` puts it all into one flat row.
"""
