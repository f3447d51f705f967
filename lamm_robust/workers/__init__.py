"""Calls of foreign code that may crash, hang or lie, and what keeps them from doing harm.

A solver runs in a child process. This room starts that process, hands it problems, hears its answers, and turns its
death or its silence into an outcome. It knows solvers and no truth: what is right is decided in the process that asked.

Begin with `attempt`, which calls a solver. `child` is the process around it, `wire` the bytes between the two ends,
`process` how children start and end, `supervisor` the asking end of one child, and `pool` several of them at once.
`opening` is how other rooms get a worker, and `second_look` how they find out whether a crash was an accident.
"""
