"""A verdict on the user's own solver, and the reasons for it.

Read four files first: `terms`, what a solver is held to and at which problems; `failures`, which of its answers fail by
that; `judgement`, what all answers together say of it; and `supervised`, a check from the first problem to the last.
The others serve these:

* answers: `attempts` gets them from a process that may crash or hang, `scored` makes records of them meanwhile,
  `beside` lets others attempt the same problems, and `only` attempts single problems, as a gate or in full;
* gates: `expected` knows failures that may be, `pinned` a version of problems and bounds;
* reasons: `clues` measures a failed answer. The tables of signs and sentences are `endings` (how it ended, whatever was
  asked), `reasons` (x), `number_reasons` and `ridge_reasons`. What it takes several answers to see is in `trend` (κ²),
  `ridge`, `conjugation`, `full_rank` and `arithmetic`. `other_numbers` knows what is taken for the number asked for,
  and `derivatives` says which are wrong;
* pages: `page` is what the user reads, with `notes`, the `command` that repeats a failure, and `beside_table`; `facts`
  is the same as JSON, `html` as a page to look at, and `outputs` for CI.
"""
