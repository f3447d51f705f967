"""Turns records into tables and comparisons; runs no solver.

Everything here is a pure function of records: the same records give the same text, and no oracle is needed.

Begin with `grading`, which says which records count where, and `summary`, one row for each solver. `leaderboard` writes
the tables, and `page` the page that people look at; `compare`, `compare_page` and `gate` are about two runs.
"""
