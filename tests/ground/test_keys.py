"""Keys name problems and cases, and are read back from what they are printed as."""

from __future__ import annotations

import pytest

from lamm_robust import catalog
from lamm_robust.keys import parse_case_key, parse_key
from lamm_robust.runs.plan import grid
from lamm_robust.values import PRECISIONS, ProblemKey

TEXT = "polynomial points=5 step=0.5 abscissae=unit dtype=float64"
KEY = ProblemKey("polynomial", (("points", 5), ("step", 0.5), ("abscissae", "unit")), "float64")


def test_keys_round_trip() -> None:
    for family in catalog.FAMILIES:
        for precision in PRECISIONS:
            for key in grid("small", precision, [family]):
                assert repr(parse_key(str(key))) == repr(key)  # in which 1 is not 1.0, as it is for ==


def test_values_are_whole_numbers_numbers_or_words() -> None:
    assert parse_key(TEXT) == KEY
    assert str(KEY) == TEXT
    assert [type(value) for _, value in parse_key(TEXT).params] == [int, float, str]


def test_a_case_is_a_problem_and_a_solver() -> None:
    assert parse_case_key(f" {TEXT} @ numpy-qr-float64-cpu ") == (KEY, "numpy-qr-float64-cpu")
    line = f"- `{TEXT} @ gelsy` — resolvable, κ = 1: relative error 1 @ 2"
    assert parse_case_key(line) == (KEY, "gelsy")
    with pytest.raises(ValueError, match="names no solver; expected is 'FAMILY name=value"):
        parse_case_key(TEXT)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no dtype in the key; expected is 'FAMILY name=value … dtype=…', such as 'raw "),
        ("polynomial points=5", "no dtype in the key"),
        ("polynomial points dtype=float64", "'points' in the key is not of the form name=value"),
        ("polynomial dtype=float16", "dtype=float16 in the key"),
    ],
)
def test_what_is_no_key_is_named(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_key(text)
