"""The command line, a file for each command that is more than a few lines.

Commands parse what was typed, call a function of a room below, and print. Errors that can be foreseen end in one line
and an exit code. Begin with `main`.
"""
