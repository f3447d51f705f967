"""The page that people look at: one self-contained HTML file, a pure function of records and of where they were made.

It loads nothing, needs no script to be read, and has a content policy that lets no other script run than its own. Text
from outside (names, keys, messages) reaches it through Jinja2's autoescape only.

The plots are SVG of our own, in `plot`. Tried beside it with 90 curves: Matplotlib's SVG is 61 kB a chart against 22,
takes 1.4 s to import and 200 MB to install, keeps its colours in `style` attributes, which the content policy forbids
and which do not follow the reader's light or dark, and leaves the placing of direct labels to us all the same. Both
give the same bytes every time.

Begin with `report`, which puts the page together. `cells` counts what became of the problems of a kind, `curves` makes
what is plotted, `portraits` gathers both for each solver in one pass through the records, `headline` says in words
what follows, and `usual` knows what people type.
`difference` is the page of two runs, and `frame` what both pages have around them.
"""
