"""From names on a command line to a directory of results.

Begin with `plan`, which says what cases there are, and `sweep`, the loop in which each of them is built, certified,
attempted, scored and recorded. `campaign` is one run with its journal and its progress, `results` the files it leaves,
`merge` several runs made one, `cluster` a run on many machines, and `replay` one row of the tables made again.
"""
