"""Compares an answer with the truth: its scores, and the verdict.

This room knows problems, certificates and outcomes. It knows no solver, no file and no process: the same answer gets
the same verdict wherever it comes from. Nothing here decides what is true; oracles do that.

Begin with `metrics`, where each score is one formula with its source, and `verdicts`, where scores become a word.
`frame` brings a problem and its truth to one scale, where `evidence` computes what the formulas need; `truths` holds
each problem with its certificate; `nonfinite` does the same for problems with NaN or ∞; `edges` and `truncation` name
the special cases; `numbers` judges what functions return beside x; `records` makes one flat row of it all.
"""
