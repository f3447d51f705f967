"""The search for the problem at which a solver does worst.

Begin with `search`, which knows only keys and a number to make large: the severity. `hunt` gets that number from a
solver's answers, shrinks the worst problem to one that a person can look at, and says what it found.
"""
