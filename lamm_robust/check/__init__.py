"""A verdict on the user's own solver, and the reasons for it.

Begin with `judgement`: what is required of a solver, and what its answers show. `supervised` gets the answers from a
child process, `reasons` says in words why one failed (from its `clues`, and from the `trend` over many problems), and
`page` is what the user reads. `only` attempts single problems, as a gate or in full.
"""
