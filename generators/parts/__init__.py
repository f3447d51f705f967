"""What families are made of: random words, exactly known matrices, roundings, checks of parameters, grids and searches.

No part knows a family. `stream` draws random words; `reflectors`, `known_svd` and `integer_designs` turn them into
matrices. `rational_matrices`, `integer_matrices` and `triangular_matrices` hold the formulas behind the family `named`,
and `integral_kernels` those behind `integral`. `exact_algebra` makes right-hand sides in rationals, and `elementary`
rounds rationals, once. `parameters` says what a family accepts, `grids` what it lists and `searches` what it draws.
Begin with `stream`.
"""
