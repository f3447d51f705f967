"""A verdict on the user's own solver, and the reasons for it.

Begin with `judgement`: what is required of a solver, and what its answers show. `supervised` gets the answers from a
child process, `reasons` says in words why one failed, and `page` is what the user reads.
"""
