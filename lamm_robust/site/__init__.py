"""A folder of static pages from committed results: one per solver, family and public report, with an index to search.

The pages need no server and no network, and follow from their sources alone: the same bytes for the same files. Begin
with `pages`, which makes them; `sources` reads the directories of results, hunts, claims and studies.
"""
