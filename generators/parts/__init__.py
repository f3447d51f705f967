"""What families are made of: random words, exactly known matrices, roundings, checks of parameters, grids and searches.

No part knows a family. `stream` draws random words, and `reflectors`, `known_svd` and `integer_designs` turn them into
matrices. `integer_matrices`, `triangular_matrices` and `integral_kernels` hold the formulas behind `named` and
`integral`. `exact_algebra` makes right-hand sides in rationals and `elementary` rounds them, once. `parameters`,
`grids` and `searches` are the same for all families: what is accepted, what is listed and what is drawn. Begin with
`stream`: it says why nothing here may call a library's random variates.
"""
