"""Keys as text: of a problem, ``polynomial points=5 … dtype=float64``; of a case, that, `` @ `` and a variant."""

from __future__ import annotations

from lamm_robust.values import BY, PRECISIONS, ProblemKey, Value


def parse_key(text: str) -> ProblemKey:
    """The problem key that ``str(key)`` writes: a family name, then name=value words, among them dtype.

    ValueError for a word of another form or a wrong dtype; families and parameters are not checked here.
    """
    family, *words = text.split() or [""]
    pairs = [word.partition("=") for word in words]
    if bad := [word for word, (_, equals, _) in zip(words, pairs, strict=True) if not equals]:
        raise ValueError(f"'{bad[0]}' in the key is not of the form name=value")
    named = {name: value for name, _, value in pairs}
    asked = named.pop("dtype", "missing")
    precision = next((p for p in PRECISIONS if p == asked), None)
    if precision is None:
        raise ValueError(f"dtype={asked} in the key; accepted: {', '.join(PRECISIONS)}")
    return ProblemKey(family, tuple((name, _value(value)) for name, value in named.items()), precision)


def _value(text: str) -> Value:
    """A number if the text is one, whole if it is written so, else the text."""
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def parse_case_key(text: str) -> tuple[ProblemKey, str]:
    """The problem key and the name of the variant in the key of a case, as the tables print it.

    ValueError if there is no variant in it, or as `parse_key`.
    """
    problem, separator, variant = text.strip().rpartition(BY)
    if not separator:
        raise ValueError(
            f"'{text}' names no solver; expected is 'FAMILY name=value … dtype=…{BY}SOLVER', such as "
            f"'raw A=1,2;3,4 b=5,6 dtype=float64{BY}numpy-lstsq-float64-cpu'"
        )
    return parse_key(problem), variant.strip()
