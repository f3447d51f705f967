"""Advice: which call to type for a matrix of one's own, and why.

It certifies a problem that somebody has given, lets the installed solvers that people type attempt it, in the stored
precision and in the next one up, tries what might help, and ranks by what was measured. It knows how problems are
certified, attempted and scored; it does not know where a problem comes from: the command line reads it. Begin with
`advise`.
"""
