"""What is said of records: pure functions of them, and nothing else.

Nothing here runs a solver or asks an oracle: the same records give the same words.

Begin with `grading`, which says what counts for what, and `summary`, one row for each solver. `leaderboard` writes the
tables; `compare`, `compare_page` and `gate` are about two runs.
"""
