"""The processes that solvers run in: started, timed, killed, replaced.

A solver may crash or hang, so it runs in a child process. This room starts that process, sends it problems, receives
answers, and turns a crash or a time-out into an outcome. It knows solvers but no truth: the parent judges answers.

Begin with `attempt`, which calls a solver (`repeats` does so again and again, for its times). `child` is the process
around it, `wire` the bytes between the two ends, `process` how children start and are killed, `supervisor` the parent's
side of one child, which decides when it has hung and which case is to blame, `believed` what it takes for an answer,
and `pool` several of them at once. `opening` is how other rooms get a worker, and `second_look` how they find out
whether a crash was an accident.
"""
