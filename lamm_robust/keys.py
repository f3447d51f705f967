"""Keys from text. A problem's is ``polynomial points=5 … dtype=float64``; a case's adds `` @ `` and a variant."""

from __future__ import annotations

import re

from lamm_robust.values import BY, EVERY_PRECISION, ProblemKey, Value


def parse_key(text: str) -> ProblemKey:
    """The inverse of ``str(ProblemKey)``: a family name, then name=value words, among them dtype.

    ValueError for a word of another form, or without a dtype or with a wrong one. Families and parameters are not
    checked: only the catalog knows them.
    """
    family, *words = text.split() or [""]
    if not any(word.startswith("dtype=") for word in words):
        expected = "'FAMILY name=value … dtype=…', such as 'raw A=1,2;3,4 b=5,6 dtype=float64'"
        raise ValueError(f"no dtype in the key; expected is {expected}")
    pairs = [word.partition("=") for word in words]
    if bad := [word for word, (_, equals, _) in zip(words, pairs, strict=True) if not equals]:
        raise ValueError(f"'{bad[0]}' in the key is not of the form name=value")
    named = {name: value for name, _, value in pairs}
    dtype = named.pop("dtype")
    precision = next((p for p in EVERY_PRECISION if p == dtype), None)
    if precision is None:
        raise ValueError(f"dtype={dtype} in the key; accepted: {', '.join(EVERY_PRECISION)}")
    return ProblemKey(family, tuple((name, _value(value)) for name, value in named.items()), precision)


def _value(text: str) -> Value:
    """The text as a whole number if it is one, else as a floating-point number if it is one, else as it is."""
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


PASTED = re.compile(r"\s*(?:-\s+)?`([^`]+)`")
"""How a line of failures.md begins, from which the key is taken."""


def parse_case_key(text: str) -> tuple[ProblemKey, str]:
    """The problem key and the name of the variant in ``str(Case)``, or in a line of failures.md that begins with it.

    ValueError without a variant, or as `parse_key`.
    """
    if pasted := PASTED.match(text):
        text = pasted[1]
    problem, separator, variant = text.strip().rpartition(BY)
    if not separator:
        raise ValueError(
            f"'{text}' names no solver; expected is 'FAMILY name=value … dtype=…{BY}SOLVER', such as "
            f"'raw A=1,2;3,4 b=5,6 dtype=float64{BY}numpy-lstsq-float64-cpu'"
        )
    return parse_key(problem), variant.strip()
