"""Turns records into tables and comparisons; runs no solver.

Everything here is a pure function of records: the same records give the same text, and no oracle is needed.

Begin with `grading`, which says which records count where, then `row`, what is said of one solver (its class is that of
`stability`), and `summary`, the rows of a run. `leaderboard` writes the tables, and `page` the page that people look
at; `compare`, `compare_page` and `gate` are about two runs.
"""
