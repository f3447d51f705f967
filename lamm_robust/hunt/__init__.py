"""The search for the problem at which a solver does worst.

Begin with `search`, which tries keys to make one number, the severity, as large as possible. `hunt` computes that
number from the answers of a solver (`quarry` says which), shrinks the worst problem until a person can look at it, and
reports what it found.
"""
