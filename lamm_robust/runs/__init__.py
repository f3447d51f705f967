"""Executes a run and writes its results directory.

Begin with `plan`, which says what cases there are, and `sweep`, the loop in which each of them is built, certified,
attempted, scored and recorded. `campaign` is one run with its journal and its progress, `results` writes its files.
`merge` joins several runs, `cluster` spreads one over many machines, and `replay` repeats one row of the tables, of
which `script` makes a few lines of Python for whoever has not installed this project.
"""
