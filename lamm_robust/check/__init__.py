"""A verdict on a solver of the user's own, and the reasons for it.

Begin with `judgement`: what a solver is held to, and what its answers say of it. `supervised` gets the answers from a
child process, `reasons` says in words why one failed, and `page` is what the user reads.
"""
